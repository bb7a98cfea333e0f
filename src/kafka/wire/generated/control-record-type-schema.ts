// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ControlRecordTypeSchema: version 0. */
export const CONTROL_RECORD_TYPE_SCHEMA: MessageCodec<ControlRecordTypeSchema> = {
  name: "ControlRecordTypeSchema",
  apiKey: null,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readControlRecordTypeSchema,
  write: writeControlRecordTypeSchema,
};

export interface ControlRecordTypeSchema {
  readonly type: number;
}

export const DEFAULT_CONTROL_RECORD_TYPE_SCHEMA: ControlRecordTypeSchema = {
  type: 0,
};

export function readControlRecordTypeSchema(reader: Reader, version: number): ControlRecordTypeSchema {
  if (version < 0 || version > 0) throw unsupportedVersion("ControlRecordTypeSchema", version);
  return {
    type: reader.int16(),
  };
}

export function writeControlRecordTypeSchema(writer: Writer, message: ControlRecordTypeSchema, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ControlRecordTypeSchema", version);
  writer.int16(message.type);
}

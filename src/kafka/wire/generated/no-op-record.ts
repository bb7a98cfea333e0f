// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** NoOpRecord: version 0, flexible from 0. */
export const NO_OP_RECORD: MessageCodec<NoOpRecord> = {
  name: "NoOpRecord",
  apiKey: 20,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readNoOpRecord,
  write: writeNoOpRecord,
};

export interface NoOpRecord {
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_NO_OP_RECORD: NoOpRecord = {

};

export function readNoOpRecord(reader: Reader, version: number): NoOpRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("NoOpRecord", version);
  const message: Mutable<NoOpRecord> = {

  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeNoOpRecord(writer: Writer, message: NoOpRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("NoOpRecord", version);
  writer.taggedFields(message.unknownTaggedFields);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ClearElrRecord: version 0, flexible from 0. */
export const CLEAR_ELR_RECORD: MessageCodec<ClearElrRecord> = {
  name: "ClearElrRecord",
  apiKey: 28,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readClearElrRecord,
  write: writeClearElrRecord,
};

export interface ClearElrRecord {
  readonly topicName: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CLEAR_ELR_RECORD: ClearElrRecord = {
  topicName: "",
};

export function readClearElrRecord(reader: Reader, version: number): ClearElrRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("ClearElrRecord", version);
  const message: Mutable<ClearElrRecord> = {
    topicName: reader.compactString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeClearElrRecord(writer: Writer, message: ClearElrRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ClearElrRecord", version);
  writer.compactString(message.topicName);
  writer.taggedFields(message.unknownTaggedFields);
}

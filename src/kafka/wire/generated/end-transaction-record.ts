// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** EndTransactionRecord: version 0, flexible from 0. */
export const END_TRANSACTION_RECORD: MessageCodec<EndTransactionRecord> = {
  name: "EndTransactionRecord",
  apiKey: 24,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readEndTransactionRecord,
  write: writeEndTransactionRecord,
};

export interface EndTransactionRecord {
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_END_TRANSACTION_RECORD: EndTransactionRecord = {

};

export function readEndTransactionRecord(reader: Reader, version: number): EndTransactionRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("EndTransactionRecord", version);
  const message: Mutable<EndTransactionRecord> = {

  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeEndTransactionRecord(writer: Writer, message: EndTransactionRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("EndTransactionRecord", version);
  writer.taggedFields(message.unknownTaggedFields);
}

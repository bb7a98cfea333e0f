// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AbortTransactionRecord: version 0, flexible from 0. */
export const ABORT_TRANSACTION_RECORD: MessageCodec<AbortTransactionRecord> = {
  name: "AbortTransactionRecord",
  apiKey: 25,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readAbortTransactionRecord,
  write: writeAbortTransactionRecord,
};

export interface AbortTransactionRecord {
  readonly reason: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ABORT_TRANSACTION_RECORD: AbortTransactionRecord = {
  reason: null,
};

export function readAbortTransactionRecord(reader: Reader, version: number): AbortTransactionRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("AbortTransactionRecord", version);
  const message: Mutable<AbortTransactionRecord> = {
    reason: null,
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.reason = reader.compactNullableString();
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeAbortTransactionRecord(writer: Writer, message: AbortTransactionRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("AbortTransactionRecord", version);
  const unknown = message.unknownTaggedFields;
  const has0 = message.reason !== null;
  writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    writer.compactNullableString(message.reason);
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

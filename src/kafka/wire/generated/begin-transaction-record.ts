// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** BeginTransactionRecord: version 0, flexible from 0. */
export const BEGIN_TRANSACTION_RECORD: MessageCodec<BeginTransactionRecord> = {
  name: "BeginTransactionRecord",
  apiKey: 23,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readBeginTransactionRecord,
  write: writeBeginTransactionRecord,
};

export interface BeginTransactionRecord {
  readonly name: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_BEGIN_TRANSACTION_RECORD: BeginTransactionRecord = {
  name: null,
};

export function readBeginTransactionRecord(reader: Reader, version: number): BeginTransactionRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("BeginTransactionRecord", version);
  const message: Mutable<BeginTransactionRecord> = {
    name: null,
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.name = reader.compactNullableString();
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeBeginTransactionRecord(writer: Writer, message: BeginTransactionRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("BeginTransactionRecord", version);
  const unknown = message.unknownTaggedFields;
  const has0 = message.name !== null;
  writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    writer.compactNullableString(message.name);
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

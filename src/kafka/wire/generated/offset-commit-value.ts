// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** OffsetCommitValue: versions 0 to 4, flexible from 4. */
export const OFFSET_COMMIT_VALUE: MessageCodec<OffsetCommitValue> = {
  name: "OffsetCommitValue",
  apiKey: 1,
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 4,
  read: readOffsetCommitValue,
  write: writeOffsetCommitValue,
};

export interface OffsetCommitValue {
  readonly offset: Int64;
  /** In versions 3 and up. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly commitTimestamp: Int64;
  /** In version 1. */
  readonly expireTimestamp: Int64;
  /** In versions 4 and up. */
  readonly topicId: Uuid;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_OFFSET_COMMIT_VALUE: OffsetCommitValue = {
  offset: 0,
  leaderEpoch: -1,
  metadata: "",
  commitTimestamp: 0,
  expireTimestamp: -1,
  topicId: ZERO_UUID,
};

export function readOffsetCommitValue(reader: Reader, version: number): OffsetCommitValue {
  if (version < 0 || version > 4) throw unsupportedVersion("OffsetCommitValue", version);
  const flexible = version >= 4;
  const message: Mutable<OffsetCommitValue> = {
    offset: reader.int64(),
    leaderEpoch: (version >= 3 ? reader.int32() : -1),
    metadata: (flexible ? reader.compactString() : reader.string()),
    commitTimestamp: reader.int64(),
    expireTimestamp: (version >= 1 && version <= 1 ? reader.int64() : -1),
    topicId: ZERO_UUID,
  };
  let count = flexible ? reader.taggedFieldCount() : 0;
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.topicId = reader.uuid();
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeOffsetCommitValue(writer: Writer, message: OffsetCommitValue, version: number): void {
  if (version < 0 || version > 4) throw unsupportedVersion("OffsetCommitValue", version);
  const flexible = version >= 4;
  writer.int64(message.offset);
  if (version >= 3) {
    writer.int32(message.leaderEpoch);
  }
  if (flexible) {
    writer.compactString(message.metadata);
  } else {
    writer.string(message.metadata);
  }
  writer.int64(message.commitTimestamp);
  if (version >= 1 && version <= 1) {
    writer.int64(message.expireTimestamp);
  }
  if (flexible) {
    const unknown = message.unknownTaggedFields;
    const has0 = message.topicId !== ZERO_UUID;
    writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
    let next = 0;
    next = writer.unknownTaggedFields(unknown, next, 0);
    if (has0) {
      const at = writer.beginTaggedField(0);
      writer.uuid(message.topicId);
      writer.endTaggedField(at);
    }
    writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetCommitValue.unknownTaggedFields", version);
  }
}

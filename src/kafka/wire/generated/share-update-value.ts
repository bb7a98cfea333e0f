// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareUpdateValue: version 0, flexible from 0. */
export const SHARE_UPDATE_VALUE: MessageCodec<ShareUpdateValue> = {
  name: "ShareUpdateValue",
  apiKey: 1,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readShareUpdateValue,
  write: writeShareUpdateValue,
};

export interface ShareUpdateValue {
  readonly snapshotEpoch: number;
  readonly leaderEpoch: number;
  readonly startOffset: Int64;
  readonly deliveryCompleteCount: number;
  readonly stateBatches: readonly StateBatch[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface StateBatch {
  readonly firstOffset: Int64;
  readonly lastOffset: Int64;
  readonly deliveryState: number;
  readonly deliveryCount: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_STATE_BATCH: StateBatch = {
  firstOffset: 0,
  lastOffset: 0,
  deliveryState: 0,
  deliveryCount: 0,
};

export const DEFAULT_SHARE_UPDATE_VALUE: ShareUpdateValue = {
  snapshotEpoch: 0,
  leaderEpoch: 0,
  startOffset: 0,
  deliveryCompleteCount: -1,
  stateBatches: [],
};

export function readShareUpdateValue(reader: Reader, version: number): ShareUpdateValue {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareUpdateValue", version);
  const message: Mutable<ShareUpdateValue> = {
    snapshotEpoch: reader.int32(),
    leaderEpoch: reader.int32(),
    startOffset: reader.int64(),
    deliveryCompleteCount: -1,
    stateBatches: readStateBatchArray(reader, version, reader.compactArrayLength(20)),
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.deliveryCompleteCount = reader.int32();
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readStateBatch(reader: Reader, _version: number): StateBatch {
  const message: Mutable<StateBatch> = {
    firstOffset: reader.int64(),
    lastOffset: reader.int64(),
    deliveryState: reader.int8(),
    deliveryCount: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readStateBatchArray(reader: Reader, version: number, count: number): StateBatch[] {
  const values: StateBatch[] = [];
  for (let index = 0; index < count; index++) values.push(readStateBatch(reader, version));
  return values;
}

export function writeShareUpdateValue(writer: Writer, message: ShareUpdateValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareUpdateValue", version);
  writer.int32(message.snapshotEpoch);
  writer.int32(message.leaderEpoch);
  writer.int64(message.startOffset);
  writer.compactArrayLength(message.stateBatches.length);
  for (const value of message.stateBatches) writeStateBatch(writer, value, version);
  const unknown = message.unknownTaggedFields;
  const has0 = message.deliveryCompleteCount !== -1;
  writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    writer.int32(message.deliveryCompleteCount);
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

function writeStateBatch(writer: Writer, message: StateBatch, _version: number): void {
  writer.int64(message.firstOffset);
  writer.int64(message.lastOffset);
  writer.int8(message.deliveryState);
  writer.int16(message.deliveryCount);
  writer.taggedFields(message.unknownTaggedFields);
}

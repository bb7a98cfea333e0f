// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt32Array, readNullableInt32Array, writeInt32Array, readUuidArray, writeUuidArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** PartitionRecord: versions 0 to 2, flexible from 0. */
export const PARTITION_RECORD: MessageCodec<PartitionRecord> = {
  name: "PartitionRecord",
  apiKey: 3,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readPartitionRecord,
  write: writePartitionRecord,
};

export interface PartitionRecord {
  readonly partitionId: number;
  readonly topicId: Uuid;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly removingReplicas: readonly number[];
  readonly addingReplicas: readonly number[];
  readonly leader: number;
  readonly leaderRecoveryState: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  /** In versions 1 and up. */
  readonly directories: readonly Uuid[];
  /** In versions 2 and up. */
  readonly eligibleLeaderReplicas: readonly number[] | null;
  /** In versions 2 and up. */
  readonly lastKnownElr: readonly number[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_RECORD: PartitionRecord = {
  partitionId: -1,
  topicId: ZERO_UUID,
  replicas: [],
  isr: [],
  removingReplicas: [],
  addingReplicas: [],
  leader: -1,
  leaderRecoveryState: 0,
  leaderEpoch: -1,
  partitionEpoch: -1,
  directories: [],
  eligibleLeaderReplicas: null,
  lastKnownElr: null,
};

export function readPartitionRecord(reader: Reader, version: number): PartitionRecord {
  if (version < 0 || version > 2) throw unsupportedVersion("PartitionRecord", version);
  const message: Mutable<PartitionRecord> = {
    partitionId: reader.int32(),
    topicId: reader.uuid(),
    replicas: readInt32Array(reader, reader.compactArrayLength(4)),
    isr: readInt32Array(reader, reader.compactArrayLength(4)),
    removingReplicas: readInt32Array(reader, reader.compactArrayLength(4)),
    addingReplicas: readInt32Array(reader, reader.compactArrayLength(4)),
    leader: reader.int32(),
    leaderRecoveryState: 0,
    leaderEpoch: reader.int32(),
    partitionEpoch: reader.int32(),
    directories: (version >= 1 ? readUuidArray(reader, reader.compactArrayLength(16)) : []),
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.leaderRecoveryState = reader.int8();
    } else if (tag === 1 && version >= 2) {
      message.eligibleLeaderReplicas = readNullableInt32Array(reader, reader.compactNullableArrayLength(4));
    } else if (tag === 2 && version >= 2) {
      message.lastKnownElr = readNullableInt32Array(reader, reader.compactNullableArrayLength(4));
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writePartitionRecord(writer: Writer, message: PartitionRecord, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("PartitionRecord", version);
  writer.int32(message.partitionId);
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.replicas.length);
  writeInt32Array(writer, message.replicas);
  writer.compactArrayLength(message.isr.length);
  writeInt32Array(writer, message.isr);
  writer.compactArrayLength(message.removingReplicas.length);
  writeInt32Array(writer, message.removingReplicas);
  writer.compactArrayLength(message.addingReplicas.length);
  writeInt32Array(writer, message.addingReplicas);
  writer.int32(message.leader);
  writer.int32(message.leaderEpoch);
  writer.int32(message.partitionEpoch);
  if (version >= 1) {
    writer.compactArrayLength(message.directories.length);
    writeUuidArray(writer, message.directories);
  } else if (message.directories.length !== 0) {
    throw unsupportedField("PartitionRecord.directories", version);
  }
  if (version < 2 && message.eligibleLeaderReplicas !== null) {
    throw unsupportedField("PartitionRecord.eligibleLeaderReplicas", version);
  }
  if (version < 2 && message.lastKnownElr !== null) {
    throw unsupportedField("PartitionRecord.lastKnownElr", version);
  }
  const unknown = message.unknownTaggedFields;
  const has0 = message.leaderRecoveryState !== 0;
  const has1 = version >= 2 && (message.eligibleLeaderReplicas !== null);
  const has2 = version >= 2 && (message.lastKnownElr !== null);
  writer.unsignedVarint((has0 ? 1 : 0) + (has1 ? 1 : 0) + (has2 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    writer.int8(message.leaderRecoveryState);
    writer.endTaggedField(at);
  }
  if (version >= 2) next = writer.unknownTaggedFields(unknown, next, 1);
  if (has1) {
    const at = writer.beginTaggedField(1);
    if (message.eligibleLeaderReplicas === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.eligibleLeaderReplicas.length);
      writeInt32Array(writer, message.eligibleLeaderReplicas);
    }
    writer.endTaggedField(at);
  }
  if (version >= 2) next = writer.unknownTaggedFields(unknown, next, 2);
  if (has2) {
    const at = writer.beginTaggedField(2);
    if (message.lastKnownElr === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.lastKnownElr.length);
      writeInt32Array(writer, message.lastKnownElr);
    }
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

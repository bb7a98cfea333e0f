// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readNullableInt32Array, writeInt32Array, readNullableUuidArray, writeUuidArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** PartitionChangeRecord: versions 0 to 2, flexible from 0. */
export const PARTITION_CHANGE_RECORD: MessageCodec<PartitionChangeRecord> = {
  name: "PartitionChangeRecord",
  apiKey: 5,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readPartitionChangeRecord,
  write: writePartitionChangeRecord,
};

export interface PartitionChangeRecord {
  readonly partitionId: number;
  readonly topicId: Uuid;
  readonly isr: readonly number[] | null;
  readonly leader: number;
  readonly replicas: readonly number[] | null;
  readonly removingReplicas: readonly number[] | null;
  readonly addingReplicas: readonly number[] | null;
  readonly leaderRecoveryState: number;
  /** In versions 1 and up. */
  readonly directories: readonly Uuid[] | null;
  /** In versions 2 and up. */
  readonly eligibleLeaderReplicas: readonly number[] | null;
  /** In versions 2 and up. */
  readonly lastKnownElr: readonly number[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_CHANGE_RECORD: PartitionChangeRecord = {
  partitionId: -1,
  topicId: ZERO_UUID,
  isr: null,
  leader: -2,
  replicas: null,
  removingReplicas: null,
  addingReplicas: null,
  leaderRecoveryState: -1,
  directories: null,
  eligibleLeaderReplicas: null,
  lastKnownElr: null,
};

export function readPartitionChangeRecord(reader: Reader, version: number): PartitionChangeRecord {
  if (version < 0 || version > 2) throw unsupportedVersion("PartitionChangeRecord", version);
  const message: Mutable<PartitionChangeRecord> = {
    partitionId: reader.int32(),
    topicId: reader.uuid(),
    isr: null,
    leader: -2,
    replicas: null,
    removingReplicas: null,
    addingReplicas: null,
    leaderRecoveryState: -1,
    directories: null,
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
      message.isr = readNullableInt32Array(reader, reader.compactNullableArrayLength(4));
    } else if (tag === 1) {
      message.leader = reader.int32();
    } else if (tag === 2) {
      message.replicas = readNullableInt32Array(reader, reader.compactNullableArrayLength(4));
    } else if (tag === 3) {
      message.removingReplicas = readNullableInt32Array(reader, reader.compactNullableArrayLength(4));
    } else if (tag === 4) {
      message.addingReplicas = readNullableInt32Array(reader, reader.compactNullableArrayLength(4));
    } else if (tag === 5) {
      message.leaderRecoveryState = reader.int8();
    } else if (tag === 8 && version >= 1) {
      message.directories = readNullableUuidArray(reader, reader.compactNullableArrayLength(16));
    } else if (tag === 6 && version >= 2) {
      message.eligibleLeaderReplicas = readNullableInt32Array(reader, reader.compactNullableArrayLength(4));
    } else if (tag === 7 && version >= 2) {
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

export function writePartitionChangeRecord(writer: Writer, message: PartitionChangeRecord, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("PartitionChangeRecord", version);
  writer.int32(message.partitionId);
  writer.uuid(message.topicId);
  if (version < 1 && message.directories !== null) {
    throw unsupportedField("PartitionChangeRecord.directories", version);
  }
  if (version < 2 && message.eligibleLeaderReplicas !== null) {
    throw unsupportedField("PartitionChangeRecord.eligibleLeaderReplicas", version);
  }
  if (version < 2 && message.lastKnownElr !== null) {
    throw unsupportedField("PartitionChangeRecord.lastKnownElr", version);
  }
  const unknown = message.unknownTaggedFields;
  const has0 = message.isr !== null;
  const has1 = message.leader !== -2;
  const has2 = message.replicas !== null;
  const has3 = message.removingReplicas !== null;
  const has4 = message.addingReplicas !== null;
  const has5 = message.leaderRecoveryState !== -1;
  const has6 = version >= 2 && (message.eligibleLeaderReplicas !== null);
  const has7 = version >= 2 && (message.lastKnownElr !== null);
  const has8 = version >= 1 && (message.directories !== null);
  writer.unsignedVarint((has0 ? 1 : 0) + (has1 ? 1 : 0) + (has2 ? 1 : 0) + (has3 ? 1 : 0) + (has4 ? 1 : 0) + (has5 ? 1 : 0) + (has6 ? 1 : 0) + (has7 ? 1 : 0) + (has8 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    if (message.isr === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.isr.length);
      writeInt32Array(writer, message.isr);
    }
    writer.endTaggedField(at);
  }
  next = writer.unknownTaggedFields(unknown, next, 1);
  if (has1) {
    const at = writer.beginTaggedField(1);
    writer.int32(message.leader);
    writer.endTaggedField(at);
  }
  next = writer.unknownTaggedFields(unknown, next, 2);
  if (has2) {
    const at = writer.beginTaggedField(2);
    if (message.replicas === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.replicas.length);
      writeInt32Array(writer, message.replicas);
    }
    writer.endTaggedField(at);
  }
  next = writer.unknownTaggedFields(unknown, next, 3);
  if (has3) {
    const at = writer.beginTaggedField(3);
    if (message.removingReplicas === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.removingReplicas.length);
      writeInt32Array(writer, message.removingReplicas);
    }
    writer.endTaggedField(at);
  }
  next = writer.unknownTaggedFields(unknown, next, 4);
  if (has4) {
    const at = writer.beginTaggedField(4);
    if (message.addingReplicas === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.addingReplicas.length);
      writeInt32Array(writer, message.addingReplicas);
    }
    writer.endTaggedField(at);
  }
  next = writer.unknownTaggedFields(unknown, next, 5);
  if (has5) {
    const at = writer.beginTaggedField(5);
    writer.int8(message.leaderRecoveryState);
    writer.endTaggedField(at);
  }
  if (version >= 2) next = writer.unknownTaggedFields(unknown, next, 6);
  if (has6) {
    const at = writer.beginTaggedField(6);
    if (message.eligibleLeaderReplicas === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.eligibleLeaderReplicas.length);
      writeInt32Array(writer, message.eligibleLeaderReplicas);
    }
    writer.endTaggedField(at);
  }
  if (version >= 2) next = writer.unknownTaggedFields(unknown, next, 7);
  if (has7) {
    const at = writer.beginTaggedField(7);
    if (message.lastKnownElr === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.lastKnownElr.length);
      writeInt32Array(writer, message.lastKnownElr);
    }
    writer.endTaggedField(at);
  }
  if (version >= 1) next = writer.unknownTaggedFields(unknown, next, 8);
  if (has8) {
    const at = writer.beginTaggedField(8);
    if (message.directories === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.directories.length);
      writeUuidArray(writer, message.directories);
    }
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** FetchRequest: versions 4 to 18, flexible from 12. */
export const FETCH_REQUEST: MessageCodec<FetchRequest> = {
  name: "FetchRequest",
  apiKey: 1,
  minVersion: 4,
  maxVersion: 18,
  flexibleFrom: 12,
  read: readFetchRequest,
  write: writeFetchRequest,
};

export interface FetchRequest {
  /** In versions 12 and up. */
  readonly clusterId: string | null;
  /** In versions 4 to 14. */
  readonly replicaId: number;
  /** In versions 15 and up. */
  readonly replicaState: ReplicaState;
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly isolationLevel: number;
  /** In versions 7 and up. */
  readonly sessionId: number;
  /** In versions 7 and up. */
  readonly sessionEpoch: number;
  readonly topics: readonly FetchTopic[];
  /** In versions 7 and up. */
  readonly forgottenTopicsData: readonly ForgottenTopic[];
  /** In versions 11 and up. */
  readonly rackId: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ForgottenTopic {
  /** In versions 7 to 12. */
  readonly topic: string;
  /** In versions 13 and up. */
  readonly topicId: Uuid;
  readonly partitions: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface FetchTopic {
  /** In versions 4 to 12. */
  readonly topic: string;
  /** In versions 13 and up. */
  readonly topicId: Uuid;
  readonly partitions: readonly FetchPartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface FetchPartition {
  readonly partition: number;
  /** In versions 9 and up. */
  readonly currentLeaderEpoch: number;
  readonly fetchOffset: Int64;
  /** In versions 12 and up. */
  readonly lastFetchedEpoch: number;
  /** In versions 5 and up. */
  readonly logStartOffset: Int64;
  readonly partitionMaxBytes: number;
  /** In versions 17 and up. */
  readonly replicaDirectoryId: Uuid;
  /** In versions 18 and up. */
  readonly highWatermark: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ReplicaState {
  readonly replicaId: number;
  readonly replicaEpoch: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_REPLICA_STATE: ReplicaState = {
  replicaId: -1,
  replicaEpoch: -1,
};

export const DEFAULT_FETCH_PARTITION: FetchPartition = {
  partition: 0,
  currentLeaderEpoch: -1,
  fetchOffset: 0,
  lastFetchedEpoch: -1,
  logStartOffset: -1,
  partitionMaxBytes: 0,
  replicaDirectoryId: ZERO_UUID,
  highWatermark: 9223372036854775807n,
};

export const DEFAULT_FETCH_TOPIC: FetchTopic = {
  topic: "",
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_FORGOTTEN_TOPIC: ForgottenTopic = {
  topic: "",
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_FETCH_REQUEST: FetchRequest = {
  clusterId: null,
  replicaId: -1,
  replicaState: DEFAULT_REPLICA_STATE,
  maxWaitMs: 0,
  minBytes: 0,
  maxBytes: 2147483647,
  isolationLevel: 0,
  sessionId: 0,
  sessionEpoch: -1,
  topics: [],
  forgottenTopicsData: [],
  rackId: "",
};

function isDefaultReplicaState(message: ReplicaState): boolean {
  if (message === DEFAULT_REPLICA_STATE) return true;
  return !(
    message.replicaId !== -1 ||
    message.replicaEpoch != -1 ||
    message.unknownTaggedFields !== undefined
  );
}

export function readFetchRequest(reader: Reader, version: number): FetchRequest {
  if (version < 4 || version > 18) throw unsupportedVersion("FetchRequest", version);
  const flexible = version >= 12;
  const message: Mutable<FetchRequest> = {
    clusterId: null,
    replicaId: (version <= 14 ? reader.int32() : -1),
    replicaState: DEFAULT_REPLICA_STATE,
    maxWaitMs: reader.int32(),
    minBytes: reader.int32(),
    maxBytes: reader.int32(),
    isolationLevel: reader.int8(),
    sessionId: (version >= 7 ? reader.int32() : 0),
    sessionEpoch: (version >= 7 ? reader.int32() : -1),
    topics: (flexible ? readFetchTopicArray(reader, version, reader.compactArrayLength(3)) : readFetchTopicArray(reader, version, reader.arrayLength(6))),
    forgottenTopicsData: (version >= 7 ? (flexible ? readForgottenTopicArray(reader, version, reader.compactArrayLength(3)) : readForgottenTopicArray(reader, version, reader.arrayLength(6))) : []),
    rackId: (version >= 11 ? (flexible ? reader.compactString() : reader.string()) : ""),
  };
  let count = flexible ? reader.taggedFieldCount() : 0;
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.clusterId = reader.compactNullableString();
    } else if (tag === 1 && version >= 15) {
      message.replicaState = readReplicaState(reader, version);
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readForgottenTopic(reader: Reader, version: number): ForgottenTopic {
  const flexible = version >= 12;
  const message: Mutable<ForgottenTopic> = {
    topic: (version <= 12 ? (flexible ? reader.compactString() : reader.string()) : ""),
    topicId: (version >= 13 ? reader.uuid() : ZERO_UUID),
    partitions: (flexible ? readInt32Array(reader, reader.compactArrayLength(4)) : readInt32Array(reader, reader.arrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readForgottenTopicArray(reader: Reader, version: number, count: number): ForgottenTopic[] {
  const values: ForgottenTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readForgottenTopic(reader, version));
  return values;
}

function readFetchTopic(reader: Reader, version: number): FetchTopic {
  const flexible = version >= 12;
  const message: Mutable<FetchTopic> = {
    topic: (version <= 12 ? (flexible ? reader.compactString() : reader.string()) : ""),
    topicId: (version >= 13 ? reader.uuid() : ZERO_UUID),
    partitions: (flexible ? readFetchPartitionArray(reader, version, reader.compactArrayLength(33)) : readFetchPartitionArray(reader, version, reader.arrayLength(16))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readFetchTopicArray(reader: Reader, version: number, count: number): FetchTopic[] {
  const values: FetchTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readFetchTopic(reader, version));
  return values;
}

function readFetchPartition(reader: Reader, version: number): FetchPartition {
  const flexible = version >= 12;
  const message: Mutable<FetchPartition> = {
    partition: reader.int32(),
    currentLeaderEpoch: (version >= 9 ? reader.int32() : -1),
    fetchOffset: reader.int64(),
    lastFetchedEpoch: (version >= 12 ? reader.int32() : -1),
    logStartOffset: (version >= 5 ? reader.int64() : -1),
    partitionMaxBytes: reader.int32(),
    replicaDirectoryId: ZERO_UUID,
    highWatermark: 9223372036854775807n,
  };
  let count = flexible ? reader.taggedFieldCount() : 0;
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0 && version >= 17) {
      message.replicaDirectoryId = reader.uuid();
    } else if (tag === 1 && version >= 18) {
      message.highWatermark = reader.int64();
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readFetchPartitionArray(reader: Reader, version: number, count: number): FetchPartition[] {
  const values: FetchPartition[] = [];
  for (let index = 0; index < count; index++) values.push(readFetchPartition(reader, version));
  return values;
}

function readReplicaState(reader: Reader, _version: number): ReplicaState {
  const message: Mutable<ReplicaState> = {
    replicaId: reader.int32(),
    replicaEpoch: reader.int64(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeFetchRequest(writer: Writer, message: FetchRequest, version: number): void {
  if (version < 4 || version > 18) throw unsupportedVersion("FetchRequest", version);
  const flexible = version >= 12;
  if (version <= 14) {
    writer.int32(message.replicaId);
  } else if (message.replicaId !== -1) {
    throw unsupportedField("FetchRequest.replicaId", version);
  }
  if (version < 15 && !isDefaultReplicaState(message.replicaState)) {
    throw unsupportedField("FetchRequest.replicaState", version);
  }
  writer.int32(message.maxWaitMs);
  writer.int32(message.minBytes);
  writer.int32(message.maxBytes);
  writer.int8(message.isolationLevel);
  if (version >= 7) {
    writer.int32(message.sessionId);
  }
  if (version >= 7) {
    writer.int32(message.sessionEpoch);
  }
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeFetchTopic(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeFetchTopic(writer, value, version);
  }
  if (version >= 7) {
    if (flexible) {
      writer.compactArrayLength(message.forgottenTopicsData.length);
      for (const value of message.forgottenTopicsData) writeForgottenTopic(writer, value, version);
    } else {
      writer.arrayLength(message.forgottenTopicsData.length);
      for (const value of message.forgottenTopicsData) writeForgottenTopic(writer, value, version);
    }
  } else if (message.forgottenTopicsData.length !== 0) {
    throw unsupportedField("FetchRequest.forgottenTopicsData", version);
  }
  if (version >= 11) {
    if (flexible) {
      writer.compactString(message.rackId);
    } else {
      writer.string(message.rackId);
    }
  }
  if (flexible) {
    const unknown = message.unknownTaggedFields;
    const has0 = message.clusterId !== null;
    const has1 = version >= 15 && (!isDefaultReplicaState(message.replicaState));
    writer.unsignedVarint((has0 ? 1 : 0) + (has1 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
    let next = 0;
    next = writer.unknownTaggedFields(unknown, next, 0);
    if (has0) {
      const at = writer.beginTaggedField(0);
      writer.compactNullableString(message.clusterId);
      writer.endTaggedField(at);
    }
    if (version >= 15) next = writer.unknownTaggedFields(unknown, next, 1);
    if (has1) {
      const at = writer.beginTaggedField(1);
      writeReplicaState(writer, message.replicaState, version);
      writer.endTaggedField(at);
    }
    writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("FetchRequest.unknownTaggedFields", version);
  }
}

function writeForgottenTopic(writer: Writer, message: ForgottenTopic, version: number): void {
  const flexible = version >= 12;
  if (version <= 12) {
    if (flexible) {
      writer.compactString(message.topic);
    } else {
      writer.string(message.topic);
    }
  }
  if (version >= 13) {
    writer.uuid(message.topicId);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitions.length);
    writeInt32Array(writer, message.partitions);
  } else {
    writer.arrayLength(message.partitions.length);
    writeInt32Array(writer, message.partitions);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ForgottenTopic.unknownTaggedFields", version);
  }
}

function writeFetchTopic(writer: Writer, message: FetchTopic, version: number): void {
  const flexible = version >= 12;
  if (version <= 12) {
    if (flexible) {
      writer.compactString(message.topic);
    } else {
      writer.string(message.topic);
    }
  }
  if (version >= 13) {
    writer.uuid(message.topicId);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitions.length);
    for (const value of message.partitions) writeFetchPartition(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writeFetchPartition(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("FetchTopic.unknownTaggedFields", version);
  }
}

function writeFetchPartition(writer: Writer, message: FetchPartition, version: number): void {
  const flexible = version >= 12;
  writer.int32(message.partition);
  if (version >= 9) {
    writer.int32(message.currentLeaderEpoch);
  }
  writer.int64(message.fetchOffset);
  if (version >= 12) {
    writer.int32(message.lastFetchedEpoch);
  } else if (message.lastFetchedEpoch !== -1) {
    throw unsupportedField("FetchPartition.lastFetchedEpoch", version);
  }
  if (version >= 5) {
    writer.int64(message.logStartOffset);
  }
  writer.int32(message.partitionMaxBytes);
  if (flexible) {
    const unknown = message.unknownTaggedFields;
    const has0 = version >= 17 && (message.replicaDirectoryId !== ZERO_UUID);
    const has1 = version >= 18 && (message.highWatermark != 9223372036854775807n);
    writer.unsignedVarint((has0 ? 1 : 0) + (has1 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
    let next = 0;
    if (version >= 17) next = writer.unknownTaggedFields(unknown, next, 0);
    if (has0) {
      const at = writer.beginTaggedField(0);
      writer.uuid(message.replicaDirectoryId);
      writer.endTaggedField(at);
    }
    if (version >= 18) next = writer.unknownTaggedFields(unknown, next, 1);
    if (has1) {
      const at = writer.beginTaggedField(1);
      writer.int64(message.highWatermark);
      writer.endTaggedField(at);
    }
    writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("FetchPartition.unknownTaggedFields", version);
  }
}

function writeReplicaState(writer: Writer, message: ReplicaState, _version: number): void {
  writer.int32(message.replicaId);
  writer.int64(message.replicaEpoch);
  writer.taggedFields(message.unknownTaggedFields);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** FetchResponse: versions 4 to 18, flexible from 12. */
export const FETCH_RESPONSE: MessageCodec<FetchResponse> = {
  name: "FetchResponse",
  apiKey: 1,
  minVersion: 4,
  maxVersion: 18,
  flexibleFrom: 12,
  read: readFetchResponse,
  write: writeFetchResponse,
};

export interface FetchResponse {
  readonly throttleTimeMs: number;
  /** In versions 7 and up. */
  readonly errorCode: number;
  /** In versions 7 and up. */
  readonly sessionId: number;
  readonly responses: readonly FetchableTopicResponse[];
  /** In versions 16 and up. */
  readonly nodeEndpoints: readonly NodeEndpoint[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface NodeEndpoint {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface FetchableTopicResponse {
  /** In versions 4 to 12. */
  readonly topic: string;
  /** In versions 13 and up. */
  readonly topicId: Uuid;
  readonly partitions: readonly PartitionData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionData {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly highWatermark: Int64;
  readonly lastStableOffset: Int64;
  /** In versions 5 and up. */
  readonly logStartOffset: Int64;
  /** In versions 12 and up. */
  readonly divergingEpoch: EpochEndOffset;
  /** In versions 12 and up. */
  readonly currentLeader: LeaderIdAndEpoch;
  /** In versions 12 and up. */
  readonly snapshotId: SnapshotId;
  readonly abortedTransactions: readonly AbortedTransaction[] | null;
  /** In versions 11 and up. */
  readonly preferredReadReplica: number;
  readonly records: Uint8Array | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AbortedTransaction {
  readonly producerId: Int64;
  readonly firstOffset: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface SnapshotId {
  readonly endOffset: Int64;
  readonly epoch: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface LeaderIdAndEpoch {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface EpochEndOffset {
  readonly epoch: number;
  readonly endOffset: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_EPOCH_END_OFFSET: EpochEndOffset = {
  epoch: -1,
  endOffset: -1,
};

export const DEFAULT_LEADER_ID_AND_EPOCH: LeaderIdAndEpoch = {
  leaderId: -1,
  leaderEpoch: -1,
};

export const DEFAULT_SNAPSHOT_ID: SnapshotId = {
  endOffset: -1,
  epoch: -1,
};

export const DEFAULT_ABORTED_TRANSACTION: AbortedTransaction = {
  producerId: 0,
  firstOffset: 0,
};

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partitionIndex: 0,
  errorCode: 0,
  highWatermark: 0,
  lastStableOffset: -1,
  logStartOffset: -1,
  divergingEpoch: DEFAULT_EPOCH_END_OFFSET,
  currentLeader: DEFAULT_LEADER_ID_AND_EPOCH,
  snapshotId: DEFAULT_SNAPSHOT_ID,
  abortedTransactions: [],
  preferredReadReplica: -1,
  records: null,
};

export const DEFAULT_FETCHABLE_TOPIC_RESPONSE: FetchableTopicResponse = {
  topic: "",
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_NODE_ENDPOINT: NodeEndpoint = {
  nodeId: 0,
  host: "",
  port: 0,
  rack: null,
};

export const DEFAULT_FETCH_RESPONSE: FetchResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  sessionId: 0,
  responses: [],
  nodeEndpoints: [],
};

function isDefaultEpochEndOffset(message: EpochEndOffset): boolean {
  if (message === DEFAULT_EPOCH_END_OFFSET) return true;
  return !(
    message.epoch !== -1 ||
    message.endOffset != -1 ||
    message.unknownTaggedFields !== undefined
  );
}

function isDefaultLeaderIdAndEpoch(message: LeaderIdAndEpoch): boolean {
  if (message === DEFAULT_LEADER_ID_AND_EPOCH) return true;
  return !(
    message.leaderId !== -1 ||
    message.leaderEpoch !== -1 ||
    message.unknownTaggedFields !== undefined
  );
}

function isDefaultSnapshotId(message: SnapshotId): boolean {
  if (message === DEFAULT_SNAPSHOT_ID) return true;
  return !(
    message.endOffset != -1 ||
    message.epoch !== -1 ||
    message.unknownTaggedFields !== undefined
  );
}

export function readFetchResponse(reader: Reader, version: number): FetchResponse {
  if (version < 4 || version > 18) throw unsupportedVersion("FetchResponse", version);
  const flexible = version >= 12;
  const message: Mutable<FetchResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: (version >= 7 ? reader.int16() : 0),
    sessionId: (version >= 7 ? reader.int32() : 0),
    responses: (flexible ? readFetchableTopicResponseArray(reader, version, reader.compactArrayLength(3)) : readFetchableTopicResponseArray(reader, version, reader.arrayLength(6))),
    nodeEndpoints: [],
  };
  let count = flexible ? reader.taggedFieldCount() : 0;
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0 && version >= 16) {
      message.nodeEndpoints = readNodeEndpointArray(reader, version, reader.compactArrayLength(11));
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readNodeEndpoint(reader: Reader, _version: number): NodeEndpoint {
  const message: Mutable<NodeEndpoint> = {
    nodeId: reader.int32(),
    host: reader.compactString(),
    port: reader.int32(),
    rack: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readNodeEndpointArray(reader: Reader, version: number, count: number): NodeEndpoint[] {
  const values: NodeEndpoint[] = [];
  for (let index = 0; index < count; index++) values.push(readNodeEndpoint(reader, version));
  return values;
}

function readFetchableTopicResponse(reader: Reader, version: number): FetchableTopicResponse {
  const flexible = version >= 12;
  const message: Mutable<FetchableTopicResponse> = {
    topic: (version <= 12 ? (flexible ? reader.compactString() : reader.string()) : ""),
    topicId: (version >= 13 ? reader.uuid() : ZERO_UUID),
    partitions: (flexible ? readPartitionDataArray(reader, version, reader.compactArrayLength(37)) : readPartitionDataArray(reader, version, reader.arrayLength(30))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readFetchableTopicResponseArray(reader: Reader, version: number, count: number): FetchableTopicResponse[] {
  const values: FetchableTopicResponse[] = [];
  for (let index = 0; index < count; index++) values.push(readFetchableTopicResponse(reader, version));
  return values;
}

function readPartitionData(reader: Reader, version: number): PartitionData {
  const flexible = version >= 12;
  const message: Mutable<PartitionData> = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
    highWatermark: reader.int64(),
    lastStableOffset: reader.int64(),
    logStartOffset: (version >= 5 ? reader.int64() : -1),
    divergingEpoch: DEFAULT_EPOCH_END_OFFSET,
    currentLeader: DEFAULT_LEADER_ID_AND_EPOCH,
    snapshotId: DEFAULT_SNAPSHOT_ID,
    abortedTransactions: (flexible ? readNullableAbortedTransactionArray(reader, version, reader.compactNullableArrayLength(17)) : readNullableAbortedTransactionArray(reader, version, reader.nullableArrayLength(16))),
    preferredReadReplica: (version >= 11 ? reader.int32() : -1),
    records: (flexible ? reader.compactNullableByteString() : reader.nullableByteString()),
  };
  let count = flexible ? reader.taggedFieldCount() : 0;
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.divergingEpoch = readEpochEndOffset(reader, version);
    } else if (tag === 1) {
      message.currentLeader = readLeaderIdAndEpoch(reader, version);
    } else if (tag === 2) {
      message.snapshotId = readSnapshotId(reader, version);
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readPartitionDataArray(reader: Reader, version: number, count: number): PartitionData[] {
  const values: PartitionData[] = [];
  for (let index = 0; index < count; index++) values.push(readPartitionData(reader, version));
  return values;
}

function readAbortedTransaction(reader: Reader, version: number): AbortedTransaction {
  const flexible = version >= 12;
  const message: Mutable<AbortedTransaction> = {
    producerId: reader.int64(),
    firstOffset: reader.int64(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAbortedTransactionArray(reader: Reader, version: number, count: number): AbortedTransaction[] {
  const values: AbortedTransaction[] = [];
  for (let index = 0; index < count; index++) values.push(readAbortedTransaction(reader, version));
  return values;
}

function readNullableAbortedTransactionArray(reader: Reader, version: number, count: number): AbortedTransaction[] | null {
  return count === -1 ? null : readAbortedTransactionArray(reader, version, count);
}

function readSnapshotId(reader: Reader, _version: number): SnapshotId {
  const message: Mutable<SnapshotId> = {
    endOffset: reader.int64(),
    epoch: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readLeaderIdAndEpoch(reader: Reader, _version: number): LeaderIdAndEpoch {
  const message: Mutable<LeaderIdAndEpoch> = {
    leaderId: reader.int32(),
    leaderEpoch: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readEpochEndOffset(reader: Reader, _version: number): EpochEndOffset {
  const message: Mutable<EpochEndOffset> = {
    epoch: reader.int32(),
    endOffset: reader.int64(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeFetchResponse(writer: Writer, message: FetchResponse, version: number): void {
  if (version < 4 || version > 18) throw unsupportedVersion("FetchResponse", version);
  const flexible = version >= 12;
  writer.int32(message.throttleTimeMs);
  if (version >= 7) {
    writer.int16(message.errorCode);
  }
  if (version >= 7) {
    writer.int32(message.sessionId);
  } else if (message.sessionId !== 0) {
    throw unsupportedField("FetchResponse.sessionId", version);
  }
  if (flexible) {
    writer.compactArrayLength(message.responses.length);
    for (const value of message.responses) writeFetchableTopicResponse(writer, value, version);
  } else {
    writer.arrayLength(message.responses.length);
    for (const value of message.responses) writeFetchableTopicResponse(writer, value, version);
  }
  if (version < 16 && message.nodeEndpoints.length !== 0) {
    throw unsupportedField("FetchResponse.nodeEndpoints", version);
  }
  if (flexible) {
    const unknown = message.unknownTaggedFields;
    const has0 = version >= 16 && (message.nodeEndpoints.length !== 0);
    writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
    let next = 0;
    if (version >= 16) next = writer.unknownTaggedFields(unknown, next, 0);
    if (has0) {
      const at = writer.beginTaggedField(0);
      writer.compactArrayLength(message.nodeEndpoints.length);
      for (const value of message.nodeEndpoints) writeNodeEndpoint(writer, value, version);
      writer.endTaggedField(at);
    }
    writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("FetchResponse.unknownTaggedFields", version);
  }
}

function writeNodeEndpoint(writer: Writer, message: NodeEndpoint, _version: number): void {
  writer.int32(message.nodeId);
  writer.compactString(message.host);
  writer.int32(message.port);
  writer.compactNullableString(message.rack);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeFetchableTopicResponse(writer: Writer, message: FetchableTopicResponse, version: number): void {
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
    for (const value of message.partitions) writePartitionData(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writePartitionData(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("FetchableTopicResponse.unknownTaggedFields", version);
  }
}

function writePartitionData(writer: Writer, message: PartitionData, version: number): void {
  const flexible = version >= 12;
  writer.int32(message.partitionIndex);
  writer.int16(message.errorCode);
  writer.int64(message.highWatermark);
  writer.int64(message.lastStableOffset);
  if (version >= 5) {
    writer.int64(message.logStartOffset);
  }
  if (version < 12 && !isDefaultEpochEndOffset(message.divergingEpoch)) {
    throw unsupportedField("PartitionData.divergingEpoch", version);
  }
  if (version < 12 && !isDefaultLeaderIdAndEpoch(message.currentLeader)) {
    throw unsupportedField("PartitionData.currentLeader", version);
  }
  if (version < 12 && !isDefaultSnapshotId(message.snapshotId)) {
    throw unsupportedField("PartitionData.snapshotId", version);
  }
  if (flexible) {
    if (message.abortedTransactions === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.abortedTransactions.length);
      for (const value of message.abortedTransactions) writeAbortedTransaction(writer, value, version);
    }
  } else {
    if (message.abortedTransactions === null) writer.arrayLength(-1);
    else {
      writer.arrayLength(message.abortedTransactions.length);
      for (const value of message.abortedTransactions) writeAbortedTransaction(writer, value, version);
    }
  }
  if (version >= 11) {
    writer.int32(message.preferredReadReplica);
  } else if (message.preferredReadReplica !== -1) {
    throw unsupportedField("PartitionData.preferredReadReplica", version);
  }
  if (flexible) {
    writer.compactNullableByteString(message.records);
  } else {
    writer.nullableByteString(message.records);
  }
  if (flexible) {
    const unknown = message.unknownTaggedFields;
    const has0 = !isDefaultEpochEndOffset(message.divergingEpoch);
    const has1 = !isDefaultLeaderIdAndEpoch(message.currentLeader);
    const has2 = !isDefaultSnapshotId(message.snapshotId);
    writer.unsignedVarint((has0 ? 1 : 0) + (has1 ? 1 : 0) + (has2 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
    let next = 0;
    next = writer.unknownTaggedFields(unknown, next, 0);
    if (has0) {
      const at = writer.beginTaggedField(0);
      writeEpochEndOffset(writer, message.divergingEpoch, version);
      writer.endTaggedField(at);
    }
    next = writer.unknownTaggedFields(unknown, next, 1);
    if (has1) {
      const at = writer.beginTaggedField(1);
      writeLeaderIdAndEpoch(writer, message.currentLeader, version);
      writer.endTaggedField(at);
    }
    next = writer.unknownTaggedFields(unknown, next, 2);
    if (has2) {
      const at = writer.beginTaggedField(2);
      writeSnapshotId(writer, message.snapshotId, version);
      writer.endTaggedField(at);
    }
    writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("PartitionData.unknownTaggedFields", version);
  }
}

function writeAbortedTransaction(writer: Writer, message: AbortedTransaction, version: number): void {
  const flexible = version >= 12;
  writer.int64(message.producerId);
  writer.int64(message.firstOffset);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AbortedTransaction.unknownTaggedFields", version);
  }
}

function writeSnapshotId(writer: Writer, message: SnapshotId, _version: number): void {
  writer.int64(message.endOffset);
  writer.int32(message.epoch);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeLeaderIdAndEpoch(writer: Writer, message: LeaderIdAndEpoch, _version: number): void {
  writer.int32(message.leaderId);
  writer.int32(message.leaderEpoch);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeEpochEndOffset(writer: Writer, message: EpochEndOffset, _version: number): void {
  writer.int32(message.epoch);
  writer.int64(message.endOffset);
  writer.taggedFields(message.unknownTaggedFields);
}

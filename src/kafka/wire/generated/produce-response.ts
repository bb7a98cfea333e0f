// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ProduceResponse: versions 3 to 13, flexible from 9. */
export const PRODUCE_RESPONSE: MessageCodec<ProduceResponse> = {
  name: "ProduceResponse",
  apiKey: 0,
  minVersion: 3,
  maxVersion: 13,
  flexibleFrom: 9,
  read: readProduceResponse,
  write: writeProduceResponse,
};

export interface ProduceResponse {
  readonly responses: readonly TopicProduceResponse[];
  readonly throttleTimeMs: number;
  /** In versions 10 and up. */
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

export interface TopicProduceResponse {
  /** In versions 3 to 12. */
  readonly name: string;
  /** In versions 13 and up. */
  readonly topicId: Uuid;
  readonly partitionResponses: readonly PartitionProduceResponse[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionProduceResponse {
  readonly index: number;
  readonly errorCode: number;
  readonly baseOffset: Int64;
  readonly logAppendTimeMs: Int64;
  /** In versions 5 and up. */
  readonly logStartOffset: Int64;
  /** In versions 8 and up. */
  readonly recordErrors: readonly BatchIndexAndErrorMessage[];
  /** In versions 8 and up. */
  readonly errorMessage: string | null;
  /** In versions 10 and up. */
  readonly currentLeader: LeaderIdAndEpoch;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface LeaderIdAndEpoch {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface BatchIndexAndErrorMessage {
  readonly batchIndex: number;
  readonly batchIndexErrorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_BATCH_INDEX_AND_ERROR_MESSAGE: BatchIndexAndErrorMessage = {
  batchIndex: 0,
  batchIndexErrorMessage: null,
};

export const DEFAULT_LEADER_ID_AND_EPOCH: LeaderIdAndEpoch = {
  leaderId: -1,
  leaderEpoch: -1,
};

export const DEFAULT_PARTITION_PRODUCE_RESPONSE: PartitionProduceResponse = {
  index: 0,
  errorCode: 0,
  baseOffset: 0,
  logAppendTimeMs: -1,
  logStartOffset: -1,
  recordErrors: [],
  errorMessage: null,
  currentLeader: DEFAULT_LEADER_ID_AND_EPOCH,
};

export const DEFAULT_TOPIC_PRODUCE_RESPONSE: TopicProduceResponse = {
  name: "",
  topicId: ZERO_UUID,
  partitionResponses: [],
};

export const DEFAULT_NODE_ENDPOINT: NodeEndpoint = {
  nodeId: 0,
  host: "",
  port: 0,
  rack: null,
};

export const DEFAULT_PRODUCE_RESPONSE: ProduceResponse = {
  responses: [],
  throttleTimeMs: 0,
  nodeEndpoints: [],
};

function isDefaultLeaderIdAndEpoch(message: LeaderIdAndEpoch): boolean {
  if (message === DEFAULT_LEADER_ID_AND_EPOCH) return true;
  return !(
    message.leaderId !== -1 ||
    message.leaderEpoch !== -1 ||
    message.unknownTaggedFields !== undefined
  );
}

export function readProduceResponse(reader: Reader, version: number): ProduceResponse {
  if (version < 3 || version > 13) throw unsupportedVersion("ProduceResponse", version);
  const flexible = version >= 9;
  const message: Mutable<ProduceResponse> = {
    responses: (flexible ? readTopicProduceResponseArray(reader, version, reader.compactArrayLength(3)) : readTopicProduceResponseArray(reader, version, reader.arrayLength(6))),
    throttleTimeMs: reader.int32(),
    nodeEndpoints: [],
  };
  let count = flexible ? reader.taggedFieldCount() : 0;
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0 && version >= 10) {
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

function readTopicProduceResponse(reader: Reader, version: number): TopicProduceResponse {
  const flexible = version >= 9;
  const message: Mutable<TopicProduceResponse> = {
    name: (version <= 12 ? (flexible ? reader.compactString() : reader.string()) : ""),
    topicId: (version >= 13 ? reader.uuid() : ZERO_UUID),
    partitionResponses: (flexible ? readPartitionProduceResponseArray(reader, version, reader.compactArrayLength(33)) : readPartitionProduceResponseArray(reader, version, reader.arrayLength(22))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readTopicProduceResponseArray(reader: Reader, version: number, count: number): TopicProduceResponse[] {
  const values: TopicProduceResponse[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicProduceResponse(reader, version));
  return values;
}

function readPartitionProduceResponse(reader: Reader, version: number): PartitionProduceResponse {
  const flexible = version >= 9;
  const message: Mutable<PartitionProduceResponse> = {
    index: reader.int32(),
    errorCode: reader.int16(),
    baseOffset: reader.int64(),
    logAppendTimeMs: reader.int64(),
    logStartOffset: (version >= 5 ? reader.int64() : -1),
    recordErrors: (version >= 8 ? (flexible ? readBatchIndexAndErrorMessageArray(reader, version, reader.compactArrayLength(6)) : readBatchIndexAndErrorMessageArray(reader, version, reader.arrayLength(6))) : []),
    errorMessage: (version >= 8 ? (flexible ? reader.compactNullableString() : reader.nullableString()) : null),
    currentLeader: DEFAULT_LEADER_ID_AND_EPOCH,
  };
  let count = flexible ? reader.taggedFieldCount() : 0;
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0 && version >= 10) {
      message.currentLeader = readLeaderIdAndEpoch(reader, version);
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readPartitionProduceResponseArray(reader: Reader, version: number, count: number): PartitionProduceResponse[] {
  const values: PartitionProduceResponse[] = [];
  for (let index = 0; index < count; index++) values.push(readPartitionProduceResponse(reader, version));
  return values;
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

function readBatchIndexAndErrorMessage(reader: Reader, version: number): BatchIndexAndErrorMessage {
  const flexible = version >= 9;
  const message: Mutable<BatchIndexAndErrorMessage> = {
    batchIndex: reader.int32(),
    batchIndexErrorMessage: (flexible ? reader.compactNullableString() : reader.nullableString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readBatchIndexAndErrorMessageArray(reader: Reader, version: number, count: number): BatchIndexAndErrorMessage[] {
  const values: BatchIndexAndErrorMessage[] = [];
  for (let index = 0; index < count; index++) values.push(readBatchIndexAndErrorMessage(reader, version));
  return values;
}

export function writeProduceResponse(writer: Writer, message: ProduceResponse, version: number): void {
  if (version < 3 || version > 13) throw unsupportedVersion("ProduceResponse", version);
  const flexible = version >= 9;
  if (flexible) {
    writer.compactArrayLength(message.responses.length);
    for (const value of message.responses) writeTopicProduceResponse(writer, value, version);
  } else {
    writer.arrayLength(message.responses.length);
    for (const value of message.responses) writeTopicProduceResponse(writer, value, version);
  }
  writer.int32(message.throttleTimeMs);
  if (version < 10 && message.nodeEndpoints.length !== 0) {
    throw unsupportedField("ProduceResponse.nodeEndpoints", version);
  }
  if (flexible) {
    const unknown = message.unknownTaggedFields;
    const has0 = version >= 10 && (message.nodeEndpoints.length !== 0);
    writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
    let next = 0;
    if (version >= 10) next = writer.unknownTaggedFields(unknown, next, 0);
    if (has0) {
      const at = writer.beginTaggedField(0);
      writer.compactArrayLength(message.nodeEndpoints.length);
      for (const value of message.nodeEndpoints) writeNodeEndpoint(writer, value, version);
      writer.endTaggedField(at);
    }
    writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ProduceResponse.unknownTaggedFields", version);
  }
}

function writeNodeEndpoint(writer: Writer, message: NodeEndpoint, _version: number): void {
  writer.int32(message.nodeId);
  writer.compactString(message.host);
  writer.int32(message.port);
  writer.compactNullableString(message.rack);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicProduceResponse(writer: Writer, message: TopicProduceResponse, version: number): void {
  const flexible = version >= 9;
  if (version <= 12) {
    if (flexible) {
      writer.compactString(message.name);
    } else {
      writer.string(message.name);
    }
  }
  if (version >= 13) {
    writer.uuid(message.topicId);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitionResponses.length);
    for (const value of message.partitionResponses) writePartitionProduceResponse(writer, value, version);
  } else {
    writer.arrayLength(message.partitionResponses.length);
    for (const value of message.partitionResponses) writePartitionProduceResponse(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("TopicProduceResponse.unknownTaggedFields", version);
  }
}

function writePartitionProduceResponse(writer: Writer, message: PartitionProduceResponse, version: number): void {
  const flexible = version >= 9;
  writer.int32(message.index);
  writer.int16(message.errorCode);
  writer.int64(message.baseOffset);
  writer.int64(message.logAppendTimeMs);
  if (version >= 5) {
    writer.int64(message.logStartOffset);
  }
  if (version >= 8) {
    if (flexible) {
      writer.compactArrayLength(message.recordErrors.length);
      for (const value of message.recordErrors) writeBatchIndexAndErrorMessage(writer, value, version);
    } else {
      writer.arrayLength(message.recordErrors.length);
      for (const value of message.recordErrors) writeBatchIndexAndErrorMessage(writer, value, version);
    }
  }
  if (version >= 8) {
    if (flexible) {
      writer.compactNullableString(message.errorMessage);
    } else {
      writer.nullableString(message.errorMessage);
    }
  }
  if (version < 10 && !isDefaultLeaderIdAndEpoch(message.currentLeader)) {
    throw unsupportedField("PartitionProduceResponse.currentLeader", version);
  }
  if (flexible) {
    const unknown = message.unknownTaggedFields;
    const has0 = version >= 10 && (!isDefaultLeaderIdAndEpoch(message.currentLeader));
    writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
    let next = 0;
    if (version >= 10) next = writer.unknownTaggedFields(unknown, next, 0);
    if (has0) {
      const at = writer.beginTaggedField(0);
      writeLeaderIdAndEpoch(writer, message.currentLeader, version);
      writer.endTaggedField(at);
    }
    writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("PartitionProduceResponse.unknownTaggedFields", version);
  }
}

function writeLeaderIdAndEpoch(writer: Writer, message: LeaderIdAndEpoch, _version: number): void {
  writer.int32(message.leaderId);
  writer.int32(message.leaderEpoch);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeBatchIndexAndErrorMessage(writer: Writer, message: BatchIndexAndErrorMessage, version: number): void {
  const flexible = version >= 9;
  writer.int32(message.batchIndex);
  if (flexible) {
    writer.compactNullableString(message.batchIndexErrorMessage);
  } else {
    writer.nullableString(message.batchIndexErrorMessage);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("BatchIndexAndErrorMessage.unknownTaggedFields", version);
  }
}

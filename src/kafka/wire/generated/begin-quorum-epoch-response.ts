// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** BeginQuorumEpochResponse: versions 0 to 1, flexible from 1. */
export const BEGIN_QUORUM_EPOCH_RESPONSE: MessageCodec<BeginQuorumEpochResponse> = {
  name: "BeginQuorumEpochResponse",
  apiKey: 53,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readBeginQuorumEpochResponse,
  write: writeBeginQuorumEpochResponse,
};

export interface BeginQuorumEpochResponse {
  readonly errorCode: number;
  readonly topics: readonly TopicData[];
  /** In versions 1 and up. */
  readonly nodeEndpoints: readonly NodeEndpoint[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface NodeEndpoint {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicData {
  readonly topicName: string;
  readonly partitions: readonly PartitionData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionData {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partitionIndex: 0,
  errorCode: 0,
  leaderId: 0,
  leaderEpoch: 0,
};

export const DEFAULT_TOPIC_DATA: TopicData = {
  topicName: "",
  partitions: [],
};

export const DEFAULT_NODE_ENDPOINT: NodeEndpoint = {
  nodeId: 0,
  host: "",
  port: 0,
};

export const DEFAULT_BEGIN_QUORUM_EPOCH_RESPONSE: BeginQuorumEpochResponse = {
  errorCode: 0,
  topics: [],
  nodeEndpoints: [],
};

export function readBeginQuorumEpochResponse(reader: Reader, version: number): BeginQuorumEpochResponse {
  if (version < 0 || version > 1) throw unsupportedVersion("BeginQuorumEpochResponse", version);
  const flexible = version >= 1;
  const message: Mutable<BeginQuorumEpochResponse> = {
    errorCode: reader.int16(),
    topics: (flexible ? readTopicDataArray(reader, version, reader.compactArrayLength(3)) : readTopicDataArray(reader, version, reader.arrayLength(6))),
    nodeEndpoints: [],
  };
  let count = flexible ? reader.taggedFieldCount() : 0;
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.nodeEndpoints = readNodeEndpointArray(reader, version, reader.compactArrayLength(8));
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
    port: reader.uint16(),
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

function readTopicData(reader: Reader, version: number): TopicData {
  const flexible = version >= 1;
  const message: Mutable<TopicData> = {
    topicName: (flexible ? reader.compactString() : reader.string()),
    partitions: (flexible ? readPartitionDataArray(reader, version, reader.compactArrayLength(15)) : readPartitionDataArray(reader, version, reader.arrayLength(14))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readTopicDataArray(reader: Reader, version: number, count: number): TopicData[] {
  const values: TopicData[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicData(reader, version));
  return values;
}

function readPartitionData(reader: Reader, version: number): PartitionData {
  const flexible = version >= 1;
  const message: Mutable<PartitionData> = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
    leaderId: reader.int32(),
    leaderEpoch: reader.int32(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readPartitionDataArray(reader: Reader, version: number, count: number): PartitionData[] {
  const values: PartitionData[] = [];
  for (let index = 0; index < count; index++) values.push(readPartitionData(reader, version));
  return values;
}

export function writeBeginQuorumEpochResponse(writer: Writer, message: BeginQuorumEpochResponse, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("BeginQuorumEpochResponse", version);
  const flexible = version >= 1;
  writer.int16(message.errorCode);
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeTopicData(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeTopicData(writer, value, version);
  }
  if (version < 1 && message.nodeEndpoints.length !== 0) {
    throw unsupportedField("BeginQuorumEpochResponse.nodeEndpoints", version);
  }
  if (flexible) {
    const unknown = message.unknownTaggedFields;
    const has0 = message.nodeEndpoints.length !== 0;
    writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
    let next = 0;
    next = writer.unknownTaggedFields(unknown, next, 0);
    if (has0) {
      const at = writer.beginTaggedField(0);
      writer.compactArrayLength(message.nodeEndpoints.length);
      for (const value of message.nodeEndpoints) writeNodeEndpoint(writer, value, version);
      writer.endTaggedField(at);
    }
    writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("BeginQuorumEpochResponse.unknownTaggedFields", version);
  }
}

function writeNodeEndpoint(writer: Writer, message: NodeEndpoint, _version: number): void {
  writer.int32(message.nodeId);
  writer.compactString(message.host);
  writer.uint16(message.port);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicData(writer: Writer, message: TopicData, version: number): void {
  const flexible = version >= 1;
  if (flexible) {
    writer.compactString(message.topicName);
  } else {
    writer.string(message.topicName);
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
    throw unsupportedField("TopicData.unknownTaggedFields", version);
  }
}

function writePartitionData(writer: Writer, message: PartitionData, version: number): void {
  const flexible = version >= 1;
  writer.int32(message.partitionIndex);
  writer.int16(message.errorCode);
  writer.int32(message.leaderId);
  writer.int32(message.leaderEpoch);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("PartitionData.unknownTaggedFields", version);
  }
}

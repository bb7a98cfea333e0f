// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, notNull, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** MetadataResponse: versions 0 to 13, flexible from 9. */
export const METADATA_RESPONSE: MessageCodec<MetadataResponse> = {
  name: "MetadataResponse",
  apiKey: 3,
  minVersion: 0,
  maxVersion: 13,
  flexibleFrom: 9,
  read: readMetadataResponse,
  write: writeMetadataResponse,
};

export interface MetadataResponse {
  /** In versions 3 and up. */
  readonly throttleTimeMs: number;
  readonly brokers: readonly MetadataResponseBroker[];
  /** In versions 2 and up. */
  readonly clusterId: string | null;
  /** In versions 1 and up. */
  readonly controllerId: number;
  readonly topics: readonly MetadataResponseTopic[];
  /** In versions 8 to 10. */
  readonly clusterAuthorizedOperations: number;
  /** In versions 13 and up. */
  readonly errorCode: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface MetadataResponseTopic {
  readonly errorCode: number;
  readonly name: string | null;
  /** In versions 10 and up. */
  readonly topicId: Uuid;
  /** In versions 1 and up. */
  readonly isInternal: boolean;
  readonly partitions: readonly MetadataResponsePartition[];
  /** In versions 8 and up. */
  readonly topicAuthorizedOperations: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface MetadataResponsePartition {
  readonly errorCode: number;
  readonly partitionIndex: number;
  readonly leaderId: number;
  /** In versions 7 and up. */
  readonly leaderEpoch: number;
  readonly replicaNodes: readonly number[];
  readonly isrNodes: readonly number[];
  /** In versions 5 and up. */
  readonly offlineReplicas: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface MetadataResponseBroker {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  /** In versions 1 and up. */
  readonly rack: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_METADATA_RESPONSE_BROKER: MetadataResponseBroker = {
  nodeId: 0,
  host: "",
  port: 0,
  rack: null,
};

export const DEFAULT_METADATA_RESPONSE_PARTITION: MetadataResponsePartition = {
  errorCode: 0,
  partitionIndex: 0,
  leaderId: 0,
  leaderEpoch: -1,
  replicaNodes: [],
  isrNodes: [],
  offlineReplicas: [],
};

export const DEFAULT_METADATA_RESPONSE_TOPIC: MetadataResponseTopic = {
  errorCode: 0,
  name: "",
  topicId: ZERO_UUID,
  isInternal: false,
  partitions: [],
  topicAuthorizedOperations: -2147483648,
};

export const DEFAULT_METADATA_RESPONSE: MetadataResponse = {
  throttleTimeMs: 0,
  brokers: [],
  clusterId: null,
  controllerId: -1,
  topics: [],
  clusterAuthorizedOperations: -2147483648,
  errorCode: 0,
};

export function readMetadataResponse(reader: Reader, version: number): MetadataResponse {
  if (version < 0 || version > 13) throw unsupportedVersion("MetadataResponse", version);
  const flexible = version >= 9;
  const message: Mutable<MetadataResponse> = {
    throttleTimeMs: (version >= 3 ? reader.int32() : 0),
    brokers: (flexible ? readMetadataResponseBrokerArray(reader, version, reader.compactArrayLength(11)) : readMetadataResponseBrokerArray(reader, version, reader.arrayLength(10))),
    clusterId: (version >= 2 ? (flexible ? reader.compactNullableString() : reader.nullableString()) : null),
    controllerId: (version >= 1 ? reader.int32() : -1),
    topics: (flexible ? readMetadataResponseTopicArray(reader, version, reader.compactArrayLength(10)) : readMetadataResponseTopicArray(reader, version, reader.arrayLength(8))),
    clusterAuthorizedOperations: (version >= 8 && version <= 10 ? reader.int32() : -2147483648),
    errorCode: (version >= 13 ? reader.int16() : 0),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readMetadataResponseTopic(reader: Reader, version: number): MetadataResponseTopic {
  const flexible = version >= 9;
  const message: Mutable<MetadataResponseTopic> = {
    errorCode: reader.int16(),
    name: (flexible ? (version >= 12 ? reader.compactNullableString() : reader.compactString()) : (version >= 12 ? reader.nullableString() : reader.string())),
    topicId: (version >= 10 ? reader.uuid() : ZERO_UUID),
    isInternal: (version >= 1 ? reader.bool() : false),
    partitions: (flexible ? readMetadataResponsePartitionArray(reader, version, reader.compactArrayLength(18)) : readMetadataResponsePartitionArray(reader, version, reader.arrayLength(18))),
    topicAuthorizedOperations: (version >= 8 ? reader.int32() : -2147483648),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readMetadataResponseTopicArray(reader: Reader, version: number, count: number): MetadataResponseTopic[] {
  const values: MetadataResponseTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readMetadataResponseTopic(reader, version));
  return values;
}

function readMetadataResponsePartition(reader: Reader, version: number): MetadataResponsePartition {
  const flexible = version >= 9;
  const message: Mutable<MetadataResponsePartition> = {
    errorCode: reader.int16(),
    partitionIndex: reader.int32(),
    leaderId: reader.int32(),
    leaderEpoch: (version >= 7 ? reader.int32() : -1),
    replicaNodes: (flexible ? readInt32Array(reader, reader.compactArrayLength(4)) : readInt32Array(reader, reader.arrayLength(4))),
    isrNodes: (flexible ? readInt32Array(reader, reader.compactArrayLength(4)) : readInt32Array(reader, reader.arrayLength(4))),
    offlineReplicas: (version >= 5 ? (flexible ? readInt32Array(reader, reader.compactArrayLength(4)) : readInt32Array(reader, reader.arrayLength(4))) : []),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readMetadataResponsePartitionArray(reader: Reader, version: number, count: number): MetadataResponsePartition[] {
  const values: MetadataResponsePartition[] = [];
  for (let index = 0; index < count; index++) values.push(readMetadataResponsePartition(reader, version));
  return values;
}

function readMetadataResponseBroker(reader: Reader, version: number): MetadataResponseBroker {
  const flexible = version >= 9;
  const message: Mutable<MetadataResponseBroker> = {
    nodeId: reader.int32(),
    host: (flexible ? reader.compactString() : reader.string()),
    port: reader.int32(),
    rack: (version >= 1 ? (flexible ? reader.compactNullableString() : reader.nullableString()) : null),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readMetadataResponseBrokerArray(reader: Reader, version: number, count: number): MetadataResponseBroker[] {
  const values: MetadataResponseBroker[] = [];
  for (let index = 0; index < count; index++) values.push(readMetadataResponseBroker(reader, version));
  return values;
}

export function writeMetadataResponse(writer: Writer, message: MetadataResponse, version: number): void {
  if (version < 0 || version > 13) throw unsupportedVersion("MetadataResponse", version);
  const flexible = version >= 9;
  if (version >= 3) {
    writer.int32(message.throttleTimeMs);
  }
  if (flexible) {
    writer.compactArrayLength(message.brokers.length);
    for (const value of message.brokers) writeMetadataResponseBroker(writer, value, version);
  } else {
    writer.arrayLength(message.brokers.length);
    for (const value of message.brokers) writeMetadataResponseBroker(writer, value, version);
  }
  if (version >= 2) {
    if (flexible) {
      writer.compactNullableString(message.clusterId);
    } else {
      writer.nullableString(message.clusterId);
    }
  }
  if (version >= 1) {
    writer.int32(message.controllerId);
  }
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeMetadataResponseTopic(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeMetadataResponseTopic(writer, value, version);
  }
  if (version >= 8 && version <= 10) {
    writer.int32(message.clusterAuthorizedOperations);
  } else if (message.clusterAuthorizedOperations !== -2147483648) {
    throw unsupportedField("MetadataResponse.clusterAuthorizedOperations", version);
  }
  if (version >= 13) {
    writer.int16(message.errorCode);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("MetadataResponse.unknownTaggedFields", version);
  }
}

function writeMetadataResponseTopic(writer: Writer, message: MetadataResponseTopic, version: number): void {
  const flexible = version >= 9;
  writer.int16(message.errorCode);
  if (version < 12) notNull(message.name, "MetadataResponseTopic.name", version);
  if (flexible) {
    writer.compactNullableString(message.name);
  } else {
    writer.nullableString(message.name);
  }
  if (version >= 10) {
    writer.uuid(message.topicId);
  }
  if (version >= 1) {
    writer.bool(message.isInternal);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitions.length);
    for (const value of message.partitions) writeMetadataResponsePartition(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writeMetadataResponsePartition(writer, value, version);
  }
  if (version >= 8) {
    writer.int32(message.topicAuthorizedOperations);
  } else if (message.topicAuthorizedOperations !== -2147483648) {
    throw unsupportedField("MetadataResponseTopic.topicAuthorizedOperations", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("MetadataResponseTopic.unknownTaggedFields", version);
  }
}

function writeMetadataResponsePartition(writer: Writer, message: MetadataResponsePartition, version: number): void {
  const flexible = version >= 9;
  writer.int16(message.errorCode);
  writer.int32(message.partitionIndex);
  writer.int32(message.leaderId);
  if (version >= 7) {
    writer.int32(message.leaderEpoch);
  }
  if (flexible) {
    writer.compactArrayLength(message.replicaNodes.length);
    writeInt32Array(writer, message.replicaNodes);
  } else {
    writer.arrayLength(message.replicaNodes.length);
    writeInt32Array(writer, message.replicaNodes);
  }
  if (flexible) {
    writer.compactArrayLength(message.isrNodes.length);
    writeInt32Array(writer, message.isrNodes);
  } else {
    writer.arrayLength(message.isrNodes.length);
    writeInt32Array(writer, message.isrNodes);
  }
  if (version >= 5) {
    if (flexible) {
      writer.compactArrayLength(message.offlineReplicas.length);
      writeInt32Array(writer, message.offlineReplicas);
    } else {
      writer.arrayLength(message.offlineReplicas.length);
      writeInt32Array(writer, message.offlineReplicas);
    }
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("MetadataResponsePartition.unknownTaggedFields", version);
  }
}

function writeMetadataResponseBroker(writer: Writer, message: MetadataResponseBroker, version: number): void {
  const flexible = version >= 9;
  writer.int32(message.nodeId);
  if (flexible) {
    writer.compactString(message.host);
  } else {
    writer.string(message.host);
  }
  writer.int32(message.port);
  if (version >= 1) {
    if (flexible) {
      writer.compactNullableString(message.rack);
    } else {
      writer.nullableString(message.rack);
    }
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("MetadataResponseBroker.unknownTaggedFields", version);
  }
}

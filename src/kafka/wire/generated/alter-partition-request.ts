// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AlterPartitionRequest: versions 2 to 3, flexible from 2. */
export const ALTER_PARTITION_REQUEST: MessageCodec<AlterPartitionRequest> = {
  name: "AlterPartitionRequest",
  apiKey: 56,
  minVersion: 2,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readAlterPartitionRequest,
  write: writeAlterPartitionRequest,
};

export interface AlterPartitionRequest {
  readonly brokerId: number;
  readonly brokerEpoch: Int64;
  readonly topics: readonly TopicData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicData {
  readonly topicId: Uuid;
  readonly partitions: readonly PartitionData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionData {
  readonly partitionIndex: number;
  readonly leaderEpoch: number;
  /** In version 2. */
  readonly newIsr: readonly number[];
  /** In versions 3 and up. */
  readonly newIsrWithEpochs: readonly BrokerState[];
  readonly leaderRecoveryState: number;
  readonly partitionEpoch: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface BrokerState {
  readonly brokerId: number;
  readonly brokerEpoch: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_BROKER_STATE: BrokerState = {
  brokerId: 0,
  brokerEpoch: -1,
};

export const DEFAULT_PARTITION_DATA: PartitionData = {
  partitionIndex: 0,
  leaderEpoch: 0,
  newIsr: [],
  newIsrWithEpochs: [],
  leaderRecoveryState: 0,
  partitionEpoch: 0,
};

export const DEFAULT_TOPIC_DATA: TopicData = {
  topicId: ZERO_UUID,
  partitions: [],
};

export const DEFAULT_ALTER_PARTITION_REQUEST: AlterPartitionRequest = {
  brokerId: 0,
  brokerEpoch: -1,
  topics: [],
};

export function readAlterPartitionRequest(reader: Reader, version: number): AlterPartitionRequest {
  if (version < 2 || version > 3) throw unsupportedVersion("AlterPartitionRequest", version);
  const message: Mutable<AlterPartitionRequest> = {
    brokerId: reader.int32(),
    brokerEpoch: reader.int64(),
    topics: readTopicDataArray(reader, version, reader.compactArrayLength(18)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicData(reader: Reader, version: number): TopicData {
  const message: Mutable<TopicData> = {
    topicId: reader.uuid(),
    partitions: readPartitionDataArray(reader, version, reader.compactArrayLength(15)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicDataArray(reader: Reader, version: number, count: number): TopicData[] {
  const values: TopicData[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicData(reader, version));
  return values;
}

function readPartitionData(reader: Reader, version: number): PartitionData {
  const message: Mutable<PartitionData> = {
    partitionIndex: reader.int32(),
    leaderEpoch: reader.int32(),
    newIsr: (version <= 2 ? readInt32Array(reader, reader.compactArrayLength(4)) : []),
    newIsrWithEpochs: (version >= 3 ? readBrokerStateArray(reader, version, reader.compactArrayLength(13)) : []),
    leaderRecoveryState: reader.int8(),
    partitionEpoch: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readPartitionDataArray(reader: Reader, version: number, count: number): PartitionData[] {
  const values: PartitionData[] = [];
  for (let index = 0; index < count; index++) values.push(readPartitionData(reader, version));
  return values;
}

function readBrokerState(reader: Reader, _version: number): BrokerState {
  const message: Mutable<BrokerState> = {
    brokerId: reader.int32(),
    brokerEpoch: reader.int64(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readBrokerStateArray(reader: Reader, version: number, count: number): BrokerState[] {
  const values: BrokerState[] = [];
  for (let index = 0; index < count; index++) values.push(readBrokerState(reader, version));
  return values;
}

export function writeAlterPartitionRequest(writer: Writer, message: AlterPartitionRequest, version: number): void {
  if (version < 2 || version > 3) throw unsupportedVersion("AlterPartitionRequest", version);
  writer.int32(message.brokerId);
  writer.int64(message.brokerEpoch);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeTopicData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicData(writer: Writer, message: TopicData, version: number): void {
  writer.uuid(message.topicId);
  writer.compactArrayLength(message.partitions.length);
  for (const value of message.partitions) writePartitionData(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writePartitionData(writer: Writer, message: PartitionData, version: number): void {
  writer.int32(message.partitionIndex);
  writer.int32(message.leaderEpoch);
  if (version <= 2) {
    writer.compactArrayLength(message.newIsr.length);
    writeInt32Array(writer, message.newIsr);
  } else if (message.newIsr.length !== 0) {
    throw unsupportedField("PartitionData.newIsr", version);
  }
  if (version >= 3) {
    writer.compactArrayLength(message.newIsrWithEpochs.length);
    for (const value of message.newIsrWithEpochs) writeBrokerState(writer, value, version);
  } else if (message.newIsrWithEpochs.length !== 0) {
    throw unsupportedField("PartitionData.newIsrWithEpochs", version);
  }
  writer.int8(message.leaderRecoveryState);
  writer.int32(message.partitionEpoch);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeBrokerState(writer: Writer, message: BrokerState, _version: number): void {
  writer.int32(message.brokerId);
  writer.int64(message.brokerEpoch);
  writer.taggedFields(message.unknownTaggedFields);
}

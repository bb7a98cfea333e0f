// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ProduceRequest: versions 3 to 13, flexible from 9. */
export const PRODUCE_REQUEST: MessageCodec<ProduceRequest> = {
  name: "ProduceRequest",
  apiKey: 0,
  minVersion: 3,
  maxVersion: 13,
  flexibleFrom: 9,
  read: readProduceRequest,
  write: writeProduceRequest,
};

export interface ProduceRequest {
  readonly transactionalId: string | null;
  readonly acks: number;
  readonly timeoutMs: number;
  readonly topicData: readonly TopicProduceData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicProduceData {
  /** In versions 3 to 12. */
  readonly name: string;
  /** In versions 13 and up. */
  readonly topicId: Uuid;
  readonly partitionData: readonly PartitionProduceData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionProduceData {
  readonly index: number;
  readonly records: Uint8Array | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITION_PRODUCE_DATA: PartitionProduceData = {
  index: 0,
  records: null,
};

export const DEFAULT_TOPIC_PRODUCE_DATA: TopicProduceData = {
  name: "",
  topicId: ZERO_UUID,
  partitionData: [],
};

export const DEFAULT_PRODUCE_REQUEST: ProduceRequest = {
  transactionalId: null,
  acks: 0,
  timeoutMs: 0,
  topicData: [],
};

export function readProduceRequest(reader: Reader, version: number): ProduceRequest {
  if (version < 3 || version > 13) throw unsupportedVersion("ProduceRequest", version);
  const flexible = version >= 9;
  const message: Mutable<ProduceRequest> = {
    transactionalId: (flexible ? reader.compactNullableString() : reader.nullableString()),
    acks: reader.int16(),
    timeoutMs: reader.int32(),
    topicData: (flexible ? readTopicProduceDataArray(reader, version, reader.compactArrayLength(3)) : readTopicProduceDataArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readTopicProduceData(reader: Reader, version: number): TopicProduceData {
  const flexible = version >= 9;
  const message: Mutable<TopicProduceData> = {
    name: (version <= 12 ? (flexible ? reader.compactString() : reader.string()) : ""),
    topicId: (version >= 13 ? reader.uuid() : ZERO_UUID),
    partitionData: (flexible ? readPartitionProduceDataArray(reader, version, reader.compactArrayLength(6)) : readPartitionProduceDataArray(reader, version, reader.arrayLength(8))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readTopicProduceDataArray(reader: Reader, version: number, count: number): TopicProduceData[] {
  const values: TopicProduceData[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicProduceData(reader, version));
  return values;
}

function readPartitionProduceData(reader: Reader, version: number): PartitionProduceData {
  const flexible = version >= 9;
  const message: Mutable<PartitionProduceData> = {
    index: reader.int32(),
    records: (flexible ? reader.compactNullableByteString() : reader.nullableByteString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readPartitionProduceDataArray(reader: Reader, version: number, count: number): PartitionProduceData[] {
  const values: PartitionProduceData[] = [];
  for (let index = 0; index < count; index++) values.push(readPartitionProduceData(reader, version));
  return values;
}

export function writeProduceRequest(writer: Writer, message: ProduceRequest, version: number): void {
  if (version < 3 || version > 13) throw unsupportedVersion("ProduceRequest", version);
  const flexible = version >= 9;
  if (flexible) {
    writer.compactNullableString(message.transactionalId);
  } else {
    writer.nullableString(message.transactionalId);
  }
  writer.int16(message.acks);
  writer.int32(message.timeoutMs);
  if (flexible) {
    writer.compactArrayLength(message.topicData.length);
    for (const value of message.topicData) writeTopicProduceData(writer, value, version);
  } else {
    writer.arrayLength(message.topicData.length);
    for (const value of message.topicData) writeTopicProduceData(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ProduceRequest.unknownTaggedFields", version);
  }
}

function writeTopicProduceData(writer: Writer, message: TopicProduceData, version: number): void {
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
    writer.compactArrayLength(message.partitionData.length);
    for (const value of message.partitionData) writePartitionProduceData(writer, value, version);
  } else {
    writer.arrayLength(message.partitionData.length);
    for (const value of message.partitionData) writePartitionProduceData(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("TopicProduceData.unknownTaggedFields", version);
  }
}

function writePartitionProduceData(writer: Writer, message: PartitionProduceData, version: number): void {
  const flexible = version >= 9;
  writer.int32(message.index);
  if (flexible) {
    writer.compactNullableByteString(message.records);
  } else {
    writer.nullableByteString(message.records);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("PartitionProduceData.unknownTaggedFields", version);
  }
}

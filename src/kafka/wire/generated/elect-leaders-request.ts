// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ElectLeadersRequest: versions 0 to 2, flexible from 2. */
export const ELECT_LEADERS_REQUEST: MessageCodec<ElectLeadersRequest> = {
  name: "ElectLeadersRequest",
  apiKey: 43,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readElectLeadersRequest,
  write: writeElectLeadersRequest,
};

export interface ElectLeadersRequest {
  /** In versions 1 and up. */
  readonly electionType: number;
  readonly topicPartitions: readonly TopicPartitions[] | null;
  readonly timeoutMs: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_TOPIC_PARTITIONS: TopicPartitions = {
  topic: "",
  partitions: [],
};

export const DEFAULT_ELECT_LEADERS_REQUEST: ElectLeadersRequest = {
  electionType: 0,
  topicPartitions: [],
  timeoutMs: 60000,
};

export function readElectLeadersRequest(reader: Reader, version: number): ElectLeadersRequest {
  if (version < 0 || version > 2) throw unsupportedVersion("ElectLeadersRequest", version);
  const flexible = version >= 2;
  const message: Mutable<ElectLeadersRequest> = {
    electionType: (version >= 1 ? reader.int8() : 0),
    topicPartitions: (flexible ? readNullableTopicPartitionsArray(reader, version, reader.compactNullableArrayLength(3)) : readNullableTopicPartitionsArray(reader, version, reader.nullableArrayLength(6))),
    timeoutMs: reader.int32(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readTopicPartitions(reader: Reader, version: number): TopicPartitions {
  const flexible = version >= 2;
  const message: Mutable<TopicPartitions> = {
    topic: (flexible ? reader.compactString() : reader.string()),
    partitions: (flexible ? readInt32Array(reader, reader.compactArrayLength(4)) : readInt32Array(reader, reader.arrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readTopicPartitionsArray(reader: Reader, version: number, count: number): TopicPartitions[] {
  const values: TopicPartitions[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicPartitions(reader, version));
  return values;
}

function readNullableTopicPartitionsArray(reader: Reader, version: number, count: number): TopicPartitions[] | null {
  return count === -1 ? null : readTopicPartitionsArray(reader, version, count);
}

export function writeElectLeadersRequest(writer: Writer, message: ElectLeadersRequest, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("ElectLeadersRequest", version);
  const flexible = version >= 2;
  if (version >= 1) {
    writer.int8(message.electionType);
  } else if (message.electionType !== 0) {
    throw unsupportedField("ElectLeadersRequest.electionType", version);
  }
  if (flexible) {
    if (message.topicPartitions === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.topicPartitions.length);
      for (const value of message.topicPartitions) writeTopicPartitions(writer, value, version);
    }
  } else {
    if (message.topicPartitions === null) writer.arrayLength(-1);
    else {
      writer.arrayLength(message.topicPartitions.length);
      for (const value of message.topicPartitions) writeTopicPartitions(writer, value, version);
    }
  }
  writer.int32(message.timeoutMs);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ElectLeadersRequest.unknownTaggedFields", version);
  }
}

function writeTopicPartitions(writer: Writer, message: TopicPartitions, version: number): void {
  const flexible = version >= 2;
  if (flexible) {
    writer.compactString(message.topic);
  } else {
    writer.string(message.topic);
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
    throw unsupportedField("TopicPartitions.unknownTaggedFields", version);
  }
}

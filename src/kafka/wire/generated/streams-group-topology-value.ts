// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readInt16Array, writeInt16Array, readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupTopologyValue: version 0, flexible from 0. */
export const STREAMS_GROUP_TOPOLOGY_VALUE: MessageCodec<StreamsGroupTopologyValue> = {
  name: "StreamsGroupTopologyValue",
  apiKey: 23,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readStreamsGroupTopologyValue,
  write: writeStreamsGroupTopologyValue,
};

export interface StreamsGroupTopologyValue {
  readonly epoch: number;
  readonly subtopologies: readonly Subtopology[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Subtopology {
  readonly subtopologyId: string;
  readonly sourceTopics: readonly string[];
  readonly sourceTopicRegex: readonly string[];
  readonly stateChangelogTopics: readonly TopicInfo[];
  readonly repartitionSinkTopics: readonly string[];
  readonly repartitionSourceTopics: readonly TopicInfo[];
  readonly copartitionGroups: readonly CopartitionGroup[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface CopartitionGroup {
  readonly sourceTopics: readonly number[];
  readonly sourceTopicRegex: readonly number[];
  readonly repartitionSourceTopics: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicInfo {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly topicConfigs: readonly TopicConfig[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicConfig {
  readonly key: string;
  readonly value: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_TOPIC_CONFIG: TopicConfig = {
  key: "",
  value: "",
};

export const DEFAULT_TOPIC_INFO: TopicInfo = {
  name: "",
  partitions: 0,
  replicationFactor: 0,
  topicConfigs: [],
};

export const DEFAULT_COPARTITION_GROUP: CopartitionGroup = {
  sourceTopics: [],
  sourceTopicRegex: [],
  repartitionSourceTopics: [],
};

export const DEFAULT_SUBTOPOLOGY: Subtopology = {
  subtopologyId: "",
  sourceTopics: [],
  sourceTopicRegex: [],
  stateChangelogTopics: [],
  repartitionSinkTopics: [],
  repartitionSourceTopics: [],
  copartitionGroups: [],
};

export const DEFAULT_STREAMS_GROUP_TOPOLOGY_VALUE: StreamsGroupTopologyValue = {
  epoch: 0,
  subtopologies: [],
};

export function readStreamsGroupTopologyValue(reader: Reader, version: number): StreamsGroupTopologyValue {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupTopologyValue", version);
  const message: Mutable<StreamsGroupTopologyValue> = {
    epoch: reader.int32(),
    subtopologies: readSubtopologyArray(reader, version, reader.compactArrayLength(8)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readSubtopology(reader: Reader, version: number): Subtopology {
  const message: Mutable<Subtopology> = {
    subtopologyId: reader.compactString(),
    sourceTopics: readCompactStringArray(reader, reader.compactArrayLength(1)),
    sourceTopicRegex: readCompactStringArray(reader, reader.compactArrayLength(1)),
    stateChangelogTopics: readTopicInfoArray(reader, version, reader.compactArrayLength(9)),
    repartitionSinkTopics: readCompactStringArray(reader, reader.compactArrayLength(1)),
    repartitionSourceTopics: readTopicInfoArray(reader, version, reader.compactArrayLength(9)),
    copartitionGroups: readCopartitionGroupArray(reader, version, reader.compactArrayLength(4)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readSubtopologyArray(reader: Reader, version: number, count: number): Subtopology[] {
  const values: Subtopology[] = [];
  for (let index = 0; index < count; index++) values.push(readSubtopology(reader, version));
  return values;
}

function readCopartitionGroup(reader: Reader, _version: number): CopartitionGroup {
  const message: Mutable<CopartitionGroup> = {
    sourceTopics: readInt16Array(reader, reader.compactArrayLength(2)),
    sourceTopicRegex: readInt16Array(reader, reader.compactArrayLength(2)),
    repartitionSourceTopics: readInt16Array(reader, reader.compactArrayLength(2)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readCopartitionGroupArray(reader: Reader, version: number, count: number): CopartitionGroup[] {
  const values: CopartitionGroup[] = [];
  for (let index = 0; index < count; index++) values.push(readCopartitionGroup(reader, version));
  return values;
}

function readTopicInfo(reader: Reader, version: number): TopicInfo {
  const message: Mutable<TopicInfo> = {
    name: reader.compactString(),
    partitions: reader.int32(),
    replicationFactor: reader.int16(),
    topicConfigs: readTopicConfigArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicInfoArray(reader: Reader, version: number, count: number): TopicInfo[] {
  const values: TopicInfo[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicInfo(reader, version));
  return values;
}

function readTopicConfig(reader: Reader, _version: number): TopicConfig {
  const message: Mutable<TopicConfig> = {
    key: reader.compactString(),
    value: reader.compactString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopicConfigArray(reader: Reader, version: number, count: number): TopicConfig[] {
  const values: TopicConfig[] = [];
  for (let index = 0; index < count; index++) values.push(readTopicConfig(reader, version));
  return values;
}

export function writeStreamsGroupTopologyValue(writer: Writer, message: StreamsGroupTopologyValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupTopologyValue", version);
  writer.int32(message.epoch);
  writer.compactArrayLength(message.subtopologies.length);
  for (const value of message.subtopologies) writeSubtopology(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeSubtopology(writer: Writer, message: Subtopology, version: number): void {
  writer.compactString(message.subtopologyId);
  writer.compactArrayLength(message.sourceTopics.length);
  writeCompactStringArray(writer, message.sourceTopics);
  writer.compactArrayLength(message.sourceTopicRegex.length);
  writeCompactStringArray(writer, message.sourceTopicRegex);
  writer.compactArrayLength(message.stateChangelogTopics.length);
  for (const value of message.stateChangelogTopics) writeTopicInfo(writer, value, version);
  writer.compactArrayLength(message.repartitionSinkTopics.length);
  writeCompactStringArray(writer, message.repartitionSinkTopics);
  writer.compactArrayLength(message.repartitionSourceTopics.length);
  for (const value of message.repartitionSourceTopics) writeTopicInfo(writer, value, version);
  writer.compactArrayLength(message.copartitionGroups.length);
  for (const value of message.copartitionGroups) writeCopartitionGroup(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeCopartitionGroup(writer: Writer, message: CopartitionGroup, _version: number): void {
  writer.compactArrayLength(message.sourceTopics.length);
  writeInt16Array(writer, message.sourceTopics);
  writer.compactArrayLength(message.sourceTopicRegex.length);
  writeInt16Array(writer, message.sourceTopicRegex);
  writer.compactArrayLength(message.repartitionSourceTopics.length);
  writeInt16Array(writer, message.repartitionSourceTopics);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicInfo(writer: Writer, message: TopicInfo, version: number): void {
  writer.compactString(message.name);
  writer.int32(message.partitions);
  writer.int16(message.replicationFactor);
  writer.compactArrayLength(message.topicConfigs.length);
  for (const value of message.topicConfigs) writeTopicConfig(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicConfig(writer: Writer, message: TopicConfig, _version: number): void {
  writer.compactString(message.key);
  writer.compactString(message.value);
  writer.taggedFields(message.unknownTaggedFields);
}

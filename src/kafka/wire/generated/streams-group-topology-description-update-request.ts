// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupTopologyDescriptionUpdateRequest: version 0, flexible from 0. */
export const STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE_REQUEST: MessageCodec<StreamsGroupTopologyDescriptionUpdateRequest> = {
  name: "StreamsGroupTopologyDescriptionUpdateRequest",
  apiKey: 93,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readStreamsGroupTopologyDescriptionUpdateRequest,
  write: writeStreamsGroupTopologyDescriptionUpdateRequest,
};

export interface StreamsGroupTopologyDescriptionUpdateRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly topologyEpoch: number;
  readonly topologyDescription: TopologyDescription;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopologyDescription {
  readonly subtopologies: readonly TopologyDescriptionSubtopology[];
  readonly globalStores: readonly TopologyDescriptionGlobalStore[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopologyDescriptionGlobalStore {
  readonly source: TopologyDescriptionNode;
  readonly processor: TopologyDescriptionNode;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopologyDescriptionSubtopology {
  readonly subtopologyId: string;
  readonly nodes: readonly TopologyDescriptionNode[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopologyDescriptionNode {
  readonly name: string;
  readonly nodeType: number;
  readonly sourceTopics: readonly string[];
  readonly sinkTopic: string | null;
  readonly stores: readonly string[];
  readonly successors: readonly string[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_TOPOLOGY_DESCRIPTION_NODE: TopologyDescriptionNode = {
  name: "",
  nodeType: 0,
  sourceTopics: [],
  sinkTopic: null,
  stores: [],
  successors: [],
};

export const DEFAULT_TOPOLOGY_DESCRIPTION_SUBTOPOLOGY: TopologyDescriptionSubtopology = {
  subtopologyId: "",
  nodes: [],
};

export const DEFAULT_TOPOLOGY_DESCRIPTION_GLOBAL_STORE: TopologyDescriptionGlobalStore = {
  source: DEFAULT_TOPOLOGY_DESCRIPTION_NODE,
  processor: DEFAULT_TOPOLOGY_DESCRIPTION_NODE,
};

export const DEFAULT_TOPOLOGY_DESCRIPTION: TopologyDescription = {
  subtopologies: [],
  globalStores: [],
};

export const DEFAULT_STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE_REQUEST: StreamsGroupTopologyDescriptionUpdateRequest = {
  groupId: "",
  memberId: "",
  topologyEpoch: 0,
  topologyDescription: DEFAULT_TOPOLOGY_DESCRIPTION,
};

export function readStreamsGroupTopologyDescriptionUpdateRequest(reader: Reader, version: number): StreamsGroupTopologyDescriptionUpdateRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupTopologyDescriptionUpdateRequest", version);
  const message: Mutable<StreamsGroupTopologyDescriptionUpdateRequest> = {
    groupId: reader.compactString(),
    memberId: reader.compactString(),
    topologyEpoch: reader.int32(),
    topologyDescription: readTopologyDescription(reader, version),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopologyDescription(reader: Reader, version: number): TopologyDescription {
  const message: Mutable<TopologyDescription> = {
    subtopologies: readTopologyDescriptionSubtopologyArray(reader, version, reader.compactArrayLength(3)),
    globalStores: readTopologyDescriptionGlobalStoreArray(reader, version, reader.compactArrayLength(15)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopologyDescriptionGlobalStore(reader: Reader, version: number): TopologyDescriptionGlobalStore {
  const message: Mutable<TopologyDescriptionGlobalStore> = {
    source: readTopologyDescriptionNode(reader, version),
    processor: readTopologyDescriptionNode(reader, version),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopologyDescriptionGlobalStoreArray(reader: Reader, version: number, count: number): TopologyDescriptionGlobalStore[] {
  const values: TopologyDescriptionGlobalStore[] = [];
  for (let index = 0; index < count; index++) values.push(readTopologyDescriptionGlobalStore(reader, version));
  return values;
}

function readTopologyDescriptionSubtopology(reader: Reader, version: number): TopologyDescriptionSubtopology {
  const message: Mutable<TopologyDescriptionSubtopology> = {
    subtopologyId: reader.compactString(),
    nodes: readTopologyDescriptionNodeArray(reader, version, reader.compactArrayLength(7)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopologyDescriptionSubtopologyArray(reader: Reader, version: number, count: number): TopologyDescriptionSubtopology[] {
  const values: TopologyDescriptionSubtopology[] = [];
  for (let index = 0; index < count; index++) values.push(readTopologyDescriptionSubtopology(reader, version));
  return values;
}

function readTopologyDescriptionNode(reader: Reader, _version: number): TopologyDescriptionNode {
  const message: Mutable<TopologyDescriptionNode> = {
    name: reader.compactString(),
    nodeType: reader.int8(),
    sourceTopics: readCompactStringArray(reader, reader.compactArrayLength(1)),
    sinkTopic: reader.compactNullableString(),
    stores: readCompactStringArray(reader, reader.compactArrayLength(1)),
    successors: readCompactStringArray(reader, reader.compactArrayLength(1)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopologyDescriptionNodeArray(reader: Reader, version: number, count: number): TopologyDescriptionNode[] {
  const values: TopologyDescriptionNode[] = [];
  for (let index = 0; index < count; index++) values.push(readTopologyDescriptionNode(reader, version));
  return values;
}

export function writeStreamsGroupTopologyDescriptionUpdateRequest(writer: Writer, message: StreamsGroupTopologyDescriptionUpdateRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupTopologyDescriptionUpdateRequest", version);
  writer.compactString(message.groupId);
  writer.compactString(message.memberId);
  writer.int32(message.topologyEpoch);
  writeTopologyDescription(writer, message.topologyDescription, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopologyDescription(writer: Writer, message: TopologyDescription, version: number): void {
  writer.compactArrayLength(message.subtopologies.length);
  for (const value of message.subtopologies) writeTopologyDescriptionSubtopology(writer, value, version);
  writer.compactArrayLength(message.globalStores.length);
  for (const value of message.globalStores) writeTopologyDescriptionGlobalStore(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopologyDescriptionGlobalStore(writer: Writer, message: TopologyDescriptionGlobalStore, version: number): void {
  writeTopologyDescriptionNode(writer, message.source, version);
  writeTopologyDescriptionNode(writer, message.processor, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopologyDescriptionSubtopology(writer: Writer, message: TopologyDescriptionSubtopology, version: number): void {
  writer.compactString(message.subtopologyId);
  writer.compactArrayLength(message.nodes.length);
  for (const value of message.nodes) writeTopologyDescriptionNode(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopologyDescriptionNode(writer: Writer, message: TopologyDescriptionNode, _version: number): void {
  writer.compactString(message.name);
  writer.int8(message.nodeType);
  writer.compactArrayLength(message.sourceTopics.length);
  writeCompactStringArray(writer, message.sourceTopics);
  writer.compactNullableString(message.sinkTopic);
  writer.compactArrayLength(message.stores.length);
  writeCompactStringArray(writer, message.stores);
  writer.compactArrayLength(message.successors.length);
  writeCompactStringArray(writer, message.successors);
  writer.taggedFields(message.unknownTaggedFields);
}

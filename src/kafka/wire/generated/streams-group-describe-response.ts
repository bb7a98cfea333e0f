// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array, readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupDescribeResponse: versions 0 to 1, flexible from 0. */
export const STREAMS_GROUP_DESCRIBE_RESPONSE: MessageCodec<StreamsGroupDescribeResponse> = {
  name: "StreamsGroupDescribeResponse",
  apiKey: 89,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readStreamsGroupDescribeResponse,
  write: writeStreamsGroupDescribeResponse,
};

export interface StreamsGroupDescribeResponse {
  readonly throttleTimeMs: number;
  readonly groups: readonly DescribedGroup[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribedGroup {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly groupId: string;
  readonly groupState: string;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly topology: Topology | null;
  readonly members: readonly Member[];
  readonly authorizedOperations: number;
  /** In versions 1 and up. */
  readonly topologyDescription: TopologyDescription | null;
  /** In versions 1 and up. */
  readonly topologyDescriptionStatus: number;
  /** In versions 1 and up. */
  readonly assignorName: string | null;
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

export interface Member {
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly topologyEpoch: number;
  readonly processId: string;
  readonly userEndpoint: Endpoint | null;
  readonly clientTags: readonly KeyValue[];
  readonly taskOffsets: readonly TaskOffset[];
  readonly taskEndOffsets: readonly TaskOffset[];
  readonly assignment: Assignment;
  readonly targetAssignment: Assignment;
  readonly isClassic: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Assignment {
  readonly activeTasks: readonly TaskIds[];
  readonly standbyTasks: readonly TaskIds[];
  readonly warmupTasks: readonly TaskIds[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TaskIds {
  readonly subtopologyId: string;
  readonly partitions: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TaskOffset {
  readonly subtopologyId: string;
  readonly partition: number;
  readonly offset: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Topology {
  readonly epoch: number;
  readonly subtopologies: readonly Subtopology[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Subtopology {
  readonly subtopologyId: string;
  readonly sourceTopics: readonly string[];
  readonly repartitionSinkTopics: readonly string[];
  readonly stateChangelogTopics: readonly TopicInfo[];
  readonly repartitionSourceTopics: readonly TopicInfo[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TopicInfo {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly topicConfigs: readonly KeyValue[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_KEY_VALUE: KeyValue = {
  key: "",
  value: "",
};

export const DEFAULT_TOPIC_INFO: TopicInfo = {
  name: "",
  partitions: 0,
  replicationFactor: 0,
  topicConfigs: [],
};

export const DEFAULT_SUBTOPOLOGY: Subtopology = {
  subtopologyId: "",
  sourceTopics: [],
  repartitionSinkTopics: [],
  stateChangelogTopics: [],
  repartitionSourceTopics: [],
};

export const DEFAULT_TOPOLOGY: Topology = {
  epoch: 0,
  subtopologies: null,
};

export const DEFAULT_ENDPOINT: Endpoint = {
  host: "",
  port: 0,
};

export const DEFAULT_TASK_OFFSET: TaskOffset = {
  subtopologyId: "",
  partition: 0,
  offset: 0,
};

export const DEFAULT_TASK_IDS: TaskIds = {
  subtopologyId: "",
  partitions: [],
};

export const DEFAULT_ASSIGNMENT: Assignment = {
  activeTasks: [],
  standbyTasks: [],
  warmupTasks: [],
};

export const DEFAULT_MEMBER: Member = {
  memberId: "",
  memberEpoch: 0,
  instanceId: null,
  rackId: null,
  clientId: "",
  clientHost: "",
  topologyEpoch: 0,
  processId: "",
  userEndpoint: null,
  clientTags: [],
  taskOffsets: [],
  taskEndOffsets: [],
  assignment: DEFAULT_ASSIGNMENT,
  targetAssignment: DEFAULT_ASSIGNMENT,
  isClassic: false,
};

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

export const DEFAULT_DESCRIBED_GROUP: DescribedGroup = {
  errorCode: 0,
  errorMessage: null,
  groupId: "",
  groupState: "",
  groupEpoch: 0,
  assignmentEpoch: 0,
  topology: null,
  members: [],
  authorizedOperations: -2147483648,
  topologyDescription: null,
  topologyDescriptionStatus: 0,
  assignorName: null,
};

export const DEFAULT_STREAMS_GROUP_DESCRIBE_RESPONSE: StreamsGroupDescribeResponse = {
  throttleTimeMs: 0,
  groups: [],
};

export function readStreamsGroupDescribeResponse(reader: Reader, version: number): StreamsGroupDescribeResponse {
  if (version < 0 || version > 1) throw unsupportedVersion("StreamsGroupDescribeResponse", version);
  const message: Mutable<StreamsGroupDescribeResponse> = {
    throttleTimeMs: reader.int32(),
    groups: readDescribedGroupArray(reader, version, reader.compactArrayLength(20)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribedGroup(reader: Reader, version: number): DescribedGroup {
  const message: Mutable<DescribedGroup> = {
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    groupId: reader.compactString(),
    groupState: reader.compactString(),
    groupEpoch: reader.int32(),
    assignmentEpoch: reader.int32(),
    topology: reader.int8() < 0 ? null : readTopology(reader, version),
    members: readMemberArray(reader, version, reader.compactArrayLength(28)),
    authorizedOperations: reader.int32(),
    topologyDescription: (version >= 1 ? reader.int8() < 0 ? null : readTopologyDescription(reader, version) : null),
    topologyDescriptionStatus: (version >= 1 ? reader.int8() : 0),
    assignorName: (version >= 1 ? reader.compactNullableString() : null),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readDescribedGroupArray(reader: Reader, version: number, count: number): DescribedGroup[] {
  const values: DescribedGroup[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribedGroup(reader, version));
  return values;
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

function readMember(reader: Reader, version: number): Member {
  const message: Mutable<Member> = {
    memberId: reader.compactString(),
    memberEpoch: reader.int32(),
    instanceId: reader.compactNullableString(),
    rackId: reader.compactNullableString(),
    clientId: reader.compactString(),
    clientHost: reader.compactString(),
    topologyEpoch: reader.int32(),
    processId: reader.compactString(),
    userEndpoint: reader.int8() < 0 ? null : readEndpoint(reader, version),
    clientTags: readKeyValueArray(reader, version, reader.compactArrayLength(3)),
    taskOffsets: readTaskOffsetArray(reader, version, reader.compactArrayLength(14)),
    taskEndOffsets: readTaskOffsetArray(reader, version, reader.compactArrayLength(14)),
    assignment: readAssignment(reader, version),
    targetAssignment: readAssignment(reader, version),
    isClassic: reader.bool(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readMemberArray(reader: Reader, version: number, count: number): Member[] {
  const values: Member[] = [];
  for (let index = 0; index < count; index++) values.push(readMember(reader, version));
  return values;
}

function readAssignment(reader: Reader, version: number): Assignment {
  const message: Mutable<Assignment> = {
    activeTasks: readTaskIdsArray(reader, version, reader.compactArrayLength(3)),
    standbyTasks: readTaskIdsArray(reader, version, reader.compactArrayLength(3)),
    warmupTasks: readTaskIdsArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTaskIds(reader: Reader, _version: number): TaskIds {
  const message: Mutable<TaskIds> = {
    subtopologyId: reader.compactString(),
    partitions: readInt32Array(reader, reader.compactArrayLength(4)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTaskIdsArray(reader: Reader, version: number, count: number): TaskIds[] {
  const values: TaskIds[] = [];
  for (let index = 0; index < count; index++) values.push(readTaskIds(reader, version));
  return values;
}

function readTaskOffset(reader: Reader, _version: number): TaskOffset {
  const message: Mutable<TaskOffset> = {
    subtopologyId: reader.compactString(),
    partition: reader.int32(),
    offset: reader.int64(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTaskOffsetArray(reader: Reader, version: number, count: number): TaskOffset[] {
  const values: TaskOffset[] = [];
  for (let index = 0; index < count; index++) values.push(readTaskOffset(reader, version));
  return values;
}

function readEndpoint(reader: Reader, _version: number): Endpoint {
  const message: Mutable<Endpoint> = {
    host: reader.compactString(),
    port: reader.uint16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTopology(reader: Reader, version: number): Topology {
  const message: Mutable<Topology> = {
    epoch: reader.int32(),
    subtopologies: readNullableSubtopologyArray(reader, version, reader.compactNullableArrayLength(6)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readSubtopology(reader: Reader, version: number): Subtopology {
  const message: Mutable<Subtopology> = {
    subtopologyId: reader.compactString(),
    sourceTopics: readCompactStringArray(reader, reader.compactArrayLength(1)),
    repartitionSinkTopics: readCompactStringArray(reader, reader.compactArrayLength(1)),
    stateChangelogTopics: readTopicInfoArray(reader, version, reader.compactArrayLength(9)),
    repartitionSourceTopics: readTopicInfoArray(reader, version, reader.compactArrayLength(9)),
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

function readNullableSubtopologyArray(reader: Reader, version: number, count: number): Subtopology[] | null {
  return count === -1 ? null : readSubtopologyArray(reader, version, count);
}

function readTopicInfo(reader: Reader, version: number): TopicInfo {
  const message: Mutable<TopicInfo> = {
    name: reader.compactString(),
    partitions: reader.int32(),
    replicationFactor: reader.int16(),
    topicConfigs: readKeyValueArray(reader, version, reader.compactArrayLength(3)),
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

function readKeyValue(reader: Reader, _version: number): KeyValue {
  const message: Mutable<KeyValue> = {
    key: reader.compactString(),
    value: reader.compactString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readKeyValueArray(reader: Reader, version: number, count: number): KeyValue[] {
  const values: KeyValue[] = [];
  for (let index = 0; index < count; index++) values.push(readKeyValue(reader, version));
  return values;
}

export function writeStreamsGroupDescribeResponse(writer: Writer, message: StreamsGroupDescribeResponse, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("StreamsGroupDescribeResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.compactArrayLength(message.groups.length);
  for (const value of message.groups) writeDescribedGroup(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeDescribedGroup(writer: Writer, message: DescribedGroup, version: number): void {
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.compactString(message.groupId);
  writer.compactString(message.groupState);
  writer.int32(message.groupEpoch);
  writer.int32(message.assignmentEpoch);
  if (message.topology === null) writer.int8(-1);
  else {
    writer.int8(1);
    writeTopology(writer, message.topology, version);
  }
  writer.compactArrayLength(message.members.length);
  for (const value of message.members) writeMember(writer, value, version);
  writer.int32(message.authorizedOperations);
  if (version >= 1) {
    if (message.topologyDescription === null) writer.int8(-1);
    else {
      writer.int8(1);
      writeTopologyDescription(writer, message.topologyDescription, version);
    }
  } else if (message.topologyDescription !== null) {
    throw unsupportedField("DescribedGroup.topologyDescription", version);
  }
  if (version >= 1) {
    writer.int8(message.topologyDescriptionStatus);
  } else if (message.topologyDescriptionStatus !== 0) {
    throw unsupportedField("DescribedGroup.topologyDescriptionStatus", version);
  }
  if (version >= 1) {
    writer.compactNullableString(message.assignorName);
  }
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

function writeMember(writer: Writer, message: Member, version: number): void {
  writer.compactString(message.memberId);
  writer.int32(message.memberEpoch);
  writer.compactNullableString(message.instanceId);
  writer.compactNullableString(message.rackId);
  writer.compactString(message.clientId);
  writer.compactString(message.clientHost);
  writer.int32(message.topologyEpoch);
  writer.compactString(message.processId);
  if (message.userEndpoint === null) writer.int8(-1);
  else {
    writer.int8(1);
    writeEndpoint(writer, message.userEndpoint, version);
  }
  writer.compactArrayLength(message.clientTags.length);
  for (const value of message.clientTags) writeKeyValue(writer, value, version);
  writer.compactArrayLength(message.taskOffsets.length);
  for (const value of message.taskOffsets) writeTaskOffset(writer, value, version);
  writer.compactArrayLength(message.taskEndOffsets.length);
  for (const value of message.taskEndOffsets) writeTaskOffset(writer, value, version);
  writeAssignment(writer, message.assignment, version);
  writeAssignment(writer, message.targetAssignment, version);
  writer.bool(message.isClassic);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeAssignment(writer: Writer, message: Assignment, version: number): void {
  writer.compactArrayLength(message.activeTasks.length);
  for (const value of message.activeTasks) writeTaskIds(writer, value, version);
  writer.compactArrayLength(message.standbyTasks.length);
  for (const value of message.standbyTasks) writeTaskIds(writer, value, version);
  writer.compactArrayLength(message.warmupTasks.length);
  for (const value of message.warmupTasks) writeTaskIds(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTaskIds(writer: Writer, message: TaskIds, _version: number): void {
  writer.compactString(message.subtopologyId);
  writer.compactArrayLength(message.partitions.length);
  writeInt32Array(writer, message.partitions);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTaskOffset(writer: Writer, message: TaskOffset, _version: number): void {
  writer.compactString(message.subtopologyId);
  writer.int32(message.partition);
  writer.int64(message.offset);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeEndpoint(writer: Writer, message: Endpoint, _version: number): void {
  writer.compactString(message.host);
  writer.uint16(message.port);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopology(writer: Writer, message: Topology, version: number): void {
  writer.int32(message.epoch);
  if (message.subtopologies === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.subtopologies.length);
    for (const value of message.subtopologies) writeSubtopology(writer, value, version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeSubtopology(writer: Writer, message: Subtopology, version: number): void {
  writer.compactString(message.subtopologyId);
  writer.compactArrayLength(message.sourceTopics.length);
  writeCompactStringArray(writer, message.sourceTopics);
  writer.compactArrayLength(message.repartitionSinkTopics.length);
  writeCompactStringArray(writer, message.repartitionSinkTopics);
  writer.compactArrayLength(message.stateChangelogTopics.length);
  for (const value of message.stateChangelogTopics) writeTopicInfo(writer, value, version);
  writer.compactArrayLength(message.repartitionSourceTopics.length);
  for (const value of message.repartitionSourceTopics) writeTopicInfo(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTopicInfo(writer: Writer, message: TopicInfo, version: number): void {
  writer.compactString(message.name);
  writer.int32(message.partitions);
  writer.int16(message.replicationFactor);
  writer.compactArrayLength(message.topicConfigs.length);
  for (const value of message.topicConfigs) writeKeyValue(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeKeyValue(writer: Writer, message: KeyValue, _version: number): void {
  writer.compactString(message.key);
  writer.compactString(message.value);
  writer.taggedFields(message.unknownTaggedFields);
}

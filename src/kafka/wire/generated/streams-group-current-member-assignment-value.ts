// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readInt32Array, readNullableInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupCurrentMemberAssignmentValue: version 0, flexible from 0. */
export const STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE: MessageCodec<StreamsGroupCurrentMemberAssignmentValue> = {
  name: "StreamsGroupCurrentMemberAssignmentValue",
  apiKey: 22,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readStreamsGroupCurrentMemberAssignmentValue,
  write: writeStreamsGroupCurrentMemberAssignmentValue,
};

export interface StreamsGroupCurrentMemberAssignmentValue {
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  readonly state: number;
  readonly activeTasks: readonly TaskIds[];
  readonly standbyTasks: readonly TaskIds[];
  readonly warmupTasks: readonly TaskIds[];
  readonly activeTasksPendingRevocation: readonly TaskIds[];
  readonly standbyTasksPendingRevocation: readonly TaskIds[];
  readonly warmupTasksPendingRevocation: readonly TaskIds[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface TaskIds {
  readonly subtopologyId: string;
  readonly partitions: readonly number[];
  readonly assignmentEpochs: readonly number[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_TASK_IDS: TaskIds = {
  subtopologyId: "",
  partitions: [],
  assignmentEpochs: null,
};

export const DEFAULT_STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE: StreamsGroupCurrentMemberAssignmentValue = {
  memberEpoch: 0,
  previousMemberEpoch: 0,
  state: 0,
  activeTasks: [],
  standbyTasks: [],
  warmupTasks: [],
  activeTasksPendingRevocation: [],
  standbyTasksPendingRevocation: [],
  warmupTasksPendingRevocation: [],
};

export function readStreamsGroupCurrentMemberAssignmentValue(reader: Reader, version: number): StreamsGroupCurrentMemberAssignmentValue {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupCurrentMemberAssignmentValue", version);
  const message: Mutable<StreamsGroupCurrentMemberAssignmentValue> = {
    memberEpoch: reader.int32(),
    previousMemberEpoch: reader.int32(),
    state: reader.int8(),
    activeTasks: readTaskIdsArray(reader, version, reader.compactArrayLength(3)),
    standbyTasks: readTaskIdsArray(reader, version, reader.compactArrayLength(3)),
    warmupTasks: readTaskIdsArray(reader, version, reader.compactArrayLength(3)),
    activeTasksPendingRevocation: readTaskIdsArray(reader, version, reader.compactArrayLength(3)),
    standbyTasksPendingRevocation: readTaskIdsArray(reader, version, reader.compactArrayLength(3)),
    warmupTasksPendingRevocation: readTaskIdsArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTaskIds(reader: Reader, _version: number): TaskIds {
  const message: Mutable<TaskIds> = {
    subtopologyId: reader.compactString(),
    partitions: readInt32Array(reader, reader.compactArrayLength(4)),
    assignmentEpochs: null,
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.assignmentEpochs = readNullableInt32Array(reader, reader.compactNullableArrayLength(4));
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readTaskIdsArray(reader: Reader, version: number, count: number): TaskIds[] {
  const values: TaskIds[] = [];
  for (let index = 0; index < count; index++) values.push(readTaskIds(reader, version));
  return values;
}

export function writeStreamsGroupCurrentMemberAssignmentValue(writer: Writer, message: StreamsGroupCurrentMemberAssignmentValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupCurrentMemberAssignmentValue", version);
  writer.int32(message.memberEpoch);
  writer.int32(message.previousMemberEpoch);
  writer.int8(message.state);
  writer.compactArrayLength(message.activeTasks.length);
  for (const value of message.activeTasks) writeTaskIds(writer, value, version);
  writer.compactArrayLength(message.standbyTasks.length);
  for (const value of message.standbyTasks) writeTaskIds(writer, value, version);
  writer.compactArrayLength(message.warmupTasks.length);
  for (const value of message.warmupTasks) writeTaskIds(writer, value, version);
  writer.compactArrayLength(message.activeTasksPendingRevocation.length);
  for (const value of message.activeTasksPendingRevocation) writeTaskIds(writer, value, version);
  writer.compactArrayLength(message.standbyTasksPendingRevocation.length);
  for (const value of message.standbyTasksPendingRevocation) writeTaskIds(writer, value, version);
  writer.compactArrayLength(message.warmupTasksPendingRevocation.length);
  for (const value of message.warmupTasksPendingRevocation) writeTaskIds(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeTaskIds(writer: Writer, message: TaskIds, _version: number): void {
  writer.compactString(message.subtopologyId);
  writer.compactArrayLength(message.partitions.length);
  writeInt32Array(writer, message.partitions);
  const unknown = message.unknownTaggedFields;
  const has0 = message.assignmentEpochs !== null;
  writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    if (message.assignmentEpochs === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.assignmentEpochs.length);
      writeInt32Array(writer, message.assignmentEpochs);
    }
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupTargetAssignmentMemberValue: version 0, flexible from 0. */
export const STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE: MessageCodec<StreamsGroupTargetAssignmentMemberValue> = {
  name: "StreamsGroupTargetAssignmentMemberValue",
  apiKey: 21,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readStreamsGroupTargetAssignmentMemberValue,
  write: writeStreamsGroupTargetAssignmentMemberValue,
};

export interface StreamsGroupTargetAssignmentMemberValue {
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

export const DEFAULT_TASK_IDS: TaskIds = {
  subtopologyId: "",
  partitions: [],
};

export const DEFAULT_STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE: StreamsGroupTargetAssignmentMemberValue = {
  activeTasks: [],
  standbyTasks: [],
  warmupTasks: [],
};

export function readStreamsGroupTargetAssignmentMemberValue(reader: Reader, version: number): StreamsGroupTargetAssignmentMemberValue {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupTargetAssignmentMemberValue", version);
  const message: Mutable<StreamsGroupTargetAssignmentMemberValue> = {
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

export function writeStreamsGroupTargetAssignmentMemberValue(writer: Writer, message: StreamsGroupTargetAssignmentMemberValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupTargetAssignmentMemberValue", version);
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

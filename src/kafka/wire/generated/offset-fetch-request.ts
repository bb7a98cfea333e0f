// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, notNull, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** OffsetFetchRequest: versions 1 to 10, flexible from 6. */
export const OFFSET_FETCH_REQUEST: MessageCodec<OffsetFetchRequest> = {
  name: "OffsetFetchRequest",
  apiKey: 9,
  minVersion: 1,
  maxVersion: 10,
  flexibleFrom: 6,
  read: readOffsetFetchRequest,
  write: writeOffsetFetchRequest,
};

export interface OffsetFetchRequest {
  /** In versions 1 to 7. */
  readonly groupId: string;
  /** In versions 1 to 7. */
  readonly topics: readonly OffsetFetchRequestTopic[] | null;
  /** In versions 8 and up. */
  readonly groups: readonly OffsetFetchRequestGroup[];
  /** In versions 7 and up. */
  readonly requireStable: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OffsetFetchRequestGroup {
  readonly groupId: string;
  /** In versions 9 and up. */
  readonly memberId: string | null;
  /** In versions 9 and up. */
  readonly memberEpoch: number;
  readonly topics: readonly OffsetFetchRequestTopics[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OffsetFetchRequestTopics {
  /** In versions 8 to 9. */
  readonly name: string;
  /** In versions 10 and up. */
  readonly topicId: Uuid;
  readonly partitionIndexes: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OffsetFetchRequestTopic {
  readonly name: string;
  readonly partitionIndexes: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_OFFSET_FETCH_REQUEST_TOPIC: OffsetFetchRequestTopic = {
  name: "",
  partitionIndexes: [],
};

export const DEFAULT_OFFSET_FETCH_REQUEST_TOPICS: OffsetFetchRequestTopics = {
  name: "",
  topicId: ZERO_UUID,
  partitionIndexes: [],
};

export const DEFAULT_OFFSET_FETCH_REQUEST_GROUP: OffsetFetchRequestGroup = {
  groupId: "",
  memberId: null,
  memberEpoch: -1,
  topics: [],
};

export const DEFAULT_OFFSET_FETCH_REQUEST: OffsetFetchRequest = {
  groupId: "",
  topics: [],
  groups: [],
  requireStable: false,
};

export function readOffsetFetchRequest(reader: Reader, version: number): OffsetFetchRequest {
  if (version < 1 || version > 10) throw unsupportedVersion("OffsetFetchRequest", version);
  const flexible = version >= 6;
  const message: Mutable<OffsetFetchRequest> = {
    groupId: (version <= 7 ? (flexible ? reader.compactString() : reader.string()) : ""),
    topics: (version <= 7 ? (flexible ? readNullableOffsetFetchRequestTopicArray(reader, version, (version >= 2 ? reader.compactNullableArrayLength(3) : reader.compactArrayLength(3))) : readNullableOffsetFetchRequestTopicArray(reader, version, (version >= 2 ? reader.nullableArrayLength(6) : reader.arrayLength(6)))) : []),
    groups: (version >= 8 ? readOffsetFetchRequestGroupArray(reader, version, reader.compactArrayLength(3)) : []),
    requireStable: (version >= 7 ? reader.bool() : false),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOffsetFetchRequestGroup(reader: Reader, version: number): OffsetFetchRequestGroup {
  const message: Mutable<OffsetFetchRequestGroup> = {
    groupId: reader.compactString(),
    memberId: (version >= 9 ? reader.compactNullableString() : null),
    memberEpoch: (version >= 9 ? reader.int32() : -1),
    topics: readNullableOffsetFetchRequestTopicsArray(reader, version, reader.compactNullableArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readOffsetFetchRequestGroupArray(reader: Reader, version: number, count: number): OffsetFetchRequestGroup[] {
  const values: OffsetFetchRequestGroup[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetFetchRequestGroup(reader, version));
  return values;
}

function readOffsetFetchRequestTopics(reader: Reader, version: number): OffsetFetchRequestTopics {
  const message: Mutable<OffsetFetchRequestTopics> = {
    name: (version <= 9 ? reader.compactString() : ""),
    topicId: (version >= 10 ? reader.uuid() : ZERO_UUID),
    partitionIndexes: readInt32Array(reader, reader.compactArrayLength(4)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readOffsetFetchRequestTopicsArray(reader: Reader, version: number, count: number): OffsetFetchRequestTopics[] {
  const values: OffsetFetchRequestTopics[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetFetchRequestTopics(reader, version));
  return values;
}

function readNullableOffsetFetchRequestTopicsArray(reader: Reader, version: number, count: number): OffsetFetchRequestTopics[] | null {
  return count === -1 ? null : readOffsetFetchRequestTopicsArray(reader, version, count);
}

function readOffsetFetchRequestTopic(reader: Reader, version: number): OffsetFetchRequestTopic {
  const flexible = version >= 6;
  const message: Mutable<OffsetFetchRequestTopic> = {
    name: (flexible ? reader.compactString() : reader.string()),
    partitionIndexes: (flexible ? readInt32Array(reader, reader.compactArrayLength(4)) : readInt32Array(reader, reader.arrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOffsetFetchRequestTopicArray(reader: Reader, version: number, count: number): OffsetFetchRequestTopic[] {
  const values: OffsetFetchRequestTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetFetchRequestTopic(reader, version));
  return values;
}

function readNullableOffsetFetchRequestTopicArray(reader: Reader, version: number, count: number): OffsetFetchRequestTopic[] | null {
  return count === -1 ? null : readOffsetFetchRequestTopicArray(reader, version, count);
}

export function writeOffsetFetchRequest(writer: Writer, message: OffsetFetchRequest, version: number): void {
  if (version < 1 || version > 10) throw unsupportedVersion("OffsetFetchRequest", version);
  const flexible = version >= 6;
  if (version <= 7) {
    if (flexible) {
      writer.compactString(message.groupId);
    } else {
      writer.string(message.groupId);
    }
  } else if (message.groupId !== "") {
    throw unsupportedField("OffsetFetchRequest.groupId", version);
  }
  if (version <= 7) {
    if (version < 2) notNull(message.topics, "OffsetFetchRequest.topics", version);
    if (flexible) {
      if (message.topics === null) writer.compactArrayLength(-1);
      else {
        writer.compactArrayLength(message.topics.length);
        for (const value of message.topics) writeOffsetFetchRequestTopic(writer, value, version);
      }
    } else {
      if (message.topics === null) writer.arrayLength(-1);
      else {
        writer.arrayLength(message.topics.length);
        for (const value of message.topics) writeOffsetFetchRequestTopic(writer, value, version);
      }
    }
  } else if ((message.topics === null || message.topics.length !== 0)) {
    throw unsupportedField("OffsetFetchRequest.topics", version);
  }
  if (version >= 8) {
    writer.compactArrayLength(message.groups.length);
    for (const value of message.groups) writeOffsetFetchRequestGroup(writer, value, version);
  } else if (message.groups.length !== 0) {
    throw unsupportedField("OffsetFetchRequest.groups", version);
  }
  if (version >= 7) {
    writer.bool(message.requireStable);
  } else if (message.requireStable) {
    throw unsupportedField("OffsetFetchRequest.requireStable", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetFetchRequest.unknownTaggedFields", version);
  }
}

function writeOffsetFetchRequestGroup(writer: Writer, message: OffsetFetchRequestGroup, version: number): void {
  writer.compactString(message.groupId);
  if (version >= 9) {
    writer.compactNullableString(message.memberId);
  }
  if (version >= 9) {
    writer.int32(message.memberEpoch);
  }
  if (message.topics === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeOffsetFetchRequestTopics(writer, value, version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeOffsetFetchRequestTopics(writer: Writer, message: OffsetFetchRequestTopics, version: number): void {
  if (version <= 9) {
    writer.compactString(message.name);
  }
  if (version >= 10) {
    writer.uuid(message.topicId);
  }
  writer.compactArrayLength(message.partitionIndexes.length);
  writeInt32Array(writer, message.partitionIndexes);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeOffsetFetchRequestTopic(writer: Writer, message: OffsetFetchRequestTopic, version: number): void {
  const flexible = version >= 6;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitionIndexes.length);
    writeInt32Array(writer, message.partitionIndexes);
  } else {
    writer.arrayLength(message.partitionIndexes.length);
    writeInt32Array(writer, message.partitionIndexes);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetFetchRequestTopic.unknownTaggedFields", version);
  }
}

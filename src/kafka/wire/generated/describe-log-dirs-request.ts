// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeLogDirsRequest: versions 1 to 5, flexible from 2. */
export const DESCRIBE_LOG_DIRS_REQUEST: MessageCodec<DescribeLogDirsRequest> = {
  name: "DescribeLogDirsRequest",
  apiKey: 35,
  minVersion: 1,
  maxVersion: 5,
  flexibleFrom: 2,
  read: readDescribeLogDirsRequest,
  write: writeDescribeLogDirsRequest,
};

export interface DescribeLogDirsRequest {
  readonly topics: readonly DescribableLogDirTopic[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribableLogDirTopic {
  readonly topic: string;
  readonly partitions: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DESCRIBABLE_LOG_DIR_TOPIC: DescribableLogDirTopic = {
  topic: "",
  partitions: [],
};

export const DEFAULT_DESCRIBE_LOG_DIRS_REQUEST: DescribeLogDirsRequest = {
  topics: [],
};

export function readDescribeLogDirsRequest(reader: Reader, version: number): DescribeLogDirsRequest {
  if (version < 1 || version > 5) throw unsupportedVersion("DescribeLogDirsRequest", version);
  const flexible = version >= 2;
  const message: Mutable<DescribeLogDirsRequest> = {
    topics: (flexible ? readNullableDescribableLogDirTopicArray(reader, version, reader.compactNullableArrayLength(3)) : readNullableDescribableLogDirTopicArray(reader, version, reader.nullableArrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribableLogDirTopic(reader: Reader, version: number): DescribableLogDirTopic {
  const flexible = version >= 2;
  const message: Mutable<DescribableLogDirTopic> = {
    topic: (flexible ? reader.compactString() : reader.string()),
    partitions: (flexible ? readInt32Array(reader, reader.compactArrayLength(4)) : readInt32Array(reader, reader.arrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribableLogDirTopicArray(reader: Reader, version: number, count: number): DescribableLogDirTopic[] {
  const values: DescribableLogDirTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribableLogDirTopic(reader, version));
  return values;
}

function readNullableDescribableLogDirTopicArray(reader: Reader, version: number, count: number): DescribableLogDirTopic[] | null {
  return count === -1 ? null : readDescribableLogDirTopicArray(reader, version, count);
}

export function writeDescribeLogDirsRequest(writer: Writer, message: DescribeLogDirsRequest, version: number): void {
  if (version < 1 || version > 5) throw unsupportedVersion("DescribeLogDirsRequest", version);
  const flexible = version >= 2;
  if (flexible) {
    if (message.topics === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.topics.length);
      for (const value of message.topics) writeDescribableLogDirTopic(writer, value, version);
    }
  } else {
    if (message.topics === null) writer.arrayLength(-1);
    else {
      writer.arrayLength(message.topics.length);
      for (const value of message.topics) writeDescribableLogDirTopic(writer, value, version);
    }
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeLogDirsRequest.unknownTaggedFields", version);
  }
}

function writeDescribableLogDirTopic(writer: Writer, message: DescribableLogDirTopic, version: number): void {
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
    throw unsupportedField("DescribableLogDirTopic.unknownTaggedFields", version);
  }
}

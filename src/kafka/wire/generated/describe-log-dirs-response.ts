// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeLogDirsResponse: versions 1 to 5, flexible from 2. */
export const DESCRIBE_LOG_DIRS_RESPONSE: MessageCodec<DescribeLogDirsResponse> = {
  name: "DescribeLogDirsResponse",
  apiKey: 35,
  minVersion: 1,
  maxVersion: 5,
  flexibleFrom: 2,
  read: readDescribeLogDirsResponse,
  write: writeDescribeLogDirsResponse,
};

export interface DescribeLogDirsResponse {
  readonly throttleTimeMs: number;
  /** In versions 3 and up. */
  readonly errorCode: number;
  readonly results: readonly DescribeLogDirsResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeLogDirsResult {
  readonly errorCode: number;
  readonly logDir: string;
  readonly topics: readonly DescribeLogDirsTopic[];
  /** In versions 4 and up. */
  readonly totalBytes: Int64;
  /** In versions 4 and up. */
  readonly usableBytes: Int64;
  /** In versions 5 and up. */
  readonly isCordoned: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeLogDirsTopic {
  readonly name: string;
  readonly partitions: readonly DescribeLogDirsPartition[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribeLogDirsPartition {
  readonly partitionIndex: number;
  readonly partitionSize: Int64;
  readonly offsetLag: Int64;
  readonly isFutureKey: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DESCRIBE_LOG_DIRS_PARTITION: DescribeLogDirsPartition = {
  partitionIndex: 0,
  partitionSize: 0,
  offsetLag: 0,
  isFutureKey: false,
};

export const DEFAULT_DESCRIBE_LOG_DIRS_TOPIC: DescribeLogDirsTopic = {
  name: "",
  partitions: [],
};

export const DEFAULT_DESCRIBE_LOG_DIRS_RESULT: DescribeLogDirsResult = {
  errorCode: 0,
  logDir: "",
  topics: [],
  totalBytes: -1,
  usableBytes: -1,
  isCordoned: false,
};

export const DEFAULT_DESCRIBE_LOG_DIRS_RESPONSE: DescribeLogDirsResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  results: [],
};

export function readDescribeLogDirsResponse(reader: Reader, version: number): DescribeLogDirsResponse {
  if (version < 1 || version > 5) throw unsupportedVersion("DescribeLogDirsResponse", version);
  const flexible = version >= 2;
  const message: Mutable<DescribeLogDirsResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: (version >= 3 ? reader.int16() : 0),
    results: (flexible ? readDescribeLogDirsResultArray(reader, version, reader.compactArrayLength(5)) : readDescribeLogDirsResultArray(reader, version, reader.arrayLength(8))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribeLogDirsResult(reader: Reader, version: number): DescribeLogDirsResult {
  const flexible = version >= 2;
  const message: Mutable<DescribeLogDirsResult> = {
    errorCode: reader.int16(),
    logDir: (flexible ? reader.compactString() : reader.string()),
    topics: (flexible ? readDescribeLogDirsTopicArray(reader, version, reader.compactArrayLength(3)) : readDescribeLogDirsTopicArray(reader, version, reader.arrayLength(6))),
    totalBytes: (version >= 4 ? reader.int64() : -1),
    usableBytes: (version >= 4 ? reader.int64() : -1),
    isCordoned: (version >= 5 ? reader.bool() : false),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribeLogDirsResultArray(reader: Reader, version: number, count: number): DescribeLogDirsResult[] {
  const values: DescribeLogDirsResult[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeLogDirsResult(reader, version));
  return values;
}

function readDescribeLogDirsTopic(reader: Reader, version: number): DescribeLogDirsTopic {
  const flexible = version >= 2;
  const message: Mutable<DescribeLogDirsTopic> = {
    name: (flexible ? reader.compactString() : reader.string()),
    partitions: (flexible ? readDescribeLogDirsPartitionArray(reader, version, reader.compactArrayLength(22)) : readDescribeLogDirsPartitionArray(reader, version, reader.arrayLength(21))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribeLogDirsTopicArray(reader: Reader, version: number, count: number): DescribeLogDirsTopic[] {
  const values: DescribeLogDirsTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeLogDirsTopic(reader, version));
  return values;
}

function readDescribeLogDirsPartition(reader: Reader, version: number): DescribeLogDirsPartition {
  const flexible = version >= 2;
  const message: Mutable<DescribeLogDirsPartition> = {
    partitionIndex: reader.int32(),
    partitionSize: reader.int64(),
    offsetLag: reader.int64(),
    isFutureKey: reader.bool(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribeLogDirsPartitionArray(reader: Reader, version: number, count: number): DescribeLogDirsPartition[] {
  const values: DescribeLogDirsPartition[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribeLogDirsPartition(reader, version));
  return values;
}

export function writeDescribeLogDirsResponse(writer: Writer, message: DescribeLogDirsResponse, version: number): void {
  if (version < 1 || version > 5) throw unsupportedVersion("DescribeLogDirsResponse", version);
  const flexible = version >= 2;
  writer.int32(message.throttleTimeMs);
  if (version >= 3) {
    writer.int16(message.errorCode);
  }
  if (flexible) {
    writer.compactArrayLength(message.results.length);
    for (const value of message.results) writeDescribeLogDirsResult(writer, value, version);
  } else {
    writer.arrayLength(message.results.length);
    for (const value of message.results) writeDescribeLogDirsResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeLogDirsResponse.unknownTaggedFields", version);
  }
}

function writeDescribeLogDirsResult(writer: Writer, message: DescribeLogDirsResult, version: number): void {
  const flexible = version >= 2;
  writer.int16(message.errorCode);
  if (flexible) {
    writer.compactString(message.logDir);
  } else {
    writer.string(message.logDir);
  }
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeDescribeLogDirsTopic(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeDescribeLogDirsTopic(writer, value, version);
  }
  if (version >= 4) {
    writer.int64(message.totalBytes);
  }
  if (version >= 4) {
    writer.int64(message.usableBytes);
  }
  if (version >= 5) {
    writer.bool(message.isCordoned);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeLogDirsResult.unknownTaggedFields", version);
  }
}

function writeDescribeLogDirsTopic(writer: Writer, message: DescribeLogDirsTopic, version: number): void {
  const flexible = version >= 2;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitions.length);
    for (const value of message.partitions) writeDescribeLogDirsPartition(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writeDescribeLogDirsPartition(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeLogDirsTopic.unknownTaggedFields", version);
  }
}

function writeDescribeLogDirsPartition(writer: Writer, message: DescribeLogDirsPartition, version: number): void {
  const flexible = version >= 2;
  writer.int32(message.partitionIndex);
  writer.int64(message.partitionSize);
  writer.int64(message.offsetLag);
  writer.bool(message.isFutureKey);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeLogDirsPartition.unknownTaggedFields", version);
  }
}

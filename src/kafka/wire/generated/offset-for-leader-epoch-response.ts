// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** OffsetForLeaderEpochResponse: versions 2 to 4, flexible from 4. */
export const OFFSET_FOR_LEADER_EPOCH_RESPONSE: MessageCodec<OffsetForLeaderEpochResponse> = {
  name: "OffsetForLeaderEpochResponse",
  apiKey: 23,
  minVersion: 2,
  maxVersion: 4,
  flexibleFrom: 4,
  read: readOffsetForLeaderEpochResponse,
  write: writeOffsetForLeaderEpochResponse,
};

export interface OffsetForLeaderEpochResponse {
  readonly throttleTimeMs: number;
  readonly topics: readonly OffsetForLeaderTopicResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OffsetForLeaderTopicResult {
  readonly topic: string;
  readonly partitions: readonly EpochEndOffset[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface EpochEndOffset {
  readonly errorCode: number;
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly endOffset: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_EPOCH_END_OFFSET: EpochEndOffset = {
  errorCode: 0,
  partition: 0,
  leaderEpoch: -1,
  endOffset: -1,
};

export const DEFAULT_OFFSET_FOR_LEADER_TOPIC_RESULT: OffsetForLeaderTopicResult = {
  topic: "",
  partitions: [],
};

export const DEFAULT_OFFSET_FOR_LEADER_EPOCH_RESPONSE: OffsetForLeaderEpochResponse = {
  throttleTimeMs: 0,
  topics: [],
};

export function readOffsetForLeaderEpochResponse(reader: Reader, version: number): OffsetForLeaderEpochResponse {
  if (version < 2 || version > 4) throw unsupportedVersion("OffsetForLeaderEpochResponse", version);
  const flexible = version >= 4;
  const message: Mutable<OffsetForLeaderEpochResponse> = {
    throttleTimeMs: reader.int32(),
    topics: (flexible ? readOffsetForLeaderTopicResultArray(reader, version, reader.compactArrayLength(3)) : readOffsetForLeaderTopicResultArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOffsetForLeaderTopicResult(reader: Reader, version: number): OffsetForLeaderTopicResult {
  const flexible = version >= 4;
  const message: Mutable<OffsetForLeaderTopicResult> = {
    topic: (flexible ? reader.compactString() : reader.string()),
    partitions: (flexible ? readEpochEndOffsetArray(reader, version, reader.compactArrayLength(19)) : readEpochEndOffsetArray(reader, version, reader.arrayLength(18))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOffsetForLeaderTopicResultArray(reader: Reader, version: number, count: number): OffsetForLeaderTopicResult[] {
  const values: OffsetForLeaderTopicResult[] = [];
  for (let index = 0; index < count; index++) values.push(readOffsetForLeaderTopicResult(reader, version));
  return values;
}

function readEpochEndOffset(reader: Reader, version: number): EpochEndOffset {
  const flexible = version >= 4;
  const message: Mutable<EpochEndOffset> = {
    errorCode: reader.int16(),
    partition: reader.int32(),
    leaderEpoch: reader.int32(),
    endOffset: reader.int64(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readEpochEndOffsetArray(reader: Reader, version: number, count: number): EpochEndOffset[] {
  const values: EpochEndOffset[] = [];
  for (let index = 0; index < count; index++) values.push(readEpochEndOffset(reader, version));
  return values;
}

export function writeOffsetForLeaderEpochResponse(writer: Writer, message: OffsetForLeaderEpochResponse, version: number): void {
  if (version < 2 || version > 4) throw unsupportedVersion("OffsetForLeaderEpochResponse", version);
  const flexible = version >= 4;
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.compactArrayLength(message.topics.length);
    for (const value of message.topics) writeOffsetForLeaderTopicResult(writer, value, version);
  } else {
    writer.arrayLength(message.topics.length);
    for (const value of message.topics) writeOffsetForLeaderTopicResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetForLeaderEpochResponse.unknownTaggedFields", version);
  }
}

function writeOffsetForLeaderTopicResult(writer: Writer, message: OffsetForLeaderTopicResult, version: number): void {
  const flexible = version >= 4;
  if (flexible) {
    writer.compactString(message.topic);
  } else {
    writer.string(message.topic);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitions.length);
    for (const value of message.partitions) writeEpochEndOffset(writer, value, version);
  } else {
    writer.arrayLength(message.partitions.length);
    for (const value of message.partitions) writeEpochEndOffset(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OffsetForLeaderTopicResult.unknownTaggedFields", version);
  }
}

function writeEpochEndOffset(writer: Writer, message: EpochEndOffset, version: number): void {
  const flexible = version >= 4;
  writer.int16(message.errorCode);
  writer.int32(message.partition);
  writer.int32(message.leaderEpoch);
  writer.int64(message.endOffset);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("EpochEndOffset.unknownTaggedFields", version);
  }
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AddPartitionsToTxnResponse: versions 0 to 5, flexible from 3. */
export const ADD_PARTITIONS_TO_TXN_RESPONSE: MessageCodec<AddPartitionsToTxnResponse> = {
  name: "AddPartitionsToTxnResponse",
  apiKey: 24,
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  read: readAddPartitionsToTxnResponse,
  write: writeAddPartitionsToTxnResponse,
};

export interface AddPartitionsToTxnResponse {
  readonly throttleTimeMs: number;
  /** In versions 4 and up. */
  readonly errorCode: number;
  /** In versions 4 and up. */
  readonly resultsByTransaction: readonly AddPartitionsToTxnResult[];
  /** In versions 0 to 3. */
  readonly resultsByTopicV3AndBelow: readonly AddPartitionsToTxnTopicResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AddPartitionsToTxnResult {
  readonly transactionalId: string;
  readonly topicResults: readonly AddPartitionsToTxnTopicResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AddPartitionsToTxnTopicResult {
  readonly name: string;
  readonly resultsByPartition: readonly AddPartitionsToTxnPartitionResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AddPartitionsToTxnPartitionResult {
  readonly partitionIndex: number;
  readonly partitionErrorCode: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ADD_PARTITIONS_TO_TXN_PARTITION_RESULT: AddPartitionsToTxnPartitionResult = {
  partitionIndex: 0,
  partitionErrorCode: 0,
};

export const DEFAULT_ADD_PARTITIONS_TO_TXN_TOPIC_RESULT: AddPartitionsToTxnTopicResult = {
  name: "",
  resultsByPartition: [],
};

export const DEFAULT_ADD_PARTITIONS_TO_TXN_RESULT: AddPartitionsToTxnResult = {
  transactionalId: "",
  topicResults: [],
};

export const DEFAULT_ADD_PARTITIONS_TO_TXN_RESPONSE: AddPartitionsToTxnResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  resultsByTransaction: [],
  resultsByTopicV3AndBelow: [],
};

export function readAddPartitionsToTxnResponse(reader: Reader, version: number): AddPartitionsToTxnResponse {
  if (version < 0 || version > 5) throw unsupportedVersion("AddPartitionsToTxnResponse", version);
  const flexible = version >= 3;
  const message: Mutable<AddPartitionsToTxnResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: (version >= 4 ? reader.int16() : 0),
    resultsByTransaction: (version >= 4 ? readAddPartitionsToTxnResultArray(reader, version, reader.compactArrayLength(3)) : []),
    resultsByTopicV3AndBelow: (version <= 3 ? (flexible ? readAddPartitionsToTxnTopicResultArray(reader, version, reader.compactArrayLength(3)) : readAddPartitionsToTxnTopicResultArray(reader, version, reader.arrayLength(6))) : []),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAddPartitionsToTxnResult(reader: Reader, version: number): AddPartitionsToTxnResult {
  const message: Mutable<AddPartitionsToTxnResult> = {
    transactionalId: reader.compactString(),
    topicResults: readAddPartitionsToTxnTopicResultArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readAddPartitionsToTxnResultArray(reader: Reader, version: number, count: number): AddPartitionsToTxnResult[] {
  const values: AddPartitionsToTxnResult[] = [];
  for (let index = 0; index < count; index++) values.push(readAddPartitionsToTxnResult(reader, version));
  return values;
}

function readAddPartitionsToTxnTopicResult(reader: Reader, version: number): AddPartitionsToTxnTopicResult {
  const flexible = version >= 3;
  const message: Mutable<AddPartitionsToTxnTopicResult> = {
    name: (flexible ? reader.compactString() : reader.string()),
    resultsByPartition: (flexible ? readAddPartitionsToTxnPartitionResultArray(reader, version, reader.compactArrayLength(7)) : readAddPartitionsToTxnPartitionResultArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAddPartitionsToTxnTopicResultArray(reader: Reader, version: number, count: number): AddPartitionsToTxnTopicResult[] {
  const values: AddPartitionsToTxnTopicResult[] = [];
  for (let index = 0; index < count; index++) values.push(readAddPartitionsToTxnTopicResult(reader, version));
  return values;
}

function readAddPartitionsToTxnPartitionResult(reader: Reader, version: number): AddPartitionsToTxnPartitionResult {
  const flexible = version >= 3;
  const message: Mutable<AddPartitionsToTxnPartitionResult> = {
    partitionIndex: reader.int32(),
    partitionErrorCode: reader.int16(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAddPartitionsToTxnPartitionResultArray(reader: Reader, version: number, count: number): AddPartitionsToTxnPartitionResult[] {
  const values: AddPartitionsToTxnPartitionResult[] = [];
  for (let index = 0; index < count; index++) values.push(readAddPartitionsToTxnPartitionResult(reader, version));
  return values;
}

export function writeAddPartitionsToTxnResponse(writer: Writer, message: AddPartitionsToTxnResponse, version: number): void {
  if (version < 0 || version > 5) throw unsupportedVersion("AddPartitionsToTxnResponse", version);
  const flexible = version >= 3;
  writer.int32(message.throttleTimeMs);
  if (version >= 4) {
    writer.int16(message.errorCode);
  }
  if (version >= 4) {
    writer.compactArrayLength(message.resultsByTransaction.length);
    for (const value of message.resultsByTransaction) writeAddPartitionsToTxnResult(writer, value, version);
  } else if (message.resultsByTransaction.length !== 0) {
    throw unsupportedField("AddPartitionsToTxnResponse.resultsByTransaction", version);
  }
  if (version <= 3) {
    if (flexible) {
      writer.compactArrayLength(message.resultsByTopicV3AndBelow.length);
      for (const value of message.resultsByTopicV3AndBelow) writeAddPartitionsToTxnTopicResult(writer, value, version);
    } else {
      writer.arrayLength(message.resultsByTopicV3AndBelow.length);
      for (const value of message.resultsByTopicV3AndBelow) writeAddPartitionsToTxnTopicResult(writer, value, version);
    }
  } else if (message.resultsByTopicV3AndBelow.length !== 0) {
    throw unsupportedField("AddPartitionsToTxnResponse.resultsByTopicV3AndBelow", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AddPartitionsToTxnResponse.unknownTaggedFields", version);
  }
}

function writeAddPartitionsToTxnResult(writer: Writer, message: AddPartitionsToTxnResult, version: number): void {
  writer.compactString(message.transactionalId);
  writer.compactArrayLength(message.topicResults.length);
  for (const value of message.topicResults) writeAddPartitionsToTxnTopicResult(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeAddPartitionsToTxnTopicResult(writer: Writer, message: AddPartitionsToTxnTopicResult, version: number): void {
  const flexible = version >= 3;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  if (flexible) {
    writer.compactArrayLength(message.resultsByPartition.length);
    for (const value of message.resultsByPartition) writeAddPartitionsToTxnPartitionResult(writer, value, version);
  } else {
    writer.arrayLength(message.resultsByPartition.length);
    for (const value of message.resultsByPartition) writeAddPartitionsToTxnPartitionResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AddPartitionsToTxnTopicResult.unknownTaggedFields", version);
  }
}

function writeAddPartitionsToTxnPartitionResult(writer: Writer, message: AddPartitionsToTxnPartitionResult, version: number): void {
  const flexible = version >= 3;
  writer.int32(message.partitionIndex);
  writer.int16(message.partitionErrorCode);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AddPartitionsToTxnPartitionResult.unknownTaggedFields", version);
  }
}

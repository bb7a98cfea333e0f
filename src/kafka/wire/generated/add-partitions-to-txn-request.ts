// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AddPartitionsToTxnRequest: versions 0 to 5, flexible from 3. */
export const ADD_PARTITIONS_TO_TXN_REQUEST: MessageCodec<AddPartitionsToTxnRequest> = {
  name: "AddPartitionsToTxnRequest",
  apiKey: 24,
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  read: readAddPartitionsToTxnRequest,
  write: writeAddPartitionsToTxnRequest,
};

export interface AddPartitionsToTxnRequest {
  /** In versions 4 and up. */
  readonly transactions: readonly AddPartitionsToTxnTransaction[];
  /** In versions 0 to 3. */
  readonly v3AndBelowTransactionalId: string;
  /** In versions 0 to 3. */
  readonly v3AndBelowProducerId: Int64;
  /** In versions 0 to 3. */
  readonly v3AndBelowProducerEpoch: number;
  /** In versions 0 to 3. */
  readonly v3AndBelowTopics: readonly AddPartitionsToTxnTopic[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AddPartitionsToTxnTransaction {
  readonly transactionalId: string;
  readonly producerId: Int64;
  readonly producerEpoch: number;
  readonly verifyOnly: boolean;
  readonly topics: readonly AddPartitionsToTxnTopic[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface AddPartitionsToTxnTopic {
  readonly name: string;
  readonly partitions: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ADD_PARTITIONS_TO_TXN_TOPIC: AddPartitionsToTxnTopic = {
  name: "",
  partitions: [],
};

export const DEFAULT_ADD_PARTITIONS_TO_TXN_TRANSACTION: AddPartitionsToTxnTransaction = {
  transactionalId: "",
  producerId: 0,
  producerEpoch: 0,
  verifyOnly: false,
  topics: [],
};

export const DEFAULT_ADD_PARTITIONS_TO_TXN_REQUEST: AddPartitionsToTxnRequest = {
  transactions: [],
  v3AndBelowTransactionalId: "",
  v3AndBelowProducerId: 0,
  v3AndBelowProducerEpoch: 0,
  v3AndBelowTopics: [],
};

export function readAddPartitionsToTxnRequest(reader: Reader, version: number): AddPartitionsToTxnRequest {
  if (version < 0 || version > 5) throw unsupportedVersion("AddPartitionsToTxnRequest", version);
  const flexible = version >= 3;
  const message: Mutable<AddPartitionsToTxnRequest> = {
    transactions: (version >= 4 ? readAddPartitionsToTxnTransactionArray(reader, version, reader.compactArrayLength(14)) : []),
    v3AndBelowTransactionalId: (version <= 3 ? (flexible ? reader.compactString() : reader.string()) : ""),
    v3AndBelowProducerId: (version <= 3 ? reader.int64() : 0),
    v3AndBelowProducerEpoch: (version <= 3 ? reader.int16() : 0),
    v3AndBelowTopics: (version <= 3 ? (flexible ? readAddPartitionsToTxnTopicArray(reader, version, reader.compactArrayLength(3)) : readAddPartitionsToTxnTopicArray(reader, version, reader.arrayLength(6))) : []),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAddPartitionsToTxnTransaction(reader: Reader, version: number): AddPartitionsToTxnTransaction {
  const message: Mutable<AddPartitionsToTxnTransaction> = {
    transactionalId: reader.compactString(),
    producerId: reader.int64(),
    producerEpoch: reader.int16(),
    verifyOnly: reader.bool(),
    topics: readAddPartitionsToTxnTopicArray(reader, version, reader.compactArrayLength(3)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readAddPartitionsToTxnTransactionArray(reader: Reader, version: number, count: number): AddPartitionsToTxnTransaction[] {
  const values: AddPartitionsToTxnTransaction[] = [];
  for (let index = 0; index < count; index++) values.push(readAddPartitionsToTxnTransaction(reader, version));
  return values;
}

function readAddPartitionsToTxnTopic(reader: Reader, version: number): AddPartitionsToTxnTopic {
  const flexible = version >= 3;
  const message: Mutable<AddPartitionsToTxnTopic> = {
    name: (flexible ? reader.compactString() : reader.string()),
    partitions: (flexible ? readInt32Array(reader, reader.compactArrayLength(4)) : readInt32Array(reader, reader.arrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readAddPartitionsToTxnTopicArray(reader: Reader, version: number, count: number): AddPartitionsToTxnTopic[] {
  const values: AddPartitionsToTxnTopic[] = [];
  for (let index = 0; index < count; index++) values.push(readAddPartitionsToTxnTopic(reader, version));
  return values;
}

export function writeAddPartitionsToTxnRequest(writer: Writer, message: AddPartitionsToTxnRequest, version: number): void {
  if (version < 0 || version > 5) throw unsupportedVersion("AddPartitionsToTxnRequest", version);
  const flexible = version >= 3;
  if (version >= 4) {
    writer.compactArrayLength(message.transactions.length);
    for (const value of message.transactions) writeAddPartitionsToTxnTransaction(writer, value, version);
  } else if (message.transactions.length !== 0) {
    throw unsupportedField("AddPartitionsToTxnRequest.transactions", version);
  }
  if (version <= 3) {
    if (flexible) {
      writer.compactString(message.v3AndBelowTransactionalId);
    } else {
      writer.string(message.v3AndBelowTransactionalId);
    }
  } else if (message.v3AndBelowTransactionalId !== "") {
    throw unsupportedField("AddPartitionsToTxnRequest.v3AndBelowTransactionalId", version);
  }
  if (version <= 3) {
    writer.int64(message.v3AndBelowProducerId);
  } else if (message.v3AndBelowProducerId != 0) {
    throw unsupportedField("AddPartitionsToTxnRequest.v3AndBelowProducerId", version);
  }
  if (version <= 3) {
    writer.int16(message.v3AndBelowProducerEpoch);
  } else if (message.v3AndBelowProducerEpoch !== 0) {
    throw unsupportedField("AddPartitionsToTxnRequest.v3AndBelowProducerEpoch", version);
  }
  if (version <= 3) {
    if (flexible) {
      writer.compactArrayLength(message.v3AndBelowTopics.length);
      for (const value of message.v3AndBelowTopics) writeAddPartitionsToTxnTopic(writer, value, version);
    } else {
      writer.arrayLength(message.v3AndBelowTopics.length);
      for (const value of message.v3AndBelowTopics) writeAddPartitionsToTxnTopic(writer, value, version);
    }
  } else if (message.v3AndBelowTopics.length !== 0) {
    throw unsupportedField("AddPartitionsToTxnRequest.v3AndBelowTopics", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AddPartitionsToTxnRequest.unknownTaggedFields", version);
  }
}

function writeAddPartitionsToTxnTransaction(writer: Writer, message: AddPartitionsToTxnTransaction, version: number): void {
  writer.compactString(message.transactionalId);
  writer.int64(message.producerId);
  writer.int16(message.producerEpoch);
  writer.bool(message.verifyOnly);
  writer.compactArrayLength(message.topics.length);
  for (const value of message.topics) writeAddPartitionsToTxnTopic(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeAddPartitionsToTxnTopic(writer: Writer, message: AddPartitionsToTxnTopic, version: number): void {
  const flexible = version >= 3;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
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
    throw unsupportedField("AddPartitionsToTxnTopic.unknownTaggedFields", version);
  }
}

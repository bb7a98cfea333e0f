// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { readInt32Array, writeInt32Array } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** TransactionLogValue: versions 0 to 1, flexible from 1. */
export const TRANSACTION_LOG_VALUE: MessageCodec<TransactionLogValue> = {
  name: "TransactionLogValue",
  apiKey: 0,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readTransactionLogValue,
  write: writeTransactionLogValue,
};

export interface TransactionLogValue {
  readonly producerId: Int64;
  /** In versions 1 and up. */
  readonly previousProducerId: Int64;
  /** In versions 1 and up. */
  readonly nextProducerId: Int64;
  readonly producerEpoch: number;
  /** In versions 1 and up. */
  readonly nextProducerEpoch: number;
  readonly transactionTimeoutMs: number;
  readonly transactionStatus: number;
  readonly transactionPartitions: readonly PartitionsSchema[] | null;
  readonly transactionLastUpdateTimestampMs: Int64;
  readonly transactionStartTimestampMs: Int64;
  /** In versions 1 and up. */
  readonly clientTransactionVersion: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface PartitionsSchema {
  readonly topic: string;
  readonly partitionIds: readonly number[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PARTITIONS_SCHEMA: PartitionsSchema = {
  topic: "",
  partitionIds: [],
};

export const DEFAULT_TRANSACTION_LOG_VALUE: TransactionLogValue = {
  producerId: 0,
  previousProducerId: -1,
  nextProducerId: -1,
  producerEpoch: 0,
  nextProducerEpoch: -1,
  transactionTimeoutMs: 0,
  transactionStatus: 0,
  transactionPartitions: [],
  transactionLastUpdateTimestampMs: 0,
  transactionStartTimestampMs: 0,
  clientTransactionVersion: 0,
};

export function readTransactionLogValue(reader: Reader, version: number): TransactionLogValue {
  if (version < 0 || version > 1) throw unsupportedVersion("TransactionLogValue", version);
  const flexible = version >= 1;
  const message: Mutable<TransactionLogValue> = {
    producerId: reader.int64(),
    previousProducerId: -1,
    nextProducerId: -1,
    producerEpoch: reader.int16(),
    nextProducerEpoch: -1,
    transactionTimeoutMs: reader.int32(),
    transactionStatus: reader.int8(),
    transactionPartitions: (flexible ? readNullablePartitionsSchemaArray(reader, version, reader.compactNullableArrayLength(3)) : readNullablePartitionsSchemaArray(reader, version, reader.nullableArrayLength(6))),
    transactionLastUpdateTimestampMs: reader.int64(),
    transactionStartTimestampMs: reader.int64(),
    clientTransactionVersion: 0,
  };
  let count = flexible ? reader.taggedFieldCount() : 0;
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.previousProducerId = reader.int64();
    } else if (tag === 1) {
      message.nextProducerId = reader.int64();
    } else if (tag === 3) {
      message.nextProducerEpoch = reader.int16();
    } else if (tag === 2) {
      message.clientTransactionVersion = reader.int16();
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readPartitionsSchema(reader: Reader, version: number): PartitionsSchema {
  const flexible = version >= 1;
  const message: Mutable<PartitionsSchema> = {
    topic: (flexible ? reader.compactString() : reader.string()),
    partitionIds: (flexible ? readInt32Array(reader, reader.compactArrayLength(4)) : readInt32Array(reader, reader.arrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readPartitionsSchemaArray(reader: Reader, version: number, count: number): PartitionsSchema[] {
  const values: PartitionsSchema[] = [];
  for (let index = 0; index < count; index++) values.push(readPartitionsSchema(reader, version));
  return values;
}

function readNullablePartitionsSchemaArray(reader: Reader, version: number, count: number): PartitionsSchema[] | null {
  return count === -1 ? null : readPartitionsSchemaArray(reader, version, count);
}

export function writeTransactionLogValue(writer: Writer, message: TransactionLogValue, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("TransactionLogValue", version);
  const flexible = version >= 1;
  writer.int64(message.producerId);
  if (version < 1 && message.previousProducerId != -1) {
    throw unsupportedField("TransactionLogValue.previousProducerId", version);
  }
  if (version < 1 && message.nextProducerId != -1) {
    throw unsupportedField("TransactionLogValue.nextProducerId", version);
  }
  writer.int16(message.producerEpoch);
  if (version < 1 && message.nextProducerEpoch !== -1) {
    throw unsupportedField("TransactionLogValue.nextProducerEpoch", version);
  }
  writer.int32(message.transactionTimeoutMs);
  writer.int8(message.transactionStatus);
  if (flexible) {
    if (message.transactionPartitions === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.transactionPartitions.length);
      for (const value of message.transactionPartitions) writePartitionsSchema(writer, value, version);
    }
  } else {
    if (message.transactionPartitions === null) writer.arrayLength(-1);
    else {
      writer.arrayLength(message.transactionPartitions.length);
      for (const value of message.transactionPartitions) writePartitionsSchema(writer, value, version);
    }
  }
  writer.int64(message.transactionLastUpdateTimestampMs);
  writer.int64(message.transactionStartTimestampMs);
  if (version < 1 && message.clientTransactionVersion !== 0) {
    throw unsupportedField("TransactionLogValue.clientTransactionVersion", version);
  }
  if (flexible) {
    const unknown = message.unknownTaggedFields;
    const has0 = message.previousProducerId != -1;
    const has1 = message.nextProducerId != -1;
    const has2 = message.clientTransactionVersion !== 0;
    const has3 = message.nextProducerEpoch !== -1;
    writer.unsignedVarint((has0 ? 1 : 0) + (has1 ? 1 : 0) + (has2 ? 1 : 0) + (has3 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
    let next = 0;
    next = writer.unknownTaggedFields(unknown, next, 0);
    if (has0) {
      const at = writer.beginTaggedField(0);
      writer.int64(message.previousProducerId);
      writer.endTaggedField(at);
    }
    next = writer.unknownTaggedFields(unknown, next, 1);
    if (has1) {
      const at = writer.beginTaggedField(1);
      writer.int64(message.nextProducerId);
      writer.endTaggedField(at);
    }
    next = writer.unknownTaggedFields(unknown, next, 2);
    if (has2) {
      const at = writer.beginTaggedField(2);
      writer.int16(message.clientTransactionVersion);
      writer.endTaggedField(at);
    }
    next = writer.unknownTaggedFields(unknown, next, 3);
    if (has3) {
      const at = writer.beginTaggedField(3);
      writer.int16(message.nextProducerEpoch);
      writer.endTaggedField(at);
    }
    writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("TransactionLogValue.unknownTaggedFields", version);
  }
}

function writePartitionsSchema(writer: Writer, message: PartitionsSchema, version: number): void {
  const flexible = version >= 1;
  if (flexible) {
    writer.compactString(message.topic);
  } else {
    writer.string(message.topic);
  }
  if (flexible) {
    writer.compactArrayLength(message.partitionIds.length);
    writeInt32Array(writer, message.partitionIds);
  } else {
    writer.arrayLength(message.partitionIds.length);
    writeInt32Array(writer, message.partitionIds);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("PartitionsSchema.unknownTaggedFields", version);
  }
}

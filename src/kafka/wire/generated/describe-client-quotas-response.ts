// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeClientQuotasResponse: versions 0 to 1, flexible from 1. */
export const DESCRIBE_CLIENT_QUOTAS_RESPONSE: MessageCodec<DescribeClientQuotasResponse> = {
  name: "DescribeClientQuotasResponse",
  apiKey: 48,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readDescribeClientQuotasResponse,
  write: writeDescribeClientQuotasResponse,
};

export interface DescribeClientQuotasResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly entries: readonly EntryData[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface EntryData {
  readonly entity: readonly EntityData[];
  readonly values: readonly ValueData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ValueData {
  readonly key: string;
  readonly value: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface EntityData {
  readonly entityType: string;
  readonly entityName: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ENTITY_DATA: EntityData = {
  entityType: "",
  entityName: "",
};

export const DEFAULT_VALUE_DATA: ValueData = {
  key: "",
  value: 0,
};

export const DEFAULT_ENTRY_DATA: EntryData = {
  entity: [],
  values: [],
};

export const DEFAULT_DESCRIBE_CLIENT_QUOTAS_RESPONSE: DescribeClientQuotasResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: "",
  entries: [],
};

export function readDescribeClientQuotasResponse(reader: Reader, version: number): DescribeClientQuotasResponse {
  if (version < 0 || version > 1) throw unsupportedVersion("DescribeClientQuotasResponse", version);
  const flexible = version >= 1;
  const message: Mutable<DescribeClientQuotasResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: (flexible ? reader.compactNullableString() : reader.nullableString()),
    entries: (flexible ? readNullableEntryDataArray(reader, version, reader.compactNullableArrayLength(3)) : readNullableEntryDataArray(reader, version, reader.nullableArrayLength(8))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readEntryData(reader: Reader, version: number): EntryData {
  const flexible = version >= 1;
  const message: Mutable<EntryData> = {
    entity: (flexible ? readEntityDataArray(reader, version, reader.compactArrayLength(3)) : readEntityDataArray(reader, version, reader.arrayLength(4))),
    values: (flexible ? readValueDataArray(reader, version, reader.compactArrayLength(10)) : readValueDataArray(reader, version, reader.arrayLength(10))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readEntryDataArray(reader: Reader, version: number, count: number): EntryData[] {
  const values: EntryData[] = [];
  for (let index = 0; index < count; index++) values.push(readEntryData(reader, version));
  return values;
}

function readNullableEntryDataArray(reader: Reader, version: number, count: number): EntryData[] | null {
  return count === -1 ? null : readEntryDataArray(reader, version, count);
}

function readValueData(reader: Reader, version: number): ValueData {
  const flexible = version >= 1;
  const message: Mutable<ValueData> = {
    key: (flexible ? reader.compactString() : reader.string()),
    value: reader.float64(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readValueDataArray(reader: Reader, version: number, count: number): ValueData[] {
  const values: ValueData[] = [];
  for (let index = 0; index < count; index++) values.push(readValueData(reader, version));
  return values;
}

function readEntityData(reader: Reader, version: number): EntityData {
  const flexible = version >= 1;
  const message: Mutable<EntityData> = {
    entityType: (flexible ? reader.compactString() : reader.string()),
    entityName: (flexible ? reader.compactNullableString() : reader.nullableString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readEntityDataArray(reader: Reader, version: number, count: number): EntityData[] {
  const values: EntityData[] = [];
  for (let index = 0; index < count; index++) values.push(readEntityData(reader, version));
  return values;
}

export function writeDescribeClientQuotasResponse(writer: Writer, message: DescribeClientQuotasResponse, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("DescribeClientQuotasResponse", version);
  const flexible = version >= 1;
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  if (flexible) {
    writer.compactNullableString(message.errorMessage);
  } else {
    writer.nullableString(message.errorMessage);
  }
  if (flexible) {
    if (message.entries === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.entries.length);
      for (const value of message.entries) writeEntryData(writer, value, version);
    }
  } else {
    if (message.entries === null) writer.arrayLength(-1);
    else {
      writer.arrayLength(message.entries.length);
      for (const value of message.entries) writeEntryData(writer, value, version);
    }
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeClientQuotasResponse.unknownTaggedFields", version);
  }
}

function writeEntryData(writer: Writer, message: EntryData, version: number): void {
  const flexible = version >= 1;
  if (flexible) {
    writer.compactArrayLength(message.entity.length);
    for (const value of message.entity) writeEntityData(writer, value, version);
  } else {
    writer.arrayLength(message.entity.length);
    for (const value of message.entity) writeEntityData(writer, value, version);
  }
  if (flexible) {
    writer.compactArrayLength(message.values.length);
    for (const value of message.values) writeValueData(writer, value, version);
  } else {
    writer.arrayLength(message.values.length);
    for (const value of message.values) writeValueData(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("EntryData.unknownTaggedFields", version);
  }
}

function writeValueData(writer: Writer, message: ValueData, version: number): void {
  const flexible = version >= 1;
  if (flexible) {
    writer.compactString(message.key);
  } else {
    writer.string(message.key);
  }
  writer.float64(message.value);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ValueData.unknownTaggedFields", version);
  }
}

function writeEntityData(writer: Writer, message: EntityData, version: number): void {
  const flexible = version >= 1;
  if (flexible) {
    writer.compactString(message.entityType);
  } else {
    writer.string(message.entityType);
  }
  if (flexible) {
    writer.compactNullableString(message.entityName);
  } else {
    writer.nullableString(message.entityName);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("EntityData.unknownTaggedFields", version);
  }
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AlterClientQuotasResponse: versions 0 to 1, flexible from 1. */
export const ALTER_CLIENT_QUOTAS_RESPONSE: MessageCodec<AlterClientQuotasResponse> = {
  name: "AlterClientQuotasResponse",
  apiKey: 49,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readAlterClientQuotasResponse,
  write: writeAlterClientQuotasResponse,
};

export interface AlterClientQuotasResponse {
  readonly throttleTimeMs: number;
  readonly entries: readonly EntryData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface EntryData {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly entity: readonly EntityData[];
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

export const DEFAULT_ENTRY_DATA: EntryData = {
  errorCode: 0,
  errorMessage: "",
  entity: [],
};

export const DEFAULT_ALTER_CLIENT_QUOTAS_RESPONSE: AlterClientQuotasResponse = {
  throttleTimeMs: 0,
  entries: [],
};

export function readAlterClientQuotasResponse(reader: Reader, version: number): AlterClientQuotasResponse {
  if (version < 0 || version > 1) throw unsupportedVersion("AlterClientQuotasResponse", version);
  const flexible = version >= 1;
  const message: Mutable<AlterClientQuotasResponse> = {
    throttleTimeMs: reader.int32(),
    entries: (flexible ? readEntryDataArray(reader, version, reader.compactArrayLength(5)) : readEntryDataArray(reader, version, reader.arrayLength(8))),
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
    errorCode: reader.int16(),
    errorMessage: (flexible ? reader.compactNullableString() : reader.nullableString()),
    entity: (flexible ? readEntityDataArray(reader, version, reader.compactArrayLength(3)) : readEntityDataArray(reader, version, reader.arrayLength(4))),
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

export function writeAlterClientQuotasResponse(writer: Writer, message: AlterClientQuotasResponse, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("AlterClientQuotasResponse", version);
  const flexible = version >= 1;
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.compactArrayLength(message.entries.length);
    for (const value of message.entries) writeEntryData(writer, value, version);
  } else {
    writer.arrayLength(message.entries.length);
    for (const value of message.entries) writeEntryData(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AlterClientQuotasResponse.unknownTaggedFields", version);
  }
}

function writeEntryData(writer: Writer, message: EntryData, version: number): void {
  const flexible = version >= 1;
  writer.int16(message.errorCode);
  if (flexible) {
    writer.compactNullableString(message.errorMessage);
  } else {
    writer.nullableString(message.errorMessage);
  }
  if (flexible) {
    writer.compactArrayLength(message.entity.length);
    for (const value of message.entity) writeEntityData(writer, value, version);
  } else {
    writer.arrayLength(message.entity.length);
    for (const value of message.entity) writeEntityData(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("EntryData.unknownTaggedFields", version);
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

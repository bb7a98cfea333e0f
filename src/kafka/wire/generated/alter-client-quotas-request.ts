// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AlterClientQuotasRequest: versions 0 to 1, flexible from 1. */
export const ALTER_CLIENT_QUOTAS_REQUEST: MessageCodec<AlterClientQuotasRequest> = {
  name: "AlterClientQuotasRequest",
  apiKey: 49,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readAlterClientQuotasRequest,
  write: writeAlterClientQuotasRequest,
};

export interface AlterClientQuotasRequest {
  readonly entries: readonly EntryData[];
  readonly validateOnly: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface EntryData {
  readonly entity: readonly EntityData[];
  readonly ops: readonly OpData[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface OpData {
  readonly key: string;
  readonly value: number;
  readonly remove: boolean;
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

export const DEFAULT_OP_DATA: OpData = {
  key: "",
  value: 0,
  remove: false,
};

export const DEFAULT_ENTRY_DATA: EntryData = {
  entity: [],
  ops: [],
};

export const DEFAULT_ALTER_CLIENT_QUOTAS_REQUEST: AlterClientQuotasRequest = {
  entries: [],
  validateOnly: false,
};

export function readAlterClientQuotasRequest(reader: Reader, version: number): AlterClientQuotasRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("AlterClientQuotasRequest", version);
  const flexible = version >= 1;
  const message: Mutable<AlterClientQuotasRequest> = {
    entries: (flexible ? readEntryDataArray(reader, version, reader.compactArrayLength(3)) : readEntryDataArray(reader, version, reader.arrayLength(8))),
    validateOnly: reader.bool(),
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
    ops: (flexible ? readOpDataArray(reader, version, reader.compactArrayLength(11)) : readOpDataArray(reader, version, reader.arrayLength(11))),
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

function readOpData(reader: Reader, version: number): OpData {
  const flexible = version >= 1;
  const message: Mutable<OpData> = {
    key: (flexible ? reader.compactString() : reader.string()),
    value: reader.float64(),
    remove: reader.bool(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readOpDataArray(reader: Reader, version: number, count: number): OpData[] {
  const values: OpData[] = [];
  for (let index = 0; index < count; index++) values.push(readOpData(reader, version));
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

export function writeAlterClientQuotasRequest(writer: Writer, message: AlterClientQuotasRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("AlterClientQuotasRequest", version);
  const flexible = version >= 1;
  if (flexible) {
    writer.compactArrayLength(message.entries.length);
    for (const value of message.entries) writeEntryData(writer, value, version);
  } else {
    writer.arrayLength(message.entries.length);
    for (const value of message.entries) writeEntryData(writer, value, version);
  }
  writer.bool(message.validateOnly);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AlterClientQuotasRequest.unknownTaggedFields", version);
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
    writer.compactArrayLength(message.ops.length);
    for (const value of message.ops) writeOpData(writer, value, version);
  } else {
    writer.arrayLength(message.ops.length);
    for (const value of message.ops) writeOpData(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("EntryData.unknownTaggedFields", version);
  }
}

function writeOpData(writer: Writer, message: OpData, version: number): void {
  const flexible = version >= 1;
  if (flexible) {
    writer.compactString(message.key);
  } else {
    writer.string(message.key);
  }
  writer.float64(message.value);
  writer.bool(message.remove);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("OpData.unknownTaggedFields", version);
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

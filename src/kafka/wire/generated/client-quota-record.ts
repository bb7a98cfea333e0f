// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ClientQuotaRecord: version 0, flexible from 0. */
export const CLIENT_QUOTA_RECORD: MessageCodec<ClientQuotaRecord> = {
  name: "ClientQuotaRecord",
  apiKey: 14,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readClientQuotaRecord,
  write: writeClientQuotaRecord,
};

export interface ClientQuotaRecord {
  readonly entity: readonly EntityData[];
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

export const DEFAULT_CLIENT_QUOTA_RECORD: ClientQuotaRecord = {
  entity: [],
  key: "",
  value: 0,
  remove: false,
};

export function readClientQuotaRecord(reader: Reader, version: number): ClientQuotaRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("ClientQuotaRecord", version);
  const message: Mutable<ClientQuotaRecord> = {
    entity: readEntityDataArray(reader, version, reader.compactArrayLength(3)),
    key: reader.compactString(),
    value: reader.float64(),
    remove: reader.bool(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readEntityData(reader: Reader, _version: number): EntityData {
  const message: Mutable<EntityData> = {
    entityType: reader.compactString(),
    entityName: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readEntityDataArray(reader: Reader, version: number, count: number): EntityData[] {
  const values: EntityData[] = [];
  for (let index = 0; index < count; index++) values.push(readEntityData(reader, version));
  return values;
}

export function writeClientQuotaRecord(writer: Writer, message: ClientQuotaRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ClientQuotaRecord", version);
  writer.compactArrayLength(message.entity.length);
  for (const value of message.entity) writeEntityData(writer, value, version);
  writer.compactString(message.key);
  writer.float64(message.value);
  writer.bool(message.remove);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeEntityData(writer: Writer, message: EntityData, _version: number): void {
  writer.compactString(message.entityType);
  writer.compactNullableString(message.entityName);
  writer.taggedFields(message.unknownTaggedFields);
}

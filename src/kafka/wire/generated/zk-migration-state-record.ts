// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ZkMigrationStateRecord: version 0, flexible from 0. */
export const ZK_MIGRATION_STATE_RECORD: MessageCodec<ZkMigrationStateRecord> = {
  name: "ZkMigrationStateRecord",
  apiKey: 21,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readZkMigrationStateRecord,
  write: writeZkMigrationStateRecord,
};

export interface ZkMigrationStateRecord {
  readonly zkMigrationState: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ZK_MIGRATION_STATE_RECORD: ZkMigrationStateRecord = {
  zkMigrationState: 0,
};

export function readZkMigrationStateRecord(reader: Reader, version: number): ZkMigrationStateRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("ZkMigrationStateRecord", version);
  const message: Mutable<ZkMigrationStateRecord> = {
    zkMigrationState: reader.int8(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeZkMigrationStateRecord(writer: Writer, message: ZkMigrationStateRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ZkMigrationStateRecord", version);
  writer.int8(message.zkMigrationState);
  writer.taggedFields(message.unknownTaggedFields);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** RemoveAccessControlEntryRecord: version 0, flexible from 0. */
export const REMOVE_ACCESS_CONTROL_ENTRY_RECORD: MessageCodec<RemoveAccessControlEntryRecord> = {
  name: "RemoveAccessControlEntryRecord",
  apiKey: 19,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readRemoveAccessControlEntryRecord,
  write: writeRemoveAccessControlEntryRecord,
};

export interface RemoveAccessControlEntryRecord {
  readonly id: Uuid;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_REMOVE_ACCESS_CONTROL_ENTRY_RECORD: RemoveAccessControlEntryRecord = {
  id: ZERO_UUID,
};

export function readRemoveAccessControlEntryRecord(reader: Reader, version: number): RemoveAccessControlEntryRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("RemoveAccessControlEntryRecord", version);
  const message: Mutable<RemoveAccessControlEntryRecord> = {
    id: reader.uuid(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeRemoveAccessControlEntryRecord(writer: Writer, message: RemoveAccessControlEntryRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("RemoveAccessControlEntryRecord", version);
  writer.uuid(message.id);
  writer.taggedFields(message.unknownTaggedFields);
}

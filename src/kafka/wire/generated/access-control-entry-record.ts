// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AccessControlEntryRecord: version 0, flexible from 0. */
export const ACCESS_CONTROL_ENTRY_RECORD: MessageCodec<AccessControlEntryRecord> = {
  name: "AccessControlEntryRecord",
  apiKey: 18,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readAccessControlEntryRecord,
  write: writeAccessControlEntryRecord,
};

export interface AccessControlEntryRecord {
  readonly id: Uuid;
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ACCESS_CONTROL_ENTRY_RECORD: AccessControlEntryRecord = {
  id: ZERO_UUID,
  resourceType: 0,
  resourceName: "",
  patternType: 0,
  principal: "",
  host: "",
  operation: 0,
  permissionType: 0,
};

export function readAccessControlEntryRecord(reader: Reader, version: number): AccessControlEntryRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("AccessControlEntryRecord", version);
  const message: Mutable<AccessControlEntryRecord> = {
    id: reader.uuid(),
    resourceType: reader.int8(),
    resourceName: reader.compactString(),
    patternType: reader.int8(),
    principal: reader.compactString(),
    host: reader.compactString(),
    operation: reader.int8(),
    permissionType: reader.int8(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeAccessControlEntryRecord(writer: Writer, message: AccessControlEntryRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("AccessControlEntryRecord", version);
  writer.uuid(message.id);
  writer.int8(message.resourceType);
  writer.compactString(message.resourceName);
  writer.int8(message.patternType);
  writer.compactString(message.principal);
  writer.compactString(message.host);
  writer.int8(message.operation);
  writer.int8(message.permissionType);
  writer.taggedFields(message.unknownTaggedFields);
}

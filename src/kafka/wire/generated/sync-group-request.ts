// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, NO_BYTES, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** SyncGroupRequest: versions 0 to 5, flexible from 4. */
export const SYNC_GROUP_REQUEST: MessageCodec<SyncGroupRequest> = {
  name: "SyncGroupRequest",
  apiKey: 14,
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 4,
  read: readSyncGroupRequest,
  write: writeSyncGroupRequest,
};

export interface SyncGroupRequest {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  /** In versions 3 and up. */
  readonly groupInstanceId: string | null;
  /** In versions 5 and up. */
  readonly protocolType: string | null;
  /** In versions 5 and up. */
  readonly protocolName: string | null;
  readonly assignments: readonly SyncGroupRequestAssignment[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface SyncGroupRequestAssignment {
  readonly memberId: string;
  readonly assignment: Uint8Array;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_SYNC_GROUP_REQUEST_ASSIGNMENT: SyncGroupRequestAssignment = {
  memberId: "",
  assignment: NO_BYTES,
};

export const DEFAULT_SYNC_GROUP_REQUEST: SyncGroupRequest = {
  groupId: "",
  generationId: 0,
  memberId: "",
  groupInstanceId: null,
  protocolType: null,
  protocolName: null,
  assignments: [],
};

export function readSyncGroupRequest(reader: Reader, version: number): SyncGroupRequest {
  if (version < 0 || version > 5) throw unsupportedVersion("SyncGroupRequest", version);
  const flexible = version >= 4;
  const message: Mutable<SyncGroupRequest> = {
    groupId: (flexible ? reader.compactString() : reader.string()),
    generationId: reader.int32(),
    memberId: (flexible ? reader.compactString() : reader.string()),
    groupInstanceId: (version >= 3 ? (flexible ? reader.compactNullableString() : reader.nullableString()) : null),
    protocolType: (version >= 5 ? reader.compactNullableString() : null),
    protocolName: (version >= 5 ? reader.compactNullableString() : null),
    assignments: (flexible ? readSyncGroupRequestAssignmentArray(reader, version, reader.compactArrayLength(3)) : readSyncGroupRequestAssignmentArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readSyncGroupRequestAssignment(reader: Reader, version: number): SyncGroupRequestAssignment {
  const flexible = version >= 4;
  const message: Mutable<SyncGroupRequestAssignment> = {
    memberId: (flexible ? reader.compactString() : reader.string()),
    assignment: (flexible ? reader.compactByteString() : reader.byteString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readSyncGroupRequestAssignmentArray(reader: Reader, version: number, count: number): SyncGroupRequestAssignment[] {
  const values: SyncGroupRequestAssignment[] = [];
  for (let index = 0; index < count; index++) values.push(readSyncGroupRequestAssignment(reader, version));
  return values;
}

export function writeSyncGroupRequest(writer: Writer, message: SyncGroupRequest, version: number): void {
  if (version < 0 || version > 5) throw unsupportedVersion("SyncGroupRequest", version);
  const flexible = version >= 4;
  if (flexible) {
    writer.compactString(message.groupId);
  } else {
    writer.string(message.groupId);
  }
  writer.int32(message.generationId);
  if (flexible) {
    writer.compactString(message.memberId);
  } else {
    writer.string(message.memberId);
  }
  if (version >= 3) {
    if (flexible) {
      writer.compactNullableString(message.groupInstanceId);
    } else {
      writer.nullableString(message.groupInstanceId);
    }
  } else if (message.groupInstanceId !== null) {
    throw unsupportedField("SyncGroupRequest.groupInstanceId", version);
  }
  if (version >= 5) {
    writer.compactNullableString(message.protocolType);
  }
  if (version >= 5) {
    writer.compactNullableString(message.protocolName);
  }
  if (flexible) {
    writer.compactArrayLength(message.assignments.length);
    for (const value of message.assignments) writeSyncGroupRequestAssignment(writer, value, version);
  } else {
    writer.arrayLength(message.assignments.length);
    for (const value of message.assignments) writeSyncGroupRequestAssignment(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("SyncGroupRequest.unknownTaggedFields", version);
  }
}

function writeSyncGroupRequestAssignment(writer: Writer, message: SyncGroupRequestAssignment, version: number): void {
  const flexible = version >= 4;
  if (flexible) {
    writer.compactString(message.memberId);
  } else {
    writer.string(message.memberId);
  }
  if (flexible) {
    writer.compactByteString(message.assignment);
  } else {
    writer.byteString(message.assignment);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("SyncGroupRequestAssignment.unknownTaggedFields", version);
  }
}

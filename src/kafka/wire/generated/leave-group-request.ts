// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** LeaveGroupRequest: versions 0 to 5, flexible from 4. */
export const LEAVE_GROUP_REQUEST: MessageCodec<LeaveGroupRequest> = {
  name: "LeaveGroupRequest",
  apiKey: 13,
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 4,
  read: readLeaveGroupRequest,
  write: writeLeaveGroupRequest,
};

export interface LeaveGroupRequest {
  readonly groupId: string;
  /** In versions 0 to 2. */
  readonly memberId: string;
  /** In versions 3 and up. */
  readonly members: readonly MemberIdentity[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface MemberIdentity {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** In versions 5 and up. */
  readonly reason: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_MEMBER_IDENTITY: MemberIdentity = {
  memberId: "",
  groupInstanceId: null,
  reason: null,
};

export const DEFAULT_LEAVE_GROUP_REQUEST: LeaveGroupRequest = {
  groupId: "",
  memberId: "",
  members: [],
};

export function readLeaveGroupRequest(reader: Reader, version: number): LeaveGroupRequest {
  if (version < 0 || version > 5) throw unsupportedVersion("LeaveGroupRequest", version);
  const flexible = version >= 4;
  const message: Mutable<LeaveGroupRequest> = {
    groupId: (flexible ? reader.compactString() : reader.string()),
    memberId: (version <= 2 ? reader.string() : ""),
    members: (version >= 3 ? (flexible ? readMemberIdentityArray(reader, version, reader.compactArrayLength(3)) : readMemberIdentityArray(reader, version, reader.arrayLength(4))) : []),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readMemberIdentity(reader: Reader, version: number): MemberIdentity {
  const flexible = version >= 4;
  const message: Mutable<MemberIdentity> = {
    memberId: (flexible ? reader.compactString() : reader.string()),
    groupInstanceId: (flexible ? reader.compactNullableString() : reader.nullableString()),
    reason: (version >= 5 ? reader.compactNullableString() : null),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readMemberIdentityArray(reader: Reader, version: number, count: number): MemberIdentity[] {
  const values: MemberIdentity[] = [];
  for (let index = 0; index < count; index++) values.push(readMemberIdentity(reader, version));
  return values;
}

export function writeLeaveGroupRequest(writer: Writer, message: LeaveGroupRequest, version: number): void {
  if (version < 0 || version > 5) throw unsupportedVersion("LeaveGroupRequest", version);
  const flexible = version >= 4;
  if (flexible) {
    writer.compactString(message.groupId);
  } else {
    writer.string(message.groupId);
  }
  if (version <= 2) {
    writer.string(message.memberId);
  } else if (message.memberId !== "") {
    throw unsupportedField("LeaveGroupRequest.memberId", version);
  }
  if (version >= 3) {
    if (flexible) {
      writer.compactArrayLength(message.members.length);
      for (const value of message.members) writeMemberIdentity(writer, value, version);
    } else {
      writer.arrayLength(message.members.length);
      for (const value of message.members) writeMemberIdentity(writer, value, version);
    }
  } else if (message.members.length !== 0) {
    throw unsupportedField("LeaveGroupRequest.members", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("LeaveGroupRequest.unknownTaggedFields", version);
  }
}

function writeMemberIdentity(writer: Writer, message: MemberIdentity, version: number): void {
  const flexible = version >= 4;
  if (flexible) {
    writer.compactString(message.memberId);
  } else {
    writer.string(message.memberId);
  }
  if (flexible) {
    writer.compactNullableString(message.groupInstanceId);
  } else {
    writer.nullableString(message.groupInstanceId);
  }
  if (version >= 5) {
    writer.compactNullableString(message.reason);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("MemberIdentity.unknownTaggedFields", version);
  }
}

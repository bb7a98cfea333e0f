// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** LeaveGroupResponse: versions 0 to 5, flexible from 4. */
export const LEAVE_GROUP_RESPONSE: MessageCodec<LeaveGroupResponse> = {
  name: "LeaveGroupResponse",
  apiKey: 13,
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 4,
  read: readLeaveGroupResponse,
  write: writeLeaveGroupResponse,
};

export interface LeaveGroupResponse {
  /** In versions 1 and up. */
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  /** In versions 3 and up. */
  readonly members: readonly MemberResponse[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface MemberResponse {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly errorCode: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_MEMBER_RESPONSE: MemberResponse = {
  memberId: "",
  groupInstanceId: "",
  errorCode: 0,
};

export const DEFAULT_LEAVE_GROUP_RESPONSE: LeaveGroupResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  members: [],
};

export function readLeaveGroupResponse(reader: Reader, version: number): LeaveGroupResponse {
  if (version < 0 || version > 5) throw unsupportedVersion("LeaveGroupResponse", version);
  const flexible = version >= 4;
  const message: Mutable<LeaveGroupResponse> = {
    throttleTimeMs: (version >= 1 ? reader.int32() : 0),
    errorCode: reader.int16(),
    members: (version >= 3 ? (flexible ? readMemberResponseArray(reader, version, reader.compactArrayLength(5)) : readMemberResponseArray(reader, version, reader.arrayLength(6))) : []),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readMemberResponse(reader: Reader, version: number): MemberResponse {
  const flexible = version >= 4;
  const message: Mutable<MemberResponse> = {
    memberId: (flexible ? reader.compactString() : reader.string()),
    groupInstanceId: (flexible ? reader.compactNullableString() : reader.nullableString()),
    errorCode: reader.int16(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readMemberResponseArray(reader: Reader, version: number, count: number): MemberResponse[] {
  const values: MemberResponse[] = [];
  for (let index = 0; index < count; index++) values.push(readMemberResponse(reader, version));
  return values;
}

export function writeLeaveGroupResponse(writer: Writer, message: LeaveGroupResponse, version: number): void {
  if (version < 0 || version > 5) throw unsupportedVersion("LeaveGroupResponse", version);
  const flexible = version >= 4;
  if (version >= 1) {
    writer.int32(message.throttleTimeMs);
  }
  writer.int16(message.errorCode);
  if (version >= 3) {
    if (flexible) {
      writer.compactArrayLength(message.members.length);
      for (const value of message.members) writeMemberResponse(writer, value, version);
    } else {
      writer.arrayLength(message.members.length);
      for (const value of message.members) writeMemberResponse(writer, value, version);
    }
  } else if (message.members.length !== 0) {
    throw unsupportedField("LeaveGroupResponse.members", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("LeaveGroupResponse.unknownTaggedFields", version);
  }
}

function writeMemberResponse(writer: Writer, message: MemberResponse, version: number): void {
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
  writer.int16(message.errorCode);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("MemberResponse.unknownTaggedFields", version);
  }
}

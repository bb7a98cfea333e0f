// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, NO_BYTES, notNull, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** JoinGroupResponse: versions 0 to 9, flexible from 6. */
export const JOIN_GROUP_RESPONSE: MessageCodec<JoinGroupResponse> = {
  name: "JoinGroupResponse",
  apiKey: 11,
  minVersion: 0,
  maxVersion: 9,
  flexibleFrom: 6,
  read: readJoinGroupResponse,
  write: writeJoinGroupResponse,
};

export interface JoinGroupResponse {
  /** In versions 2 and up. */
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly generationId: number;
  /** In versions 7 and up. */
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string;
  /** In versions 9 and up. */
  readonly skipAssignment: boolean;
  readonly memberId: string;
  readonly members: readonly JoinGroupResponseMember[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface JoinGroupResponseMember {
  readonly memberId: string;
  /** In versions 5 and up. */
  readonly groupInstanceId: string | null;
  readonly metadata: Uint8Array;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_JOIN_GROUP_RESPONSE_MEMBER: JoinGroupResponseMember = {
  memberId: "",
  groupInstanceId: null,
  metadata: NO_BYTES,
};

export const DEFAULT_JOIN_GROUP_RESPONSE: JoinGroupResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  generationId: -1,
  protocolType: null,
  protocolName: "",
  leader: "",
  skipAssignment: false,
  memberId: "",
  members: [],
};

export function readJoinGroupResponse(reader: Reader, version: number): JoinGroupResponse {
  if (version < 0 || version > 9) throw unsupportedVersion("JoinGroupResponse", version);
  const flexible = version >= 6;
  const message: Mutable<JoinGroupResponse> = {
    throttleTimeMs: (version >= 2 ? reader.int32() : 0),
    errorCode: reader.int16(),
    generationId: reader.int32(),
    protocolType: (version >= 7 ? reader.compactNullableString() : null),
    protocolName: (flexible ? (version >= 7 ? reader.compactNullableString() : reader.compactString()) : (version >= 7 ? reader.nullableString() : reader.string())),
    leader: (flexible ? reader.compactString() : reader.string()),
    skipAssignment: (version >= 9 ? reader.bool() : false),
    memberId: (flexible ? reader.compactString() : reader.string()),
    members: (flexible ? readJoinGroupResponseMemberArray(reader, version, reader.compactArrayLength(4)) : readJoinGroupResponseMemberArray(reader, version, reader.arrayLength(6))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readJoinGroupResponseMember(reader: Reader, version: number): JoinGroupResponseMember {
  const flexible = version >= 6;
  const message: Mutable<JoinGroupResponseMember> = {
    memberId: (flexible ? reader.compactString() : reader.string()),
    groupInstanceId: (version >= 5 ? (flexible ? reader.compactNullableString() : reader.nullableString()) : null),
    metadata: (flexible ? reader.compactByteString() : reader.byteString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readJoinGroupResponseMemberArray(reader: Reader, version: number, count: number): JoinGroupResponseMember[] {
  const values: JoinGroupResponseMember[] = [];
  for (let index = 0; index < count; index++) values.push(readJoinGroupResponseMember(reader, version));
  return values;
}

export function writeJoinGroupResponse(writer: Writer, message: JoinGroupResponse, version: number): void {
  if (version < 0 || version > 9) throw unsupportedVersion("JoinGroupResponse", version);
  const flexible = version >= 6;
  if (version >= 2) {
    writer.int32(message.throttleTimeMs);
  }
  writer.int16(message.errorCode);
  writer.int32(message.generationId);
  if (version >= 7) {
    writer.compactNullableString(message.protocolType);
  }
  if (version < 7) notNull(message.protocolName, "JoinGroupResponse.protocolName", version);
  if (flexible) {
    writer.compactNullableString(message.protocolName);
  } else {
    writer.nullableString(message.protocolName);
  }
  if (flexible) {
    writer.compactString(message.leader);
  } else {
    writer.string(message.leader);
  }
  if (version >= 9) {
    writer.bool(message.skipAssignment);
  } else if (message.skipAssignment) {
    throw unsupportedField("JoinGroupResponse.skipAssignment", version);
  }
  if (flexible) {
    writer.compactString(message.memberId);
  } else {
    writer.string(message.memberId);
  }
  if (flexible) {
    writer.compactArrayLength(message.members.length);
    for (const value of message.members) writeJoinGroupResponseMember(writer, value, version);
  } else {
    writer.arrayLength(message.members.length);
    for (const value of message.members) writeJoinGroupResponseMember(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("JoinGroupResponse.unknownTaggedFields", version);
  }
}

function writeJoinGroupResponseMember(writer: Writer, message: JoinGroupResponseMember, version: number): void {
  const flexible = version >= 6;
  if (flexible) {
    writer.compactString(message.memberId);
  } else {
    writer.string(message.memberId);
  }
  if (version >= 5) {
    if (flexible) {
      writer.compactNullableString(message.groupInstanceId);
    } else {
      writer.nullableString(message.groupInstanceId);
    }
  }
  if (flexible) {
    writer.compactByteString(message.metadata);
  } else {
    writer.byteString(message.metadata);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("JoinGroupResponseMember.unknownTaggedFields", version);
  }
}

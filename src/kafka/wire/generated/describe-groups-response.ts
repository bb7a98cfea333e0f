// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, NO_BYTES, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeGroupsResponse: versions 0 to 6, flexible from 5. */
export const DESCRIBE_GROUPS_RESPONSE: MessageCodec<DescribeGroupsResponse> = {
  name: "DescribeGroupsResponse",
  apiKey: 15,
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 5,
  read: readDescribeGroupsResponse,
  write: writeDescribeGroupsResponse,
};

export interface DescribeGroupsResponse {
  /** In versions 1 and up. */
  readonly throttleTimeMs: number;
  readonly groups: readonly DescribedGroup[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribedGroup {
  readonly errorCode: number;
  /** In versions 6 and up. */
  readonly errorMessage: string | null;
  readonly groupId: string;
  readonly groupState: string;
  readonly protocolType: string;
  readonly protocolData: string;
  readonly members: readonly DescribedGroupMember[];
  /** In versions 3 and up. */
  readonly authorizedOperations: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DescribedGroupMember {
  readonly memberId: string;
  /** In versions 4 and up. */
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly memberMetadata: Uint8Array;
  readonly memberAssignment: Uint8Array;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DESCRIBED_GROUP_MEMBER: DescribedGroupMember = {
  memberId: "",
  groupInstanceId: null,
  clientId: "",
  clientHost: "",
  memberMetadata: NO_BYTES,
  memberAssignment: NO_BYTES,
};

export const DEFAULT_DESCRIBED_GROUP: DescribedGroup = {
  errorCode: 0,
  errorMessage: null,
  groupId: "",
  groupState: "",
  protocolType: "",
  protocolData: "",
  members: [],
  authorizedOperations: -2147483648,
};

export const DEFAULT_DESCRIBE_GROUPS_RESPONSE: DescribeGroupsResponse = {
  throttleTimeMs: 0,
  groups: [],
};

export function readDescribeGroupsResponse(reader: Reader, version: number): DescribeGroupsResponse {
  if (version < 0 || version > 6) throw unsupportedVersion("DescribeGroupsResponse", version);
  const flexible = version >= 5;
  const message: Mutable<DescribeGroupsResponse> = {
    throttleTimeMs: (version >= 1 ? reader.int32() : 0),
    groups: (flexible ? readDescribedGroupArray(reader, version, reader.compactArrayLength(12)) : readDescribedGroupArray(reader, version, reader.arrayLength(14))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribedGroup(reader: Reader, version: number): DescribedGroup {
  const flexible = version >= 5;
  const message: Mutable<DescribedGroup> = {
    errorCode: reader.int16(),
    errorMessage: (version >= 6 ? reader.compactNullableString() : null),
    groupId: (flexible ? reader.compactString() : reader.string()),
    groupState: (flexible ? reader.compactString() : reader.string()),
    protocolType: (flexible ? reader.compactString() : reader.string()),
    protocolData: (flexible ? reader.compactString() : reader.string()),
    members: (flexible ? readDescribedGroupMemberArray(reader, version, reader.compactArrayLength(7)) : readDescribedGroupMemberArray(reader, version, reader.arrayLength(14))),
    authorizedOperations: (version >= 3 ? reader.int32() : -2147483648),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribedGroupArray(reader: Reader, version: number, count: number): DescribedGroup[] {
  const values: DescribedGroup[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribedGroup(reader, version));
  return values;
}

function readDescribedGroupMember(reader: Reader, version: number): DescribedGroupMember {
  const flexible = version >= 5;
  const message: Mutable<DescribedGroupMember> = {
    memberId: (flexible ? reader.compactString() : reader.string()),
    groupInstanceId: (version >= 4 ? (flexible ? reader.compactNullableString() : reader.nullableString()) : null),
    clientId: (flexible ? reader.compactString() : reader.string()),
    clientHost: (flexible ? reader.compactString() : reader.string()),
    memberMetadata: (flexible ? reader.compactByteString() : reader.byteString()),
    memberAssignment: (flexible ? reader.compactByteString() : reader.byteString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDescribedGroupMemberArray(reader: Reader, version: number, count: number): DescribedGroupMember[] {
  const values: DescribedGroupMember[] = [];
  for (let index = 0; index < count; index++) values.push(readDescribedGroupMember(reader, version));
  return values;
}

export function writeDescribeGroupsResponse(writer: Writer, message: DescribeGroupsResponse, version: number): void {
  if (version < 0 || version > 6) throw unsupportedVersion("DescribeGroupsResponse", version);
  const flexible = version >= 5;
  if (version >= 1) {
    writer.int32(message.throttleTimeMs);
  }
  if (flexible) {
    writer.compactArrayLength(message.groups.length);
    for (const value of message.groups) writeDescribedGroup(writer, value, version);
  } else {
    writer.arrayLength(message.groups.length);
    for (const value of message.groups) writeDescribedGroup(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeGroupsResponse.unknownTaggedFields", version);
  }
}

function writeDescribedGroup(writer: Writer, message: DescribedGroup, version: number): void {
  const flexible = version >= 5;
  writer.int16(message.errorCode);
  if (version >= 6) {
    writer.compactNullableString(message.errorMessage);
  } else if (message.errorMessage !== null) {
    throw unsupportedField("DescribedGroup.errorMessage", version);
  }
  if (flexible) {
    writer.compactString(message.groupId);
  } else {
    writer.string(message.groupId);
  }
  if (flexible) {
    writer.compactString(message.groupState);
  } else {
    writer.string(message.groupState);
  }
  if (flexible) {
    writer.compactString(message.protocolType);
  } else {
    writer.string(message.protocolType);
  }
  if (flexible) {
    writer.compactString(message.protocolData);
  } else {
    writer.string(message.protocolData);
  }
  if (flexible) {
    writer.compactArrayLength(message.members.length);
    for (const value of message.members) writeDescribedGroupMember(writer, value, version);
  } else {
    writer.arrayLength(message.members.length);
    for (const value of message.members) writeDescribedGroupMember(writer, value, version);
  }
  if (version >= 3) {
    writer.int32(message.authorizedOperations);
  } else if (message.authorizedOperations !== -2147483648) {
    throw unsupportedField("DescribedGroup.authorizedOperations", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribedGroup.unknownTaggedFields", version);
  }
}

function writeDescribedGroupMember(writer: Writer, message: DescribedGroupMember, version: number): void {
  const flexible = version >= 5;
  if (flexible) {
    writer.compactString(message.memberId);
  } else {
    writer.string(message.memberId);
  }
  if (version >= 4) {
    if (flexible) {
      writer.compactNullableString(message.groupInstanceId);
    } else {
      writer.nullableString(message.groupInstanceId);
    }
  }
  if (flexible) {
    writer.compactString(message.clientId);
  } else {
    writer.string(message.clientId);
  }
  if (flexible) {
    writer.compactString(message.clientHost);
  } else {
    writer.string(message.clientHost);
  }
  if (flexible) {
    writer.compactByteString(message.memberMetadata);
  } else {
    writer.byteString(message.memberMetadata);
  }
  if (flexible) {
    writer.compactByteString(message.memberAssignment);
  } else {
    writer.byteString(message.memberAssignment);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribedGroupMember.unknownTaggedFields", version);
  }
}

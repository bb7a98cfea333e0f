// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, NO_BYTES, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** GroupMetadataValue: versions 0 to 4, flexible from 4. */
export const GROUP_METADATA_VALUE: MessageCodec<GroupMetadataValue> = {
  name: "GroupMetadataValue",
  apiKey: 2,
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 4,
  read: readGroupMetadataValue,
  write: writeGroupMetadataValue,
};

export interface GroupMetadataValue {
  readonly protocolType: string;
  readonly generation: number;
  readonly protocol: string | null;
  readonly leader: string | null;
  /** In versions 2 and up. */
  readonly currentStateTimestamp: Int64;
  readonly members: readonly MemberMetadata[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface MemberMetadata {
  readonly memberId: string;
  /** In versions 3 and up. */
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  /** In versions 1 and up. */
  readonly rebalanceTimeout: number;
  readonly sessionTimeout: number;
  readonly subscription: Uint8Array;
  readonly assignment: Uint8Array;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_MEMBER_METADATA: MemberMetadata = {
  memberId: "",
  groupInstanceId: null,
  clientId: "",
  clientHost: "",
  rebalanceTimeout: -1,
  sessionTimeout: 0,
  subscription: NO_BYTES,
  assignment: NO_BYTES,
};

export const DEFAULT_GROUP_METADATA_VALUE: GroupMetadataValue = {
  protocolType: "",
  generation: 0,
  protocol: "",
  leader: "",
  currentStateTimestamp: -1,
  members: [],
};

export function readGroupMetadataValue(reader: Reader, version: number): GroupMetadataValue {
  if (version < 0 || version > 4) throw unsupportedVersion("GroupMetadataValue", version);
  const flexible = version >= 4;
  const message: Mutable<GroupMetadataValue> = {
    protocolType: (flexible ? reader.compactString() : reader.string()),
    generation: reader.int32(),
    protocol: (flexible ? reader.compactNullableString() : reader.nullableString()),
    leader: (flexible ? reader.compactNullableString() : reader.nullableString()),
    currentStateTimestamp: (version >= 2 ? reader.int64() : -1),
    members: (flexible ? readMemberMetadataArray(reader, version, reader.compactArrayLength(15)) : readMemberMetadataArray(reader, version, reader.arrayLength(18))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readMemberMetadata(reader: Reader, version: number): MemberMetadata {
  const flexible = version >= 4;
  const message: Mutable<MemberMetadata> = {
    memberId: (flexible ? reader.compactString() : reader.string()),
    groupInstanceId: (version >= 3 ? (flexible ? reader.compactNullableString() : reader.nullableString()) : null),
    clientId: (flexible ? reader.compactString() : reader.string()),
    clientHost: (flexible ? reader.compactString() : reader.string()),
    rebalanceTimeout: (version >= 1 ? reader.int32() : -1),
    sessionTimeout: reader.int32(),
    subscription: (flexible ? reader.compactByteString() : reader.byteString()),
    assignment: (flexible ? reader.compactByteString() : reader.byteString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readMemberMetadataArray(reader: Reader, version: number, count: number): MemberMetadata[] {
  const values: MemberMetadata[] = [];
  for (let index = 0; index < count; index++) values.push(readMemberMetadata(reader, version));
  return values;
}

export function writeGroupMetadataValue(writer: Writer, message: GroupMetadataValue, version: number): void {
  if (version < 0 || version > 4) throw unsupportedVersion("GroupMetadataValue", version);
  const flexible = version >= 4;
  if (flexible) {
    writer.compactString(message.protocolType);
  } else {
    writer.string(message.protocolType);
  }
  writer.int32(message.generation);
  if (flexible) {
    writer.compactNullableString(message.protocol);
  } else {
    writer.nullableString(message.protocol);
  }
  if (flexible) {
    writer.compactNullableString(message.leader);
  } else {
    writer.nullableString(message.leader);
  }
  if (version >= 2) {
    writer.int64(message.currentStateTimestamp);
  }
  if (flexible) {
    writer.compactArrayLength(message.members.length);
    for (const value of message.members) writeMemberMetadata(writer, value, version);
  } else {
    writer.arrayLength(message.members.length);
    for (const value of message.members) writeMemberMetadata(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("GroupMetadataValue.unknownTaggedFields", version);
  }
}

function writeMemberMetadata(writer: Writer, message: MemberMetadata, version: number): void {
  const flexible = version >= 4;
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
  if (version >= 1) {
    writer.int32(message.rebalanceTimeout);
  }
  writer.int32(message.sessionTimeout);
  if (flexible) {
    writer.compactByteString(message.subscription);
  } else {
    writer.byteString(message.subscription);
  }
  if (flexible) {
    writer.compactByteString(message.assignment);
  } else {
    writer.byteString(message.assignment);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("MemberMetadata.unknownTaggedFields", version);
  }
}

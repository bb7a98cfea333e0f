// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, NO_BYTES, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** JoinGroupRequest: versions 0 to 9, flexible from 6. */
export const JOIN_GROUP_REQUEST: MessageCodec<JoinGroupRequest> = {
  name: "JoinGroupRequest",
  apiKey: 11,
  minVersion: 0,
  maxVersion: 9,
  flexibleFrom: 6,
  read: readJoinGroupRequest,
  write: writeJoinGroupRequest,
};

export interface JoinGroupRequest {
  readonly groupId: string;
  readonly sessionTimeoutMs: number;
  /** In versions 1 and up. */
  readonly rebalanceTimeoutMs: number;
  readonly memberId: string;
  /** In versions 5 and up. */
  readonly groupInstanceId: string | null;
  readonly protocolType: string;
  readonly protocols: readonly JoinGroupRequestProtocol[];
  /** In versions 8 and up. */
  readonly reason: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface JoinGroupRequestProtocol {
  readonly name: string;
  readonly metadata: Uint8Array;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_JOIN_GROUP_REQUEST_PROTOCOL: JoinGroupRequestProtocol = {
  name: "",
  metadata: NO_BYTES,
};

export const DEFAULT_JOIN_GROUP_REQUEST: JoinGroupRequest = {
  groupId: "",
  sessionTimeoutMs: 0,
  rebalanceTimeoutMs: -1,
  memberId: "",
  groupInstanceId: null,
  protocolType: "",
  protocols: [],
  reason: null,
};

export function readJoinGroupRequest(reader: Reader, version: number): JoinGroupRequest {
  if (version < 0 || version > 9) throw unsupportedVersion("JoinGroupRequest", version);
  const flexible = version >= 6;
  const message: Mutable<JoinGroupRequest> = {
    groupId: (flexible ? reader.compactString() : reader.string()),
    sessionTimeoutMs: reader.int32(),
    rebalanceTimeoutMs: (version >= 1 ? reader.int32() : -1),
    memberId: (flexible ? reader.compactString() : reader.string()),
    groupInstanceId: (version >= 5 ? (flexible ? reader.compactNullableString() : reader.nullableString()) : null),
    protocolType: (flexible ? reader.compactString() : reader.string()),
    protocols: (flexible ? readJoinGroupRequestProtocolArray(reader, version, reader.compactArrayLength(3)) : readJoinGroupRequestProtocolArray(reader, version, reader.arrayLength(6))),
    reason: (version >= 8 ? reader.compactNullableString() : null),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readJoinGroupRequestProtocol(reader: Reader, version: number): JoinGroupRequestProtocol {
  const flexible = version >= 6;
  const message: Mutable<JoinGroupRequestProtocol> = {
    name: (flexible ? reader.compactString() : reader.string()),
    metadata: (flexible ? reader.compactByteString() : reader.byteString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readJoinGroupRequestProtocolArray(reader: Reader, version: number, count: number): JoinGroupRequestProtocol[] {
  const values: JoinGroupRequestProtocol[] = [];
  for (let index = 0; index < count; index++) values.push(readJoinGroupRequestProtocol(reader, version));
  return values;
}

export function writeJoinGroupRequest(writer: Writer, message: JoinGroupRequest, version: number): void {
  if (version < 0 || version > 9) throw unsupportedVersion("JoinGroupRequest", version);
  const flexible = version >= 6;
  if (flexible) {
    writer.compactString(message.groupId);
  } else {
    writer.string(message.groupId);
  }
  writer.int32(message.sessionTimeoutMs);
  if (version >= 1) {
    writer.int32(message.rebalanceTimeoutMs);
  }
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
  } else if (message.groupInstanceId !== null) {
    throw unsupportedField("JoinGroupRequest.groupInstanceId", version);
  }
  if (flexible) {
    writer.compactString(message.protocolType);
  } else {
    writer.string(message.protocolType);
  }
  if (flexible) {
    writer.compactArrayLength(message.protocols.length);
    for (const value of message.protocols) writeJoinGroupRequestProtocol(writer, value, version);
  } else {
    writer.arrayLength(message.protocols.length);
    for (const value of message.protocols) writeJoinGroupRequestProtocol(writer, value, version);
  }
  if (version >= 8) {
    writer.compactNullableString(message.reason);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("JoinGroupRequest.unknownTaggedFields", version);
  }
}

function writeJoinGroupRequestProtocol(writer: Writer, message: JoinGroupRequestProtocol, version: number): void {
  const flexible = version >= 6;
  if (flexible) {
    writer.compactString(message.name);
  } else {
    writer.string(message.name);
  }
  if (flexible) {
    writer.compactByteString(message.metadata);
  } else {
    writer.byteString(message.metadata);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("JoinGroupRequestProtocol.unknownTaggedFields", version);
  }
}

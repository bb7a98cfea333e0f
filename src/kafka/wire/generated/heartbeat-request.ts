// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** HeartbeatRequest: versions 0 to 4, flexible from 4. */
export const HEARTBEAT_REQUEST: MessageCodec<HeartbeatRequest> = {
  name: "HeartbeatRequest",
  apiKey: 12,
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 4,
  read: readHeartbeatRequest,
  write: writeHeartbeatRequest,
};

export interface HeartbeatRequest {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  /** In versions 3 and up. */
  readonly groupInstanceId: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_HEARTBEAT_REQUEST: HeartbeatRequest = {
  groupId: "",
  generationId: 0,
  memberId: "",
  groupInstanceId: null,
};

export function readHeartbeatRequest(reader: Reader, version: number): HeartbeatRequest {
  if (version < 0 || version > 4) throw unsupportedVersion("HeartbeatRequest", version);
  const flexible = version >= 4;
  const message: Mutable<HeartbeatRequest> = {
    groupId: (flexible ? reader.compactString() : reader.string()),
    generationId: reader.int32(),
    memberId: (flexible ? reader.compactString() : reader.string()),
    groupInstanceId: (version >= 3 ? (flexible ? reader.compactNullableString() : reader.nullableString()) : null),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeHeartbeatRequest(writer: Writer, message: HeartbeatRequest, version: number): void {
  if (version < 0 || version > 4) throw unsupportedVersion("HeartbeatRequest", version);
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
    throw unsupportedField("HeartbeatRequest.groupInstanceId", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("HeartbeatRequest.unknownTaggedFields", version);
  }
}

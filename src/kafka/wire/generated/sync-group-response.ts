// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, NO_BYTES, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** SyncGroupResponse: versions 0 to 5, flexible from 4. */
export const SYNC_GROUP_RESPONSE: MessageCodec<SyncGroupResponse> = {
  name: "SyncGroupResponse",
  apiKey: 14,
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 4,
  read: readSyncGroupResponse,
  write: writeSyncGroupResponse,
};

export interface SyncGroupResponse {
  /** In versions 1 and up. */
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  /** In versions 5 and up. */
  readonly protocolType: string | null;
  /** In versions 5 and up. */
  readonly protocolName: string | null;
  readonly assignment: Uint8Array;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_SYNC_GROUP_RESPONSE: SyncGroupResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  protocolType: null,
  protocolName: null,
  assignment: NO_BYTES,
};

export function readSyncGroupResponse(reader: Reader, version: number): SyncGroupResponse {
  if (version < 0 || version > 5) throw unsupportedVersion("SyncGroupResponse", version);
  const flexible = version >= 4;
  const message: Mutable<SyncGroupResponse> = {
    throttleTimeMs: (version >= 1 ? reader.int32() : 0),
    errorCode: reader.int16(),
    protocolType: (version >= 5 ? reader.compactNullableString() : null),
    protocolName: (version >= 5 ? reader.compactNullableString() : null),
    assignment: (flexible ? reader.compactByteString() : reader.byteString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeSyncGroupResponse(writer: Writer, message: SyncGroupResponse, version: number): void {
  if (version < 0 || version > 5) throw unsupportedVersion("SyncGroupResponse", version);
  const flexible = version >= 4;
  if (version >= 1) {
    writer.int32(message.throttleTimeMs);
  }
  writer.int16(message.errorCode);
  if (version >= 5) {
    writer.compactNullableString(message.protocolType);
  }
  if (version >= 5) {
    writer.compactNullableString(message.protocolName);
  }
  if (flexible) {
    writer.compactByteString(message.assignment);
  } else {
    writer.byteString(message.assignment);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("SyncGroupResponse.unknownTaggedFields", version);
  }
}

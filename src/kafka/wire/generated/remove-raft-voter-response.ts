// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** RemoveRaftVoterResponse: version 0, flexible from 0. */
export const REMOVE_RAFT_VOTER_RESPONSE: MessageCodec<RemoveRaftVoterResponse> = {
  name: "RemoveRaftVoterResponse",
  apiKey: 81,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readRemoveRaftVoterResponse,
  write: writeRemoveRaftVoterResponse,
};

export interface RemoveRaftVoterResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_REMOVE_RAFT_VOTER_RESPONSE: RemoveRaftVoterResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: "",
};

export function readRemoveRaftVoterResponse(reader: Reader, version: number): RemoveRaftVoterResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("RemoveRaftVoterResponse", version);
  const message: Mutable<RemoveRaftVoterResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeRemoveRaftVoterResponse(writer: Writer, message: RemoveRaftVoterResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("RemoveRaftVoterResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.taggedFields(message.unknownTaggedFields);
}

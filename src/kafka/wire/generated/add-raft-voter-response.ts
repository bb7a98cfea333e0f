// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AddRaftVoterResponse: versions 0 to 1, flexible from 0. */
export const ADD_RAFT_VOTER_RESPONSE: MessageCodec<AddRaftVoterResponse> = {
  name: "AddRaftVoterResponse",
  apiKey: 80,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readAddRaftVoterResponse,
  write: writeAddRaftVoterResponse,
};

export interface AddRaftVoterResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ADD_RAFT_VOTER_RESPONSE: AddRaftVoterResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: "",
};

export function readAddRaftVoterResponse(reader: Reader, version: number): AddRaftVoterResponse {
  if (version < 0 || version > 1) throw unsupportedVersion("AddRaftVoterResponse", version);
  const message: Mutable<AddRaftVoterResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeAddRaftVoterResponse(writer: Writer, message: AddRaftVoterResponse, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("AddRaftVoterResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.taggedFields(message.unknownTaggedFields);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** RemoveRaftVoterRequest: version 0, flexible from 0. */
export const REMOVE_RAFT_VOTER_REQUEST: MessageCodec<RemoveRaftVoterRequest> = {
  name: "RemoveRaftVoterRequest",
  apiKey: 81,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readRemoveRaftVoterRequest,
  write: writeRemoveRaftVoterRequest,
};

export interface RemoveRaftVoterRequest {
  readonly clusterId: string | null;
  readonly voterId: number;
  readonly voterDirectoryId: Uuid;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_REMOVE_RAFT_VOTER_REQUEST: RemoveRaftVoterRequest = {
  clusterId: "",
  voterId: 0,
  voterDirectoryId: ZERO_UUID,
};

export function readRemoveRaftVoterRequest(reader: Reader, version: number): RemoveRaftVoterRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("RemoveRaftVoterRequest", version);
  const message: Mutable<RemoveRaftVoterRequest> = {
    clusterId: reader.compactNullableString(),
    voterId: reader.int32(),
    voterDirectoryId: reader.uuid(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeRemoveRaftVoterRequest(writer: Writer, message: RemoveRaftVoterRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("RemoveRaftVoterRequest", version);
  writer.compactNullableString(message.clusterId);
  writer.int32(message.voterId);
  writer.uuid(message.voterDirectoryId);
  writer.taggedFields(message.unknownTaggedFields);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** QuorumStateData: versions 0 to 1, flexible from 0. */
export const QUORUM_STATE_DATA: MessageCodec<QuorumStateData> = {
  name: "QuorumStateData",
  apiKey: null,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readQuorumStateData,
  write: writeQuorumStateData,
};

export interface QuorumStateData {
  /** In version 0. */
  readonly clusterId: string;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly votedId: number;
  /** In versions 1 and up. */
  readonly votedDirectoryId: Uuid;
  /** In version 0. */
  readonly appliedOffset: Int64;
  /** In version 0. */
  readonly currentVoters: readonly Voter[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Voter {
  readonly voterId: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_VOTER: Voter = {
  voterId: 0,
};

export const DEFAULT_QUORUM_STATE_DATA: QuorumStateData = {
  clusterId: "",
  leaderId: -1,
  leaderEpoch: -1,
  votedId: -1,
  votedDirectoryId: ZERO_UUID,
  appliedOffset: 0,
  currentVoters: [],
};

export function readQuorumStateData(reader: Reader, version: number): QuorumStateData {
  if (version < 0 || version > 1) throw unsupportedVersion("QuorumStateData", version);
  const message: Mutable<QuorumStateData> = {
    clusterId: (version <= 0 ? reader.compactString() : ""),
    leaderId: reader.int32(),
    leaderEpoch: reader.int32(),
    votedId: reader.int32(),
    votedDirectoryId: (version >= 1 ? reader.uuid() : ZERO_UUID),
    appliedOffset: (version <= 0 ? reader.int64() : 0),
    currentVoters: (version <= 0 ? readNullableVoterArray(reader, version, reader.compactNullableArrayLength(5)) : []),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readVoter(reader: Reader, _version: number): Voter {
  const message: Mutable<Voter> = {
    voterId: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readVoterArray(reader: Reader, version: number, count: number): Voter[] {
  const values: Voter[] = [];
  for (let index = 0; index < count; index++) values.push(readVoter(reader, version));
  return values;
}

function readNullableVoterArray(reader: Reader, version: number, count: number): Voter[] | null {
  return count === -1 ? null : readVoterArray(reader, version, count);
}

export function writeQuorumStateData(writer: Writer, message: QuorumStateData, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("QuorumStateData", version);
  if (version <= 0) {
    writer.compactString(message.clusterId);
  } else if (message.clusterId !== "") {
    throw unsupportedField("QuorumStateData.clusterId", version);
  }
  writer.int32(message.leaderId);
  writer.int32(message.leaderEpoch);
  writer.int32(message.votedId);
  if (version >= 1) {
    writer.uuid(message.votedDirectoryId);
  } else if (message.votedDirectoryId !== ZERO_UUID) {
    throw unsupportedField("QuorumStateData.votedDirectoryId", version);
  }
  if (version <= 0) {
    writer.int64(message.appliedOffset);
  } else if (message.appliedOffset != 0) {
    throw unsupportedField("QuorumStateData.appliedOffset", version);
  }
  if (version <= 0) {
    if (message.currentVoters === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.currentVoters.length);
      for (const value of message.currentVoters) writeVoter(writer, value, version);
    }
  } else if ((message.currentVoters === null || message.currentVoters.length !== 0)) {
    throw unsupportedField("QuorumStateData.currentVoters", version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeVoter(writer: Writer, message: Voter, _version: number): void {
  writer.int32(message.voterId);
  writer.taggedFields(message.unknownTaggedFields);
}

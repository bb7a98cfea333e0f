// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** LeaderChangeMessage: versions 0 to 1, flexible from 0. */
export const LEADER_CHANGE_MESSAGE: MessageCodec<LeaderChangeMessage> = {
  name: "LeaderChangeMessage",
  apiKey: null,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readLeaderChangeMessage,
  write: writeLeaderChangeMessage,
};

export interface LeaderChangeMessage {
  readonly version: number;
  readonly leaderId: number;
  readonly voters: readonly Voter[];
  readonly grantingVoters: readonly Voter[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Voter {
  readonly voterId: number;
  /** In versions 1 and up. */
  readonly voterDirectoryId: Uuid;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_VOTER: Voter = {
  voterId: 0,
  voterDirectoryId: ZERO_UUID,
};

export const DEFAULT_LEADER_CHANGE_MESSAGE: LeaderChangeMessage = {
  version: 0,
  leaderId: 0,
  voters: [],
  grantingVoters: [],
};

export function readLeaderChangeMessage(reader: Reader, version: number): LeaderChangeMessage {
  if (version < 0 || version > 1) throw unsupportedVersion("LeaderChangeMessage", version);
  const message: Mutable<LeaderChangeMessage> = {
    version: reader.int16(),
    leaderId: reader.int32(),
    voters: readVoterArray(reader, version, reader.compactArrayLength(5)),
    grantingVoters: readVoterArray(reader, version, reader.compactArrayLength(5)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readVoter(reader: Reader, version: number): Voter {
  const message: Mutable<Voter> = {
    voterId: reader.int32(),
    voterDirectoryId: (version >= 1 ? reader.uuid() : ZERO_UUID),
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

export function writeLeaderChangeMessage(writer: Writer, message: LeaderChangeMessage, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("LeaderChangeMessage", version);
  writer.int16(message.version);
  writer.int32(message.leaderId);
  writer.compactArrayLength(message.voters.length);
  for (const value of message.voters) writeVoter(writer, value, version);
  writer.compactArrayLength(message.grantingVoters.length);
  for (const value of message.grantingVoters) writeVoter(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeVoter(writer: Writer, message: Voter, version: number): void {
  writer.int32(message.voterId);
  if (version >= 1) {
    writer.uuid(message.voterDirectoryId);
  } else if (message.voterDirectoryId !== ZERO_UUID) {
    throw unsupportedField("Voter.voterDirectoryId", version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** UpdateRaftVoterResponse: version 0, flexible from 0. */
export const UPDATE_RAFT_VOTER_RESPONSE: MessageCodec<UpdateRaftVoterResponse> = {
  name: "UpdateRaftVoterResponse",
  apiKey: 82,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readUpdateRaftVoterResponse,
  write: writeUpdateRaftVoterResponse,
};

export interface UpdateRaftVoterResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly currentLeader: CurrentLeader;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface CurrentLeader {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly host: string;
  readonly port: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CURRENT_LEADER: CurrentLeader = {
  leaderId: -1,
  leaderEpoch: -1,
  host: "",
  port: 0,
};

export const DEFAULT_UPDATE_RAFT_VOTER_RESPONSE: UpdateRaftVoterResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  currentLeader: DEFAULT_CURRENT_LEADER,
};

function isDefaultCurrentLeader(message: CurrentLeader): boolean {
  if (message === DEFAULT_CURRENT_LEADER) return true;
  return !(
    message.leaderId !== -1 ||
    message.leaderEpoch !== -1 ||
    message.host !== "" ||
    message.port !== 0 ||
    message.unknownTaggedFields !== undefined
  );
}

export function readUpdateRaftVoterResponse(reader: Reader, version: number): UpdateRaftVoterResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("UpdateRaftVoterResponse", version);
  const message: Mutable<UpdateRaftVoterResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    currentLeader: DEFAULT_CURRENT_LEADER,
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.currentLeader = readCurrentLeader(reader, version);
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readCurrentLeader(reader: Reader, _version: number): CurrentLeader {
  const message: Mutable<CurrentLeader> = {
    leaderId: reader.int32(),
    leaderEpoch: reader.int32(),
    host: reader.compactString(),
    port: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeUpdateRaftVoterResponse(writer: Writer, message: UpdateRaftVoterResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("UpdateRaftVoterResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  const unknown = message.unknownTaggedFields;
  const has0 = !isDefaultCurrentLeader(message.currentLeader);
  writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    writeCurrentLeader(writer, message.currentLeader, version);
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

function writeCurrentLeader(writer: Writer, message: CurrentLeader, _version: number): void {
  writer.int32(message.leaderId);
  writer.int32(message.leaderEpoch);
  writer.compactString(message.host);
  writer.int32(message.port);
  writer.taggedFields(message.unknownTaggedFields);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** UpdateRaftVoterRequest: version 0, flexible from 0. */
export const UPDATE_RAFT_VOTER_REQUEST: MessageCodec<UpdateRaftVoterRequest> = {
  name: "UpdateRaftVoterRequest",
  apiKey: 82,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readUpdateRaftVoterRequest,
  write: writeUpdateRaftVoterRequest,
};

export interface UpdateRaftVoterRequest {
  readonly clusterId: string | null;
  readonly currentLeaderEpoch: number;
  readonly voterId: number;
  readonly voterDirectoryId: Uuid;
  readonly listeners: readonly Listener[];
  readonly kRaftVersionFeature: KRaftVersionFeature;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface KRaftVersionFeature {
  readonly minSupportedVersion: number;
  readonly maxSupportedVersion: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Listener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_LISTENER: Listener = {
  name: "",
  host: "",
  port: 0,
};

export const DEFAULT_KRAFT_VERSION_FEATURE: KRaftVersionFeature = {
  minSupportedVersion: 0,
  maxSupportedVersion: 0,
};

export const DEFAULT_UPDATE_RAFT_VOTER_REQUEST: UpdateRaftVoterRequest = {
  clusterId: "",
  currentLeaderEpoch: 0,
  voterId: 0,
  voterDirectoryId: ZERO_UUID,
  listeners: [],
  kRaftVersionFeature: DEFAULT_KRAFT_VERSION_FEATURE,
};

export function readUpdateRaftVoterRequest(reader: Reader, version: number): UpdateRaftVoterRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("UpdateRaftVoterRequest", version);
  const message: Mutable<UpdateRaftVoterRequest> = {
    clusterId: reader.compactNullableString(),
    currentLeaderEpoch: reader.int32(),
    voterId: reader.int32(),
    voterDirectoryId: reader.uuid(),
    listeners: readListenerArray(reader, version, reader.compactArrayLength(5)),
    kRaftVersionFeature: readKRaftVersionFeature(reader, version),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readKRaftVersionFeature(reader: Reader, _version: number): KRaftVersionFeature {
  const message: Mutable<KRaftVersionFeature> = {
    minSupportedVersion: reader.int16(),
    maxSupportedVersion: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readListener(reader: Reader, _version: number): Listener {
  const message: Mutable<Listener> = {
    name: reader.compactString(),
    host: reader.compactString(),
    port: reader.uint16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readListenerArray(reader: Reader, version: number, count: number): Listener[] {
  const values: Listener[] = [];
  for (let index = 0; index < count; index++) values.push(readListener(reader, version));
  return values;
}

export function writeUpdateRaftVoterRequest(writer: Writer, message: UpdateRaftVoterRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("UpdateRaftVoterRequest", version);
  writer.compactNullableString(message.clusterId);
  writer.int32(message.currentLeaderEpoch);
  writer.int32(message.voterId);
  writer.uuid(message.voterDirectoryId);
  writer.compactArrayLength(message.listeners.length);
  for (const value of message.listeners) writeListener(writer, value, version);
  writeKRaftVersionFeature(writer, message.kRaftVersionFeature, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeKRaftVersionFeature(writer: Writer, message: KRaftVersionFeature, _version: number): void {
  writer.int16(message.minSupportedVersion);
  writer.int16(message.maxSupportedVersion);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeListener(writer: Writer, message: Listener, _version: number): void {
  writer.compactString(message.name);
  writer.compactString(message.host);
  writer.uint16(message.port);
  writer.taggedFields(message.unknownTaggedFields);
}

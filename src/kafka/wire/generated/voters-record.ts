// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** VotersRecord: version 0, flexible from 0. */
export const VOTERS_RECORD: MessageCodec<VotersRecord> = {
  name: "VotersRecord",
  apiKey: null,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readVotersRecord,
  write: writeVotersRecord,
};

export interface VotersRecord {
  readonly version: number;
  readonly voters: readonly Voter[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Voter {
  readonly voterId: number;
  readonly voterDirectoryId: Uuid;
  readonly endpoints: readonly Endpoint[];
  readonly kRaftVersionFeature: KRaftVersionFeature;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface KRaftVersionFeature {
  readonly minSupportedVersion: number;
  readonly maxSupportedVersion: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Endpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ENDPOINT: Endpoint = {
  name: "",
  host: "",
  port: 0,
};

export const DEFAULT_KRAFT_VERSION_FEATURE: KRaftVersionFeature = {
  minSupportedVersion: 0,
  maxSupportedVersion: 0,
};

export const DEFAULT_VOTER: Voter = {
  voterId: 0,
  voterDirectoryId: ZERO_UUID,
  endpoints: [],
  kRaftVersionFeature: DEFAULT_KRAFT_VERSION_FEATURE,
};

export const DEFAULT_VOTERS_RECORD: VotersRecord = {
  version: 0,
  voters: [],
};

export function readVotersRecord(reader: Reader, version: number): VotersRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("VotersRecord", version);
  const message: Mutable<VotersRecord> = {
    version: reader.int16(),
    voters: readVoterArray(reader, version, reader.compactArrayLength(27)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readVoter(reader: Reader, version: number): Voter {
  const message: Mutable<Voter> = {
    voterId: reader.int32(),
    voterDirectoryId: reader.uuid(),
    endpoints: readEndpointArray(reader, version, reader.compactArrayLength(5)),
    kRaftVersionFeature: readKRaftVersionFeature(reader, version),
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

function readKRaftVersionFeature(reader: Reader, _version: number): KRaftVersionFeature {
  const message: Mutable<KRaftVersionFeature> = {
    minSupportedVersion: reader.int16(),
    maxSupportedVersion: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readEndpoint(reader: Reader, _version: number): Endpoint {
  const message: Mutable<Endpoint> = {
    name: reader.compactString(),
    host: reader.compactString(),
    port: reader.uint16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readEndpointArray(reader: Reader, version: number, count: number): Endpoint[] {
  const values: Endpoint[] = [];
  for (let index = 0; index < count; index++) values.push(readEndpoint(reader, version));
  return values;
}

export function writeVotersRecord(writer: Writer, message: VotersRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("VotersRecord", version);
  writer.int16(message.version);
  writer.compactArrayLength(message.voters.length);
  for (const value of message.voters) writeVoter(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeVoter(writer: Writer, message: Voter, version: number): void {
  writer.int32(message.voterId);
  writer.uuid(message.voterDirectoryId);
  writer.compactArrayLength(message.endpoints.length);
  for (const value of message.endpoints) writeEndpoint(writer, value, version);
  writeKRaftVersionFeature(writer, message.kRaftVersionFeature, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeKRaftVersionFeature(writer: Writer, message: KRaftVersionFeature, _version: number): void {
  writer.int16(message.minSupportedVersion);
  writer.int16(message.maxSupportedVersion);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeEndpoint(writer: Writer, message: Endpoint, _version: number): void {
  writer.compactString(message.name);
  writer.compactString(message.host);
  writer.uint16(message.port);
  writer.taggedFields(message.unknownTaggedFields);
}

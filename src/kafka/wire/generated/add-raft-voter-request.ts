// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AddRaftVoterRequest: versions 0 to 1, flexible from 0. */
export const ADD_RAFT_VOTER_REQUEST: MessageCodec<AddRaftVoterRequest> = {
  name: "AddRaftVoterRequest",
  apiKey: 80,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 0,
  read: readAddRaftVoterRequest,
  write: writeAddRaftVoterRequest,
};

export interface AddRaftVoterRequest {
  readonly clusterId: string | null;
  readonly timeoutMs: number;
  readonly voterId: number;
  readonly voterDirectoryId: Uuid;
  readonly listeners: readonly Listener[];
  /** In versions 1 and up. */
  readonly ackWhenCommitted: boolean;
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

export const DEFAULT_ADD_RAFT_VOTER_REQUEST: AddRaftVoterRequest = {
  clusterId: "",
  timeoutMs: 0,
  voterId: 0,
  voterDirectoryId: ZERO_UUID,
  listeners: [],
  ackWhenCommitted: true,
};

export function readAddRaftVoterRequest(reader: Reader, version: number): AddRaftVoterRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("AddRaftVoterRequest", version);
  const message: Mutable<AddRaftVoterRequest> = {
    clusterId: reader.compactNullableString(),
    timeoutMs: reader.int32(),
    voterId: reader.int32(),
    voterDirectoryId: reader.uuid(),
    listeners: readListenerArray(reader, version, reader.compactArrayLength(5)),
    ackWhenCommitted: (version >= 1 ? reader.bool() : true),
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

export function writeAddRaftVoterRequest(writer: Writer, message: AddRaftVoterRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("AddRaftVoterRequest", version);
  writer.compactNullableString(message.clusterId);
  writer.int32(message.timeoutMs);
  writer.int32(message.voterId);
  writer.uuid(message.voterDirectoryId);
  writer.compactArrayLength(message.listeners.length);
  for (const value of message.listeners) writeListener(writer, value, version);
  if (version >= 1) {
    writer.bool(message.ackWhenCommitted);
  } else if (!message.ackWhenCommitted) {
    throw unsupportedField("AddRaftVoterRequest.ackWhenCommitted", version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeListener(writer: Writer, message: Listener, _version: number): void {
  writer.compactString(message.name);
  writer.compactString(message.host);
  writer.uint16(message.port);
  writer.taggedFields(message.unknownTaggedFields);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** FindCoordinatorResponse: versions 0 to 6, flexible from 3. */
export const FIND_COORDINATOR_RESPONSE: MessageCodec<FindCoordinatorResponse> = {
  name: "FindCoordinatorResponse",
  apiKey: 10,
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 3,
  read: readFindCoordinatorResponse,
  write: writeFindCoordinatorResponse,
};

export interface FindCoordinatorResponse {
  /** In versions 1 and up. */
  readonly throttleTimeMs: number;
  /** In versions 0 to 3. */
  readonly errorCode: number;
  /** In versions 1 to 3. */
  readonly errorMessage: string | null;
  /** In versions 0 to 3. */
  readonly nodeId: number;
  /** In versions 0 to 3. */
  readonly host: string;
  /** In versions 0 to 3. */
  readonly port: number;
  /** In versions 4 and up. */
  readonly coordinators: readonly Coordinator[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Coordinator {
  readonly key: string;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_COORDINATOR: Coordinator = {
  key: "",
  nodeId: 0,
  host: "",
  port: 0,
  errorCode: 0,
  errorMessage: "",
};

export const DEFAULT_FIND_COORDINATOR_RESPONSE: FindCoordinatorResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: "",
  nodeId: 0,
  host: "",
  port: 0,
  coordinators: [],
};

export function readFindCoordinatorResponse(reader: Reader, version: number): FindCoordinatorResponse {
  if (version < 0 || version > 6) throw unsupportedVersion("FindCoordinatorResponse", version);
  const flexible = version >= 3;
  const message: Mutable<FindCoordinatorResponse> = {
    throttleTimeMs: (version >= 1 ? reader.int32() : 0),
    errorCode: (version <= 3 ? reader.int16() : 0),
    errorMessage: (version >= 1 && version <= 3 ? (flexible ? reader.compactNullableString() : reader.nullableString()) : ""),
    nodeId: (version <= 3 ? reader.int32() : 0),
    host: (version <= 3 ? (flexible ? reader.compactString() : reader.string()) : ""),
    port: (version <= 3 ? reader.int32() : 0),
    coordinators: (version >= 4 ? readCoordinatorArray(reader, version, reader.compactArrayLength(14)) : []),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readCoordinator(reader: Reader, _version: number): Coordinator {
  const message: Mutable<Coordinator> = {
    key: reader.compactString(),
    nodeId: reader.int32(),
    host: reader.compactString(),
    port: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readCoordinatorArray(reader: Reader, version: number, count: number): Coordinator[] {
  const values: Coordinator[] = [];
  for (let index = 0; index < count; index++) values.push(readCoordinator(reader, version));
  return values;
}

export function writeFindCoordinatorResponse(writer: Writer, message: FindCoordinatorResponse, version: number): void {
  if (version < 0 || version > 6) throw unsupportedVersion("FindCoordinatorResponse", version);
  const flexible = version >= 3;
  if (version >= 1) {
    writer.int32(message.throttleTimeMs);
  }
  if (version <= 3) {
    writer.int16(message.errorCode);
  } else if (message.errorCode !== 0) {
    throw unsupportedField("FindCoordinatorResponse.errorCode", version);
  }
  if (version >= 1 && version <= 3) {
    if (flexible) {
      writer.compactNullableString(message.errorMessage);
    } else {
      writer.nullableString(message.errorMessage);
    }
  }
  if (version <= 3) {
    writer.int32(message.nodeId);
  } else if (message.nodeId !== 0) {
    throw unsupportedField("FindCoordinatorResponse.nodeId", version);
  }
  if (version <= 3) {
    if (flexible) {
      writer.compactString(message.host);
    } else {
      writer.string(message.host);
    }
  } else if (message.host !== "") {
    throw unsupportedField("FindCoordinatorResponse.host", version);
  }
  if (version <= 3) {
    writer.int32(message.port);
  } else if (message.port !== 0) {
    throw unsupportedField("FindCoordinatorResponse.port", version);
  }
  if (version >= 4) {
    writer.compactArrayLength(message.coordinators.length);
    for (const value of message.coordinators) writeCoordinator(writer, value, version);
  } else if (message.coordinators.length !== 0) {
    throw unsupportedField("FindCoordinatorResponse.coordinators", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("FindCoordinatorResponse.unknownTaggedFields", version);
  }
}

function writeCoordinator(writer: Writer, message: Coordinator, _version: number): void {
  writer.compactString(message.key);
  writer.int32(message.nodeId);
  writer.compactString(message.host);
  writer.int32(message.port);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.taggedFields(message.unknownTaggedFields);
}

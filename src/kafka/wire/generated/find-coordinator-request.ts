// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** FindCoordinatorRequest: versions 0 to 6, flexible from 3. */
export const FIND_COORDINATOR_REQUEST: MessageCodec<FindCoordinatorRequest> = {
  name: "FindCoordinatorRequest",
  apiKey: 10,
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 3,
  read: readFindCoordinatorRequest,
  write: writeFindCoordinatorRequest,
};

export interface FindCoordinatorRequest {
  /** In versions 0 to 3. */
  readonly key: string;
  /** In versions 1 and up. */
  readonly keyType: number;
  /** In versions 4 and up. */
  readonly coordinatorKeys: readonly string[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_FIND_COORDINATOR_REQUEST: FindCoordinatorRequest = {
  key: "",
  keyType: 0,
  coordinatorKeys: [],
};

export function readFindCoordinatorRequest(reader: Reader, version: number): FindCoordinatorRequest {
  if (version < 0 || version > 6) throw unsupportedVersion("FindCoordinatorRequest", version);
  const flexible = version >= 3;
  const message: Mutable<FindCoordinatorRequest> = {
    key: (version <= 3 ? (flexible ? reader.compactString() : reader.string()) : ""),
    keyType: (version >= 1 ? reader.int8() : 0),
    coordinatorKeys: (version >= 4 ? readCompactStringArray(reader, reader.compactArrayLength(1)) : []),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeFindCoordinatorRequest(writer: Writer, message: FindCoordinatorRequest, version: number): void {
  if (version < 0 || version > 6) throw unsupportedVersion("FindCoordinatorRequest", version);
  const flexible = version >= 3;
  if (version <= 3) {
    if (flexible) {
      writer.compactString(message.key);
    } else {
      writer.string(message.key);
    }
  } else if (message.key !== "") {
    throw unsupportedField("FindCoordinatorRequest.key", version);
  }
  if (version >= 1) {
    writer.int8(message.keyType);
  } else if (message.keyType !== 0) {
    throw unsupportedField("FindCoordinatorRequest.keyType", version);
  }
  if (version >= 4) {
    writer.compactArrayLength(message.coordinatorKeys.length);
    writeCompactStringArray(writer, message.coordinatorKeys);
  } else if (message.coordinatorKeys.length !== 0) {
    throw unsupportedField("FindCoordinatorRequest.coordinatorKeys", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("FindCoordinatorRequest.unknownTaggedFields", version);
  }
}

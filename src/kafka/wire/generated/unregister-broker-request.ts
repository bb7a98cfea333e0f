// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** UnregisterBrokerRequest: version 0, flexible from 0. */
export const UNREGISTER_BROKER_REQUEST: MessageCodec<UnregisterBrokerRequest> = {
  name: "UnregisterBrokerRequest",
  apiKey: 64,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readUnregisterBrokerRequest,
  write: writeUnregisterBrokerRequest,
};

export interface UnregisterBrokerRequest {
  readonly brokerId: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_UNREGISTER_BROKER_REQUEST: UnregisterBrokerRequest = {
  brokerId: 0,
};

export function readUnregisterBrokerRequest(reader: Reader, version: number): UnregisterBrokerRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("UnregisterBrokerRequest", version);
  const message: Mutable<UnregisterBrokerRequest> = {
    brokerId: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeUnregisterBrokerRequest(writer: Writer, message: UnregisterBrokerRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("UnregisterBrokerRequest", version);
  writer.int32(message.brokerId);
  writer.taggedFields(message.unknownTaggedFields);
}

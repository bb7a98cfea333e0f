// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** UnregisterControllerRequest: version 0, flexible from 0. */
export const UNREGISTER_CONTROLLER_REQUEST: MessageCodec<UnregisterControllerRequest> = {
  name: "UnregisterControllerRequest",
  apiKey: 94,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readUnregisterControllerRequest,
  write: writeUnregisterControllerRequest,
};

export interface UnregisterControllerRequest {
  readonly controllerId: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_UNREGISTER_CONTROLLER_REQUEST: UnregisterControllerRequest = {
  controllerId: 0,
};

export function readUnregisterControllerRequest(reader: Reader, version: number): UnregisterControllerRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("UnregisterControllerRequest", version);
  const message: Mutable<UnregisterControllerRequest> = {
    controllerId: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeUnregisterControllerRequest(writer: Writer, message: UnregisterControllerRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("UnregisterControllerRequest", version);
  writer.int32(message.controllerId);
  writer.taggedFields(message.unknownTaggedFields);
}

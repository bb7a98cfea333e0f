// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** BrokerHeartbeatResponse: versions 0 to 2, flexible from 0. */
export const BROKER_HEARTBEAT_RESPONSE: MessageCodec<BrokerHeartbeatResponse> = {
  name: "BrokerHeartbeatResponse",
  apiKey: 63,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readBrokerHeartbeatResponse,
  write: writeBrokerHeartbeatResponse,
};

export interface BrokerHeartbeatResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly isCaughtUp: boolean;
  readonly isFenced: boolean;
  readonly shouldShutDown: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_BROKER_HEARTBEAT_RESPONSE: BrokerHeartbeatResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  isCaughtUp: false,
  isFenced: true,
  shouldShutDown: false,
};

export function readBrokerHeartbeatResponse(reader: Reader, version: number): BrokerHeartbeatResponse {
  if (version < 0 || version > 2) throw unsupportedVersion("BrokerHeartbeatResponse", version);
  const message: Mutable<BrokerHeartbeatResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    isCaughtUp: reader.bool(),
    isFenced: reader.bool(),
    shouldShutDown: reader.bool(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeBrokerHeartbeatResponse(writer: Writer, message: BrokerHeartbeatResponse, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("BrokerHeartbeatResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.bool(message.isCaughtUp);
  writer.bool(message.isFenced);
  writer.bool(message.shouldShutDown);
  writer.taggedFields(message.unknownTaggedFields);
}

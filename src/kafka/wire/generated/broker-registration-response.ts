// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** BrokerRegistrationResponse: versions 0 to 4, flexible from 0. */
export const BROKER_REGISTRATION_RESPONSE: MessageCodec<BrokerRegistrationResponse> = {
  name: "BrokerRegistrationResponse",
  apiKey: 62,
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 0,
  read: readBrokerRegistrationResponse,
  write: writeBrokerRegistrationResponse,
};

export interface BrokerRegistrationResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly brokerEpoch: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_BROKER_REGISTRATION_RESPONSE: BrokerRegistrationResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  brokerEpoch: -1,
};

export function readBrokerRegistrationResponse(reader: Reader, version: number): BrokerRegistrationResponse {
  if (version < 0 || version > 4) throw unsupportedVersion("BrokerRegistrationResponse", version);
  const message: Mutable<BrokerRegistrationResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    brokerEpoch: reader.int64(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeBrokerRegistrationResponse(writer: Writer, message: BrokerRegistrationResponse, version: number): void {
  if (version < 0 || version > 4) throw unsupportedVersion("BrokerRegistrationResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.int64(message.brokerEpoch);
  writer.taggedFields(message.unknownTaggedFields);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** InitProducerIdResponse: versions 0 to 6, flexible from 2. */
export const INIT_PRODUCER_ID_RESPONSE: MessageCodec<InitProducerIdResponse> = {
  name: "InitProducerIdResponse",
  apiKey: 22,
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 2,
  read: readInitProducerIdResponse,
  write: writeInitProducerIdResponse,
};

export interface InitProducerIdResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly producerId: Int64;
  readonly producerEpoch: number;
  /** In versions 6 and up. */
  readonly ongoingTxnProducerId: Int64;
  /** In versions 6 and up. */
  readonly ongoingTxnProducerEpoch: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_INIT_PRODUCER_ID_RESPONSE: InitProducerIdResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  producerId: -1,
  producerEpoch: 0,
  ongoingTxnProducerId: -1,
  ongoingTxnProducerEpoch: -1,
};

export function readInitProducerIdResponse(reader: Reader, version: number): InitProducerIdResponse {
  if (version < 0 || version > 6) throw unsupportedVersion("InitProducerIdResponse", version);
  const flexible = version >= 2;
  const message: Mutable<InitProducerIdResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    producerId: reader.int64(),
    producerEpoch: reader.int16(),
    ongoingTxnProducerId: (version >= 6 ? reader.int64() : -1),
    ongoingTxnProducerEpoch: (version >= 6 ? reader.int16() : -1),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeInitProducerIdResponse(writer: Writer, message: InitProducerIdResponse, version: number): void {
  if (version < 0 || version > 6) throw unsupportedVersion("InitProducerIdResponse", version);
  const flexible = version >= 2;
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.int64(message.producerId);
  writer.int16(message.producerEpoch);
  if (version >= 6) {
    writer.int64(message.ongoingTxnProducerId);
  } else if (message.ongoingTxnProducerId != -1) {
    throw unsupportedField("InitProducerIdResponse.ongoingTxnProducerId", version);
  }
  if (version >= 6) {
    writer.int16(message.ongoingTxnProducerEpoch);
  } else if (message.ongoingTxnProducerEpoch !== -1) {
    throw unsupportedField("InitProducerIdResponse.ongoingTxnProducerEpoch", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("InitProducerIdResponse.unknownTaggedFields", version);
  }
}

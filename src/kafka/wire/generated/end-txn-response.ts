// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** EndTxnResponse: versions 0 to 5, flexible from 3. */
export const END_TXN_RESPONSE: MessageCodec<EndTxnResponse> = {
  name: "EndTxnResponse",
  apiKey: 26,
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  read: readEndTxnResponse,
  write: writeEndTxnResponse,
};

export interface EndTxnResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  /** In versions 5 and up. */
  readonly producerId: Int64;
  /** In versions 5 and up. */
  readonly producerEpoch: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_END_TXN_RESPONSE: EndTxnResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  producerId: -1,
  producerEpoch: -1,
};

export function readEndTxnResponse(reader: Reader, version: number): EndTxnResponse {
  if (version < 0 || version > 5) throw unsupportedVersion("EndTxnResponse", version);
  const flexible = version >= 3;
  const message: Mutable<EndTxnResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    producerId: (version >= 5 ? reader.int64() : -1),
    producerEpoch: (version >= 5 ? reader.int16() : -1),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeEndTxnResponse(writer: Writer, message: EndTxnResponse, version: number): void {
  if (version < 0 || version > 5) throw unsupportedVersion("EndTxnResponse", version);
  const flexible = version >= 3;
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  if (version >= 5) {
    writer.int64(message.producerId);
  }
  if (version >= 5) {
    writer.int16(message.producerEpoch);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("EndTxnResponse.unknownTaggedFields", version);
  }
}

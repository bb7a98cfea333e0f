// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AllocateProducerIdsResponse: version 0, flexible from 0. */
export const ALLOCATE_PRODUCER_IDS_RESPONSE: MessageCodec<AllocateProducerIdsResponse> = {
  name: "AllocateProducerIdsResponse",
  apiKey: 67,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readAllocateProducerIdsResponse,
  write: writeAllocateProducerIdsResponse,
};

export interface AllocateProducerIdsResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly producerIdStart: Int64;
  readonly producerIdLen: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ALLOCATE_PRODUCER_IDS_RESPONSE: AllocateProducerIdsResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  producerIdStart: 0,
  producerIdLen: 0,
};

export function readAllocateProducerIdsResponse(reader: Reader, version: number): AllocateProducerIdsResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("AllocateProducerIdsResponse", version);
  const message: Mutable<AllocateProducerIdsResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    producerIdStart: reader.int64(),
    producerIdLen: reader.int32(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeAllocateProducerIdsResponse(writer: Writer, message: AllocateProducerIdsResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("AllocateProducerIdsResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.int64(message.producerIdStart);
  writer.int32(message.producerIdLen);
  writer.taggedFields(message.unknownTaggedFields);
}

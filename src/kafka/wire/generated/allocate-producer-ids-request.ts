// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AllocateProducerIdsRequest: version 0, flexible from 0. */
export const ALLOCATE_PRODUCER_IDS_REQUEST: MessageCodec<AllocateProducerIdsRequest> = {
  name: "AllocateProducerIdsRequest",
  apiKey: 67,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readAllocateProducerIdsRequest,
  write: writeAllocateProducerIdsRequest,
};

export interface AllocateProducerIdsRequest {
  readonly brokerId: number;
  readonly brokerEpoch: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ALLOCATE_PRODUCER_IDS_REQUEST: AllocateProducerIdsRequest = {
  brokerId: 0,
  brokerEpoch: -1,
};

export function readAllocateProducerIdsRequest(reader: Reader, version: number): AllocateProducerIdsRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("AllocateProducerIdsRequest", version);
  const message: Mutable<AllocateProducerIdsRequest> = {
    brokerId: reader.int32(),
    brokerEpoch: reader.int64(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeAllocateProducerIdsRequest(writer: Writer, message: AllocateProducerIdsRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("AllocateProducerIdsRequest", version);
  writer.int32(message.brokerId);
  writer.int64(message.brokerEpoch);
  writer.taggedFields(message.unknownTaggedFields);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ProducerIdsRecord: version 0, flexible from 0. */
export const PRODUCER_IDS_RECORD: MessageCodec<ProducerIdsRecord> = {
  name: "ProducerIdsRecord",
  apiKey: 15,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readProducerIdsRecord,
  write: writeProducerIdsRecord,
};

export interface ProducerIdsRecord {
  readonly brokerId: number;
  readonly brokerEpoch: Int64;
  readonly nextProducerId: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_PRODUCER_IDS_RECORD: ProducerIdsRecord = {
  brokerId: 0,
  brokerEpoch: -1,
  nextProducerId: 0,
};

export function readProducerIdsRecord(reader: Reader, version: number): ProducerIdsRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("ProducerIdsRecord", version);
  const message: Mutable<ProducerIdsRecord> = {
    brokerId: reader.int32(),
    brokerEpoch: reader.int64(),
    nextProducerId: reader.int64(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeProducerIdsRecord(writer: Writer, message: ProducerIdsRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ProducerIdsRecord", version);
  writer.int32(message.brokerId);
  writer.int64(message.brokerEpoch);
  writer.int64(message.nextProducerId);
  writer.taggedFields(message.unknownTaggedFields);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** FenceBrokerRecord: version 0, flexible from 0. */
export const FENCE_BROKER_RECORD: MessageCodec<FenceBrokerRecord> = {
  name: "FenceBrokerRecord",
  apiKey: 7,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readFenceBrokerRecord,
  write: writeFenceBrokerRecord,
};

export interface FenceBrokerRecord {
  readonly id: number;
  readonly epoch: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_FENCE_BROKER_RECORD: FenceBrokerRecord = {
  id: 0,
  epoch: 0,
};

export function readFenceBrokerRecord(reader: Reader, version: number): FenceBrokerRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("FenceBrokerRecord", version);
  const message: Mutable<FenceBrokerRecord> = {
    id: reader.int32(),
    epoch: reader.int64(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeFenceBrokerRecord(writer: Writer, message: FenceBrokerRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("FenceBrokerRecord", version);
  writer.int32(message.id);
  writer.int64(message.epoch);
  writer.taggedFields(message.unknownTaggedFields);
}

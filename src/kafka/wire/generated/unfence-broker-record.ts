// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** UnfenceBrokerRecord: version 0, flexible from 0. */
export const UNFENCE_BROKER_RECORD: MessageCodec<UnfenceBrokerRecord> = {
  name: "UnfenceBrokerRecord",
  apiKey: 8,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readUnfenceBrokerRecord,
  write: writeUnfenceBrokerRecord,
};

export interface UnfenceBrokerRecord {
  readonly id: number;
  readonly epoch: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_UNFENCE_BROKER_RECORD: UnfenceBrokerRecord = {
  id: 0,
  epoch: 0,
};

export function readUnfenceBrokerRecord(reader: Reader, version: number): UnfenceBrokerRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("UnfenceBrokerRecord", version);
  const message: Mutable<UnfenceBrokerRecord> = {
    id: reader.int32(),
    epoch: reader.int64(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeUnfenceBrokerRecord(writer: Writer, message: UnfenceBrokerRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("UnfenceBrokerRecord", version);
  writer.int32(message.id);
  writer.int64(message.epoch);
  writer.taggedFields(message.unknownTaggedFields);
}

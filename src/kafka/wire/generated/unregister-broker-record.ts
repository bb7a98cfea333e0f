// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** UnregisterBrokerRecord: version 0, flexible from 0. */
export const UNREGISTER_BROKER_RECORD: MessageCodec<UnregisterBrokerRecord> = {
  name: "UnregisterBrokerRecord",
  apiKey: 1,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readUnregisterBrokerRecord,
  write: writeUnregisterBrokerRecord,
};

export interface UnregisterBrokerRecord {
  readonly brokerId: number;
  readonly brokerEpoch: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_UNREGISTER_BROKER_RECORD: UnregisterBrokerRecord = {
  brokerId: 0,
  brokerEpoch: 0,
};

export function readUnregisterBrokerRecord(reader: Reader, version: number): UnregisterBrokerRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("UnregisterBrokerRecord", version);
  const message: Mutable<UnregisterBrokerRecord> = {
    brokerId: reader.int32(),
    brokerEpoch: reader.int64(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeUnregisterBrokerRecord(writer: Writer, message: UnregisterBrokerRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("UnregisterBrokerRecord", version);
  writer.int32(message.brokerId);
  writer.int64(message.brokerEpoch);
  writer.taggedFields(message.unknownTaggedFields);
}

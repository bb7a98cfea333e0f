// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** KRaftVersionRecord: version 0, flexible from 0. */
export const KRAFT_VERSION_RECORD: MessageCodec<KRaftVersionRecord> = {
  name: "KRaftVersionRecord",
  apiKey: null,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readKRaftVersionRecord,
  write: writeKRaftVersionRecord,
};

export interface KRaftVersionRecord {
  readonly version: number;
  readonly kRaftVersion: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_KRAFT_VERSION_RECORD: KRaftVersionRecord = {
  version: 0,
  kRaftVersion: 0,
};

export function readKRaftVersionRecord(reader: Reader, version: number): KRaftVersionRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("KRaftVersionRecord", version);
  const message: Mutable<KRaftVersionRecord> = {
    version: reader.int16(),
    kRaftVersion: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeKRaftVersionRecord(writer: Writer, message: KRaftVersionRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("KRaftVersionRecord", version);
  writer.int16(message.version);
  writer.int16(message.kRaftVersion);
  writer.taggedFields(message.unknownTaggedFields);
}

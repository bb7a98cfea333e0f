// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** SnapshotFooterRecord: version 0, flexible from 0. */
export const SNAPSHOT_FOOTER_RECORD: MessageCodec<SnapshotFooterRecord> = {
  name: "SnapshotFooterRecord",
  apiKey: null,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readSnapshotFooterRecord,
  write: writeSnapshotFooterRecord,
};

export interface SnapshotFooterRecord {
  readonly version: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_SNAPSHOT_FOOTER_RECORD: SnapshotFooterRecord = {
  version: 0,
};

export function readSnapshotFooterRecord(reader: Reader, version: number): SnapshotFooterRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("SnapshotFooterRecord", version);
  const message: Mutable<SnapshotFooterRecord> = {
    version: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeSnapshotFooterRecord(writer: Writer, message: SnapshotFooterRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("SnapshotFooterRecord", version);
  writer.int16(message.version);
  writer.taggedFields(message.unknownTaggedFields);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** SnapshotHeaderRecord: version 0, flexible from 0. */
export const SNAPSHOT_HEADER_RECORD: MessageCodec<SnapshotHeaderRecord> = {
  name: "SnapshotHeaderRecord",
  apiKey: null,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readSnapshotHeaderRecord,
  write: writeSnapshotHeaderRecord,
};

export interface SnapshotHeaderRecord {
  readonly version: number;
  readonly lastContainedLogTimestamp: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_SNAPSHOT_HEADER_RECORD: SnapshotHeaderRecord = {
  version: 0,
  lastContainedLogTimestamp: 0,
};

export function readSnapshotHeaderRecord(reader: Reader, version: number): SnapshotHeaderRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("SnapshotHeaderRecord", version);
  const message: Mutable<SnapshotHeaderRecord> = {
    version: reader.int16(),
    lastContainedLogTimestamp: reader.int64(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeSnapshotHeaderRecord(writer: Writer, message: SnapshotHeaderRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("SnapshotHeaderRecord", version);
  writer.int16(message.version);
  writer.int64(message.lastContainedLogTimestamp);
  writer.taggedFields(message.unknownTaggedFields);
}

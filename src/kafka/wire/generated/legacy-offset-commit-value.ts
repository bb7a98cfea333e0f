// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** LegacyOffsetCommitValue: version 0. */
export const LEGACY_OFFSET_COMMIT_VALUE: MessageCodec<LegacyOffsetCommitValue> = {
  name: "LegacyOffsetCommitValue",
  apiKey: 0,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readLegacyOffsetCommitValue,
  write: writeLegacyOffsetCommitValue,
};

export interface LegacyOffsetCommitValue {
  readonly offset: Int64;
  readonly metadata: string;
  readonly commitTimestamp: Int64;
}

export const DEFAULT_LEGACY_OFFSET_COMMIT_VALUE: LegacyOffsetCommitValue = {
  offset: 0,
  metadata: "",
  commitTimestamp: 0,
};

export function readLegacyOffsetCommitValue(reader: Reader, version: number): LegacyOffsetCommitValue {
  if (version < 0 || version > 0) throw unsupportedVersion("LegacyOffsetCommitValue", version);
  return {
    offset: reader.int64(),
    metadata: reader.string(),
    commitTimestamp: reader.int64(),
  };
}

export function writeLegacyOffsetCommitValue(writer: Writer, message: LegacyOffsetCommitValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("LegacyOffsetCommitValue", version);
  writer.int64(message.offset);
  writer.string(message.metadata);
  writer.int64(message.commitTimestamp);
}

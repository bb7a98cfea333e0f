// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** LegacyOffsetCommitKey: version 0. */
export const LEGACY_OFFSET_COMMIT_KEY: MessageCodec<LegacyOffsetCommitKey> = {
  name: "LegacyOffsetCommitKey",
  apiKey: 0,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readLegacyOffsetCommitKey,
  write: writeLegacyOffsetCommitKey,
};

export interface LegacyOffsetCommitKey {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

export const DEFAULT_LEGACY_OFFSET_COMMIT_KEY: LegacyOffsetCommitKey = {
  group: "",
  topic: "",
  partition: 0,
};

export function readLegacyOffsetCommitKey(reader: Reader, version: number): LegacyOffsetCommitKey {
  if (version < 0 || version > 0) throw unsupportedVersion("LegacyOffsetCommitKey", version);
  return {
    group: reader.string(),
    topic: reader.string(),
    partition: reader.int32(),
  };
}

export function writeLegacyOffsetCommitKey(writer: Writer, message: LegacyOffsetCommitKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("LegacyOffsetCommitKey", version);
  writer.string(message.group);
  writer.string(message.topic);
  writer.int32(message.partition);
}

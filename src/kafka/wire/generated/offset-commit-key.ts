// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** OffsetCommitKey: version 0. */
export const OFFSET_COMMIT_KEY: MessageCodec<OffsetCommitKey> = {
  name: "OffsetCommitKey",
  apiKey: 1,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readOffsetCommitKey,
  write: writeOffsetCommitKey,
};

export interface OffsetCommitKey {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

export const DEFAULT_OFFSET_COMMIT_KEY: OffsetCommitKey = {
  group: "",
  topic: "",
  partition: 0,
};

export function readOffsetCommitKey(reader: Reader, version: number): OffsetCommitKey {
  if (version < 0 || version > 0) throw unsupportedVersion("OffsetCommitKey", version);
  return {
    group: reader.string(),
    topic: reader.string(),
    partition: reader.int32(),
  };
}

export function writeOffsetCommitKey(writer: Writer, message: OffsetCommitKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("OffsetCommitKey", version);
  writer.string(message.group);
  writer.string(message.topic);
  writer.int32(message.partition);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareGroupMetadataKey: version 0. */
export const SHARE_GROUP_METADATA_KEY: MessageCodec<ShareGroupMetadataKey> = {
  name: "ShareGroupMetadataKey",
  apiKey: 11,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readShareGroupMetadataKey,
  write: writeShareGroupMetadataKey,
};

export interface ShareGroupMetadataKey {
  readonly groupId: string;
}

export const DEFAULT_SHARE_GROUP_METADATA_KEY: ShareGroupMetadataKey = {
  groupId: "",
};

export function readShareGroupMetadataKey(reader: Reader, version: number): ShareGroupMetadataKey {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupMetadataKey", version);
  return {
    groupId: reader.string(),
  };
}

export function writeShareGroupMetadataKey(writer: Writer, message: ShareGroupMetadataKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupMetadataKey", version);
  writer.string(message.groupId);
}

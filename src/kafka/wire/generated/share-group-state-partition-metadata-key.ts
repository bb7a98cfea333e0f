// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareGroupStatePartitionMetadataKey: version 0. */
export const SHARE_GROUP_STATE_PARTITION_METADATA_KEY: MessageCodec<ShareGroupStatePartitionMetadataKey> = {
  name: "ShareGroupStatePartitionMetadataKey",
  apiKey: 15,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readShareGroupStatePartitionMetadataKey,
  write: writeShareGroupStatePartitionMetadataKey,
};

export interface ShareGroupStatePartitionMetadataKey {
  readonly groupId: string;
}

export const DEFAULT_SHARE_GROUP_STATE_PARTITION_METADATA_KEY: ShareGroupStatePartitionMetadataKey = {
  groupId: "",
};

export function readShareGroupStatePartitionMetadataKey(reader: Reader, version: number): ShareGroupStatePartitionMetadataKey {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupStatePartitionMetadataKey", version);
  return {
    groupId: reader.string(),
  };
}

export function writeShareGroupStatePartitionMetadataKey(writer: Writer, message: ShareGroupStatePartitionMetadataKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupStatePartitionMetadataKey", version);
  writer.string(message.groupId);
}

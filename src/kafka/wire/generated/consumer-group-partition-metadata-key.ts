// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerGroupPartitionMetadataKey: version 0. */
export const CONSUMER_GROUP_PARTITION_METADATA_KEY: MessageCodec<ConsumerGroupPartitionMetadataKey> = {
  name: "ConsumerGroupPartitionMetadataKey",
  apiKey: 4,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readConsumerGroupPartitionMetadataKey,
  write: writeConsumerGroupPartitionMetadataKey,
};

export interface ConsumerGroupPartitionMetadataKey {
  readonly groupId: string;
}

export const DEFAULT_CONSUMER_GROUP_PARTITION_METADATA_KEY: ConsumerGroupPartitionMetadataKey = {
  groupId: "",
};

export function readConsumerGroupPartitionMetadataKey(reader: Reader, version: number): ConsumerGroupPartitionMetadataKey {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupPartitionMetadataKey", version);
  return {
    groupId: reader.string(),
  };
}

export function writeConsumerGroupPartitionMetadataKey(writer: Writer, message: ConsumerGroupPartitionMetadataKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupPartitionMetadataKey", version);
  writer.string(message.groupId);
}

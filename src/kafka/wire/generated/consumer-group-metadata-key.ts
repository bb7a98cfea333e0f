// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerGroupMetadataKey: version 0. */
export const CONSUMER_GROUP_METADATA_KEY: MessageCodec<ConsumerGroupMetadataKey> = {
  name: "ConsumerGroupMetadataKey",
  apiKey: 3,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readConsumerGroupMetadataKey,
  write: writeConsumerGroupMetadataKey,
};

export interface ConsumerGroupMetadataKey {
  readonly groupId: string;
}

export const DEFAULT_CONSUMER_GROUP_METADATA_KEY: ConsumerGroupMetadataKey = {
  groupId: "",
};

export function readConsumerGroupMetadataKey(reader: Reader, version: number): ConsumerGroupMetadataKey {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupMetadataKey", version);
  return {
    groupId: reader.string(),
  };
}

export function writeConsumerGroupMetadataKey(writer: Writer, message: ConsumerGroupMetadataKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupMetadataKey", version);
  writer.string(message.groupId);
}

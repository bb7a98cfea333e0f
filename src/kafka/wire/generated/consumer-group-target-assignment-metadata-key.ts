// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerGroupTargetAssignmentMetadataKey: version 0. */
export const CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_KEY: MessageCodec<ConsumerGroupTargetAssignmentMetadataKey> = {
  name: "ConsumerGroupTargetAssignmentMetadataKey",
  apiKey: 6,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readConsumerGroupTargetAssignmentMetadataKey,
  write: writeConsumerGroupTargetAssignmentMetadataKey,
};

export interface ConsumerGroupTargetAssignmentMetadataKey {
  readonly groupId: string;
}

export const DEFAULT_CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_KEY: ConsumerGroupTargetAssignmentMetadataKey = {
  groupId: "",
};

export function readConsumerGroupTargetAssignmentMetadataKey(reader: Reader, version: number): ConsumerGroupTargetAssignmentMetadataKey {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupTargetAssignmentMetadataKey", version);
  return {
    groupId: reader.string(),
  };
}

export function writeConsumerGroupTargetAssignmentMetadataKey(writer: Writer, message: ConsumerGroupTargetAssignmentMetadataKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupTargetAssignmentMetadataKey", version);
  writer.string(message.groupId);
}

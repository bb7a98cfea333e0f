// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerGroupMemberMetadataKey: version 0. */
export const CONSUMER_GROUP_MEMBER_METADATA_KEY: MessageCodec<ConsumerGroupMemberMetadataKey> = {
  name: "ConsumerGroupMemberMetadataKey",
  apiKey: 5,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readConsumerGroupMemberMetadataKey,
  write: writeConsumerGroupMemberMetadataKey,
};

export interface ConsumerGroupMemberMetadataKey {
  readonly groupId: string;
  readonly memberId: string;
}

export const DEFAULT_CONSUMER_GROUP_MEMBER_METADATA_KEY: ConsumerGroupMemberMetadataKey = {
  groupId: "",
  memberId: "",
};

export function readConsumerGroupMemberMetadataKey(reader: Reader, version: number): ConsumerGroupMemberMetadataKey {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupMemberMetadataKey", version);
  return {
    groupId: reader.string(),
    memberId: reader.string(),
  };
}

export function writeConsumerGroupMemberMetadataKey(writer: Writer, message: ConsumerGroupMemberMetadataKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupMemberMetadataKey", version);
  writer.string(message.groupId);
  writer.string(message.memberId);
}

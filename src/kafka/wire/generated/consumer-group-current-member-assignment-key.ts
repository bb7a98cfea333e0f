// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerGroupCurrentMemberAssignmentKey: version 0. */
export const CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY: MessageCodec<ConsumerGroupCurrentMemberAssignmentKey> = {
  name: "ConsumerGroupCurrentMemberAssignmentKey",
  apiKey: 8,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readConsumerGroupCurrentMemberAssignmentKey,
  write: writeConsumerGroupCurrentMemberAssignmentKey,
};

export interface ConsumerGroupCurrentMemberAssignmentKey {
  readonly groupId: string;
  readonly memberId: string;
}

export const DEFAULT_CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY: ConsumerGroupCurrentMemberAssignmentKey = {
  groupId: "",
  memberId: "",
};

export function readConsumerGroupCurrentMemberAssignmentKey(reader: Reader, version: number): ConsumerGroupCurrentMemberAssignmentKey {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupCurrentMemberAssignmentKey", version);
  return {
    groupId: reader.string(),
    memberId: reader.string(),
  };
}

export function writeConsumerGroupCurrentMemberAssignmentKey(writer: Writer, message: ConsumerGroupCurrentMemberAssignmentKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupCurrentMemberAssignmentKey", version);
  writer.string(message.groupId);
  writer.string(message.memberId);
}

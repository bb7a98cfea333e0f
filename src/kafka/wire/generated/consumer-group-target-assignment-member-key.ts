// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerGroupTargetAssignmentMemberKey: version 0. */
export const CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY: MessageCodec<ConsumerGroupTargetAssignmentMemberKey> = {
  name: "ConsumerGroupTargetAssignmentMemberKey",
  apiKey: 7,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readConsumerGroupTargetAssignmentMemberKey,
  write: writeConsumerGroupTargetAssignmentMemberKey,
};

export interface ConsumerGroupTargetAssignmentMemberKey {
  readonly groupId: string;
  readonly memberId: string;
}

export const DEFAULT_CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY: ConsumerGroupTargetAssignmentMemberKey = {
  groupId: "",
  memberId: "",
};

export function readConsumerGroupTargetAssignmentMemberKey(reader: Reader, version: number): ConsumerGroupTargetAssignmentMemberKey {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupTargetAssignmentMemberKey", version);
  return {
    groupId: reader.string(),
    memberId: reader.string(),
  };
}

export function writeConsumerGroupTargetAssignmentMemberKey(writer: Writer, message: ConsumerGroupTargetAssignmentMemberKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupTargetAssignmentMemberKey", version);
  writer.string(message.groupId);
  writer.string(message.memberId);
}

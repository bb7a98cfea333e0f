// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareGroupTargetAssignmentMemberKey: version 0. */
export const SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY: MessageCodec<ShareGroupTargetAssignmentMemberKey> = {
  name: "ShareGroupTargetAssignmentMemberKey",
  apiKey: 13,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readShareGroupTargetAssignmentMemberKey,
  write: writeShareGroupTargetAssignmentMemberKey,
};

export interface ShareGroupTargetAssignmentMemberKey {
  readonly groupId: string;
  readonly memberId: string;
}

export const DEFAULT_SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY: ShareGroupTargetAssignmentMemberKey = {
  groupId: "",
  memberId: "",
};

export function readShareGroupTargetAssignmentMemberKey(reader: Reader, version: number): ShareGroupTargetAssignmentMemberKey {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupTargetAssignmentMemberKey", version);
  return {
    groupId: reader.string(),
    memberId: reader.string(),
  };
}

export function writeShareGroupTargetAssignmentMemberKey(writer: Writer, message: ShareGroupTargetAssignmentMemberKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupTargetAssignmentMemberKey", version);
  writer.string(message.groupId);
  writer.string(message.memberId);
}

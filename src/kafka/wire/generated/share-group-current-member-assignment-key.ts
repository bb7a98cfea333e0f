// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareGroupCurrentMemberAssignmentKey: version 0. */
export const SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY: MessageCodec<ShareGroupCurrentMemberAssignmentKey> = {
  name: "ShareGroupCurrentMemberAssignmentKey",
  apiKey: 14,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readShareGroupCurrentMemberAssignmentKey,
  write: writeShareGroupCurrentMemberAssignmentKey,
};

export interface ShareGroupCurrentMemberAssignmentKey {
  readonly groupId: string;
  readonly memberId: string;
}

export const DEFAULT_SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY: ShareGroupCurrentMemberAssignmentKey = {
  groupId: "",
  memberId: "",
};

export function readShareGroupCurrentMemberAssignmentKey(reader: Reader, version: number): ShareGroupCurrentMemberAssignmentKey {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupCurrentMemberAssignmentKey", version);
  return {
    groupId: reader.string(),
    memberId: reader.string(),
  };
}

export function writeShareGroupCurrentMemberAssignmentKey(writer: Writer, message: ShareGroupCurrentMemberAssignmentKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupCurrentMemberAssignmentKey", version);
  writer.string(message.groupId);
  writer.string(message.memberId);
}

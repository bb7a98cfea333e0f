// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupTargetAssignmentMemberKey: version 0. */
export const STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY: MessageCodec<StreamsGroupTargetAssignmentMemberKey> = {
  name: "StreamsGroupTargetAssignmentMemberKey",
  apiKey: 21,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readStreamsGroupTargetAssignmentMemberKey,
  write: writeStreamsGroupTargetAssignmentMemberKey,
};

export interface StreamsGroupTargetAssignmentMemberKey {
  readonly groupId: string;
  readonly memberId: string;
}

export const DEFAULT_STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY: StreamsGroupTargetAssignmentMemberKey = {
  groupId: "",
  memberId: "",
};

export function readStreamsGroupTargetAssignmentMemberKey(reader: Reader, version: number): StreamsGroupTargetAssignmentMemberKey {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupTargetAssignmentMemberKey", version);
  return {
    groupId: reader.string(),
    memberId: reader.string(),
  };
}

export function writeStreamsGroupTargetAssignmentMemberKey(writer: Writer, message: StreamsGroupTargetAssignmentMemberKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupTargetAssignmentMemberKey", version);
  writer.string(message.groupId);
  writer.string(message.memberId);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupCurrentMemberAssignmentKey: version 0. */
export const STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY: MessageCodec<StreamsGroupCurrentMemberAssignmentKey> = {
  name: "StreamsGroupCurrentMemberAssignmentKey",
  apiKey: 22,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readStreamsGroupCurrentMemberAssignmentKey,
  write: writeStreamsGroupCurrentMemberAssignmentKey,
};

export interface StreamsGroupCurrentMemberAssignmentKey {
  readonly groupId: string;
  readonly memberId: string;
}

export const DEFAULT_STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY: StreamsGroupCurrentMemberAssignmentKey = {
  groupId: "",
  memberId: "",
};

export function readStreamsGroupCurrentMemberAssignmentKey(reader: Reader, version: number): StreamsGroupCurrentMemberAssignmentKey {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupCurrentMemberAssignmentKey", version);
  return {
    groupId: reader.string(),
    memberId: reader.string(),
  };
}

export function writeStreamsGroupCurrentMemberAssignmentKey(writer: Writer, message: StreamsGroupCurrentMemberAssignmentKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupCurrentMemberAssignmentKey", version);
  writer.string(message.groupId);
  writer.string(message.memberId);
}

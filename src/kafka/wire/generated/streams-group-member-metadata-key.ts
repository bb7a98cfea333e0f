// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupMemberMetadataKey: version 0. */
export const STREAMS_GROUP_MEMBER_METADATA_KEY: MessageCodec<StreamsGroupMemberMetadataKey> = {
  name: "StreamsGroupMemberMetadataKey",
  apiKey: 19,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readStreamsGroupMemberMetadataKey,
  write: writeStreamsGroupMemberMetadataKey,
};

export interface StreamsGroupMemberMetadataKey {
  readonly groupId: string;
  readonly memberId: string;
}

export const DEFAULT_STREAMS_GROUP_MEMBER_METADATA_KEY: StreamsGroupMemberMetadataKey = {
  groupId: "",
  memberId: "",
};

export function readStreamsGroupMemberMetadataKey(reader: Reader, version: number): StreamsGroupMemberMetadataKey {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupMemberMetadataKey", version);
  return {
    groupId: reader.string(),
    memberId: reader.string(),
  };
}

export function writeStreamsGroupMemberMetadataKey(writer: Writer, message: StreamsGroupMemberMetadataKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupMemberMetadataKey", version);
  writer.string(message.groupId);
  writer.string(message.memberId);
}

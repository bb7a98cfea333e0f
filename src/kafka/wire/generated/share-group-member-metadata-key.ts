// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareGroupMemberMetadataKey: version 0. */
export const SHARE_GROUP_MEMBER_METADATA_KEY: MessageCodec<ShareGroupMemberMetadataKey> = {
  name: "ShareGroupMemberMetadataKey",
  apiKey: 10,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readShareGroupMemberMetadataKey,
  write: writeShareGroupMemberMetadataKey,
};

export interface ShareGroupMemberMetadataKey {
  readonly groupId: string;
  readonly memberId: string;
}

export const DEFAULT_SHARE_GROUP_MEMBER_METADATA_KEY: ShareGroupMemberMetadataKey = {
  groupId: "",
  memberId: "",
};

export function readShareGroupMemberMetadataKey(reader: Reader, version: number): ShareGroupMemberMetadataKey {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupMemberMetadataKey", version);
  return {
    groupId: reader.string(),
    memberId: reader.string(),
  };
}

export function writeShareGroupMemberMetadataKey(writer: Writer, message: ShareGroupMemberMetadataKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupMemberMetadataKey", version);
  writer.string(message.groupId);
  writer.string(message.memberId);
}

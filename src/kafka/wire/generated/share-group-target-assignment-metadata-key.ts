// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareGroupTargetAssignmentMetadataKey: version 0. */
export const SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_KEY: MessageCodec<ShareGroupTargetAssignmentMetadataKey> = {
  name: "ShareGroupTargetAssignmentMetadataKey",
  apiKey: 12,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readShareGroupTargetAssignmentMetadataKey,
  write: writeShareGroupTargetAssignmentMetadataKey,
};

export interface ShareGroupTargetAssignmentMetadataKey {
  readonly groupId: string;
}

export const DEFAULT_SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_KEY: ShareGroupTargetAssignmentMetadataKey = {
  groupId: "",
};

export function readShareGroupTargetAssignmentMetadataKey(reader: Reader, version: number): ShareGroupTargetAssignmentMetadataKey {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupTargetAssignmentMetadataKey", version);
  return {
    groupId: reader.string(),
  };
}

export function writeShareGroupTargetAssignmentMetadataKey(writer: Writer, message: ShareGroupTargetAssignmentMetadataKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupTargetAssignmentMetadataKey", version);
  writer.string(message.groupId);
}

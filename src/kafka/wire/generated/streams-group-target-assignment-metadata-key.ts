// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupTargetAssignmentMetadataKey: version 0. */
export const STREAMS_GROUP_TARGET_ASSIGNMENT_METADATA_KEY: MessageCodec<StreamsGroupTargetAssignmentMetadataKey> = {
  name: "StreamsGroupTargetAssignmentMetadataKey",
  apiKey: 20,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readStreamsGroupTargetAssignmentMetadataKey,
  write: writeStreamsGroupTargetAssignmentMetadataKey,
};

export interface StreamsGroupTargetAssignmentMetadataKey {
  readonly groupId: string;
}

export const DEFAULT_STREAMS_GROUP_TARGET_ASSIGNMENT_METADATA_KEY: StreamsGroupTargetAssignmentMetadataKey = {
  groupId: "",
};

export function readStreamsGroupTargetAssignmentMetadataKey(reader: Reader, version: number): StreamsGroupTargetAssignmentMetadataKey {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupTargetAssignmentMetadataKey", version);
  return {
    groupId: reader.string(),
  };
}

export function writeStreamsGroupTargetAssignmentMetadataKey(writer: Writer, message: StreamsGroupTargetAssignmentMetadataKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupTargetAssignmentMetadataKey", version);
  writer.string(message.groupId);
}

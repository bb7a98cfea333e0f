// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupMetadataKey: version 0. */
export const STREAMS_GROUP_METADATA_KEY: MessageCodec<StreamsGroupMetadataKey> = {
  name: "StreamsGroupMetadataKey",
  apiKey: 17,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readStreamsGroupMetadataKey,
  write: writeStreamsGroupMetadataKey,
};

export interface StreamsGroupMetadataKey {
  readonly groupId: string;
}

export const DEFAULT_STREAMS_GROUP_METADATA_KEY: StreamsGroupMetadataKey = {
  groupId: "",
};

export function readStreamsGroupMetadataKey(reader: Reader, version: number): StreamsGroupMetadataKey {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupMetadataKey", version);
  return {
    groupId: reader.string(),
  };
}

export function writeStreamsGroupMetadataKey(writer: Writer, message: StreamsGroupMetadataKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupMetadataKey", version);
  writer.string(message.groupId);
}

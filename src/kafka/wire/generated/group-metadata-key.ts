// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** GroupMetadataKey: version 0. */
export const GROUP_METADATA_KEY: MessageCodec<GroupMetadataKey> = {
  name: "GroupMetadataKey",
  apiKey: 2,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readGroupMetadataKey,
  write: writeGroupMetadataKey,
};

export interface GroupMetadataKey {
  readonly group: string;
}

export const DEFAULT_GROUP_METADATA_KEY: GroupMetadataKey = {
  group: "",
};

export function readGroupMetadataKey(reader: Reader, version: number): GroupMetadataKey {
  if (version < 0 || version > 0) throw unsupportedVersion("GroupMetadataKey", version);
  return {
    group: reader.string(),
  };
}

export function writeGroupMetadataKey(writer: Writer, message: GroupMetadataKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("GroupMetadataKey", version);
  writer.string(message.group);
}

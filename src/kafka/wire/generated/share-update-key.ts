// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareUpdateKey: version 0. */
export const SHARE_UPDATE_KEY: MessageCodec<ShareUpdateKey> = {
  name: "ShareUpdateKey",
  apiKey: 1,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readShareUpdateKey,
  write: writeShareUpdateKey,
};

export interface ShareUpdateKey {
  readonly groupId: string;
  readonly topicId: Uuid;
  readonly partition: number;
}

export const DEFAULT_SHARE_UPDATE_KEY: ShareUpdateKey = {
  groupId: "",
  topicId: ZERO_UUID,
  partition: 0,
};

export function readShareUpdateKey(reader: Reader, version: number): ShareUpdateKey {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareUpdateKey", version);
  return {
    groupId: reader.string(),
    topicId: reader.uuid(),
    partition: reader.int32(),
  };
}

export function writeShareUpdateKey(writer: Writer, message: ShareUpdateKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareUpdateKey", version);
  writer.string(message.groupId);
  writer.uuid(message.topicId);
  writer.int32(message.partition);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareSnapshotKey: version 0. */
export const SHARE_SNAPSHOT_KEY: MessageCodec<ShareSnapshotKey> = {
  name: "ShareSnapshotKey",
  apiKey: 0,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readShareSnapshotKey,
  write: writeShareSnapshotKey,
};

export interface ShareSnapshotKey {
  readonly groupId: string;
  readonly topicId: Uuid;
  readonly partition: number;
}

export const DEFAULT_SHARE_SNAPSHOT_KEY: ShareSnapshotKey = {
  groupId: "",
  topicId: ZERO_UUID,
  partition: 0,
};

export function readShareSnapshotKey(reader: Reader, version: number): ShareSnapshotKey {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareSnapshotKey", version);
  return {
    groupId: reader.string(),
    topicId: reader.uuid(),
    partition: reader.int32(),
  };
}

export function writeShareSnapshotKey(writer: Writer, message: ShareSnapshotKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareSnapshotKey", version);
  writer.string(message.groupId);
  writer.uuid(message.topicId);
  writer.int32(message.partition);
}

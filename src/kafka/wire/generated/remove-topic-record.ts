// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** RemoveTopicRecord: version 0, flexible from 0. */
export const REMOVE_TOPIC_RECORD: MessageCodec<RemoveTopicRecord> = {
  name: "RemoveTopicRecord",
  apiKey: 9,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readRemoveTopicRecord,
  write: writeRemoveTopicRecord,
};

export interface RemoveTopicRecord {
  readonly topicId: Uuid;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_REMOVE_TOPIC_RECORD: RemoveTopicRecord = {
  topicId: ZERO_UUID,
};

export function readRemoveTopicRecord(reader: Reader, version: number): RemoveTopicRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("RemoveTopicRecord", version);
  const message: Mutable<RemoveTopicRecord> = {
    topicId: reader.uuid(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeRemoveTopicRecord(writer: Writer, message: RemoveTopicRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("RemoveTopicRecord", version);
  writer.uuid(message.topicId);
  writer.taggedFields(message.unknownTaggedFields);
}

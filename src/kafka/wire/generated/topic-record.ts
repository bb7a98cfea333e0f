// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** TopicRecord: version 0, flexible from 0. */
export const TOPIC_RECORD: MessageCodec<TopicRecord> = {
  name: "TopicRecord",
  apiKey: 2,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readTopicRecord,
  write: writeTopicRecord,
};

export interface TopicRecord {
  readonly name: string;
  readonly topicId: Uuid;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_TOPIC_RECORD: TopicRecord = {
  name: "",
  topicId: ZERO_UUID,
};

export function readTopicRecord(reader: Reader, version: number): TopicRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("TopicRecord", version);
  const message: Mutable<TopicRecord> = {
    name: reader.compactString(),
    topicId: reader.uuid(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeTopicRecord(writer: Writer, message: TopicRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("TopicRecord", version);
  writer.compactString(message.name);
  writer.uuid(message.topicId);
  writer.taggedFields(message.unknownTaggedFields);
}

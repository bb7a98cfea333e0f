// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerGroupMetadataValue: version 0, flexible from 0. */
export const CONSUMER_GROUP_METADATA_VALUE: MessageCodec<ConsumerGroupMetadataValue> = {
  name: "ConsumerGroupMetadataValue",
  apiKey: 3,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readConsumerGroupMetadataValue,
  write: writeConsumerGroupMetadataValue,
};

export interface ConsumerGroupMetadataValue {
  readonly epoch: number;
  readonly metadataHash: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CONSUMER_GROUP_METADATA_VALUE: ConsumerGroupMetadataValue = {
  epoch: 0,
  metadataHash: 0,
};

export function readConsumerGroupMetadataValue(reader: Reader, version: number): ConsumerGroupMetadataValue {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupMetadataValue", version);
  const message: Mutable<ConsumerGroupMetadataValue> = {
    epoch: reader.int32(),
    metadataHash: 0,
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.metadataHash = reader.int64();
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeConsumerGroupMetadataValue(writer: Writer, message: ConsumerGroupMetadataValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupMetadataValue", version);
  writer.int32(message.epoch);
  const unknown = message.unknownTaggedFields;
  const has0 = message.metadataHash != 0;
  writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    writer.int64(message.metadataHash);
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

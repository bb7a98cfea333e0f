// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerGroupRegularExpressionValue: version 0, flexible from 0. */
export const CONSUMER_GROUP_REGULAR_EXPRESSION_VALUE: MessageCodec<ConsumerGroupRegularExpressionValue> = {
  name: "ConsumerGroupRegularExpressionValue",
  apiKey: 16,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readConsumerGroupRegularExpressionValue,
  write: writeConsumerGroupRegularExpressionValue,
};

export interface ConsumerGroupRegularExpressionValue {
  readonly topics: readonly string[];
  readonly version: Int64;
  readonly timestamp: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CONSUMER_GROUP_REGULAR_EXPRESSION_VALUE: ConsumerGroupRegularExpressionValue = {
  topics: [],
  version: 0,
  timestamp: 0,
};

export function readConsumerGroupRegularExpressionValue(reader: Reader, version: number): ConsumerGroupRegularExpressionValue {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupRegularExpressionValue", version);
  const message: Mutable<ConsumerGroupRegularExpressionValue> = {
    topics: readCompactStringArray(reader, reader.compactArrayLength(1)),
    version: reader.int64(),
    timestamp: reader.int64(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeConsumerGroupRegularExpressionValue(writer: Writer, message: ConsumerGroupRegularExpressionValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupRegularExpressionValue", version);
  writer.compactArrayLength(message.topics.length);
  writeCompactStringArray(writer, message.topics);
  writer.int64(message.version);
  writer.int64(message.timestamp);
  writer.taggedFields(message.unknownTaggedFields);
}

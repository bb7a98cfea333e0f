// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConsumerGroupRegularExpressionKey: version 0. */
export const CONSUMER_GROUP_REGULAR_EXPRESSION_KEY: MessageCodec<ConsumerGroupRegularExpressionKey> = {
  name: "ConsumerGroupRegularExpressionKey",
  apiKey: 16,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readConsumerGroupRegularExpressionKey,
  write: writeConsumerGroupRegularExpressionKey,
};

export interface ConsumerGroupRegularExpressionKey {
  readonly groupId: string;
  readonly regularExpression: string;
}

export const DEFAULT_CONSUMER_GROUP_REGULAR_EXPRESSION_KEY: ConsumerGroupRegularExpressionKey = {
  groupId: "",
  regularExpression: "",
};

export function readConsumerGroupRegularExpressionKey(reader: Reader, version: number): ConsumerGroupRegularExpressionKey {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupRegularExpressionKey", version);
  return {
    groupId: reader.string(),
    regularExpression: reader.string(),
  };
}

export function writeConsumerGroupRegularExpressionKey(writer: Writer, message: ConsumerGroupRegularExpressionKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ConsumerGroupRegularExpressionKey", version);
  writer.string(message.groupId);
  writer.string(message.regularExpression);
}

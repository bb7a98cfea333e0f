// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareGroupMemberMetadataValue: version 0, flexible from 0. */
export const SHARE_GROUP_MEMBER_METADATA_VALUE: MessageCodec<ShareGroupMemberMetadataValue> = {
  name: "ShareGroupMemberMetadataValue",
  apiKey: 10,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readShareGroupMemberMetadataValue,
  write: writeShareGroupMemberMetadataValue,
};

export interface ShareGroupMemberMetadataValue {
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly subscribedTopicNames: readonly string[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_SHARE_GROUP_MEMBER_METADATA_VALUE: ShareGroupMemberMetadataValue = {
  rackId: "",
  clientId: "",
  clientHost: "",
  subscribedTopicNames: [],
};

export function readShareGroupMemberMetadataValue(reader: Reader, version: number): ShareGroupMemberMetadataValue {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupMemberMetadataValue", version);
  const message: Mutable<ShareGroupMemberMetadataValue> = {
    rackId: reader.compactNullableString(),
    clientId: reader.compactString(),
    clientHost: reader.compactString(),
    subscribedTopicNames: readCompactStringArray(reader, reader.compactArrayLength(1)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeShareGroupMemberMetadataValue(writer: Writer, message: ShareGroupMemberMetadataValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupMemberMetadataValue", version);
  writer.compactNullableString(message.rackId);
  writer.compactString(message.clientId);
  writer.compactString(message.clientHost);
  writer.compactArrayLength(message.subscribedTopicNames.length);
  writeCompactStringArray(writer, message.subscribedTopicNames);
  writer.taggedFields(message.unknownTaggedFields);
}

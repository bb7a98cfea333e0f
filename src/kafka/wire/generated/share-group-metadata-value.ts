// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareGroupMetadataValue: version 0, flexible from 0. */
export const SHARE_GROUP_METADATA_VALUE: MessageCodec<ShareGroupMetadataValue> = {
  name: "ShareGroupMetadataValue",
  apiKey: 11,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readShareGroupMetadataValue,
  write: writeShareGroupMetadataValue,
};

export interface ShareGroupMetadataValue {
  readonly epoch: number;
  readonly metadataHash: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_SHARE_GROUP_METADATA_VALUE: ShareGroupMetadataValue = {
  epoch: 0,
  metadataHash: 0,
};

export function readShareGroupMetadataValue(reader: Reader, version: number): ShareGroupMetadataValue {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupMetadataValue", version);
  const message: Mutable<ShareGroupMetadataValue> = {
    epoch: reader.int32(),
    metadataHash: reader.int64(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeShareGroupMetadataValue(writer: Writer, message: ShareGroupMetadataValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupMetadataValue", version);
  writer.int32(message.epoch);
  writer.int64(message.metadataHash);
  writer.taggedFields(message.unknownTaggedFields);
}

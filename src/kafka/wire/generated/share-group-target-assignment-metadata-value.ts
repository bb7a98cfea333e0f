// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareGroupTargetAssignmentMetadataValue: version 0, flexible from 0. */
export const SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE: MessageCodec<ShareGroupTargetAssignmentMetadataValue> = {
  name: "ShareGroupTargetAssignmentMetadataValue",
  apiKey: 12,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readShareGroupTargetAssignmentMetadataValue,
  write: writeShareGroupTargetAssignmentMetadataValue,
};

export interface ShareGroupTargetAssignmentMetadataValue {
  readonly assignmentEpoch: number;
  readonly assignmentTimestamp: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE: ShareGroupTargetAssignmentMetadataValue = {
  assignmentEpoch: 0,
  assignmentTimestamp: 0,
};

export function readShareGroupTargetAssignmentMetadataValue(reader: Reader, version: number): ShareGroupTargetAssignmentMetadataValue {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupTargetAssignmentMetadataValue", version);
  const message: Mutable<ShareGroupTargetAssignmentMetadataValue> = {
    assignmentEpoch: reader.int32(),
    assignmentTimestamp: 0,
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.assignmentTimestamp = reader.int64();
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeShareGroupTargetAssignmentMetadataValue(writer: Writer, message: ShareGroupTargetAssignmentMetadataValue, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ShareGroupTargetAssignmentMetadataValue", version);
  writer.int32(message.assignmentEpoch);
  const unknown = message.unknownTaggedFields;
  const has0 = message.assignmentTimestamp != 0;
  writer.unsignedVarint((has0 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    writer.int64(message.assignmentTimestamp);
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

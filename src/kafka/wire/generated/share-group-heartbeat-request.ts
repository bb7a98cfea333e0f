// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readNullableCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ShareGroupHeartbeatRequest: version 1, flexible from 1. */
export const SHARE_GROUP_HEARTBEAT_REQUEST: MessageCodec<ShareGroupHeartbeatRequest> = {
  name: "ShareGroupHeartbeatRequest",
  apiKey: 76,
  minVersion: 1,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readShareGroupHeartbeatRequest,
  write: writeShareGroupHeartbeatRequest,
};

export interface ShareGroupHeartbeatRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly rackId: string | null;
  readonly subscribedTopicNames: readonly string[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_SHARE_GROUP_HEARTBEAT_REQUEST: ShareGroupHeartbeatRequest = {
  groupId: "",
  memberId: "",
  memberEpoch: 0,
  rackId: null,
  subscribedTopicNames: null,
};

export function readShareGroupHeartbeatRequest(reader: Reader, version: number): ShareGroupHeartbeatRequest {
  if (version < 1 || version > 1) throw unsupportedVersion("ShareGroupHeartbeatRequest", version);
  const message: Mutable<ShareGroupHeartbeatRequest> = {
    groupId: reader.compactString(),
    memberId: reader.compactString(),
    memberEpoch: reader.int32(),
    rackId: reader.compactNullableString(),
    subscribedTopicNames: readNullableCompactStringArray(reader, reader.compactNullableArrayLength(1)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeShareGroupHeartbeatRequest(writer: Writer, message: ShareGroupHeartbeatRequest, version: number): void {
  if (version < 1 || version > 1) throw unsupportedVersion("ShareGroupHeartbeatRequest", version);
  writer.compactString(message.groupId);
  writer.compactString(message.memberId);
  writer.int32(message.memberEpoch);
  writer.compactNullableString(message.rackId);
  if (message.subscribedTopicNames === null) writer.compactArrayLength(-1);
  else {
    writer.compactArrayLength(message.subscribedTopicNames.length);
    writeCompactStringArray(writer, message.subscribedTopicNames);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

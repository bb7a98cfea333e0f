// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64, Uuid } from "../../../base/ids.ts";
import { readUuidArray, readNullableUuidArray, writeUuidArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** BrokerHeartbeatRequest: versions 0 to 2, flexible from 0. */
export const BROKER_HEARTBEAT_REQUEST: MessageCodec<BrokerHeartbeatRequest> = {
  name: "BrokerHeartbeatRequest",
  apiKey: 63,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readBrokerHeartbeatRequest,
  write: writeBrokerHeartbeatRequest,
};

export interface BrokerHeartbeatRequest {
  readonly brokerId: number;
  readonly brokerEpoch: Int64;
  readonly currentMetadataOffset: Int64;
  readonly wantFence: boolean;
  readonly wantShutDown: boolean;
  /** In versions 1 and up. */
  readonly offlineLogDirs: readonly Uuid[];
  /** In versions 2 and up. */
  readonly cordonedLogDirs: readonly Uuid[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_BROKER_HEARTBEAT_REQUEST: BrokerHeartbeatRequest = {
  brokerId: 0,
  brokerEpoch: -1,
  currentMetadataOffset: 0,
  wantFence: false,
  wantShutDown: false,
  offlineLogDirs: [],
  cordonedLogDirs: null,
};

export function readBrokerHeartbeatRequest(reader: Reader, version: number): BrokerHeartbeatRequest {
  if (version < 0 || version > 2) throw unsupportedVersion("BrokerHeartbeatRequest", version);
  const message: Mutable<BrokerHeartbeatRequest> = {
    brokerId: reader.int32(),
    brokerEpoch: reader.int64(),
    currentMetadataOffset: reader.int64(),
    wantFence: reader.bool(),
    wantShutDown: reader.bool(),
    offlineLogDirs: [],
    cordonedLogDirs: null,
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0 && version >= 1) {
      message.offlineLogDirs = readUuidArray(reader, reader.compactArrayLength(16));
    } else if (tag === 1 && version >= 2) {
      message.cordonedLogDirs = readNullableUuidArray(reader, reader.compactNullableArrayLength(16));
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeBrokerHeartbeatRequest(writer: Writer, message: BrokerHeartbeatRequest, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("BrokerHeartbeatRequest", version);
  writer.int32(message.brokerId);
  writer.int64(message.brokerEpoch);
  writer.int64(message.currentMetadataOffset);
  writer.bool(message.wantFence);
  writer.bool(message.wantShutDown);
  if (version < 1 && message.offlineLogDirs.length !== 0) {
    throw unsupportedField("BrokerHeartbeatRequest.offlineLogDirs", version);
  }
  if (version < 2 && message.cordonedLogDirs !== null) {
    throw unsupportedField("BrokerHeartbeatRequest.cordonedLogDirs", version);
  }
  const unknown = message.unknownTaggedFields;
  const has0 = version >= 1 && (message.offlineLogDirs.length !== 0);
  const has1 = version >= 2 && (message.cordonedLogDirs !== null);
  writer.unsignedVarint((has0 ? 1 : 0) + (has1 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  if (version >= 1) next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    writer.compactArrayLength(message.offlineLogDirs.length);
    writeUuidArray(writer, message.offlineLogDirs);
    writer.endTaggedField(at);
  }
  if (version >= 2) next = writer.unknownTaggedFields(unknown, next, 1);
  if (has1) {
    const at = writer.beginTaggedField(1);
    if (message.cordonedLogDirs === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.cordonedLogDirs.length);
      writeUuidArray(writer, message.cordonedLogDirs);
    }
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

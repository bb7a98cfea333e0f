// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64, Uuid } from "../../../base/ids.ts";
import { readUuidArray, readNullableUuidArray, writeUuidArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** BrokerRegistrationChangeRecord: versions 0 to 3, flexible from 0. */
export const BROKER_REGISTRATION_CHANGE_RECORD: MessageCodec<BrokerRegistrationChangeRecord> = {
  name: "BrokerRegistrationChangeRecord",
  apiKey: 17,
  minVersion: 0,
  maxVersion: 3,
  flexibleFrom: 0,
  read: readBrokerRegistrationChangeRecord,
  write: writeBrokerRegistrationChangeRecord,
};

export interface BrokerRegistrationChangeRecord {
  readonly brokerId: number;
  readonly brokerEpoch: Int64;
  readonly fenced: number;
  /** In versions 1 and up. */
  readonly inControlledShutdown: number;
  /** In versions 2 and up. */
  readonly logDirs: readonly Uuid[];
  /** In versions 3 and up. */
  readonly cordonedLogDirs: readonly Uuid[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_BROKER_REGISTRATION_CHANGE_RECORD: BrokerRegistrationChangeRecord = {
  brokerId: 0,
  brokerEpoch: 0,
  fenced: 0,
  inControlledShutdown: 0,
  logDirs: [],
  cordonedLogDirs: null,
};

export function readBrokerRegistrationChangeRecord(reader: Reader, version: number): BrokerRegistrationChangeRecord {
  if (version < 0 || version > 3) throw unsupportedVersion("BrokerRegistrationChangeRecord", version);
  const message: Mutable<BrokerRegistrationChangeRecord> = {
    brokerId: reader.int32(),
    brokerEpoch: reader.int64(),
    fenced: 0,
    inControlledShutdown: 0,
    logDirs: [],
    cordonedLogDirs: null,
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.fenced = reader.int8();
    } else if (tag === 1 && version >= 1) {
      message.inControlledShutdown = reader.int8();
    } else if (tag === 2 && version >= 2) {
      message.logDirs = readUuidArray(reader, reader.compactArrayLength(16));
    } else if (tag === 3 && version >= 3) {
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

export function writeBrokerRegistrationChangeRecord(writer: Writer, message: BrokerRegistrationChangeRecord, version: number): void {
  if (version < 0 || version > 3) throw unsupportedVersion("BrokerRegistrationChangeRecord", version);
  writer.int32(message.brokerId);
  writer.int64(message.brokerEpoch);
  if (version < 1 && message.inControlledShutdown !== 0) {
    throw unsupportedField("BrokerRegistrationChangeRecord.inControlledShutdown", version);
  }
  if (version < 2 && message.logDirs.length !== 0) {
    throw unsupportedField("BrokerRegistrationChangeRecord.logDirs", version);
  }
  if (version < 3 && message.cordonedLogDirs !== null) {
    throw unsupportedField("BrokerRegistrationChangeRecord.cordonedLogDirs", version);
  }
  const unknown = message.unknownTaggedFields;
  const has0 = message.fenced !== 0;
  const has1 = version >= 1 && (message.inControlledShutdown !== 0);
  const has2 = version >= 2 && (message.logDirs.length !== 0);
  const has3 = version >= 3 && (message.cordonedLogDirs !== null);
  writer.unsignedVarint((has0 ? 1 : 0) + (has1 ? 1 : 0) + (has2 ? 1 : 0) + (has3 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    writer.int8(message.fenced);
    writer.endTaggedField(at);
  }
  if (version >= 1) next = writer.unknownTaggedFields(unknown, next, 1);
  if (has1) {
    const at = writer.beginTaggedField(1);
    writer.int8(message.inControlledShutdown);
    writer.endTaggedField(at);
  }
  if (version >= 2) next = writer.unknownTaggedFields(unknown, next, 2);
  if (has2) {
    const at = writer.beginTaggedField(2);
    writer.compactArrayLength(message.logDirs.length);
    writeUuidArray(writer, message.logDirs);
    writer.endTaggedField(at);
  }
  if (version >= 3) next = writer.unknownTaggedFields(unknown, next, 3);
  if (has3) {
    const at = writer.beginTaggedField(3);
    if (message.cordonedLogDirs === null) writer.compactArrayLength(-1);
    else {
      writer.compactArrayLength(message.cordonedLogDirs.length);
      writeUuidArray(writer, message.cordonedLogDirs);
    }
    writer.endTaggedField(at);
  }
  writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
}

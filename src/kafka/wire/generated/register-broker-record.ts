// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readUuidArray, readNullableUuidArray, writeUuidArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** RegisterBrokerRecord: versions 0 to 4, flexible from 0. */
export const REGISTER_BROKER_RECORD: MessageCodec<RegisterBrokerRecord> = {
  name: "RegisterBrokerRecord",
  apiKey: 0,
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 0,
  read: readRegisterBrokerRecord,
  write: writeRegisterBrokerRecord,
};

export interface RegisterBrokerRecord {
  readonly brokerId: number;
  /** In versions 2 and up. */
  readonly isMigratingZkBroker: boolean;
  readonly incarnationId: Uuid;
  readonly brokerEpoch: Int64;
  readonly endPoints: readonly BrokerEndpoint[];
  readonly features: readonly BrokerFeature[];
  readonly rack: string | null;
  readonly fenced: boolean;
  /** In versions 1 and up. */
  readonly inControlledShutdown: boolean;
  /** In versions 3 and up. */
  readonly logDirs: readonly Uuid[];
  /** In versions 4 and up. */
  readonly cordonedLogDirs: readonly Uuid[] | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface BrokerFeature {
  readonly name: string;
  readonly minSupportedVersion: number;
  readonly maxSupportedVersion: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface BrokerEndpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly securityProtocol: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_BROKER_ENDPOINT: BrokerEndpoint = {
  name: "",
  host: "",
  port: 0,
  securityProtocol: 0,
};

export const DEFAULT_BROKER_FEATURE: BrokerFeature = {
  name: "",
  minSupportedVersion: 0,
  maxSupportedVersion: 0,
};

export const DEFAULT_REGISTER_BROKER_RECORD: RegisterBrokerRecord = {
  brokerId: 0,
  isMigratingZkBroker: false,
  incarnationId: ZERO_UUID,
  brokerEpoch: 0,
  endPoints: [],
  features: [],
  rack: "",
  fenced: true,
  inControlledShutdown: false,
  logDirs: [],
  cordonedLogDirs: null,
};

export function readRegisterBrokerRecord(reader: Reader, version: number): RegisterBrokerRecord {
  if (version < 0 || version > 4) throw unsupportedVersion("RegisterBrokerRecord", version);
  const message: Mutable<RegisterBrokerRecord> = {
    brokerId: reader.int32(),
    isMigratingZkBroker: (version >= 2 ? reader.bool() : false),
    incarnationId: reader.uuid(),
    brokerEpoch: reader.int64(),
    endPoints: readBrokerEndpointArray(reader, version, reader.compactArrayLength(7)),
    features: readBrokerFeatureArray(reader, version, reader.compactArrayLength(6)),
    rack: reader.compactNullableString(),
    fenced: reader.bool(),
    inControlledShutdown: (version >= 1 ? reader.bool() : false),
    logDirs: [],
    cordonedLogDirs: null,
  };
  let count = reader.taggedFieldCount();
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0 && version >= 3) {
      message.logDirs = readUuidArray(reader, reader.compactArrayLength(16));
    } else if (tag === 1 && version >= 4) {
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

function readBrokerFeature(reader: Reader, _version: number): BrokerFeature {
  const message: Mutable<BrokerFeature> = {
    name: reader.compactString(),
    minSupportedVersion: reader.int16(),
    maxSupportedVersion: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readBrokerFeatureArray(reader: Reader, version: number, count: number): BrokerFeature[] {
  const values: BrokerFeature[] = [];
  for (let index = 0; index < count; index++) values.push(readBrokerFeature(reader, version));
  return values;
}

function readBrokerEndpoint(reader: Reader, _version: number): BrokerEndpoint {
  const message: Mutable<BrokerEndpoint> = {
    name: reader.compactString(),
    host: reader.compactString(),
    port: reader.uint16(),
    securityProtocol: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readBrokerEndpointArray(reader: Reader, version: number, count: number): BrokerEndpoint[] {
  const values: BrokerEndpoint[] = [];
  for (let index = 0; index < count; index++) values.push(readBrokerEndpoint(reader, version));
  return values;
}

export function writeRegisterBrokerRecord(writer: Writer, message: RegisterBrokerRecord, version: number): void {
  if (version < 0 || version > 4) throw unsupportedVersion("RegisterBrokerRecord", version);
  writer.int32(message.brokerId);
  if (version >= 2) {
    writer.bool(message.isMigratingZkBroker);
  } else if (message.isMigratingZkBroker) {
    throw unsupportedField("RegisterBrokerRecord.isMigratingZkBroker", version);
  }
  writer.uuid(message.incarnationId);
  writer.int64(message.brokerEpoch);
  writer.compactArrayLength(message.endPoints.length);
  for (const value of message.endPoints) writeBrokerEndpoint(writer, value, version);
  writer.compactArrayLength(message.features.length);
  for (const value of message.features) writeBrokerFeature(writer, value, version);
  writer.compactNullableString(message.rack);
  writer.bool(message.fenced);
  if (version >= 1) {
    writer.bool(message.inControlledShutdown);
  } else if (message.inControlledShutdown) {
    throw unsupportedField("RegisterBrokerRecord.inControlledShutdown", version);
  }
  if (version < 3 && message.logDirs.length !== 0) {
    throw unsupportedField("RegisterBrokerRecord.logDirs", version);
  }
  if (version < 4 && message.cordonedLogDirs !== null) {
    throw unsupportedField("RegisterBrokerRecord.cordonedLogDirs", version);
  }
  const unknown = message.unknownTaggedFields;
  const has0 = version >= 3 && (message.logDirs.length !== 0);
  const has1 = version >= 4 && (message.cordonedLogDirs !== null);
  writer.unsignedVarint((has0 ? 1 : 0) + (has1 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
  let next = 0;
  if (version >= 3) next = writer.unknownTaggedFields(unknown, next, 0);
  if (has0) {
    const at = writer.beginTaggedField(0);
    writer.compactArrayLength(message.logDirs.length);
    writeUuidArray(writer, message.logDirs);
    writer.endTaggedField(at);
  }
  if (version >= 4) next = writer.unknownTaggedFields(unknown, next, 1);
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

function writeBrokerFeature(writer: Writer, message: BrokerFeature, _version: number): void {
  writer.compactString(message.name);
  writer.int16(message.minSupportedVersion);
  writer.int16(message.maxSupportedVersion);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeBrokerEndpoint(writer: Writer, message: BrokerEndpoint, _version: number): void {
  writer.compactString(message.name);
  writer.compactString(message.host);
  writer.uint16(message.port);
  writer.int16(message.securityProtocol);
  writer.taggedFields(message.unknownTaggedFields);
}

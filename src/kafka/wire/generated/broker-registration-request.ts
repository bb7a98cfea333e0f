// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { readUuidArray, writeUuidArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** BrokerRegistrationRequest: versions 0 to 4, flexible from 0. */
export const BROKER_REGISTRATION_REQUEST: MessageCodec<BrokerRegistrationRequest> = {
  name: "BrokerRegistrationRequest",
  apiKey: 62,
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 0,
  read: readBrokerRegistrationRequest,
  write: writeBrokerRegistrationRequest,
};

export interface BrokerRegistrationRequest {
  readonly brokerId: number;
  readonly clusterId: string;
  readonly incarnationId: Uuid;
  readonly listeners: readonly Listener[];
  readonly features: readonly Feature[];
  readonly rack: string | null;
  /** In versions 1 and up. */
  readonly isMigratingZkBroker: boolean;
  /** In versions 2 and up. */
  readonly logDirs: readonly Uuid[];
  /** In versions 3 and up. */
  readonly previousBrokerEpoch: Int64;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Feature {
  readonly name: string;
  readonly minSupportedVersion: number;
  readonly maxSupportedVersion: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface Listener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly securityProtocol: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_LISTENER: Listener = {
  name: "",
  host: "",
  port: 0,
  securityProtocol: 0,
};

export const DEFAULT_FEATURE: Feature = {
  name: "",
  minSupportedVersion: 0,
  maxSupportedVersion: 0,
};

export const DEFAULT_BROKER_REGISTRATION_REQUEST: BrokerRegistrationRequest = {
  brokerId: 0,
  clusterId: "",
  incarnationId: ZERO_UUID,
  listeners: [],
  features: [],
  rack: "",
  isMigratingZkBroker: false,
  logDirs: [],
  previousBrokerEpoch: -1,
};

export function readBrokerRegistrationRequest(reader: Reader, version: number): BrokerRegistrationRequest {
  if (version < 0 || version > 4) throw unsupportedVersion("BrokerRegistrationRequest", version);
  const message: Mutable<BrokerRegistrationRequest> = {
    brokerId: reader.int32(),
    clusterId: reader.compactString(),
    incarnationId: reader.uuid(),
    listeners: readListenerArray(reader, version, reader.compactArrayLength(7)),
    features: readFeatureArray(reader, version, reader.compactArrayLength(6)),
    rack: reader.compactNullableString(),
    isMigratingZkBroker: (version >= 1 ? reader.bool() : false),
    logDirs: (version >= 2 ? readUuidArray(reader, reader.compactArrayLength(16)) : []),
    previousBrokerEpoch: (version >= 3 ? reader.int64() : -1),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readFeature(reader: Reader, _version: number): Feature {
  const message: Mutable<Feature> = {
    name: reader.compactString(),
    minSupportedVersion: reader.int16(),
    maxSupportedVersion: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readFeatureArray(reader: Reader, version: number, count: number): Feature[] {
  const values: Feature[] = [];
  for (let index = 0; index < count; index++) values.push(readFeature(reader, version));
  return values;
}

function readListener(reader: Reader, _version: number): Listener {
  const message: Mutable<Listener> = {
    name: reader.compactString(),
    host: reader.compactString(),
    port: reader.uint16(),
    securityProtocol: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readListenerArray(reader: Reader, version: number, count: number): Listener[] {
  const values: Listener[] = [];
  for (let index = 0; index < count; index++) values.push(readListener(reader, version));
  return values;
}

export function writeBrokerRegistrationRequest(writer: Writer, message: BrokerRegistrationRequest, version: number): void {
  if (version < 0 || version > 4) throw unsupportedVersion("BrokerRegistrationRequest", version);
  writer.int32(message.brokerId);
  writer.compactString(message.clusterId);
  writer.uuid(message.incarnationId);
  writer.compactArrayLength(message.listeners.length);
  for (const value of message.listeners) writeListener(writer, value, version);
  writer.compactArrayLength(message.features.length);
  for (const value of message.features) writeFeature(writer, value, version);
  writer.compactNullableString(message.rack);
  if (version >= 1) {
    writer.bool(message.isMigratingZkBroker);
  } else if (message.isMigratingZkBroker) {
    throw unsupportedField("BrokerRegistrationRequest.isMigratingZkBroker", version);
  }
  if (version >= 2) {
    writer.compactArrayLength(message.logDirs.length);
    writeUuidArray(writer, message.logDirs);
  }
  if (version >= 3) {
    writer.int64(message.previousBrokerEpoch);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeFeature(writer: Writer, message: Feature, _version: number): void {
  writer.compactString(message.name);
  writer.int16(message.minSupportedVersion);
  writer.int16(message.maxSupportedVersion);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeListener(writer: Writer, message: Listener, _version: number): void {
  writer.compactString(message.name);
  writer.compactString(message.host);
  writer.uint16(message.port);
  writer.int16(message.securityProtocol);
  writer.taggedFields(message.unknownTaggedFields);
}

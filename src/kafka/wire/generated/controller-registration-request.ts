// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ControllerRegistrationRequest: version 0, flexible from 0. */
export const CONTROLLER_REGISTRATION_REQUEST: MessageCodec<ControllerRegistrationRequest> = {
  name: "ControllerRegistrationRequest",
  apiKey: 70,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readControllerRegistrationRequest,
  write: writeControllerRegistrationRequest,
};

export interface ControllerRegistrationRequest {
  readonly controllerId: number;
  readonly incarnationId: Uuid;
  readonly zkMigrationReady: boolean;
  readonly listeners: readonly Listener[];
  readonly features: readonly Feature[];
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

export const DEFAULT_CONTROLLER_REGISTRATION_REQUEST: ControllerRegistrationRequest = {
  controllerId: 0,
  incarnationId: ZERO_UUID,
  zkMigrationReady: false,
  listeners: [],
  features: [],
};

export function readControllerRegistrationRequest(reader: Reader, version: number): ControllerRegistrationRequest {
  if (version < 0 || version > 0) throw unsupportedVersion("ControllerRegistrationRequest", version);
  const message: Mutable<ControllerRegistrationRequest> = {
    controllerId: reader.int32(),
    incarnationId: reader.uuid(),
    zkMigrationReady: reader.bool(),
    listeners: readListenerArray(reader, version, reader.compactArrayLength(7)),
    features: readFeatureArray(reader, version, reader.compactArrayLength(6)),
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

export function writeControllerRegistrationRequest(writer: Writer, message: ControllerRegistrationRequest, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ControllerRegistrationRequest", version);
  writer.int32(message.controllerId);
  writer.uuid(message.incarnationId);
  writer.bool(message.zkMigrationReady);
  writer.compactArrayLength(message.listeners.length);
  for (const value of message.listeners) writeListener(writer, value, version);
  writer.compactArrayLength(message.features.length);
  for (const value of message.features) writeFeature(writer, value, version);
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

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** RegisterControllerRecord: version 0, flexible from 0. */
export const REGISTER_CONTROLLER_RECORD: MessageCodec<RegisterControllerRecord> = {
  name: "RegisterControllerRecord",
  apiKey: 27,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readRegisterControllerRecord,
  write: writeRegisterControllerRecord,
};

export interface RegisterControllerRecord {
  readonly controllerId: number;
  readonly incarnationId: Uuid;
  readonly zkMigrationReady: boolean;
  readonly endPoints: readonly ControllerEndpoint[];
  readonly features: readonly ControllerFeature[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ControllerFeature {
  readonly name: string;
  readonly minSupportedVersion: number;
  readonly maxSupportedVersion: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ControllerEndpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly securityProtocol: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CONTROLLER_ENDPOINT: ControllerEndpoint = {
  name: "",
  host: "",
  port: 0,
  securityProtocol: 0,
};

export const DEFAULT_CONTROLLER_FEATURE: ControllerFeature = {
  name: "",
  minSupportedVersion: 0,
  maxSupportedVersion: 0,
};

export const DEFAULT_REGISTER_CONTROLLER_RECORD: RegisterControllerRecord = {
  controllerId: 0,
  incarnationId: ZERO_UUID,
  zkMigrationReady: false,
  endPoints: [],
  features: [],
};

export function readRegisterControllerRecord(reader: Reader, version: number): RegisterControllerRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("RegisterControllerRecord", version);
  const message: Mutable<RegisterControllerRecord> = {
    controllerId: reader.int32(),
    incarnationId: reader.uuid(),
    zkMigrationReady: reader.bool(),
    endPoints: readControllerEndpointArray(reader, version, reader.compactArrayLength(7)),
    features: readControllerFeatureArray(reader, version, reader.compactArrayLength(6)),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readControllerFeature(reader: Reader, _version: number): ControllerFeature {
  const message: Mutable<ControllerFeature> = {
    name: reader.compactString(),
    minSupportedVersion: reader.int16(),
    maxSupportedVersion: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readControllerFeatureArray(reader: Reader, version: number, count: number): ControllerFeature[] {
  const values: ControllerFeature[] = [];
  for (let index = 0; index < count; index++) values.push(readControllerFeature(reader, version));
  return values;
}

function readControllerEndpoint(reader: Reader, _version: number): ControllerEndpoint {
  const message: Mutable<ControllerEndpoint> = {
    name: reader.compactString(),
    host: reader.compactString(),
    port: reader.uint16(),
    securityProtocol: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readControllerEndpointArray(reader: Reader, version: number, count: number): ControllerEndpoint[] {
  const values: ControllerEndpoint[] = [];
  for (let index = 0; index < count; index++) values.push(readControllerEndpoint(reader, version));
  return values;
}

export function writeRegisterControllerRecord(writer: Writer, message: RegisterControllerRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("RegisterControllerRecord", version);
  writer.int32(message.controllerId);
  writer.uuid(message.incarnationId);
  writer.bool(message.zkMigrationReady);
  writer.compactArrayLength(message.endPoints.length);
  for (const value of message.endPoints) writeControllerEndpoint(writer, value, version);
  writer.compactArrayLength(message.features.length);
  for (const value of message.features) writeControllerFeature(writer, value, version);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeControllerFeature(writer: Writer, message: ControllerFeature, _version: number): void {
  writer.compactString(message.name);
  writer.int16(message.minSupportedVersion);
  writer.int16(message.maxSupportedVersion);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeControllerEndpoint(writer: Writer, message: ControllerEndpoint, _version: number): void {
  writer.compactString(message.name);
  writer.compactString(message.host);
  writer.uint16(message.port);
  writer.int16(message.securityProtocol);
  writer.taggedFields(message.unknownTaggedFields);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** UpdateFeaturesRequest: versions 0 to 2, flexible from 0. */
export const UPDATE_FEATURES_REQUEST: MessageCodec<UpdateFeaturesRequest> = {
  name: "UpdateFeaturesRequest",
  apiKey: 57,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readUpdateFeaturesRequest,
  write: writeUpdateFeaturesRequest,
};

export interface UpdateFeaturesRequest {
  readonly timeoutMs: number;
  readonly featureUpdates: readonly FeatureUpdateKey[];
  /** In versions 1 and up. */
  readonly validateOnly: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface FeatureUpdateKey {
  readonly feature: string;
  readonly maxVersionLevel: number;
  /** In version 0. */
  readonly allowDowngrade: boolean;
  /** In versions 1 and up. */
  readonly upgradeType: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_FEATURE_UPDATE_KEY: FeatureUpdateKey = {
  feature: "",
  maxVersionLevel: 0,
  allowDowngrade: false,
  upgradeType: 1,
};

export const DEFAULT_UPDATE_FEATURES_REQUEST: UpdateFeaturesRequest = {
  timeoutMs: 60000,
  featureUpdates: [],
  validateOnly: false,
};

export function readUpdateFeaturesRequest(reader: Reader, version: number): UpdateFeaturesRequest {
  if (version < 0 || version > 2) throw unsupportedVersion("UpdateFeaturesRequest", version);
  const message: Mutable<UpdateFeaturesRequest> = {
    timeoutMs: reader.int32(),
    featureUpdates: readFeatureUpdateKeyArray(reader, version, reader.compactArrayLength(5)),
    validateOnly: (version >= 1 ? reader.bool() : false),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readFeatureUpdateKey(reader: Reader, version: number): FeatureUpdateKey {
  const message: Mutable<FeatureUpdateKey> = {
    feature: reader.compactString(),
    maxVersionLevel: reader.int16(),
    allowDowngrade: (version <= 0 ? reader.bool() : false),
    upgradeType: (version >= 1 ? reader.int8() : 1),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readFeatureUpdateKeyArray(reader: Reader, version: number, count: number): FeatureUpdateKey[] {
  const values: FeatureUpdateKey[] = [];
  for (let index = 0; index < count; index++) values.push(readFeatureUpdateKey(reader, version));
  return values;
}

export function writeUpdateFeaturesRequest(writer: Writer, message: UpdateFeaturesRequest, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("UpdateFeaturesRequest", version);
  writer.int32(message.timeoutMs);
  writer.compactArrayLength(message.featureUpdates.length);
  for (const value of message.featureUpdates) writeFeatureUpdateKey(writer, value, version);
  if (version >= 1) {
    writer.bool(message.validateOnly);
  } else if (message.validateOnly) {
    throw unsupportedField("UpdateFeaturesRequest.validateOnly", version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeFeatureUpdateKey(writer: Writer, message: FeatureUpdateKey, version: number): void {
  writer.compactString(message.feature);
  writer.int16(message.maxVersionLevel);
  if (version <= 0) {
    writer.bool(message.allowDowngrade);
  } else if (message.allowDowngrade) {
    throw unsupportedField("FeatureUpdateKey.allowDowngrade", version);
  }
  if (version >= 1) {
    writer.int8(message.upgradeType);
  } else if (message.upgradeType !== 1) {
    throw unsupportedField("FeatureUpdateKey.upgradeType", version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** UpdateFeaturesResponse: versions 0 to 2, flexible from 0. */
export const UPDATE_FEATURES_RESPONSE: MessageCodec<UpdateFeaturesResponse> = {
  name: "UpdateFeaturesResponse",
  apiKey: 57,
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readUpdateFeaturesResponse,
  write: writeUpdateFeaturesResponse,
};

export interface UpdateFeaturesResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  /** In versions 0 to 1. */
  readonly results: readonly UpdatableFeatureResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface UpdatableFeatureResult {
  readonly feature: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_UPDATABLE_FEATURE_RESULT: UpdatableFeatureResult = {
  feature: "",
  errorCode: 0,
  errorMessage: "",
};

export const DEFAULT_UPDATE_FEATURES_RESPONSE: UpdateFeaturesResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: "",
  results: [],
};

export function readUpdateFeaturesResponse(reader: Reader, version: number): UpdateFeaturesResponse {
  if (version < 0 || version > 2) throw unsupportedVersion("UpdateFeaturesResponse", version);
  const message: Mutable<UpdateFeaturesResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
    results: (version <= 1 ? readUpdatableFeatureResultArray(reader, version, reader.compactArrayLength(5)) : []),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readUpdatableFeatureResult(reader: Reader, _version: number): UpdatableFeatureResult {
  const message: Mutable<UpdatableFeatureResult> = {
    feature: reader.compactString(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readUpdatableFeatureResultArray(reader: Reader, version: number, count: number): UpdatableFeatureResult[] {
  const values: UpdatableFeatureResult[] = [];
  for (let index = 0; index < count; index++) values.push(readUpdatableFeatureResult(reader, version));
  return values;
}

export function writeUpdateFeaturesResponse(writer: Writer, message: UpdateFeaturesResponse, version: number): void {
  if (version < 0 || version > 2) throw unsupportedVersion("UpdateFeaturesResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  if (version <= 1) {
    writer.compactArrayLength(message.results.length);
    for (const value of message.results) writeUpdatableFeatureResult(writer, value, version);
  }
  writer.taggedFields(message.unknownTaggedFields);
}

function writeUpdatableFeatureResult(writer: Writer, message: UpdatableFeatureResult, _version: number): void {
  writer.compactString(message.feature);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.taggedFields(message.unknownTaggedFields);
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ApiVersionsResponse: versions 0 to 5, flexible from 3. */
export const API_VERSIONS_RESPONSE: MessageCodec<ApiVersionsResponse> = {
  name: "ApiVersionsResponse",
  apiKey: 18,
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  read: readApiVersionsResponse,
  write: writeApiVersionsResponse,
};

export interface ApiVersionsResponse {
  readonly errorCode: number;
  readonly apiKeys: readonly ApiVersion[];
  /** In versions 1 and up. */
  readonly throttleTimeMs: number;
  /** In versions 3 and up. */
  readonly supportedFeatures: readonly SupportedFeatureKey[];
  /** In versions 3 and up. */
  readonly finalizedFeaturesEpoch: Int64;
  /** In versions 3 and up. */
  readonly finalizedFeatures: readonly FinalizedFeatureKey[];
  /** In versions 3 and up. */
  readonly zkMigrationReady: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface FinalizedFeatureKey {
  readonly name: string;
  readonly maxVersionLevel: number;
  readonly minVersionLevel: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface SupportedFeatureKey {
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ApiVersion {
  readonly apiKey: number;
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_API_VERSION: ApiVersion = {
  apiKey: 0,
  minVersion: 0,
  maxVersion: 0,
};

export const DEFAULT_SUPPORTED_FEATURE_KEY: SupportedFeatureKey = {
  name: "",
  minVersion: 0,
  maxVersion: 0,
};

export const DEFAULT_FINALIZED_FEATURE_KEY: FinalizedFeatureKey = {
  name: "",
  maxVersionLevel: 0,
  minVersionLevel: 0,
};

export const DEFAULT_API_VERSIONS_RESPONSE: ApiVersionsResponse = {
  errorCode: 0,
  apiKeys: [],
  throttleTimeMs: 0,
  supportedFeatures: [],
  finalizedFeaturesEpoch: -1,
  finalizedFeatures: [],
  zkMigrationReady: false,
};

export function readApiVersionsResponse(reader: Reader, version: number): ApiVersionsResponse {
  if (version < 0 || version > 5) throw unsupportedVersion("ApiVersionsResponse", version);
  const flexible = version >= 3;
  const message: Mutable<ApiVersionsResponse> = {
    errorCode: reader.int16(),
    apiKeys: (flexible ? readApiVersionArray(reader, version, reader.compactArrayLength(7)) : readApiVersionArray(reader, version, reader.arrayLength(6))),
    throttleTimeMs: (version >= 1 ? reader.int32() : 0),
    supportedFeatures: [],
    finalizedFeaturesEpoch: -1,
    finalizedFeatures: [],
    zkMigrationReady: false,
  };
  let count = flexible ? reader.taggedFieldCount() : 0;
  let tag = -1;
  let unknown: UnknownTaggedField[] | undefined;
  for (; count > 0; count--) {
    tag = reader.tag(tag);
    const outerEnd = reader.beginTaggedField();
    if (tag === 0) {
      message.supportedFeatures = readSupportedFeatureKeyArray(reader, version, reader.compactArrayLength(6));
    } else if (tag === 1) {
      message.finalizedFeaturesEpoch = reader.int64();
    } else if (tag === 2) {
      message.finalizedFeatures = readFinalizedFeatureKeyArray(reader, version, reader.compactArrayLength(6));
    } else if (tag === 3) {
      message.zkMigrationReady = reader.bool();
    } else {
      unknown ??= [];
      unknown.push({ tag, bytes: reader.rest() });
    }
    reader.endTaggedField(outerEnd);
  }
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readFinalizedFeatureKey(reader: Reader, _version: number): FinalizedFeatureKey {
  const message: Mutable<FinalizedFeatureKey> = {
    name: reader.compactString(),
    maxVersionLevel: reader.int16(),
    minVersionLevel: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readFinalizedFeatureKeyArray(reader: Reader, version: number, count: number): FinalizedFeatureKey[] {
  const values: FinalizedFeatureKey[] = [];
  for (let index = 0; index < count; index++) values.push(readFinalizedFeatureKey(reader, version));
  return values;
}

function readSupportedFeatureKey(reader: Reader, _version: number): SupportedFeatureKey {
  const message: Mutable<SupportedFeatureKey> = {
    name: reader.compactString(),
    minVersion: reader.int16(),
    maxVersion: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

function readSupportedFeatureKeyArray(reader: Reader, version: number, count: number): SupportedFeatureKey[] {
  const values: SupportedFeatureKey[] = [];
  for (let index = 0; index < count; index++) values.push(readSupportedFeatureKey(reader, version));
  return values;
}

function readApiVersion(reader: Reader, version: number): ApiVersion {
  const flexible = version >= 3;
  const message: Mutable<ApiVersion> = {
    apiKey: reader.int16(),
    minVersion: reader.int16(),
    maxVersion: reader.int16(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readApiVersionArray(reader: Reader, version: number, count: number): ApiVersion[] {
  const values: ApiVersion[] = [];
  for (let index = 0; index < count; index++) values.push(readApiVersion(reader, version));
  return values;
}

export function writeApiVersionsResponse(writer: Writer, message: ApiVersionsResponse, version: number): void {
  if (version < 0 || version > 5) throw unsupportedVersion("ApiVersionsResponse", version);
  const flexible = version >= 3;
  writer.int16(message.errorCode);
  if (flexible) {
    writer.compactArrayLength(message.apiKeys.length);
    for (const value of message.apiKeys) writeApiVersion(writer, value, version);
  } else {
    writer.arrayLength(message.apiKeys.length);
    for (const value of message.apiKeys) writeApiVersion(writer, value, version);
  }
  if (version >= 1) {
    writer.int32(message.throttleTimeMs);
  }
  if (flexible) {
    const unknown = message.unknownTaggedFields;
    const has0 = message.supportedFeatures.length !== 0;
    const has1 = message.finalizedFeaturesEpoch != -1;
    const has2 = message.finalizedFeatures.length !== 0;
    const has3 = message.zkMigrationReady;
    writer.unsignedVarint((has0 ? 1 : 0) + (has1 ? 1 : 0) + (has2 ? 1 : 0) + (has3 ? 1 : 0) + (unknown === undefined ? 0 : unknown.length));
    let next = 0;
    next = writer.unknownTaggedFields(unknown, next, 0);
    if (has0) {
      const at = writer.beginTaggedField(0);
      writer.compactArrayLength(message.supportedFeatures.length);
      for (const value of message.supportedFeatures) writeSupportedFeatureKey(writer, value, version);
      writer.endTaggedField(at);
    }
    next = writer.unknownTaggedFields(unknown, next, 1);
    if (has1) {
      const at = writer.beginTaggedField(1);
      writer.int64(message.finalizedFeaturesEpoch);
      writer.endTaggedField(at);
    }
    next = writer.unknownTaggedFields(unknown, next, 2);
    if (has2) {
      const at = writer.beginTaggedField(2);
      writer.compactArrayLength(message.finalizedFeatures.length);
      for (const value of message.finalizedFeatures) writeFinalizedFeatureKey(writer, value, version);
      writer.endTaggedField(at);
    }
    next = writer.unknownTaggedFields(unknown, next, 3);
    if (has3) {
      const at = writer.beginTaggedField(3);
      writer.bool(message.zkMigrationReady);
      writer.endTaggedField(at);
    }
    writer.unknownTaggedFields(unknown, next, Number.POSITIVE_INFINITY);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ApiVersionsResponse.unknownTaggedFields", version);
  }
}

function writeFinalizedFeatureKey(writer: Writer, message: FinalizedFeatureKey, _version: number): void {
  writer.compactString(message.name);
  writer.int16(message.maxVersionLevel);
  writer.int16(message.minVersionLevel);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeSupportedFeatureKey(writer: Writer, message: SupportedFeatureKey, _version: number): void {
  writer.compactString(message.name);
  writer.int16(message.minVersion);
  writer.int16(message.maxVersion);
  writer.taggedFields(message.unknownTaggedFields);
}

function writeApiVersion(writer: Writer, message: ApiVersion, version: number): void {
  const flexible = version >= 3;
  writer.int16(message.apiKey);
  writer.int16(message.minVersion);
  writer.int16(message.maxVersion);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ApiVersion.unknownTaggedFields", version);
  }
}

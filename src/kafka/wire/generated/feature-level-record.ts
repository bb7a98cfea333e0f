// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** FeatureLevelRecord: version 0, flexible from 0. */
export const FEATURE_LEVEL_RECORD: MessageCodec<FeatureLevelRecord> = {
  name: "FeatureLevelRecord",
  apiKey: 12,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readFeatureLevelRecord,
  write: writeFeatureLevelRecord,
};

export interface FeatureLevelRecord {
  readonly name: string;
  readonly featureLevel: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_FEATURE_LEVEL_RECORD: FeatureLevelRecord = {
  name: "",
  featureLevel: 0,
};

export function readFeatureLevelRecord(reader: Reader, version: number): FeatureLevelRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("FeatureLevelRecord", version);
  const message: Mutable<FeatureLevelRecord> = {
    name: reader.compactString(),
    featureLevel: reader.int16(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeFeatureLevelRecord(writer: Writer, message: FeatureLevelRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("FeatureLevelRecord", version);
  writer.compactString(message.name);
  writer.int16(message.featureLevel);
  writer.taggedFields(message.unknownTaggedFields);
}

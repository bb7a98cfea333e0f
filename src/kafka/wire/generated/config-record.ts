// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ConfigRecord: version 0, flexible from 0. */
export const CONFIG_RECORD: MessageCodec<ConfigRecord> = {
  name: "ConfigRecord",
  apiKey: 4,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readConfigRecord,
  write: writeConfigRecord,
};

export interface ConfigRecord {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly name: string;
  readonly value: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_CONFIG_RECORD: ConfigRecord = {
  resourceType: 0,
  resourceName: "",
  name: "",
  value: "",
};

export function readConfigRecord(reader: Reader, version: number): ConfigRecord {
  if (version < 0 || version > 0) throw unsupportedVersion("ConfigRecord", version);
  const message: Mutable<ConfigRecord> = {
    resourceType: reader.int8(),
    resourceName: reader.compactString(),
    name: reader.compactString(),
    value: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeConfigRecord(writer: Writer, message: ConfigRecord, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("ConfigRecord", version);
  writer.int8(message.resourceType);
  writer.compactString(message.resourceName);
  writer.compactString(message.name);
  writer.compactNullableString(message.value);
  writer.taggedFields(message.unknownTaggedFields);
}

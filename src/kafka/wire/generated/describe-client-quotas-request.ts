// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DescribeClientQuotasRequest: versions 0 to 1, flexible from 1. */
export const DESCRIBE_CLIENT_QUOTAS_REQUEST: MessageCodec<DescribeClientQuotasRequest> = {
  name: "DescribeClientQuotasRequest",
  apiKey: 48,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readDescribeClientQuotasRequest,
  write: writeDescribeClientQuotasRequest,
};

export interface DescribeClientQuotasRequest {
  readonly components: readonly ComponentData[];
  readonly strict: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ComponentData {
  readonly entityType: string;
  readonly matchType: number;
  readonly match: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_COMPONENT_DATA: ComponentData = {
  entityType: "",
  matchType: 0,
  match: "",
};

export const DEFAULT_DESCRIBE_CLIENT_QUOTAS_REQUEST: DescribeClientQuotasRequest = {
  components: [],
  strict: false,
};

export function readDescribeClientQuotasRequest(reader: Reader, version: number): DescribeClientQuotasRequest {
  if (version < 0 || version > 1) throw unsupportedVersion("DescribeClientQuotasRequest", version);
  const flexible = version >= 1;
  const message: Mutable<DescribeClientQuotasRequest> = {
    components: (flexible ? readComponentDataArray(reader, version, reader.compactArrayLength(4)) : readComponentDataArray(reader, version, reader.arrayLength(5))),
    strict: reader.bool(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readComponentData(reader: Reader, version: number): ComponentData {
  const flexible = version >= 1;
  const message: Mutable<ComponentData> = {
    entityType: (flexible ? reader.compactString() : reader.string()),
    matchType: reader.int8(),
    match: (flexible ? reader.compactNullableString() : reader.nullableString()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readComponentDataArray(reader: Reader, version: number, count: number): ComponentData[] {
  const values: ComponentData[] = [];
  for (let index = 0; index < count; index++) values.push(readComponentData(reader, version));
  return values;
}

export function writeDescribeClientQuotasRequest(writer: Writer, message: DescribeClientQuotasRequest, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("DescribeClientQuotasRequest", version);
  const flexible = version >= 1;
  if (flexible) {
    writer.compactArrayLength(message.components.length);
    for (const value of message.components) writeComponentData(writer, value, version);
  } else {
    writer.arrayLength(message.components.length);
    for (const value of message.components) writeComponentData(writer, value, version);
  }
  writer.bool(message.strict);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DescribeClientQuotasRequest.unknownTaggedFields", version);
  }
}

function writeComponentData(writer: Writer, message: ComponentData, version: number): void {
  const flexible = version >= 1;
  if (flexible) {
    writer.compactString(message.entityType);
  } else {
    writer.string(message.entityType);
  }
  writer.int8(message.matchType);
  if (flexible) {
    writer.compactNullableString(message.match);
  } else {
    writer.nullableString(message.match);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ComponentData.unknownTaggedFields", version);
  }
}

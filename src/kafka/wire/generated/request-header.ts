// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** RequestHeader: versions 1 to 2, flexible from 2. */
export const REQUEST_HEADER: MessageCodec<RequestHeader> = {
  name: "RequestHeader",
  apiKey: null,
  minVersion: 1,
  maxVersion: 2,
  flexibleFrom: 2,
  read: readRequestHeader,
  write: writeRequestHeader,
};

export interface RequestHeader {
  readonly requestApiKey: number;
  readonly requestApiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_REQUEST_HEADER: RequestHeader = {
  requestApiKey: 0,
  requestApiVersion: 0,
  correlationId: 0,
  clientId: "",
};

export function readRequestHeader(reader: Reader, version: number): RequestHeader {
  if (version < 1 || version > 2) throw unsupportedVersion("RequestHeader", version);
  const flexible = version >= 2;
  const message: Mutable<RequestHeader> = {
    requestApiKey: reader.int16(),
    requestApiVersion: reader.int16(),
    correlationId: reader.int32(),
    clientId: reader.nullableString(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeRequestHeader(writer: Writer, message: RequestHeader, version: number): void {
  if (version < 1 || version > 2) throw unsupportedVersion("RequestHeader", version);
  const flexible = version >= 2;
  writer.int16(message.requestApiKey);
  writer.int16(message.requestApiVersion);
  writer.int32(message.correlationId);
  writer.nullableString(message.clientId);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("RequestHeader.unknownTaggedFields", version);
  }
}

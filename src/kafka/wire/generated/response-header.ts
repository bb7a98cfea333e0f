// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ResponseHeader: versions 0 to 1, flexible from 1. */
export const RESPONSE_HEADER: MessageCodec<ResponseHeader> = {
  name: "ResponseHeader",
  apiKey: null,
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
  read: readResponseHeader,
  write: writeResponseHeader,
};

export interface ResponseHeader {
  readonly correlationId: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_RESPONSE_HEADER: ResponseHeader = {
  correlationId: 0,
};

export function readResponseHeader(reader: Reader, version: number): ResponseHeader {
  if (version < 0 || version > 1) throw unsupportedVersion("ResponseHeader", version);
  const flexible = version >= 1;
  const message: Mutable<ResponseHeader> = {
    correlationId: reader.int32(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeResponseHeader(writer: Writer, message: ResponseHeader, version: number): void {
  if (version < 0 || version > 1) throw unsupportedVersion("ResponseHeader", version);
  const flexible = version >= 1;
  writer.int32(message.correlationId);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ResponseHeader.unknownTaggedFields", version);
  }
}

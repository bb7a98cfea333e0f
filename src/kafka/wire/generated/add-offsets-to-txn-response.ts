// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AddOffsetsToTxnResponse: versions 0 to 4, flexible from 3. */
export const ADD_OFFSETS_TO_TXN_RESPONSE: MessageCodec<AddOffsetsToTxnResponse> = {
  name: "AddOffsetsToTxnResponse",
  apiKey: 25,
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 3,
  read: readAddOffsetsToTxnResponse,
  write: writeAddOffsetsToTxnResponse,
};

export interface AddOffsetsToTxnResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ADD_OFFSETS_TO_TXN_RESPONSE: AddOffsetsToTxnResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
};

export function readAddOffsetsToTxnResponse(reader: Reader, version: number): AddOffsetsToTxnResponse {
  if (version < 0 || version > 4) throw unsupportedVersion("AddOffsetsToTxnResponse", version);
  const flexible = version >= 3;
  const message: Mutable<AddOffsetsToTxnResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeAddOffsetsToTxnResponse(writer: Writer, message: AddOffsetsToTxnResponse, version: number): void {
  if (version < 0 || version > 4) throw unsupportedVersion("AddOffsetsToTxnResponse", version);
  const flexible = version >= 3;
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AddOffsetsToTxnResponse.unknownTaggedFields", version);
  }
}

// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** EndTxnRequest: versions 0 to 5, flexible from 3. */
export const END_TXN_REQUEST: MessageCodec<EndTxnRequest> = {
  name: "EndTxnRequest",
  apiKey: 26,
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  read: readEndTxnRequest,
  write: writeEndTxnRequest,
};

export interface EndTxnRequest {
  readonly transactionalId: string;
  readonly producerId: Int64;
  readonly producerEpoch: number;
  readonly committed: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_END_TXN_REQUEST: EndTxnRequest = {
  transactionalId: "",
  producerId: 0,
  producerEpoch: 0,
  committed: false,
};

export function readEndTxnRequest(reader: Reader, version: number): EndTxnRequest {
  if (version < 0 || version > 5) throw unsupportedVersion("EndTxnRequest", version);
  const flexible = version >= 3;
  const message: Mutable<EndTxnRequest> = {
    transactionalId: (flexible ? reader.compactString() : reader.string()),
    producerId: reader.int64(),
    producerEpoch: reader.int16(),
    committed: reader.bool(),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeEndTxnRequest(writer: Writer, message: EndTxnRequest, version: number): void {
  if (version < 0 || version > 5) throw unsupportedVersion("EndTxnRequest", version);
  const flexible = version >= 3;
  if (flexible) {
    writer.compactString(message.transactionalId);
  } else {
    writer.string(message.transactionalId);
  }
  writer.int64(message.producerId);
  writer.int16(message.producerEpoch);
  writer.bool(message.committed);
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("EndTxnRequest.unknownTaggedFields", version);
  }
}

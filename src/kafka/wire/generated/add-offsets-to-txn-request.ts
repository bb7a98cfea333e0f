// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AddOffsetsToTxnRequest: versions 0 to 4, flexible from 3. */
export const ADD_OFFSETS_TO_TXN_REQUEST: MessageCodec<AddOffsetsToTxnRequest> = {
  name: "AddOffsetsToTxnRequest",
  apiKey: 25,
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 3,
  read: readAddOffsetsToTxnRequest,
  write: writeAddOffsetsToTxnRequest,
};

export interface AddOffsetsToTxnRequest {
  readonly transactionalId: string;
  readonly producerId: Int64;
  readonly producerEpoch: number;
  readonly groupId: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_ADD_OFFSETS_TO_TXN_REQUEST: AddOffsetsToTxnRequest = {
  transactionalId: "",
  producerId: 0,
  producerEpoch: 0,
  groupId: "",
};

export function readAddOffsetsToTxnRequest(reader: Reader, version: number): AddOffsetsToTxnRequest {
  if (version < 0 || version > 4) throw unsupportedVersion("AddOffsetsToTxnRequest", version);
  const flexible = version >= 3;
  const message: Mutable<AddOffsetsToTxnRequest> = {
    transactionalId: (flexible ? reader.compactString() : reader.string()),
    producerId: reader.int64(),
    producerEpoch: reader.int16(),
    groupId: (flexible ? reader.compactString() : reader.string()),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeAddOffsetsToTxnRequest(writer: Writer, message: AddOffsetsToTxnRequest, version: number): void {
  if (version < 0 || version > 4) throw unsupportedVersion("AddOffsetsToTxnRequest", version);
  const flexible = version >= 3;
  if (flexible) {
    writer.compactString(message.transactionalId);
  } else {
    writer.string(message.transactionalId);
  }
  writer.int64(message.producerId);
  writer.int16(message.producerEpoch);
  if (flexible) {
    writer.compactString(message.groupId);
  } else {
    writer.string(message.groupId);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("AddOffsetsToTxnRequest.unknownTaggedFields", version);
  }
}

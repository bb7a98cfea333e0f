// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** InitProducerIdRequest: versions 0 to 6, flexible from 2. */
export const INIT_PRODUCER_ID_REQUEST: MessageCodec<InitProducerIdRequest> = {
  name: "InitProducerIdRequest",
  apiKey: 22,
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 2,
  read: readInitProducerIdRequest,
  write: writeInitProducerIdRequest,
};

export interface InitProducerIdRequest {
  readonly transactionalId: string | null;
  readonly transactionTimeoutMs: number;
  /** In versions 3 and up. */
  readonly producerId: Int64;
  /** In versions 3 and up. */
  readonly producerEpoch: number;
  /** In versions 6 and up. */
  readonly enable2Pc: boolean;
  /** In versions 6 and up. */
  readonly keepPreparedTxn: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_INIT_PRODUCER_ID_REQUEST: InitProducerIdRequest = {
  transactionalId: "",
  transactionTimeoutMs: 0,
  producerId: -1,
  producerEpoch: -1,
  enable2Pc: false,
  keepPreparedTxn: false,
};

export function readInitProducerIdRequest(reader: Reader, version: number): InitProducerIdRequest {
  if (version < 0 || version > 6) throw unsupportedVersion("InitProducerIdRequest", version);
  const flexible = version >= 2;
  const message: Mutable<InitProducerIdRequest> = {
    transactionalId: (flexible ? reader.compactNullableString() : reader.nullableString()),
    transactionTimeoutMs: reader.int32(),
    producerId: (version >= 3 ? reader.int64() : -1),
    producerEpoch: (version >= 3 ? reader.int16() : -1),
    enable2Pc: (version >= 6 ? reader.bool() : false),
    keepPreparedTxn: (version >= 6 ? reader.bool() : false),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeInitProducerIdRequest(writer: Writer, message: InitProducerIdRequest, version: number): void {
  if (version < 0 || version > 6) throw unsupportedVersion("InitProducerIdRequest", version);
  const flexible = version >= 2;
  if (flexible) {
    writer.compactNullableString(message.transactionalId);
  } else {
    writer.nullableString(message.transactionalId);
  }
  writer.int32(message.transactionTimeoutMs);
  if (version >= 3) {
    writer.int64(message.producerId);
  } else if (message.producerId != -1) {
    throw unsupportedField("InitProducerIdRequest.producerId", version);
  }
  if (version >= 3) {
    writer.int16(message.producerEpoch);
  } else if (message.producerEpoch !== -1) {
    throw unsupportedField("InitProducerIdRequest.producerEpoch", version);
  }
  if (version >= 6) {
    writer.bool(message.enable2Pc);
  } else if (message.enable2Pc) {
    throw unsupportedField("InitProducerIdRequest.enable2Pc", version);
  }
  if (version >= 6) {
    writer.bool(message.keepPreparedTxn);
  } else if (message.keepPreparedTxn) {
    throw unsupportedField("InitProducerIdRequest.keepPreparedTxn", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("InitProducerIdRequest.unknownTaggedFields", version);
  }
}

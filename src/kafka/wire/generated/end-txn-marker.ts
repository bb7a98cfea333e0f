// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** EndTxnMarker: version 0. */
export const END_TXN_MARKER: MessageCodec<EndTxnMarker> = {
  name: "EndTxnMarker",
  apiKey: null,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readEndTxnMarker,
  write: writeEndTxnMarker,
};

export interface EndTxnMarker {
  readonly coordinatorEpoch: number;
}

export const DEFAULT_END_TXN_MARKER: EndTxnMarker = {
  coordinatorEpoch: 0,
};

export function readEndTxnMarker(reader: Reader, version: number): EndTxnMarker {
  if (version < 0 || version > 0) throw unsupportedVersion("EndTxnMarker", version);
  return {
    coordinatorEpoch: reader.int32(),
  };
}

export function writeEndTxnMarker(writer: Writer, message: EndTxnMarker, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("EndTxnMarker", version);
  writer.int32(message.coordinatorEpoch);
}

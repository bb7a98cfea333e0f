// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import type { Int64 } from "../../../base/ids.ts";
import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** AbortedTxn: version 0. */
export const ABORTED_TXN: MessageCodec<AbortedTxn> = {
  name: "AbortedTxn",
  apiKey: null,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readAbortedTxn,
  write: writeAbortedTxn,
};

export interface AbortedTxn {
  readonly producerId: Int64;
  readonly firstOffset: Int64;
  readonly lastOffset: Int64;
  readonly lastStableOffset: Int64;
}

export const DEFAULT_ABORTED_TXN: AbortedTxn = {
  producerId: 0,
  firstOffset: 0,
  lastOffset: 0,
  lastStableOffset: 0,
};

export function readAbortedTxn(reader: Reader, version: number): AbortedTxn {
  if (version < 0 || version > 0) throw unsupportedVersion("AbortedTxn", version);
  return {
    producerId: reader.int64(),
    firstOffset: reader.int64(),
    lastOffset: reader.int64(),
    lastStableOffset: reader.int64(),
  };
}

export function writeAbortedTxn(writer: Writer, message: AbortedTxn, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("AbortedTxn", version);
  writer.int64(message.producerId);
  writer.int64(message.firstOffset);
  writer.int64(message.lastOffset);
  writer.int64(message.lastStableOffset);
}

import { MAX_VARINT_BYTES, putVarint } from "../base/varint.ts";
import type { Partition } from "./partition.ts";

/** Who keeps account of which records were stamped by which clock; without one nothing is noted. */
export interface StampWitness {
  /** Another one: the clock was set. What is stamped from now on is noted anew. */
  readonly period: number;
  /** The partition takes records with timestamps of these kinds (see STAMP) from the log's end on. */
  stamped(partition: Partition, kinds: number): void;
  /** Headers for records that are stamped now, as they stand in a record batch; null where none are due. */
  arrivalHeaders(): Uint8Array | null;
}

/** Of all partitions of a broker. */
export class Stamps {
  witness: StampWitness | null = null;
}

/** Headers as they stand in a record batch, with others behind them. */
export function withHeaders(headers: Uint8Array | null, more: Uint8Array): Uint8Array {
  if (headers === null) return more;
  const own = readCount(headers);
  const others = readCount(more);
  const joined = new Uint8Array(MAX_VARINT_BYTES + headers.length + more.length);
  let at = putVarint(joined, 0, own.count + others.count);
  joined.set(headers.subarray(own.start), at);
  at += headers.length - own.start;
  joined.set(more.subarray(others.start), at);
  return joined.subarray(0, at + more.length - others.start);
}

/** A zigzag varint that is not negative, which this process has written. */
function readCount(headers: Uint8Array): { readonly count: number; readonly start: number } {
  let value = 0;
  let start = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = headers[start] ?? 0;
    start += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { count: value / 2, start };
  }
}

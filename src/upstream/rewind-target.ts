import { parseIsoTimeMs } from "../base/iso-time.ts";

/** Where an operator has an uplink go on. */
export type RewindTarget =
  | { readonly kind: "earliest" | "latest" }
  | { readonly kind: "offset"; readonly offset: number }
  /** At the first record of this time or a later one; milliseconds since 1970. */
  | { readonly kind: "time"; readonly timeMs: number };

/** What `parseRewindTarget` takes, for people. */
export const REWIND_TARGETS =
  "write an offset (0 or more), a time with its zone such as 2026-01-31T12:00Z, earliest or latest";

const OFFSET = /^(?:0|[1-9]\d{0,15})$/;
const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/**
 * Reads what stands for a place in a log; null where it is none. Nothing is guessed: JavaScript's own parser of times takes
 * "-1" and "1.5" for days, and a time without its zone means another one on each machine.
 */
export function parseRewindTarget(text: string): RewindTarget | null {
  if (text === "earliest" || text === "latest") return { kind: text };
  if (OFFSET.test(text)) {
    const offset = Number(text);
    return Number.isSafeInteger(offset) ? { kind: "offset", offset } : null;
  }
  const timeMs = TIME.test(text) ? parseIsoTimeMs(text) : Number.NaN;
  return Number.isNaN(timeMs) ? null : { kind: "time", timeMs };
}

/** A partition as it is written: a number from 0 on; null for anything else. */
export function parsePartition(text: string): number | null {
  if (!OFFSET.test(text)) return null;
  const partition = Number(text);
  return partition <= MAX_PARTITION ? partition : null;
}

/** Kafka's partitions are int32. */
const MAX_PARTITION = 0x7fffffff;

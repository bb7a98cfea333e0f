import type { Clock } from "../../../io/clock.ts";
import type { FieldReader, FieldWriter } from "./bytes.ts";

/** It is written so often at least while sessions or messages wait: what an absence is counted from. */
export const KEPT_TIME_INTERVAL_MS = 60_000;
/** So much counts of an absence at most: a clock that is set years on while nobody looks must not end everything. */
export const MAX_ABSENCE_MS = 86_400_000;
/** The wall clock has jumped, where it is that far from where the monotonic one would have it. */
const JUMP_MS = 1_000;

const VERSION = 1;

/** What is written: the kept time, and what the wall clock showed then. */
export interface TimeRecord {
  readonly keptMs: number;
  readonly wallMs: number;
}

export function putTime(writer: FieldWriter, { keptMs, wallMs }: TimeRecord): void {
  writer.u8(VERSION).number(keptMs).number(wallMs);
}

/** Null for a value of another version, or none at all. */
export function readTime(reader: FieldReader): TimeRecord | null {
  if (reader.u8() !== VERSION) return null;
  const keptMs = reader.number();
  const wallMs = reader.number();
  return reader.ok ? { keptMs, wallMs } : null;
}

/**
 * The time by which sessions and their messages expire. It starts as the wall clock's and goes on by what provably
 * passes: as the monotonic clock does while the process runs, over a restart by what the wall clock has moved on since it
 * was last written, up to a day. A wall clock that is set, as on a machine without a battery after every boot, moves
 * nothing of it.
 */
export class KeptTime {
  readonly #clock: Clock;
  /** Kept time less monotonic time. */
  #aheadMs: number;
  #written: TimeRecord | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#aheadMs = clock.nowMs() - clock.monotonicMs();
  }

  /** Goes on from what an earlier process has written. */
  resume(found: TimeRecord | null): void {
    this.#written = found;
    if (found === null) return;
    const awayMs = Math.min(Math.max(0, this.#clock.nowMs() - found.wallMs), MAX_ABSENCE_MS);
    this.#aheadMs = found.keptMs + awayMs - this.#clock.monotonicMs();
  }

  nowMs(): number {
    return this.ofMonotonic(this.#clock.monotonicMs());
  }

  /** Infinity stays what it is. */
  ofMonotonic(monotonicMs: number): number {
    return monotonicMs + this.#aheadMs;
  }

  toMonotonic(keptMs: number): number {
    return keptMs - this.#aheadMs;
  }

  get record(): TimeRecord {
    const keptMs = Math.max(0, Math.floor(this.nowMs()));
    return { keptMs, wallMs: Math.max(0, Math.floor(this.#clock.nowMs())) };
  }

  get isWritten(): boolean {
    return this.#written !== null;
  }

  /** Whether it is to be written again: a while has passed, or the wall clock has jumped. */
  get isDue(): boolean {
    const written = this.#written;
    if (written === null) return true;
    const { keptMs, wallMs } = this.record;
    const passedMs = keptMs - written.keptMs;
    return passedMs * 2 >= KEPT_TIME_INTERVAL_MS || Math.abs(wallMs - written.wallMs - passedMs) >= JUMP_MS;
  }

  /** What the log has of it from now on; null for nothing. */
  written(record: TimeRecord | null): void {
    this.#written = record;
  }

  /** What was written is not in the log, but maybe something older. */
  refused(): void {
    this.#written = { keptMs: Number.NEGATIVE_INFINITY, wallMs: 0 };
  }
}

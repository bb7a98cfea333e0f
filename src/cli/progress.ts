import type { Clock } from "../io/clock.ts";
import type { World } from "./world.ts";

const EVERY_MS = 200;
const BAR_LENGTH = 30;
const CLEAR_LINE = "\r\x1b[K";

/**
 * How far a command is, on one line of standard error that is written over and gone in the end. Only where somebody
 * is watching, and nothing else is written to the same terminal.
 */
export class Progress {
  readonly #world: World;
  readonly #clock: Clock;
  readonly #watched: boolean;
  readonly #line: typeof progressLine;
  readonly #startMs: number;
  #shownMs: number;
  #shown = false;

  /** `alone`: the command writes nothing else to the terminal meanwhile. `line` says what is counted, records by default. */
  constructor(world: World, clock: Clock, alone: boolean, line = progressLine) {
    this.#line = line;
    this.#world = world;
    this.#clock = clock;
    this.#watched = world.errIsTerminal && alone;
    this.#startMs = clock.monotonicMs();
    this.#shownMs = this.#startMs;
  }

  /** `done` records so far, of `total`, or null where nobody knows how many there will be. */
  update(done: number, total: number | null): void {
    if (!this.#watched) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#shownMs < EVERY_MS) return;
    this.#shownMs = nowMs;
    this.#shown = true;
    this.#world.err(`${CLEAR_LINE}${this.#line(done, total, nowMs - this.#startMs)}`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#shown) this.#world.err(CLEAR_LINE);
    this.#shown = false;
  }
}

/** The same for bytes. */
export function progressLineOfBytes(done: number, total: number | null, elapsedMs: number): string {
  const perSecond = elapsedMs > 0 ? Math.round((done * 1000) / elapsedMs) : 0;
  const rate = `${sizeText(done)}, ${sizeText(perSecond)}/s`;
  return total === null || total === 0
    ? rate
    : `${Math.floor(Math.min(1, done / total) * 100)}% of ${sizeText(total)}, ${rate}`;
}

/** One line: a bar and what is left where the total is known, else how many and how fast. */
export function progressLine(done: number, total: number | null, elapsedMs: number): string {
  const perSecond = elapsedMs > 0 ? Math.round((done * 1000) / elapsedMs) : 0;
  const rate = `${done.toLocaleString("en")} records, ${perSecond.toLocaleString("en")}/s`;
  if (total === null || total === 0) return rate;
  const share = Math.min(1, done / total);
  const filled = Math.round(share * BAR_LENGTH);
  const bar = `[${"=".repeat(filled)}${" ".repeat(BAR_LENGTH - filled)}] ${Math.floor(share * 100)}%`;
  const leftS = perSecond === 0 ? null : Math.ceil((total - done) / perSecond);
  return `${bar} ${rate}${leftS === null ? "" : `, ${Math.max(0, leftS)} s left`}`;
}

/** "12.3 MB": for people. */
export function sizeText(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = "B";
  for (const larger of ["kB", "MB", "GB", "TB"]) {
    if (value < 1000) break;
    value /= 1000;
    unit = larger;
  }
  return `${unit === "B" || value >= 100 ? Math.round(value) : value.toFixed(1)} ${unit}`;
}

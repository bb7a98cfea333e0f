import type { LogFields, LogLevel } from "../base/logger.ts";
import type { Clock, Timer } from "../io/clock.ts";

/** A log line that was caused from outside. */
export interface OutsideLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
  readonly remoteAddress: string;
}

interface Held {
  readonly endMs: number;
  suppressed: number;
  last: OutsideLine;
}

const INTERVAL_MS = 10_000;
/** Pairs of message and address that are told apart; beyond it all addresses of a message count as one. */
const MAX_PAIRS = 1_000;
/** Messages are constants of the program: this is only reached where one of them is not. */
const MAX_MESSAGES = 200;

/**
 * Lets one line per message and address pass in an interval, so that a client in a loop cannot fill a disk with
 * log lines. When the interval ends, the last line that was held back is written with the count of those before.
 */
export class RepeatLimit {
  readonly #clock: Clock;
  readonly #flush: (line: OutsideLine, suppressed: number) => void;
  /** In the order of their ends, since every interval is as long. */
  readonly #held = new Map<string, Held>();
  #timer: Timer | null = null;

  constructor(clock: Clock, flush: (line: OutsideLine, suppressed: number) => void) {
    this.#clock = clock;
    this.#flush = flush;
  }

  /** Whether the line may be written now. If not, it is counted. */
  take(line: OutsideLine): boolean {
    this.#expire(this.#clock.monotonicMs());
    const key = this.#keyOf(line);
    const held = this.#held.get(key);
    if (held !== undefined) {
      held.suppressed += 1;
      held.last = line;
      return false;
    }
    this.#held.set(key, { endMs: this.#clock.monotonicMs() + INTERVAL_MS, suppressed: 0, last: line });
    this.#arm();
    return true;
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#expire(Number.POSITIVE_INFINITY);
  }

  #keyOf({ message, remoteAddress }: OutsideLine): string {
    const key = `${message}\0${remoteAddress}`;
    if (this.#held.has(key) || this.#held.size < MAX_PAIRS) return key;
    return this.#held.has(message) || this.#held.size < MAX_PAIRS + MAX_MESSAGES ? message : "";
  }

  #expire(nowMs: number): void {
    for (const [key, held] of this.#held) {
      if (held.endMs > nowMs) break;
      this.#held.delete(key);
      if (held.suppressed > 0) this.#flush(held.last, held.suppressed);
    }
  }

  #arm(): void {
    this.#timer ??= this.#clock.after(INTERVAL_MS, () => {
      this.#timer = null;
      this.#expire(this.#clock.monotonicMs());
      if (this.#held.size > 0) this.#arm();
    });
  }
}

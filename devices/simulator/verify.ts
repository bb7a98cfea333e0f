import type { Expectation } from "./ledger.ts";
import type { Reading } from "./reading.ts";

/** Faults of one kind that are described; all are counted. */
const MAX_EXAMPLES = 10;

/** What a log holds, held against what its devices know. */
export interface Verdict {
  readonly devices: number;
  /** Readings found. */
  readonly found: number;
  /** Readings that devices were told are safe. */
  readonly acked: number;
  /** Acknowledged readings that are not there. */
  readonly missing: number;
  /** Readings that are there more than once. */
  readonly repeated: number;
  /** Readings behind a later one of their device. */
  readonly outOfOrder: number;
  /** Readings that no device sent. */
  readonly strange: number;
  readonly examples: readonly string[];
  readonly ok: boolean;
}

interface Seen {
  readonly numbers: Set<number>;
  last: number;
}

/**
 * Takes readings in the order of their log, and then tells whether each acknowledged one is there exactly once
 * and in order. A reading that was sent and not acknowledged may be there once, or not.
 */
export class Verifier {
  readonly #expected: ReadonlyMap<string, Expectation>;
  readonly #seen = new Map<string, Seen>();
  readonly #examples: string[] = [];
  #found = 0;
  #repeated = 0;
  #outOfOrder = 0;
  #strange = 0;

  constructor(expected: ReadonlyMap<string, Expectation>) {
    this.#expected = expected;
  }

  /** A reading, and where it was found, for messages. */
  add(reading: Reading, where: string): void {
    const { device, n } = reading;
    this.#found += 1;
    const expectation = this.#expected.get(device);
    if (expectation === undefined || n < 0 || n >= expectation.sent) {
      this.#strange += 1;
      this.#note(`${device} never sent reading ${n} (${where})`);
      return;
    }
    let seen = this.#seen.get(device);
    if (seen === undefined) {
      seen = { numbers: new Set(), last: -1 };
      this.#seen.set(device, seen);
    }
    if (seen.numbers.has(n)) {
      this.#repeated += 1;
      this.#note(`${device} reading ${n} is there again (${where})`);
      return;
    }
    seen.numbers.add(n);
    if (n < seen.last) {
      this.#outOfOrder += 1;
      this.#note(`${device} reading ${n} stands behind ${seen.last} (${where})`);
    } else seen.last = n;
  }

  verdict(): Verdict {
    let acked = 0;
    let missing = 0;
    for (const [device, expectation] of this.#expected) {
      const numbers = this.#seen.get(device)?.numbers;
      for (const [start, end] of expectation.acked) {
        acked += end - start;
        for (let n = start; n < end; n += 1) {
          if (numbers?.has(n)) continue;
          missing += 1;
          this.#note(`${device} reading ${n} was acknowledged and is not there`);
        }
      }
    }
    const faults = missing + this.#repeated + this.#outOfOrder + this.#strange;
    return {
      devices: this.#expected.size,
      found: this.#found,
      acked,
      missing,
      repeated: this.#repeated,
      outOfOrder: this.#outOfOrder,
      strange: this.#strange,
      examples: this.#examples,
      // A run in which nothing was acknowledged proves nothing.
      ok: faults === 0 && acked > 0,
    };
  }

  #note(example: string): void {
    if (this.#examples.length < MAX_EXAMPLES) this.#examples.push(example);
  }
}

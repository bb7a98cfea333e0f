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
  /** A bit for each number that the device sent: a million readings are 125 KB. */
  readonly found: Uint8Array;
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
    if (expectation === undefined || !Number.isInteger(n) || n < 0 || n >= expectation.sent) {
      this.#strange += 1;
      this.#note(`${device} never sent reading ${n} (${where})`);
      return;
    }
    let seen = this.#seen.get(device);
    if (seen === undefined) {
      seen = { found: new Uint8Array(Math.ceil(expectation.sent / 8)), last: -1 };
      this.#seen.set(device, seen);
    }
    if (hasBit(seen.found, n)) {
      this.#repeated += 1;
      this.#note(`${device} reading ${n} is there again (${where})`);
      return;
    }
    setBit(seen.found, n);
    if (n < seen.last) {
      this.#outOfOrder += 1;
      this.#note(`${device} reading ${n} stands behind ${seen.last} (${where})`);
    } else seen.last = n;
  }

  /** The verdict on what came so far; may be asked for again after more came. */
  verdict(): Verdict {
    let acked = 0;
    let missing = 0;
    const examples = [...this.#examples];
    for (const [device, expectation] of this.#expected) {
      const found = this.#seen.get(device)?.found;
      for (const [start, end] of expectation.acked) {
        acked += end - start;
        for (let n = start; n < end; n += 1) {
          if (found !== undefined && hasBit(found, n)) continue;
          missing += 1;
          note(examples, `${device} reading ${n} was acknowledged and is not there`);
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
      examples,
      // A run in which nothing was acknowledged proves nothing.
      ok: faults === 0 && acked > 0,
    };
  }

  #note(example: string): void {
    note(this.#examples, example);
  }
}

function note(examples: string[], example: string): void {
  if (examples.length < MAX_EXAMPLES) examples.push(example);
}

function hasBit(bits: Uint8Array, index: number): boolean {
  return (((bits[index >>> 3] ?? 0) >> (index & 7)) & 1) === 1;
}

function setBit(bits: Uint8Array, index: number): void {
  bits[index >>> 3] = (bits[index >>> 3] ?? 0) | (1 << (index & 7));
}

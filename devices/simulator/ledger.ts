/** What one device knows of its readings, as a file holds it and verification needs it. */
export interface Expectation {
  /** Readings that were sent, numbered from 0, whether or not they arrived. */
  readonly sent: number;
  /** Ranges of acknowledged numbers: half-open, ascending, apart. */
  readonly acked: readonly (readonly [start: number, end: number])[];
}

/**
 * What one device knows of its readings: sent, and acknowledged. Numbers are acknowledged in order but for gaps
 * (a connection that broke), so that a few half-open ranges hold them all.
 */
export class DeviceLedger {
  readonly #ranges: [number, number][];
  #sent: number;
  #acked: number;

  /** A device that goes on where it once stopped takes its earlier ledger along. */
  constructor(earlier: Expectation = { sent: 0, acked: [] }) {
    this.#ranges = earlier.acked.map(([start, end]) => [start, end]);
    this.#sent = earlier.sent;
    this.#acked = earlier.acked.reduce((sum, [start, end]) => sum + end - start, 0);
  }

  /** Readings that were sent, whether or not they arrived. */
  get sent(): number {
    return this.#sent;
  }

  get acked(): number {
    return this.#acked;
  }

  /** Ranges of acknowledged numbers: half-open, ascending, apart. */
  get ranges(): readonly (readonly [start: number, end: number])[] {
    return this.#ranges;
  }

  /** The number for the next reading, which counts as sent. */
  next(): number {
    this.#sent += 1;
    return this.#sent - 1;
  }

  /** Numbers are acknowledged in the order they were sent (MQTT-4.6.0-2); throws where one is not. */
  acknowledge(n: number): void {
    const last = this.#ranges.at(-1);
    if (last !== undefined && n < last[1]) throw new Error(`reading ${n} was acknowledged out of order`);
    if (last !== undefined && n === last[1]) last[1] = n + 1;
    else this.#ranges.push([n, n + 1]);
    this.#acked += 1;
  }
}

/** Ledgers as a file: a JSON line for each device. */
export function writeLedgers(ledgers: ReadonlyMap<string, DeviceLedger>): string {
  const lines = Array.from(
    ledgers,
    ([device, { sent, ranges }]) => `${JSON.stringify({ device, sent, acked: ranges })}\n`,
  );
  return lines.join("");
}

/** Reads what `writeLedgers` wrote. Throws an Error that names the line on anything else. */
export function readLedgers(text: string): Map<string, Expectation> {
  const expectations = new Map<string, Expectation>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const entry = parseLine(line);
    if (entry === null) throw new Error(`line ${index + 1} is no line of a ledger: ${line.slice(0, 80)}`);
    if (expectations.has(entry.device)) throw new Error(`line ${index + 1}: ${entry.device} is there twice`);
    expectations.set(entry.device, { sent: entry.sent, acked: entry.acked });
  }
  return expectations;
}

function parseLine(line: string): (Expectation & { readonly device: string }) | null {
  try {
    const { device, sent, acked } = JSON.parse(line) as Partial<Expectation & { device: string }>;
    if (typeof device !== "string" || !isCount(sent) || !Array.isArray(acked)) return null;
    let from = 0;
    for (const range of acked as readonly unknown[]) {
      if (!Array.isArray(range) || range.length !== 2) return null;
      const [start, end] = range as readonly unknown[];
      if (!isCount(start) || !isCount(end) || start < from || end <= start || end > sent) return null;
      from = end;
    }
    return { device, sent, acked };
  } catch {
    return null;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

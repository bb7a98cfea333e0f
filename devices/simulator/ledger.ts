/**
 * What one device knows of its readings: sent, and acknowledged. Numbers are acknowledged in order but for gaps
 * (a connection that broke), so that a few half-open ranges hold them all.
 */
export class DeviceLedger {
  readonly #ranges: [number, number][] = [];
  #sent = 0;

  /** Readings that were sent, whether or not they arrived. */
  get sent(): number {
    return this.#sent;
  }

  get acked(): number {
    return this.#ranges.reduce((sum, [start, end]) => sum + end - start, 0);
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

  /** Numbers are acknowledged in the order they were sent (MQTT-4.6.0-2). */
  acknowledge(n: number): void {
    const last = this.#ranges.at(-1);
    if (last !== undefined && n < last[1]) throw new Error(`reading ${n} was acknowledged out of order`);
    if (last !== undefined && n === last[1]) last[1] = n + 1;
    else this.#ranges.push([n, n + 1]);
  }
}

/** Ledgers as a file: a JSON line for each device. */
export function writeLedgers(ledgers: ReadonlyMap<string, DeviceLedger>): string {
  return Array.from(ledgers, ([device, { sent, ranges }]) =>
    JSON.stringify({ device, sent, acked: ranges }),
  ).join("\n");
}

/** What verification needs to know of a device. */
export interface Expectation {
  readonly sent: number;
  readonly acked: readonly (readonly [start: number, end: number])[];
}

/** Reads what `writeLedgers` wrote. Throws on anything else. */
export function readLedgers(text: string): Map<string, Expectation> {
  const expectations = new Map<string, Expectation>();
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const { device, sent, acked } = JSON.parse(line) as Expectation & { device: string };
    if (typeof device !== "string" || typeof sent !== "number" || !Array.isArray(acked)) {
      throw new Error(`not a line of a ledger: ${line.slice(0, 100)}`);
    }
    expectations.set(device, { sent, acked });
  }
  return expectations;
}

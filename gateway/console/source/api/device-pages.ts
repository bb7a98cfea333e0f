import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type ApiError, asApiError, ask, withQuery } from "./client.ts";
import type { DeviceList, DeviceRow } from "./types.ts";
import { Poll } from "./use-api.ts";

/** Rows of a part. Ten thousand devices are forty of them. */
export const PART_ROWS = 250;
const EVERY_MS = 4_000;
/** Devices whose rates are remembered, and how many of each. */
const MAX_REMEMBERED = 2_000;
const MAX_RATES = 40;

export interface DeviceFilter {
  /** The beginning of the key; empty for all. */
  readonly prefix: string;
  readonly topic: string;
  readonly show: "all" | "silent" | "sending";
}

export interface Devices {
  /** As far as they were loaded. */
  readonly rows: readonly DeviceRow[];
  /** Null before the first answer. */
  readonly totals: Pick<DeviceList, "known" | "max" | "silent" | "forgotten" | "topics"> | null;
  /** How many there are, or seem to be while more can be loaded. */
  readonly count: number;
  readonly error: ApiError | null;
  /** Rates that were seen of a device lately, oldest first. */
  readonly ratesOf: (row: DeviceRow) => readonly number[];
  /** Says which rows are looked at: they are loaded, and kept current. */
  readonly look: (first: number, last: number) => void;
  readonly retry: () => void;
}

/**
 * The devices that a filter lets through, loaded in parts as far as somebody has scrolled. Of those that are loaded,
 * the parts that are looked at are asked for again every few seconds.
 */
export function useDevices(filter: DeviceFilter): Devices {
  const { prefix, topic, show } = filter;
  const [, draw] = useState(0);
  const pages = useRef<Pages | null>(null);
  useEffect(() => {
    const silent = show === "all" ? null : String(show === "silent");
    const query = { limit: PART_ROWS, prefix: encodeURIComponent(prefix), topic, silent };
    const made = new Pages(withQuery("/api/devices", query), () => draw((before) => before + 1));
    pages.current = made;
    const poll = new Poll(EVERY_MS, (signal) => made.refresh(signal));
    return () => {
      poll.stop();
      made.stop();
    };
  }, [prefix, topic, show]);
  const look = useCallback((first: number, last: number) => pages.current?.look(first, last), []);
  const retry = useCallback(() => pages.current?.retry(), []);
  const ratesOf = useCallback((row: DeviceRow) => pages.current?.ratesOf(row) ?? [], []);
  const { rows = [], totals = null, isWhole = false, error = null } = pages.current ?? {};
  const isFiltered = prefix !== "" || topic !== "" || show === "sending";
  const expected = isFiltered ? 0 : ((show === "silent" ? totals?.silent : totals?.known) ?? 0);
  const count = isWhole ? rows.length : Math.max(expected, rows.length + 1);
  return { rows, totals, count: totals === null ? 0 : count, error, ratesOf, look, retry };
}

class Pages {
  readonly #changed: () => void;
  readonly #ended = new AbortController();
  readonly #rates = new Map<string, number[]>();
  /** Path of each part that was loaded, and of the one to load next. */
  readonly #paths: (string | null)[];
  readonly #parts: (readonly DeviceRow[])[] = [];
  #wanted = 1;
  #looked: readonly [number, number] = [0, 0];
  #isLoading = false;
  rows: readonly DeviceRow[] = [];
  totals: DeviceList | null = null;
  error: ApiError | null = null;

  constructor(path: string, changed: () => void) {
    this.#paths = [path];
    this.#changed = changed;
  }

  get isWhole(): boolean {
    return this.totals !== null && this.#paths.at(-1) === null;
  }

  stop(): void {
    this.#ended.abort();
  }

  ratesOf(row: DeviceRow): readonly number[] {
    return this.#rates.get(nameOf(row)) ?? [];
  }

  look(first: number, last: number): void {
    this.#looked = [first, last];
    this.#wanted = Math.max(this.#wanted, last + PART_ROWS / 2);
    void this.#load();
  }

  retry(): void {
    this.error = null;
    void this.#load();
  }

  /** Asks for the parts that are looked at again; the first time for the first one. */
  async refresh(signal: AbortSignal): Promise<void> {
    if (this.#parts.length === 0) {
      this.error = null;
      return this.#load();
    }
    // One at a time: a part that has changed has those behind it loaded anew.
    if (this.#isLoading) return;
    this.#isLoading = true;
    const [first, last] = this.#looked;
    const parts = this.#parts.map((_, index) => index);
    const seen = parts.filter((index) => index * PART_ROWS <= last && (index + 1) * PART_ROWS > first);
    for (const index of seen.slice(0, 2)) await this.#fetch(index, signal);
    this.#isLoading = false;
    await this.#load();
  }

  async #load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    while (this.rows.length < this.#wanted && !this.isWhole && this.error === null) {
      if (this.#ended.signal.aborted) break;
      await this.#fetch(this.#parts.length, this.#ended.signal);
    }
    this.#isLoading = false;
  }

  async #fetch(index: number, signal: AbortSignal): Promise<void> {
    const path = this.#paths[index];
    if (path === null || path === undefined) return;
    try {
      const answer = await ask<DeviceList>(path, { signal });
      this.#parts[index] = answer.devices;
      // The next part begins behind the last row of this one. Where that is another now, those behind it are of old.
      if (this.#paths[index + 1] !== answer.next) {
        this.#parts.length = index + 1;
        this.#paths.splice(index + 1, Number.POSITIVE_INFINITY, answer.next);
      }
      this.rows = this.#parts.flat();
      this.totals = answer;
      this.error = null;
      for (const row of answer.devices) this.#remember(row);
    } catch (caught) {
      if (signal.aborted || this.#ended.signal.aborted) return;
      this.error = asApiError(caught);
    }
    this.#changed();
  }

  #remember(row: DeviceRow): void {
    const name = nameOf(row);
    const rates = this.#rates.get(name) ?? [];
    rates.push(row.recordsPerSec);
    if (rates.length > MAX_RATES) rates.shift();
    // Whoever was seen last stays longest.
    this.#rates.delete(name);
    this.#rates.set(name, rates);
    if (this.#rates.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#rates.keys();
    if (oldest !== undefined) this.#rates.delete(oldest);
  }
}

function nameOf({ key, topic }: DeviceRow): string {
  return `${key}/${topic}`;
}

import { type Mark, Marks } from "./marks.ts";
import { type ClockPeriod, Periods, type Quality } from "./periods.ts";

/** Durable values by name: KeyedState of the broker, or a model of it. */
export interface LedgerStore {
  entries(): Iterable<readonly [string, Uint8Array]>;
  set(name: string, value: Uint8Array): Promise<void>;
  delete(name: string): Promise<void>;
}

/** The internal topic of the ledger. Keys and values are text; values are JSON. */
export const CLOCK_TOPIC = "__headwater_clock";
const PERIOD = "period/";
const MARKS = "marks/";
const FLOOR = "floor";

/** What a data folder knows of its clocks when it is opened. */
export interface SavedClocks {
  readonly periods: Periods;
  /** By `TOPIC_ID/PARTITION`. */
  readonly marks: Map<string, Marks>;
  readonly floorMs: number;
}

export function nothingSaved(): SavedClocks {
  return { periods: new Periods(), marks: new Map(), floorMs: -1 };
}

/**
 * What is written down of clocks: `period/ID` a ClockPeriod, `marks/TOPIC_ID/PARTITION` a list of [offset, period,
 * kinds], `floor` the newest time of periods that are forgotten. Writes are appended in the call and ride the
 * next commit round, before the records that follow them; one that fails is told of once, as the log's own trouble.
 */
export class ClockLedger {
  readonly #store: LedgerStore;
  readonly #onFailure: (error: unknown) => void;

  constructor(store: LedgerStore, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#onFailure = onFailure;
  }

  load(): SavedClocks {
    const found: ClockPeriod[] = [];
    const marks = new Map<string, Marks>();
    let floorMs = -1;
    for (const [name, bytes] of this.#store.entries()) {
      const value = parse(bytes);
      if (name.startsWith(PERIOD)) {
        const period = readPeriod(value);
        if (period !== null) found.push(period);
      } else if (name.startsWith(MARKS)) {
        const read = readMarks(value);
        if (read !== null) marks.set(name.slice(MARKS.length), new Marks(read));
      } else if (name === FLOOR && typeof value === "number") floorMs = value;
    }
    const periods = new Periods();
    for (const period of found.sort((a, b) => a.id - b.id)) periods.add(period);
    return { periods, marks, floorMs };
  }

  savePeriod(period: ClockPeriod): void {
    this.#set(`${PERIOD}${period.id}`, period);
  }

  forgetPeriod(period: ClockPeriod): void {
    this.#store.delete(`${PERIOD}${period.id}`).catch(this.#onFailure);
  }

  saveFloor(floorMs: number): void {
    this.#set(FLOOR, floorMs);
  }

  /** None are forgotten. */
  saveMarks(key: string, { all }: Marks): void {
    if (all.length === 0) this.#store.delete(`${MARKS}${key}`).catch(this.#onFailure);
    else
      this.#set(
        `${MARKS}${key}`,
        all.map(({ offset, period, kinds }) => [offset, period, kinds]),
      );
  }

  #set(name: string, value: unknown): void {
    this.#store.set(name, new TextEncoder().encode(JSON.stringify(value))).catch(this.#onFailure);
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

const QUALITIES: readonly string[] = ["unknown", "plausible", "confirmed"];

function readPeriod(value: unknown): ClockPeriod | null {
  if (typeof value !== "object" || value === null) return null;
  const { id, boot, offsetMs, startBootMs, lastBootMs, quality, confirmedBootMs } =
    value as Partial<ClockPeriod>;
  const numbers = [id, offsetMs, startBootMs, lastBootMs, confirmedBootMs];
  if (numbers.some((number) => !Number.isFinite(number)) || typeof boot !== "string") return null;
  if (!QUALITIES.includes(quality ?? "")) return null;
  return {
    id: Number(id),
    boot,
    offsetMs: Number(offsetMs),
    startBootMs: Number(startBootMs),
    lastBootMs: Number(lastBootMs),
    quality: quality as Quality,
    confirmedBootMs: Number(confirmedBootMs),
  };
}

function readMarks(value: unknown): readonly Mark[] | null {
  if (!Array.isArray(value)) return null;
  const marks: Mark[] = [];
  for (const entry of value) {
    if (!Array.isArray(entry) || !entry.every(Number.isFinite)) return null;
    const [offset, period, kinds] = entry as number[];
    marks.push({ offset: offset ?? 0, period: period ?? 0, kinds: kinds ?? 0 });
  }
  return marks;
}

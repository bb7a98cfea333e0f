import { type Mark, Marks } from "./marks.ts";
import { type ClockPeriod, Periods, type Quality } from "./periods.ts";
import { type Sighting, Sightings } from "./sightings.ts";

/** Durable values by name: KeyedState of the broker, or a model of it. */
export interface LedgerStore {
  entries(): Iterable<readonly [string, Uint8Array]>;
  set(name: string, value: Uint8Array): Promise<void>;
  delete(name: string): Promise<void>;
  /** Whether the disk is full, and what room is left is for what can't be done without. */
  readonly isTight: boolean;
}

/** The internal topic of the ledger. Keys and values are text; values are JSON. */
export const CLOCK_TOPIC = "__headwater_clock";
const PERIOD = "period/";
const MARKS = "marks/";
const SEEN = "seen/";
const FLOOR = "floor";

/** What a data folder knows of its clocks when it is opened. */
export interface SavedClocks {
  readonly periods: Periods;
  /** By `TOPIC_ID/PARTITION`. */
  readonly marks: Map<string, Marks>;
  /** By the same. */
  readonly sightings: Map<string, Sightings>;
  readonly floorMs: number;
}

export function nothingSaved(): SavedClocks {
  return { periods: new Periods(), marks: new Map(), sightings: new Map(), floorMs: -1 };
}

/**
 * What is written down of clocks: `period/ID` a ClockPeriod, `marks/TOPIC_ID/PARTITION` a list of [offset, period,
 * kinds], `seen/TOPIC_ID/PARTITION` one of [offset, period, time shown], `floor` the newest time of periods that are forgotten. Writes are appended in the call and ride the
 * next commit round, before the records that follow them. What a full disk refuses is kept, the newest of each name,
 * until `writeAgain` gets it written.
 */
export class ClockLedger {
  readonly #store: LedgerStore;
  readonly #onFailure: (error: unknown) => void;
  /** What was handed to the store last and is not written yet, by name; null for what is forgotten. */
  readonly #handed = new Map<string, { readonly value: Uint8Array | null }>();
  /** Of those, what the store has refused. */
  readonly #owed = new Set<string>();

  constructor(store: LedgerStore, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#onFailure = onFailure;
  }

  load(): SavedClocks {
    const found: ClockPeriod[] = [];
    const marks = new Map<string, Marks>();
    const sightings = new Map<string, Sightings>();
    let floorMs = -1;
    for (const [name, bytes] of this.#store.entries()) {
      const value = parse(bytes);
      if (name.startsWith(PERIOD)) {
        const period = readPeriod(value);
        if (period !== null) found.push(period);
      } else if (name.startsWith(MARKS)) {
        const read = readMarks(value);
        if (read !== null) marks.set(name.slice(MARKS.length), new Marks(read));
      } else if (name.startsWith(SEEN)) {
        const read = readSightings(value);
        if (read !== null) sightings.set(name.slice(SEEN.length), new Sightings(read));
      } else if (name === FLOOR && typeof value === "number") floorMs = value;
    }
    const periods = new Periods();
    for (const period of found.sort((a, b) => a.id - b.id)) periods.add(period);
    // A full disk may have taken marks of a period, and not the period.
    for (const { all } of marks.values()) for (const { period } of all) periods.noteId(period);
    for (const { all } of sightings.values()) for (const { period } of all) periods.noteId(period);
    return { periods, marks, sightings, floorMs };
  }

  /** How long a period lasts by now, which can be said again later. */
  saveMoment(period: ClockPeriod): void {
    if (!this.#store.isTight) this.savePeriod(period);
  }

  savePeriod(period: ClockPeriod): void {
    this.#set(`${PERIOD}${period.id}`, period);
  }

  forgetPeriod(period: ClockPeriod): void {
    this.#write(`${PERIOD}${period.id}`, null);
  }

  saveFloor(floorMs: number): void {
    this.#set(FLOOR, floorMs);
  }

  /** None are forgotten. */
  saveMarks(key: string, { all }: Marks): void {
    if (all.length === 0) this.#write(`${MARKS}${key}`, null);
    else
      this.#set(
        `${MARKS}${key}`,
        all.map(({ offset, period, kinds }) => [offset, period, kinds]),
      );
  }

  /** None are forgotten. What there is no room for now is written with the next one. */
  saveSightings(key: string, { all }: Sightings): void {
    if (all.length === 0) this.#write(`${SEEN}${key}`, null);
    else if (!this.#store.isTight)
      this.#set(
        `${SEEN}${key}`,
        all.map(({ offset, period, shownMs }) => [offset, period, shownMs]),
      );
  }

  /** Hands over again what the store has refused. */
  writeAgain(): void {
    for (const name of [...this.#owed]) this.#write(name, this.#handed.get(name)?.value ?? null);
  }

  #set(name: string, value: unknown): void {
    this.#write(name, new TextEncoder().encode(JSON.stringify(value)));
  }

  #write(name: string, value: Uint8Array | null): void {
    const handed = { value };
    this.#handed.set(name, handed);
    this.#owed.delete(name);
    const written = value === null ? this.#store.delete(name) : this.#store.set(name, value);
    written.then(
      () => {
        if (this.#handed.get(name) === handed) this.#handed.delete(name);
      },
      (error: unknown) => {
        // Where something newer was handed over since, that one counts.
        if (this.#handed.get(name) === handed) this.#owed.add(name);
        this.#onFailure(error);
      },
    );
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
  return readTriples(value)?.map(([offset, period, kinds]) => ({ offset, period, kinds })) ?? null;
}

function readSightings(value: unknown): readonly Sighting[] | null {
  return readTriples(value)?.map(([offset, period, shownMs]) => ({ offset, period, shownMs })) ?? null;
}

function readTriples(value: unknown): readonly (readonly [number, number, number])[] | null {
  if (!Array.isArray(value)) return null;
  const triples: (readonly [number, number, number])[] = [];
  for (const entry of value) {
    if (!Array.isArray(entry) || !entry.every(Number.isFinite)) return null;
    const [first, second, third] = entry as number[];
    triples.push([first ?? 0, second ?? 0, third ?? 0]);
  }
  return triples;
}

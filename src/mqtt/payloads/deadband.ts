import type { PendingBatch } from "../../broker/ingest.ts";
import { valueAt } from "../payload-timestamp.ts";
import { asDouble, ExactNumber, numberIdentity } from "./exact-number.ts";
import { jsonText } from "./json-values.ts";
import { MAX_LAST_IDENTITY_LENGTH, MAX_LAST_TEXT_LENGTH } from "./limits.ts";
import type { Path } from "./shaping.ts";

/** How far a field may move before its record passes. */
export interface Deadband {
  readonly path: Path;
  /** In the field's unit, or in percent of the last value; 0 for any change. */
  readonly width: number;
  readonly isPercent: boolean;
}

/** Which records are unchanged, and so not stored. */
export interface DeadbandConfig {
  readonly fields: readonly Deadband[];
  /** Time after which an unchanged record passes; infinite for never. */
  readonly maxSilenceMs: number;
}

/** A field's value as it is compared: numbers as such, all else as its JSON text. Undefined: it was not there yet. */
type Watched = number | bigint | ExactNumber | string | undefined;

/** What is known of the last record of one name that passed. */
interface LastRecord {
  readonly values: readonly Watched[];
  /** Monotonic. */
  readonly atMs: number;
  /** What the record became: until that is durable, whoever is left out for it waits with it. */
  readonly batch: PendingBatch;
}

/**
 * Last values by the names of their records. Two generations bound it: when the young one is full it becomes the old one, and
 * what is used again moves over. What is forgotten passes the next time, and so does everything after a restart.
 */
export class LastValues {
  readonly #generationEntries: number;
  #young = new Map<string, LastRecord>();
  #old = new Map<string, LastRecord>();

  constructor(maxEntries: number) {
    this.#generationEntries = Math.max(1, maxEntries >> 1);
  }

  /** Records that are known. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  find(name: string): LastRecord | null {
    const young = this.#young.get(name);
    if (young !== undefined) return young;
    const old = this.#old.get(name);
    if (old === undefined) return null;
    this.keep(name, old);
    return old;
  }

  keep(name: string, record: LastRecord): void {
    if (this.#young.size >= this.#generationEntries && !this.#young.has(name)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#old.delete(name);
    this.#young.set(name, record);
  }
}

/** The records of one message on their way past the last values, which change once the message is appended. */
export class DeadbandRun {
  /** Records that were left out. */
  unchanged = 0;
  /** Batches of the last values for which records were left out, as far as they are not durable. */
  readonly waitsFor = new Set<PendingBatch>();
  readonly #config: DeadbandConfig;
  readonly #last: LastValues;
  readonly #nowMs: number;
  readonly #passed = new Map<string, readonly Watched[]>();

  /** `nowMs` is monotonic. */
  constructor(config: DeadbandConfig, last: LastValues, nowMs: number) {
    this.#config = config;
    this.#last = last;
    this.#nowMs = nowMs;
  }

  /**
   * Whether a record is stored: it is new, a watched field has moved, it has none, it is time for one, or it `always`
   * is. Its values are the last ones from here on.
   */
  passes(name: string, record: unknown, always: boolean): boolean {
    if (name.length > MAX_LAST_IDENTITY_LENGTH) return true;
    const { fields, maxSilenceMs } = this.#config;
    const found = fields.map(({ path }) => watched(valueAt(record, path)));
    const isWatched = found.some((value) => value !== undefined);
    if (!isWatched) return true;
    const last = this.#lastOf(name);
    const moves = always || fields.some((field, index) => isMove(field, last?.values[index], found[index]));
    if (!moves && last !== null && this.#nowMs - last.atMs < maxSilenceMs) {
      if (last.batch !== null && last.batch.state === "waiting") this.waitsFor.add(last.batch);
      this.unchanged++;
      return false;
    }
    this.#passed.set(
      name,
      found.map((value, index) => value ?? last?.values[index]),
    );
    return true;
  }

  /** The records that passed are in this batch: their values are the last ones now, unless it is refused. */
  commit(batch: PendingBatch): void {
    if (batch.state === "refused") return;
    for (const [name, values] of this.#passed) this.#last.keep(name, { values, atMs: this.#nowMs, batch });
  }

  #lastOf(name: string): {
    readonly values: readonly Watched[];
    readonly atMs: number;
    readonly batch: PendingBatch | null;
  } | null {
    const passed = this.#passed.get(name);
    if (passed !== undefined) return { values: passed, atMs: this.#nowMs, batch: null };
    const last = this.#last.find(name);
    return last === null || last.batch.state === "refused" ? null : last;
  }
}

/** A text that is too long to keep. */
const TOO_LONG = "\u0000";

function watched(value: unknown): Watched {
  if (value === undefined || typeof value === "number" || typeof value === "bigint") return value;
  if (value instanceof ExactNumber) return value;
  const text = jsonText(value);
  return text.length > MAX_LAST_TEXT_LENGTH ? TOO_LONG : text;
}

function isMove({ width, isPercent }: Deadband, last: Watched, next: Watched): boolean {
  if (next === undefined) return false;
  if (last === undefined || next === TOO_LONG) return true;
  if (typeof last === "string" || typeof next === "string") return last !== next;
  if (width === 0) return numberIdentity(last) !== numberIdentity(next);
  if (typeof last === "bigint" && typeof next === "bigint") {
    const distance = Number(next > last ? next - last : last - next);
    return distance > (isPercent ? (width / 100) * Math.abs(Number(last)) : width);
  }
  const [from, to] = [asDouble(last), asDouble(next)] as [number, number];
  return Math.abs(to - from) > (isPercent ? (width / 100) * Math.abs(from) : width);
}

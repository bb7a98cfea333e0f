import { HeadwaterError } from "../../base/errors.ts";
import type { Broker } from "../../broker/broker.ts";
import type { KeyedState } from "../../broker/keyed-state.ts";

/** The internal topic that keys are remembered in. */
const STATE_TOPIC = "__headwater_http";
/** Keys that are remembered; the oldest goes for a new one. */
export const MAX_KEYS = 2_048;
/** Partitions that one request with a key may write to: what is remembered of it is small. */
export const MAX_KEYED_PARTITIONS = 16;
const MAX_EPOCH = 0x7fff;

/** What is remembered of a key. As JSON in the state's slot of that number. */
interface Entry {
  /** SHA-256 of who, topic and key. */
  readonly key: string;
  /** SHA-256 of what was sent. */
  readonly body: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Of the topic when it came: records go to the same partitions again. */
  readonly partitions: number;
  /** Which came later. */
  readonly order: number;
  /** Base offset by partition, once all are durable. */
  readonly done: Readonly<Record<string, number>> | null;
}

/** Under what a request's records are appended: the same for the same key, however often it comes. */
export interface Claim {
  readonly slot: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly partitions: number;
  /** Where the records are, if that is known already. */
  readonly done: ReadonlyMap<number, number> | null;
}

/**
 * Remembers requests by a key that their sender gave, so that one which is sent again gets the answer of the first. What is about
 * to be appended is written down before: a producer id and an epoch of its own. The log itself then knows the batch
 * again, if the power went between, as it does an idempotent Kafka producer's.
 */
export class Idempotency {
  readonly #broker: Broker;
  #state: KeyedState | null = null;
  readonly #slots = new Map<string, number>();
  readonly #entries: (Entry | null)[] = Array.from({ length: MAX_KEYS }, () => null);
  /** How many requests of a slot are under way: it is not given to others. */
  readonly #busy = new Map<number, number>();
  /** Claims that the disk does not have yet: who sends the same again waits for it, too. */
  readonly #writing = new Map<number, Promise<void>>();
  #order = 0;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /**
   * The claim of a key; "other" where the key came with another body before, "full" where all keys are under way.
   * Resolves once a power cut can't undo it; rejects with LOG_FENCED or DISK_IO.
   */
  async claim(key: string, body: string, partitions: number): Promise<Claim | "other" | "full"> {
    this.#open();
    const known = this.#slots.get(key);
    if (known !== undefined) {
      if (this.#entries[known]?.body !== body) return "other";
      this.#hold(known);
      return this.#held(known, () => this.#writing.get(known) ?? Promise.resolve());
    }
    const slot = this.#freeSlot();
    if (slot === null) return "full";
    this.#hold(slot);
    const writing = this.#write(slot, key, body, partitions);
    this.#writing.set(slot, writing);
    return this.#held(slot, () => writing).finally(() => this.#writing.delete(slot));
  }

  /** Takes the slot at once, and resolves when the disk knows. Where that fails, the key is not known. */
  async #write(slot: number, key: string, body: string, partitions: number): Promise<void> {
    const before = this.#entries[slot] ?? null;
    if (before !== null) this.#slots.delete(before.key);
    this.#order += 1;
    const fresh: Entry = {
      key,
      body,
      producerId: -1,
      producerEpoch: 0,
      partitions,
      order: this.#order,
      done: null,
    };
    this.#keep(slot, fresh);
    try {
      const again = before !== null && before.producerEpoch < MAX_EPOCH;
      const producerId = again ? before.producerId : await this.#newProducerId();
      const entry = { ...fresh, producerId, producerEpoch: again ? before.producerEpoch + 1 : 0 };
      this.#entries[slot] = entry;
      await this.#open().set(String(slot), new TextEncoder().encode(JSON.stringify(entry)));
    } catch (error) {
      this.#slots.delete(key);
      this.#entries[slot] = null;
      throw error;
    }
  }

  /** Its claim once `ready` has resolved; lets go of the slot where it rejects. */
  async #held(slot: number, ready: () => Promise<void>): Promise<Claim | "other"> {
    try {
      await ready();
      const entry = this.#entries[slot] ?? null;
      return entry === null ? "other" : claimOf(slot, entry);
    } catch (error) {
      this.release(slot);
      throw error;
    }
  }

  #hold(slot: number): void {
    this.#busy.set(slot, (this.#busy.get(slot) ?? 0) + 1);
  }

  /** All records of the claim are durable: remembers where. */
  async finish({ slot }: Claim, done: ReadonlyMap<number, number>): Promise<void> {
    const entry = this.#entries[slot] ?? null;
    if (entry === null) return;
    const finished = { ...entry, done: Object.fromEntries(done) };
    this.#entries[slot] = finished;
    await this.#open().set(String(slot), new TextEncoder().encode(JSON.stringify(finished)));
  }

  /** One request of the slot is no longer under way. */
  release(slot: number): void {
    const count = this.#busy.get(slot) ?? 0;
    if (count > 1) this.#busy.set(slot, count - 1);
    else this.#busy.delete(slot);
  }

  #open(): KeyedState {
    if (this.#state !== null) return this.#state;
    const state = this.#broker.openState(STATE_TOPIC);
    for (const [name, value] of state.entries()) {
      const entry = entryOf(value);
      const slot = Number(name);
      if (entry === null || !Number.isInteger(slot) || slot < 0 || slot >= MAX_KEYS) continue;
      this.#keep(slot, entry);
      this.#order = Math.max(this.#order, entry.order);
    }
    this.#state = state;
    return state;
  }

  #keep(slot: number, entry: Entry): void {
    this.#entries[slot] = entry;
    this.#slots.set(entry.key, slot);
  }

  /** One that was never used, else the one of the oldest key. */
  #freeSlot(): number | null {
    let best: number | null = null;
    let bestOrder = Number.POSITIVE_INFINITY;
    for (const [slot, entry] of this.#entries.entries()) {
      if (this.#busy.has(slot)) continue;
      if (entry === null) return slot;
      if (entry.order < bestOrder) {
        best = slot;
        bestOrder = entry.order;
      }
    }
    return best;
  }

  #newProducerId(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#broker.newProducerId((error, producerId) => {
        if (error === 0) resolve(producerId);
        else reject(new HeadwaterError("LOG_FENCED", `no producer id was given (Kafka error ${error})`));
      });
    });
  }
}

function claimOf(slot: number, { producerId, producerEpoch, partitions, done }: Entry): Claim {
  const places = done === null ? null : Object.entries(done);
  return {
    ...{ slot, producerId, producerEpoch, partitions },
    done: places === null ? null : new Map(places.map(([partition, base]) => [Number(partition), base])),
  };
}

/** Null for what this version has not written. */
function entryOf(value: Uint8Array): Entry | null {
  try {
    const entry = JSON.parse(new TextDecoder().decode(value)) as Partial<Entry>;
    const numbers = [entry.producerId, entry.producerEpoch, entry.partitions, entry.order];
    const isWhole = typeof entry.key === "string" && typeof entry.body === "string";
    return isWhole && numbers.every(Number.isSafeInteger) ? (entry as Entry) : null;
  } catch {
    return null;
  }
}

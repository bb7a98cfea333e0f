import { HeadwaterError } from "../base/errors.ts";
import type { Clock, Timer } from "../io/clock.ts";
import { STATE_CONFIGS } from "./own-topics.ts";
import type { Partition } from "./partition.ts";
import { StateLog, type StateRecord } from "./state-log.ts";

const MAX_LOG_BYTES = 1024 * 1024;

/** How soon what is insisted on is tried again where it was refused. */
const RETRY_MS = 1_000;

/** Whose internal topics states are. */
export interface StateHost {
  readonly clock: Clock;
  /** Throws DISK_IO. */
  internalPartition(topic: string, configs: ReadonlyMap<string, string>): Partition;
  reportDamage(topic: string): void;
}

interface Insistence {
  readonly name: string;
  readonly value: () => Uint8Array | null;
  readonly done: () => void;
}

/** Small values by name, durable and replaced whole: an internal topic, read once. */
export class KeyedState {
  readonly #host: StateHost;
  readonly #topic: string;
  readonly #spareBytes: number;
  #log: StateLog | null = null;
  readonly #values = new Map<string, Uint8Array>();
  /** What was insisted on, and refused. */
  #refused: Insistence[] = [];
  #retry: Timer | null = null;
  #isClosed = false;

  constructor(host: StateHost, topic: string, spareBytes: number) {
    this.#host = host;
    this.#topic = topic;
    this.#spareBytes = spareBytes;
  }

  /** Reads what there is, where that was not done yet; else the first write does. Throws DISK_IO. */
  open(): void {
    this.#opened();
  }

  #opened(): StateLog {
    if (this.#log !== null) return this.#log;
    const partition = this.#host.internalPartition(this.#topic, STATE_CONFIGS);
    partition.log.spare(this.#spareBytes);
    const log = new StateLog(partition, this.#host.clock, MAX_LOG_BYTES, () =>
      Array.from(this.#values, ([key, value]) => stateRecord(key, value)),
    );
    this.#log = log;
    const complete = log.replay(({ key, value }) => {
      if (key === null) return;
      const name = new TextDecoder().decode(key);
      if (value === null) this.#values.delete(name);
      else this.#values.set(name, value.slice());
    });
    if (!complete) this.#host.reportDamage(this.#topic);
    return log;
  }

  /** Whether the disk is full, and what room is left is what was kept for that. */
  get isTight(): boolean {
    return this.#log?.isTight ?? false;
  }

  get(name: string): Uint8Array | null {
    return this.#values.get(name) ?? null;
  }

  /** All values by name, in no order. */
  entries(): Iterable<readonly [string, Uint8Array]> {
    return this.#values;
  }

  /** Forgets a value. Rejects as `set` does. */
  async delete(name: string): Promise<void> {
    if (this.#values.has(name)) await this.#write(name, null);
  }

  /** Resolves once the value is durable. Rejects with LOG_FENCED where the log takes nothing, or with DISK_IO. */
  async set(name: string, value: Uint8Array): Promise<void> {
    await this.#write(name, value);
  }

  /**
   * Has a value written, however long that is tried, until `close`. It is made anew for each try, so that none is written
   * that is older than what others have written meanwhile; null where there is nothing to write any more. `done` runs once
   * it is durable, or there is none.
   */
  insist(name: string, value: () => Uint8Array | null, done: () => void): void {
    if (this.#isClosed) return;
    const bytes = value();
    if (bytes === null) {
      done();
      return;
    }
    this.#write(name, bytes).then(done, (error: unknown) => {
      if (!(error instanceof HeadwaterError)) throw error;
      if (this.#isClosed) return;
      this.#refused.push({ name, value, done });
      this.#retry ??= this.#host.clock.after(RETRY_MS, () => this.#tryAgain());
    });
  }

  /** Nothing is tried any more. */
  close(): void {
    this.#isClosed = true;
    this.#refused = [];
    this.#retry?.cancel();
    this.#retry = null;
  }

  #tryAgain(): void {
    this.#retry = null;
    const refused = this.#refused;
    this.#refused = [];
    for (const { name, value, done } of refused) this.insist(name, value, done);
  }

  async #write(name: string, value: Uint8Array | null): Promise<void> {
    const log = this.#opened();
    await new Promise<void>((resolve, reject) => {
      const ended = (error: number): void => {
        if (error === 0) resolve();
        else
          reject(new HeadwaterError("LOG_FENCED", `state '${name}' was not written (Kafka error ${error})`));
      };
      const error = log.append([stateRecord(name, value)], ended);
      if (error !== 0) {
        ended(error);
        return;
      }
      if (value === null) this.#values.delete(name);
      else this.#values.set(name, value.slice());
      log.shorten();
    });
  }
}

function stateRecord(name: string, value: Uint8Array | null): StateRecord {
  return { key: new TextEncoder().encode(name), value };
}

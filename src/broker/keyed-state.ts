import { HeadwaterError } from "../base/errors.ts";
import type { Clock } from "../io/clock.ts";
import type { Partition } from "./partition.ts";
import { StateLog, type StateRecord } from "./state-log.ts";

const MAX_LOG_BYTES = 1024 * 1024;

/** Small values by name, durable and replaced whole: an internal topic, read once at start. */
export class KeyedState {
  readonly #log: StateLog;
  readonly #values = new Map<string, Uint8Array>();

  /** `onDamage` is told where the log can't be read to its end. */
  constructor(partition: Partition, clock: Clock, onDamage: () => void) {
    this.#log = new StateLog(partition, clock, MAX_LOG_BYTES, () =>
      Array.from(this.#values, ([key, value]) => stateRecord(key, value)),
    );
    const complete = this.#log.replay(({ key, value }) => {
      if (key === null) return;
      const name = new TextDecoder().decode(key);
      if (value === null) this.#values.delete(name);
      else this.#values.set(name, value.slice());
    });
    if (!complete) onDamage();
  }

  /** Whether the disk is full, and what room is left is what was kept for that. */
  get isTight(): boolean {
    return this.#log.isTight;
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

  /** Resolves once the value is durable. Rejects with LOG_FENCED where the log takes nothing. */
  set(name: string, value: Uint8Array): Promise<void> {
    return this.#write(name, value);
  }

  #write(name: string, value: Uint8Array | null): Promise<void> {
    return new Promise((resolve, reject) => {
      const ended = (error: number): void => {
        if (error === 0) resolve();
        else
          reject(new HeadwaterError("LOG_FENCED", `state '${name}' was not written (Kafka error ${error})`));
      };
      const error = this.#log.append([stateRecord(name, value)], ended);
      if (error !== 0) {
        ended(error);
        return;
      }
      if (value === null) this.#values.delete(name);
      else this.#values.set(name, value.slice());
      this.#log.shorten();
    });
  }
}

function stateRecord(name: string, value: Uint8Array | null): StateRecord {
  return { key: new TextEncoder().encode(name), value };
}

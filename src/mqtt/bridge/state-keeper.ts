import type { Clock, Timer } from "../../io/clock.ts";
import { type BridgeState, encodeState } from "./state.ts";

/** Where a bridge keeps its state: replaced whole, durable when the promise resolves. */
export interface StateStore {
  load(): Promise<Uint8Array | null>;
  save(value: Uint8Array): Promise<void>;
}

/**
 * Saves the state, one save at a time: what asks while one is under way shares the next one, so that a busy bridge
 * writes no more often than the disk can.
 */
export class StateKeeper {
  readonly #store: StateStore;
  readonly #clock: Clock;
  readonly #state: () => BridgeState;
  readonly #lazyMs: number;
  readonly #onFailure: (error: unknown) => void;
  #waiting: (() => void)[] = [];
  #saving = false;
  #due = false;
  #timer: Timer | null = null;
  #closed = false;

  /** `state` is asked for what is to be saved. A save that fails tells nobody who waits for it but `onFailure`. */
  constructor(
    store: StateStore,
    clock: Clock,
    lazyMs: number,
    state: () => BridgeState,
    onFailure: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#lazyMs = lazyMs;
    this.#state = state;
    this.#onFailure = onFailure;
  }

  /** Saves as soon as possible what the state is at the end of this turn; `then` is called once that is durable. */
  save(then: () => void): void {
    if (this.#closed) return;
    this.#waiting.push(then);
    this.#begin();
  }

  /** Saves some time soon: nobody waits for it. */
  saveLater(): void {
    if (this.#closed || this.#timer !== null) return;
    this.#timer = this.#clock.after(this.#lazyMs, () => {
      this.#timer = null;
      this.#due = true;
      this.#begin();
    });
  }

  /** Saves no more, and calls nobody back. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
    this.#timer?.cancel();
  }

  #begin(): void {
    if (this.#saving) return;
    this.#saving = true;
    this.#clock.soon(() => this.#write());
  }

  #write(): void {
    if (this.#closed) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#due = false;
    this.#timer?.cancel();
    this.#timer = null;
    this.#store.save(encodeState(this.#state())).then(
      () => {
        this.#saving = false;
        if (this.#closed) return;
        for (const then of waiting) then();
        if (this.#waiting.length > 0 || this.#due) this.#begin();
      },
      (error: unknown) => {
        this.#saving = false;
        if (this.#closed) return;
        // What waited for it begins anew with the connection.
        this.#waiting = [];
        this.#onFailure(error);
      },
    );
  }
}

import type { Clock } from "../../io/clock.ts";
import type { ScanBudget, ScanState } from "./key-scan.ts";
import type { SlicedWork, Turns } from "./turns.ts";

/** Where to go on in a topic: partitions are gone through one after the other. */
export interface HistoryPlace {
  readonly partition: number;
  readonly offset: number;
}

/** Goes through one partition. */
export interface Scan {
  /** Nothing below it is left to look at. */
  readonly position: number;
  step(budget: ScanBudget): ScanState;
}

/** A way through a topic. */
export interface Walk {
  readonly firstPartition: number;
  /** Begins with a partition; null where there is no more to go through. */
  readonly begin: (partition: number) => Scan | null;
  /** How long it may take: then it ends where it is. */
  readonly maxMs: number;
  /** `next` is null once all was gone through; an error is Kafka's. Not called after `stop`. */
  readonly done: (next: HistoryPlace | null, error: number) => void;
}

/** Goes through the partitions of a topic, one after the other, in slices of the event loop. */
export class TopicWalk implements SlicedWork {
  readonly #turns: Turns;
  readonly #clock: Clock;
  readonly #walk: Walk;
  readonly #endMs: number;
  #partition: number;
  #scan: Scan | null = null;

  constructor(turns: Turns, clock: Clock, walk: Walk) {
    this.#turns = turns;
    this.#clock = clock;
    this.#walk = walk;
    this.#endMs = clock.monotonicMs() + walk.maxMs;
    this.#partition = walk.firstPartition;
  }

  start(): void {
    this.#turns.add(this);
  }

  stop(): void {
    this.#turns.remove(this);
  }

  step(budget: ScanBudget): boolean {
    for (;;) {
      this.#scan ??= this.#walk.begin(this.#partition);
      const scan = this.#scan;
      if (scan === null) return this.#end(null, 0);
      const state = scan.step(budget);
      const here = { partition: this.#partition, offset: scan.position };
      if (typeof state === "object") return this.#end(here, state.error);
      if (state === "full") return this.#end(here, 0);
      if (state === "more") return this.#clock.monotonicMs() < this.#endMs ? false : this.#end(here, 0);
      this.#scan = null;
      this.#partition += 1;
    }
  }

  #end(next: HistoryPlace | null, error: number): true {
    this.#walk.done(next, error);
    return true;
  }
}

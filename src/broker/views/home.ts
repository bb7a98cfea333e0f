import { murmur2 } from "../../records/murmur2.ts";
import type { Partition } from "../partition.ts";
import type { DeviceView } from "./device-views.ts";
import { KeyScan, type RecordTaker, type ScanBudget } from "./key-scan.ts";

/**
 * Where a view ends for readers of one kind: behind the last record that was found. The log goes on with others' records;
 * if a view ended where its log does, those who commit behind the record that they had last would show a lag that grows
 * while the device is silent. It is found out by who reads, and kept so that nobody looks through the same twice.
 */
export class Tail {
  /** -1: not known. From here on to `coveredTo` the log has no record of the view. */
  endOffset = -1;
  coveredTo = -1;

  /** There is none in [endOffset, coveredTo). */
  note(endOffset: number, coveredTo: number): void {
    if (coveredTo < this.coveredTo) return;
    this.endOffset = Math.max(this.endOffset, endOffset);
    this.coveredTo = coveredTo;
  }

  /** Where to look on for who has read up to `position`. */
  startFor(position: number): number {
    return this.isBehind(position) ? Math.max(position, this.coveredTo) : position;
  }

  /** Whether everything that is known of the view is below. */
  isBehind(position: number): boolean {
    return this.endOffset >= 0 && position >= this.endOffset;
  }
}

/** Ends a scan at the first record. */
const FIRST: RecordTaker = { take: () => false };

/**
 * Where a view's records lie. A topic's key has one partition, but which, its producers say: by murmur2 as ours and most
 * do, or by a hash of their own. So the partitions are looked through, that of murmur2 first, until one has the key; a
 * view stays with that one. While none has it, the view is empty from offset 0 on.
 */
export class Home {
  readonly #view: DeviceView;
  readonly #scans: KeyScan[] = [];
  readonly #tails = { committed: new Tail(), all: new Tail() };
  #partition: Partition | null = null;

  constructor(view: DeviceView) {
    this.#view = view;
    const { partitions } = view.topic;
    const [only] = partitions;
    if (view.asked !== null) this.#partition = partitions[view.asked] ?? null;
    else if (partitions.length === 1) this.#partition = only ?? null;
  }

  /** Null as long as no partition is known to have the key. */
  get partition(): Partition | null {
    return this.#partition;
  }

  tail(readCommitted: boolean): Tail {
    return readCommitted ? this.#tails.committed : this.#tails.all;
  }

  /** Goes on with the search. False where the budget was not enough. */
  step(budget: ScanBudget): boolean {
    if (this.#partition !== null) return true;
    this.#addScans();
    for (const scan of this.#scans) {
      if (budget.bytes <= 0) return false;
      const state = scan.step(budget);
      if (state === "more") return false;
      if (state !== "full") continue;
      this.#partition = scan.partition;
      this.#scans.length = 0;
      return true;
    }
    return true;
  }

  /** Of a topic that has got more partitions, those too. */
  #addScans(): void {
    const { topic, key } = this.#view;
    const { partitions } = topic;
    if (this.#scans.length === partitions.length) return;
    const usual = (murmur2(key) & 0x7fffffff) % partitions.length;
    const known = new Set(this.#scans.map(({ partition }) => partition.index));
    const others = partitions.filter(({ index }) => index !== usual);
    for (const partition of [partitions[usual], ...others]) {
      if (partition !== undefined && !known.has(partition.index)) {
        this.#scans.push(
          new KeyScan(partition, { key, fromOffset: 0, readCommitted: false, firstOnly: true }, FIRST),
        );
      }
    }
  }
}

/** The homes of all views that are in use. */
export class Homes {
  readonly #homes = new WeakMap<DeviceView, Home>();

  of(view: DeviceView): Home {
    const known = this.#homes.get(view);
    if (known !== undefined) return known;
    const home = new Home(view);
    this.#homes.set(view, home);
    return home;
  }
}

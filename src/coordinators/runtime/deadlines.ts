import type { Clock, Timer } from "../../io/clock.ts";

interface Deadline {
  readonly key: string;
  dueMs: number;
  onDue: () => void;
  /** When the heap looks at it, which is not after it is due. */
  seenMs: number;
}

const NOTHING = (): void => {};
/** So many may be stale without a look. */
const MIN_STALE = 64;

/**
 * Many deadlines on one timer, each under a name. To move one later, as every heartbeat does, is a write to a
 * field: the heap looks at it when the old time comes.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Deadline>();
  readonly #heap: Deadline[] = [];
  #timer: Timer | null = null;
  #timerMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#byKey.size;
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  /** Milliseconds until it is due: 0 where it is, or where there is none. */
  leftMs(key: string): number {
    const deadline = this.#byKey.get(key);
    return deadline === undefined ? 0 : Math.max(0, deadline.dueMs - this.#clock.monotonicMs());
  }

  /** Calls `onDue` once, `delayMs` or more from now, in place of what stood under this name. */
  set(key: string, delayMs: number, onDue: () => void): void {
    const dueMs = this.#clock.monotonicMs() + delayMs;
    const known = this.#byKey.get(key);
    if (known !== undefined && known.seenMs <= dueMs) {
      known.dueMs = dueMs;
      known.onDue = onDue;
      return;
    }
    if (known !== undefined) known.onDue = NOTHING;
    const deadline = { key, dueMs, onDue, seenMs: dueMs };
    this.#byKey.set(key, deadline);
    this.#push(deadline);
    this.#forgetStale();
    this.#arm();
  }

  delete(key: string): void {
    const known = this.#byKey.get(key);
    if (known === undefined) return;
    this.#byKey.delete(key);
    known.onDue = NOTHING;
    this.#forgetStale();
  }

  /** What the heap holds, with those that were taken back. */
  get heapSize(): number {
    return this.#heap.length;
  }

  /** Nothing is called any more. */
  clear(): void {
    this.#byKey.clear();
    this.#heap.length = 0;
    this.#timer?.cancel();
    this.#timer = null;
    this.#timerMs = Number.POSITIVE_INFINITY;
  }

  /** Deadlines that were taken back stay in the heap until it has more of them than of others. */
  #forgetStale(): void {
    if (this.#heap.length <= 2 * this.#byKey.size + MIN_STALE) return;
    const kept = this.#heap.filter((deadline) => this.#byKey.get(deadline.key) === deadline);
    // Sorted is a heap, too.
    kept.sort((a, b) => a.seenMs - b.seenMs);
    this.#heap.length = 0;
    for (const deadline of kept) this.#heap.push(deadline);
  }

  #arm(): void {
    const next = this.#heap[0];
    if (next === undefined || next.seenMs >= this.#timerMs) return;
    this.#timer?.cancel();
    this.#timerMs = next.seenMs;
    const delayMs = Math.max(0, next.seenMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.after(delayMs, () => this.#fire());
  }

  #fire(): void {
    this.#timer = null;
    this.#timerMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.monotonicMs();
    const due: Deadline[] = [];
    for (let next = this.#heap[0]; next !== undefined && next.seenMs <= nowMs; next = this.#heap[0]) {
      this.#pop();
      if (this.#byKey.get(next.key) !== next) continue;
      if (next.dueMs > nowMs) {
        next.seenMs = next.dueMs;
        this.#push(next);
      } else due.push(next);
    }
    // One that is due may take another back, or set it anew.
    for (const deadline of due) {
      if (this.#byKey.get(deadline.key) !== deadline) continue;
      if (deadline.dueMs > nowMs) {
        deadline.seenMs = deadline.dueMs;
        this.#push(deadline);
        continue;
      }
      this.#byKey.delete(deadline.key);
      deadline.onDue();
    }
    this.#arm();
  }

  #push(deadline: Deadline): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(deadline);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Deadline;
      if (above.seenMs <= deadline.seenMs) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = deadline;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && right.seenMs < (heap[child] as Deadline).seenMs) child += 1;
      const below = heap[child] as Deadline;
      if (below.seenMs >= last.seenMs) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

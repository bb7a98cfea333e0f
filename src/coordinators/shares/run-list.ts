import { assert } from "../../base/assert.ts";

/** What a share group has done with a record. `archiving`: on its way to the dead letter topic. */
export type DeliveryState = "available" | "acquired" | "acknowledged" | "archiving" | "archived";

/** Why records were given up. */
export type TerminalCause = "rejected" | "delivered-too-often" | "gap" | "dead-lettered";

/** Records `firstOffset` to `lastOffset` are in this state from here on. */
export interface StateChange {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly state: DeliveryState;
  readonly deliveryCount: number;
  readonly cause: TerminalCause | null;
}

/** Consecutive offsets, `first` to before `end`, in one state. Never changed, only replaced. */
export interface Run {
  readonly first: number;
  readonly end: number;
  readonly state: DeliveryState;
  readonly deliveryCount: number;
  /** Who holds it; empty where nobody does. */
  readonly memberId: string;
  /** Until when; 0 where nobody holds it. */
  readonly lockEndMs: number;
  readonly cause: TerminalCause | null;
  /** Records of the delivery that these first were part of. */
  readonly span: number;
}

export function isTerminal(state: DeliveryState): boolean {
  return state === "acknowledged" || state === "archived";
}

/**
 * The offsets between two bounds, each in one run, neighbours in different states. How many there are is bounded
 * by how many records a share group may have under way in a partition.
 */
export class RunList {
  #runs: Run[] = [];
  #startOffset: number;

  constructor(startOffset: number) {
    this.#startOffset = startOffset;
  }

  get startOffset(): number {
    return this.#startOffset;
  }

  get endOffset(): number {
    return this.#runs.at(-1)?.end ?? this.#startOffset;
  }

  get all(): readonly Run[] {
    return this.#runs;
  }

  find(wanted: (run: Run) => boolean): Run | undefined {
    return this.#runs.find(wanted);
  }

  /** Offsets in the runs that are wanted. */
  count(wanted: (run: Run) => boolean): number {
    let count = 0;
    for (const run of this.#runs) if (wanted(run)) count += run.end - run.first;
    return count;
  }

  /** How to put everything back as it is now. */
  remember(): () => void {
    const runs = this.#runs.slice();
    const startOffset = this.#startOffset;
    return () => {
      this.#runs = runs;
      this.#startOffset = startOffset;
    };
  }

  /** Adds offsets up to before `end`. */
  append(state: DeliveryState, deliveryCount: number, end: number): void {
    const first = this.endOffset;
    assert(end > first, "a run without offsets");
    this.#runs.push({
      first,
      end,
      state,
      deliveryCount,
      memberId: "",
      lockEndMs: 0,
      cause: null,
      span: end - first,
    });
  }

  /** The runs that overlap a range, cut to it; a copy, which later changes leave as it is. */
  within(first: number, end: number): Run[] {
    const found: Run[] = [];
    for (let at = this.#indexOf(first); at < this.#runs.length; at++) {
      const run = this.#runs[at];
      if (run === undefined || run.first >= end) break;
      if (run.end <= first) continue;
      found.push({ ...run, first: Math.max(run.first, first), end: Math.min(run.end, end) });
    }
    return found;
  }

  /** Puts offsets that lie within one run into a state in which nobody holds them. */
  set(
    first: number,
    end: number,
    state: DeliveryState,
    deliveryCount: number,
    cause: TerminalCause | null = null,
  ): void {
    this.#replace(first, end, { state, deliveryCount, cause, memberId: "", lockEndMs: 0 });
  }

  acquire(first: number, end: number, memberId: string, lockEndMs: number): void {
    const run = this.#runs[this.#indexOf(first)];
    assert(run !== undefined, `no run at ${first}`);
    this.#replace(first, end, {
      state: "acquired",
      deliveryCount: run.deliveryCount + 1,
      cause: null,
      memberId,
      lockEndMs,
      ...(run.deliveryCount === 0 ? { span: end - first } : {}),
    });
  }

  renew(first: number, end: number, lockEndMs: number): void {
    this.#replace(first, end, { lockEndMs });
  }

  /** Offsets below are out of sight. */
  startAt(offset: number): void {
    const kept: Run[] = [];
    for (const run of this.#runs) {
      if (run.end > offset) kept.push(run.first < offset ? { ...run, first: offset } : run);
    }
    this.#runs = kept;
    this.#startOffset = offset;
  }

  /** Moves the start offset beyond what is done with. */
  advance(): void {
    let done = 0;
    while (done < this.#runs.length && isTerminal(this.#runs[done]?.state ?? "available")) done++;
    if (done === 0) return;
    this.#startOffset = this.#runs[done - 1]?.end ?? this.#startOffset;
    this.#runs.splice(0, done);
  }

  /** The last run that begins at or before `offset`, or the first one. */
  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#runs[middle]?.first ?? Number.POSITIVE_INFINITY) <= offset) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  #replace(first: number, end: number, change: Partial<Run>): void {
    const at = this.#indexOf(first);
    const run = this.#runs[at];
    assert(run !== undefined && run.first <= first && end <= run.end && first < end, "a change across runs");
    const parts: Run[] = [];
    if (run.first < first) parts.push({ ...run, end: first });
    parts.push({ ...run, ...change, first, end });
    if (end < run.end) parts.push({ ...run, first: end });
    // Neighbours that have become alike are one again, so that acknowledging offset by offset leaves few runs.
    const from = at > 0 ? at - 1 : at;
    const until = Math.min(at + 2, this.#runs.length);
    const before = from < at ? [this.#runs[from] as Run] : [];
    const after = until > at + 1 ? [this.#runs[at + 1] as Run] : [];
    this.#runs.splice(from, until - from, ...join([...before, ...parts, ...after]));
  }
}

function join(runs: readonly Run[]): Run[] {
  const joined: Run[] = [];
  for (const run of runs) {
    const last = joined.at(-1);
    if (last !== undefined && alike(last, run)) joined[joined.length - 1] = { ...last, end: run.end };
    else joined.push(run);
  }
  return joined;
}

function alike(a: Run, b: Run): boolean {
  return (
    a.state === b.state &&
    a.deliveryCount === b.deliveryCount &&
    a.memberId === b.memberId &&
    a.lockEndMs === b.lockEndMs &&
    a.cause === b.cause &&
    a.span === b.span
  );
}

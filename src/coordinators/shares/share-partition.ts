import { assert } from "../../base/assert.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import {
  type DeliveryState,
  isTerminal,
  type Run,
  RunList,
  type StateChange,
  type TerminalCause,
} from "./run-list.ts";

/** What a member says about records that it has acquired. Codes as on the wire. */
export const ACKNOWLEDGE = { GAP: 0, ACCEPT: 1, RELEASE: 2, REJECT: 3, RENEW: 4 } as const;

/** Records `firstOffset` to `lastOffset`; one type for all of them, or one for each. */
export interface AcknowledgementBatch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly types: readonly number[];
}

/** Consecutive offsets as they were read: of one record batch, and whether consumers may see its records. */
export interface BatchSpan {
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** False for markers, and for the records of aborted transactions where those are not wanted. */
  readonly deliverable: boolean;
}

/** The group's settings that decide on records, at the moment of the call. */
export interface DeliveryRules {
  /** Deliveries of a record after which it is given up. */
  readonly maxDeliveries: number;
  /** Records between the start offset and the last one that was delivered. Soft: a batch is taken whole. */
  readonly maxInFlightRecords: number;
  readonly lockMs: number;
  /** What is given up or rejected goes to a dead letter topic before it is archived. */
  readonly deadLetters: boolean;
  readonly renewable: boolean;
}

export interface AcquireRequest {
  readonly memberId: string;
  readonly nowMs: number;
  readonly rules: DeliveryRules;
  readonly maxRecords: number;
  /** Longest range that is acquired as one, where batches end in between. */
  readonly batchSize: number;
  /** Never more than `maxRecords` (KIP-1206); else up to the end of the batch that holds the last of them. */
  readonly strict: boolean;
  /** Where the read began: `nextFetchOffset`. */
  readonly fetchOffset: number;
  /** What was read, in order; offsets between them are no longer in the log. */
  readonly spans: readonly BatchSpan[];
}

/** Records that a member has acquired, each for the `deliveryCount`th time. */
export interface AcquiredRange {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly deliveryCount: number;
}

export interface Acquisition {
  readonly ranges: readonly AcquiredRange[];
  readonly recordCount: number;
}

/** What has to be written down, and how to take it back where that fails. */
export interface Transition {
  readonly error: 0;
  readonly changes: readonly StateChange[];
  /** Puts the state back as it was before the call; good until the next one. */
  readonly undo: () => void;
}

export interface Refused {
  readonly error: number;
  readonly message: string;
}

/** A share partition as it is kept: what differs from "available, never delivered" above the start offset. */
export interface KeptState {
  readonly startOffset: number;
  readonly batches: readonly StateChange[];
}

const MIN_THROTTLED_COUNT = 2;

/**
 * One partition as the members of a share group see it (KIP-932): which records are available, acquired, done
 * with. Offsets below `startOffset` are done with, those from `endOffset` on were never delivered, and the runs
 * in between cover every offset once.
 *
 *     available -> acquired -> acknowledged
 *         ^           |------> archived            (rejected, delivered too often, not there)
 *         |-----------|------> archiving -> archived (the same, by way of the dead letter topic)
 *
 * Pure: no clock, no log. A call changes the state at once and returns what to write down; where that is
 * refused, the caller calls `undo` in the same turn.
 */
export class SharePartition {
  readonly #runs: RunList;

  constructor(kept: KeptState) {
    this.#runs = new RunList(kept.startOffset);
    for (const { firstOffset, lastOffset, state, deliveryCount } of kept.batches) {
      if (lastOffset < this.#runs.startOffset) continue;
      const first = Math.max(firstOffset, this.#runs.startOffset);
      // What lies between was delivered, perhaps, but never written down: it is available as on the first day.
      if (first > this.#runs.endOffset) this.#runs.append("available", 0, first);
      this.#runs.append(state === "acquired" ? "available" : state, deliveryCount, lastOffset + 1);
    }
    this.#runs.advance();
  }

  /** The first offset that is not done with. */
  get startOffset(): number {
    return this.#runs.startOffset;
  }

  /** The first offset that was never delivered. */
  get endOffset(): number {
    return this.#runs.endOffset;
  }

  /** Offsets above the start offset that are done with. */
  get completedRecords(): number {
    return this.#runs.count((run) => isTerminal(run.state));
  }

  get runs(): readonly Run[] {
    return this.#runs.all;
  }

  /** Where the next read begins: records that came back first, then new ones. */
  get nextFetchOffset(): number {
    return this.#runs.find((run) => run.state === "available")?.first ?? this.endOffset;
  }

  /** Whether a read can bring anything: not while too many records are under way. */
  canAcquire(maxInFlightRecords: number): boolean {
    return this.nextFetchOffset < this.endOffset || this.endOffset - this.startOffset < maxInFlightRecords;
  }

  /** When the first lock ends, in the time of `nowMs`; null where none is held. */
  get nextLockEndMs(): number | null {
    let next = Number.POSITIVE_INFINITY;
    for (const run of this.#runs.all) if (run.state === "acquired") next = Math.min(next, run.lockEndMs);
    return next === Number.POSITIVE_INFINITY ? null : next;
  }

  /** Gives a member records out of what was read. Nothing of it is written down until it is acknowledged. */
  acquire(request: AcquireRequest): Acquisition {
    const last = request.spans.at(-1);
    if (last === undefined || request.maxRecords <= 0) return { ranges: [], recordCount: 0 };
    this.#takeUp(request, last.lastOffset);
    const acquired: AcquiredRange[] = [];
    let recordCount = 0;
    for (const piece of pieces(request)) {
      const { taken, full } = this.#acquirePiece(piece, request, recordCount, acquired);
      recordCount += taken;
      if (full) break;
    }
    this.#runs.advance();
    return { ranges: joinRanges(acquired, request), recordCount };
  }

  /** All of the acknowledgements, or none of them where one does not fit (INVALID_RECORD_STATE, INVALID_REQUEST). */
  acknowledge(
    memberId: string,
    batches: readonly AcknowledgementBatch[],
    rules: DeliveryRules,
    nowMs: number,
  ): Transition | Refused {
    const steps: { first: number; end: number; type: number; deliveryCount: number }[] = [];
    let seenUntil = this.startOffset;
    for (const batch of batches) {
      if (batch.lastOffset < this.startOffset) continue;
      const fault = this.#acknowledgeFault(batch, memberId, seenUntil);
      if (fault !== null) return fault;
      seenUntil = batch.lastOffset + 1;
      for (const run of this.#runs.within(Math.max(batch.firstOffset, this.startOffset), seenUntil)) {
        for (const part of partsByType(batch, run.first, run.end)) {
          if (part.type === ACKNOWLEDGE.RENEW && !rules.renewable) {
            return refused(
              ERROR.INVALID_RECORD_STATE,
              "The group does not let its members renew acquisition locks.",
            );
          }
          steps.push({ ...part, deliveryCount: run.deliveryCount });
        }
      }
    }
    return this.#transition((changes) => {
      for (const { first, end, type, deliveryCount } of steps) {
        if (type === ACKNOWLEDGE.RENEW) this.#runs.renew(first, end, nowMs + rules.lockMs);
        else changes.push(this.#settle(first, end, type, deliveryCount, rules));
      }
    });
  }

  /** Takes back all that a member holds: it has left. */
  release(memberId: string, rules: DeliveryRules): Transition {
    return this.#giveBack((run) => run.memberId === memberId, rules);
  }

  /** Takes back what was held for too long. */
  expire(nowMs: number, rules: DeliveryRules): Transition {
    return this.#giveBack((run) => run.lockEndMs <= nowMs, rules);
  }

  /** Records that wait for the dead letter topic. */
  deadLetters(): readonly Run[] {
    return this.#runs.all.filter((run) => run.state === "archiving");
  }

  /** What stands in the dead letter topic is done with here. */
  deadLettered(first: number, end: number): Transition {
    return this.#transition((changes) => {
      for (const run of this.#runs.within(first, end)) {
        if (run.state !== "archiving") continue;
        changes.push(this.#set(run.first, run.end, "archived", run.deliveryCount, "dead-lettered"));
      }
    });
  }

  /** The log begins here now: what lay below is gone, whoever held it. Says whether the start offset moved. */
  logStartMoved(logStartOffset: number): boolean {
    if (logStartOffset <= this.startOffset) return false;
    this.#runs.startAt(logStartOffset);
    this.#runs.advance();
    return true;
  }

  /** Everything that a restart needs, joined as far as it goes. */
  keptState(): KeptState {
    const batches: StateChange[] = [];
    for (const { first, end, state, deliveryCount } of this.#runs.all) {
      if (state === "available" && deliveryCount === 0) continue;
      batches.push({
        firstOffset: first,
        lastOffset: end - 1,
        state,
        deliveryCount,
        cause: null,
      });
    }
    return { startOffset: this.startOffset, batches };
  }

  /** Runs for all that was read, so that what is to be acquired lies in runs; what the log has lost is archived. */
  #takeUp(request: AcquireRequest, lastOffset: number): void {
    const { fetchOffset, spans, rules } = request;
    let position = fetchOffset;
    for (const span of spans) {
      if (span.firstOffset > position) this.#archiveLost(position, span.firstOffset);
      if (!span.deliverable) this.#archiveLost(Math.max(position, span.firstOffset), span.lastOffset + 1);
      position = span.lastOffset + 1;
      // Beyond the bound nothing is taken up: it would keep the start offset from moving.
      if (this.endOffset - this.startOffset >= rules.maxInFlightRecords) return;
      if (position > this.endOffset) this.#runs.append("available", 0, position);
    }
    assert(lastOffset + 1 === position, "spans are not in order");
  }

  /** Offsets without a record that anybody could get: nobody is waited for. */
  #archiveLost(first: number, end: number): void {
    if (end > this.endOffset && first <= this.endOffset) this.#runs.append("available", 0, end);
    for (const run of this.#runs.within(first, Math.min(end, this.endOffset))) {
      if (run.state === "available") this.#runs.set(run.first, run.end, "archived", run.deliveryCount);
    }
  }

  #acquirePiece(
    piece: { readonly first: number; readonly end: number },
    request: AcquireRequest,
    already: number,
    acquired: AcquiredRange[],
  ): { taken: number; full: boolean } {
    const { rules, maxRecords, memberId, nowMs } = request;
    let taken = 0;
    for (const run of this.#runs.within(piece.first, Math.min(piece.end, this.endOffset))) {
      if (run.state !== "available") continue;
      const left = maxRecords - already - taken;
      if (left <= 0) return { taken, full: true };
      const throttle = throttleOf(run, rules.maxDeliveries);
      // Records that failed before are delivered apart from others, so that one of them can't spoil a whole batch.
      if (throttle !== null && already + taken > 0) return { taken, full: true };
      const wanted = acquireEnd(request, run.first, left) - run.first;
      const count = Math.min(run.end - run.first, wanted, throttle ?? Number.POSITIVE_INFINITY);
      this.#runs.acquire(run.first, run.first + count, memberId, nowMs + rules.lockMs);
      acquired.push({
        firstOffset: run.first,
        lastOffset: run.first + count - 1,
        deliveryCount: run.deliveryCount + 1,
      });
      taken += count;
      if (throttle !== null) return { taken, full: true };
    }
    return { taken, full: already + taken >= maxRecords };
  }

  #acknowledgeFault(batch: AcknowledgementBatch, memberId: string, seenUntil: number): Refused | null {
    if (this.#runs.all.length === 0) {
      return refused(ERROR.INVALID_RECORD_STATE, "No record of this partition is under way.");
    }
    if (batch.lastOffset >= this.endOffset) {
      return refused(ERROR.INVALID_REQUEST, "Some of these records have never been acquired.");
    }
    if (batch.firstOffset < seenUntil && seenUntil > this.startOffset) {
      return refused(ERROR.INVALID_RECORD_STATE, "A record is acknowledged twice.");
    }
    for (const run of this.#runs.within(
      Math.max(batch.firstOffset, this.startOffset),
      batch.lastOffset + 1,
    )) {
      if (run.state !== "acquired") {
        return refused(ERROR.INVALID_RECORD_STATE, "Some of these records are not acquired.");
      }
      if (run.memberId !== memberId) {
        return refused(ERROR.INVALID_RECORD_STATE, "Some of these records are acquired by another member.");
      }
    }
    return null;
  }

  #settle(
    first: number,
    end: number,
    type: number,
    deliveryCount: number,
    rules: DeliveryRules,
  ): StateChange {
    switch (type) {
      case ACKNOWLEDGE.ACCEPT:
        return this.#set(first, end, "acknowledged", deliveryCount, null);
      case ACKNOWLEDGE.RELEASE:
        return this.#makeAvailable(first, end, deliveryCount, rules);
      case ACKNOWLEDGE.REJECT:
        return this.#giveUp(first, end, deliveryCount, "rejected", rules);
      default:
        assert(type === ACKNOWLEDGE.GAP, `acknowledge type ${type}`);
        return this.#set(first, end, "archived", deliveryCount, "gap");
    }
  }

  #giveBack(held: (run: Run) => boolean, rules: DeliveryRules): Transition {
    return this.#transition((changes) => {
      for (const run of [...this.#runs.all]) {
        if (run.state !== "acquired" || !held(run)) continue;
        changes.push(this.#makeAvailable(run.first, run.end, run.deliveryCount, rules));
      }
    });
  }

  #makeAvailable(first: number, end: number, deliveryCount: number, rules: DeliveryRules): StateChange {
    if (deliveryCount < rules.maxDeliveries) {
      return this.#set(first, end, "available", deliveryCount, null);
    }
    return this.#giveUp(first, end, deliveryCount, "delivered-too-often", rules);
  }

  #giveUp(
    first: number,
    end: number,
    deliveryCount: number,
    cause: TerminalCause,
    rules: DeliveryRules,
  ): StateChange {
    return this.#set(first, end, rules.deadLetters ? "archiving" : "archived", deliveryCount, cause);
  }

  #set(
    first: number,
    end: number,
    state: DeliveryState,
    deliveryCount: number,
    cause: TerminalCause | null,
  ): StateChange {
    this.#runs.set(first, end, state, deliveryCount, cause);
    return { firstOffset: first, lastOffset: end - 1, state, deliveryCount, cause };
  }

  #transition(change: (changes: StateChange[]) => void): Transition {
    const undo = this.#runs.remember();
    const changes: StateChange[] = [];
    change(changes);
    this.#runs.advance();
    return { error: 0, changes, undo };
  }
}

/**
 * How many records of a run that has failed before are delivered at once: half as many with each further
 * attempt, and one alone in the last. Null where the run did not fail often enough to matter.
 */
function throttleOf(run: Run, maxDeliveries: number): number | null {
  if (maxDeliveries > 2 && run.deliveryCount >= maxDeliveries - 1) return 1;
  const from = Math.max(MIN_THROTTLED_COUNT, Math.ceil(maxDeliveries / 2));
  if (run.deliveryCount < from) return null;
  return Math.max(1, Math.floor(run.span / 2 ** (run.deliveryCount - from + 1)));
}

/** The part of a run that a batch speaks of, cut where the type changes. */
function partsByType(batch: AcknowledgementBatch, first: number, end: number) {
  const [only] = batch.types;
  if (batch.types.length === 1 && only !== undefined) return [{ first, end, type: only }];
  const parts: { first: number; end: number; type: number }[] = [];
  for (let offset = first; offset < end; offset++) {
    const type = batch.types[offset - batch.firstOffset];
    assert(type !== undefined, "an acknowledgement without a type");
    const last = parts.at(-1);
    if (last !== undefined && last.type === type) last.end = offset + 1;
    else parts.push({ first: offset, end: offset + 1, type });
  }
  return parts;
}

/** What was read and may be delivered, joined up to `batchSize` records where batches follow each other. */
function pieces({ spans, fetchOffset, batchSize }: AcquireRequest): { first: number; end: number }[] {
  const found: { first: number; end: number }[] = [];
  for (const span of spans) {
    const first = Math.max(span.firstOffset, fetchOffset);
    if (!span.deliverable || first > span.lastOffset) continue;
    const last = found.at(-1);
    if (last !== undefined && last.end === first && last.end - last.first < batchSize) {
      last.end = span.lastOffset + 1;
    } else found.push({ first, end: span.lastOffset + 1 });
  }
  return found;
}

/** Where `count` records from `first` on end, or the batch that holds the last of them. */
function acquireEnd({ strict, spans }: AcquireRequest, first: number, count: number): number {
  const last = first + count - 1;
  if (strict) return last + 1;
  const span = spans.find(({ lastOffset }) => lastOffset >= last);
  return span === undefined ? last + 1 : Math.max(last, span.lastOffset) + 1;
}

/** Neighbours that were delivered equally often become one range, up to `batchSize` records. */
function joinRanges(ranges: readonly AcquiredRange[], { batchSize }: AcquireRequest): AcquiredRange[] {
  const joined: AcquiredRange[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    if (
      last !== undefined &&
      last.lastOffset + 1 === range.firstOffset &&
      last.deliveryCount === range.deliveryCount &&
      last.lastOffset - last.firstOffset + 1 < batchSize
    ) {
      joined[joined.length - 1] = { ...last, lastOffset: range.lastOffset };
    } else joined.push(range);
  }
  return joined;
}

function refused(error: number, message: string): Refused {
  return { error, message };
}

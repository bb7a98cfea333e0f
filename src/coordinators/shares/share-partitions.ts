import type { Uuid } from "../../base/ids.ts";
import type { Logger } from "../../base/logger.ts";
import type { Broker } from "../../broker/broker.ts";
import type { Partition } from "../../broker/partition.ts";
import type { AckCallback } from "../../broker/waiting.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import type { Deadlines } from "../runtime/deadlines.ts";
import { coordinatorError } from "../runtime/internal-log.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { StateChange } from "./run-list.ts";
import {
  type AcknowledgementBatch,
  type AcquiredRange,
  type DeliveryRules,
  SharePartition,
  type Transition,
} from "./share-partition.ts";
import { bytesOf, readForShare, type ShareRead } from "./share-reader.ts";
import type { ShareSettings } from "./share-settings.ts";
import type { SharePartitionId, ShareState } from "./share-state.ts";

/** Told that records of a share partition may have become available. */
export interface ShareWaiter {
  wake(): void;
}

/** A share partition in use. */
export interface LivePartition {
  readonly id: SharePartitionId;
  readonly partition: Partition;
  readonly state: SharePartition;
  readonly waiters: Set<ShareWaiter>;
  /** Where it begins is written down. */
  ready: boolean;
  /** Dead letters are on their way. */
  deadLettering: boolean;
  /** Another has taken its place, or nothing. */
  closed: boolean;
}

export interface AcquireLimits {
  readonly maxRecords: number;
  readonly batchSize: number;
  readonly strict: boolean;
}

export interface AcquiredRecords {
  /** Whole batches as they lie in the log, a view that is good for this turn. */
  readonly bytes: Uint8Array;
  readonly ranges: readonly AcquiredRange[];
  readonly recordCount: number;
}

export interface SharePartitionsParts {
  readonly broker: Broker;
  readonly state: ShareState;
  readonly settings: ShareSettings;
  readonly deadlines: Deadlines;
  readonly deadLetters: DeadLetters;
  readonly logger: Logger;
  /** Whether the group's own records say that it keeps state of the partition. */
  readonly isInitialized: (id: SharePartitionId) => boolean;
  readonly bugs?: ShareBugs;
}

/** Deliberate bugs, for tests of the tests. */
export interface ShareBugs {
  /** Acknowledgements are answered before the disk has them. */
  readonly answerBeforeDurable?: boolean;
  /** A restart counts deliveries from the beginning. */
  readonly forgetDeliveryCounts?: boolean;
  /** What is given up is archived before it is in the dead letter topic. */
  readonly archiveBeforeDeadLetter?: boolean;
}

/** Reads that bring nothing to deliver, such as aborted transactions, before a fetch waits for its next turn. */
const MAX_EMPTY_READS = 32;
/** After a write that was refused, locks and dead letters are looked at again. */
const RETRY_MS = 1000;
const DEAD_LETTER_RETRY_MS = 5000;
const NOTHING: AcquiredRecords = { bytes: new Uint8Array(0), ranges: [], recordCount: 0 };

/**
 * The share partitions in use: state machines over the log, with what they need of the outside. What changes is
 * in `__share_group_state` before anybody is told; acquiring records is not written down, as in Kafka, so that a
 * restart gives back what was acquired, with the deliveries counted that had come to an end.
 */
export class SharePartitions {
  readonly #broker: Broker;
  readonly #kept: ShareState;
  readonly #settings: ShareSettings;
  readonly #deadlines: Deadlines;
  readonly #deadLetters: DeadLetters;
  readonly #logger: Logger;
  readonly #isInitialized: (id: SharePartitionId) => boolean;
  readonly #bugs: ShareBugs;
  readonly #groups = new Map<string, Map<string, LivePartition>>();

  constructor(parts: SharePartitionsParts) {
    this.#broker = parts.broker;
    this.#kept = parts.state;
    this.#settings = parts.settings;
    this.#deadlines = parts.deadlines;
    this.#deadLetters = parts.deadLetters;
    this.#logger = parts.logger;
    this.#isInitialized = parts.isInitialized;
    this.#bugs = parts.bugs ?? {};
  }

  rules(groupId: string): DeliveryRules {
    return {
      maxDeliveries: this.#settings.maxDeliveries(groupId),
      maxInFlightRecords: this.#settings.maxInFlightRecords(groupId),
      lockMs: this.#settings.recordLockMs(groupId),
      deadLetters: this.#settings.deadLetterTopic(groupId) !== null,
      renewable: this.#settings.renewable(groupId),
    };
  }

  /** The share partition, taken up where nobody used it yet; or Kafka's error. */
  open(groupId: string, topicId: Uuid, partition: number): LivePartition | { readonly error: number } {
    const id = { groupId, topicId, partition };
    const known = this.#groups.get(groupId)?.get(key(id));
    if (known !== undefined) return known;
    const topic = this.#broker.topics.byId(topicId);
    if (topic === null) return { error: ERROR.UNKNOWN_TOPIC_ID };
    const source = topic.partitions[partition];
    if (source === undefined) return { error: ERROR.UNKNOWN_TOPIC_OR_PARTITION };
    if (this.#kept.get(id) === null) {
      if (!this.#isInitialized(id)) return { error: ERROR.UNKNOWN_TOPIC_OR_PARTITION };
      // A crash has kept the group's record, and not the state that it speaks of: nothing was read yet.
      this.#kept.initialize([{ id, startOffset: -1 }], 0, () => {});
    }
    const kept = this.#kept.get(id);
    if (kept === null) return { error: ERROR.COORDINATOR_NOT_AVAILABLE };
    const startOffset = kept.startOffset === -1 ? this.#resetOffset(groupId, source) : kept.startOffset;
    const live: LivePartition = {
      id,
      partition: source,
      state: new SharePartition({ startOffset, batches: this.#recalled(kept.batches) }),
      waiters: new Set(),
      ready: kept.startOffset !== -1,
      deadLettering: false,
      closed: false,
    };
    if (!live.ready) {
      const refused = this.#begin(live, startOffset);
      if (refused !== 0) return { error: refused };
    }
    this.#add(live);
    if (live.state.deadLetters().length > 0) this.#sendDeadLetters(live);
    return live;
  }

  /** The share partition where it is in use. */
  inUse(id: SharePartitionId): LivePartition | null {
    return this.#groups.get(id.groupId)?.get(key(id)) ?? null;
  }

  /** `done` gets 0 once the acknowledgements are durable, or Kafka's error: none of them counts then. */
  acknowledge(
    live: LivePartition,
    memberId: string,
    batches: readonly AcknowledgementBatch[],
    done: AckCallback,
  ): void {
    const { groupId } = live.id;
    const nowMs = this.#broker.clock.monotonicMs();
    this.#followLog(live);
    const result = live.state.acknowledge(memberId, batches, this.rules(groupId), nowMs);
    if (!("changes" in result)) done(result.error);
    else this.#persist(live, result, done);
    this.#armLocks(live);
  }

  /** Gives a member records to read, if there are any; Kafka's error where the log can't be read. */
  acquire(
    live: LivePartition,
    memberId: string,
    limits: AcquireLimits,
    maxBytes: number,
    minOneBatch: boolean,
  ): AcquiredRecords | { readonly error: number } {
    for (let reads = 0; reads < MAX_EMPTY_READS; reads++) {
      const { groupId } = live.id;
      const rules = this.rules(groupId);
      const fetchOffset = live.state.nextFetchOffset;
      const read = this.read(live, maxBytes, minOneBatch);
      if (!("spans" in read)) return read;
      if (read.spans.length === 0) return NOTHING;
      const { ranges, recordCount } = live.state.acquire({
        memberId,
        nowMs: this.#broker.clock.monotonicMs(),
        rules,
        ...limits,
        fetchOffset,
        spans: read.spans,
      });
      if (recordCount > 0) {
        this.#armLocks(live);
        return { bytes: bytesOf(read.bytes, ranges), ranges, recordCount };
      }
      if (live.state.nextFetchOffset === fetchOffset) return NOTHING;
    }
    return NOTHING;
  }

  /** What the next acquisition would read: nothing where too much is under way. */
  read(live: LivePartition, maxBytes: number, minOneBatch: boolean): ShareRead | { readonly error: number } {
    if (live.partition.deleted) return { error: ERROR.UNKNOWN_TOPIC_OR_PARTITION };
    this.#followLog(live);
    const { groupId } = live.id;
    if (!live.ready || !live.state.canAcquire(this.#settings.maxInFlightRecords(groupId))) {
      return { error: 0, bytes: NOTHING.bytes, spans: [] };
    }
    const readCommitted = this.#settings.readCommitted(groupId);
    return readForShare(live.partition, live.state.nextFetchOffset, maxBytes, minOneBatch, readCommitted);
  }

  /** Whatever the member holds goes to others. */
  releaseMember(groupId: string, memberId: string): void {
    for (const live of this.#groups.get(groupId)?.values() ?? []) {
      this.#followLog(live);
      this.#persist(live, live.state.release(memberId, this.rules(groupId)), () => {});
      this.#armLocks(live);
      this.wake(live);
    }
  }

  /** Nobody is left in the group: what waits for nothing goes out of memory. */
  retireGroup(groupId: string): void {
    const group = this.#groups.get(groupId);
    for (const [name, live] of [...(group ?? [])]) {
      if (live.state.deadLetters().length > 0) continue;
      group?.delete(name);
      this.#close(live);
    }
  }

  /** After a start: what was on its way to a dead letter topic goes on, whoever still reads the queue. */
  resumeDeadLetters(): void {
    for (const { id, batches } of this.#kept.all()) {
      if (batches.some(({ state }) => state === "archiving")) this.open(id.groupId, id.topicId, id.partition);
    }
  }

  /** Nothing in memory outlives this: what is kept counts from here on. */
  dropGroup(groupId: string): void {
    const group = this.#groups.get(groupId);
    // Who is woken by the end of these takes up what is kept now.
    this.#groups.delete(groupId);
    for (const live of group?.values() ?? []) this.#close(live);
  }

  dropTopic(topicId: Uuid): void {
    for (const group of this.#groups.values()) {
      for (const live of [...group.values()]) {
        if (live.id.topicId !== topicId) continue;
        group.delete(key(live.id));
        this.#close(live);
      }
    }
  }

  /** Topics of which any share partition is in use. */
  topicIds(): ReadonlySet<Uuid> {
    const ids = new Set<Uuid>();
    for (const group of this.#groups.values()) for (const { id } of group.values()) ids.add(id.topicId);
    return ids;
  }

  wake(live: LivePartition): void {
    for (const waiter of [...live.waiters]) waiter.wake();
  }

  #recalled(batches: readonly StateChange[]): readonly StateChange[] {
    if (this.#bugs.forgetDeliveryCounts !== true) return batches;
    return batches.map((batch) => ({ ...batch, deliveryCount: 0 }));
  }

  #begin(live: LivePartition, startOffset: number): number {
    // Where it begins is decided once: else "latest" would be decided anew after a crash, beyond what was delivered.
    return this.#kept.write(live.id, { startOffset, deliveryCompleteCount: 0, batches: [] }, (error) => {
      if (live.closed) return;
      if (error === 0) {
        live.ready = true;
        this.wake(live);
      } else {
        this.#groups.get(live.id.groupId)?.delete(key(live.id));
        this.#close(live);
      }
    });
  }

  #resetOffset(groupId: string, source: Partition): number {
    const reset = this.#settings.offsetReset(groupId);
    const { log } = source;
    switch (reset.kind) {
      case "earliest":
        return log.logStartOffset;
      case "latest":
        return log.highWatermark;
      case "by-duration": {
        const found = log.offsetForTimestamp(this.#broker.clock.nowMs() - reset.durationMs);
        return found?.offset ?? log.highWatermark;
      }
    }
  }

  #add(live: LivePartition): void {
    let group = this.#groups.get(live.id.groupId);
    if (group === undefined) {
      group = new Map();
      this.#groups.set(live.id.groupId, group);
    }
    group.set(key(live.id), live);
  }

  #close(live: LivePartition): void {
    live.closed = true;
    this.#deadlines.delete(lockKey(live.id));
    this.#deadlines.delete(deadLetterKey(live.id));
    this.wake(live);
    live.waiters.clear();
  }

  /** Records below the log's start are gone, and nobody is waited for. */
  #followLog(live: LivePartition): void {
    const { logStartOffset } = live.partition.log;
    if (logStartOffset <= live.state.startOffset) return;
    const lost = live.state.deadLetters().filter((run) => run.first < logStartOffset);
    if (lost.length > 0) {
      this.#logger.warn("retention removed records before they were in the dead letter topic", {
        groupId: live.id.groupId,
        topic: live.partition.topic,
        partition: live.partition.index,
        firstOffset: lost[0]?.first ?? -1,
      });
    }
    live.state.logStartMoved(logStartOffset);
  }

  #persist(live: LivePartition, transition: Transition, done: AckCallback): boolean {
    if (transition.changes.length === 0) {
      done(0);
      return true;
    }
    const { state } = live;
    const change = {
      startOffset: state.startOffset,
      deliveryCompleteCount: state.completedRecords,
      batches: transition.changes,
    };
    const early = this.#bugs.answerBeforeDurable === true;
    const refused = this.#kept.write(live.id, change, (error) => {
      if (!early) done(error === 0 ? 0 : coordinatorError(error));
      if (error === 0 && !live.closed && state.deadLetters().length > 0) this.#sendDeadLetters(live);
    });
    if (refused !== 0) {
      transition.undo();
      done(coordinatorError(refused));
      return false;
    }
    if (early) done(0);
    this.wake(live);
    return true;
  }

  /** One deadline a share partition: the first of its locks that ends. */
  #armLocks(live: LivePartition, atLeastMs = 0): void {
    const endMs = live.state.nextLockEndMs;
    if (endMs === null || live.closed) {
      this.#deadlines.delete(lockKey(live.id));
      return;
    }
    const delayMs = Math.max(atLeastMs, endMs - this.#broker.clock.monotonicMs());
    this.#deadlines.set(lockKey(live.id), delayMs, () => {
      this.#followLog(live);
      const nowMs = this.#broker.clock.monotonicMs();
      const written = this.#persist(live, live.state.expire(nowMs, this.rules(live.id.groupId)), () => {});
      this.#armLocks(live, written ? 0 : RETRY_MS);
    });
  }

  #sendDeadLetters(live: LivePartition): void {
    const { groupId } = live.id;
    const runs = live.state.deadLetters();
    if (live.deadLettering || live.closed || runs.length === 0 || live.partition.deleted) return;
    const topicName = this.#settings.deadLetterTopic(groupId);
    if (topicName === null) {
      // The setting was taken back meanwhile: what waits is archived as if there never had been one.
      this.#archive(live, runs[0]?.first ?? 0, runs.at(-1)?.end ?? 0);
      return;
    }
    live.deadLettering = true;
    if (this.#bugs.archiveBeforeDeadLetter === true)
      this.#archive(live, runs[0]?.first ?? 0, runs.at(-1)?.end ?? 0);
    this.#deadLetters.write(
      {
        groupId,
        source: live.partition,
        runs,
        maxDeliveries: this.#settings.maxDeliveries(groupId),
        topicName,
        copy: this.#settings.deadLettersCopyRecords(groupId),
      },
      (error, coveredEnd) => {
        live.deadLettering = false;
        if (live.closed) return;
        if (error === 0) this.#archive(live, runs[0]?.first ?? 0, coveredEnd, runs);
        else this.#retryDeadLetters(live, topicName, error);
      },
    );
  }

  /** `runs`: those that are in the dead letter topic; what has been given up since is not. */
  #archive(live: LivePartition, first: number, end: number, runs = live.state.deadLetters()): void {
    for (const run of runs) {
      if (run.first >= end) break;
      const transition = live.state.deadLettered(Math.max(run.first, first), Math.min(run.end, end));
      if (!this.#persist(live, transition, () => {})) {
        this.#retryDeadLetters(live, "", ERROR.COORDINATOR_NOT_AVAILABLE);
        return;
      }
    }
    if (live.state.deadLetters().length > 0) this.#sendDeadLetters(live);
  }

  /** Nothing is dropped: what can't be written there stays under way, and after so many of those all waits. */
  #retryDeadLetters(live: LivePartition, topicName: string, error: number): void {
    this.#logger.warn("dead letters can't be written; trying again", {
      groupId: live.id.groupId,
      topic: topicName,
      error,
    });
    this.#deadlines.set(deadLetterKey(live.id), DEAD_LETTER_RETRY_MS, () => this.#sendDeadLetters(live));
  }
}

function key({ topicId, partition }: SharePartitionId): string {
  return `${topicId}/${partition}`;
}

function lockKey({ groupId, topicId, partition }: SharePartitionId): string {
  return `share/lock ${topicId}/${partition} ${groupId}`;
}

function deadLetterKey({ groupId, topicId, partition }: SharePartitionId): string {
  return `share/dead-letter ${topicId}/${partition} ${groupId}`;
}

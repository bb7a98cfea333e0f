import type { Clock, Timer } from "../../io/clock.ts";
import { Follower, type RecordConsumer, type SliceBudget } from "./follower.ts";
import type { HistoryPartition, HistorySource } from "./source.ts";

export interface FollowersLimits {
  /** What all followers together do in one turn of the event loop: so much, and no longer than that. */
  readonly sliceRecords: number;
  readonly sliceBytes: number;
  readonly sliceMs: number;
  /** What one of them does before the next has its turn. */
  readonly shareRecords: number;
  /** Time that the loop has for others after a slice. */
  readonly pauseMs: number;
  /** Bytes of logs that followers hold between turns; beyond it they read again what they had not handed over. */
  readonly maxHeldBytes: number;
}

export const DEFAULT_FOLLOWERS_LIMITS: FollowersLimits = {
  sliceRecords: 512,
  sliceBytes: 256 * 1024,
  sliceMs: 1,
  shareRecords: 16,
  pauseMs: 1,
  maxHeldBytes: 16 * 1024 * 1024,
};

/**
 * Followers that share the event loop with everything else: a slice of work in a turn, each follower its share of it
 * in the order in which they got something to do, then a pause. So reading, however much of it, costs others about a
 * millisecond at a time.
 */
export class Followers {
  readonly source: HistorySource;
  readonly #clock: Clock;
  readonly #limits: FollowersLimits;
  /** Those that are not ended, by topic. */
  readonly #byTopic = new Map<string, Set<Follower>>();
  /** Those with something to do, in their order. */
  readonly #ready = new Set<Follower>();
  readonly #held = new Map<Follower, number>();
  readonly #topicListeners = new Set<(topic: string) => void>();
  #heldBytes = 0;
  #count = 0;
  #stopListening: (() => void) | null = null;
  #turn: Timer | null = null;
  #isDue = false;

  constructor(source: HistorySource, clock: Clock, limits: Partial<FollowersLimits> = {}) {
    this.source = source;
    this.#clock = clock;
    this.#limits = { ...DEFAULT_FOLLOWERS_LIMITS, ...limits };
  }

  /** Followers that are not ended. */
  get count(): number {
    return this.#count;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Follows a partition; its first records come in a later turn. With a key, only records that have it. */
  follow(
    partition: HistoryPartition,
    from: number | (() => number),
    key: Uint8Array | null,
    consumer: RecordConsumer,
  ): Follower {
    const follower = new Follower(partition, from, key, consumer);
    const followers = this.#byTopic.get(partition.topic) ?? new Set();
    this.#byTopic.set(partition.topic, followers.add(follower));
    this.#count += 1;
    this.#listen();
    this.#makeReady(follower);
    return follower;
  }

  /** The consumer has room again. */
  resume(follower: Follower): void {
    if (follower.state === "full") this.#makeReady(follower);
  }

  stop(follower: Follower): void {
    follower.stop();
    this.#forget(follower);
  }

  /** `listener` runs when a topic has come or gone, or has more partitions. Returns how to stop that. */
  onTopics(listener: (topic: string) => void): () => void {
    this.#topicListeners.add(listener);
    this.#listen();
    return () => {
      this.#topicListeners.delete(listener);
      this.#listen();
    };
  }

  close(): void {
    for (const followers of [...this.#byTopic.values()]) {
      for (const follower of [...followers]) this.stop(follower);
    }
    this.#topicListeners.clear();
    this.#listen();
    this.#turn?.cancel();
    this.#turn = null;
  }

  #listen(): void {
    const wanted = this.#byTopic.size > 0 || this.#topicListeners.size > 0;
    if (wanted) this.#stopListening ??= this.source.onAppended(this.#appended);
    else {
      this.#stopListening?.();
      this.#stopListening = null;
    }
  }

  readonly #appended = (topic: string, partition: number): void => {
    const followers = this.#byTopic.get(topic);
    if (followers !== undefined) {
      for (const follower of followers) {
        const concerned = partition < 0 || follower.partition.index === partition;
        if (concerned && follower.state === "waiting") this.#makeReady(follower);
      }
    }
    if (partition < 0) for (const listener of [...this.#topicListeners]) listener(topic);
  };

  #makeReady(follower: Follower): void {
    follower.wake();
    this.#ready.add(follower);
    if (this.#isDue || this.#turn !== null) return;
    this.#isDue = true;
    this.#clock.soon(() => {
      this.#isDue = false;
      if (this.#turn === null) this.#run();
    });
  }

  #run(): void {
    const { sliceRecords, sliceBytes, sliceMs, shareRecords, pauseMs } = this.#limits;
    const endMs = this.#clock.monotonicMs() + sliceMs;
    let records = sliceRecords;
    let bytes = sliceBytes;
    let isFirst = true;
    for (const follower of this.#ready) {
      if (records <= 0 || bytes <= 0 || (!isFirst && this.#clock.monotonicMs() >= endMs)) break;
      isFirst = false;
      const share = Math.min(records, shareRecords);
      const budget: SliceBudget = { records: share, bytes };
      this.#ready.delete(follower);
      follower.step(budget);
      records -= share - budget.records;
      bytes = budget.bytes;
      this.#account(follower);
      if (follower.state === "ended") this.#forget(follower);
      // Behind the others: a set is walked in the order of what was added, also during the walk.
      else if (follower.state === "reading") this.#ready.add(follower);
    }
    if (this.#ready.size === 0 || this.#turn !== null) return;
    this.#turn = this.#clock.after(pauseMs, () => {
      this.#turn = null;
      this.#run();
    });
  }

  #account(follower: Follower): void {
    this.#heldBytes -= this.#held.get(follower) ?? 0;
    this.#held.delete(follower);
    if (this.#heldBytes + follower.heldBytes > this.#limits.maxHeldBytes) follower.release();
    if (follower.heldBytes === 0) return;
    this.#held.set(follower, follower.heldBytes);
    this.#heldBytes += follower.heldBytes;
  }

  #forget(follower: Follower): void {
    this.#ready.delete(follower);
    this.#account(follower);
    const { topic } = follower.partition;
    const followers = this.#byTopic.get(topic);
    if (followers?.delete(follower) !== true) return;
    this.#count -= 1;
    if (followers.size === 0) this.#byTopic.delete(topic);
    this.#listen();
  }
}

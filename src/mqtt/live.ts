import type { PendingBatch } from "../broker/ingest.ts";
import type { Access, Identity } from "./access.ts";
import type { MqttLimits } from "./limits.ts";
import { type Losses, NO_LOSSES } from "./losses.ts";
import type { LiveMessage } from "./sessions/outbound.ts";
import type { SubscriptionTrie } from "./sessions/subscription-trie.ts";
import { type Target, withoutNoLocal } from "./sessions/targets.ts";
import type { MqttStats } from "./stats.ts";
import type { TopicEntry } from "./topic-table.ts";

/** Subscribers of a topic are remembered up to this many; finding more costs less than sending to them. */
const MAX_REMEMBERED_TARGETS = 16;

interface Staged {
  readonly entry: TopicEntry;
  readonly message: LiveMessage;
  readonly batch: PendingBatch;
  readonly publisher: Identity;
}

/**
 * Delivery to those who are subscribed now. A message waits here until its batch is durable, so that nobody
 * sees what a power cut could take back; only messages that somebody wants are copied. Messages of one topic go
 * out in the order in which they came (MQTT-4.6.0-6): they lie in one partition, whose batches settle in order.
 */
export class LiveDelivery {
  readonly #subscriptions: SubscriptionTrie;
  readonly #access: Access;
  readonly #limits: MqttLimits;
  readonly #stats: MqttStats;
  readonly #losses: Losses;
  #staged: Staged[] = [];

  constructor(
    subscriptions: SubscriptionTrie,
    access: Access,
    limits: MqttLimits,
    stats: MqttStats,
    losses: Losses = NO_LOSSES,
  ) {
    this.#subscriptions = subscriptions;
    this.#access = access;
    this.#limits = limits;
    this.#stats = stats;
    this.#losses = losses;
  }

  /** Whether anybody would get a message of this topic. */
  isWanted(entry: TopicEntry): boolean {
    return this.#subscriptions.count > 0 && this.#targets(entry).length > 0;
  }

  /** Whether a message of this size may wait; where not, it is counted, and said who does not get it. */
  hasRoom(entry: TopicEntry, message: LiveMessage): boolean {
    if (this.#stats.stagedBytes + message.sizeBytes <= this.#limits.maxTotalStagedBytes) return true;
    const targets = this.#targets(entry);
    if (targets.length === 0) return false;
    this.#stats.messagesUnstaged++;
    if (targets.length > MAX_REMEMBERED_TARGETS) this.#losses.lost("unstaged", null, message);
    else for (const { session } of targets) this.#losses.lost("unstaged", session.clientId, message);
    return false;
  }

  stage(entry: TopicEntry, message: LiveMessage, batch: PendingBatch, publisher: Identity): void {
    this.#staged.push({ entry, message, batch, publisher });
    this.#stats.stagedBytes += message.sizeBytes;
  }

  /** Delivers what has become durable and forgets what was refused. */
  settle(nowMs: number): void {
    if (this.#staged.length === 0) return;
    const all = this.#staged;
    this.#staged = [];
    for (const staged of all) {
      if (staged.batch.state === "waiting") {
        this.#staged.push(staged);
        continue;
      }
      this.#stats.stagedBytes -= staged.message.sizeBytes;
      if (staged.batch.state === "durable") this.#deliver(staged, nowMs);
    }
  }

  #deliver(staged: Staged, nowMs: number): void {
    for (const target of this.#targets(staged.entry)) {
      const own = target.noLocal && target.session === staged.publisher ? withoutNoLocal(target) : target;
      if (own !== null) own.session.outbound.deliver(staged.message, own, nowMs);
    }
  }

  #targets(entry: TopicEntry): readonly Target[] {
    const version = this.#subscriptions.version;
    if (entry.targetsVersion === version) return entry.targets;
    const targets = this.#subscriptions
      .match(entry.text)
      .filter(({ session }) => this.#access.mayReceive(session, entry));
    if (targets.length <= MAX_REMEMBERED_TARGETS) {
      entry.targets = targets;
      entry.targetsVersion = version;
    }
    return targets;
  }
}

import type { PendingBatch } from "../broker/ingest.ts";
import type { Access, Identity } from "./access.ts";
import type { MqttLimits } from "./limits.ts";
import { type Losses, NO_LOSSES } from "./losses.ts";
import { DurableSession } from "./sessions/durable/durable-session.ts";
import { type LiveMessage, lowerQos } from "./sessions/outbound.ts";
import type { Session } from "./sessions/session.ts";
import type { SubscriptionTrie } from "./sessions/subscription-trie.ts";
import { type Target, withoutNoLocal } from "./sessions/targets.ts";
import { NO_SHARES, SharedDelivery, type Shares } from "./shared/shared-delivery.ts";
import type { MqttStats } from "./stats.ts";
import type { TopicEntry, TopicTable } from "./topic-table.ts";

/** Subscribers of every topic are remembered up to this many; more only of one topic. */
const MAX_REMEMBERED_TARGETS = 16;

interface Staged {
  readonly entry: TopicEntry;
  readonly message: LiveMessage;
  readonly batch: PendingBatch;
  readonly publisher: Identity;
  readonly shares: Shares;
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
  readonly shared: SharedDelivery;
  #staged: Staged[] = [];
  /** Of the topic that was asked for last of those with many subscribers: a message asks for them several times. */
  #many: {
    readonly entry: TopicEntry;
    readonly version: number;
    readonly targets: readonly Target[];
  } | null = null;

  constructor(
    subscriptions: SubscriptionTrie,
    access: Access,
    limits: MqttLimits,
    stats: MqttStats,
    topics: TopicTable,
    losses: Losses = NO_LOSSES,
  ) {
    this.#subscriptions = subscriptions;
    this.#access = access;
    this.#limits = limits;
    this.#stats = stats;
    this.#losses = losses;
    this.shared = new SharedDelivery(subscriptions, access, losses, topics);
  }

  /** Whether anybody would get a message of this topic. */
  isWanted(entry: TopicEntry): boolean {
    return (
      this.#subscriptions.count > 0 &&
      (this.#targets(entry).length > 0 || this.shared.groups(entry).length > 0)
    );
  }

  /** How many sessions get the messages of a topic. */
  subscribers(entry: TopicEntry): number {
    return this.#targets(entry).length + this.shared.groups(entry).length;
  }

  /** A connected subscriber of a topic with so many messages in its queue; null where there is none. */
  crowded(entry: TopicEntry, queuedMessages: number): Session | null {
    for (const { session } of this.#targets(entry)) {
      const { outbound } = session;
      if (outbound.queuedMessages >= queuedMessages && outbound.readiness(1) === "busy") return session;
    }
    return null;
  }

  /** Whether a message of this size may wait; where not, it is counted, and said who does not get it. */
  hasRoom(entry: TopicEntry, message: LiveMessage, shares: Shares = NO_SHARES): boolean {
    if (this.#stats.stagedBytes + message.sizeBytes <= this.#limits.maxTotalStagedBytes) return true;
    const targets = this.#targets(entry).filter((target) => !isKept(target, message));
    const groups = shares.live.length;
    if (targets.length + groups === 0) return false;
    this.#stats.messagesUnstaged++;
    // Of a group nobody in particular loses it.
    if (targets.length > MAX_REMEMBERED_TARGETS || groups > 0) this.#losses.lost("unstaged", null, message);
    else for (const { session } of targets) this.#losses.lost("unstaged", session.clientId, message);
    return false;
  }

  /** Whether any of a message's subscribers gets it live, and not by the log of sessions. */
  isWantedLive(entry: TopicEntry, message: LiveMessage, shares: Shares): boolean {
    if (shares.live.length > 0) return true;
    if (this.#subscriptions.count === 0) return false;
    for (const target of this.#targets(entry)) if (!isKept(target, message)) return true;
    return false;
  }

  /** Those of a message's subscribers that outlive their connections and get it at QoS 1 or 2: it is kept for them. */
  durableTargets(entry: TopicEntry, message: LiveMessage, publisher: Identity): readonly Target[] {
    if (message.qos === 0) return NO_TARGETS;
    const targets = this.#targets(entry);
    // Mostly all of them or none, and of thousands no list is made for each message.
    let kept = 0;
    let whole = 0;
    for (const target of targets) {
      if (!isKept(target, message)) continue;
      kept++;
      if (withoutOwn(target, publisher) === target) whole++;
    }
    if (kept === 0) return NO_TARGETS;
    if (whole === targets.length) return targets;
    return targets.flatMap((target) => {
      const own = withoutOwn(target, publisher);
      return own !== null && isKept(own, message) ? own : [];
    });
  }

  stage(
    entry: TopicEntry,
    message: LiveMessage,
    batch: PendingBatch,
    publisher: Identity,
    shares: Shares = this.shared.share(entry, message),
  ): void {
    this.#staged.push({ entry, message, batch, publisher, shares });
    this.#stats.stagedBytes += message.sizeBytes;
  }

  /** Delivers what has become durable, of each publisher in its order (MQTT-4.6.0-5), and forgets what was refused. */
  settle(nowMs: number): void {
    if (this.#staged.length === 0) return;
    const all = this.#staged;
    this.#staged = [];
    // By their names: an earlier connection of the same client has another session.
    const behind = new Set<string>();
    for (const staged of all) {
      // What is retained takes a commit round more than what is not.
      if (staged.batch.state === "waiting" || (behind.size > 0 && behind.has(staged.publisher.clientId))) {
        this.#staged.push(staged);
        behind.add(staged.publisher.clientId);
        continue;
      }
      this.#stats.stagedBytes -= staged.message.sizeBytes;
      if (staged.batch.state === "durable") this.#deliver(staged, nowMs);
    }
  }

  #deliver(staged: Staged, nowMs: number): void {
    for (const target of this.#targets(staged.entry)) {
      const own = withoutOwn(target, staged.publisher);
      if (own === null || isKept(own, staged.message)) continue;
      own.session.outbound.deliver(staged.message, own, nowMs);
    }
    this.shared.deliver(staged.shares, staged.entry, staged.message, nowMs);
  }

  #targets(entry: TopicEntry): readonly Target[] {
    const version = this.#subscriptions.version;
    if (entry.targetsVersion === version) return entry.targets;
    if (this.#many?.entry === entry && this.#many.version === version) return this.#many.targets;
    const targets = this.#subscriptions
      .match(entry.text)
      .filter(({ session }) => this.#access.mayReceive(session, entry));
    if (targets.length <= MAX_REMEMBERED_TARGETS) {
      entry.targets = targets;
      entry.targetsVersion = version;
    } else this.#many = { entry, version, targets };
    return targets;
  }
}

const NO_TARGETS: readonly Target[] = [];

function withoutOwn(target: Target, publisher: Identity): Target | null {
  return target.noLocal && target.session === publisher ? withoutNoLocal(target) : target;
}

/** Whether a target's copy goes by the log of sessions. */
function isKept({ session, qos }: Target, message: LiveMessage): boolean {
  return session instanceof DurableSession && lowerQos(message.qos, qos) > 0;
}

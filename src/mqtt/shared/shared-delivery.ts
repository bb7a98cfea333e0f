import type { Access } from "../access.ts";
import type { Losses } from "../losses.ts";
import { type LiveMessage, lowerQos } from "../sessions/outbound.ts";
import type { Session } from "../sessions/session.ts";
import type { SubscriptionTrie } from "../sessions/subscription-trie.ts";
import type { Target } from "../sessions/targets.ts";
import type { TopicEntry, TopicTable } from "../topic-table.ts";
import { filterTakes, isShared, splitShared } from "../topics.ts";
import type { SharedGroup } from "./shared-group.ts";

/** Groups of a topic are remembered up to this many. */
const MAX_REMEMBERED_GROUPS = 16;

/** Who of those who share gets a message, as far as that is decided when it comes. */
export interface Shares {
  /** Members for whom it is kept in the log of sessions. */
  readonly kept: readonly Target[];
  /** Groups whose member is found when the message is durable. */
  readonly live: readonly SharedGroup[];
}

export const NO_SHARES: Shares = { kept: [], live: [] };

/**
 * Gives each message to one member of every shared subscription that it matches (MQTT 5, 4.8.2). A member that outlives
 * its connection is chosen when the message comes, since what is kept for it is written then; others when the message is
 * durable, since by then another may have more room.
 */
export class SharedDelivery {
  readonly #subscriptions: SubscriptionTrie;
  readonly #access: Access;
  readonly #losses: Losses;
  readonly #topics: TopicTable;

  constructor(subscriptions: SubscriptionTrie, access: Access, losses: Losses, topics: TopicTable) {
    this.#subscriptions = subscriptions;
    this.#access = access;
    this.#losses = losses;
    this.#topics = topics;
  }

  /** The shared subscriptions that a topic matches. */
  groups(entry: TopicEntry): readonly SharedGroup[] {
    const { version } = this.#subscriptions;
    if (entry.groupsVersion === version) return entry.groups;
    const groups = this.#subscriptions.matchShared(entry.text);
    if (groups.length <= MAX_REMEMBERED_GROUPS) {
      entry.groups = groups;
      entry.groupsVersion = version;
    }
    return groups;
  }

  /** Decides for a message that has come. */
  share(entry: TopicEntry, message: LiveMessage): Shares {
    if (this.#subscriptions.sharedCount === 0) return NO_SHARES;
    const groups = this.groups(entry);
    if (groups.length === 0) return NO_SHARES;
    const kept: Target[] = [];
    const live = groups.filter((group) => {
      if (message.qos === 0 || !group.hasDurable) return true;
      const member = this.#pick(group, entry, message);
      if (member === null || !isKept(member, message)) return true;
      kept.push(member);
      return false;
    });
    return { kept, live };
  }

  /** Gives a message that is durable to those who are found now. */
  deliver(shares: Shares, entry: TopicEntry, message: LiveMessage, nowMs: number): void {
    for (const group of shares.live) {
      const member =
        this.#pick(group, entry, message, (target) => !isKept(target, message)) ??
        this.#pick(group, entry, message);
      member?.session.outbound.deliver(message, member, nowMs);
    }
  }

  /**
   * Who takes what a session that outlives its connections has not got when it ends, or not acknowledged at QoS 1: others
   * who share with it. Undefined where it shares nothing.
   */
  heirsOf(session: Session): ((message: LiveMessage) => boolean) | undefined {
    if (!session.outlivesConnection || this.#subscriptions.sharedCount === 0) return undefined;
    for (const filter of session.subscriptions.keys()) {
      if (isShared(filter)) return (message) => this.#leave(message, session);
    }
    return undefined;
  }

  /** False for what it did not share, or may not have. */
  #leave(message: LiveMessage, session: Session): boolean {
    const { topic, payload, properties } = message;
    const text = Buffer.from(topic.buffer, topic.byteOffset, topic.length).toString();
    const groups: SharedGroup[] = [];
    for (const filter of session.subscriptions.keys()) {
      const shared = isShared(filter) ? splitShared(filter) : null;
      if (!filterTakes(shared?.filter ?? filter, text)) continue;
      // At QoS 2 nobody may get twice what may have been for this session alone.
      if (shared === null && message.qos === 2) return false;
      const group = shared === null ? null : this.#subscriptions.findShared(filter);
      if (group !== null) groups.push(group);
    }
    if (groups.length === 0) return false;
    // Its bytes may be views that are good for this turn.
    const copy = { topic: topic.slice(), payload: payload.slice(), properties: properties?.slice() ?? null };
    for (const group of groups) group.leave({ ...message, ...copy }, session);
    return true;
  }

  /** What members had when their sessions ended goes to others of the group that may have it. */
  passOn(nowMs: number): void {
    if (!this.#subscriptions.hasLeft) return;
    for (const { group, message, from } of this.#subscriptions.takeLeft()) {
      const entry = this.#topics.find(message.topic, 0, message.topic.length);
      const heir = "reason" in entry ? null : this.#pick(group, entry, message);
      if (heir !== null) {
        heir.session.outbound.deliver(message, heir, nowMs);
        continue;
      }
      this.#losses.lost("session-ended", from.clientId, message);
      message.origin?.ended(from.clientId, "dropped");
    }
  }

  #pick(
    group: SharedGroup,
    entry: TopicEntry,
    message: LiveMessage,
    may: (member: Target) => boolean = () => true,
  ): Target | null {
    return group.pick(message.qos, (member) => may(member) && this.#access.mayReceive(member.session, entry));
  }
}

/** Whether a member's copy goes by the log of sessions. */
function isKept({ session, qos }: Target, message: LiveMessage): boolean {
  return session.outlivesConnection && lowerQos(message.qos, qos) > 0;
}

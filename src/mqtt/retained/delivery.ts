import type { Clock } from "../../io/clock.ts";
import { type Access, OPEN_ACCESS } from "../access.ts";
import type { Session } from "../sessions/session.ts";
import { mergeSubscriptions, type Subscription, type Target } from "../sessions/targets.ts";
import type { TopicTable } from "../topic-table.ts";
import type { RetainedMessage } from "./record.ts";
import type { RetainedStore } from "./store.ts";
import type { RetainedNode, RetainedWalk } from "./trie.ts";

/** Messages that a walk lets wait behind what is under way, at most. */
const MAX_WAITING_MESSAGES = 16;
/** Topics that are found before their messages are read, so that these can be read in the order of the log. */
const FOUND_AT_ONCE = 128;
const VISITS_AT_ONCE = 4_096;
/** How long one walk may keep the event loop, and how long it rests then. */
const SLICE_MS = 2;
const REST_MS = 1;

/** A subscription's way through the retained messages. */
interface Errand {
  readonly target: Target;
  readonly walk: RetainedWalk;
  /** Found and not delivered, the next one last. */
  readonly found: RetainedNode[];
  hasMore: boolean;
}

export interface RetainedDeliveryParts {
  readonly store: RetainedStore;
  readonly clock: Clock;
  readonly access: Access;
  readonly topics: TopicTable;
}

/**
 * Sends retained messages to new subscriptions (MQTT 5, 3.3.1.3). A subscription may take a hundred thousand: they are
 * delivered as the client takes them, never into a queue that is full, and some milliseconds' worth at a time. What a
 * client gets is what a topic has in the moment that it is sent, so that no value comes after a newer one. A session that
 * outlives its connection gets the rest on the next one, if the process does not end in between.
 */
export class RetainedDelivery {
  readonly #store: RetainedStore;
  readonly #clock: Clock;
  readonly #access: Access;
  readonly #topics: TopicTable;
  /** By filter: one that subscribes again is sent everything again. */
  readonly #errands = new Map<Session, Map<string, Errand>>();
  /** Those that go on by themselves after a rest. */
  readonly #resting = new Set<Session>();

  constructor(parts: RetainedDeliveryParts) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#access = parts.access;
    this.#topics = parts.topics;
  }

  /** Whether a new subscription could get anything, now or when what is on its way is durable. */
  get hasMessages(): boolean {
    return !this.#store.isEmpty;
  }

  /** Sends what the subscription takes, from now on and as the session has room. */
  start(session: Session, subscription: Subscription): void {
    let errands = this.#errands.get(session);
    if (errands === undefined) {
      errands = new Map();
      this.#errands.set(session, errands);
    }
    // MQTT-3.3.1-8: the flag is set on these, whatever retain as published says.
    const target = mergeSubscriptions(session, [{ ...subscription, retainAsPublished: true }]);
    const walk = this.#store.walk(subscription.filter);
    errands.set(subscription.filter, { target, walk, found: [], hasMore: true });
    this.resume(session);
  }

  /** The session no longer wants what it has not got: it has ended, or unsubscribed. */
  stop(session: Session, filter: string | null = null): void {
    if (this.#errands.size === 0) return;
    const errands = this.#errands.get(session);
    if (errands === undefined) return;
    if (filter !== null) errands.delete(filter);
    if (filter === null || errands.size === 0) {
      this.#errands.delete(session);
      this.#resting.delete(session);
    }
  }

  /** Goes on where the session may have room again. */
  resume(session: Session): void {
    if (this.#errands.size === 0) return;
    const errands = this.#errands.get(session);
    if (errands === undefined || this.#resting.has(session)) return;
    const deadlineMs = this.#clock.monotonicMs() + SLICE_MS;
    for (const [filter, errand] of errands) {
      const outcome = this.#deliver(session, errand, deadlineMs);
      if (outcome === "full") return;
      if (outcome === "late") {
        this.#rest(session);
        return;
      }
      errands.delete(filter);
    }
    if (errands.size === 0) this.#errands.delete(session);
  }

  #rest(session: Session): void {
    this.#resting.add(session);
    this.#clock.after(REST_MS, () => {
      if (this.#resting.delete(session)) this.resume(session);
    });
  }

  #deliver(session: Session, errand: Errand, deadlineMs: number): "done" | "full" | "late" {
    const { found, target, walk } = errand;
    let goesOn = false;
    for (;;) {
      for (let node = found.at(-1); node !== undefined; node = found.at(-1)) {
        const { outbound } = session;
        if (outbound.queuedMessages >= MAX_WAITING_MESSAGES || outbound.readiness(0) === "away")
          return "full";
        if (this.#clock.monotonicMs() >= deadlineMs) return "late";
        found.pop();
        const message = this.#store.read(node, goesOn);
        goesOn = true;
        if (message !== null && this.#mayGet(session, message)) {
          if (!isOwn(session, target, message)) outbound.deliver(message, target, this.#clock.monotonicMs());
        }
      }
      if (!errand.hasMore) return "done";
      errand.hasMore = walk.collect(found, FOUND_AT_ONCE, VISITS_AT_ONCE);
      // Neighbours in the log share batches.
      found.sort((one, other) => other.offset - one.offset);
      if (errand.hasMore && this.#clock.monotonicMs() >= deadlineMs) return "late";
    }
  }

  /** Rights may have changed since it was published: neither side's may be gone. */
  #mayGet(session: Session, message: RetainedMessage): boolean {
    if (this.#access === OPEN_ACCESS) return true;
    const entry = this.#topics.find(message.topic, 0, message.topic.length);
    if ("reason" in entry) return false;
    return this.#access.mayReceive(session, entry) && this.#access.mayPublish(message.publisher, entry);
  }
}

/** Whether a client would get its own message where it does not want that: no local goes by client ids (MQTT-3.8.3-3). */
function isOwn({ clientId }: Session, { noLocal }: Target, { publisher }: RetainedMessage): boolean {
  return noLocal && publisher.clientId === clientId;
}

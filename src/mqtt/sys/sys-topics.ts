import type { Clock, Timer } from "../../io/clock.ts";
import type { Access, Identity } from "../access.ts";
import { IN_THE_LOG } from "../joined-batch.ts";
import type { LiveDelivery } from "../live.ts";
import { type RetainedNode, RetainedTrie, RetainedWalk } from "../retained/trie.ts";
import type { LiveMessage } from "../sessions/outbound.ts";
import type { Session } from "../sessions/session.ts";
import type { SubscriptionTrie } from "../sessions/subscription-trie.ts";
import { mergeSubscriptions, type Subscription } from "../sessions/targets.ts";
import { reservedTopic } from "../settled-batches.ts";
import { TopicEntry } from "../topic-table.ts";
import { type FigureSource, Figures } from "./figures.ts";

const PREFIX = "$SYS/broker/";
/** For the bounds, beside topic and payload. */
const MESSAGE_OVERHEAD_BYTES = 128;
/** More than there are nodes in the tree of figures. */
const MAX_VISITS = 1_000;
const NOBODY: Identity = { clientId: "", userName: null };

const encoder = new TextEncoder();

/** A topic under `$SYS`, and what was last sent of it. */
interface SysTopic {
  readonly entry: TopicEntry;
  text: string;
}

export interface SysTopicsParts {
  readonly clock: Clock;
  readonly live: LiveDelivery;
  readonly subscriptions: SubscriptionTrie;
  readonly access: Access;
  /** 0 for no figures at all. */
  readonly intervalMs: number;
  /** Name and version of the program. */
  readonly version: string;
  readonly figures: () => FigureSource;
  /** Called when messages were staged: they are durable, so they can go at the end of the turn. */
  readonly staged: () => void;
}

/**
 * The figures of the broker as messages under `$SYS/broker` (MQTT 5, 4.7.2), as far as monitors know them from
 * mosquitto. Whoever subscribes gets them at once, as if they were retained, and then those that have changed, once an
 * interval. They are in no log. Where nobody has subscribed, all that is done is to bring the averages up to date.
 */
export class SysTopics {
  readonly #parts: SysTopicsParts;
  readonly #figures: Figures;
  readonly #topics: SysTopic[] = [];
  /** Topics by name, and by the filters that take them: offsets are places in the list. */
  readonly #places = new Map<string, number>();
  readonly #trie = new RetainedTrie();
  #timer: Timer | null = null;
  #tickedMs = 0;

  constructor(parts: SysTopicsParts) {
    this.#parts = parts;
    this.#figures = new Figures(parts.version);
    this.#tickedMs = parts.clock.monotonicMs();
    this.#tickLater();
  }

  /** Whether a subscription of this filter gets any. No wildcard takes the first level (MQTT-4.7.2-1). */
  isFor(filter: string): boolean {
    return this.#parts.intervalMs > 0 && filter.startsWith("$SYS/");
  }

  noteConnected(connected: number): void {
    this.#figures.noteConnected(connected);
  }

  /** Sends a new subscription the figures as they are now. */
  start(session: Session, subscription: Subscription): void {
    const { clock, access } = this.#parts;
    const texts = new Map(this.#read());
    const target = mergeSubscriptions(session, [{ ...subscription, retainAsPublished: true }]);
    const walk = new RetainedWalk(this.#trie, subscription.filter);
    const found: RetainedNode[] = [];
    while (walk.collect(found, texts.size, MAX_VISITS)) {}
    found.sort((one, other) => one.offset - other.offset);
    for (const { offset } of found) {
      const topic = this.#topics[offset];
      if (topic === undefined || !access.mayReceive(session, topic.entry)) continue;
      const message = messageOf(topic.entry, texts.get(topic.entry.text) ?? "");
      session.outbound.deliver(message, target, clock.monotonicMs());
    }
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #tickLater(): void {
    const { clock, intervalMs } = this.#parts;
    if (intervalMs <= 0) return;
    this.#timer = clock.after(intervalMs, () => {
      this.#tick();
      this.#tickLater();
    });
  }

  #tick(): void {
    const { clock, live, subscriptions, figures, staged } = this.#parts;
    const nowMs = clock.monotonicMs();
    this.#figures.tick(figures(), nowMs - this.#tickedMs);
    this.#tickedMs = nowMs;
    if (!subscriptions.mayMatchBelow("$SYS")) return;
    let any = false;
    for (const [name, text] of this.#read()) {
      const topic = this.#topics[this.#places.get(name) ?? -1];
      if (topic === undefined || topic.text === text) continue;
      topic.text = text;
      const message = messageOf(topic.entry, text);
      if (!live.isWanted(topic.entry) || !live.hasRoom(topic.entry, message)) continue;
      live.stage(topic.entry, message, IN_THE_LOG, NOBODY);
      any = true;
    }
    if (any) staged();
  }

  /** Every figure by its whole topic; topics that are new are noted. */
  #read(): [string, string][] {
    return this.#figures.read(this.#parts.figures()).map(([name, text]): [string, string] => {
      const whole = PREFIX + name;
      if (!this.#places.has(whole)) {
        const entry = new TopicEntry(encoder.encode(whole), whole, null, reservedTopic(whole));
        const place = this.#topics.push({ entry, text: "" }) - 1;
        this.#places.set(whole, place);
        this.#trie.place(whole).offset = place;
      }
      return [whole, text];
    });
  }
}

function messageOf(entry: TopicEntry, text: string): LiveMessage {
  const payload = encoder.encode(text);
  return {
    topic: entry.bytes,
    payload,
    properties: null,
    // They come again: nobody has to acknowledge them, and no session has to write them down.
    qos: 0,
    retain: true,
    expiresAtMs: Number.POSITIVE_INFINITY,
    sizeBytes: entry.bytes.length + payload.length + MESSAGE_OVERHEAD_BYTES,
  };
}

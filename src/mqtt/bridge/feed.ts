import type { Clock } from "../../io/clock.ts";
import type { RecordCursor } from "../../records/reader.ts";
import type { Follower, GapReason, RecordConsumer } from "../history/follower.ts";
import type { Followers } from "../history/followers.ts";
import { messageOf, mqttTopicOf } from "../history/record-message.ts";
import type { HistoryPartition } from "../history/source.ts";
import type { Qos } from "../packets/codes.ts";
import { Fifo } from "../sessions/fifo.ts";
import { hopOf, pathOf, withHop } from "./path.ts";
import type { BridgeSettings } from "./settings.ts";
import type { BridgeState, PartitionPosition } from "./state.ts";
import { TopicRules } from "./topic-rules.ts";

/** What the local logs have for a bridge. */
export interface LocalMessages {
  readonly followers: Followers;
  /** Whether messages that match the filter may lie in a Kafka topic of this name. */
  leadsTo(filter: string, topic: string): boolean;
}

/** One partition, and how far it is. */
export class FollowedPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly index: number;
  readonly source: HistoryPartition;
  follower: Follower | null = null;
  /** Offsets that were read and are not at the remote, ascending. */
  readonly undone = new Set<number>();
  /** Offsets beyond one that is undone whose messages are done. */
  readonly done = new Set<number>();
  /** How often the remote has refused a message for a reason that may pass. */
  readonly refusals = new Map<number, number>();
  #start: number;

  constructor(source: HistoryPartition, start: number) {
    this.topic = source.topic;
    this.topicId = source.topicId;
    this.index = source.index;
    this.source = source;
    this.#start = start;
  }

  /** Everything below is at the remote, or is nothing for it. */
  get position(): number {
    const [first] = this.undone;
    return first ?? this.follower?.position ?? this.#start;
  }

  /** A follower that has ended leaves its position here. */
  leave(): void {
    this.#start = this.position;
    this.follower = null;
  }
}

/** A message on its way to the remote. */
export interface OutMessage {
  readonly partition: FollowedPartition;
  readonly offset: number;
  /** As the remote shall know it. */
  readonly topic: string;
  readonly payload: Uint8Array;
  /** As the remote shall have them, this step of the way included; null before MQTT 5. */
  readonly properties: Uint8Array | null;
  readonly qos: Qos;
  readonly retain: boolean;
  /** When it is no longer worth sending, in milliseconds since 1970; Infinity for never. */
  readonly expiresAtMs: number;
}

/**
 * Asked for every record that is not done: who waits for the message that it was, since the remote may have had it
 * before a restart; null where nobody does. They get null where it is nothing for the remote any more.
 */
export type Recover = (
  partition: FollowedPartition,
  offset: number,
) => ((message: OutMessage | null) => void) | null;

export interface FeedReports {
  /** Records that the remote will never get. */
  gap(partition: FollowedPartition, fromOffset: number, toOffset: number, reason: string): void;
  trouble(message: string, fields: Readonly<Record<string, unknown>>): void;
  /** There is something to send. */
  ready(): void;
  /** Positions have moved. */
  moved(): void;
}

const REFOLLOW_MS = 30_000;
const MESSAGE_OVERHEAD_BYTES = 128;
const GAP_TEXT: Readonly<Record<GapReason, string>> = {
  retention: "deleted before it was carried",
  damage: "missing in the local log, which set damaged records aside",
  unreadable: "unreadable",
};

/** Reads what local devices publish, partition by partition, ahead of the remote but within bounds. */
export class Feed implements RecordConsumer {
  /** Messages that the bridge itself brought in. */
  echoes = 0;
  readonly #settings: BridgeSettings;
  readonly #local: LocalMessages;
  readonly #clock: Clock;
  readonly #reports: FeedReports;
  readonly #rules: TopicRules;
  readonly #filters: readonly string[];
  readonly #hop: string;
  readonly #partitions = new Map<string, FollowedPartition>();
  readonly #byFollower = new Map<Follower, FollowedPartition>();
  readonly #ready = new Fifo<OutMessage>();
  #readyBytes = 0;
  /** Followers that had no room. */
  readonly #full = new Set<Follower>();
  #stop: (() => void) | null = null;
  #recover: Recover = () => null;

  constructor(settings: BridgeSettings, local: LocalMessages, clock: Clock, reports: FeedReports) {
    this.#settings = settings;
    this.#local = local;
    this.#clock = clock;
    this.#reports = reports;
    this.#rules = new TopicRules(settings.out, "out");
    this.#filters = this.#rules.filters.map(({ filter }) => filter);
    this.#hop = hopOf(settings.gatewayId, settings.name);
  }

  /** Filters whose topics are followed. */
  get filters(): readonly string[] {
    return this.#filters;
  }

  get partitions(): Iterable<FollowedPartition> {
    return this.#partitions.values();
  }

  get readyMessages(): number {
    return this.#ready.length;
  }

  /** Records between the positions and the ends of the logs: at least as many as there are messages for the remote. */
  get lagRecords(): number {
    let lag = 0;
    for (const { source, position } of this.#partitions.values()) {
      if (!source.deleted) lag += Math.max(0, source.endOffset - position);
    }
    return lag;
  }

  /**
   * Begins where the state says. Returns whether positions were chosen that the state does not have: they have to
   * be saved, or a crash would choose anew.
   */
  begin(state: BridgeState | null, recover: Recover): boolean {
    if (this.#filters.length === 0) return false;
    this.#recover = recover;
    const known = new Map(state?.positions.map((each) => [`${each.topic}-${each.partition}`, each]));
    const isNew = state === null || !sameTexts(state.followed, this.#filters);
    let chosen = isNew;
    for (const topic of this.#local.followers.source.topics()) {
      if (topic.internal || !this.#leadsTo(topic.name)) continue;
      for (const source of topic.partitions) {
        const before = known.get(`${source.topic}-${source.index}`);
        if (before === undefined || before.topicId !== source.topicId) chosen = true;
        this.#add(source, this.#startOf(source, before, isNew), before);
      }
    }
    this.#stop = this.#local.followers.onTopics((name) => this.#topicChanged(name));
    for (const partition of this.#partitions.values()) this.#follow(partition);
    return chosen;
  }

  end(): void {
    this.#stop?.();
    this.#stop = null;
    for (const { follower } of this.#partitions.values()) {
      if (follower !== null) this.#local.followers.stop(follower);
    }
    this.#byFollower.clear();
  }

  /** The next message to send. */
  peek(): OutMessage | undefined {
    return this.#ready.peek();
  }

  shift(): void {
    const message = this.#ready.shift();
    if (message === undefined) return;
    this.#readyBytes -= sizeOf(message);
    this.#resume();
  }

  /** A message is at the remote, or never will be. What is done out of order is remembered. */
  done(partition: FollowedPartition, offset: number): void {
    partition.undone.delete(offset);
    partition.refusals.delete(offset);
    const { position } = partition;
    if (offset > position) partition.done.add(offset);
    for (const done of partition.done) {
      if (done >= position) break;
      partition.done.delete(done);
    }
    this.#reports.moved();
    this.#resume();
  }

  /** Everything that is not done is read again. */
  rewind(): void {
    this.#ready.clear();
    this.#readyBytes = 0;
    this.#full.clear();
    for (const partition of this.#partitions.values()) {
      this.#unfollow(partition);
      partition.undone.clear();
      this.#follow(partition);
    }
  }

  // What followers tell.

  take(record: RecordCursor, follower: Follower): boolean {
    const partition = this.#byFollower.get(follower);
    if (partition === undefined) return true;
    const { offset } = record;
    if (partition.done.has(offset)) return true;
    const recovered = this.#recover(partition, offset);
    if (recovered !== null) {
      recovered(this.#messageOf(record, partition));
      return true;
    }
    if (!this.#hasRoom(partition)) {
      this.#full.add(follower);
      return false;
    }
    const message = this.#messageOf(record, partition);
    if (message === null) return true;
    partition.undone.add(offset);
    this.#ready.push(message);
    this.#readyBytes += sizeOf(message);
    this.#reports.ready();
    return true;
  }

  caughtUp(): void {
    this.#reports.moved();
  }

  gap(fromOffset: number, toOffset: number, reason: GapReason, follower: Follower): void {
    const partition = this.#byFollower.get(follower);
    if (partition === undefined) return;
    this.#reports.gap(partition, fromOffset, toOffset, GAP_TEXT[reason]);
    this.#reports.moved();
  }

  ended(reason: "deleted" | "unreadable", follower: Follower): void {
    const partition = this.#byFollower.get(follower);
    if (partition === undefined) return;
    this.#byFollower.delete(follower);
    this.#full.delete(follower);
    partition.leave();
    if (reason === "deleted") {
      this.#partitions.delete(keyOf(partition.source));
      return;
    }
    const { topic, index, position } = partition;
    this.#reports.trouble("a log can't be read for a bridge", { topic, partition: index, offset: position });
    this.#clock.after(REFOLLOW_MS, () => {
      if (this.#stop !== null && partition.follower === null) this.#follow(partition);
    });
  }

  // Partitions.

  #topicChanged(name: string): void {
    const topic = this.#local.followers.source.topic(name);
    if (topic === null || topic.internal || !this.#leadsTo(name)) return;
    for (const source of topic.partitions) {
      const known = this.#partitions.get(keyOf(source));
      if (known !== undefined && known.topicId === source.topicId) continue;
      if (known?.follower) {
        this.#byFollower.delete(known.follower);
        this.#local.followers.stop(known.follower);
      }
      // It came while the bridge was there: all of it is the bridge's.
      this.#follow(this.#add(source, 0, undefined));
    }
    this.#reports.moved();
  }

  #leadsTo(topic: string): boolean {
    return this.#filters.some((filter) => this.#local.leadsTo(filter, topic));
  }

  #startOf(source: HistoryPartition, known: PartitionPosition | undefined, isNew: boolean): number {
    const { topic, index: partition, endOffset } = source;
    if (known !== undefined && known.topicId === source.topicId) {
      if (known.position <= endOffset) return known.position;
      const fields = { topic, partition, offset: known.position, endOffset };
      this.#reports.trouble("a log ends before a bridge's position, which goes on at its end", fields);
      return endOffset;
    }
    if (known !== undefined || !isNew) return 0;
    return this.#settings.from === "latest" ? endOffset : source.logStartOffset;
  }

  #add(source: HistoryPartition, start: number, known: PartitionPosition | undefined): FollowedPartition {
    const partition = new FollowedPartition(source, start);
    this.#partitions.set(keyOf(source), partition);
    if (known?.topicId === source.topicId) {
      for (const offset of known.done) if (offset > start) partition.done.add(offset);
    }
    return partition;
  }

  #follow(partition: FollowedPartition): void {
    const follower = this.#local.followers.follow(partition.source, partition.position, null, this);
    partition.follower = follower;
    this.#byFollower.set(follower, partition);
  }

  #unfollow(partition: FollowedPartition): void {
    const { follower } = partition;
    partition.leave();
    if (follower === null) return;
    this.#byFollower.delete(follower);
    this.#local.followers.stop(follower);
  }

  // Messages.

  #hasRoom(partition: FollowedPartition): boolean {
    const { maxReadyMessages, maxReadyBytes, maxAhead } = this.#settings.limits;
    if (partition.done.size >= maxAhead) return false;
    return this.#ready.length < maxReadyMessages && this.#readyBytes < maxReadyBytes;
  }

  #resume(): void {
    if (this.#full.size === 0) return;
    const { maxReadyMessages, maxReadyBytes } = this.#settings.limits;
    // Half of it, so that a log is not asked for one record at a time.
    if (this.#ready.length * 2 > maxReadyMessages || this.#readyBytes * 2 > maxReadyBytes) return;
    const full = [...this.#full];
    this.#full.clear();
    for (const follower of full) this.#local.followers.resume(follower);
  }

  #messageOf(record: RecordCursor, partition: FollowedPartition): OutMessage | null {
    const topic = mqttTopicOf(record);
    const mapped = topic === null ? null : this.#rules.map(topic);
    if (mapped === null) return null;
    const { payload, properties, qos, retain, expirySec } = messageOf(record, true);
    if (pathOf(properties).includes(this.#hop)) {
      this.echoes += 1;
      return null;
    }
    return {
      partition,
      offset: record.offset,
      topic: mapped.topic,
      payload,
      properties: this.#settings.version === 5 ? withHop(properties, this.#hop) : null,
      qos: qos !== null && qos < mapped.qos ? qos : mapped.qos,
      retain: retain ?? false,
      expiresAtMs: expirySec < 0 ? Number.POSITIVE_INFINITY : record.timestampMs + expirySec * 1_000,
    };
  }
}

function keyOf({ topic, index }: HistoryPartition): string {
  return `${topic}-${index}`;
}

function sizeOf({ payload, properties, topic }: OutMessage): number {
  return payload.length + (properties?.length ?? 0) + topic.length + MESSAGE_OVERHEAD_BYTES;
}

function sameTexts(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, index) => text === other[index]);
}

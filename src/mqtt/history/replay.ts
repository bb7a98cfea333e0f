import type { RecordCursor } from "../../records/reader.ts";
import { OPEN_ACCESS } from "../access.ts";
import type { Client } from "../client.ts";
import { clientFields } from "../client-fields.ts";
import type { Door } from "../door.ts";
import { Version } from "../packets/codes.ts";
import type { Target } from "../sessions/targets.ts";
import type { Follower, GapReason, RecordConsumer } from "./follower.ts";
import type { Followers } from "./followers.ts";
import { messageOf, mqttTopicOf } from "./record-message.ts";
import type { ReplayFrom, ReplayRequest } from "./replay-request.ts";
import type { HistoryPartition, HistoryTopic } from "./source.ts";
import { TopicFilter } from "./topic-filter.ts";

const SECOND_MS = 1_000;
/** Beyond it a number of milliseconds is no date. */
const MAX_DATE_MS = 8_640_000_000_000_000;
const encoder = new TextEncoder();

/**
 * One replay: the records of a filter in the order of each partition, from where it was asked for, sent while the
 * client's window and socket have room. A message whose record does not say its QoS goes out at that of the
 * subscription. An expired one is left out (MQTT-3.3.2-5). MQTT 5 clients are told where a message stands: user
 * properties `headwater.topic`, `headwater.partition`, `headwater.offset` and `headwater.timestamp`.
 */
export class Replay implements RecordConsumer {
  readonly #door: Door;
  readonly #followers: Followers;
  readonly #client: Client;
  readonly #target: Target;
  readonly #from: ReplayFrom;
  readonly #filter: TopicFilter;
  readonly #following = new Map<HistoryPartition, Follower>();
  #lastTopic = "";
  #lastTopicBytes = new Uint8Array(0);

  constructor(door: Door, followers: Followers, client: Client, target: Target, request: ReplayRequest) {
    this.#door = door;
    this.#followers = followers;
    this.#client = client;
    this.#target = target;
    this.#from = request.from;
    this.#filter = new TopicFilter(request.filter);
  }

  /** Begins in a topic's partitions where the replay begins. */
  begin(topic: HistoryTopic, key: string | null): void {
    for (const partition of topic.partitions) this.#follow(partition, () => this.#startIn(partition), key);
  }

  /** Takes up what has come since, from its start. */
  join(topic: HistoryTopic, key: string | null): void {
    for (const partition of topic.partitions) {
      if (!this.#following.has(partition)) this.#follow(partition, () => partition.logStartOffset, key);
    }
  }

  resume(): void {
    for (const follower of this.#following.values()) this.#followers.resume(follower);
  }

  stop(): void {
    for (const follower of this.#following.values()) this.#followers.stop(follower);
    this.#following.clear();
  }

  take(record: RecordCursor, { partition }: Follower): boolean {
    const topic = mqttTopicOf(record);
    if (topic === null || !this.#filter.matches(topic)) return true;
    const { stats, clock } = this.#door;
    const topicBytes = this.#bytesOf(topic);
    if (!this.#mayReceive(topicBytes)) return true;
    const isV5 = this.#client.version === Version.V5;
    const { payload, properties, qos, retain, expirySec } = messageOf(
      record,
      isV5,
      isV5 ? whereAndWhen(record, partition) : [],
    );
    const nowMs = clock.monotonicMs();
    const expiresAtMs =
      expirySec < 0
        ? Number.POSITIVE_INFINITY
        : nowMs + record.timestampMs + expirySec * SECOND_MS - clock.nowMs();
    if (expiresAtMs <= nowMs) {
      stats.messagesExpired++;
      return true;
    }
    const message = {
      topic: topicBytes,
      payload,
      properties,
      qos: qos ?? this.#target.qos,
      retain: retain ?? false,
      expiresAtMs,
      sizeBytes: payload.length,
    };
    if (!this.#target.session.outbound.offer(message, this.#target, nowMs)) return false;
    stats.messagesReplayed++;
    return true;
  }

  gap(fromOffset: number, toOffset: number, reason: GapReason, { partition }: Follower): void {
    const missed = { topic: partition.topic, partition: partition.index, fromOffset, toOffset };
    this.#door.losses.missed(`replay-${reason}`, this.#client.session.clientId, missed);
    this.#door.log.warn("a replay has come too late for records", { ...this.#who(), ...missed, reason });
  }

  ended(reason: "deleted" | "unreadable", { partition }: Follower): void {
    this.#following.delete(partition);
    if (reason === "deleted") return;
    const fields = { ...this.#who(), topic: partition.topic, partition: partition.index };
    this.#door.log.warn("a replay can't read on in a log", fields);
  }

  #follow(partition: HistoryPartition, from: () => number, key: string | null): void {
    const bytes = key === null ? null : encoder.encode(key);
    this.#following.set(partition, this.#followers.follow(partition, from, bytes, this));
  }

  /** What was gone before anybody asked for it is no gap. */
  #startIn(partition: HistoryPartition): number {
    const from = this.#from;
    const start = from.kind === "offset" ? from.offset : partition.offsetForTimestamp(from.timestampMs);
    return Math.max(start, partition.logStartOffset);
  }

  #mayReceive(topic: Uint8Array): boolean {
    const { access, topics } = this.#door;
    if (access === OPEN_ACCESS) return true;
    const entry = topics.find(topic, 0, topic.length);
    return !("reason" in entry) && access.mayReceive(this.#client.session, entry);
  }

  /** Most messages of a replay are of the topic before. */
  #bytesOf(topic: string): Uint8Array {
    if (topic !== this.#lastTopic) {
      this.#lastTopic = topic;
      this.#lastTopicBytes = encoder.encode(topic);
    }
    return this.#lastTopicBytes;
  }

  #who() {
    return { ...clientFields(this.#client), filter: this.#target.subscriptions[0]?.filter ?? "" };
  }
}

function whereAndWhen(
  { offset, timestampMs }: RecordCursor,
  { topic, index }: HistoryPartition,
): readonly (readonly [string, string])[] {
  const place: [string, string][] = [
    ["headwater.topic", topic],
    ["headwater.partition", String(index)],
    ["headwater.offset", String(offset)],
  ];
  // A record without a time has -1.
  if (timestampMs < 0 || timestampMs > MAX_DATE_MS) return place;
  return [...place, ["headwater.timestamp", new Date(timestampMs).toISOString()]];
}

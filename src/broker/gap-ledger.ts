import { hasCode } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Timer } from "../io/clock.ts";
import type { Broker } from "./broker.ts";
import type { PendingBatch } from "./ingest.ts";

/** The ordinary topic that says what was lost. */
export const GAP_TOPIC = "headwater.gaps";

/** What is gone, or did not reach whom it was for. */
export interface Gap {
  /** Why, in a word that programs can go by, such as `queue-full`. */
  readonly reason: string;
  /** Who lost it: a client id or a record's key; null where nobody in particular did. */
  readonly device: string | null;
  /** Kafka topic, where the records are of one. */
  readonly topic?: string;
  /** MQTT topic, where the messages are of one. */
  readonly mqttTopic?: string;
  readonly partition?: number;
  /** First and last offset of what is gone, where it has any. */
  readonly firstOffset?: number;
  readonly lastOffset?: number;
  readonly count: number;
  readonly bytes: number;
}

/** Takes notes of what is lost. */
export interface GapNotes {
  note(gap: Gap): void;
}

/** For who keeps no ledger. */
export const NO_GAP_NOTES: GapNotes = { note() {} };

/** Gaps of one kind since the last flush. */
interface OpenGap {
  readonly reason: string;
  readonly device: string | null;
  readonly topic: string | undefined;
  readonly mqttTopic: string | undefined;
  readonly partition: number | undefined;
  firstOffset: number | undefined;
  lastOffset: number | undefined;
  count: number;
  bytes: number;
  fromMs: number;
  toMs: number;
}

/** At most one flush in this time: what comes meanwhile is one record a device, reason and topic. */
const FLUSH_INTERVAL_MS = 1_000;
/** Kinds of gaps held at once. From half of it on topics are not told apart, at the whole of it devices neither. */
export const MAX_OPEN_GAPS = 8_192;

const encoder = new TextEncoder();

/**
 * Writes down what is lost, so that nothing disappears silently: records of JSON in an ordinary topic, whose key is the
 * device. Nothing is written, and no topic made, where nothing is lost. What can't be written is kept, and merged with
 * what comes, until it can.
 */
export class GapLedger implements GapNotes {
  readonly #broker: Broker;
  readonly #logger: Logger;
  #open = new Map<string, OpenGap>();
  /** Handed to the log, which has not said yet whether it took them. */
  #written: { readonly batch: PendingBatch; readonly gap: OpenGap }[] = [];
  #timer: Timer | null = null;
  #failing = false;
  #count = 0;

  constructor(broker: Broker, logger: Logger) {
    this.#broker = broker;
    this.#logger = logger;
  }

  /** What was noted since the start, in records or messages. */
  get lostCount(): number {
    return this.#count;
  }

  note(gap: Gap): void {
    const nowMs = this.#broker.clock.nowMs();
    this.#count += gap.count;
    const { reason, device, topic, mqttTopic, partition, firstOffset, lastOffset, count, bytes } = gap;
    const toMs = nowMs;
    const fromMs = nowMs;
    this.#merge({
      ...{ reason, device, topic, mqttTopic, partition, firstOffset, lastOffset, count, bytes, fromMs, toMs },
    });
    this.#flushLater();
  }

  /** Writes what is open, at once. */
  flush(): void {
    this.#takeBack();
    if (this.#open.size === 0) return;
    const open = this.#open;
    this.#open = new Map();
    const nowMs = this.#broker.clock.nowMs();
    this.#makeTopic();
    for (const gap of open.values()) {
      const batch = this.#broker.ingest.append({
        topic: GAP_TOPIC,
        key: gap.device === null ? null : encoder.encode(gap.device),
        value: encoder.encode(JSON.stringify(entryOf(gap, nowMs))),
        timestampMs: nowMs,
        headers: null,
      });
      this.#written.push({ batch, gap });
    }
    this.#flushLater();
  }

  close(): void {
    this.flush();
    this.#timer?.cancel();
    this.#timer = null;
  }

  #flushLater(): void {
    this.#timer ??= this.#broker.clock.after(FLUSH_INTERVAL_MS, () => {
      this.#timer = null;
      this.flush();
    });
  }

  /** Forgets what the log has taken, and takes back what it has refused. */
  #takeBack(): void {
    const written = this.#written;
    this.#written = [];
    let refused = 0;
    for (const one of written) {
      if (one.batch.state === "waiting") this.#written.push(one);
      else if (one.batch.state === "refused") {
        refused = one.batch.error;
        this.#merge(one.gap);
      }
    }
    if (written.length === 0) return;
    if (refused !== 0 && !this.#failing) {
      this.#logger.warn("losses can't be written down; they are kept until they can", {
        topic: GAP_TOPIC,
        kafkaError: refused,
      });
    }
    this.#failing = refused !== 0;
    if (this.#written.length > 0) this.#flushLater();
  }

  #merge(gap: OpenGap): void {
    let { device, topic, mqttTopic, partition, firstOffset, lastOffset } = gap;
    let key = `${gap.reason}\0${device}\0${topic}\0${mqttTopic}\0${partition}`;
    let known = this.#open.get(key);
    // Each record of the log that was not taken may come back here.
    const held = this.#open.size + this.#written.length;
    if (known === undefined && held >= MAX_OPEN_GAPS / 2) {
      topic = mqttTopic = partition = firstOffset = lastOffset = undefined;
      if (held >= MAX_OPEN_GAPS) device = null;
      key = `${gap.reason}\0${device}`;
      known = this.#open.get(key);
    }
    if (known === undefined) {
      this.#open.set(key, { ...gap, device, topic, mqttTopic, partition, firstOffset, lastOffset });
      return;
    }
    known.count += gap.count;
    known.bytes += gap.bytes;
    known.fromMs = Math.min(known.fromMs, gap.fromMs);
    known.toMs = Math.max(known.toMs, gap.toMs);
    if (firstOffset !== undefined)
      known.firstOffset = Math.min(known.firstOffset ?? firstOffset, firstOffset);
    if (lastOffset !== undefined) known.lastOffset = Math.max(known.lastOffset ?? lastOffset, lastOffset);
  }

  /** Made here, so that it is there where topics are not made by who writes to them. */
  #makeTopic(): void {
    if (this.#broker.topics.get(GAP_TOPIC) !== null) return;
    try {
      this.#broker.createTopic({ name: GAP_TOPIC, partitionCount: 1, configs: new Map() }, () => {});
    } catch (error) {
      if (!hasCode(error, "DISK_IO")) throw error;
    }
  }
}

/** An entry as it stands in the topic. Times are ISO 8601. */
function entryOf(gap: OpenGap, nowMs: number): Record<string, unknown> {
  const { reason, device, topic, mqttTopic, partition, firstOffset, lastOffset, count, bytes } = gap;
  return {
    at: new Date(nowMs).toISOString(),
    reason,
    device,
    ...(topic === undefined ? {} : { topic }),
    ...(mqttTopic === undefined ? {} : { mqttTopic }),
    ...(partition === undefined ? {} : { partition }),
    ...(firstOffset === undefined ? {} : { firstOffset }),
    ...(lastOffset === undefined ? {} : { lastOffset }),
    count,
    bytes,
    from: new Date(gap.fromMs).toISOString(),
    to: new Date(gap.toMs).toISOString(),
  };
}

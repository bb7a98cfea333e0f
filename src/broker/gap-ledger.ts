import { hasCode } from "../base/errors.ts";
import type { Uuid } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import type { Timer } from "../io/clock.ts";
import { BatchBuilder } from "../records/builder.ts";
import type { Broker } from "./broker.ts";
import type { PendingBatch } from "./ingest.ts";
import type { Partition } from "./partition.ts";

/** The ordinary topic that says what was lost. */
export const GAP_TOPIC = "headwater.gaps";

/** Settings of that topic where nobody has made it: an entry stays until every uplink has carried it. */
const TOPIC_CONFIGS: ReadonlyMap<string, string> = new Map([
  ["cleanup.policy", "delete"],
  ["durability", "disk"],
  ["retention.ms", String(30 * 24 * 3_600_000)],
  ["headwater.keep.unforwarded", "true"],
  ["headwater.priority", "0"],
]);

/**
 * Why stored records will not be where they should be. Who takes part in the way of a message has words of its own beside these,
 * such as `queue-full` of a session, or what begins with `bridge-`, `replay-`, `downlink-`, `mirror-`.
 */
export type LossReason =
  /** Too old, or too many for the topic, before an uplink had carried them. */
  | "retention"
  /** They made room on a full disk, or below `log.max.bytes`. */
  | "disk-full"
  /** Gone from the log before an uplink came to them, and nobody had said so: a client deleted them, say. */
  | "deleted"
  /** Damage: the file was set aside, or a batch can't be read. */
  | "quarantine"
  /** An append that was refused for want of space. Who sent it may send it again. */
  | "refused"
  /** The centre will never take them; they are still stored here. */
  | "uplink-refused"
  /** An operator had an uplink skip them. */
  | "skipped";

/** What is gone, or did not reach whom it was for. */
export interface Gap {
  /** Why, in a word that programs can go by, such as `queue-full`. */
  readonly reason: string;
  /** Key of the entry where it is not the device's name: a record's key as it was. */
  readonly key?: Uint8Array;
  /** The log's topic id, which tells it from one that was deleted and made again. */
  readonly topicId?: Uuid;
  /**
   * The whole of a loss that has several entries, one for each device: half-open offsets. Entries of one log and device
   * that begin with the same offset tell of the same loss; the one that reaches further counts.
   */
  readonly lossStart?: number;
  readonly lossEnd?: number;
  /** The uplink that will not carry them, where only one is concerned. */
  readonly uplink?: string;
  /** Of the first and last record, milliseconds since 1970; else when it was noted. */
  readonly fromMs?: number;
  readonly toMs?: number;
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
interface OpenGap extends Pick<Gap, "topicId" | "lossStart" | "lossEnd" | "uplink"> {
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

/** Entries in one batch of `record`. */
const RECORD_ENTRIES = 500;
/** How soon it is tried again where the log refuses a batch of `record`. */
const RECORD_RETRY_MS = 1_000;

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
  #closed = false;
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
    this.#merge(openGap(gap, nowMs));
    this.#flushLater();
  }

  /**
   * Writes these down as they are, at once; `done` runs once no power cut can take that, however long it is tried.
   * For losses that may not happen before they are in the ledger.
   */
  record(gaps: readonly Gap[], done: () => void): void {
    for (const gap of gaps) this.#count += gap.count;
    this.#write(gaps, done);
  }

  #write(gaps: readonly Gap[], done: () => void): void {
    const partition = this.#partition();
    const endOffset = partition === null ? null : this.#append(partition, gaps);
    const again = (): void => {
      if (!this.#closed) this.#broker.clock.after(RECORD_RETRY_MS, () => this.#write(gaps, done));
    };
    if (partition === null || endOffset === null) again();
    else partition.whenOnDisk(endOffset, (error) => (error === 0 ? done() : again()));
  }

  /** Where the ledger ends behind them; null where the log takes them not. */
  #append(partition: Partition, gaps: readonly Gap[]): number | null {
    const nowMs = this.#broker.clock.nowMs();
    let endOffset: number = partition.log.logEndOffset;
    for (let at = 0; at < gaps.length; at += RECORD_ENTRIES) {
      const builder = new BatchBuilder();
      for (const gap of gaps.slice(at, at + RECORD_ENTRIES)) {
        const key = gap.key ?? (gap.device === null ? null : encoder.encode(gap.device));
        const value = encoder.encode(JSON.stringify(entryOf(openGap(gap, nowMs), nowMs)));
        builder.append(nowMs, key, value, null);
      }
      const batch = builder.buildView();
      const result = partition.append(batch, 0, batch.length, nowMs, "broker");
      if ("message" in result) {
        this.#refused(result.error);
        return null;
      }
      endOffset = result.lastOffset + 1;
    }
    this.#failing = false;
    return endOffset;
  }

  #partition(): Partition | null {
    this.#makeTopic();
    return this.#broker.partition(GAP_TOPIC, 0);
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
        isArrival: true,
        headers: null,
      });
      this.#written.push({ batch, gap });
    }
    this.#flushLater();
  }

  close(): void {
    this.#closed = true;
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
    if (refused !== 0) this.#refused(refused);
    else this.#failing = false;
    if (this.#written.length > 0) this.#flushLater();
  }

  #refused(kafkaError: number): void {
    if (!this.#failing) {
      const topic = GAP_TOPIC;
      this.#logger.warn("losses can't be written down; they are kept until they can", { topic, kafkaError });
    }
    this.#failing = true;
  }

  #merge(gap: OpenGap): void {
    let { device, topic, mqttTopic, partition, firstOffset, lastOffset } = gap;
    let key = `${gap.reason}\0${device}\0${topic}\0${mqttTopic}\0${partition}\0${gap.uplink}`;
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
      this.#broker.createTopic({ name: GAP_TOPIC, partitionCount: 1, configs: TOPIC_CONFIGS }, () => {});
    } catch (error) {
      if (!hasCode(error, "DISK_IO")) throw error;
    }
  }
}

/** An entry as it stands in the topic. Times are ISO 8601. */
function entryOf(gap: OpenGap, nowMs: number): Record<string, unknown> {
  const { reason, device, topic, topicId, mqttTopic, partition, firstOffset, lastOffset, count, bytes } = gap;
  const { lossStart, lossEnd, uplink } = gap;
  // What is undefined is left out by JSON.
  return {
    ...{ at: isoTime(nowMs), reason, device, topic, topicId, mqttTopic, partition, firstOffset, lastOffset },
    ...{ count, bytes, from: isoTime(gap.fromMs), to: isoTime(gap.toMs), lossStart, lossEnd, uplink },
  };
}

function openGap(gap: Gap, nowMs: number): OpenGap {
  const { reason, device, topic, mqttTopic, partition, firstOffset, lastOffset, count, bytes } = gap;
  const { topicId, lossStart, lossEnd, uplink, fromMs = nowMs, toMs = nowMs } = gap;
  return {
    ...{ reason, device, topic, mqttTopic, partition, firstOffset, lastOffset, count, bytes, fromMs, toMs },
    ...(topicId === undefined ? {} : { topicId }),
    ...(lossStart === undefined || lossEnd === undefined ? {} : { lossStart, lossEnd }),
    ...(uplink === undefined ? {} : { uplink }),
  };
}

/** A record's time may be any number; those that no calendar has are told as the nearest that it has. */
function isoTime(timeMs: number): string {
  return new Date(Math.max(-MAX_TIME_MS, Math.min(MAX_TIME_MS, timeMs))).toISOString();
}

/** Of ECMAScript's dates. */
const MAX_TIME_MS = 8_640_000_000_000_000;

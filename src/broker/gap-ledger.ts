import { hasCode } from "../base/errors.ts";
import type { Uuid } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import type { Timer } from "../io/clock.ts";
import { errorName } from "../kafka/wire/generated/errors.ts";
import type { Broker } from "./broker.ts";
import { gapRecord, type TimedGap, timedGap } from "./gap-entry.ts";
import { GapWriter } from "./gap-writer.ts";
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
export const LOSS_REASONS = [
  /** Too old, or too many for the topic, before an uplink had carried them. */
  "retention",
  /** They made room on a full disk, or below `log.max.bytes`. */
  "disk-full",
  /** A client deleted them or their topic before an uplink had carried them, or nobody had said why they are gone. */
  "deleted",
  /** Damage: the file was set aside, or a batch can't be read. */
  "quarantine",
  /** An append that was refused for want of space. Who sent it may send it again. */
  "refused",
  /** The centre will never take them; they are still stored here. */
  "uplink-refused",
  /** An operator had an uplink skip them. */
  "skipped",
  /** They were at the centre, whose topic was deleted and made again, and do not go up a second time (recreated.topics). */
  "centre-deleted",
] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

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

/** At most one flush in this time: what comes meanwhile is one record a device, reason and topic. */
const FLUSH_INTERVAL_MS = 1_000;
/** Bytes of a batch that are kept for what the broker adds to records while the clock is not known. */
const HEADERS_BYTES = 256;
/** Kinds of gaps held at once. From half of it on topics are not told apart, at the whole of it devices neither. */
export const MAX_OPEN_GAPS = 8_192;

/** Says why a topic can't have these settings because it is the ledger; null where it can. */
export function ledgerConfigFault(topic: string, configs: ReadonlyMap<string, string>): string | null {
  if (topic !== GAP_TOPIC || configs.get("cleanup.policy")?.includes("compact") !== true) return null;
  return `Topic '${topic}' tells of what was lost, several times of a device: compaction would take that. Leave cleanup.policy at delete.`;
}

/**
 * Writes down what is lost, so that nothing disappears silently: records of JSON in an ordinary topic, whose key is the
 * device. Nothing is written where nothing is lost, nor is the topic made, but where somebody carries it elsewhere (see
 * `prepare`). What can't be written is kept, and merged with what comes, until it can.
 */
export class GapLedger implements GapNotes {
  readonly #broker: Broker;
  readonly #logger: Logger;
  #open = new Map<string, TimedGap>();
  /** Handed to the log, which has not said yet whether it took them. */
  #written: { readonly batch: PendingBatch; readonly gap: TimedGap }[] = [];
  #timer: Timer | null = null;
  readonly #writer: GapWriter;
  /** Whether the log refused what was noted. */
  #isRefused = false;
  /** Why it refused something last. */
  #kafkaError = 0;
  readonly #counts = new Map<string, number>();

  constructor(broker: Broker, logger: Logger) {
    this.#broker = broker;
    this.#logger = logger;
    this.#writer = new GapWriter(
      broker.clock,
      () => this.#partition(),
      (error) => this.#refused(error),
    );
  }

  /** What was noted since the start, in records or messages. */
  get lostCount(): number {
    return this.#counts.values().reduce((sum, count) => sum + count, 0);
  }

  /** The same for one reason; "other" is every word that is not among `LOSS_REASONS`. */
  countOf(reason: LossReason | "other"): number {
    return this.#counts.get(reason) ?? 0;
  }

  #countIn({ reason, count }: Gap): void {
    const word = LOSS_REASONS.find((known) => known === reason) ?? "other";
    this.#counts.set(word, this.countOf(word) + count);
  }

  /** Why losses can't be written down at the moment, in words; null where they can. */
  get fault(): string | null {
    if (!this.#isRefused && !this.#writer.isStuck) return null;
    return `losses can't be written down, the topic ${GAP_TOPIC} refuses them (${errorName(this.#kafkaError)})`;
  }

  note(gap: Gap): void {
    const nowMs = this.#broker.clock.nowMs();
    this.#countIn(gap);
    this.#merge(timedGap(gap, nowMs));
    this.#flushLater();
  }

  /**
   * Writes these down as they are, at once; `done` runs once no power cut can take that, however long it is tried.
   * For losses that may not happen before they are in the ledger.
   */
  record(gaps: readonly Gap[], done: () => void): void {
    for (const gap of gaps) this.#countIn(gap);
    this.#writer.write(gaps, done);
  }

  /** Has the topic there, and room for its entries: a disk that is full to the last byte has none for either. */
  prepare(): void {
    this.#writer.prepare();
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
    const maxBytes = this.#partition()?.log.config.maxMessageBytes ?? Number.MAX_SAFE_INTEGER;
    for (const gap of open.values()) {
      const { key, value } = gapRecord(gap, nowMs, maxBytes - HEADERS_BYTES);
      const batch = this.#broker.ingest.append({
        ...{ topic: GAP_TOPIC, key, value, headers: null },
        ...{ timestampMs: nowMs, isArrival: true },
      });
      this.#written.push({ batch, gap });
    }
    this.#flushLater();
  }

  close(): void {
    this.#writer.close();
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
    this.#isRefused = refused !== 0;
    if (this.#written.length > 0) this.#flushLater();
  }

  #refused(kafkaError: number): void {
    if (this.fault === null) {
      const topic = GAP_TOPIC;
      this.#logger.warn("losses can't be written down; they are kept until they can", { topic, kafkaError });
    }
    this.#kafkaError = kafkaError;
  }

  #merge(gap: TimedGap): void {
    let { device, key: deviceKey, topic, mqttTopic, partition, firstOffset, lastOffset } = gap;
    let key = `${gap.reason}\0${device}\0${topic}\0${mqttTopic}\0${partition}\0${gap.uplink}`;
    let known = this.#open.get(key);
    // Each record of the log that was not taken may come back here.
    const held = this.#open.size + this.#written.length;
    if (known === undefined && held >= MAX_OPEN_GAPS / 2) {
      topic = mqttTopic = partition = firstOffset = lastOffset = undefined;
      if (held >= MAX_OPEN_GAPS) {
        device = null;
        deviceKey = undefined;
      }
      key = `${gap.reason}\0${device}`;
      known = this.#open.get(key);
    }
    if (known === undefined) {
      const kind = { device, key: deviceKey, topic, mqttTopic, partition, firstOffset, lastOffset };
      this.#open.set(key, { ...gap, ...kind });
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

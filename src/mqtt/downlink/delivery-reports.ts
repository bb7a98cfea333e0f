import type { Logger } from "../../base/logger.ts";
import type { Ingest, PendingBatch } from "../../broker/ingest.ts";
import type { Clock } from "../../io/clock.ts";
import type { DeliveryEnd, MessageOrigin } from "../sessions/outbound.ts";
import type { MqttStats } from "../stats.ts";

/** Where a record stands, and the key that reports about it have. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Uint8Array | null;
}

/** What became of a record; "nobody" where there was none to take it. */
export type DeliveryStatus = DeliveryEnd | "nobody";

/** What reports need of the door. */
export interface ReportingParts {
  readonly ingest: Ingest;
  readonly clock: Clock;
  readonly log: Logger;
  readonly stats: Pick<MqttStats, "downlinkReportsRefused">;
}

/** Reports that can't be written are told of no more often than this. */
const SAY_INTERVAL_MS = 60_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Writes to a topic what became of records that were published to MQTT clients. A report that the topic does not take is
 * counted and told of, and is not tried again: what it is about has happened, and holds nothing up.
 */
export class DeliveryReports {
  readonly #ingest: Ingest;
  readonly #clock: Clock;
  readonly #topic: string;
  readonly #downlink: string;
  readonly #log: Logger;
  readonly #stats: ReportingParts["stats"];
  /** How many reports are in each batch that waits for the log: a batch a turn and partition. */
  readonly #waiting = new Map<PendingBatch, number>();
  /** Reports that the topic did not take, since that was last said. */
  #refused = 0;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(
    { ingest, clock, log, stats }: ReportingParts,
    { name: downlink, topic }: { readonly name: string; readonly topic: string },
  ) {
    this.#ingest = ingest;
    this.#clock = clock;
    this.#log = log;
    this.#stats = stats;
    this.#downlink = downlink;
    this.#topic = topic;
  }

  report(place: RecordPlace, clientId: string | null, status: DeliveryStatus): void {
    const { topic, partition, offset, key } = place;
    const nowMs = this.#clock.nowMs();
    const at = new Date(nowMs).toISOString();
    const value = encoder.encode(JSON.stringify({ topic, partition, offset, clientId, status, at }));
    const record = { topic: this.#topic, key, value, timestampMs: nowMs, isArrival: true, headers: null };
    const batch = this.#ingest.append(record);
    if (batch.state === "refused") this.#noteRefused(1, batch.error);
    else if (batch.state === "waiting") this.#waiting.set(batch, (this.#waiting.get(batch) ?? 0) + 1);
  }

  /** Something may have settled. */
  settle(): void {
    for (const [batch, count] of this.#waiting) {
      if (batch.state === "waiting") continue;
      this.#waiting.delete(batch);
      if (batch.state === "refused") this.#noteRefused(count, batch.error);
    }
  }

  #noteRefused(count: number, kafkaError: number): void {
    this.#stats.downlinkReportsRefused += count;
    this.#refused += count;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#saidMs + SAY_INTERVAL_MS) return;
    const fields = { downlink: this.#downlink, topic: this.#topic, kafkaError, reports: this.#refused };
    this.#log.warn("delivery reports can't be written", fields);
    this.#saidMs = nowMs;
    this.#refused = 0;
  }

  /** What a message carries so that it is reported what becomes of it, also after a restart. */
  origin(place: RecordPlace): MessageOrigin {
    return {
      bytes: originBytes(this.#downlink, place),
      ended: (clientId, end) => this.report(place, clientId, end),
    };
  }
}

/** The origin of a message as it is kept: `[downlink, topic, partition, offset, key in base64 or null]` as JSON. */
function originBytes(downlink: string, { topic, partition, offset, key }: RecordPlace): Uint8Array {
  const shownKey = key === null ? null : key.toBase64();
  return encoder.encode(JSON.stringify([downlink, topic, partition, offset, shownKey]));
}

/** Whose message it was and where its record stands; null for bytes that are no origin of a downlink. */
export function readOrigin(
  bytes: Uint8Array,
): { readonly downlink: string; readonly place: RecordPlace } | null {
  let fields: unknown;
  try {
    fields = JSON.parse(decoder.decode(bytes));
  } catch {
    return null;
  }
  if (!Array.isArray(fields)) return null;
  const [downlink, topic, partition, offset, key] = fields as unknown[];
  if (typeof downlink !== "string" || typeof topic !== "string") return null;
  if (typeof partition !== "number" || typeof offset !== "number") return null;
  const place = {
    topic,
    partition,
    offset,
    key: typeof key === "string" ? Uint8Array.fromBase64(key) : null,
  };
  return { downlink, place };
}

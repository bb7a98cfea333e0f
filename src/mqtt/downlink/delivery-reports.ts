import type { Logger } from "../../base/logger.ts";
import type { Ingest } from "../../broker/ingest.ts";
import type { Clock } from "../../io/clock.ts";
import type { DeliveryEnd, MessageOrigin } from "../sessions/outbound.ts";

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
}

/** Reports that can't be written are told of no more often than this. */
const SAY_INTERVAL_MS = 60_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Writes to a topic what became of records that were published to MQTT clients. */
export class DeliveryReports {
  readonly #ingest: Ingest;
  readonly #clock: Clock;
  readonly #topic: string;
  readonly #downlink: string;
  readonly #log: Logger;
  /** Reports that the topic did not take, since that was last said. */
  #refused = 0;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(
    { ingest, clock, log }: ReportingParts,
    { name: downlink, topic }: { readonly name: string; readonly topic: string },
  ) {
    this.#ingest = ingest;
    this.#clock = clock;
    this.#log = log;
    this.#downlink = downlink;
    this.#topic = topic;
  }

  report(place: RecordPlace, clientId: string | null, status: DeliveryStatus): void {
    const { topic, partition, offset, key } = place;
    const nowMs = this.#clock.nowMs();
    const at = new Date(nowMs).toISOString();
    const value = encoder.encode(JSON.stringify({ topic, partition, offset, clientId, status, at }));
    const record = { topic: this.#topic, key, value, timestampMs: nowMs, headers: null };
    const batch = this.#ingest.append(record);
    if (batch.state === "refused") this.#sayRefused(batch.error);
  }

  #sayRefused(kafkaError: number): void {
    this.#refused++;
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

import type { Ingest, IngestRecord, PendingBatch } from "../broker/ingest.ts";
import type { PublishView } from "./packets/publish.ts";
import { payloadTimestampMs } from "./payload-timestamp.ts";
import { headersWithProperties } from "./record-headers.ts";
import type { Destination } from "./routes.ts";
import type { MqttStats } from "./stats.ts";

const NO_BYTES = new Uint8Array(0);

/** Turns PUBLISHes into records: topic, key, timestamp and headers from the route, the payload as it is. */
export class PublishIngest {
  readonly #ingest: Ingest;
  readonly #stats: MqttStats;
  readonly #record: IngestRecord = { topic: "", key: null, value: null, timestampMs: 0, headers: null };

  constructor(ingest: Ingest, stats: MqttStats) {
    this.#ingest = ingest;
    this.#stats = stats;
  }

  /** Appends a PUBLISH that arrived at `nowMs`. */
  append(to: Destination, publish: PublishView, nowMs: number): PendingBatch {
    const { bytes, properties, payloadStart, payloadEnd } = publish;
    const value = payloadStart === payloadEnd ? NO_BYTES : bytes.subarray(payloadStart, payloadEnd);
    return this.#append(to, value, bytes, properties.start, properties.end, nowMs);
  }

  /** Appends a message whose properties stand alone, as a will's do. */
  appendMessage(
    to: Destination,
    payload: Uint8Array,
    properties: Uint8Array | null,
    nowMs: number,
  ): PendingBatch {
    const own = properties ?? NO_BYTES;
    return this.#append(to, payload, own, 0, own.length, nowMs);
  }

  #append(
    to: Destination,
    value: Uint8Array,
    properties: Uint8Array,
    start: number,
    end: number,
    nowMs: number,
  ): PendingBatch {
    const record = this.#record;
    record.topic = to.topic;
    record.key = to.key;
    record.value = value;
    record.timestampMs = to.timestamp === null ? nowMs : this.#readingMs(to, value, nowMs);
    record.headers =
      end > start ? headersWithProperties(to.headers, properties, start, end) : to.encodedHeaders;
    return this.#ingest.append(record);
  }

  #readingMs(to: Destination, payload: Uint8Array, nowMs: number): number {
    const timeMs = to.timestamp === null ? Number.NaN : payloadTimestampMs(payload, to.timestamp, nowMs);
    if (!Number.isNaN(timeMs)) return timeMs;
    this.#stats.timestampFallbacks++;
    return nowMs;
  }
}

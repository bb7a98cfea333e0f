import type { Ingest, IngestRecord, PendingBatch } from "../broker/ingest.ts";
import { BatchJoiner, IN_THE_LOG } from "./joined-batch.ts";
import type { Qos } from "./packets/codes.ts";

import type { PublishView } from "./packets/publish.ts";
import { payloadTimestampMs, type TimestampRule } from "./payload-timestamp.ts";
import { PayloadFault } from "./payloads/fault.ts";
import type { Decoded, DecodedRecord } from "./payloads/pipeline.ts";
import type { PayloadState } from "./payloads/state.ts";
import {
  deadLetterBlock,
  type HeaderBlock,
  headersWithProperties,
  joinBlocks,
  withCount,
} from "./record-headers.ts";
import type { Decoding, Destination } from "./routes.ts";
import { MESSAGE_TOO_LARGE } from "./settled-batches.ts";
import type { MqttStats } from "./stats.ts";

const NO_BYTES = new Uint8Array(0);

/** The properties of a PUBLISH: a part of its packet's bytes. */
interface PropertyBytes {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** A message that is in no packet: a will, or one from inside. */
interface WholeMessage {
  readonly payload: Uint8Array;
  readonly properties: Uint8Array | null;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Seconds, or -1 for no end. */
  readonly expirySec: number;
}

/** Turns PUBLISHes into records: topic, key, timestamp and headers from the route, payloads as the route has it. */
export class PublishIngest {
  readonly #ingest: Ingest;
  readonly #stats: MqttStats;
  readonly #payloads: PayloadState;
  readonly #joiner = new BatchJoiner();
  readonly #record: IngestRecord & { isArrival: boolean } = {
    topic: "",
    key: null,
    value: null,
    timestampMs: 0,
    isArrival: true,
    headers: null,
  };

  constructor(ingest: Ingest, stats: MqttStats, payloads: PayloadState) {
    this.#ingest = ingest;
    this.#stats = stats;
    this.#payloads = payloads;
  }

  /** Appends a PUBLISH of this client that arrived at `nowMs`. `payload`: what the view has as its payload. */
  append(
    place: Destination,
    publish: PublishView,
    clientId: string,
    nowMs: number,
    payload = payloadOf(publish),
  ): PendingBatch {
    const { bytes, properties } = publish;
    const to = place.delivery?.of(publish.qos, publish.retain, properties.messageExpirySec) ?? place;
    if (to.decoding !== null) {
      const { start, end } = properties;
      return this.#decode(to, to.decoding, payload, { bytes, start, end }, clientId, nowMs);
    }
    return this.#pass(to, payload, bytes, properties.start, properties.end, nowMs);
  }

  /** Appends a message whose properties stand alone, as a will's do. `mark`: headers that its records get beside theirs. */
  appendMessage(
    place: Destination,
    message: WholeMessage,
    clientId: string,
    nowMs: number,
    mark: HeaderBlock | null = null,
  ): PendingBatch {
    const { payload, properties, qos, retain, expirySec } = message;
    const unmarked = place.delivery?.of(qos, retain, expirySec) ?? place;
    const to = mark === null ? unmarked : marked(unmarked, mark);
    const bytes = properties ?? NO_BYTES;
    const end = bytes.length;
    if (to.decoding !== null) {
      return this.#decode(to, to.decoding, payload, { bytes, start: 0, end }, clientId, nowMs);
    }
    return this.#pass(to, payload, bytes, 0, end, nowMs);
  }

  /** The hot path: nothing but the view of the payload is made for a message without properties. */
  #pass(
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
    const readingMs = to.timestamp === null ? Number.NaN : this.#readingMs(to.timestamp, value, nowMs);
    record.isArrival = Number.isNaN(readingMs);
    record.timestampMs = record.isArrival ? nowMs : readingMs;
    record.headers =
      end > start ? headersWithProperties(to.headers, properties, start, end) : to.encodedHeaders;
    return this.#ingest.append(record);
  }

  /** Appends what the payload holds, all of it in one batch; or, where something is wrong, the payload as it is. */
  #decode(
    to: Destination,
    decoding: Decoding,
    payload: Uint8Array,
    properties: PropertyBytes,
    clientId: string,
    nowMs: number,
  ): PendingBatch {
    const decoded = decoding.pipeline.run(payload, decoding.origin, nowMs, this.#payloads);
    if (decoded instanceof PayloadFault) {
      return this.#deadLetter(decoding, payload, properties, clientId, decoded.reason, nowMs);
    }
    const batch = this.#appendAll(to, decoding, decoded, properties, nowMs);
    if (batch.state === "refused" && batch.error === MESSAGE_TOO_LARGE) {
      const reason = "its records are more than the topic takes in a batch";
      return this.#deadLetter(decoding, payload, properties, clientId, reason, nowMs);
    }
    if (batch.state === "refused") return batch;
    this.#count(decoded);
    decoded.commit(batch);
    let all = batch;
    // Who is left out for a value that is still on its way is stored when that is.
    for (const earlier of decoded.waitsFor) all = this.#joiner.join(all, earlier);
    for (const own of decoded.own) this.#payloads.publish(own);
    return all;
  }

  /** All records in one batch; where there are none, there is nothing to wait for. */
  #appendAll(
    to: Destination,
    decoding: Decoding,
    decoded: Decoded,
    properties: PropertyBytes,
    nowMs: number,
  ): PendingBatch {
    if (decoded.records.length === 0) return IN_THE_LOG;
    const headers = withProperties(to.headers, properties);
    const records = decoded.records.map((one) => toRecord(to, one, headers, nowMs));
    const [single] = records;
    // A route that splits places all its records alike, however many a message has: else a key would have two homes.
    return decoding.pipeline.splits || single === undefined
      ? this.#ingest.appendTogether(records, decoding.placement)
      : this.#ingest.append(single);
  }

  #count({ records, unchanged }: Decoded): void {
    const stats = this.#stats;
    for (const one of records) if (Number.isNaN(one.timestampMs)) stats.timestampFallbacks++;
    stats.recordsUnchanged += unchanged;
    if (records.length === 0) stats.publishesUnchanged++;
    else stats.splitRecords += records.length - 1;
  }

  #deadLetter(
    decoding: Decoding,
    payload: Uint8Array,
    properties: PropertyBytes,
    clientId: string,
    reason: string,
    nowMs: number,
  ): PendingBatch {
    const block = deadLetterBlock(decoding.deadLetterHeaders, clientId, reason);
    const batch = this.#ingest.append({
      topic: decoding.deadLetterTopic,
      key: decoding.placement,
      value: payload,
      timestampMs: nowMs,
      isArrival: true,
      headers: withProperties(block, properties),
    });
    if (batch.state !== "refused") this.#stats.deadLetters++;
    return batch;
  }

  /** NaN where the payload has no time that can be right. */
  #readingMs(rule: TimestampRule, payload: Uint8Array, nowMs: number): number {
    const timeMs = payloadTimestampMs(payload, rule, nowMs);
    if (Number.isNaN(timeMs)) this.#stats.timestampFallbacks++;
    return timeMs;
  }
}

function payloadOf({ bytes, payloadStart, payloadEnd }: PublishView): Uint8Array {
  return payloadStart === payloadEnd ? NO_BYTES : bytes.subarray(payloadStart, payloadEnd);
}

function marked(to: Destination, mark: HeaderBlock): Destination {
  const headers = joinBlocks(to.headers, mark);
  const { decoding } = to;
  return {
    ...to,
    headers,
    encodedHeaders: withCount(headers),
    decoding:
      decoding === null
        ? null
        : { ...decoding, deadLetterHeaders: joinBlocks(decoding.deadLetterHeaders, mark) },
  };
}

function withProperties(block: HeaderBlock, { bytes, start, end }: PropertyBytes): Uint8Array | null {
  return end > start ? headersWithProperties(block, bytes, start, end) : withCount(block);
}

function toRecord(
  to: Destination,
  decoded: DecodedRecord,
  headers: Uint8Array | null,
  nowMs: number,
): IngestRecord {
  return {
    topic: to.topic,
    key: decoded.key ?? to.key,
    value: decoded.value,
    timestampMs: Number.isNaN(decoded.timestampMs) ? nowMs : decoded.timestampMs,
    isArrival: Number.isNaN(decoded.timestampMs),
    headers,
  };
}

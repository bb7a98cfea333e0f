import { MAX_VARINT_BYTES, putVarint } from "../base/varint.ts";
import { MQTT_LETTER_HEADERS } from "../coordinators/dead-letters/letter.ts";
import { Property } from "./packets/properties.ts";

/**
 * Record headers as they stand in a Kafka record batch v2: a varint count, then per header a varint key
 * length, the key, a varint value length, the value. Varints are zigzag.
 */
export const TOPIC_HEADER = "mqtt.topic";
/** Headers of dead letters: the filter of the route, who sent it, and what is wrong. */
export const ROUTE_HEADER = "mqtt.route";
const CLIENT_ID_HEADER = "mqtt.client-id";
const CONTENT_TYPE_HEADER = "mqtt.content-type";
const RESPONSE_TOPIC_HEADER = "mqtt.response-topic";
const CORRELATION_DATA_HEADER = "mqtt.correlation-data";
const PAYLOAD_FORMAT_HEADER = "mqtt.payload-format";
/** How a message was published, where its route has it so; or how a record is to be. */
export const QOS_HEADER = "mqtt.qos";
export const RETAIN_HEADER = "mqtt.retain";
/** Seconds from the record's timestamp on. */
export const EXPIRY_HEADER = "mqtt.message-expiry";

/** Header names that say something about the record, not by its sender: a user property may not pose as one. */
const OWN_PREFIXES = ["mqtt.", "headwater."];
const RENAMED_PREFIX = "user.";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Headers of a kind: how many, and their bytes without the count. */
export interface HeaderBlock {
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** Encodes headers without their count. */
export function headerBlock(headers: readonly (readonly [string, Uint8Array])[]): HeaderBlock {
  const sink = new HeaderSink();
  for (const [key, value] of headers) sink.add(encoder.encode(key), value, 0, value.length);
  return { count: sink.count, bytes: sink.take() };
}

/** A block with its count before it, or null where there is no header. */
export function withCount(block: HeaderBlock): Uint8Array | null {
  if (block.count === 0) return null;
  const sink = new HeaderSink();
  sink.zigzag(block.count);
  sink.raw(block.bytes);
  return sink.take();
}

/**
 * The headers of a record whose PUBLISH had properties: the route's, then content type, response topic,
 * correlation data, payload format and the user properties in their order. The bytes were checked when the
 * packet was read. A user property called `mqtt.*` or `headwater.*` becomes `user.mqtt.*`, so that no sender
 * can pose as the broker.
 */
export function headersWithProperties(
  route: HeaderBlock,
  bytes: Uint8Array,
  start: number,
  end: number,
): Uint8Array | null {
  const sink = new HeaderSink();
  for (let at = start; at < end; ) at = addProperty(sink, bytes, at);
  const all: HeaderBlock = { count: route.count + sink.count, bytes: concat(route.bytes, sink.take()) };
  return withCount(all);
}

/** Headers of one block and then those of another. */
export function joinBlocks(first: HeaderBlock, second: HeaderBlock): HeaderBlock {
  return { count: first.count + second.count, bytes: concat(first.bytes, second.bytes) };
}

/** A block and what a dead letter says beside it. */
export function deadLetterBlock(route: HeaderBlock, clientId: string, reason: string): HeaderBlock {
  const own = headerBlock([
    [CLIENT_ID_HEADER, encoder.encode(clientId)],
    [MQTT_LETTER_HEADERS.REASON, encoder.encode(reason)],
  ]);
  return joinBlocks(route, own);
}

function addProperty(sink: HeaderSink, bytes: Uint8Array, at: number): number {
  const id = bytes[at];
  const first = at + 3;
  const firstEnd = first + (((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0));
  switch (id) {
    case Property.PAYLOAD_FORMAT:
      sink.add(PAYLOAD_FORMAT_NAME, bytes[at + 1] === 1 ? UTF8_VALUE : BYTES_VALUE, 0, null);
      return at + 2;
    case Property.TOPIC_ALIAS:
      return at + 3;
    case Property.MESSAGE_EXPIRY:
      return at + 5;
    case Property.CONTENT_TYPE:
      sink.add(CONTENT_TYPE_NAME, bytes, first, firstEnd);
      return firstEnd;
    case Property.RESPONSE_TOPIC:
      sink.add(RESPONSE_TOPIC_NAME, bytes, first, firstEnd);
      return firstEnd;
    case Property.CORRELATION_DATA:
      sink.add(CORRELATION_DATA_NAME, bytes, first, firstEnd);
      return firstEnd;
    default: {
      const value = firstEnd + 2;
      const valueEnd = value + (((bytes[firstEnd] ?? 0) << 8) | (bytes[firstEnd + 1] ?? 0));
      sink.add(userHeaderName(bytes.subarray(first, firstEnd)), bytes, value, valueEnd);
      return valueEnd;
    }
  }
}

const CONTENT_TYPE_NAME = encoder.encode(CONTENT_TYPE_HEADER);
const RESPONSE_TOPIC_NAME = encoder.encode(RESPONSE_TOPIC_HEADER);
const CORRELATION_DATA_NAME = encoder.encode(CORRELATION_DATA_HEADER);
const PAYLOAD_FORMAT_NAME = encoder.encode(PAYLOAD_FORMAT_HEADER);
const UTF8_VALUE = encoder.encode("utf-8");
const BYTES_VALUE = encoder.encode("bytes");

function userHeaderName(name: Uint8Array): Uint8Array {
  const text = decoder.decode(name);
  return OWN_PREFIXES.some((prefix) => text.startsWith(prefix))
    ? encoder.encode(RENAMED_PREFIX + text)
    : name;
}

function concat(left: Uint8Array, right: Uint8Array): Uint8Array {
  const all = new Uint8Array(left.length + right.length);
  all.set(left);
  all.set(right, left.length);
  return all;
}

const FIRST_SINK_BYTES = 64;

class HeaderSink {
  count = 0;
  #bytes = new Uint8Array(FIRST_SINK_BYTES);
  #length = 0;

  add(key: Uint8Array, from: Uint8Array, start: number, end: number | null): void {
    const value = from.subarray(start, end ?? from.length);
    this.zigzag(key.length);
    this.raw(key);
    this.zigzag(value.length);
    this.raw(value);
    this.count++;
  }

  zigzag(value: number): void {
    this.#reserve(MAX_VARINT_BYTES);
    this.#length = putVarint(this.#bytes, this.#length, value);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#length + count, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

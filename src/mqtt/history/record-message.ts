import type { RecordCursor } from "../../records/reader.ts";
import type { Qos } from "../packets/codes.ts";
import { Property } from "../packets/properties.ts";
import { decodeText, isText } from "../packets/reader.ts";
import { EXPIRY_HEADER, QOS_HEADER, RETAIN_HEADER, TOPIC_HEADER } from "../record-headers.ts";
import { topicFault } from "../topics.ts";

/** Largest text or binary field in a packet (MQTT 5, 1.5.4). */
const MAX_FIELD_BYTES = 65_535;
const MAX_EXPIRY_SEC = 0xffff_ffff;
const MAX_EXPIRY_DIGITS = 10;
const RENAMED = /^user\.(?=(?:mqtt|headwater)\.)/;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A record as a PUBLISH: what its headers say beside its value. The bytes are its own. */
export interface RecordMessage {
  readonly payload: Uint8Array;
  /** MQTT 5 properties, without an expiry; null for none. */
  readonly properties: Uint8Array | null;
  /** Null where the record does not say. */
  readonly qos: Qos | null;
  readonly retain: boolean | null;
  /** Seconds from the record's timestamp on, -1 where it does not say. */
  readonly expirySec: number;
  /** Whether it says an expiry that is no whole number of seconds: it was not meant to live for ever. */
  readonly hasBadExpiry: boolean;
}

/**
 * The MQTT topic that a record was published to, or is to be: its header `mqtt.topic`. Null where it has none that
 * is a topic's name.
 */
export function mqttTopicOf(cursor: RecordCursor): string | null {
  const headers = new HeaderWalk(cursor);
  while (headers.next()) {
    if (!headers.isNamed(TOPIC_NAME)) continue;
    const value = headers.value();
    const text = value === null || value.length > MAX_FIELD_BYTES ? null : decodeText(value);
    return text === null || topicFault(text) !== null ? null : text;
  }
  return null;
}

/**
 * Reads a record as a message: content type, response topic, correlation data, payload format, and every other header
 * that is text as a user property, in their order; `mqtt.qos`, `mqtt.retain` and `mqtt.message-expiry` say how it is
 * published. A header that MQTT can't have (not UTF-8, longer than 65,535 bytes, without a value) is left out, as are
 * headers of the gateway's own. A user property that was renamed on its way in has its name back, unless one of `more` has
 * it: those come behind, and no sender may pose as them. With `withProperties` false none is made of the headers.
 */
export function messageOf(
  cursor: RecordCursor,
  withProperties: boolean,
  more: readonly (readonly [string, string])[] = [],
): RecordMessage {
  const sink = new PropertySink();
  let qos: Qos | null = null;
  let retain: boolean | null = null;
  let expirySec = -1;
  let hasBadExpiry = false;
  const headers = new HeaderWalk(cursor);
  while (headers.next()) {
    const value = headers.value();
    if (headers.isNamed(EXPIRY_NAME)) {
      const seconds = value === null ? null : readSeconds(value);
      if (seconds === null) hasBadExpiry = true;
      else expirySec = seconds;
      continue;
    }
    if (value === null || value.length > MAX_FIELD_BYTES) continue;
    const name = headers.name();
    switch (name) {
      case QOS_HEADER:
        qos = readQos(value) ?? qos;
        break;
      case RETAIN_HEADER:
        retain = readFlag(value) ?? retain;
        break;
      default:
        if (withProperties) addHeader(sink, name, headers.nameBytes(), value, more);
        break;
    }
  }
  for (const [name, value] of more) sink.pair(encoder.encode(name), encoder.encode(value));
  return {
    payload: cursor.value()?.slice() ?? new Uint8Array(0),
    properties: sink.take(),
    qos,
    retain,
    expirySec,
    hasBadExpiry,
  };
}

/** The value of a record's first header of this name; null where there is none, or it has no value. */
export function headerOf(cursor: RecordCursor, name: Uint8Array): Uint8Array | null {
  const headers = new HeaderWalk(cursor);
  while (headers.next()) if (headers.isNamed(name)) return headers.value();
  return null;
}

const TOPIC_NAME = encoder.encode(TOPIC_HEADER);
const EXPIRY_NAME = encoder.encode(EXPIRY_HEADER);

function addHeader(
  sink: PropertySink,
  name: string,
  nameBytes: Uint8Array,
  value: Uint8Array,
  more: readonly (readonly [string, string])[],
): void {
  switch (name) {
    case "mqtt.content-type":
      sink.single(Property.CONTENT_TYPE, value, true);
      return;
    case "mqtt.response-topic":
      if (!value.includes(0x23) && !value.includes(0x2b)) sink.single(Property.RESPONSE_TOPIC, value, true);
      return;
    case "mqtt.correlation-data":
      sink.single(Property.CORRELATION_DATA, value, false);
      return;
    case "mqtt.payload-format":
      sink.payloadFormat(decoder.decode(value) === "utf-8" ? 1 : 0);
      return;
  }
  if (name.startsWith("mqtt.") || name.startsWith("headwater.")) return;
  const before = name.replace(RENAMED, "");
  const isBack = before !== name && !more.some(([taken]) => taken === before);
  const own = isBack ? encoder.encode(before) : nameBytes;
  if (own.length > MAX_FIELD_BYTES || !isText(own, 0, own.length) || !isText(value, 0, value.length)) return;
  sink.pair(own, value);
}

function readQos(value: Uint8Array): Qos | null {
  const text = decoder.decode(value);
  return text === "0" ? 0 : text === "1" ? 1 : text === "2" ? 2 : null;
}

function readFlag(value: Uint8Array): boolean | null {
  const text = decoder.decode(value).toLowerCase();
  if (text === "true" || text === "1") return true;
  return text === "false" || text === "0" ? false : null;
}

function readSeconds(value: Uint8Array): number | null {
  if (value.length > MAX_EXPIRY_DIGITS) return null;
  const text = decoder.decode(value);
  if (!/^\d+$/.test(text)) return null;
  return Math.min(Number(text), MAX_EXPIRY_SEC);
}

/** Goes through the headers of the record that a cursor is at; the cursor has checked that they are well formed. */
class HeaderWalk {
  readonly #bytes: Uint8Array;
  #left: number;
  #at: number;
  #nameStart = 0;
  #nameEnd = 0;
  #valueStart = -1;
  #valueEnd = -1;

  constructor(cursor: RecordCursor) {
    this.#bytes = cursor.bytes;
    this.#left = cursor.headerCount;
    this.#at = cursor.headersStart;
    this.#varint();
  }

  next(): boolean {
    if (this.#left <= 0) return false;
    this.#left -= 1;
    const nameBytes = this.#varint();
    this.#nameStart = this.#at;
    this.#at += Math.max(0, nameBytes);
    this.#nameEnd = this.#at;
    const valueBytes = this.#varint();
    this.#valueStart = valueBytes < 0 ? -1 : this.#at;
    this.#at += Math.max(0, valueBytes);
    this.#valueEnd = this.#at;
    return true;
  }

  isNamed(name: Uint8Array): boolean {
    if (this.#nameEnd - this.#nameStart !== name.length) return false;
    for (let index = 0; index < name.length; index++) {
      if (this.#bytes[this.#nameStart + index] !== name[index]) return false;
    }
    return true;
  }

  nameBytes(): Uint8Array {
    return this.#bytes.subarray(this.#nameStart, this.#nameEnd);
  }

  name(): string {
    return decoder.decode(this.nameBytes());
  }

  value(): Uint8Array | null {
    return this.#valueStart < 0 ? null : this.#bytes.subarray(this.#valueStart, this.#valueEnd);
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
  }
}

/** Properties of a PUBLISH, one behind the other (MQTT 5, 2.2.2). What may be there once is there once. */
class PropertySink {
  readonly #parts: Uint8Array[] = [];
  readonly #seen = new Set<number>();
  #length = 0;

  single(id: number, value: Uint8Array, isString: boolean): void {
    if (this.#seen.has(id) || (isString && !isText(value, 0, value.length))) return;
    this.#seen.add(id);
    const part = new Uint8Array(3 + value.length);
    part[0] = id;
    this.#push(putField(part, 1, value));
  }

  payloadFormat(format: 0 | 1): void {
    if (this.#seen.has(Property.PAYLOAD_FORMAT)) return;
    this.#seen.add(Property.PAYLOAD_FORMAT);
    this.#push(Uint8Array.of(Property.PAYLOAD_FORMAT, format));
  }

  pair(name: Uint8Array, value: Uint8Array): void {
    const part = new Uint8Array(5 + name.length + value.length);
    part[0] = Property.USER_PROPERTY;
    putField(part, 1, name);
    this.#push(putField(part, 3 + name.length, value));
  }

  take(): Uint8Array | null {
    if (this.#length === 0) return null;
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  #push(part: Uint8Array): void {
    this.#parts.push(part);
    this.#length += part.length;
  }
}

function putField(into: Uint8Array, at: number, field: Uint8Array): Uint8Array {
  into[at] = field.length >> 8;
  into[at + 1] = field.length & 0xff;
  into.set(field, at + 2);
  return into;
}

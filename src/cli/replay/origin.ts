import { STAMPED_HEADER, TIME_HEADER } from "../../clock/headers.ts";
import type { RecordCursor } from "../../records/reader.ts";
import {
  EPOCH_HEADER,
  GATEWAY_HEADER,
  LOG_HEADER,
  OFFSET_HEADER,
  UPLINK_HEADER,
} from "../../upstream/central-batch.ts";

/** What uplinks add to records begins with this. */
const OWN_PREFIX = "headwater.";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const PREFIX_BYTES = encoder.encode(OWN_PREFIX);
const GATEWAY = encoder.encode(GATEWAY_HEADER);
const LOG = encoder.encode(LOG_HEADER);
const OFFSET = encoder.encode(OFFSET_HEADER);
const UPLINK = encoder.encode(UPLINK_HEADER);
const EPOCH = encoder.encode(EPOCH_HEADER);
const TIME = encoder.encode(TIME_HEADER);
const STAMPED = encoder.encode(STAMPED_HEADER);
const MAX_DIGITS = 16;

/**
 * Reads from a record at the centre where it came from: the headers that an uplink adds (`upstream/central-batch`).
 * One object that each `read` fills anew. Where records went over several gateways, the last one counts: its headers
 * stand last.
 */
export class OriginReader {
  /** Empty where the record came over no uplink. */
  gateway = "";
  /** The uplink that carried it: entries of the ledger say so, other records don't. */
  uplink = "";
  /** `TOPIC_ID/PARTITION` of the log there; empty likewise. */
  log = "";
  /** Which of the log's histories, where a copy of it went on by itself; the first is 0. */
  epoch = 0;
  /** Offset there; -1 likewise. */
  offset = -1;
  /** Timestamp, or the true time where the record brings it. Milliseconds since 1970. */
  timeMs = -1;
  /** The timestamp that the gateway's log has, which a repair of its clock, or the centre, may have changed since. */
  stampMs = -1;
  #stampedMs = -1;
  readonly #gateways = new Interned();
  readonly #logs = new Interned();
  readonly #uplinks = new Interned();

  /** Whether the record came over an uplink. `onOther` gets the range of every other header, name and value. */
  read(record: RecordCursor, onOther?: (start: number, end: number) => void): boolean {
    this.gateway = this.uplink = this.log = "";
    this.offset = this.#stampedMs = -1;
    this.epoch = 0;
    this.timeMs = this.stampMs = record.timestampMs;
    const { bytes } = record;
    let at = afterVarint(bytes, record.headersStart);
    for (let left = record.headerCount; left > 0; left -= 1) {
      const start = at;
      const nameLength = varintAt(bytes, at);
      const nameStart = afterVarint(bytes, at);
      at = nameStart + nameLength;
      const valueLength = varintAt(bytes, at);
      const valueStart = afterVarint(bytes, at);
      at = valueStart + Math.max(0, valueLength);
      if (!startsWith(bytes, nameStart, nameLength, PREFIX_BYTES)) onOther?.(start, at);
      else this.#take(bytes, nameStart, nameLength, valueStart, at);
    }
    return this.offset >= 0 && this.log !== "" && this.gateway !== "";
  }

  #take(bytes: Uint8Array, name: number, nameLength: number, start: number, end: number): void {
    if (equals(bytes, name, nameLength, GATEWAY)) {
      this.gateway = this.#gateways.text(bytes, start, end);
      // What follows is of this hop.
      this.uplink = "";
    } else if (equals(bytes, name, nameLength, UPLINK)) this.uplink = this.#uplinks.text(bytes, start, end);
    else if (equals(bytes, name, nameLength, LOG)) this.log = this.#logs.text(bytes, start, end);
    else if (equals(bytes, name, nameLength, OFFSET)) this.offset = decimal(bytes, start, end);
    else if (equals(bytes, name, nameLength, EPOCH)) this.epoch = Math.max(0, decimal(bytes, start, end));
    else if (equals(bytes, name, nameLength, TIME)) {
      const timeMs = decimal(bytes, start, end);
      // With both headers the stamp is the one before the repair.
      if (timeMs >= 0 && this.#stampedMs < 0) this.stampMs = timeMs;
      if (timeMs >= 0) this.timeMs = timeMs;
    } else if (equals(bytes, name, nameLength, STAMPED)) {
      const stampedMs = decimal(bytes, start, end);
      if (stampedMs >= 0) this.stampMs = this.#stampedMs = stampedMs;
    }
  }
}

/** Neighbours mostly have the same text: it is decoded again only where it changes. */
class Interned {
  #bytes = new Uint8Array(0);
  #text = "";

  text(bytes: Uint8Array, start: number, end: number): string {
    if (!equals(bytes, start, end - start, this.#bytes)) {
      this.#bytes = bytes.slice(start, end);
      this.#text = decoder.decode(this.#bytes);
    }
    return this.#text;
  }
}

/** The number that decimal digits spell, or -1. */
function decimal(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > MAX_DIGITS) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return Number.isSafeInteger(value) ? value : -1;
}

function startsWith(bytes: Uint8Array, start: number, length: number, prefix: Uint8Array): boolean {
  return length >= prefix.length && equals(bytes, start, prefix.length, prefix);
}

function equals(bytes: Uint8Array, start: number, length: number, expected: Uint8Array): boolean {
  if (length !== expected.length) return false;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== expected[i]) return false;
  return true;
}

/** The zigzag varint at a position that a RecordCursor has checked. */
function varintAt(bytes: Uint8Array, position: number): number {
  let value = 0;
  for (let at = position, shift = 0; ; shift += 7) {
    const byte = bytes[at++] as number;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
  }
}

function afterVarint(bytes: Uint8Array, position: number): number {
  let at = position;
  while ((bytes[at++] as number) >= 0x80);
  return at;
}

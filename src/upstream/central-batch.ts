import { assert } from "../base/assert.ts";
import {
  MAX_VARINT_BYTES,
  putVarint,
  putVarlong,
  varintSizeBytes,
  varlongSizeBytes,
} from "../base/varint.ts";
import { releaseMemory } from "../io/release-chunk.ts";
import type { RecordCursor } from "../records/reader.ts";
import type { Timing } from "./times/record-times.ts";

/**
 * Records on their way to one central partition, in the form of a record batch's body (see RecordCursor for the
 * layout). A record moves by a few copies, from where it lies in the source to where it is sent from; its own
 * headers are kept as they are, and those that name its origin are added behind them.
 */
export class CentralBatch {
  /** Only [0, sizeBytes) is filled. */
  bytes: Uint8Array<ArrayBuffer>;
  sizeBytes = 0;
  recordCount = 0;
  baseTimestampMs = 0;
  maxTimestampMs = 0;

  constructor() {
    this.bytes = new Uint8Array(INITIAL_BYTES);
  }

  /** Appends the record that `record` is at, with the time and headers of `timing` where there is one. Copies all it takes. */
  append(record: RecordCursor, origin: OriginHeaders, timing: Timing | null = null): void {
    const timestampMs = timing?.timestampMs ?? record.timestampMs;
    // Its room is reckoned before it is written: a fraction would break the batch.
    assert(Number.isSafeInteger(timestampMs), "timestamp is no safe integer");
    if (this.recordCount === 0) {
      this.baseTimestampMs = timestampMs;
      this.maxTimestampMs = timestampMs;
    } else if (timestampMs > this.maxTimestampMs) this.maxTimestampMs = timestampMs;
    const source = record.bytes;
    const timestampDelta = timestampMs - this.baseTimestampMs;
    const headerCount = record.headerCount + (timing?.headerCount ?? 0) + origin.headerCount;
    const headersStart = afterVarint(source, record.headersStart);
    const digits = digitCount(record.offset);
    const size =
      1 +
      varlongSizeBytes(timestampDelta) +
      varintSizeBytes(this.recordCount) +
      fieldSizeBytes(record.keyStart, record.keyEnd) +
      fieldSizeBytes(record.valueStart, record.valueEnd) +
      varintSizeBytes(headerCount) +
      (record.headersEnd - headersStart) +
      (timing?.headers.length ?? 0) +
      origin.prefix.length +
      1 +
      digits;
    this.#reserve(MAX_VARINT_BYTES + size);
    const bytes = this.bytes;
    let at = putVarint(bytes, this.sizeBytes, size);
    bytes[at++] = 0;
    at = putVarlong(bytes, at, timestampDelta);
    at = putVarint(bytes, at, this.recordCount);
    at = putField(bytes, at, source, record.keyStart, record.keyEnd);
    at = putField(bytes, at, source, record.valueStart, record.valueEnd);
    at = putVarint(bytes, at, headerCount);
    at = copyRun(bytes, at, source, headersStart, record.headersEnd);
    if (timing !== null) {
      bytes.set(timing.headers, at);
      at += timing.headers.length;
    }
    bytes.set(origin.prefix, at);
    at = putVarint(bytes, at + origin.prefix.length, digits);
    putDigits(bytes, at, digits, record.offset);
    this.sizeBytes = at + digits;
    this.recordCount += 1;
  }

  /** Forgets the records. A buffer that grew beyond `RETAINED_BYTES` is given back. */
  reset(): void {
    if (this.bytes.length > RETAINED_BYTES) this.bytes = new Uint8Array(INITIAL_BYTES);
    this.sizeBytes = 0;
    this.recordCount = 0;
  }

  #reserve(sizeBytes: number): void {
    const needed = this.sizeBytes + sizeBytes;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.sizeBytes));
    releaseMemory(this.bytes);
    this.bytes = grown;
  }
}

/**
 * The headers that name where a record came from, after those it has:
 *
 *   headwater.gateway  the gateway's id
 *   headwater.log      `TOPIC_ID/PARTITION`: the log, told apart from one that was deleted and made again
 *   headwater.epoch    which of the log's histories, where a copy of it went on by itself (lineage.ts); without it the first
 *   headwater.uplink   the uplink that carried it; only of entries of the ledger, some of which are about one uplink alone
 *   headwater.offset   its offset there, in decimal
 *
 * All but the value of the last are the same for every record of a partition: `prefix`.
 */
export interface OriginHeaders {
  readonly prefix: Uint8Array;
  readonly headerCount: number;
}

export const GATEWAY_HEADER = "headwater.gateway";
export const LOG_HEADER = "headwater.log";
export const OFFSET_HEADER = "headwater.offset";
/** Only where it is not 0. */
export const EPOCH_HEADER = "headwater.epoch";
export const UPLINK_HEADER = "headwater.uplink";

export function originHeaders(
  gatewayId: string,
  topicId: string,
  partition: number,
  epoch = 0,
  uplink = "",
): OriginHeaders {
  const history = epoch === 0 ? [] : [EPOCH_HEADER, String(epoch)];
  const carrier = uplink === "" ? [] : [UPLINK_HEADER, uplink];
  const log = `${topicId}/${partition}`;
  const texts = [GATEWAY_HEADER, gatewayId, LOG_HEADER, log, ...history, ...carrier, OFFSET_HEADER];
  const parts = texts.map((text) => textEncoder.encode(text));
  const prefix = new Uint8Array(
    parts.reduce((sum, part) => sum + varintSizeBytes(part.length) + part.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    at = putVarint(prefix, at, part.length);
    prefix.set(part, at);
    at += part.length;
  }
  return { prefix, headerCount: (parts.length + 1) / 2 };
}

const textEncoder = new TextEncoder();
const INITIAL_BYTES = 4096;
const RETAINED_BYTES = 512 * 1024;
/** Below this a loop beats the engine's copy, which needs a view made for it. */
const COPY_BY_SET_FROM_BYTES = 48;

function copyRun(target: Uint8Array, at: number, source: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length >= COPY_BY_SET_FROM_BYTES) target.set(source.subarray(start, end), at);
  else for (let i = 0; i < length; i++) target[at + i] = source[start + i] as number;
  return at + length;
}

/** A field that starts at -1 is null. */
function fieldSizeBytes(start: number, end: number): number {
  return start < 0 ? 1 : varintSizeBytes(end - start) + end - start;
}

function putField(target: Uint8Array, at: number, source: Uint8Array, start: number, end: number): number {
  if (start < 0) return putVarint(target, at, -1);
  return copyRun(target, putVarint(target, at, end - start), source, start, end);
}

/** The position after the varint at `position`, which a cursor has read before. */
function afterVarint(bytes: Uint8Array, position: number): number {
  let at = position;
  while ((bytes[at++] as number) >= 0x80);
  return at;
}

function digitCount(value: number): number {
  let count = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) count++;
  return count;
}

function putDigits(target: Uint8Array, position: number, count: number, value: number): void {
  let rest = value;
  for (let at = position + count - 1; at >= position; at--) {
    const next = Math.floor(rest / 10);
    target[at] = 0x30 + (rest - next * 10);
    rest = next;
  }
}

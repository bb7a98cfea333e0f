import { BATCH_HEADER_BYTES } from "../records/batch.ts";
import { maxRecordSizeBytes } from "../records/builder.ts";
import type { Gap } from "./gap-ledger.ts";

/** A gap on its way into the ledger; see Gap. */
export type TimedGap = Pick<Gap, "reason" | "device"> & {
  readonly [Name in "key" | "topicId" | "lossStart" | "lossEnd" | "uplink" | "mqttTopic" | "topic"]:
    | Gap[Name]
    | undefined;
} & {
  readonly partition: number | undefined;
  firstOffset: number | undefined;
  lastOffset: number | undefined;
  count: number;
  bytes: number;
  fromMs: number;
  toMs: number;
};

/** `nowMs`: when it was noted, for one without times of its own. */
export function timedGap(gap: Gap, nowMs: number): TimedGap {
  const { reason, device, key, topic, topicId, mqttTopic, partition, firstOffset, lastOffset } = gap;
  const { count, bytes, fromMs = nowMs, toMs = nowMs, lossStart, lossEnd, uplink } = gap;
  return {
    ...{ reason, device, key, topic, topicId, mqttTopic, partition, firstOffset, lastOffset },
    ...{ count, bytes, fromMs, toMs, lossStart, lossEnd, uplink },
  };
}

/** A record of the ledger. */
export interface GapRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
  /** What it takes of a batch at most. */
  readonly sizeBytes: number;
}

/** Where an entry is too large, its longest texts are cut to the first of these lengths at which it is not. */
const CUT_LENGTHS: readonly number[] = [1024, 256, 64, 8];
/** Ends a text that was cut. */
const CUT_MARK = "…";

const encoder = new TextEncoder();

/**
 * A gap as a record that fits into a batch of `maxBatchBytes`: a device's name, its key and an MQTT topic are cut where
 * it does not, and the entry says `isCut`. What does not fit even so is as short as it gets.
 */
export function gapRecord(gap: TimedGap, nowMs: number, maxBatchBytes: number): GapRecord {
  const room = maxBatchBytes - BATCH_HEADER_BYTES;
  let record = encode(gap, nowMs, false);
  for (const length of CUT_LENGTHS) {
    if (record.sizeBytes <= room) break;
    record = encode(cut(gap, length), nowMs, true);
  }
  return record;
}

/** The key of a gap's entry: its device, so that a device's losses are in one partition and can be found. */
function keyOf({ key, device }: TimedGap): Uint8Array | null {
  return key ?? (device === null ? null : encoder.encode(device));
}

function encode(gap: TimedGap, nowMs: number, isCut: boolean): GapRecord {
  const key = keyOf(gap);
  const value = encoder.encode(JSON.stringify({ ...entryOf(gap, nowMs), ...(isCut ? { isCut } : {}) }));
  return { key, value, sizeBytes: maxRecordSizeBytes(key?.length ?? 0, value.length, 0) };
}

function cut(gap: TimedGap, length: number): TimedGap {
  const { key, device, mqttTopic } = gap;
  const shortened = (text: string): string =>
    text.length <= length ? text : `${text.slice(0, length).toWellFormed()}${CUT_MARK}`;
  return {
    ...gap,
    device: device === null ? null : shortened(device),
    ...(mqttTopic === undefined ? {} : { mqttTopic: shortened(mqttTopic) }),
    ...(key === undefined || key.length <= length
      ? {}
      : { key: Buffer.concat([key.subarray(0, length), encoder.encode(CUT_MARK)]) }),
  };
}

/** An entry as it stands in the topic. Times are ISO 8601. */
function entryOf(gap: TimedGap, nowMs: number): Record<string, unknown> {
  const { reason, device, topic, topicId, mqttTopic, partition, firstOffset, lastOffset, count, bytes } = gap;
  const { lossStart, lossEnd, uplink } = gap;
  const isWhole = lossStart !== undefined && lossEnd !== undefined;
  // What is undefined is left out by JSON.
  return {
    ...{ at: isoTime(nowMs), reason, device, topic, topicId, mqttTopic, partition, firstOffset, lastOffset },
    ...{ count, bytes, from: isoTime(gap.fromMs), to: isoTime(gap.toMs) },
    ...(isWhole ? { lossStart, lossEnd } : {}),
    uplink,
  };
}

/** A record's time may be any number; those that no calendar has are told as the nearest that it has. */
function isoTime(timeMs: number): string {
  return new Date(Math.max(-MAX_TIME_MS, Math.min(MAX_TIME_MS, timeMs))).toISOString();
}

/** Of ECMAScript's dates. */
const MAX_TIME_MS = 8_640_000_000_000_000;

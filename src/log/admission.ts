import { ERROR } from "../kafka/wire/generated/errors.ts";
import {
  batchBaseTimestampMs,
  batchMaxTimestampMs,
  batchProducerId,
  batchSizeBytes,
  checkBatch,
  checkProducedBatch,
  setBatchMaxTimestamp,
} from "../records/batch.ts";
import { checkRecords, type RecordsSummary, recordsWithoutKey } from "../records/reader.ts";
import type { LogConfig } from "./log-config.ts";
import type { ProducerBatch, ProducerStates } from "./producer-state.ts";
import { recompress } from "./recompression.ts";

/** Nothing of the append is in the log. `error` is Kafka's code; `message` goes to the client. */
export interface AppendRefusal {
  readonly error: number;
  readonly message: string;
  /** The records at fault by their places in the batch, where it is not the batch as a whole (KIP-467). */
  readonly records?: readonly number[];
  /** The append was refused for want of space, and may be taken later. */
  readonly diskFull?: true;
}

export type Admission =
  /** `stored` takes the batch's place where the topic wants it compressed otherwise. */
  | { readonly kind: "take"; readonly stored: Uint8Array | null }
  | { readonly kind: "duplicate"; readonly batch: ProducerBatch }
  | { readonly kind: "refuse"; readonly refusal: AppendRefusal };

const TAKE: Admission = { kind: "take", stored: null };
const summary: RecordsSummary = { recordCount: 0, maxTimestampMs: -1 };

/**
 * Judges what a client sent: one batch, sound in every record, with the next sequence of its producer. Where the
 * header's max timestamp is not that of the records it is put right, as Kafka does, since the time index rests
 * on it.
 */
export function admitFromClient(
  bytes: Uint8Array,
  start: number,
  end: number,
  config: LogConfig,
  nowMs: number,
  producers: ProducerStates,
  guard = 0,
): Admission {
  const fault = checkBatch(bytes, start, end) ?? checkProducedBatch(bytes, start);
  if (fault !== null) return refuse(ERROR[fault.error], fault.reason);
  const sizeBytes = batchSizeBytes(bytes, start);
  if (sizeBytes !== end - start) {
    return refuse(ERROR.INVALID_RECORD, "a produce request has one record batch per partition");
  }
  if (sizeBytes > config.maxMessageBytes) return tooLarge(sizeBytes, config);
  if (batchProducerId(bytes, start) >= 0) {
    const check = producers.check(bytes, start, guard);
    if (check.kind === "duplicate") return check;
    if (check.kind === "refused") return refuse(ERROR[check.error], check.reason);
  }
  const recordFault = checkRecords(bytes, start, config.compact, summary);
  if (recordFault !== null) {
    const records = config.compact ? recordsWithoutKey(bytes, start) : [];
    const refusal = { error: ERROR[recordFault.error], message: recordFault.reason };
    return { kind: "refuse", refusal: records.length > 0 ? { ...refusal, records } : refusal };
  }
  if (summary.maxTimestampMs !== batchMaxTimestampMs(bytes, start)) {
    setBatchMaxTimestamp(bytes, start, summary.maxTimestampMs);
  }
  const refusal = timestampRefusal(bytes, start, config, nowMs);
  if (refusal !== null) return { kind: "refuse", refusal };
  const stored = recompress(bytes, start, config);
  if (stored === null) return TAKE;
  return stored.length > config.maxMessageBytes ? tooLarge(stored.length, config) : { kind: "take", stored };
}

/** Judges what the broker built itself: any number of sound batches, markers among them. */
export function admitFromBroker(
  bytes: Uint8Array,
  start: number,
  end: number,
  config: LogConfig,
  producers: ProducerStates,
  transactionVersion: number,
): Admission {
  let position = start;
  while (position < end) {
    const fault = checkBatch(bytes, position, end);
    if (fault !== null) return refuse(ERROR[fault.error], fault.reason);
    const sizeBytes = batchSizeBytes(bytes, position);
    if (sizeBytes > config.maxMessageBytes) return tooLarge(sizeBytes, config);
    if (batchProducerId(bytes, position) >= 0) {
      const refusal = producers.checkFromBroker(bytes, position, transactionVersion);
      if (refusal !== null) return refuse(ERROR[refusal.error], refusal.reason);
    }
    position += sizeBytes;
  }
  if (start === end) return refuse(ERROR.INVALID_RECORD, "no record batch");
  return TAKE;
}

function timestampRefusal(
  bytes: Uint8Array,
  at: number,
  config: LogConfig,
  nowMs: number,
): AppendRefusal | null {
  if (config.timestampType === "LogAppendTime") return null;
  const latest = batchMaxTimestampMs(bytes, at);
  if (latest - nowMs > config.timestampAfterMaxMs) {
    return { error: ERROR.INVALID_TIMESTAMP, message: `timestamp ${latest} is too far ahead of ${nowMs}` };
  }
  const first = batchBaseTimestampMs(bytes, at);
  if (nowMs - first > config.timestampBeforeMaxMs) {
    return { error: ERROR.INVALID_TIMESTAMP, message: `timestamp ${first} is too far behind ${nowMs}` };
  }
  return null;
}

function tooLarge(sizeBytes: number, config: LogConfig): Admission {
  const message = `batch of ${sizeBytes} bytes is larger than max.message.bytes, ${config.maxMessageBytes}`;
  return refuse(ERROR.MESSAGE_TOO_LARGE, message);
}

function refuse(error: number, message: string): Admission {
  return { kind: "refuse", refusal: { error, message } };
}

import { assert } from "../base/assert.ts";
import { hasCode } from "../base/errors.ts";
import { batchSizeBytes } from "./batch.ts";
import { int16At, int32At, putInt16, putInt32 } from "./big-endian.ts";
import { BatchBuilder } from "./builder.ts";
import { RecordCursor } from "./reader.ts";

/**
 * The record that ends a transaction in a partition, alone in a transactional control batch (KIP-98):
 *
 *   key    version int16 (0), type int16 (0 abort, 1 commit)
 *   value  version int16 (0 or more), coordinator epoch int32, and what later versions add
 */
export interface TransactionMarker {
  readonly outcome: "commit" | "abort";
  readonly coordinatorEpoch: number;
}

export interface TransactionMarkerBatch extends TransactionMarker {
  readonly baseOffset?: number;
  readonly leaderEpoch?: number;
  readonly timestampMs: number;
  readonly producerId: number;
  readonly producerEpoch: number;
}

const ABORT = 0;
const COMMIT = 1;
const KEY_BYTES = 4;
const VALUE_BYTES = 6;

/** A control batch with one marker. Its bytes are the caller's. */
export function buildTransactionMarker(marker: TransactionMarkerBatch): Uint8Array<ArrayBuffer> {
  const key = new Uint8Array(KEY_BYTES);
  putInt16(key, 2, marker.outcome === "commit" ? COMMIT : ABORT);
  const value = new Uint8Array(VALUE_BYTES);
  putInt32(value, 2, marker.coordinatorEpoch);
  const builder = new BatchBuilder(128);
  builder.append(marker.timestampMs, key, value, null);
  return builder.build({
    baseOffset: marker.baseOffset ?? 0,
    leaderEpoch: marker.leaderEpoch ?? -1,
    producerId: marker.producerId,
    producerEpoch: marker.producerEpoch,
    transactional: true,
    control: true,
  });
}

/** The marker that the cursor is at, or null where the control record is another kind, such as raft's. */
export function readTransactionMarker(cursor: RecordCursor): TransactionMarker | null {
  assert(cursor.isControl, "not at a control record");
  const key = cursor.key();
  const value = cursor.value();
  if (key === null || key.length < KEY_BYTES || value === null || value.length < VALUE_BYTES) return null;
  const type = int16At(key, 2);
  if (type !== ABORT && type !== COMMIT) return null;
  return { outcome: type === COMMIT ? "commit" : "abort", coordinatorEpoch: int32At(value, 2) };
}

const markers = new RecordCursor();

/**
 * The marker in the control batch at `position`, all of whose bytes are there; null where compaction took it, or
 * it is no marker.
 */
export function markerOf(bytes: Uint8Array, position: number): TransactionMarker | null {
  markers.open(bytes, position, position + batchSizeBytes(bytes, position));
  try {
    return markers.next() ? readTransactionMarker(markers) : null;
  } catch (error) {
    if (hasCode(error, "MALFORMED")) return null;
    throw error;
  } finally {
    markers.close();
  }
}

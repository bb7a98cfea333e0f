import { type LeaderEpoch, type Offset, offset } from "../base/ids.ts";
import type { AppendRefusal } from "./admission.ts";
import type { ProducerBatch } from "./producer-state.ts";
import type { Segment } from "./segment.ts";

export interface AppendOptions {
  readonly leaderEpoch: LeaderEpoch;
  readonly nowMs: number;
  /** What clients send is checked in full; what the broker builds may be several batches, and markers. */
  readonly origin: "client" | "broker";
  /** Under which the first records of a client's transaction go in; see ProducerStates.verify. */
  readonly guard?: number;
  /** Of the marker that the broker appends; default 0. */
  readonly transactionVersion?: number;
}

/** Where the records went. `duplicate`: they were there already, the offsets are those of the first time. */
export interface Appended {
  readonly error: 0;
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  /** -1 where records keep their own time. */
  readonly logAppendTimeMs: number;
  readonly logStartOffset: Offset;
  readonly duplicate: boolean;
}

/** Of a batch that a producer sends again. */
export function duplicateOf(batch: ProducerBatch, logStartOffset: Offset): Appended {
  return {
    error: 0,
    baseOffset: offset(batch.baseOffset),
    lastOffset: offset(batch.lastOffset),
    // As Kafka tells it of a duplicate, whatever the topic's timestamp type.
    logAppendTimeMs: batch.timestampMs,
    logStartOffset,
    duplicate: true,
  };
}

export type AppendResult = Appended | (AppendRefusal & { readonly error: number });

export interface ReadOptions {
  /** Return the first batch even where it alone is larger than `maxBytes`. */
  readonly minOneBatch: boolean;
  /** Batches that reach this offset are left out: the high watermark, for consumers. */
  readonly until: Offset;
}

/** Whole batches from one segment, as on the wire; a view that is good until the turn of the event loop ends. */
export interface ReadBatches {
  readonly error: 0;
  readonly bytes: Uint8Array;
  /** Where to read on. */
  readonly nextOffset: Offset;
}

export type ReadResult = ReadBatches | (AppendRefusal & { readonly bytes: Uint8Array });

export type LogFault = "fenced" | "quarantined";

/** An end of the log that a commit round, or a sync, has made durable. */
export interface CommitMark {
  readonly segment: Segment | null;
  readonly position: number;
  readonly offset: number;
  readonly appendedBytes: number;
  readonly logStartOffset: number;
}

import type { Uuid } from "../base/ids.ts";
import type { RunStart } from "../broker/lineages.ts";
import type { AbortedRange } from "../records/aborted-transactions.ts";

/**
 * The local logs, as an uplink reads them: like any follower, only what is durable. All calls are synchronous
 * and cheap, so that reading never waits and appending never waits for reading.
 */
export interface LocalSource {
  /** Name of this run of the data folder: see lineage.ts. */
  readonly run?: string;
  /** Topics that may be forwarded, internal ones included; the uplink's filter chooses. */
  topics(): readonly SourceTopic[];
  /** Where a partition's log begins and ends now, or null where there is no such partition. */
  bounds(topic: string, partition: number): SourceBounds | null;
  /**
   * Whole record batches from the one that holds `fromOffset` on, back to back: at least one (of any size) where
   * `fromOffset` is below the high watermark, and up to about `maxBytes`; empty otherwise, or where the log has lost
   * all up to there. Batches may be compressed, the first may begin before `fromOffset`, and offsets may be missing
   * between two. The view is good until this turn of the event loop ends. Throws HeadwaterError where the disk fails or the bytes are quarantined.
   */
  read(topic: string, partition: number, fromOffset: number, maxBytes: number): SourceSlice;
  /**
   * Calls `listener` after a partition's high watermark moved or a topic came or went (partition -1). Returns
   * how to stop that.
   */
  onAppended(listener: (topic: string, partition: number) => void): () => void;
}

export interface SourceSlice {
  readonly bytes: Uint8Array;
  /** Where reading goes on: there is nothing below it but these batches. */
  readonly nextOffset: number;
  /** Transactions that were aborted and have records among these. */
  readonly aborted: readonly AbortedRange[];
}

export interface SourceTopic {
  readonly name: string;
  readonly id: Uuid;
  readonly partitions: number;
}

export interface SourceBounds {
  /** Tells a topic that was deleted and made again from the one before. */
  readonly topicId: Uuid;
  readonly logStartOffset: number;
  /** Records below this are durable, and of transactions that are decided: the last stable offset. */
  readonly highWatermark: number;
  /** End of what is durable, where something else keeps part of it from going up yet; else the high watermark. */
  readonly durableEnd?: number;
  /** Whether offsets without a record are compaction's doing: of a log that is not compacted, such records are lost. */
  readonly compacted: boolean;
  /** The runs that appended to it, oldest first: see lineage.ts. Without it, or empty, its history is not known. */
  readonly lineage?: readonly RunStart[];
}

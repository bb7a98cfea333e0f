import type { AbortedTransaction } from "../../log/transaction-state.ts";

/** The logs, as a follower reads them: only what is durable and committed. All calls are synchronous. */
export interface HistorySource {
  /** Topics there are now; null where there is none of the name. */
  topic(name: string): HistoryTopic | null;
  topics(): Iterable<HistoryTopic>;
  /**
   * Calls `listener` after a partition has got more to read, and with partition -1 for a topic that has come or
   * gone, or has more partitions. Returns how to stop that.
   */
  onAppended(listener: (topic: string, partition: number) => void): () => void;
}

export interface HistoryTopic {
  readonly name: string;
  /** The broker's own: nobody is served from it. */
  readonly internal: boolean;
  readonly partitions: readonly HistoryPartition[];
}

/** One partition. The object is of one life of its topic: a topic made again has others. */
export interface HistoryPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly index: number;
  /** Whether the topic is gone. */
  readonly deleted: boolean;
  /** Whether offsets without a record are compaction's doing: else such records are lost. */
  readonly compacted: boolean;
  readonly logStartOffset: number;
  /** Records below are on the disk, and of transactions that are decided. */
  readonly endOffset: number;
  /**
   * Whole batches from the one that holds `fromOffset` on, back to back: one at least where `fromOffset` is below the
   * end offset. Null where the log can't be read.
   */
  read(fromOffset: number, maxBytes: number): HistorySlice | null;
  /**
   * The same, of the batches that may hold the key only; a bounded part of the log is looked at, so that there may be
   * no batch and more to read.
   */
  readKey(key: Uint8Array, fromOffset: number, maxBytes: number): HistorySlice | null;
  /** Aborted transactions with records in the range, or null where they can't be read. */
  abortedTransactions(fromOffset: number, toOffset: number): readonly AbortedTransaction[] | null;
  /** The first record with this time or a later one: the end offset where there is none. */
  offsetForTimestamp(timestampMs: number): number;
  /** Somebody waits at the end: a log that doesn't wait for the disk is asked to become durable. */
  awaitMore(): void;
}

/** Batches as they lie in the log: views that are good until the turn of the event loop ends. */
export interface HistorySlice {
  readonly batches: readonly Uint8Array[];
  /** Where to read on: nothing below it but these batches. */
  readonly nextOffset: number;
}

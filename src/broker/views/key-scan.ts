import { HeadwaterError } from "../../base/errors.ts";
import { type Offset, offset } from "../../base/ids.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import type { KeyRecord } from "../../log/key-search.ts";
import type { AbortedTransaction } from "../../log/transaction-state.ts";
import {
  batchBaseOffset,
  batchCompression,
  batchIsControl,
  batchIsTransactional,
  batchLastOffset,
  batchNextOffset,
  batchProducerId,
  COMPRESSION_NONE,
} from "../../records/batch.ts";
import { RecordCursor } from "../../records/reader.ts";
import type { Partition } from "../partition.ts";

/** Batches that one look into the log takes at most, and what it walks where there is no index. */
export const READ_BYTES = 128 * 1024;
const SCAN_BYTES = 256 * 1024;
/** What a look costs where it finds nothing. */
export const MIN_COST_BYTES = 4 * 1024;
/** What a record costs that the index has led to. */
const RECORD_COST_BYTES = 512;
/** To decompress a batch costs several times what reading it does. */
export const COMPRESSED_COST = 4;

/** Deliberate bugs for a test that has to notice each. Never set in a broker that serves anybody. */
export const VIEW_BUGS = [
  "show-aborted",
  "read-beyond-stable",
  "trust-batch",
  "forget-rest-of-batch",
  "leave-lag",
  "skip-undecided",
  "start-at-batch",
] as const;
export type ViewBug = (typeof VIEW_BUGS)[number];

/** What a scan looks for. */
export interface ScanWant {
  readonly key: Uint8Array;
  readonly fromOffset: number;
  readonly readCommitted: boolean;
  /** Where it ends at the latest. */
  readonly untilOffset?: number;
  /** Whether it is done with the first record: then it reads no others. */
  readonly firstOnly?: boolean;
  readonly bugs?: ReadonlySet<ViewBug>;
}

const NO_BUGS: ReadonlySet<ViewBug> = new Set();

/** Gets the records of a scan, in the order of their offsets. */
export interface RecordTaker {
  /** Another batch: what follows is of it. */
  open?(batch: Uint8Array): void;
  /** Takes the record that the cursor is at. False where it is to be the first of the next scan. */
  take(record: RecordCursor): boolean;
}

/** What a turn of the event loop may still do. */
export interface ScanBudget {
  bytes: number;
}

/**
 * - "more": there is more to look through
 * - "end": everything readers may see has been looked through, for now
 * - "full": the taker has refused a record
 */
export type ScanState = "more" | "end" | "full" | { readonly error: number };

/**
 * Looks for the records of one key in one partition, in slices: a step goes through a bounded part of the log, so that
 * the event loop can do something else between two. Markers are left out, and with `readCommitted` what is beyond the
 * last stable offset and the records of aborted transactions.
 */
export class KeyScan {
  readonly partition: Partition;
  /** Nothing below it is left to look for. */
  position: number;
  readonly #key: Uint8Array;
  readonly #readCommitted: boolean;
  readonly #taker: RecordTaker;
  readonly #untilOffset: number;
  readonly #readBytes: number;
  readonly #bugs: ReadonlySet<ViewBug>;

  constructor(partition: Partition, want: ScanWant, taker: RecordTaker) {
    this.partition = partition;
    this.position = want.fromOffset;
    this.#key = want.key;
    this.#readCommitted = want.readCommitted;
    this.#taker = taker;
    this.#untilOffset = want.untilOffset ?? Number.MAX_SAFE_INTEGER;
    this.#readBytes = want.firstOnly === true ? 1 : READ_BYTES;
    this.#bugs = want.bugs ?? NO_BUGS;
  }

  /** Where readers of this kind see the log end. */
  get endOffset(): Offset {
    const { log } = this.partition;
    const isCareful = this.#readCommitted && !this.#bugs.has("read-beyond-stable");
    return isCareful ? log.lastStableOffset : log.highWatermark;
  }

  /** Goes on until the budget is used up, or nothing is left to do. */
  step(budget: ScanBudget): ScanState {
    while (budget.bytes > 0) {
      const state = this.#look(budget);
      if (state !== "more") return state;
    }
    return "more";
  }

  #look(budget: ScanBudget): ScanState {
    const { log } = this.partition;
    const end = Math.min(this.endOffset, this.#untilOffset);
    // Retention may have gone past it meanwhile.
    this.position = Math.max(this.position, log.logStartOffset);
    if (this.position >= end) return "end";
    const options = { maxScanBytes: SCAN_BYTES, records: true };
    const read = log.readKey(this.#key, offset(this.position), this.#readBytes, options);
    if (!("nextOffset" in read)) return { error: read.error };
    budget.bytes -= Math.max(read.scannedBytes, MIN_COST_BYTES);
    const aborted = this.#abortedIn(read.batches, read.nextOffset, end);
    if (aborted === null) return { error: ERROR.KAFKA_STORAGE_ERROR };
    for (const [index, batch] of read.batches.entries()) {
      if (batchBaseOffset(batch, 0) >= end) break;
      const record = read.records[index] ?? null;
      if (record !== null) {
        budget.bytes -= RECORD_COST_BYTES;
        if (batchIsControl(batch, 0) || isAborted(batch, aborted)) continue;
        const state = this.#takeOne(batch, record);
        if (state !== "more") return state;
        continue;
      }
      const isPlain = batchCompression(batch, 0) === COMPRESSION_NONE;
      budget.bytes -= batch.length * (isPlain ? 1 : COMPRESSED_COST);
      if (batchIsControl(batch, 0) || isAborted(batch, aborted)) continue;
      const state = this.#takeFrom(batch);
      if (state !== "more") return state;
    }
    this.position = Math.max(this.position, Math.min(read.nextOffset, end));
    return this.position >= end ? "end" : "more";
  }

  /** A record that was found without the others of its batch, of which there is the header. */
  #takeOne(header: Uint8Array, { bytes, position }: KeyRecord): ScanState {
    try {
      cursor.readOne(header, bytes, position);
      if (cursor.offset < this.position || !this.#isOfKey()) return "more";
      this.#taker.open?.(header);
      if (!this.#taker.take(cursor)) {
        this.position = cursor.offset;
        return "full";
      }
      this.position = cursor.offset + 1;
      return "more";
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      return { error: ERROR.CORRUPT_MESSAGE };
    } finally {
      cursor.close();
    }
  }

  #takeFrom(batch: Uint8Array): ScanState {
    const from = this.#bugs.has("start-at-batch") ? 0 : this.position;
    try {
      this.#taker.open?.(batch);
      cursor.open(batch);
      while (cursor.next()) {
        if (cursor.offset < from || !this.#isOfKey()) continue;
        if (!this.#taker.take(cursor)) {
          const goesOn = this.#bugs.has("forget-rest-of-batch");
          this.position = Math.max(this.position, goesOn ? batchNextOffset(batch, 0) : cursor.offset);
          return "full";
        }
        this.position = Math.max(this.position, cursor.offset + 1);
      }
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      // A client that had got the batch itself would have found the same.
      return { error: ERROR.CORRUPT_MESSAGE };
    } finally {
      cursor.close();
    }
    this.position = Math.max(this.position, batchNextOffset(batch, 0));
    return "more";
  }

  #isOfKey(): boolean {
    const key = this.#key;
    const { bytes, keyStart, keyEnd } = cursor;
    if (this.#bugs.has("trust-batch")) return keyStart >= 0;
    if (keyStart < 0 || keyEnd - keyStart !== key.length) return false;
    for (let index = 0; index < key.length; index++) {
      if (bytes[keyStart + index] !== key[index]) return false;
    }
    return true;
  }

  /** Null where it can't be told. */
  #abortedIn(
    batches: readonly Uint8Array[],
    nextOffset: number,
    endOffset: number,
  ): readonly AbortedTransaction[] | null {
    if (!this.#readCommitted || this.#bugs.has("show-aborted")) return [];
    if (!batches.some((batch) => batchIsTransactional(batch, 0))) return [];
    const [first] = batches;
    if (first === undefined) return [];
    const from = batchBaseOffset(first, 0);
    return this.partition.log.abortedTransactions(from, Math.max(from, Math.min(nextOffset, endOffset)));
  }
}

/** Every scan's: a step opens it and lets go of it. */
const cursor = new RecordCursor({ verifyCrc: true });

/** Whether a batch, of which there is the header at least, is one of these transactions'. */
export function isAborted(batch: Uint8Array, aborted: readonly AbortedTransaction[]): boolean {
  if (aborted.length === 0 || !batchIsTransactional(batch, 0)) return false;
  const producerId = batchProducerId(batch, 0);
  const first = batchBaseOffset(batch, 0);
  const last = batchLastOffset(batch, 0);
  return aborted.some(
    (transaction) =>
      transaction.producerId === producerId &&
      transaction.firstOffset <= last &&
      first <= transaction.lastOffset,
  );
}

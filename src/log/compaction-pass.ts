import { HeadwaterError } from "../base/errors.ts";
import {
  batchIsControl,
  batchLastOffset,
  batchProducerEpoch,
  batchProducerId,
  checkBatch,
} from "../records/batch.ts";
import { RecordCursor } from "../records/reader.ts";
import { CleanedTransactions } from "./cleaned-transactions.ts";
import { CompactionFilter } from "./compaction-filter.ts";
import { type CompactionPlan, groupSegments } from "./compaction-plan.ts";
import { CLEANED_SUFFIX } from "./folder-names.ts";
import { KeyOffsets } from "./key-offsets.ts";
import type { LogHost } from "./log-host.ts";
import type { PartitionLog } from "./partition-log.ts";
import type { ActiveProducer } from "./producer-state.ts";
import type { Segment } from "./segment.ts";
import { commitSwap, draftSwap, swapPath } from "./segment-swap.ts";
import { transactionsOf } from "./transaction-index.ts";
import type { AbortedTransaction } from "./transaction-state.ts";

/** Index entries hold offsets relative to the segment's base in 32 bits. */
const MAX_RELATIVE_OFFSET = 0x7fffffff;
const NO_BYTES = new Uint8Array(0);

/** Work in slices, with time for others between them. */
export interface Slices {
  /** Counts work. Says whether the slice is used up, and `rest` is due. */
  spend(bytes: number): boolean;
  rest(): Promise<void>;
}

/** What a pass counts. */
export interface CompactionStats {
  /** Bytes of segments that were gone through for the map of keys, and for rewriting. */
  readBytes: number;
  writtenBytes: number;
  removedRecords: number;
  replacedSegments: number;
}

export interface PassOptions {
  readonly host: LogHost;
  readonly log: PartitionLog;
  readonly plan: CompactionPlan;
  readonly nowMs: number;
  /** 16 random bytes. */
  readonly secret: Uint8Array;
  readonly slices: Slices;
  readonly stats: CompactionStats;
  /** Whether the pass has to end before its next step. */
  readonly stopped: () => boolean;
}

/** A batch of a segment as a pass goes through it. Views are good until the turn ends. */
type BatchVisitor = (batch: Uint8Array, isLast: boolean) => boolean;

/** The log is gone, or its files are no longer those that the pass began with. */
class Abandoned extends Error {}

/** Damage in a segment, which the pass does not step over. */
export class DamagedSegment extends Error {
  readonly segment: Segment;

  constructor(segment: Segment, cause: unknown) {
    super("a segment is damaged", { cause });
    this.segment = segment;
  }
}

/**
 * One pass of compaction over one log: builds a map of the latest offset of every key in the part that was never
 * compacted, as far as the map reaches, and writes all segments up to there anew without what it supersedes. Each
 * run of segments is swapped by itself (segment-swap.ts). Records appended meanwhile are none of its business.
 */
export class CompactionPass {
  readonly #options: PassOptions;
  readonly #producers = new Map<number, ActiveProducer>();
  readonly #cursor = new RecordCursor();

  constructor(options: PassOptions) {
    this.#options = options;
    for (const producer of options.log.producers.active()) this.#producers.set(producer.producerId, producer);
  }

  /** Gives the offset below which the log is compacted now, or null where the pass was cut off. Rejects with DISK_*. */
  async run(): Promise<number | null> {
    const { plan, host, secret } = this.#options;
    const records = plan.endOffset - plan.firstDirtyOffset;
    const keys = new KeyOffsets(plan.firstDirtyOffset, records, host.limits.compactionMapBytes, secret);
    try {
      const endOffset = await this.#fill(keys);
      await this.#rewriteAll(keys, endOffset);
      return endOffset;
    } catch (error) {
      if (error instanceof Abandoned) return null;
      throw error;
    } finally {
      keys.release();
    }
  }

  /** Puts the keys of the dirty part into the map. Gives the offset up to which all of them are in it. */
  async #fill(keys: KeyOffsets): Promise<number> {
    const { log, plan } = this.#options;
    const transactions = this.#transactions(plan.firstDirtyOffset, plan.endOffset);
    let full = -1;
    for (const segment of this.#segmentsBelow(plan.endOffset)) {
      if (segment.nextOffset <= plan.firstDirtyOffset) continue;
      await this.#visit(segment, segment.locate(plan.firstDirtyOffset), (batch) => {
        if (batchIsControl(batch, 0)) transactions.isIdleMarker(batch);
        else if (!transactions.isAborted(batch)) full = this.#putKeys(keys, batch);
        return full < 0;
      });
      if (full >= 0) return Math.max(full, log.logStartOffset);
    }
    return plan.endOffset;
  }

  /** Gives the offset of the first record that the map did not take, or -1. */
  #putKeys(keys: KeyOffsets, batch: Uint8Array): number {
    const { firstDirtyOffset } = this.#options.plan;
    const cursor = this.#cursor;
    try {
      cursor.open(batch);
      while (cursor.next()) {
        const { offset, keyStart } = cursor;
        if (offset < firstDirtyOffset || keyStart < 0) continue;
        if (!keys.put(cursor.bytes, keyStart, cursor.keyEnd, offset)) return offset;
      }
    } catch (error) {
      // A batch that can't be read supersedes nothing, and stays.
      if (!(error instanceof HeadwaterError)) throw error;
    } finally {
      cursor.open(NO_BYTES);
    }
    return -1;
  }

  async #rewriteAll(keys: KeyOffsets, endOffset: number): Promise<void> {
    const { host, log, plan, nowMs, stats } = this.#options;
    const segments = this.#segmentsBelow(plan.endOffset).filter(({ baseOffset }) => baseOffset < endOffset);
    const groups = groupSegments(segments, log.config.segmentBytes, MAX_RELATIVE_OFFSET);
    const filter = new CompactionFilter({
      keys,
      endOffset,
      nowMs,
      deleteRetentionMs: log.config.deleteRetentionMs,
      keepTombstones: !host.bugs.has("drop-fresh-tombstones"),
    });
    const transactions = this.#transactions(segments[0]?.baseOffset ?? 0, plan.endOffset);
    for (const group of groups) {
      await this.#rewrite(group, filter, transactions);
      stats.removedRecords += filter.removedRecords;
      filter.removedRecords = 0;
    }
  }

  /** Writes a run of segments anew as one, and swaps them where that changes something. */
  async #rewrite(
    group: readonly Segment[],
    filter: CompactionFilter,
    transactions: CleanedTransactions,
  ): Promise<void> {
    const { host, log, stats } = this.#options;
    const first = group[0] as Segment;
    const last = group.at(-1) as Segment;
    const compacted = log.files.make(first.baseOffset, log.config.indexIntervalBytes, CLEANED_SUFFIX);
    host.disk.remove(compacted.path);
    let swapped = false;
    try {
      const changed = await this.#writeCompacted(group, compacted, filter, transactions);
      const aborted = transactions.takeMarked();
      if (!changed && group.length === 1) return;
      if (compacted.allocatedBytes !== compacted.sizeBytes) compacted.allocate(compacted.sizeBytes);
      if (host.bugs.has("skip-compacted-sync")) compacted.noteSynced(compacted.mark());
      else await compacted.sync();
      const state = { baseOffset: first.baseOffset, ...compacted.mark(), nextOffset: last.nextOffset };
      await draftSwap(host.disk, log.folder, state);
      this.#expect(group);
      swapped = true;
      this.#swap(group, compacted, last.nextOffset, aborted);
      stats.replacedSegments += group.length;
    } finally {
      if (!swapped) this.#discard(compacted);
    }
  }

  /** Everything in one turn: readers see the originals before it, and the compacted segment after. */
  #swap(
    group: readonly Segment[],
    compacted: Segment,
    nextOffset: number,
    aborted: readonly AbortedTransaction[],
  ): void {
    const { host, log } = this.#options;
    const { segments } = log;
    const { open } = transactionsOf(segments, segments.indexOf(group[0] as Segment));
    try {
      commitSwap(host, log.folder, compacted.baseOffset);
      for (const original of group) host.keyIndexes.forget(original);
      compacted.nextOffset = nextOffset;
      compacted.synced = compacted.mark();
      log.files.swap(group, compacted, swapPath(log.folder, compacted.baseOffset));
      compacted.takeTransactions({ open, aborted });
      compacted.giveUpIndexes();
      host.needsSync(log);
    } catch (error) {
      // What the folder holds now only the next start can tell.
      log.fence(error, "compacted segments could not take their place");
      throw new Abandoned();
    }
  }

  /** Gives whether anything is other than in the originals. */
  async #writeCompacted(
    group: readonly Segment[],
    compacted: Segment,
    filter: CompactionFilter,
    transactions: CleanedTransactions,
  ): Promise<boolean> {
    const { host, log, stats } = this.#options;
    const wholeBytes = group.reduce((bytes, segment) => bytes + segment.sizeBytes, 0);
    let changed = false;
    this.#allow(Math.min(wholeBytes, host.limits.segmentGrowthBytes));
    compacted.create(Math.min(wholeBytes, host.limits.segmentGrowthBytes));
    for (const segment of group) {
      const isLastSegment = segment === group.at(-1);
      await this.#visit(
        segment,
        0,
        (batch, isLast) => {
          const isMarker = batchIsControl(batch, 0);
          const discard = isMarker ? transactions.isIdleMarker(batch) : transactions.isAborted(batch);
          // The last batch tells up to where the offsets were: without records its header does.
          const keepHeader = (isLastSegment && isLast) || this.#isLastOfProducer(batch);
          const kept = filter.filter(batch, { keepHeader, discard });
          if (kept !== batch) changed = true;
          if (kept === null) return true;
          this.#grow(compacted, kept.length, wholeBytes);
          compacted.append(kept, 0, kept.length);
          stats.writtenBytes += kept.length;
          host.touched(kept.length);
          // A pause for a sync keeps what the disk has to do at a time small.
          return compacted.sizeBytes - compacted.synced.sizeBytes < host.limits.compactionSyncBytes;
        },
        async () => {
          if (!host.bugs.has("skip-compacted-sync")) await compacted.sync();
          else compacted.noteSynced(compacted.mark());
        },
      );
      if (log.fault !== null) throw new Abandoned();
    }
    return changed;
  }

  #grow(compacted: Segment, bytes: number, wholeBytes: number): void {
    // Before it is looked at: a file that was closed meanwhile is measured when it is opened.
    compacted.open();
    const needed = compacted.sizeBytes + bytes;
    if (needed <= compacted.allocatedBytes) return;
    const step = compacted.allocatedBytes + this.#options.host.limits.segmentGrowthBytes;
    const target = Math.max(needed, Math.min(step, wholeBytes));
    this.#allow(target - compacted.allocatedBytes);
    compacted.allocate(target);
  }

  #allow(bytes: number): void {
    const { host, log } = this.#options;
    if (host.space.allows(bytes, log)) return;
    throw new HeadwaterError("DISK_FULL", `no space to compact ${log.folder}`, { path: log.folder });
  }

  #discard(compacted: Segment): void {
    compacted.close();
    compacted.dropIndexes();
    this.#options.host.disk.remove(compacted.path);
  }

  /**
   * Goes through a segment's batches from a position on, in slices. `visitor` says whether to go straight on;
   * where not, `between` runs before the next batch, or the visit ends where there is none. Throws DamagedSegment.
   */
  async #visit(
    segment: Segment,
    start: number,
    visitor: BatchVisitor,
    between?: () => Promise<void>,
  ): Promise<void> {
    const { slices, stats, host } = this.#options;
    let position = start;
    while (position < segment.sizeBytes) {
      this.#expect([segment]);
      let goOn = true;
      let used = false;
      const from = position;
      try {
        const walk = segment.walk(position);
        while (goOn && !used && walk.next()) {
          const batch = segment.open().view(walk.position, walk.sizeBytes);
          const fault = checkBatch(batch, 0, walk.sizeBytes);
          if (fault !== null) throw new HeadwaterError("LOG_CORRUPT", `${segment.path}: ${fault.reason}`);
          position = walk.position + walk.sizeBytes;
          goOn = visitor(batch, position === segment.sizeBytes);
          used = slices.spend(walk.sizeBytes);
        }
        if (walk.broken)
          throw new HeadwaterError("LOG_CORRUPT", `${segment.path}: no batch where one should be`);
      } catch (error) {
        if (error instanceof HeadwaterError && error.code === "LOG_CORRUPT")
          throw new DamagedSegment(segment, error);
        throw error;
      }
      stats.readBytes += position - from;
      host.touched(position - from);
      if (!goOn && between === undefined) return;
      if (!goOn) await between?.();
      if (used) await slices.rest();
    }
  }

  /** Ends the pass where the log is gone or no longer compacted, or other files stand where these were. */
  #expect(segments: readonly Segment[]): void {
    const { log, stopped } = this.#options;
    const isThere = segments.every((segment) => log.segments.includes(segment) && !segment.damaged);
    const goesOn = log.config.compact && !log.deleted && log.fault === null && !stopped();
    if (!goesOn || !isThere) throw new Abandoned();
  }

  #segmentsBelow(endOffset: number): readonly Segment[] {
    return this.#options.log.segments.filter((segment) => segment.nextOffset <= endOffset);
  }

  /**
   * The newest batch of a producer that is still known keeps its header: recovery without a checkpoint learns the
   * producer's epoch and sequence from it.
   */
  #isLastOfProducer(batch: Uint8Array): boolean {
    const producerId = batchProducerId(batch, 0);
    const producer = producerId < 0 ? undefined : this.#producers.get(producerId);
    if (producer === undefined) return false;
    if (producer.lastDataOffset >= 0) return batchLastOffset(batch, 0) === producer.lastDataOffset;
    return batchIsControl(batch, 0) && batchProducerEpoch(batch, 0) === producer.producerEpoch;
  }

  #transactions(fromOffset: number, endOffset: number): CleanedTransactions {
    const aborted = this.#options.log.abortedTransactions(fromOffset, endOffset);
    if (aborted === null) throw new Abandoned();
    return new CleanedTransactions(aborted);
  }
}

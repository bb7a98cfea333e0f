import { hasCode } from "../base/errors.ts";
import type { Disk, DiskFile } from "../io/disk.ts";
import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchLeaderEpoch,
  batchNextOffset,
  batchSizeBytes,
  checkBatch,
  checkBatchHeader,
  completeBatchSizeBytes,
} from "../records/batch.ts";
import type { LogState, SegmentState } from "./checkpoint.ts";
import { type CutPart, cutPartOf, keepCutTail } from "./cut-tail.ts";
import { CACHE_SUFFIXES, LOG_SUFFIX, parseSegmentName, SALVAGE_SUFFIX, segmentName } from "./folder-names.ts";
import { fillHole } from "./hole.ts";
import { entryBatches, type JournalEntry } from "./journal.ts";
import type { LogHost } from "./log-host.ts";
import type { PartitionLog } from "./partition-log.ts";
import type { Quarantine } from "./quarantine.ts";
import { acknowledgedEnd, batchesWithin, type Refill, refillsOf } from "./refills.ts";
import type { Segment } from "./segment.ts";
import { applySwaps, type FoundSwaps, recoverSwaps } from "./segment-swap.ts";
import { isDamage, transactionsOf } from "./transaction-index.ts";

/** What has to become durable before the log may be used. */
export interface RecoveredLog {
  readonly toSync: readonly Segment[];
  /** Names in its folder that no checkpoint knows of came, went or are in use. */
  readonly folderUnsynced: boolean;
}

/** What there is of a log beside its segments. */
export interface FoundLog {
  /** From the checkpoint; null for a log that is younger than it. */
  readonly state: LogState | null;
  /** From the journal, fenced by topic id and generation. */
  readonly entries: readonly JournalEntry[];
  /** There is no checkpoint at all that can be believed. */
  readonly checkpointLost: boolean;
}

/**
 * Brings one log back after a crash, from three sources: the checkpoint, which says what was durable in the
 * segments (the recovery point); the segments behind that point, read as far as whole batches follow each
 * other; and the journal, which has what was acknowledged and may be missing in them.
 *
 * Pages that were not synced reach a disk in any order. So above the recovery point the first bytes that are no
 * batch with the right offset end the segment, whatever stands behind them; the journal goes on from there. Where it
 * has nothing there, but tells of records behind (its own, or segments that were synced up to there: synced-ends.ts),
 * what is missing is damage, and the log goes on behind it. Else the rest was never acknowledged and is cut; whole
 * batches in it are kept for people, in case a journal that is damaged as well has told of them (cut-tail.ts).
 *
 * Runs within one turn, since it holds views. Every step can be interrupted and done again.
 */
export class LogRecovery {
  readonly #host: LogHost;
  readonly #log: PartitionLog;
  readonly #state: LogState | null;
  readonly #checkpointLost: boolean;
  readonly #refills: readonly Refill[];
  #logStartOffset: number;
  /** What is missing below was there: damage. */
  #acknowledgedEnd: number;
  readonly #quarantine: Quarantine;
  readonly #segments: Segment[] = [];
  readonly #toSync = new Set<Segment>();
  #folderUnsynced = false;
  /** Whether there are index files, which a start with thousands of logs had better not look for one by one. */
  #hasCaches = true;
  /** The checkpoint's segments, with swaps that it did not know of. */
  #known: readonly SegmentState[] = [];
  /** Base offsets of the segment files behind the one that is being read. */
  #bases: number[] = [];
  #current: Segment | null = null;
  #expected = 0;
  #refill = 0;
  #scannedBytes = 0;
  #journalBytes = 0;

  constructor(host: LogHost, log: PartitionLog, quarantine: Quarantine, found: FoundLog) {
    const { state, entries } = found;
    this.#host = host;
    this.#log = log;
    this.#state = state;
    this.#checkpointLost = found.checkpointLost;
    this.#quarantine = quarantine;
    let logStartOffset = state?.logStartOffset ?? 0;
    for (const { kind, offset } of entries) {
      if (kind === "log-start") logStartOffset = Math.max(logStartOffset, offset);
    }
    this.#logStartOffset = logStartOffset;
    this.#refills = refillsOf(entries);
    const ignored = host.bugs.has("ignore-synced-ends");
    this.#acknowledgedEnd = acknowledgedEnd(ignored ? [] : entries, this.#refills);
  }

  /** Restores the log. Throws DISK_IO, DISK_FULL, or LOG_CORRUPT where nothing sensible can be done. */
  run(): RecoveredLog {
    const monotonicMs = this.#host.clock.monotonicMs();
    if (this.#state !== null) {
      const { producers } = this.#state;
      const forgetful = this.#host.bugs.has("forget-open-transactions");
      this.#log.producers.restore(
        forgetful ? producers.map((producer) => ({ ...producer, transactionOffset: -1 })) : producers,
        monotonicMs,
      );
      this.#log.epochs.restore(this.#state.epochs);
    }
    const swaps = recoverSwaps(this.#host, this.#log.folder);
    this.#applySwaps(swaps);
    this.#bases = this.#listSegments(swaps.names);
    this.#hasCaches = swaps.names.some((name) => CACHE_SUFFIXES.some((suffix) => name.endsWith(suffix)));
    this.#takeSealed();
    this.#begin();
    this.#join();
    this.#cut();
    this.#finish();
    const endOffset = Math.max(this.#expected, this.#logStartOffset);
    this.#log.restore(this.#segments, this.#logStartOffset, endOffset);
    this.#log.epochs.startAt(this.#logStartOffset);
    const details = { endOffset, scannedBytes: this.#scannedBytes, journalBytes: this.#journalBytes };
    this.#host.report.recovered?.(this.#log, details);
    return { toSync: [...this.#toSync], folderUnsynced: this.#folderUnsynced };
  }

  get #disk(): Disk {
    return this.#host.disk;
  }

  /** Compacted segments stand where the checkpoint knew others. Nothing in force knows of them before the next one. */
  #applySwaps(found: FoundSwaps): void {
    this.#log.files.restoreSwaps(found.paths);
    if (found.changed) this.#folderUnsynced = true;
    this.#known = applySwaps(this.#state?.segments ?? [], found.swaps);
  }

  /** Base offsets of the segment files, rising. Ends a salvage that a crash interrupted. */
  #listSegments(listed: readonly string[]): number[] {
    const names = new Set(listed);
    for (const name of [...names]) {
      const base = parseSegmentName(name, SALVAGE_SUFFIX);
      if (base === null) continue;
      const target = segmentName(base) + LOG_SUFFIX;
      const path = `${this.#log.folder}/${name}`;
      if (names.has(target)) this.#disk.remove(path);
      else this.#disk.rename(path, `${this.#log.folder}/${target}`);
      names.add(target);
      this.#folderUnsynced = true;
    }
    const bases: number[] = [];
    for (const name of names) {
      const base = parseSegmentName(name, LOG_SUFFIX);
      if (base === null) continue;
      if (this.#disk.isFile(`${this.#log.folder}/${name}`)) bases.push(base);
      else this.#quarantine.setOddAside(this.#log, `${this.#log.folder}/${name}`);
    }
    return bases.sort((a, b) => a - b);
  }

  /** Takes the segments that the checkpoint knows as durable and complete: all but its last. */
  #takeSealed(): void {
    const known = this.#known;
    const recoveryPoint = known.at(-1);
    if (recoveryPoint === undefined) return;
    const onDisk = new Set(this.#bases);
    for (const segment of known.slice(0, -1)) {
      if (segment.nextOffset <= this.#logStartOffset) continue;
      if (onDisk.delete(segment.baseOffset)) this.#segments.push(this.#restoreSegment(segment));
      else this.#reportLost(segment.baseOffset, segment.nextOffset, "the segment's file is missing");
    }
    for (const base of onDisk) if (base < recoveryPoint.baseOffset) this.#removeSegmentFiles(base);
    this.#bases = this.#bases.filter((base) => base >= recoveryPoint.baseOffset);
  }

  #restoreSegment(state: SegmentState): Segment {
    const segment = this.#log.newSegment(state.baseOffset);
    segment.restore(state);
    segment.transactions.restore(state.transactions);
    segment.synced = segment.mark();
    segment.trimmed = true;
    return segment;
  }

  /** Opens the segment with the recovery point, up to that point; without a checkpoint, the first there is. */
  #begin(): void {
    const point = this.#known.at(-1);
    if (point === undefined) {
      this.#beginAnew();
      return;
    }
    this.#expected = point.nextOffset;
    this.#noteSwappedTail(point);
    if (this.#bases[0] === point.baseOffset) {
      this.#openAt(point);
    } else if (point.sizeBytes > 0 && point.nextOffset > this.#logStartOffset) {
      this.#reportLost(point.baseOffset, point.nextOffset, "the segment's file is missing");
    }
  }

  /** A log is durable in its folder with its first segment: that is there, unless it was lost, or is not needed any more. */
  #beginAnew(): void {
    const first = this.#bases[0];
    if (first !== undefined && (this.#checkpointLost || first <= this.#logStartOffset)) {
      this.#expected = first;
      this.#open(first);
      return;
    }
    this.#expected = this.#logStartOffset;
    this.#acknowledgedEnd = Math.max(this.#acknowledgedEnd, first ?? 0);
  }

  /**
   * A checkpoint that is older than the one before a swap, since that was lost, ends within what was compacted:
   * some batches that its producers would have to know are gone, and they begin anew.
   */
  #noteSwappedTail(point: SegmentState): void {
    const before = this.#state?.segments.at(-1);
    if (before === undefined || before.nextOffset >= point.nextOffset) return;
    this.#log.producers.clear();
  }

  #openAt(point: SegmentState): void {
    const segment = this.#restoreSegment(point);
    segment.trimmed = false;
    this.#bases.shift();
    this.#holdTransactions(segment);
    // An index file may tell of batches that are lost, and would fit by size once others have taken their place.
    if (this.#hasCaches) segment.removeCaches();
    // A checkpoint may name a new file that nothing has made durable in its folder yet.
    if (point.sizeBytes === 0) this.#folderUnsynced = true;
    try {
      segment.prepare();
      this.#current = segment;
      this.#segments.push(segment);
    } catch (error) {
      if (!hasCode(error, "LOG_CORRUPT")) throw error;
      this.#salvageFirst(segment);
    }
  }

  /** Batches may follow in it. A damaged one is found out where it is prepared. */
  #holdTransactions(segment: Segment): void {
    try {
      segment.takeTransactions(transactionsOf([...this.#segments, segment]));
    } catch (error) {
      if (!isDamage(error)) throw error;
      segment.transactions.begin([]);
    }
  }

  /** Sets aside a segment that is damaged below the recovery point. The log goes on behind what is sound of it. */
  #salvageFirst(segment: Segment): void {
    segment.close();
    const { nextOffset } = segment;
    const known = Math.min(this.#acknowledgedEnd, this.#bases[0] ?? Number.MAX_SAFE_INTEGER);
    segment.nextOffset = Math.max(nextOffset, known);
    this.#salvage(segment, nextOffset);
  }

  /**
   * Puts what is sound of a segment in its place. Producers and epochs learn what is behind `knownOffset`, where
   * the journal has what is lost from the segment too.
   */
  #salvage(segment: Segment, knownOffset: number): void {
    const { kept, lost } = this.#quarantine.salvage(this.#log, segment, this.#segments.length === 0, {
      limitOffset: this.#bases[0] ?? Number.MAX_SAFE_INTEGER,
      // Below, compaction may have taken what the journal still has.
      refill: (fromOffset, toOffset) =>
        batchesWithin(this.#refills, Math.max(fromOffset, knownOffset), toOffset),
    });
    this.#folderUnsynced = true;
    this.#expected = Math.max(this.#expected, segment.nextOffset, kept?.nextOffset ?? 0);
    if (lost.some(({ toOffset }) => toOffset > knownOffset)) this.#log.producers.clearSequences();
    if (kept === null) return;
    this.#segments.push(kept);
    for (const walk = kept.walk(0); walk.next(); ) {
      if (batchBaseOffset(walk.bytes, walk.at) < knownOffset) continue;
      this.#note(kept, kept.open().view(walk.position, walk.sizeBytes), 0);
    }
  }

  /** Goes on at the start of a segment's file. */
  #open(baseOffset: number): void {
    const segment = this.#log.newSegment(baseOffset);
    segment.transactions.begin(this.#log.producers.open.all());
    this.#bases.shift();
    segment.open();
    if (this.#hasCaches) segment.removeCaches();
    this.#current = segment;
    this.#segments.push(segment);
    // The name may be in the system's cache only.
    this.#folderUnsynced = true;
  }

  /** Follows the batches on the disk, and the journal's where those are missing, to the end of the log. */
  #join(): void {
    for (;;) {
      if (this.#followDisk()) continue;
      if (this.#followJournal()) continue;
      if (this.#bases[0] === this.#expected) {
        this.#seal();
        this.#open(this.#expected);
        continue;
      }
      if (this.#expected < this.#logStartOffset) {
        this.#skipDeleted();
        continue;
      }
      const resume = this.#nextAfterGap();
      if (resume === null) return;
      this.#skipDamage(resume);
    }
  }

  /**
   * Records below the log start offset may be gone, in part, from disk and journal alike. The log goes on with
   * the first source that reaches beyond it. Producers whose last batches were skipped begin anew.
   */
  #skipDeleted(): void {
    const start = this.#logStartOffset;
    const base = this.#bases.findLast((candidate) => candidate <= start);
    const refill = this.#refills.find((candidate) => candidate.endOffset > start);
    this.#seal();
    this.#log.producers.clear();
    if (base !== undefined && base > this.#expected) {
      this.#bases = this.#bases.filter((other) => other >= base || !this.#removeSegmentFiles(other));
      this.#expected = base;
      this.#open(base);
    } else {
      const from = refill !== undefined && refill.entry.offset > this.#expected ? refill.entry.offset : start;
      this.#expected = Math.min(start, from);
    }
  }

  /**
   * Where the log goes on behind damage, or null at its end: with the next segment, or at the end of what was
   * acknowledged. Without any checkpoint a torn tail can't be told from damage within what was durable: then any
   * segment that follows counts.
   */
  #nextAfterGap(): number | null {
    const base = this.#bases[0];
    const counts = base !== undefined && (this.#checkpointLost || base <= this.#acknowledgedEnd);
    let resume = counts ? base : this.#acknowledgedEnd;
    // Where there is no file to salvage, the journal goes on from where it has something.
    if (this.#current === null) resume = Math.min(resume, this.#nextRefill()?.entry.offset ?? resume);
    return resume > this.#expected ? resume : null;
  }

  /** Sets aside a segment that ends in damage, keeps what is sound of it, and goes on at `resume` or behind. */
  #skipDamage(resume: number): void {
    const segment = this.#current;
    if (segment !== null && cutPartOf(segment.open(), segment.sizeBytes) === null) {
      // It is sound as far as it goes: what is missing was in a file that is gone, or in pages that are.
      this.#seal();
      return;
    }
    if (segment === null) {
      const why = "a part of the journal is damaged, or a segment's file is missing or empty";
      this.#reportLost(this.#expected, resume, why);
      this.#log.producers.clearSequences();
      this.#expected = resume;
    } else {
      this.#drop(segment, false);
      segment.nextOffset = resume;
      this.#salvage(segment, this.#expected);
    }
    if (this.#bases[0] === this.#expected) this.#open(this.#expected);
  }

  /** Takes the batch that stands at the end of the current segment, if it is one. */
  #followDisk(): boolean {
    const segment = this.#current;
    if (segment === null) return false;
    const file = segment.open();
    const position = segment.sizeBytes;
    if (file.sizeBytes - position < BATCH_HEADER_BYTES) return false;
    const header = file.view(position, BATCH_HEADER_BYTES);
    const sizeBytes = completeBatchSizeBytes(header, 0, file.sizeBytes - position);
    if (sizeBytes === 0) return false;
    const batch = file.view(position, sizeBytes);
    const unchecked = this.#host.bugs.has("skip-recovery-crc");
    if ((unchecked ? checkBatchHeader(batch, 0, sizeBytes) : checkBatch(batch, 0, sizeBytes)) !== null)
      return false;
    const baseOffset = batchBaseOffset(batch, 0);
    const limit = this.#bases[0] ?? Number.MAX_SAFE_INTEGER;
    if (baseOffset < this.#expected || batchNextOffset(batch, 0) > limit) return false;
    this.#accept(segment, batch, 0);
    this.#scannedBytes += sizeBytes;
    return true;
  }

  /** Appends what the journal has from the expected offset on. */
  #followJournal(): boolean {
    const next = this.#nextRefill();
    if (next === null || next.entry.offset > this.#expected) return false;
    // A copy: the view and the segment's store may share a mapping that a growing file moves.
    const batches = entryBatches(next.entry).slice();
    let at = 0;
    while (at < batches.length) {
      const sizeBytes = completeBatchSizeBytes(batches, at, batches.length);
      if (sizeBytes === 0) break;
      if (batchBaseOffset(batches, at) === this.#expected) this.#store(batches, at, sizeBytes);
      at += sizeBytes;
    }
    this.#refill += 1;
    return true;
  }

  #store(batches: Uint8Array, at: number, sizeBytes: number): void {
    let segment = this.#current;
    const tooLong = segment !== null && segment.sizeBytes + sizeBytes > this.#log.config.segmentBytes;
    if (segment === null || this.#bases[0] === this.#expected || (tooLong && segment.sizeBytes > 0)) {
      this.#seal();
      if (this.#bases[0] === this.#expected) this.#open(this.#expected);
      else this.#create(sizeBytes);
      segment = this.#current as Segment | null;
    }
    if (segment === null) return;
    const end = segment.sizeBytes + sizeBytes;
    if (end > segment.allocatedBytes) segment.allocate(end);
    segment.open().write(segment.sizeBytes, batches.subarray(at, at + sizeBytes));
    this.#accept(segment, batches, at);
    this.#journalBytes += sizeBytes;
  }

  #create(allocateBytes: number): void {
    const segment = this.#log.newSegment(this.#expected);
    segment.transactions.begin(this.#log.producers.open.all());
    this.#removeSegmentFiles(this.#expected);
    segment.create(allocateBytes);
    this.#folderUnsynced = true;
    this.#current = segment;
    this.#segments.push(segment);
  }

  #accept(segment: Segment, bytes: Uint8Array, at: number): void {
    segment.accept(bytes, at);
    this.#note(segment, bytes, at);
    this.#expected = batchNextOffset(bytes, at);
    this.#toSync.add(segment);
  }

  #note(segment: Segment, bytes: Uint8Array, at: number): void {
    const ended = this.#log.producers.note(bytes, at, this.#host.clock.monotonicMs());
    const forgetful = this.#host.bugs.has("forget-aborted-transactions");
    if (ended?.outcome === "abort" && segment.transactions.isHeld && !forgetful) {
      segment.transactions.add(ended);
    }
    this.#log.epochs.note(batchLeaderEpoch(bytes, at), batchBaseOffset(bytes, at));
  }

  /** The first journal entry that has something at or behind the expected offset. */
  #nextRefill(): Refill | null {
    for (;;) {
      const next = this.#refills[this.#refill];
      if (next === undefined) return null;
      if (next.endOffset > this.#expected) return next;
      this.#refill += 1;
    }
  }

  /** Ends the current segment where its batches end; another one follows. */
  #seal(): void {
    if (this.#current === null) return;
    this.#cutTail(this.#current);
    if (this.#current.sizeBytes === 0) this.#drop(this.#current);
    this.#current = null;
  }

  /** Nothing says that what stands behind the end was ever acknowledged. */
  #cut(): void {
    this.#keepTail();
    if (this.#current !== null) this.#cutTail(this.#current);
    for (const base of this.#bases) this.#removeSegmentFiles(base);
    this.#bases = [];
  }

  #keepTail(): void {
    const parts: CutPart[] = [];
    const opened: DiskFile[] = [];
    const add = (file: DiskFile, start: number) => {
      const part = cutPartOf(file, start);
      if (part !== null) parts.push(part);
    };
    if (this.#current !== null) add(this.#current.open(), this.#current.sizeBytes);
    try {
      for (const base of this.#bases) {
        const file = this.#disk.openFile(`${this.#log.folder}/${segmentName(base)}${LOG_SUFFIX}`, "read");
        opened.push(file);
        add(file, 0);
      }
      keepCutTail(this.#host, this.#quarantine, this.#log, this.#expected, parts);
    } finally {
      for (const file of opened) file.close();
    }
  }

  /** Takes away bytes behind the last batch, durably before anything else is stored there. */
  #cutTail(segment: Segment): void {
    if (this.#host.bugs.has("keep-torn-tail")) return;
    const file = segment.open();
    if (cutPartOf(file, segment.sizeBytes) === null) return;
    this.#host.report.tornTail?.(this.#log, segment.nextOffset, file.sizeBytes - segment.sizeBytes);
    segment.allocate(segment.sizeBytes);
    this.#toSync.add(segment);
  }

  /** Leaves out segments below the log start offset; makes sure that the log ends in a segment of its end offset. */
  #finish(): void {
    while (this.#segments.length > 0) {
      const first = this.#segments[0] as Segment;
      if (first.nextOffset > this.#logStartOffset || (first === this.#current && first.sizeBytes === 0))
        break;
      if (first === this.#current && first.nextOffset === this.#logStartOffset) break;
      this.#drop(first);
    }
    this.#bridgeHole();
    const last = this.#segments.at(-1);
    const endOffset = Math.max(this.#expected, this.#logStartOffset);
    if (last === undefined || last.nextOffset !== endOffset || last !== this.#current) {
      if (last !== undefined && last.sizeBytes === 0) this.#drop(last);
      this.#expected = endOffset;
      this.#create(this.#host.limits.segmentFirstBytes);
    }
  }

  /**
   * Behind damage a reader has to come to the end all the same: a batch without records leads over what is lost
   * there. The log begins with what is left.
   */
  #bridgeHole(): void {
    const endOffset = Math.max(this.#expected, this.#logStartOffset);
    const last = this.#segments.findLast((segment) => segment.sizeBytes > 0);
    if (last !== undefined && last.nextOffset < endOffset) {
      const active = this.#segments.at(-1);
      if (active !== undefined && active !== last) this.#drop(active);
      this.#current = null;
      this.#expected = last.nextOffset;
      const filler = fillHole(last.nextOffset, endOffset);
      for (let at = 0; at < filler.length; at += batchSizeBytes(filler, at)) {
        this.#store(filler, at, batchSizeBytes(filler, at));
      }
      this.#current = null;
    }
    const firstOffset = last === undefined ? endOffset : (this.#segments[0]?.baseOffset ?? endOffset);
    this.#logStartOffset = Math.max(this.#logStartOffset, firstOffset);
  }

  #drop(segment: Segment, remove = true): void {
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    this.#toSync.delete(segment);
    if (segment === this.#current) this.#current = null;
    if (remove) segment.remove();
    else segment.close();
    this.#folderUnsynced = true;
  }

  #removeSegmentFiles(base: number): true {
    const stem = `${this.#log.folder}/${segmentName(base)}`;
    for (const suffix of [LOG_SUFFIX, ...CACHE_SUFFIXES]) this.#disk.remove(stem + suffix);
    this.#folderUnsynced = true;
    return true;
  }

  #reportLost(fromOffset: number, toOffset: number, why: string): void {
    this.#host.report.quarantined?.(this.#log, this.#log.folder, fromOffset, toOffset, why);
  }
}

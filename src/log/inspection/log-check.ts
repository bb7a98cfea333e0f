import { HeadwaterError } from "../../base/errors.ts";
import type { Disk, DiskFile } from "../../io/disk.ts";
import {
  batchBaseOffset,
  batchBaseSequence,
  batchLastOffset,
  batchNextOffset,
  batchProducerId,
  batchSizeBytes,
  completeBatchSizeBytes,
} from "../../records/batch.ts";
import type { LogState, SegmentState } from "../checkpoint.ts";
import {
  CLEANED_SUFFIX,
  LOG_SUFFIX,
  parseSegmentName,
  SALVAGE_SUFFIX,
  SWAP_SUFFIX,
  segmentName,
} from "../folder-names.ts";
import { entryBatches, type JournalEntry } from "../journal.ts";
import type { LogIdentity } from "../log-config.ts";
import type { ProducerBatch } from "../producer-state.ts";
import { acknowledgedEnd, batchesWithin, type Refill, refillsOf } from "../refills.ts";
import { applySwaps, decodeSwap } from "../segment-swap.ts";
import { findSound, type LostRange, nothingOf, refillLost } from "../sound-batches.ts";
import { BatchSource } from "./batch-source.ts";
import { type Findings, REPAIR, SUSPECT_DISK } from "./damage.ts";
import { checkIndexes } from "./index-check.ts";
import { lostKeys } from "./lost-keys.ts";

const MAX_SWAP_BYTES = 1024;

/** Looks into the batches of a topic that the broker reads itself: why one can't be understood, or null. */
export type ContentCheck = (batch: Uint8Array) => string | null;

export interface LogFacts {
  readonly disk: Disk;
  readonly log: LogIdentity;
  readonly folder: string;
  /** From the checkpoint; null for a log that is younger. */
  readonly state: LogState | null;
  /** What the journal has of it. */
  readonly entries: readonly JournalEntry[];
  /**
   * "clean": the checkpoint is the whole truth. "unclean": behind it stands what the next start will take up. "running":
   * behind it somebody writes, and nothing of that is looked at.
   */
  readonly condition: "clean" | "unclean" | "running";
  readonly checkpointLost: boolean;
  readonly contentCheck: ContentCheck | null;
  readonly findings: Findings;
  /** Hears of bytes that were gone through. */
  readonly progress: (bytes: number) => void;
}

/** Checks one partition's log: every batch, the indexes beside it, and what the checkpoint says of it. */
export function checkLog(facts: LogFacts): void {
  new LogCheck(facts).run();
}

class LogCheck {
  readonly #facts: LogFacts;
  readonly #findings: Findings;
  /** Batches that the checkpoint's producers are remembered by. */
  readonly #remembered = new Map<number, ProducerBatch & { readonly producerId: number }>();
  readonly #replacedBelow: { readonly from: number; readonly to: number }[] = [];
  #contentTold = false;

  constructor(facts: LogFacts) {
    this.#facts = facts;
    this.#findings = facts.findings;
    for (const { producerId, batches } of facts.state?.producers ?? []) {
      for (const batch of batches) this.#remembered.set(batch.baseOffset, { ...batch, producerId });
    }
  }

  run(): void {
    this.#findings.sums.logs += 1;
    this.#checkState();
    const known = this.#knownSegments();
    for (const [i, segment] of known.entries()) {
      const isLast = i === known.length - 1;
      this.#checkKnown(segment, isLast);
    }
    if (this.#facts.condition === "unclean") this.#followTail(known.at(-1) ?? null);
  }

  get #startOffset(): number {
    return startOf(this.#facts);
  }

  /** What the checkpoint says has to fit itself. */
  #checkState(): void {
    const { state, log } = this.#facts;
    if (state === null) return;
    const faults: string[] = [];
    let offset = -1;
    for (const { baseOffset, nextOffset } of state.segments) {
      if (baseOffset < offset || nextOffset < baseOffset)
        faults.push(`segment ${baseOffset} is out of order`);
      offset = nextOffset;
    }
    let epoch = -1;
    for (const entry of state.epochs) {
      if (entry.epoch <= epoch) faults.push(`leader epoch ${entry.epoch} is out of order`);
      epoch = entry.epoch;
    }
    for (const { producerId, batches } of state.producers) {
      if (batches.some(({ lastOffset }) => lastOffset >= Math.max(offset, state.logStartOffset)))
        faults.push(`producer ${producerId} is ahead of the log`);
    }
    for (const what of faults) this.#checkpointDamage(log, what);
  }

  #checkpointDamage(log: LogIdentity, what: string): void {
    this.#findings.damage(log, {
      part: "checkpoint",
      path: `${parentOf(this.#facts.folder)}/checkpoint`,
      what: `the checkpoint does not fit the log: ${what}`,
      meaning: "producers may be let send batches again, or be refused",
      remedy: "report it as a bug; headwater repair --apply writes a new checkpoint",
    });
  }

  /** The checkpoint's segments, after compactions that it does not know of. */
  #knownSegments(): readonly SegmentState[] {
    const { state, disk, folder, condition } = this.#facts;
    if (state === null || condition !== "unclean") return state?.segments ?? [];
    const swaps: SegmentState[] = [];
    for (const name of disk.list(folder)) {
      if (parseSegmentName(name, SWAP_SUFFIX) === null) continue;
      const bytes = disk.readFile(`${folder}/${name}`, MAX_SWAP_BYTES);
      const swap = bytes === null ? null : decodeSwap(bytes);
      if (swap === null) this.#findings.remark(`${folder}/${name}`, "it can't be read and is ignored");
      else swaps.push(swap);
    }
    for (const { baseOffset, nextOffset } of swaps)
      this.#replacedBelow.push({ from: baseOffset, to: nextOffset });
    return applySwaps(state.segments, swaps);
  }

  /** A segment as far as the checkpoint knows it. */
  #checkKnown(segment: SegmentState, isLast: boolean): void {
    if (segment.nextOffset <= this.#startOffset && !isLast) return;
    const path = this.#pathOf(segment.baseOffset);
    if (!this.#facts.disk.isFile(path)) {
      this.#missing(segment, path);
      return;
    }
    const file = this.#open(path, segment);
    if (file === null) return;
    try {
      this.#findings.sums.segments += 1;
      const end = this.#walk(file, segment);
      this.#facts.progress(segment.sizeBytes);
      if (end !== null) {
        this.#damagedFrom(file, segment, end);
        return;
      }
      const { log, folder, disk } = this.#facts;
      const { baseOffset, sizeBytes } = segment;
      checkIndexes(disk, { log, folder, file, baseOffset, sizeBytes }, this.#findings);
    } finally {
      file.close();
    }
  }

  #pathOf(baseOffset: number): string {
    const { disk, folder } = this.#facts;
    const stem = `${folder}/${segmentName(baseOffset)}`;
    // A mending that was cut off has the damaged file out of the way, and what is sound not in its place yet.
    if (!disk.isFile(stem + LOG_SUFFIX) && disk.isFile(stem + SALVAGE_SUFFIX)) return stem + SALVAGE_SUFFIX;
    const isSwapped = this.#replacedBelow.some(({ from }) => from === baseOffset);
    return isSwapped && disk.exists(stem + CLEANED_SUFFIX) ? stem + CLEANED_SUFFIX : stem + LOG_SUFFIX;
  }

  #missing(segment: SegmentState, path: string): void {
    if (segment.sizeBytes === 0 || this.#facts.condition === "running") return;
    this.#lost(path, nothingOf(segment).lost[0] as LostRange, null, "the segment's file is missing");
  }

  #open(path: string, segment: SegmentState): DiskFile | null {
    try {
      return this.#facts.disk.openFile(path, "read");
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      if (this.#facts.condition !== "running" || this.#facts.disk.isFile(path))
        this.#lost(path, nothingOf(segment).lost[0] as LostRange, null, `it can't be read: ${error.message}`);
      return null;
    }
  }

  /** Goes from batch to batch to the known end. Gives why that was not reached; null where all is well. */
  #walk(file: DiskFile, segment: SegmentState): string | null {
    const source = new BatchSource(file);
    let position = 0;
    let expected = segment.baseOffset;
    while (position < segment.sizeBytes) {
      const batch = source.batchAt(position, segment.sizeBytes);
      if (batch === null || batch.fault !== null)
        return file.sizeBytes < segment.sizeBytes
          ? `the file ends at byte ${file.sizeBytes}, and had ${segment.sizeBytes}`
          : (batch?.fault ?? "no batch begins where one should");
      const baseOffset = batchBaseOffset(batch.bytes, 0);
      const nextOffset = batchNextOffset(batch.bytes, 0);
      if (baseOffset < expected) return `offsets go back from ${expected} to ${baseOffset}`;
      if (nextOffset > segment.nextOffset)
        return `offsets go beyond ${segment.nextOffset}, where the segment ends`;
      this.#note(file.path, position, batch.bytes);
      expected = nextOffset;
      position += batch.bytes.length;
    }
    if (expected === segment.nextOffset) return null;
    return `the batches end at offset ${expected}, and should at ${segment.nextOffset}`;
  }

  /** Takes a sound batch up. */
  #note(path: string, position: number, batch: Uint8Array): void {
    this.#findings.sums.batches += 1;
    this.#findings.sums.bytes += batch.length;
    const { log, contentCheck } = this.#facts;
    const baseOffset = batchBaseOffset(batch, 0);
    const known = this.#remembered.get(baseOffset);
    if (known !== undefined) {
      const isSame =
        known.producerId === batchProducerId(batch, 0) &&
        known.baseSequence === batchBaseSequence(batch, 0) &&
        known.lastOffset === batchLastOffset(batch, 0);
      if (!isSame) this.#checkpointDamage(log, `the batch at offset ${baseOffset} is not its producer's`);
    }
    const fault = contentCheck?.(batch) ?? null;
    if (fault === null || this.#contentTold) return;
    this.#contentTold = true;
    this.#findings.damage(log, {
      part: "content",
      path,
      position,
      endPosition: position + batch.length,
      what: `the record at offset ${baseOffset} can't be understood: ${fault}`,
      meaning: "topics, settings or quotas that it told of may be missing",
      remedy: "run the version of headwater that wrote the data folder, or restore a backup",
    });
  }

  /** Names what is lost of a segment that is not what it was. */
  #damagedFrom(file: DiskFile, segment: SegmentState, why: string): void {
    const { lost } = findSound(file, segment, segment.nextOffset);
    for (const range of lost) this.#lost(file.path, range, file, why);
    // Nothing is missing: something stands between batches, or behind them, that is none.
    if (lost.length > 0) return;
    this.#findings.damage(this.#facts.log, {
      part: "segment",
      path: file.path,
      what: why,
      meaning: "no record is lost",
      remedy: `${REPAIR}; ${SUSPECT_DISK}`,
    });
  }

  #lost(path: string, range: LostRange, file: DiskFile | null, what: string): void {
    const { fromOffset, toOffset, start, end } = range;
    const kept = Math.max(fromOffset, this.#startOffset);
    this.#findings.damage(this.#facts.log, {
      part: "segment",
      path,
      ...(file === null ? {} : { position: start, endPosition: end }),
      ...(kept < toOffset ? { fromOffset: kept, toOffset } : {}),
      keys: file === null ? [] : lostKeys(file, start, end),
      what,
      meaning:
        kept < toOffset
          ? `records of offsets ${kept} to ${toOffset - 1} are lost here; what an uplink has carried is at the centre`
          : "no record is lost",
      remedy: `${REPAIR}. The file is set aside, every sound batch stays, and the loss goes into the ledger; ${SUSPECT_DISK}`,
    });
  }

  /**
   * What the next start will find behind the recovery point: batches on the disk as long as they follow each other, then
   * the journal's. Where both stop is the end, and only what the journal tells of beyond it is lost.
   */
  #followTail(last: SegmentState | null): void {
    const tail = new Tail(this.#facts, last);
    tail.join((path, position, batch) => this.#note(path, position, batch));
    for (const range of tail.lost) {
      this.#lost(tail.path, range, null, "batches behind the last checkpoint are damaged or missing");
    }
    if (tail.resume === null && tail.leftBytes) {
      this.#findings.remark(
        tail.path,
        `bytes from ${tail.position} on are no whole batch: they were being written when the gateway was cut off, were never acknowledged, and the next start cuts them`,
      );
    }
    if (tail.refilled > 0) {
      const { topic, partition } = this.#facts.log;
      this.#findings.remark(
        this.#facts.folder,
        `${tail.refilled} batches of ${topic}-${partition} are in the journal alone: the next start puts them into the log`,
      );
    }
  }
}

/** Follows a log behind its recovery point as recovery does, and changes nothing. */
class Tail {
  readonly #facts: LogFacts;
  readonly #startOffset: number;
  readonly #refills: readonly Refill[];
  #bases: number[];
  #file: DiskFile | null = null;
  #source: BatchSource | null = null;
  path: string;
  position: number;
  expected: number;
  /** Batches that the journal alone has. */
  refilled = 0;
  /** Where the log goes on behind what is lost; null at its end. */
  resume: number | null = null;
  lost: readonly LostRange[] = [];
  /** Whether something stands behind the end. */
  leftBytes = false;

  constructor(facts: LogFacts, last: SegmentState | null) {
    this.#facts = facts;
    this.#startOffset = startOf(facts);
    const names = facts.disk.list(facts.folder);
    const bases = names.map((name) => parseSegmentName(name, LOG_SUFFIX)).filter((base) => base !== null);
    this.#bases = bases.sort((a, b) => a - b).filter((base) => base >= (last?.baseOffset ?? 0));
    this.expected = last?.nextOffset ?? this.#bases[0] ?? facts.state?.logStartOffset ?? 0;
    this.position = last?.sizeBytes ?? 0;
    this.path = facts.folder;
    this.#refills = refillsOf(facts.entries);
    if (last !== null && this.#bases[0] === last.baseOffset) this.#open(last.baseOffset, last.sizeBytes);
    else if (last === null && this.#bases[0] !== undefined) this.#open(this.#bases[0], 0);
  }

  join(note: (path: string, position: number, batch: Uint8Array) => void): void {
    try {
      while (this.#step(note));
      this.resume = this.#nextAfterGap();
      if (this.resume !== null) this.lost = this.#lostBefore(this.resume);
      this.leftBytes = this.#source !== null && !this.#source.isZeroFrom(this.position);
    } finally {
      this.#closeFile();
    }
  }

  #step(note: (path: string, position: number, batch: Uint8Array) => void): boolean {
    if (this.#followDisk(note)) return true;
    if (this.#bases[0] === this.expected) this.#open(this.expected, 0);
    else if (this.#followJournal()) return true;
    else if (this.expected < this.#startOffset) this.#skipDeleted();
    else return false;
    return true;
  }

  /** Records below the log start offset may be gone, in part, from disk and journal alike. */
  #skipDeleted(): void {
    const start = this.#startOffset;
    const base = this.#bases.findLast((candidate) => candidate <= start);
    if (base !== undefined && base > this.expected) {
      this.#bases = this.#bases.filter((other) => other >= base);
      this.expected = base;
      this.#open(base, 0);
      return;
    }
    const refill = this.#refills.find(({ endOffset }) => endOffset > start);
    const isAhead = refill !== undefined && refill.entry.offset > this.expected;
    this.expected = Math.min(start, isAhead ? refill.entry.offset : start);
    this.#closeFile();
  }

  #closeFile(): void {
    this.#file?.close();
    this.#file = null;
    this.#source = null;
  }

  #open(base: number, position: number): void {
    this.#closeFile();
    this.#bases.shift();
    this.path = `${this.#facts.folder}/${segmentName(base)}${LOG_SUFFIX}`;
    this.#file = this.#facts.disk.isFile(this.path) ? this.#facts.disk.openFile(this.path, "read") : null;
    this.#source = this.#file === null ? null : new BatchSource(this.#file);
    // Those that go on behind the recovery point were counted.
    if (position === 0) this.#facts.findings.sums.segments += 1;
    this.position = position;
  }

  #followDisk(note: (path: string, position: number, batch: Uint8Array) => void): boolean {
    const batch = this.#source?.batchAt(this.position, Number.MAX_SAFE_INTEGER) ?? null;
    if (batch === null || batch.fault !== null) return false;
    const limit = this.#bases[0] ?? Number.MAX_SAFE_INTEGER;
    const nextOffset = batchNextOffset(batch.bytes, 0);
    if (batchBaseOffset(batch.bytes, 0) < this.expected || nextOffset > limit) return false;
    note(this.path, this.position, batch.bytes);
    this.expected = nextOffset;
    this.position += batch.bytes.length;
    this.#facts.progress(batch.bytes.length);
    return true;
  }

  #followJournal(): boolean {
    const next = this.#refills.find(({ endOffset }) => endOffset > this.expected);
    if (next === undefined || next.entry.offset > this.expected) return false;
    const batches = entryBatches(next.entry).slice();
    let sizeBytes = 0;
    const before = this.expected;
    for (let at = 0; at < batches.length; at += sizeBytes) {
      sizeBytes = completeBatchSizeBytes(batches, at, batches.length);
      if (sizeBytes === 0) break;
      if (batchBaseOffset(batches, at) !== this.expected) continue;
      this.expected = batchNextOffset(batches, at);
      this.position += batchSizeBytes(batches, at);
      this.refilled += 1;
    }
    return this.expected > before;
  }

  /** As recovery decides it: behind damage the log goes on with the next segment, or at the end of what was acknowledged. */
  #nextAfterGap(): number | null {
    const acknowledged = acknowledgedEnd(this.#facts.entries, this.#refills);
    const base = this.#bases[0];
    const counts = base !== undefined && (this.#facts.checkpointLost || base <= acknowledged);
    let resume = counts ? base : acknowledged;
    if (this.#file === null) {
      const next = this.#refills.find(({ endOffset }) => endOffset > this.expected);
      resume = Math.min(resume, next?.entry.offset ?? resume);
    }
    return resume > Math.max(this.expected, this.#startOffset) ? resume : null;
  }

  /** What neither the segment nor the journal has of the offsets up to there. */
  #lostBefore(resume: number): readonly LostRange[] {
    const { position, expected } = this;
    if (this.#file === null) {
      return [{ fromOffset: expected, toOffset: resume, start: position, end: position }];
    }
    const segment = { baseOffset: 0, nextOffset: resume, sizeBytes: position };
    const { lost } = refillLost(findSound(this.#file, segment, resume), (fromOffset, toOffset) =>
      batchesWithin(this.#refills, fromOffset, toOffset),
    );
    // Those below were looked at with what the checkpoint knows of them.
    return lost.filter(({ toOffset }) => toOffset > expected);
  }
}

/** The log start offset: the journal may know more of it than the checkpoint. */
function startOf({ state, entries }: LogFacts): number {
  let start = state?.logStartOffset ?? 0;
  for (const { kind, offset } of entries) if (kind === "log-start") start = Math.max(start, offset);
  return start;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

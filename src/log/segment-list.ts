import { assert } from "../base/assert.ts";
import type { SegmentState } from "./checkpoint.ts";
import { SALVAGE_SUFFIX } from "./folder-names.ts";
import { FolderSync } from "./folder-sync.ts";
import type { LogBirth } from "./log-birth.ts";
import type { LogHost } from "./log-host.ts";
import { Segment } from "./segment.ts";

/** What a checkpoint says of a log's files. */
export interface CheckpointedFiles {
  /** Base offset of the last segment in it. */
  readonly offset: number;
  /** Files of swaps that it knows of. */
  readonly swaps: readonly string[];
}

/**
 * The segments of one log, by offset, and how far their files are behind: bytes that are not synced, files that
 * are not durable in their folder, sealed files that are not cut to their length, and files of segments that
 * readers don't see any more.
 */
export class SegmentList {
  readonly folder: string;
  readonly #host: LogHost;
  #segments: Segment[] = [];
  #sizeBytes = 0;
  readonly #unsynced = new Set<Segment>();
  readonly #untrimmed = new Set<Segment>();
  #retired: Segment[] = [];
  readonly #folderSync: FolderSync;
  /** How the log comes to its files, until it has them. */
  #birth: LogBirth | null = null;
  #born: Promise<void> | null = null;
  #closed = false;
  /** Files of swaps that no checkpoint knows yet. */
  #swaps: string[] = [];
  /** Base offset of the segment up to which the checkpoint in force has the log complete and durable. */
  #checkpointedOffset = 0;

  constructor(host: LogHost, folder: string) {
    this.#host = host;
    this.folder = folder;
    this.#folderSync = new FolderSync(host, folder);
  }

  get all(): readonly Segment[] {
    return this.#segments;
  }

  /** The one that takes appends; null before there is one. */
  get active(): Segment | null {
    return this.#segments.at(-1) ?? null;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get hasUnsynced(): boolean {
    return this.#unsynced.size > 0;
  }

  get hasUntrimmed(): boolean {
    return this.#untrimmed.size > 0;
  }

  /** Whether `trimSealed` or `sync` have something to do. */
  get isBehind(): boolean {
    return this.hasUnsynced || this.hasUntrimmed || this.#folderSync.isBehind;
  }

  /** Whether the log has no files yet that recovery would take for a log's: nothing in them counts as synced. */
  get isNewborn(): boolean {
    return this.#birth !== null;
  }

  /** The log's first segment follows. */
  beginBirth(birth: LogBirth): void {
    this.#birth = birth;
  }

  /** Resolves once recovery finds the log, and takes what the journal has of it. Rejects with DISK_IO. */
  async bear(): Promise<void> {
    if (this.#birth !== null && !this.#closed) this.#born ??= this.#finishBirth(this.#birth);
    await this.#born;
  }

  /** Takes over what a checkpoint or recovery found; all but the last are sealed. */
  restore(segments: Segment[]): void {
    assert(this.#segments.length === 0, "a log is restored once");
    this.#segments = segments;
    this.#checkpointedOffset = this.active?.baseOffset ?? 0;
    for (const segment of segments) {
      this.#sizeBytes += segment.sizeBytes;
      segment.sealed = segment !== segments.at(-1);
      if (segment.sealed && !segment.trimmed) this.#untrimmed.add(segment);
    }
  }

  /** A segment of this log that is not in the list. */
  make(baseOffset: number, indexIntervalBytes: number, suffix?: string): Segment {
    const { disk, files, indexBudget } = this.#host;
    const name = suffix === undefined ? {} : { suffix };
    return new Segment({
      disk,
      files,
      indexBudget,
      folder: this.folder,
      baseOffset,
      indexIntervalBytes,
      ...name,
    });
  }

  /** Segments that end at or below it are durable, and the checkpoint in force says so of them. */
  get checkpointedOffset(): number {
    return this.#checkpointedOffset;
  }

  /** Whether swaps wait for a checkpoint that knows of them. */
  get hasSwaps(): boolean {
    return this.#swaps.length > 0;
  }

  /** Takes over the files of swaps that recovery found to have happened. */
  restoreSwaps(paths: readonly string[]): void {
    this.#swaps.push(...paths);
    if (paths.length > 0) this.#folderSync.noteChange();
  }

  /**
   * Puts a compacted segment, which the file `swapPath` says has happened, in the place of sealed ones that follow
   * each other, and removes their files. Throws DISK_IO, with only a part of that done.
   */
  swap(originals: readonly Segment[], compacted: Segment, swapPath: string): void {
    const index = this.#segments.indexOf(originals[0] as Segment);
    assert(
      index >= 0 &&
        originals.every((original, i) => original.sealed && this.#segments[index + i] === original),
      "sealed segments that follow each other are swapped",
    );
    this.#swaps.push(swapPath);
    this.#folderSync.noteChange();
    this.#segments.splice(index, originals.length, compacted);
    this.#sizeBytes += compacted.sizeBytes;
    for (const original of originals) {
      this.#sizeBytes -= original.sizeBytes;
      this.#forget(original);
    }
    compacted.sealed = true;
    compacted.trimmed = true;
    const [first, ...others] = originals;
    first?.close();
    first?.removeCaches();
    compacted.takePlace();
    for (const other of others) other.remove();
    if (this.#host.bugs.has("forget-swap-early")) this.#host.disk.remove(swapPath);
  }

  /** What a checkpoint that is about to be written will make out of date. */
  beginCheckpoint(): CheckpointedFiles {
    const offset = this.states().at(-1)?.baseOffset ?? 0;
    // Until the folder has what was done to the files, a swap may have to be done again.
    return { offset, swaps: this.#folderSync.isBehind ? [] : [...this.#swaps] };
  }

  /** That checkpoint is durable. Throws DISK_IO. */
  endCheckpoint(files: CheckpointedFiles): void {
    if (this.#closed) return;
    this.#checkpointedOffset = Math.max(this.#checkpointedOffset, files.offset);
    if (files.swaps.length === 0) return;
    this.#swaps = this.#swaps.filter((path) => !files.swaps.includes(path));
    this.#folderSync.noteChange();
    for (const path of files.swaps) this.#host.disk.remove(path);
  }

  /** Adds an empty segment with a file of its own, and seals the one before. Throws DISK_FULL or DISK_IO. */
  start(baseOffset: number, allocateBytes: number, indexIntervalBytes: number): void {
    const sealed = this.active;
    const segment = this.make(baseOffset, indexIntervalBytes, this.isNewborn ? SALVAGE_SUFFIX : undefined);
    segment.create(allocateBytes);
    this.#folderSync.noteChange();
    this.#segments.push(segment);
    if (sealed === null) return;
    sealed.sealed = true;
    this.#untrimmed.add(sealed);
  }

  /** Makes the file of the active segment, which is empty, anew. Throws DISK_FULL or DISK_IO. */
  renew(allocateBytes: number): void {
    const { active } = this;
    assert(active !== null && active.sizeBytes === 0, "only an empty segment is made anew");
    active.remove();
    active.create(allocateBytes);
    active.damaged = false;
    this.#folderSync.noteChange();
  }

  /** The active segment has `bytes` more. */
  noteAppended(active: Segment, bytes: number): void {
    this.#sizeBytes += bytes;
    this.#unsynced.add(active);
  }

  /** Index of the segment that holds the offset, or of the one before it where none does. */
  indexOf(offset: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#segments[middle] as Segment).baseOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** The segments that reach beyond the offset. */
  beyond(offset: number): readonly Segment[] {
    let first = this.#segments.length;
    while (first > 0 && (this.#segments[first - 1] as Segment).nextOffset > offset) first -= 1;
    return this.#segments.slice(first);
  }

  /** Takes segments that end at or below the offset out of sight; never the active one. */
  retireBelow(logStartOffset: number): void {
    while (this.#segments.length > 1 && (this.#segments[0] as Segment).nextOffset <= logStartOffset) {
      const segment = this.#segments.shift() as Segment;
      this.#sizeBytes -= segment.sizeBytes;
      // It is synced as before until that offset is durable: what follows it must not depend on it.
      this.#untrimmed.delete(segment);
      this.#retired.push(segment);
    }
  }

  /** Removes files of retired segments, once the log start offset that retired them is durable. */
  removeRetired(durableLogStartOffset: number): void {
    if (this.#retired.length === 0 || this.#closed) return;
    const keep: Segment[] = [];
    for (const segment of this.#retired) {
      if (segment.nextOffset > durableLogStartOffset || segment.pins > 0) {
        keep.push(segment);
      } else {
        this.#unsynced.delete(segment);
        segment.remove();
      }
    }
    this.#retired = keep;
  }

  /** Puts another segment, of the same base offset, or none in a sealed segment's place. */
  replace(old: Segment, replacement: Segment | null): void {
    const index = this.#segments.indexOf(old);
    assert(index >= 0 && old.sealed, "a sealed segment of this log is replaced");
    this.#segments.splice(index, 1, ...(replacement === null ? [] : [replacement]));
    this.#sizeBytes += (replacement?.sizeBytes ?? 0) - old.sizeBytes;
    this.#forget(old);
  }

  /** Resolves once the files that are there at the call are durable in their folder. Rejects with DISK_IO. */
  async settleFolder(): Promise<void> {
    await this.bear();
    if (!this.#closed) await this.#folderSync.settle();
  }

  /** New files were made durable in their folder by a sync of somebody else's. */
  noteFolderSynced(): void {
    this.#folderSync.noteSynced();
  }

  /** Resolves when all that was appended before the call is durable in the files. Rejects with DISK_IO. */
  async sync(): Promise<void> {
    const { active } = this;
    const segments = [...this.#unsynced].filter(
      (segment) => segment === active || !this.#host.bugs.has("skip-rolled-segment-sync"),
    );
    // First the folder: a checkpoint may tell of bytes as soon as they are synced. A segment that starts meanwhile is
    // none of this call's.
    await this.settleFolder();
    const left = segments.filter((segment) => this.#unsynced.has(segment));
    await Promise.all(left.map((segment) => this.#syncSegment(segment)));
  }

  /** Cuts sealed segments to their length, syncs them and writes their indexes. Rejects with DISK_IO. */
  async trimSealed(): Promise<void> {
    const sealed = [...this.#untrimmed];
    await this.settleFolder();
    for (const segment of sealed) {
      // A damaged one is replaced by what is sound of it.
      if (this.#closed || segment.damaged || !this.#untrimmed.has(segment)) continue;
      // Opening a file that had been closed measures it.
      segment.open();
      if (segment.allocatedBytes !== segment.sizeBytes) segment.allocate(segment.sizeBytes);
      await this.#syncSegment(segment);
      if (this.#closed || !this.#untrimmed.delete(segment)) continue;
      segment.trimmed = true;
      segment.giveUpIndexes();
      segment.file?.relax();
    }
  }

  /** What a checkpoint says of the segments: as far as they are synced without a hole. */
  states(): SegmentState[] {
    const states: SegmentState[] = [];
    for (const segment of this.#segments) {
      const transactions = segment.transactions.state(segment.synced.nextOffset);
      states.push({ baseOffset: segment.baseOffset, ...segment.synced, transactions });
      if (segment.dirty) break;
    }
    return states;
  }

  /** The folder is going away: files are closed and nothing is synced any more. */
  close(): void {
    this.#closed = true;
    for (const segment of [...this.#segments, ...this.#retired]) {
      segment.close();
      segment.dropIndexes();
    }
    this.#unsynced.clear();
    this.#untrimmed.clear();
  }

  async #syncSegment(segment: Segment): Promise<void> {
    await segment.sync();
    if (!segment.dirty) this.#unsynced.delete(segment);
  }

  async #finishBirth(birth: LogBirth): Promise<void> {
    const isStopped = () => this.#closed || this.#host.failure !== null;
    await birth.name(this.#folderSync, isStopped);
    if (isStopped()) return;
    for (const segment of [...this.#retired, ...this.#segments]) segment.takePlace();
    this.#folderSync.noteChange();
    this.#birth = null;
  }

  #forget(segment: Segment): void {
    this.#unsynced.delete(segment);
    this.#untrimmed.delete(segment);
  }
}

import type { Disk, DiskFile } from "../io/disk.ts";
import { BATCH_HEADER_BYTES } from "../records/batch.ts";
import type { CutPart } from "./cut-tail.ts";
import { LOG_SUFFIX, QUARANTINE_FOLDER, quarantineName, SALVAGE_SUFFIX } from "./folder-names.ts";
import { fillHole } from "./hole.ts";
import type { LogHost } from "./log-host.ts";
import type { PartitionLog } from "./partition-log.ts";
import type { Segment } from "./segment.ts";
import {
  findSound,
  type LostRange,
  nothingOf,
  type Refill,
  refillLost,
  type SoundPiece,
  type SoundRange,
  strayBehind,
} from "./sound-batches.ts";

const COPY_BYTES = 1024 * 1024;
/** And a number that grows. */
const CUT_SUFFIX = ".cut";

export interface SalvageOptions {
  /** Up to where batches that follow the segment's known end are kept; default: that end. */
  readonly limitOffset?: number;
  readonly refill?: Refill;
}

export interface Salvaged {
  /** What was put into its place; null where nothing was sound in the log's first segment. */
  readonly kept: Segment | null;
  readonly lost: readonly LostRange[];
}

/**
 * Where damaged files go: `quarantine/` in the data folder, for a person to look at. Nothing there is ever read by the
 * broker, or removed but for cut tails, which are most likely nobody's loss.
 */
export class Quarantine {
  readonly #host: LogHost;
  readonly #root: string;

  constructor(host: LogHost, root: string) {
    this.#host = host;
    this.#root = root;
  }

  /**
   * Copies what recovery is about to cut from a log's end, as much as `LogLimits.cutBytes` allows, durably. What was kept
   * of earlier cuts goes for it, the oldest first. Null where the disk has no room. Throws DISK_FULL or DISK_IO.
   */
  keepCut(log: PartitionLog, parts: readonly CutPart[]): string | null {
    const { cutBytes } = this.#host.limits;
    let wanted = 0;
    for (const { start, end } of parts) wanted += end - start;
    const sizeBytes = Math.min(wanted, cutBytes);
    if (!this.#host.space.hasRoom(sizeBytes)) return null;
    const folder = this.#makeFolder();
    const kept = this.#listCuts(folder);
    let keptBytes = kept.reduce((sum, cut) => sum + cut.sizeBytes, 0);
    for (const cut of kept) {
      if (keptBytes + sizeBytes <= cutBytes) break;
      this.#disk.remove(cut.path);
      keptBytes -= cut.sizeBytes;
    }
    const number = (kept.at(-1)?.number ?? 0) + 1;
    const path = `${folder}/${quarantineName(folderNameOf(log), `${CUT_SUFFIX}${number}`, 0)}`;
    const copy = this.#disk.createFile(path, sizeBytes);
    try {
      let position = 0;
      for (const { file, start, end } of parts) {
        const length = Math.min(end - start, sizeBytes - position);
        copyRange(file, { start, end: start + length }, copy, position);
        position += length;
      }
      copy.syncNow();
    } finally {
      copy.close();
    }
    this.#disk.syncFolderNow(folder);
    return path;
  }

  /**
   * Moves a file or folder away, to the name that it or its partition has, with a suffix; durable when it
   * returns. Gives its new path. Throws DISK_IO.
   */
  setAside(path: string, parent: string, name: string, suffix = ""): string {
    const folder = this.#makeFolder();
    let target = `${folder}/${quarantineName(name, suffix, 0)}`;
    for (let i = 1; this.#disk.exists(target); i++) target = `${folder}/${quarantineName(name, suffix, i)}`;
    this.#disk.rename(path, target);
    this.#disk.syncFolderNow(folder);
    this.#disk.syncFolderNow(parent);
    return target;
  }

  /**
   * Salvages a segment of an open log; appends go on behind it, at the log's end. Where nothing is left of the
   * first segment, the log start moves. False where there is no space for that now. Throws DISK_FULL or DISK_IO.
   */
  mend(log: PartitionLog, segment: Segment): boolean {
    // A mending that was cut off may have made the file of the next segment already.
    if (segment === log.segments.at(-1)) log.newSegment(log.logEndOffset).remove();
    if (!log.roll()) return false;
    if (segment === log.segments.at(-1)) {
      log.files.renew(this.#host.limits.segmentFirstBytes);
    } else {
      const { kept } = this.salvage(log, segment, segment === log.segments[0]);
      log.files.replace(segment, kept);
      const [first] = log.segments;
      if (first !== undefined) log.moveLogStart(first.baseOffset, null);
    }
    this.#host.keyIndexes.forget(segment);
    return true;
  }

  /**
   * Sets a damaged segment aside and puts what is sound of it in its place, under the same base offset: only the
   * offsets of damaged batches are lost. The segment's own end says what was in it at least; batches that follow
   * each other beyond that, up to `limitOffset`, are kept as well, and others there only told of. What is lost at its end becomes a batch without
   * records: else a reader would wait there. `kept` is null where nothing was sound in the log's first segment. A
   * crash in between leaves a file that recovery puts in place. Throws DISK_FULL, with nothing changed, or DISK_IO.
   */
  salvage(
    log: PartitionLog,
    segment: Segment,
    isFirst: boolean,
    { limitOffset = segment.nextOffset, refill = () => [] }: SalvageOptions = {},
  ): Salvaged {
    const copyPath = segment.path.slice(0, -LOG_SUFFIX.length) + SALVAGE_SUFFIX;
    const source = this.#isMissing(log, segment, copyPath) ? null : this.#host.files.use(segment);
    const found = source === null ? nothingOf(segment) : findSound(source, segment, limitOffset);
    const { pieces, lost, endOffset } = refillLost(found, refill);
    const cut = source === null ? null : strayBehind(source, found, segment.nextOffset, limitOffset);
    const filler = fillHole(
      pieces.length === 0 && isFirst ? segment.nextOffset : endOffset,
      segment.nextOffset,
    );
    if (filler.length > 0) pieces.push(filler);
    const keeps = pieces.length > 0;
    if (keeps) this.#copy(source, pieces, copyPath);
    segment.close();
    const transactions = segment.loadTransactions();
    segment.removeCaches();
    const folderName = folderNameOf(log);
    const fileName = segment.path.slice(segment.path.lastIndexOf("/") + 1);
    const aside =
      source === null ? log.folder : this.setAside(segment.path, log.folder, folderName, `.${fileName}`);
    if (keeps) {
      this.#disk.rename(copyPath, segment.path);
      this.#disk.syncFolderNow(log.folder);
    }
    const why = source === null ? "the segment's file is missing" : "batches are damaged";
    this.#reportLost(log, aside, lost, why);
    if (cut !== null && cut.batches > 0) {
      const end = Math.max(segment.nextOffset, endOffset);
      this.#host.report.cutBatches?.(log, { ...cut, endOffset: end, path: aside });
    }
    const kept = keeps ? this.#accept(log, segment) : null;
    // A marker may be among what is lost: what it said still holds.
    if (transactions !== null) kept?.takeTransactions(transactions);
    return { kept, lost };
  }

  get #disk(): Disk {
    return this.#host.disk;
  }

  #makeFolder(): string {
    const folder = `${this.#root}/${QUARANTINE_FOLDER}`;
    if (!this.#disk.exists(folder)) {
      this.#disk.makeFolder(folder);
      this.#disk.syncFolderNow(this.#root);
    }
    return folder;
  }

  /** What `keepCut` has made, the oldest first. */
  #listCuts(
    folder: string,
  ): { readonly path: string; readonly number: number; readonly sizeBytes: number }[] {
    const cuts = [];
    for (const name of this.#disk.list(folder)) {
      const digits = /\.cut(\d{1,15})$/.exec(name)?.[1];
      const path = `${folder}/${name}`;
      if (digits === undefined || !this.#disk.isFile(path)) continue;
      const file = this.#disk.openFile(path, "read");
      cuts.push({ path, number: Number(digits), sizeBytes: file.sizeBytes });
      file.close();
    }
    return cuts.sort((a, b) => a.number - b.number);
  }

  /** Whether the file is gone. Ends a salvage that was cut off with the original away already. */
  #isMissing(log: PartitionLog, segment: Segment, copyPath: string): boolean {
    if (this.#disk.isFile(segment.path)) return false;
    if (this.#disk.exists(segment.path)) this.setOddAside(log, segment.path);
    if (this.#disk.exists(copyPath)) {
      this.#disk.rename(copyPath, segment.path);
      this.#disk.syncFolderNow(log.folder);
      return false;
    }
    return true;
  }

  /** A folder or a pipe where the segment's file has to be. */
  setOddAside(log: PartitionLog, path: string): void {
    const folderName = folderNameOf(log);
    const fileName = path.slice(path.lastIndexOf("/") + 1);
    const aside = this.setAside(path, log.folder, folderName, `.${fileName}`);
    this.#host.report.quarantined?.(log, aside, -1, -1, "a file was expected here");
  }

  #reportLost(log: PartitionLog, path: string, lost: readonly LostRange[], why: string): void {
    for (const { fromOffset, toOffset } of lost) {
      this.#host.report.quarantined?.(log, path, fromOffset, toOffset, why);
      this.#host.report.deleted?.(log, fromOffset, toOffset, "corruption");
    }
  }

  /** Without a source there are no ranges of it. */
  #copy(source: DiskFile | null, pieces: readonly SoundPiece[], path: string): void {
    this.#disk.remove(path);
    let sizeBytes = 0;
    for (const piece of pieces) sizeBytes += sizeOf(piece);
    const copy = this.#disk.createFile(path, sizeBytes);
    try {
      let position = 0;
      for (const piece of pieces) {
        if (piece instanceof Uint8Array) copy.write(position, piece);
        else if (source !== null) copyRange(source, piece, copy, position);
        position += sizeOf(piece);
      }
      copy.syncNow();
    } finally {
      copy.close();
    }
    this.#disk.syncFolderNow(path.slice(0, path.lastIndexOf("/")));
  }

  /** Reads the copy in place, for its indexes and marks. */
  #accept(log: PartitionLog, old: Segment): Segment {
    const kept = log.newSegment(old.baseOffset);
    const file = kept.open();
    while (kept.sizeBytes < file.sizeBytes) {
      const header = file.view(kept.sizeBytes, BATCH_HEADER_BYTES);
      kept.accept(header, 0);
    }
    kept.synced = kept.mark();
    kept.sealed = true;
    kept.trimmed = true;
    return kept;
  }
}

function folderNameOf(log: PartitionLog): string {
  return log.folder.slice(log.folder.lastIndexOf("/") + 1);
}

function sizeOf(piece: SoundPiece): number {
  return piece instanceof Uint8Array ? piece.length : piece.end - piece.start;
}

/** Copies bytes [start, end) of one file to a position of another. Throws DISK_IO. */
export function copyRange(
  source: DiskFile,
  { start, end }: SoundRange,
  copy: DiskFile,
  position: number,
): void {
  for (let at = start; at < end; at += COPY_BYTES) {
    copy.write(position + at - start, source.view(at, Math.min(COPY_BYTES, end - at)));
  }
}

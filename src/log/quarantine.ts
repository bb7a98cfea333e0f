import type { Disk, DiskFile } from "../io/disk.ts";
import { BATCH_HEADER_BYTES } from "../records/batch.ts";
import { LOG_SUFFIX, QUARANTINE_FOLDER, quarantineName, SALVAGE_SUFFIX } from "./folder-names.ts";
import { fillHole } from "./hole.ts";
import type { LogHost } from "./log-host.ts";
import type { PartitionLog } from "./partition-log.ts";
import type { Segment } from "./segment.ts";
import { findSound, type LostRange, nothingOf, type SoundRange } from "./sound-batches.ts";

const COPY_BYTES = 1024 * 1024;

/**
 * Where damaged files go: `quarantine/` in the data folder, for a person to look at. Nothing there is ever read
 * or removed by the broker.
 */
export class Quarantine {
  readonly #host: LogHost;
  readonly #root: string;

  constructor(host: LogHost, root: string) {
    this.#host = host;
    this.#root = root;
  }

  /**
   * Moves a file or folder away, to the name that it or its partition has, with a suffix; durable when it
   * returns. Gives its new path. Throws DISK_IO.
   */
  setAside(path: string, parent: string, name: string, suffix = ""): string {
    const folder = `${this.#root}/${QUARANTINE_FOLDER}`;
    if (!this.#disk.exists(folder)) {
      this.#disk.makeFolder(folder);
      this.#disk.syncFolderNow(this.#root);
    }
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
   * each other beyond that, up to `limitOffset`, are kept as well. What is lost at its end becomes a batch without
   * records: else a reader would wait there. `kept` is null where nothing was sound in the log's first segment. A
   * crash in between leaves a file that recovery puts in place. Throws DISK_FULL, with nothing changed, or DISK_IO.
   */
  salvage(
    log: PartitionLog,
    segment: Segment,
    isFirst: boolean,
    limitOffset = segment.nextOffset,
  ): { readonly kept: Segment | null } {
    const copyPath = segment.path.slice(0, -LOG_SUFFIX.length) + SALVAGE_SUFFIX;
    const source = this.#isMissing(log, segment, copyPath) ? null : this.#host.files.use(segment);
    const { sound, lost, endOffset } =
      source === null ? nothingOf(segment) : findSound(source, segment, limitOffset);
    const filler = fillHole(
      sound.length === 0 && isFirst ? segment.nextOffset : endOffset,
      segment.nextOffset,
    );
    const keeps = sound.length > 0 || filler.length > 0;
    if (keeps) this.#copy(source, sound, filler, copyPath);
    segment.close();
    const transactions = segment.loadTransactions();
    segment.removeCaches();
    const folderName = log.folder.slice(log.folder.lastIndexOf("/") + 1);
    const fileName = segment.path.slice(segment.path.lastIndexOf("/") + 1);
    const aside =
      source === null ? log.folder : this.setAside(segment.path, log.folder, folderName, `.${fileName}`);
    if (keeps) {
      this.#disk.rename(copyPath, segment.path);
      this.#disk.syncFolderNow(log.folder);
    }
    const why = source === null ? "the segment's file is missing" : "batches are damaged";
    this.#reportLost(log, aside, lost, why);
    const kept = keeps ? this.#accept(log, segment) : null;
    // A marker may be among what is lost: what it said still holds.
    if (transactions !== null) kept?.takeTransactions(transactions);
    return { kept };
  }

  get #disk(): Disk {
    return this.#host.disk;
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
    const folderName = log.folder.slice(log.folder.lastIndexOf("/") + 1);
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

  /** Without a source there are no ranges. */
  #copy(source: DiskFile | null, ranges: readonly SoundRange[], filler: Uint8Array, path: string): void {
    this.#disk.remove(path);
    let sizeBytes = filler.length;
    for (const { start, end } of ranges) sizeBytes += end - start;
    const copy = this.#disk.createFile(path, sizeBytes);
    try {
      let position = 0;
      for (const { start, end } of ranges) {
        for (let at = start; at < end; at += COPY_BYTES) {
          const length = Math.min(COPY_BYTES, end - at);
          if (source !== null) copy.write(position, source.view(at, length));
          position += length;
        }
      }
      if (filler.length > 0) copy.write(position, filler);
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

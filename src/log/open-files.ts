import { assert } from "../base/assert.ts";
import type { Disk, DiskFile } from "../io/disk.ts";

/** Files closed at once when a bound is met, so that the search for the oldest is paid seldom. */
const EVICTION_SHARE = 8;
/** What the first use of a file after `relaxAll` counts as resident. */
const FIRST_TOUCH_BYTES = 8 * 1024;

/**
 * What OpenFiles keeps about one file that can be closed and opened again. The owner calls `OpenFiles.use` for
 * every access.
 */
export interface FileSlot {
  readonly path: string;
  file: DiskFile | null;
  /** Syncs in flight: the file stays open. */
  pins: number;
  /** Whether closing it would leave bytes unsynced: such files are closed last. */
  readonly dirty: boolean;
  lastUse: number;
  /** Size by which the file counts towards the mapped bytes while it is open. */
  countedBytes: number;
}

export interface OpenFileBounds {
  readonly maxOpenFiles: number;
  /** Sum of the sizes of open files. */
  readonly maxMappedBytes: number;
  readonly residentBytes: number;
}

/**
 * The open segment files, within a bound of their number and of their bytes. The file that was used longest ago
 * is closed first; one with unsynced bytes only when there is no other. Its bytes stay in the system's page
 * cache and are synced through a new handle: Linux reports a failed write-back to a handle opened later, too.
 */
export class OpenFiles {
  readonly #disk: Disk;
  readonly #maxFiles: number;
  readonly #maxBytes: number;
  readonly #maxResidentBytes: number;
  readonly #open = new Set<FileSlot>();
  #bytes = 0;
  #tick = 0;
  #residentBytes = 0;
  #relaxedAt = 0;

  constructor(disk: Disk, bounds: OpenFileBounds) {
    this.#disk = disk;
    this.#maxFiles = bounds.maxOpenFiles;
    this.#maxBytes = bounds.maxMappedBytes;
    this.#maxResidentBytes = bounds.residentBytes;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Sum of the sizes of the open files. */
  get mappedBytes(): number {
    return this.#bytes;
  }

  /** The slot's file, opened where it is not. Throws DISK_IO. */
  use(slot: FileSlot): DiskFile {
    // Whatever is done with it, a page or two of it come into memory.
    if (slot.lastUse <= this.#relaxedAt) this.#residentBytes += FIRST_TOUCH_BYTES;
    slot.lastUse = ++this.#tick;
    if (slot.file !== null) return slot.file;
    const file = this.#disk.openFile(slot.path, "write");
    this.#add(slot, file);
    return file;
  }

  /** Makes the slot's file. Throws DISK_FULL or DISK_IO. */
  create(slot: FileSlot, sizeBytes: number): DiskFile {
    assert(slot.file === null, "a file that is open is not made anew");
    slot.lastUse = ++this.#tick;
    const file = this.#disk.createFile(slot.path, sizeBytes);
    this.#add(slot, file);
    return file;
  }

  /** Tells that the file has another size now. */
  resized(slot: FileSlot): void {
    if (slot.file === null) return;
    this.#bytes += slot.file.sizeBytes - slot.countedBytes;
    slot.countedBytes = slot.file.sizeBytes;
    if (this.#isOver) this.#evict(slot);
  }

  /** Keeps the slot's file open until `unpin`. */
  pin(slot: FileSlot): void {
    slot.pins += 1;
  }

  unpin(slot: FileSlot): void {
    slot.pins -= 1;
    assert(slot.pins >= 0, "a file is unpinned as often as it was pinned");
    if (this.#isOver) this.#evict(null);
  }

  close(slot: FileSlot): void {
    const file = slot.file;
    if (file === null) return;
    this.#open.delete(slot);
    this.#bytes -= slot.countedBytes;
    slot.file = null;
    slot.countedBytes = 0;
    file.close();
  }

  closeAll(): void {
    for (const slot of [...this.#open]) this.close(slot);
  }

  /** Bytes of open files were written or read: where that adds up to much, memory is given back. */
  touched(bytes: number): void {
    this.#residentBytes += bytes;
    if (this.#residentBytes >= this.#maxResidentBytes) this.relaxAll();
  }

  /**
   * Closes what is neither pinned nor unsynced, with its mappings, and has the rest give back its memory. Whoever
   * uses a file opens it again.
   */
  shrink(): void {
    for (const slot of [...this.#open]) if (slot.pins === 0 && !slot.dirty) this.close(slot);
    this.relaxAll();
  }

  /** Asks every open file to give back the memory of its pages. */
  relaxAll(): void {
    this.#residentBytes = 0;
    this.#relaxedAt = this.#tick;
    for (const slot of this.#open) slot.file?.relax();
  }

  #add(slot: FileSlot, file: DiskFile): void {
    slot.file = file;
    slot.countedBytes = file.sizeBytes;
    this.#open.add(slot);
    this.#bytes += file.sizeBytes;
    if (this.#isOver) this.#evict(slot);
  }

  get #isOver(): boolean {
    return this.#open.size > this.#maxFiles || this.#bytes > this.#maxBytes;
  }

  #evict(keep: FileSlot | null): void {
    const candidates = [...this.#open].filter((slot) => slot !== keep && slot.pins === 0);
    candidates.sort((a, b) => Number(a.dirty) - Number(b.dirty) || a.lastUse - b.lastUse);
    const targetFiles = this.#maxFiles - Math.floor(this.#maxFiles / EVICTION_SHARE);
    const targetBytes = this.#maxBytes - Math.floor(this.#maxBytes / EVICTION_SHARE);
    for (const slot of candidates) {
      if (this.#open.size <= targetFiles && this.#bytes <= targetBytes) break;
      this.close(slot);
    }
  }
}

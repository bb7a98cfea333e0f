import { AssertionError, assert } from "../../base/assert.ts";
import { HeadwaterError } from "../../base/errors.ts";
import type { Disk, DiskFile, FolderLock } from "../disk.ts";
import { BlockCache } from "./block-cache.ts";
import { type ContentHost, type SealedBug, SealedContent } from "./content.ts";
import { encodeFileHeader, FILE_ID_BYTES } from "./file-header.ts";
import { Layout, MAX_BLOCK_BYTES, MIN_BLOCK_BYTES } from "./layout.ts";
import { Records, type SealingOptions } from "./records.ts";

const CACHED_BYTES = 4 * 1024 * 1024;
const SCRATCH_BYTES = 128 * 1024;
const DEFAULT_BLOCK_BYTES = 4096;
/** Closed files of which is known that all in them is durable. */
const MAX_SETTLED = 4096;
/** Damaged blocks that are told of one by one. */
const MAX_TOLD = 1000;

/** Data keys by number; new files take the highest. */
export interface DataKeys {
  readonly current: number;
  key(number: number): Uint8Array | null;
}

export interface SealedDiskOptions extends SealingOptions {
  /** Where the sealed bytes go. */
  readonly inner: Disk;
  readonly keys: DataKeys;
  /** Whether this file stays as it is: who has to be read before there is a key. */
  readonly isPlain: (path: string) => boolean;
  /** Size of the blocks of a new file; 4096 bytes where it is left out. */
  readonly blockBytesOf?: (path: string) => number;
  /** Calls back when this turn of the event loop ends. */
  readonly defer: (callback: () => void) => void;
  /** A block that does not open, or -1: the file. Told once. */
  readonly damaged?: (path: string, block: number) => void;
  readonly bugs?: ReadonlySet<SealedBug>;
}

/**
 * Another disk on which nothing but names and lengths can be read without the key. What is written is handed on as
 * `layout.ts` has it: at once where it is whole blocks, the block that is being filled when it is synced, or else when the
 * turn ends. What was changed on the medium reads as bytes that no checksum of a log takes.
 */
export class SealedDisk implements Disk {
  readonly kind = "sealed";
  readonly #options: SealedDiskOptions;
  readonly #inner: Disk;
  readonly #open = new Map<string, OpenContent>();
  readonly #settled = new Set<string>();
  /** Files of which something was lost after they were closed. */
  readonly #failed = new Map<string, unknown>();
  readonly #told = new Set<string>();
  readonly #host: ContentHost;

  constructor(options: SealedDiskOptions) {
    this.#options = options;
    this.#inner = options.inner;
    this.#host = {
      cache: new BlockCache(CACHED_BYTES),
      bugs: options.bugs ?? new Set(),
      scratch: new Uint8Array(SCRATCH_BYTES),
      newRecords: (blockBytes) => this.#newRecords(blockBytes),
      recordsOf: (header) => {
        const key = options.keys.key(header.keyNumber);
        return key === null ? null : new Records(options, key, header);
      },
      defer: options.defer,
      damaged: (path, block) => this.#damaged(path, block),
    };
  }

  makeFolder(path: string): void {
    this.#inner.makeFolder(path);
  }

  list(path: string): readonly string[] {
    return this.#inner.list(path);
  }

  exists(path: string): boolean {
    return this.#inner.exists(path);
  }

  isFile(path: string): boolean {
    return this.#inner.isFile(path);
  }

  rename(from: string, to: string): void {
    this.#inner.rename(from, to);
    if (from === to) return;
    this.#forget(to);
    const moved = [...this.#open].filter(([path]) => isWithin(path, from));
    for (const [path] of moved) this.#open.delete(path);
    for (const [path, open] of moved) this.#register(to + path.slice(from.length), open);
    for (const path of [...this.#settled]) if (isWithin(path, from)) this.#settled.delete(path);
    for (const [path, failure] of [...this.#failed]) {
      if (!isWithin(path, from)) continue;
      this.#failed.delete(path);
      this.#failed.set(to + path.slice(from.length), failure);
    }
  }

  remove(path: string): void {
    this.#inner.remove(path);
    this.#forget(path);
  }

  syncFolder(path: string): Promise<void> {
    return this.#inner.syncFolder(path);
  }

  syncFolderNow(path: string): void {
    this.#inner.syncFolderNow(path);
  }

  readFile(path: string, maxBytes: number): Uint8Array | null {
    if (this.#options.isPlain(path)) return this.#inner.readFile(path, maxBytes);
    if (!this.#inner.exists(path)) return null;
    const file = this.openFile(path, "read");
    try {
      const { sizeBytes } = file;
      if (sizeBytes > maxBytes) {
        const message = `${path} has ${sizeBytes} bytes, more than ${maxBytes}`;
        throw new HeadwaterError("MALFORMED", message, { path });
      }
      const bytes = new Uint8Array(sizeBytes);
      file.copy(0, sizeBytes, bytes, 0);
      return bytes;
    } finally {
      file.close();
    }
  }

  replaceFile(path: string, bytes: Uint8Array): void {
    if (this.#options.isPlain(path)) {
      this.#inner.replaceFile(path, bytes);
      return;
    }
    const fresh = `${path}.new`;
    this.remove(fresh);
    try {
      const file = this.createFile(fresh, bytes.length);
      try {
        file.write(0, bytes);
        file.syncNow();
      } finally {
        file.close();
      }
      this.rename(fresh, path);
    } catch (error) {
      if (error instanceof HeadwaterError) this.#removeQuietly(fresh);
      throw error;
    }
    this.#inner.syncFolderNow(path.slice(0, path.lastIndexOf("/")) || "/");
  }

  createFile(path: string, sizeBytes: number): DiskFile {
    if (this.#options.isPlain(path)) return this.#inner.createFile(path, sizeBytes);
    assert(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0, `bad file size ${sizeBytes}`);
    const blockBytes = this.#blockBytesOf(path);
    const file = this.#inner.createFile(path, new Layout(blockBytes).sealedSizeBytes(sizeBytes));
    const content = new SealedContent(file, this.#host, { isNew: true, isSettled: true, blockBytes });
    try {
      content.begin();
    } catch (error) {
      file.close();
      this.#removeQuietly(path);
      throw error;
    }
    this.#forget(path);
    const open: OpenContent = { path, content, isWritable: true, handles: 0 };
    this.#register(path, open);
    return this.#handle(path, open, true);
  }

  openFile(path: string, mode: "read" | "write"): DiskFile {
    if (this.#options.isPlain(path)) return this.#inner.openFile(path, mode);
    const isWritable = mode === "write";
    const known = this.#open.get(path);
    if (known !== undefined) {
      if (isWritable && !known.isWritable) {
        known.content.useHandle(this.#inner.openFile(path, "write"));
        known.isWritable = true;
      }
      return this.#handle(path, known, isWritable);
    }
    const file = this.#inner.openFile(path, mode);
    const content = new SealedContent(file, this.#host, {
      isNew: false,
      isSettled: this.#settled.delete(path),
      blockBytes: this.#blockBytesOf(path),
    });
    const failure = this.#failed.get(path);
    if (failure !== undefined) content.fail(failure);
    const open: OpenContent = { path, content, isWritable, handles: 0 };
    this.#register(path, open);
    return this.#handle(path, open, isWritable);
  }

  freeBytes(path: string): number {
    return this.#inner.freeBytes(path);
  }

  totalBytes(path: string): number {
    return this.#inner.totalBytes(path);
  }

  lock(path: string): FolderLock {
    return this.#inner.lock(path);
  }

  #handle(path: string, open: OpenContent, isWritable: boolean): DiskFile {
    open.handles += 1;
    return new SealedFile(path, open.content, isWritable, () => {
      open.handles -= 1;
      this.#release(open);
    });
  }

  #release(open: OpenContent): void {
    if (open.handles > 0) return;
    const { content } = open;
    content.flushQuietly();
    if (content.isSyncing) {
      // The syncs under way outlive the handles, and whoever opens the file meanwhile shares in them.
      content.afterSyncs(() => this.#release(open));
      return;
    }
    const { path } = open;
    if (path !== null) {
      this.#open.delete(path);
      open.path = null;
      if (content.failure !== null) this.#failed.set(path, content.failure);
      else if (content.isSettled && this.#settled.size < MAX_SETTLED) this.#settled.add(path);
    }
    content.closeInner();
  }

  /** What is at the path, or was, is not what is known under it. */
  #forget(path: string): void {
    for (const [known, open] of [...this.#open]) {
      if (!isWithin(known, path)) continue;
      this.#open.delete(known);
      open.path = null;
    }
    for (const known of [...this.#settled]) if (isWithin(known, path)) this.#settled.delete(known);
    for (const known of [...this.#failed.keys()]) if (isWithin(known, path)) this.#failed.delete(known);
  }

  #blockBytesOf(path: string): number {
    const blockBytes = this.#options.blockBytesOf?.(path) ?? DEFAULT_BLOCK_BYTES;
    assert(blockBytes >= MIN_BLOCK_BYTES && blockBytes <= MAX_BLOCK_BYTES, `blocks of ${blockBytes} bytes`);
    return blockBytes;
  }

  #register(path: string, open: OpenContent): void {
    open.path = path;
    this.#open.set(path, open);
  }

  #removeQuietly(path: string): void {
    try {
      this.remove(path);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
    }
  }

  #newRecords(blockBytes: number): { readonly header: Uint8Array; readonly records: Records } {
    const { keys, random } = this.#options;
    const keyNumber = keys.current;
    const key = keys.key(keyNumber);
    assert(key !== null, "the current data key is there");
    const fileId = random.bytes(FILE_ID_BYTES).slice();
    return {
      header: encodeFileHeader({ keyNumber, fileId, blockBytes }),
      records: new Records(this.#options, key, { fileId, blockBytes }),
    };
  }

  #damaged(path: string, block: number): void {
    const name = `${path}:${block}`;
    if (this.#told.has(name) || this.#told.size === MAX_TOLD) return;
    this.#told.add(name);
    this.#options.damaged?.(path, block);
  }
}

interface OpenContent {
  /** Where it is found; null once that is gone, or another's. */
  path: string | null;
  readonly content: SealedContent;
  isWritable: boolean;
  handles: number;
}

class SealedFile implements DiskFile {
  readonly path: string;
  readonly #content: SealedContent;
  readonly #isWritable: boolean;
  readonly #release: () => void;
  #isClosed = false;

  constructor(path: string, content: SealedContent, isWritable: boolean, release: () => void) {
    this.path = path;
    this.#content = content;
    this.#isWritable = isWritable;
    this.#release = release;
  }

  get sizeBytes(): number {
    return this.#content.sizeBytes;
  }

  write(position: number, bytes: Uint8Array): void {
    this.#assertRange(position, bytes.length);
    if (!this.#isWritable) throw new AssertionError(`write to ${this.path}, which is open for reading`);
    if (bytes.length > 0) this.#content.write(position, bytes);
  }

  view(position: number, length: number): Uint8Array {
    this.#assertRange(position, length);
    return length === 0 ? new Uint8Array(0) : this.#content.view(position, length);
  }

  copy(position: number, length: number, into: Uint8Array, at: number): void {
    this.#assertRange(position, length);
    if (!(at >= 0 && at + length <= into.length))
      throw new AssertionError(`${length} bytes do not fit at ${at} of ${into.length}`);
    if (length > 0) this.#content.copy(position, length, into, at);
  }

  sync(): Promise<void> {
    this.#assertOpen();
    return this.#content.sync();
  }

  syncNow(): void {
    this.#assertOpen();
    this.#content.syncNow();
  }

  resize(sizeBytes: number): void {
    this.#assertOpen();
    assert(this.#isWritable, `resize of ${this.path}, which is open for reading`);
    assert(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0, `bad file size ${sizeBytes}`);
    this.#content.resize(sizeBytes);
  }

  relax(): void {
    // Blocks in the clear are few, and bounded over all files.
    this.#assertOpen();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#release();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new AssertionError(`use of ${this.path} after it was closed`);
  }

  #assertRange(position: number, length: number): void {
    this.#assertOpen();
    if (
      !Number.isSafeInteger(position) ||
      position < 0 ||
      !(length >= 0 && position + length <= this.#content.sizeBytes)
    ) {
      throw new AssertionError(`${length} bytes at ${position} lie outside ${this.path}`);
    }
  }
}

function isWithin(path: string, folder: string): boolean {
  return path.startsWith(folder) && (path.length === folder.length || path[folder.length] === "/");
}

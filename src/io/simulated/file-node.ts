import type { SeededRandom } from "./random.ts";

export const PAGE_BYTES = 4096;
const SECTOR_BYTES = 512;
/** How often the kernel has written a dirty page out by itself when it is written to again. */
const WRITE_BACK_CHANCE = 0.2;

/**
 * What a crash leaves of what no sync covered: nothing of it, all of it, any subset of 4 KiB pages, any subset
 * of 512 B sectors (torn pages). "process" is a kill -9: the kernel goes on, and all writes are still in its
 * cache, durable or not.
 */
export type CrashMode = "nothing" | "everything" | "pages" | "sectors" | "process";

/** Never changed once made, so that snapshots, crash states and the medium can share it. */
interface Page {
  readonly bytes: Uint8Array;
  /** Grows with every write to the file. */
  readonly version: number;
}

const ZERO_PAGE: Page = { bytes: new Uint8Array(PAGE_BYTES), version: 0 };

/** What a sync has to carry to the medium. */
export interface Snapshot {
  readonly pages: ReadonlyMap<number, Page>;
  readonly sizeBytes: number;
  readonly version: number;
}

/** A file's content: as processes see it, and as the medium holds it. Pages that are not there are zero. */
export class FileNode {
  readonly kind = "file";
  /** Open handles. */
  handles = 0;
  #sizeBytes: number;
  #pages = new Map<number, Page>();
  #version = 0;
  /** Pages that differ from the medium and that the next sync will write. */
  readonly #dirty = new Set<number>();
  #medium: { sizeBytes: number; version: number } = { sizeBytes: 0, version: -1 };
  #mediumPages = new Map<number, Page>();
  /** For dirty pages that were written more than once: a state in between that may have reached the medium. */
  readonly #between = new Map<number, Page>();

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  read(position: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const start = (position + done) % PAGE_BYTES;
      const count = Math.min(PAGE_BYTES - start, length - done);
      const page = this.#pages.get(Math.floor((position + done) / PAGE_BYTES));
      if (page !== undefined) bytes.set(page.bytes.subarray(start, start + count), done);
      done += count;
    }
    return bytes;
  }

  write(position: number, bytes: Uint8Array, random: SeededRandom): void {
    this.#version++;
    for (let done = 0; done < bytes.length; ) {
      const index = Math.floor((position + done) / PAGE_BYTES);
      const start = (position + done) % PAGE_BYTES;
      const count = Math.min(PAGE_BYTES - start, bytes.length - done);
      const old = this.#pages.get(index);
      if (old !== undefined && this.#dirty.has(index) && random.chance(WRITE_BACK_CHANCE)) {
        this.#between.set(index, old);
      }
      const content = (old ?? ZERO_PAGE).bytes.slice();
      content.set(bytes.subarray(done, done + count), start);
      this.#put(index, content);
      done += count;
    }
  }

  resize(sizeBytes: number): void {
    this.#version++;
    const cut = Math.floor(sizeBytes / PAGE_BYTES);
    for (const [index, page] of sizeBytes < this.#sizeBytes ? this.#pages : []) {
      if (index < cut) continue;
      const content = new Uint8Array(PAGE_BYTES);
      if (index === cut) content.set(page.bytes.subarray(0, sizeBytes % PAGE_BYTES));
      this.#put(index, content);
    }
    this.#sizeBytes = sizeBytes;
  }

  flip(position: number, mask: number): void {
    const index = Math.floor(position / PAGE_BYTES);
    for (const pages of [this.#pages, this.#mediumPages]) {
      const page = pages.get(index) ?? ZERO_PAGE;
      const bytes = page.bytes.slice();
      bytes[position % PAGE_BYTES] = (bytes[position % PAGE_BYTES] ?? 0) ^ mask;
      pages.set(index, { bytes, version: page.version });
    }
  }

  unsynced(): Snapshot {
    const pages = new Map<number, Page>();
    for (const index of this.#dirty) pages.set(index, this.#pages.get(index) ?? ZERO_PAGE);
    return { pages, sizeBytes: this.#sizeBytes, version: this.#version };
  }

  /** A sync has reached the medium. Syncs may finish out of order: an older page never replaces a newer. */
  settle(snapshot: Snapshot): void {
    for (const [index, page] of snapshot.pages) {
      if ((this.#mediumPages.get(index)?.version ?? -1) < page.version) this.#mediumPages.set(index, page);
      this.#clean(index, page);
    }
    if (snapshot.version > this.#medium.version) {
      this.#medium = { sizeBytes: snapshot.sizeBytes, version: snapshot.version };
    }
  }

  /** A sync has failed: the kernel counts its pages as clean, though the medium never got them. */
  lose(snapshot: Snapshot): void {
    for (const [index, page] of snapshot.pages) this.#clean(index, page);
  }

  /** The same file, cached writes included, for a process that starts after another was killed. */
  copy(): FileNode {
    const node = new FileNode(this.#sizeBytes);
    node.#pages = new Map(this.#pages);
    node.#mediumPages = new Map(this.#mediumPages);
    node.#medium = this.#medium;
    node.#version = this.#version;
    for (const index of this.#dirty) node.#dirty.add(index);
    for (const [index, page] of this.#between) node.#between.set(index, page);
    return node;
  }

  /** What the medium may hold after a crash; all of it is durable then. */
  afterCrash(mode: CrashMode, random: SeededRandom): FileNode {
    const node = new FileNode(this.#sizeAfterCrash(mode, random));
    const pages = new Map(this.#mediumPages);
    const share = random.pick([0.1, 0.5, 0.9]);
    for (const index of mode === "nothing" ? [] : this.#dirty) {
      const fresh = this.#pages.get(index) ?? ZERO_PAGE;
      if (mode === "everything") {
        pages.set(index, fresh);
        continue;
      }
      const between = this.#between.get(index);
      const old = pages.get(index) ?? ZERO_PAGE;
      const base = between !== undefined && random.chance(0.5) ? between : old;
      if (mode === "pages") pages.set(index, random.chance(share) ? fresh : base);
      else pages.set(index, torn(base, fresh, share, random));
    }
    const end = Math.ceil(node.#sizeBytes / PAGE_BYTES);
    for (const index of pages.keys()) if (index >= end) pages.delete(index);
    zeroBeyond(pages, node.#sizeBytes);
    node.#pages = pages;
    node.#mediumPages = new Map(pages);
    node.#version = this.#version;
    node.#medium = { sizeBytes: node.#sizeBytes, version: node.#version };
    return node;
  }

  #sizeAfterCrash(mode: CrashMode, random: SeededRandom): number {
    const old = this.#medium.sizeBytes;
    if (mode === "everything") return this.#sizeBytes;
    if (mode === "nothing" || old === this.#sizeBytes) return old;
    const low = Math.floor(Math.min(old, this.#sizeBytes) / PAGE_BYTES);
    const high = Math.ceil(Math.max(old, this.#sizeBytes) / PAGE_BYTES);
    // Growth may have come part of the way, never a cut further than asked.
    const between = Math.min(
      Math.max((low + random.below(high - low + 1)) * PAGE_BYTES, Math.min(old, this.#sizeBytes)),
      Math.max(old, this.#sizeBytes),
    );
    return random.pick([old, this.#sizeBytes, between]);
  }

  #put(index: number, bytes: Uint8Array): void {
    this.#pages.set(index, { bytes, version: this.#version });
    this.#dirty.add(index);
  }

  #clean(index: number, page: Page): void {
    const current = this.#pages.get(index) ?? ZERO_PAGE;
    if (current.version === page.version) this.#dirty.delete(index);
    const between = this.#between.get(index);
    if (between !== undefined && between.version <= page.version) this.#between.delete(index);
  }
}

function torn(old: Page, fresh: Page, share: number, random: SeededRandom): Page {
  const bytes = old.bytes.slice();
  for (let start = 0; start < PAGE_BYTES; start += SECTOR_BYTES) {
    if (random.chance(share)) bytes.set(fresh.bytes.subarray(start, start + SECTOR_BYTES), start);
  }
  return { bytes, version: fresh.version };
}

/** A file that grows again later shows zeros beyond its old end. */
function zeroBeyond(pages: Map<number, Page>, sizeBytes: number): void {
  const index = Math.floor(sizeBytes / PAGE_BYTES);
  const page = pages.get(index);
  if (page === undefined) return;
  const bytes = page.bytes.slice();
  bytes.fill(0, sizeBytes % PAGE_BYTES);
  pages.set(index, { bytes, version: page.version });
}

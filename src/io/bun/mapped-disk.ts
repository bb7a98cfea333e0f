import { toArrayBuffer } from "bun:ffi";
import type { DiskFile } from "../disk.ts";
import { diskError, HostDisk, HostFile, type OpenedFile, writeFully } from "./host-disk.ts";
import {
  type Address,
  advise,
  copyFrom,
  copyTo,
  MADV_DONTNEED,
  MADV_POPULATE_WRITE,
  mapShared,
  PAGE_SIZE_BYTES,
  unmap,
} from "./libc.ts";

/**
 * Writes below this are stored into the mapping, others go by pwrite: the page cache is one and the same, a
 * system call costs 0.5 us, but a store into a fresh page costs a fault, which pwrite does not take. Measured
 * on ext4 with a sync per MiB, CPU per MiB: 250 B 1.0 ms by store and 2.7 by pwrite, 1 KB 1.0 and 1.4, 4 KB
 * 0.9 and 0.9, 64 KiB 1.0 and 0.36.
 */
const STORE_BELOW_BYTES = 2048;
/**
 * How far ahead pages are faulted in at most. Populated pages are written out at the next sync, filled or not,
 * and 64 KiB is where their cost has levelled off.
 */
const MAX_POPULATE_BYTES = 65_536;

/**
 * Reads through shared mappings, and writes small pieces through them. Mappings are held by address: as an
 * ArrayBuffer they would count as JavaScript heap, and the collector would run for nothing.
 *
 * Only for file systems where an allocated block stays where it is: elsewhere a store may find no space, and
 * that is a SIGBUS, which ends the process. `chooseDisk` knows which ones they are.
 */
export class MappedDisk extends HostDisk {
  readonly kind = "mapped";

  protected attach(file: OpenedFile): DiskFile {
    return new MappedFile(file);
  }
}

interface Mapping {
  readonly address: Address;
  readonly length: number;
}

/** Mapped from its first view or small write on, to its whole size; unmapped when the turn that closes it ends. */
class MappedFile extends HostFile {
  #mapping: Mapping | null = null;
  /** Stores below this need no populating: done, or not worth it. */
  #populatedEnd = 0;
  /** Bytes stored since: the next window is no larger, so that a quiet file does not grow dirty ahead of need. */
  #storedBytes = 0;

  write(position: number, bytes: Uint8Array): void {
    this.assertWritable(position, bytes.length);
    if (bytes.length >= STORE_BELOW_BYTES) {
      writeFully(this.fd, this.path, position, bytes);
      return;
    }
    if (bytes.length === 0) return;
    const { address } = this.#mapping ?? this.#map();
    const end = position + bytes.length;
    if (end > this.#populatedEnd) this.#populate(address, position, end);
    copyTo((address + position) as Address, bytes);
    this.#storedBytes += bytes.length;
  }

  view(position: number, length: number): Uint8Array {
    this.assertRange(position, length);
    // A length of 0 would make toArrayBuffer look for a terminating zero.
    if (length === 0) return new Uint8Array(0);
    const { address } = this.#mapping ?? this.#map();
    return new Uint8Array(toArrayBuffer(address, position, length));
  }

  copy(position: number, length: number, into: Uint8Array, at: number): void {
    this.assertCopy(position, length, into, at);
    if (length === 0) return;
    const { address } = this.#mapping ?? this.#map();
    copyFrom((address + position) as Address, length, into, at);
  }

  relax(): void {
    this.assertOpen();
    if (this.#mapping === null) return;
    // Stores live on in the page cache; views of this turn fault their pages in again.
    advise(this.#mapping.address, this.#mapping.length, MADV_DONTNEED);
    this.#populatedEnd = 0;
    this.#storedBytes = 0;
  }

  protected forgetExtent(): void {
    const mapping = this.#mapping;
    if (mapping === null) return;
    this.#mapping = null;
    this.#populatedEnd = 0;
    // Views of this turn may still be read.
    setImmediate(() => unmap(mapping.address, mapping.length));
  }

  #map(): Mapping {
    try {
      const length = this.sizeBytes;
      this.#mapping = { address: mapShared(this.fd, length, this.writable), length };
      return this.#mapping;
    } catch (cause) {
      throw diskError("map", this.path, cause);
    }
  }

  /** Faults in, with one call, what a file that is appended to is about to need. */
  #populate(address: Address, position: number, end: number): void {
    const windowBytes = Math.min(this.#storedBytes, MAX_POPULATE_BYTES);
    const start = position - (position % PAGE_SIZE_BYTES);
    const isAppend = position <= this.#populatedEnd + PAGE_SIZE_BYTES;
    this.#populatedEnd = roundUp(end, PAGE_SIZE_BYTES);
    // A single page costs the same by itself, when it is stored to.
    if (!isAppend || windowBytes <= PAGE_SIZE_BYTES) return;
    const windowEnd = Math.min(
      roundUp(end + windowBytes, PAGE_SIZE_BYTES),
      roundUp(this.sizeBytes, PAGE_SIZE_BYTES),
    );
    // Kernels before 5.14 don't know the advice; then each page faults by itself.
    if (advise((address + start) as Address, windowEnd - start, MADV_POPULATE_WRITE))
      this.#populatedEnd = windowEnd;
  }
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

import { assert } from "../../base/assert.ts";
import { HeadwaterError } from "../../base/errors.ts";
import type { DiskFile } from "../disk.ts";
import type { BlockCache } from "./block-cache.ts";
import { decodeFileHeader, type FileHeader } from "./file-header.ts";
import { FILE_HEADER_BYTES, Layout, RECORD_HEADER_BYTES, SLOT_HEADER_BYTES, SLOTS } from "./layout.ts";
import { Parking } from "./parking.ts";
import type { FoundSlot, Records } from "./records.ts";

/** Looks at more than that pass the cache by: whoever reads so much reads on. */
const MAX_CACHED_BYTES = 32 * 1024;
/** What a block that does not open reads as: nothing that anybody takes for what it was, nor for what was never written. */
const DAMAGED_BYTE = 0xdb;

/** Deliberate bugs, which tests of the tests must notice. */
export const SEALED_BUGS = [
  /** A block that fills is rewritten where it lies. */
  "rewrite-in-place",
  /** A slot is written over while only it holds what was synced. */
  "forget-synced-slot",
  /** What a sync under way covers is written over. */
  "forget-sync-under-way",
  /** What was found in a file is taken as durable. */
  "trust-found-slots",
  /** What was in a file when it was closed is taken as durable. */
  "trust-closed-files",
] as const;
export type SealedBug = (typeof SEALED_BUGS)[number];

export interface ContentHost {
  readonly cache: BlockCache;
  readonly bugs: ReadonlySet<SealedBug>;
  /** A run of blocks on its way; used within a call. */
  readonly scratch: Uint8Array;
  newRecords(blockBytes: number): { readonly header: Uint8Array; readonly records: Records };
  /** Null where the data key is not known. */
  recordsOf(header: FileHeader): Records | null;
  /** Calls back when this turn of the event loop ends. */
  defer(callback: () => void): void;
  damaged(path: string, block: number): void;
}

/** The block that is being filled, in the clear. */
interface Tail {
  readonly block: number;
  lengthBytes: number;
  placeVersion: number;
  isDirty: boolean;
}

/** The content of one sealed file, whoever has it open. Ranges are checked by the handles. */
export class SealedContent {
  readonly #host: ContentHost;
  #inner: DiskFile;
  #layout: Layout;
  /** Known once the header is read. */
  #contentBytes = 0;
  #parking: Parking;
  #records: Records | null = null;
  #isRead = false;
  /** No sealed file, or one of a key that is not there. */
  #isForeign = false;
  #isWritten = false;
  #version = 0;
  #cacheId: number;
  /** From this block on nothing was ever written. */
  #freshFrom: number;
  #tail: Tail | null = null;
  #tailBytes: Uint8Array;
  #flushDue = false;
  /** Blocks that are sealed in the host's scratch, and wait to be written. */
  #runFirst = 0;
  #runCount = 0;
  /** Behind the last block that the cache may have. */
  #cachedEnd = 0;
  #failure: unknown = null;
  #syncUnderWay: Promise<void> | null = null;
  #nextSync: Promise<void> | null = null;

  constructor(
    inner: DiskFile,
    host: ContentHost,
    found: { readonly isNew: boolean; readonly isSettled: boolean; readonly blockBytes: number },
  ) {
    this.#inner = inner;
    this.#host = host;
    this.#layout = new Layout(found.blockBytes);
    this.#contentBytes = this.#layout.contentSizeBytes(inner.sizeBytes);
    this.#tailBytes = new Uint8Array(found.blockBytes);
    this.#parking = new Parking(found.isNew || found.isSettled || host.bugs.has("trust-found-slots"));
    this.#cacheId = host.cache.newFile();
    this.#freshFrom = found.isNew ? 0 : Number.POSITIVE_INFINITY;
  }

  get sizeBytes(): number {
    this.#read();
    return this.#contentBytes;
  }

  /** Whether everything in the file is durable, as far as this process knows. */
  get isSettled(): boolean {
    const isDurable = this.#parking.isDurable(this.#version) || this.#host.bugs.has("trust-closed-files");
    return isDurable && this.#tail?.isDirty !== true;
  }

  /** Goes on through another handle of the same file. */
  useHandle(inner: DiskFile): void {
    const old = this.#inner;
    this.#inner = inner;
    old.close();
  }

  /** From now on every write and sync fails with this: something written before was lost. */
  fail(error: unknown): void {
    this.#failure ??= error;
  }

  get failure(): unknown {
    return this.#failure;
  }

  /** Writes the header of a new file. */
  begin(): void {
    const { header, records } = this.#host.newRecords(this.#layout.blockBytes);
    this.#inner.write(0, header);
    this.#records = records;
    this.#isRead = true;
  }

  write(position: number, bytes: Uint8Array): void {
    this.#throwFailure();
    this.#readForWrite();
    let done = 0;
    while (done < bytes.length) {
      const at = position + done;
      const start = at % this.#layout.blockBytes;
      const block = (at - start) / this.#layout.blockBytes;
      const left = bytes.length - done;
      const count = Math.min(this.#layout.blockBytes - start, left);
      if (count === this.#layout.blockBytes) this.#place(block, bytes, done);
      else this.#patch(block, start, bytes.subarray(done, done + count));
      done += count;
    }
    this.#writeRun();
  }

  copy(position: number, length: number, into: Uint8Array, at: number): void {
    this.#read();
    const first = Math.floor(position / this.#layout.blockBytes);
    const last = Math.floor((position + length - 1) / this.#layout.blockBytes);
    const isCached = length <= MAX_CACHED_BYTES;
    for (let block = first; block <= last; ) {
      const isHeld = this.#tail?.block === block || this.#host.cache.get(this.#cacheId, block) !== undefined;
      const count = isHeld ? 1 : Math.min(this.#runBlocks, last - block + 1);
      const run = isHeld ? null : this.#readRun(block, count);
      for (let i = 0; i < count; i++) {
        const content = this.#blockOf(block + i, run, i, isCached);
        const blockStart = (block + i) * this.#layout.blockBytes;
        const start = Math.max(position, blockStart);
        const end = Math.min(position + length, blockStart + this.#layout.blockBytes);
        into.set(content.subarray(start - blockStart, end - blockStart), at + start - position);
      }
      block += count;
    }
  }

  view(position: number, length: number): Uint8Array {
    const start = position % this.#layout.blockBytes;
    const block = (position - start) / this.#layout.blockBytes;
    if (start + length <= this.#layout.blockBytes && this.#tail?.block !== block) {
      // What is in the cache is never changed.
      this.#read();
      const content = this.#blockOf(block, null, 0, true);
      return content.subarray(start, start + length);
    }
    const bytes = new Uint8Array(length);
    this.copy(position, length, bytes, 0);
    return bytes;
  }

  sync(): Promise<void> {
    if (this.#syncUnderWay === null) return this.#beginSync();
    // One at a time: a slot for what is written meanwhile is always free then.
    this.#nextSync ??= this.#syncUnderWay
      .catch(() => {})
      .then(() => {
        this.#nextSync = null;
        return this.#beginSync();
      });
    return this.#nextSync;
  }

  syncNow(): void {
    this.#throwFailure();
    this.flush();
    this.#inner.syncNow();
    this.#parking.synced(this.#version);
  }

  get isSyncing(): boolean {
    return this.#syncUnderWay !== null || this.#nextSync !== null;
  }

  /** Calls back once no sync is under way. */
  afterSyncs(callback: () => void): void {
    const last = this.#nextSync ?? this.#syncUnderWay ?? Promise.resolve();
    void last.catch(() => {}).then(callback);
  }

  resize(sizeBytes: number): void {
    this.#throwFailure();
    this.#readForWrite();
    if (sizeBytes > this.#contentBytes) this.#grow(sizeBytes);
    else if (sizeBytes < this.#contentBytes) this.#shrink(sizeBytes);
  }

  /** Gives the block that is being filled to the system, so that only a power cut can take it. */
  flush(): void {
    const tail = this.#tail;
    if (tail === null || !tail.isDirty) return;
    const records = this.#openRecords;
    if (this.#host.bugs.has("rewrite-in-place") && this.#isFull(tail.block)) {
      this.#placeTail(tail);
      this.#writeRun();
      return;
    }
    const slot = this.#freeSlot(tail.block);
    const version = ++this.#version;
    const plain = this.#tailBytes.subarray(0, tail.lengthBytes);
    this.#inner.write(this.#layout.slotPosition(slot), records.sealSlot(tail.block, version, plain));
    const { block, lengthBytes, placeVersion } = tail;
    this.#parking.park(slot, { block, version, lengthBytes, placeVersion });
    tail.isDirty = false;
  }

  /** The same, where nobody can hear of an error but by the next use. */
  flushQuietly(): void {
    try {
      this.flush();
    } catch (error) {
      this.fail(error);
    }
  }

  closeInner(): void {
    this.#inner.close();
  }

  /** Blocks that are sealed, or opened, by one write or read. */
  get #runBlocks(): number {
    return Math.floor(this.#host.scratch.length / this.#layout.recordBytes);
  }

  get #openRecords(): Records {
    assert(this.#records !== null, "a file is begun before it is written");
    return this.#records;
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  async #beginSync(): Promise<void> {
    const { bugs } = this.#host;
    const sync = this.#startSync();
    this.#syncUnderWay = sync.done;
    try {
      await sync.done;
      this.#parking.synced(sync.version);
    } catch (error) {
      this.#parking.syncFails();
      throw error;
    } finally {
      this.#syncUnderWay = null;
      if (bugs.has("forget-sync-under-way")) this.#parking.syncFails();
    }
  }

  #startSync(): { readonly done: Promise<void>; readonly version: number } {
    const version = () => this.#version;
    try {
      this.#throwFailure();
      this.flush();
      if (!this.#host.bugs.has("forget-sync-under-way")) this.#parking.syncBegins(this.#version);
      return { done: this.#inner.sync(), version: version() };
    } catch (error) {
      return { done: Promise.reject(error), version: version() };
    }
  }

  #readForWrite(): void {
    this.#read();
    this.#isWritten = true;
    if (this.#records !== null) return;
    const { path } = this.#inner;
    // With a header of its own later nobody could read what was in it.
    if (this.#isForeign)
      throw new HeadwaterError("DISK_IO", `${path} can't be opened with the keys of this folder`, { path });
    if (this.#inner.sizeBytes < this.#layout.sealedSizeBytes(0))
      this.#inner.resize(this.#layout.sealedSizeBytes(0));
    this.begin();
  }

  /** Reads header and slots, once. */
  #read(): void {
    if (this.#isRead) return;
    this.#isRead = true;
    const inner = this.#inner;
    const header =
      inner.sizeBytes < FILE_HEADER_BYTES ? "none" : decodeFileHeader(inner.view(0, FILE_HEADER_BYTES));
    if (header === "none") return;
    if (header !== null && header.blockBytes !== this.#layout.blockBytes) {
      this.#layout = new Layout(header.blockBytes);
      this.#contentBytes = this.#layout.contentSizeBytes(inner.sizeBytes);
      this.#tailBytes = new Uint8Array(header.blockBytes);
    }
    this.#records = header === null ? null : this.#host.recordsOf(header);
    if (this.#records === null) {
      this.#isForeign = true;
      this.#host.damaged(inner.path, -1);
      return;
    }
    for (let slot = 0; slot < SLOTS; slot++) this.#readSlot(slot);
    // What is known to be durable is what a power cut must not take.
    if (this.#parking.isSettled) this.#parking.synced(this.#version);
  }

  #readSlot(slot: number): void {
    const found = this.#slotAt(slot);
    if (found === null) return;
    const { block, version, plain } = found;
    // Not where a run may be that somebody is reading.
    const record = new Uint8Array(this.#layout.recordBytes);
    const place = this.#isFull(block)
      ? this.#openRecords.openBlock(block, this.#readRun(block, 1, record), 0)
      : null;
    const placeVersion = place === null || place === "empty" ? 0 : place.version;
    this.#parking.park(slot, { block, version, lengthBytes: plain.length, placeVersion });
    this.#version = Math.max(this.#version, version, placeVersion);
  }

  #slotAt(slot: number): FoundSlot | null {
    const position = this.#layout.slotPosition(slot);
    const available = this.#inner.sizeBytes - position;
    if (available < SLOT_HEADER_BYTES) return null;
    const bytes = this.#inner.view(
      position,
      Math.min(SLOT_HEADER_BYTES + this.#layout.blockBytes, available),
    );
    const found = this.#openRecords.openSlot(bytes);
    return found === "empty" ? null : found;
  }

  /** Whether all of the block is within the file, so that it has a place of its own. */
  #isFull(block: number): boolean {
    return (block + 1) * this.#layout.blockBytes <= this.#contentBytes;
  }

  /** Seals a whole block, to be written where it belongs by `#writeRun`, with those before and behind it. */
  #place(block: number, bytes: Uint8Array, at: number): void {
    if (
      this.#runCount > 0 &&
      (this.#runCount === this.#runBlocks || block !== this.#runFirst + this.#runCount)
    )
      this.#writeRun();
    if (this.#runCount === 0) this.#runFirst = block;
    const plain = bytes.subarray(at, at + this.#layout.blockBytes);
    const into = this.#runCount * this.#layout.recordBytes;
    this.#openRecords.sealBlock(block, ++this.#version, plain, this.#host.scratch, into);
    this.#runCount += 1;
    if (this.#tail?.block === block) this.#tail = null;
  }

  #writeRun(): void {
    const [first, count] = [this.#runFirst, this.#runCount];
    if (count === 0) return;
    this.#runCount = 0;
    this.#inner.write(
      this.#layout.recordPosition(first),
      this.#host.scratch.subarray(0, count * this.#layout.recordBytes),
    );
    this.#parking.notePlaced(first, count, this.#version - count + 1);
    for (let block = first; block < Math.min(first + count, this.#cachedEnd); block++)
      this.#host.cache.forget(this.#cacheId, block);
    this.#freshFrom = Math.max(this.#freshFrom, first + count);
  }

  /** Writes a part of a block. */
  #patch(block: number, start: number, bytes: Uint8Array): void {
    this.#writeRun();
    const tail = this.#takeTail(block);
    this.#tailBytes.set(bytes, start);
    const end = start + bytes.length;
    tail.lengthBytes = Math.max(tail.lengthBytes, end);
    tail.isDirty = true;
    if (block < this.#cachedEnd) this.#host.cache.forget(this.#cacheId, block);
    if (end === this.#layout.blockBytes && !this.#parking.isPlaceNeeded(block, tail.placeVersion)) {
      this.#placeTail(tail);
    } else if (!this.#flushDue) {
      this.#flushDue = true;
      this.#host.defer(() => {
        this.#flushDue = false;
        this.flushQuietly();
      });
    }
  }

  #placeTail(tail: Tail): void {
    this.#place(tail.block, this.#tailBytes, 0);
  }

  /** The block in the clear, for who changes it. */
  #takeTail(block: number): Tail {
    if (this.#tail?.block === block) return this.#tail;
    this.flush();
    const tail: Tail = { block, lengthBytes: 0, placeVersion: 0, isDirty: false };
    this.#tail = null;
    const slot = this.#parking.slotOf(block);
    if (slot < 0 && block >= this.#freshFrom) {
      this.#tailBytes.fill(0);
    } else {
      const place = this.#isFull(block)
        ? this.#openRecords.openBlock(block, this.#readRun(block, 1), 0)
        : null;
      if (place !== null && place !== "empty") tail.placeVersion = place.version;
      this.#version = Math.max(this.#version, tail.placeVersion);
      this.#tailBytes.set(this.#blockOf(block, null, 0, false));
      tail.lengthBytes =
        (slot < 0 ? null : this.#parking.slots[slot]?.lengthBytes) ?? this.#layout.blockBytes;
    }
    this.#freshFrom = Math.max(this.#freshFrom, block + 1);
    this.#tail = tail;
    return tail;
  }

  #freeSlot(block: number): number {
    const { bugs } = this.#host;
    if (bugs.has("forget-synced-slot")) return Math.max(0, this.#parking.slotOf(block));
    const free = this.#parking.free(block);
    if (free >= 0) return free;
    this.#relieve(block);
    const freed = this.#parking.free(block);
    assert(freed >= 0, "a slot is free once everything is durable where it belongs");
    return freed;
  }

  /** Makes room in the slots: for who changes blocks here and there, and for the first change after a start. */
  #relieve(block: number): void {
    this.#inner.syncNow();
    this.#parking.synced(this.#version);
    if (this.#parking.free(block) >= 0) return;
    for (const [slot, parked] of this.#parking.slots.entries()) {
      if (parked === null || parked.block === block || !this.#isFull(parked.block)) continue;
      if (this.#parking.slotOf(parked.block) !== slot) continue;
      const found = this.#slotAt(slot);
      // One that does not open any more is damage, and stays to be found.
      if (found === null) continue;
      const plain = new Uint8Array(this.#layout.blockBytes);
      plain.set(found.plain);
      this.#place(parked.block, plain, 0);
      this.#writeRun();
    }
    this.#inner.syncNow();
    this.#parking.synced(this.#version);
  }

  /** Records of blocks as they are on the disk; what the file is too short for is zero. */
  #readRun(block: number, count: number, into = this.#host.scratch): Uint8Array {
    const position = this.#layout.recordPosition(block);
    const available = Math.max(
      0,
      Math.min(this.#inner.sizeBytes - position, count * this.#layout.recordBytes),
    );
    const run = into.subarray(0, count * this.#layout.recordBytes);
    if (available > 0) this.#inner.copy(position, available, run, 0);
    run.fill(0, available);
    return run;
  }

  /** What the block contains; never changed but where it is the tail's. `run` has its record as number `index`. */
  #blockOf(block: number, run: Uint8Array | null, index: number, isCached: boolean): Uint8Array {
    const { cache } = this.#host;
    if (this.#tail?.block === block) return this.#tailBytes;
    const known = cache.get(this.#cacheId, block);
    if (known !== undefined) return known;
    const content = this.#parkedBlock(block) ?? this.#placedBlock(block, run, index);
    if (isCached) {
      cache.put(this.#cacheId, block, content);
      this.#cachedEnd = Math.max(this.#cachedEnd, block + 1);
    }
    return content;
  }

  #parkedBlock(block: number): Uint8Array | null {
    let slot = this.#parking.slotOf(block);
    let found = slot < 0 ? null : this.#slotAt(slot);
    const isOld = () => slot >= 0 && (found === null || found.block !== block);
    if (isOld() && !this.#isWritten) {
      // Who has the file under another name, or in another process, may have gone on since.
      this.#parking = new Parking(false);
      for (let other = 0; other < SLOTS; other++) this.#readSlot(other);
      slot = this.#parking.slotOf(block);
      found = slot < 0 ? null : this.#slotAt(slot);
    }
    if (slot < 0) return null;
    if (found === null || isOld()) return this.#damagedBlock(block);
    const content = new Uint8Array(this.#layout.blockBytes);
    content.set(found.plain);
    return content;
  }

  #placedBlock(block: number, run: Uint8Array | null, index: number): Uint8Array {
    if (!this.#isFull(block)) return new Uint8Array(this.#layout.blockBytes);
    const bytes = run ?? this.#readRun(block, 1);
    const at = run === null ? 0 : index * this.#layout.recordBytes;
    if (this.#records === null) {
      const isZero = bytes.subarray(at, at + RECORD_HEADER_BYTES).every((byte) => byte === 0);
      return isZero ? new Uint8Array(this.#layout.blockBytes) : this.#damagedBlock(block);
    }
    const found = this.#records.openBlock(block, bytes, at);
    if (found === "empty") return new Uint8Array(this.#layout.blockBytes);
    return found === null ? this.#damagedBlock(block) : found.plain;
  }

  #damagedBlock(block: number): Uint8Array {
    this.#host.damaged(this.#inner.path, block);
    return new Uint8Array(this.#layout.blockBytes).fill(DAMAGED_BYTE);
  }

  #grow(sizeBytes: number): void {
    const oldBytes = this.#contentBytes;
    this.#inner.resize(this.#layout.sealedSizeBytes(sizeBytes));
    const rest = oldBytes % this.#layout.blockBytes;
    const lastBlock = (oldBytes - rest) / this.#layout.blockBytes;
    // What a cut has left of the record that was there.
    if (rest > 0)
      this.#inner.write(this.#layout.recordPosition(lastBlock), new Uint8Array(RECORD_HEADER_BYTES + rest));
    const firstNew = lastBlock + (rest > 0 ? 1 : 0);
    this.#dropParkedFrom(firstNew);
    this.#contentBytes = sizeBytes;
    this.#freshFrom = Math.min(this.#freshFrom, firstNew);
    this.#cacheId = this.#host.cache.newFile();
  }

  #shrink(sizeBytes: number): void {
    const rest = sizeBytes % this.#layout.blockBytes;
    const lastBlock = (sizeBytes - rest) / this.#layout.blockBytes;
    if (rest > 0) this.#cut(lastBlock, rest);
    const firstGone = lastBlock + (rest > 0 ? 1 : 0);
    if (this.#tail !== null && this.#tail.block >= firstGone) this.#tail = null;
    this.flush();
    this.#dropParkedFrom(firstGone);
    this.#inner.resize(this.#layout.sealedSizeBytes(sizeBytes));
    this.#contentBytes = sizeBytes;
    if (rest > 0) {
      this.#parking.noteCut(lastBlock);
      if (this.#tail?.block === lastBlock) this.#tail.placeVersion = 0;
    }
    this.#freshFrom = Math.min(this.#freshFrom, firstGone);
    this.#cacheId = this.#host.cache.newFile();
  }

  /** Sees to it that the block, the last one from now on, lies in a slot and ends there. */
  #cut(block: number, lengthBytes: number): void {
    const slot = this.#parking.slotOf(block);
    if (this.#tail?.block !== block && slot < 0 && block >= this.#freshFrom) return;
    const tail = this.#takeTail(block);
    if (tail.lengthBytes > lengthBytes || slot < 0) {
      this.#tailBytes.fill(0, lengthBytes);
      tail.lengthBytes = Math.min(tail.lengthBytes, lengthBytes);
      tail.isDirty = true;
    }
    this.flush();
    // What only its place holds goes with the cut: it has to be durable in the slot before.
    if (!this.#parking.isPlaceNeeded(block, tail.placeVersion)) return;
    this.#inner.syncNow();
    this.#parking.synced(this.#version);
  }

  #dropParkedFrom(block: number): void {
    for (const [slot, parked] of this.#parking.slots.entries()) {
      if (parked === null || parked.block < block) continue;
      this.#inner.write(this.#layout.slotPosition(slot), new Uint8Array(SLOT_HEADER_BYTES));
      this.#parking.drop(slot);
    }
  }
}

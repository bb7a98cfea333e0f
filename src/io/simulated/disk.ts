import { assert } from "../../base/assert.ts";
import { type ErrorCode, HeadwaterError } from "../../base/errors.ts";
import type { Disk, DiskFile, FolderLock } from "../disk.ts";
import type { CrashMode, FileNode } from "./file-node.ts";
import { FileTree } from "./file-tree.ts";
import { SeededRandom } from "./random.ts";

/** What a disk is asked to do. "sync" counts when it is asked for, "syncDone" when it reaches the medium; so with folders. */
export type OperationKind =
  | "makeFolder"
  | "rename"
  | "remove"
  | "syncFolder"
  | "syncFolderDone"
  | "readFile"
  | "createFile"
  | "openFile"
  | "write"
  | "view"
  | "sync"
  | "syncDone"
  | "resize";

export interface Operation {
  readonly kind: OperationKind;
  readonly path: string;
  /** Byte range of a write or view, else 0. */
  readonly position: number;
  readonly length: number;
}

export interface SimulatedDiskOptions {
  readonly seed?: number;
  /** Space of the whole disk; default 1 TiB. */
  readonly capacityBytes?: number;
  /**
   * When a `sync()` or `syncFolder()` reaches the medium and resolves: by itself in the next microtask, when the test calls
   * `finishSync`, or when the function given here calls what it is given.
   */
  readonly syncs?: "soon" | "manual" | ((finish: () => void) => void);
  /**
   * Called before each operation takes effect; `crash` called from here shows the state in between, also inside
   * `replaceFile`. What it throws ends the operation.
   */
  readonly onOperation?: (operation: Operation) => void;
  /** Overwrites views once they have expired, so that whoever keeps one reads garbage. Default true. */
  readonly expireViews?: boolean;
}

export interface Fault {
  readonly kind: OperationKind;
  /** Only operations on paths that contain this count; default all. */
  readonly path?: string;
  /** Fails the nth operation that matches, from 1 (the default); those before and after succeed. */
  readonly nth?: number;
  readonly code?: "DISK_IO" | "DISK_FULL";
}

interface ArmedFault {
  readonly fault: Fault;
  remaining: number;
}

interface PendingSync {
  readonly finish: () => void;
}

const PLENTY_BYTES = 2 ** 40;
const EXPIRED_BYTE = 0xdd;

/**
 * A disk in memory that is the same for the same seed and calls. It keeps what is durable apart from what is
 * only written, and shows what a power cut would leave. Stricter than any one file system: entries of a folder
 * need `syncFolder`, of a new folder that of its parent too.
 */
export class SimulatedDisk implements Disk {
  readonly kind = "simulated";
  /** Operations so far, by kind. */
  readonly counts: Record<OperationKind, number> = {
    makeFolder: 0,
    rename: 0,
    remove: 0,
    syncFolder: 0,
    syncFolderDone: 0,
    readFile: 0,
    createFile: 0,
    openFile: 0,
    write: 0,
    view: 0,
    sync: 0,
    syncDone: 0,
    resize: 0,
  };
  readonly #options: SimulatedDiskOptions;
  readonly #random: SeededRandom;
  readonly #tree: FileTree;
  readonly #locks = new Set<string>();
  #capacityBytes: number;
  #faults: ArmedFault[] = [];
  #pendingSyncs: PendingSync[] = [];
  #views: Uint8Array[] = [];
  #halted = false;

  constructor(options: SimulatedDiskOptions = {}, tree?: FileTree) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed ?? 1);
    this.#tree = tree ?? new FileTree();
    this.#capacityBytes = options.capacityBytes ?? PLENTY_BYTES;
  }

  makeFolder(path: string): void {
    this.#begin("makeFolder", path);
    this.#tree.makeFolder(path);
  }

  list(path: string): readonly string[] {
    this.#assertRunning();
    return this.#tree.list(path);
  }

  isFile(path: string): boolean {
    this.#assertRunning();
    return this.#tree.find(path)?.kind === "file";
  }

  exists(path: string): boolean {
    this.#assertRunning();
    return this.#tree.find(path) !== null;
  }

  rename(from: string, to: string): void {
    this.#begin("rename", from);
    this.#tree.rename(from, to);
  }

  remove(path: string): void {
    this.#begin("remove", path);
    this.#tree.remove(path);
  }

  async syncFolder(path: string): Promise<void> {
    this.#begin("syncFolder", path);
    const settle = this.#tree.beginSync(path);
    await new Promise<void>((resolve, reject) => {
      this.#schedule(() => {
        try {
          this.#begin("syncFolderDone", path);
        } catch (error) {
          reject(error);
          return;
        }
        settle();
        resolve();
      });
    });
  }

  syncFolderNow(path: string): void {
    this.#begin("syncFolder", path);
    this.#begin("syncFolderDone", path);
    this.#tree.beginSync(path)();
  }

  readFile(path: string, maxBytes: number): Uint8Array | null {
    this.#begin("readFile", path);
    if (this.#tree.find(path) === null) return null;
    const file = this.#tree.file(path);
    if (file.sizeBytes > maxBytes) {
      throw new HeadwaterError("MALFORMED", `${path} has ${file.sizeBytes} bytes, more than ${maxBytes}`, {
        path,
      });
    }
    return file.read(0, file.sizeBytes);
  }

  replaceFile(path: string, bytes: Uint8Array): void {
    const fresh = `${path}.new`;
    this.#tree.remove(fresh);
    const file = this.createFile(fresh, bytes.length);
    try {
      if (bytes.length > 0) file.write(0, bytes);
      file.syncNow();
      file.close();
      this.rename(fresh, path);
    } catch (error) {
      file.close();
      if (error instanceof HeadwaterError) this.#tree.remove(fresh);
      throw error;
    }
    this.syncFolderNow(path.slice(0, path.lastIndexOf("/")) || "/");
  }

  createFile(path: string, sizeBytes: number): DiskFile {
    assertSize(sizeBytes);
    this.#begin("createFile", path);
    this.#assertSpace(path, sizeBytes);
    const node = this.#tree.createFile(path, sizeBytes);
    return new SimulatedFile(node, path, true, this.#backing);
  }

  openFile(path: string, mode: "read" | "write"): DiskFile {
    this.#begin("openFile", path);
    return new SimulatedFile(this.#tree.file(path), path, mode === "write", this.#backing);
  }

  freeBytes(path: string): number {
    this.#assertRunning();
    this.#tree.get(path);
    return Math.max(0, this.#capacityBytes - this.#tree.usedBytes);
  }

  totalBytes(path: string): number {
    this.#assertRunning();
    this.#tree.get(path);
    return this.#capacityBytes;
  }

  lock(path: string): FolderLock {
    this.#assertRunning();
    this.#tree.folder(path);
    if (this.#locks.has(path)) {
      throw new HeadwaterError(
        "DATA_FOLDER_LOCKED",
        `${path} is in use by another process; stop it, or choose another data folder`,
        { path },
      );
    }
    this.#locks.add(path);
    let held = true;
    return {
      release: () => {
        if (held) this.#locks.delete(path);
        held = false;
      },
    };
  }

  /**
   * The disk as the next start finds it, cut off at this moment. This one goes on unharmed, so that many crash
   * states of one moment can be looked at; `halt` it where its user must not go on. The same `seed` draws the
   * same state.
   */
  crash(
    mode: CrashMode,
    seed = this.#random.below(2 ** 31),
    onOperation: (operation: Operation) => void = () => {},
  ): SimulatedDisk {
    const tree = this.#tree.afterCrash(mode, new SeededRandom(seed));
    const capacityBytes = this.#capacityBytes;
    return new SimulatedDisk({ ...this.#options, onOperation, capacityBytes, seed }, tree);
  }

  /** The machine is off: every later use throws DISK_IO, and syncs under way never resolve. */
  halt(): void {
    this.#halted = true;
    this.#pendingSyncs = [];
  }

  get pendingSyncs(): number {
    return this.#pendingSyncs.length;
  }

  /** Lets one sync that is under way finish: any of them, by the seed. False where there is none. */
  finishSync(): boolean {
    if (this.#pendingSyncs.length === 0) return false;
    const [sync] = this.#pendingSyncs.splice(this.#random.below(this.#pendingSyncs.length), 1);
    sync?.finish();
    return true;
  }

  finishSyncs(): void {
    while (this.finishSync());
  }

  /** Arms a fault. A failed sync drops from the cache's to-do list what it should have written, as Linux does. */
  fail(fault: Fault): void {
    const nth = fault.nth ?? 1;
    assert(nth >= 1, `the first operation is 1, not ${nth}`);
    this.#faults.push({ fault, remaining: nth });
  }

  /** Leaves this much space from now on. */
  limitFreeBytes(freeBytes: number): void {
    this.#capacityBytes = this.#tree.usedBytes + freeBytes;
  }

  /** Damages the medium and the cache alike, as bit rot that is read back does. Bit 0 is the lowest of byte 0. */
  flipBit(path: string, bit: number): void {
    const file = this.#tree.file(path);
    const position = Math.floor(bit / 8);
    assert(position < file.sizeBytes, `bit ${bit} lies outside ${path}`);
    file.flip(position, 1 << (bit % 8));
  }

  readonly #backing: Backing = {
    begin: (kind, path, position, length) => this.#begin(kind, path, position, length),
    assertSpace: (path, sizeBytes) => this.#assertSpace(path, sizeBytes),
    random: () => this.#random,
    opened: (node) => this.#tree.opened(node),
    closed: (node) => this.#tree.closed(node),
    lend: (view) => this.#lend(view),
    schedule: (finish) => this.#schedule(finish),
  };

  #begin(kind: OperationKind, path: string, position = 0, length = 0): void {
    this.#assertRunning();
    this.counts[kind]++;
    this.#options.onOperation?.({ kind, path, position, length });
    for (const armed of this.#faults) {
      const { fault } = armed;
      if (fault.kind !== kind || !path.includes(fault.path ?? "")) continue;
      if (--armed.remaining > 0) continue;
      this.#faults = this.#faults.filter((other) => other !== armed);
      throw simulatedError(fault.code ?? "DISK_IO", kind, path);
    }
  }

  #assertRunning(): void {
    if (this.#halted) throw new HeadwaterError("DISK_IO", "the simulated machine is off");
  }

  #assertSpace(path: string, sizeBytes: number): void {
    if (sizeBytes > this.#capacityBytes - this.#tree.usedBytes)
      throw simulatedError("DISK_FULL", "allocate", path);
  }

  #lend(view: Uint8Array): Uint8Array {
    if (this.#options.expireViews === false) return view;
    // After the code that runs now, and before whatever it awaits: exactly as long as a view is promised to last.
    if (this.#views.length === 0) {
      queueMicrotask(() => {
        for (const expired of this.#views) expired.fill(EXPIRED_BYTE);
        this.#views = [];
      });
    }
    this.#views.push(view);
    return view;
  }

  #schedule(finish: () => void): void {
    const finishIfRunning = () => {
      if (!this.#halted) finish();
    };
    const when = this.#options.syncs ?? "soon";
    if (when === "soon") queueMicrotask(finishIfRunning);
    else if (when === "manual") this.#pendingSyncs.push({ finish: finishIfRunning });
    else when(finishIfRunning);
  }
}

/** What an open file may ask of its disk. */
interface Backing {
  begin(kind: OperationKind, path: string, position?: number, length?: number): void;
  assertSpace(path: string, sizeBytes: number): void;
  random(): SeededRandom;
  opened(node: FileNode): void;
  closed(node: FileNode): void;
  lend(view: Uint8Array): Uint8Array;
  schedule(finish: () => void): void;
}

class SimulatedFile implements DiskFile {
  readonly path: string;
  readonly #backing: Backing;
  readonly #node: FileNode;
  readonly #writable: boolean;
  #closed = false;

  constructor(node: FileNode, path: string, writable: boolean, backing: Backing) {
    this.path = path;
    this.#node = node;
    this.#writable = writable;
    this.#backing = backing;
    backing.opened(node);
  }

  get sizeBytes(): number {
    return this.#node.sizeBytes;
  }

  write(position: number, bytes: Uint8Array): void {
    this.#assertRange(position, bytes.length);
    assert(this.#writable, `write to ${this.path}, which is open for reading`);
    const random = this.#backing.random();
    try {
      this.#backing.begin("write", this.path, position, bytes.length);
    } catch (error) {
      // A write that fails may have stored some of it.
      if (error instanceof HeadwaterError)
        this.#node.write(position, bytes.subarray(0, random.below(bytes.length + 1)), random);
      throw error;
    }
    this.#node.write(position, bytes, random);
  }

  view(position: number, length: number): Uint8Array {
    this.#assertRange(position, length);
    this.#backing.begin("view", this.path, position, length);
    return this.#backing.lend(this.#node.read(position, length));
  }

  copy(position: number, length: number, into: Uint8Array, at: number): void {
    assert(at >= 0 && at + length <= into.length, `${length} bytes do not fit at ${at} of ${into.length}`);
    into.set(this.view(position, length), at);
  }

  sync(): Promise<void> {
    this.#assertOpen();
    this.#backing.begin("sync", this.path);
    const snapshot = this.#node.unsynced();
    return new Promise((resolve, reject) => {
      this.#backing.schedule(() => {
        try {
          this.#backing.begin("syncDone", this.path);
        } catch (error) {
          this.#node.lose(snapshot);
          reject(error);
          return;
        }
        this.#node.settle(snapshot);
        resolve();
      });
    });
  }

  syncNow(): void {
    this.#assertOpen();
    const snapshot = this.#node.unsynced();
    try {
      this.#backing.begin("sync", this.path);
      this.#backing.begin("syncDone", this.path);
    } catch (error) {
      if (error instanceof HeadwaterError) this.#node.lose(snapshot);
      throw error;
    }
    this.#node.settle(snapshot);
  }

  resize(sizeBytes: number): void {
    this.#assertOpen();
    assertSize(sizeBytes);
    assert(this.#writable, `resize of ${this.path}, which is open for reading`);
    this.#backing.begin("resize", this.path);
    const growth = sizeBytes - this.#node.sizeBytes;
    if (growth > 0) this.#backing.assertSpace(this.path, growth);
    this.#node.resize(sizeBytes);
  }

  relax(): void {
    this.#assertOpen();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#backing.closed(this.#node);
  }

  #assertOpen(): void {
    assert(!this.#closed, `use of ${this.path} after it was closed`);
  }

  #assertRange(position: number, length: number): void {
    this.#assertOpen();
    assert(
      Number.isSafeInteger(position) &&
        position >= 0 &&
        length >= 0 &&
        position + length <= this.#node.sizeBytes,
      `${length} bytes at ${position} lie outside ${this.path}`,
    );
  }
}

function assertSize(sizeBytes: number): void {
  assert(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0, `bad file size ${sizeBytes}`);
}

function simulatedError(code: ErrorCode, action: string, path: string): HeadwaterError {
  const reason = code === "DISK_FULL" ? "no space" : "input/output error";
  return new HeadwaterError(code, `cannot ${action} ${path}: ${reason} (simulated)`, { path });
}

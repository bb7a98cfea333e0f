/**
 * The disk, as the log sees it: the smallest surface that allows real, mapped and simulated storage and every
 * crash between two calls. Folder operations are synchronous but for their sync. Nothing is durable but what a
 * sync covered.
 */
export interface Disk {
  readonly kind: "mapped" | "plain" | "sealed" | "simulated";

  /** Makes the folder and its parents. Each is durable after `syncFolder` of the folder it lies in. */
  makeFolder(path: string): void;
  /** Names in a folder, sorted; empty where there is no such folder. */
  list(path: string): readonly string[];
  exists(path: string): boolean;
  /** Whether a file is there, or a link to one: nothing else can be opened, neither folder, pipe nor device. */
  isFile(path: string): boolean;
  /** Replaces a file at `to`. Atomic on one file system; durable after `syncFolder` of both folders. */
  rename(from: string, to: string): void;
  /** Removes a file, or a folder and all in it; no effect where there is none. Open files stay readable. */
  remove(path: string): void;
  /**
   * Resolves once the creations, renames and removals in this folder that returned before the call are durable.
   * Goes on where the folder is renamed or removed meanwhile. Rejects with DISK_IO.
   */
  syncFolder(path: string): Promise<void>;
  /** The same, blocking: for starts, shutdown and repairs. Throws DISK_IO. */
  syncFolderNow(path: string): void;

  /** A small file whole, or null where there is none. Throws DISK_IO, also of what is no file, or MALFORMED above `maxBytes`. */
  readFile(path: string, maxBytes: number): Uint8Array | null;
  /**
   * Replaces a small file so that a crash leaves the old or the new, and returns once the new is durable.
   * A crash may leave `<path>.new` beside it, which the next call overwrites. Throws DISK_FULL or DISK_IO.
   */
  replaceFile(path: string, bytes: Uint8Array): void;

  /**
   * A new file of `sizeBytes` zero bytes whose blocks are allocated. Throws DISK_FULL, with nothing left
   * behind, or DISK_IO, also where the path is taken. The file's existence is durable after `syncFolder`,
   * its size after `sync`. A program can be run from the moment that it exists.
   */
  createFile(path: string, sizeBytes: number, kind?: "data" | "program"): DiskFile;
  /** An existing file. Throws DISK_IO where there is none. */
  openFile(path: string, mode: "read" | "write"): DiskFile;

  /** Bytes this process may still allocate on the file system of `path`, which exists. */
  freeBytes(path: string): number;
  /** Bytes of that file system in all. */
  totalBytes(path: string): number;
  /** Locks a folder against other processes until `release` or exit. Throws DATA_FOLDER_LOCKED. */
  lock(path: string): FolderLock;
}

export interface FolderLock {
  /** Idempotent. */
  release(): void;
}

/** One open file. Its use after `close`, or outside its size, is a bug and asserted. */
export interface DiskFile {
  readonly path: string;
  /** Allocated length. */
  readonly sizeBytes: number;
  /** Stores bytes within the size; visible to `view` at once. Throws DISK_IO where the implementation can tell. */
  write(position: number, bytes: Uint8Array): void;
  /**
   * The bytes at [position, position + length), read-only. A view is good until this turn of the event loop
   * ends (no `await` in between): whoever keeps it longer copies it. Whether a view shows what is written to
   * its range later in the turn differs between disks. Throws DISK_IO where the implementation can tell.
   */
  view(position: number, length: number): Uint8Array;
  /**
   * Copies the bytes at [position, position + length) to `at` of `into`, which has room. For many small looks: a view
   * is an object each. Throws DISK_IO where the implementation can tell.
   */
  copy(position: number, length: number, into: Uint8Array, at: number): void;
  /**
   * Resolves once every write that returned before the call is durable (fdatasync). Rejects with DISK_IO:
   * what was written may then be lost for good even though a later sync succeeds, so that whoever sees it
   * trusts nothing written since the last good sync. A sync under way survives `close`.
   */
  sync(): Promise<void>;
  /** The same, blocking: for recovery and shutdown. */
  syncNow(): void;
  /**
   * Changes the allocated length; new bytes are zero and allocated. Views of this turn stay good, except for
   * what lies beyond a smaller size. Throws DISK_FULL, unchanged, or DISK_IO. No other handle may be open on a
   * file that shrinks: a look through its mapping beyond the new end would end the process.
   */
  resize(sizeBytes: number): void;
  /** Memory that a view would need may be dropped; content stays. Cheap to call after a sync. */
  relax(): void;
  /** Gives up handle and mapping (at the end of this turn, where views may exist). Idempotent. */
  close(): void;
}

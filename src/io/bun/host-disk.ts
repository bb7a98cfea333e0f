import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { AssertionError, assert } from "../../base/assert.ts";
import { HeadwaterError } from "../../base/errors.ts";
import type { Disk, DiskFile, FolderLock } from "../disk.ts";
import { allocate, tryLock } from "./libc.ts";

const FILE_MODE = 0o640;
const PROGRAM_MODE = 0o750;
const FOLDER_MODE = 0o750;
const LOCK_FILE = "lock";

/** A pipe that nobody writes to must not keep the program waiting where a file was expected. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** What the plain and the mapped disk share: everything but how the bytes of an open file are read and written. */
export abstract class HostDisk implements Disk {
  abstract readonly kind: "mapped" | "plain";

  /** Takes over the descriptor. */
  protected abstract attach(file: OpenedFile): DiskFile;

  makeFolder(path: string): void {
    attempt("make folder", path, () => mkdirSync(path, { recursive: true, mode: FOLDER_MODE }));
  }

  list(path: string): readonly string[] {
    try {
      return readdirSync(path).sort();
    } catch (cause) {
      if (codeOf(cause) === "ENOENT") return [];
      throw diskError("list", path, cause);
    }
  }

  exists(path: string): boolean {
    return existsSync(path);
  }

  isFile(path: string): boolean {
    try {
      return statSync(path).isFile();
    } catch {
      return false;
    }
  }

  rename(from: string, to: string): void {
    attempt(`rename to ${to}`, from, () => renameSync(from, to));
  }

  remove(path: string): void {
    attempt("remove", path, () => rmSync(path, { recursive: true, force: true }));
  }

  async syncFolder(path: string): Promise<void> {
    // Opened at once: what has the name later is another folder.
    const fd = attempt("sync folder", path, () => openSync(path, constants.O_RDONLY));
    await new Promise<void>((resolve, reject) => {
      fsync(fd, (cause) => {
        closeSync(fd);
        if (cause === null || cause === undefined) resolve();
        else reject(diskError("sync folder", path, cause));
      });
    });
  }

  syncFolderNow(path: string): void {
    attempt("sync folder", path, () => {
      const fd = openSync(path, constants.O_RDONLY);
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    });
  }

  readFile(path: string, maxBytes: number): Uint8Array | null {
    if (!existsSync(path)) return null;
    const fd = attempt("open", path, () => openSync(path, READ_FLAGS));
    try {
      const sizeBytes = attempt("read", path, () => fileSizeBytes(fd));
      if (sizeBytes > maxBytes) {
        throw new HeadwaterError("MALFORMED", `${path} has ${sizeBytes} bytes, more than ${maxBytes}`, {
          path,
        });
      }
      const bytes = new Uint8Array(sizeBytes);
      readFully(fd, path, 0, bytes);
      return bytes;
    } finally {
      closeSync(fd);
    }
  }

  replaceFile(path: string, bytes: Uint8Array): void {
    const fresh = `${path}.new`;
    try {
      // What a crash has left, or anything else.
      this.remove(fresh);
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
      const fd = attempt("create", fresh, () => openSync(fresh, flags, FILE_MODE));
      try {
        writeFully(fd, fresh, 0, bytes);
        attempt("sync", fresh, () => fsyncSync(fd));
      } finally {
        closeSync(fd);
      }
      this.rename(fresh, path);
    } catch (error) {
      rmSync(fresh, { force: true });
      throw error;
    }
    this.syncFolderNow(dirname(path));
  }

  createFile(path: string, sizeBytes: number, kind: "data" | "program" = "data"): DiskFile {
    assertSize(sizeBytes);
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
    const mode = kind === "program" ? PROGRAM_MODE : FILE_MODE;
    const fd = attempt("create", path, () => openSync(path, flags, mode));
    try {
      if (sizeBytes > 0) allocate(fd, 0, sizeBytes);
      return this.attach({ fd, path, sizeBytes, writable: true });
    } catch (cause) {
      // A failed allocation keeps the blocks it got, and a full disk needs them back at once.
      closeSync(fd);
      unlinkSync(path);
      throw diskError(`allocate ${sizeBytes} bytes for`, path, cause);
    }
  }

  openFile(path: string, mode: "read" | "write"): DiskFile {
    const writable = mode === "write";
    const flags = writable ? constants.O_RDWR | constants.O_NONBLOCK : READ_FLAGS;
    const fd = attempt("open", path, () => openSync(path, flags));
    try {
      return this.attach({ fd, path, sizeBytes: fileSizeBytes(fd), writable });
    } catch (cause) {
      closeSync(fd);
      throw diskError("open", path, cause);
    }
  }

  freeBytes(path: string): number {
    // Blocks for unprivileged users: the file system's own reserve is not ours to count on.
    return attempt("stat file system of", path, () => {
      const status = statfsSync(path);
      return status.bavail * status.bsize;
    });
  }

  totalBytes(path: string): number {
    return attempt("stat file system of", path, () => {
      const status = statfsSync(path);
      return status.blocks * status.bsize;
    });
  }

  lock(path: string): FolderLock {
    const lockPath = join(path, LOCK_FILE);
    const fd = attempt("open", lockPath, () =>
      // What it would be a link to must not be cut to a process's number.
      openSync(lockPath, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, FILE_MODE),
    );
    let holds = false;
    try {
      // The kernel drops the lock with the descriptor, however the process ends; the pid is for people only.
      holds = attempt("lock", lockPath, () => tryLock(fd));
      if (!holds) throw lockedError(path, lockPath);
      attempt("write", lockPath, () => ftruncateSync(fd, 0));
      writeFully(fd, lockPath, 0, new TextEncoder().encode(`${process.pid}\n`));
    } catch (error) {
      // A full disk can't hold the pid, and a broker on a full disk still starts.
      if (!holds) {
        closeSync(fd);
        throw error;
      }
    }
    let open = true;
    return {
      release() {
        if (open) closeSync(fd);
        open = false;
      },
    };
  }
}

function lockedError(folder: string, lockPath: string): HeadwaterError {
  let owner = "";
  try {
    const bytes = new Uint8Array(20);
    const fd = openSync(lockPath, READ_FLAGS);
    const length = readSync(fd, bytes, 0, bytes.length, 0);
    closeSync(fd);
    owner = new TextDecoder().decode(bytes.subarray(0, length)).trim();
  } catch {
    // Who holds it is a nicety of the message.
  }
  const who = /^\d+$/.test(owner) ? `process ${owner}` : "another process";
  return new HeadwaterError(
    "DATA_FOLDER_LOCKED",
    `${folder} is in use by ${who}; stop it, or choose another data folder`,
    { path: folder },
  );
}

export interface OpenedFile {
  readonly fd: number;
  readonly path: string;
  readonly sizeBytes: number;
  readonly writable: boolean;
}

/** What open files share: the descriptor, syncs on it, and checks of every range. */
export abstract class HostFile implements DiskFile {
  readonly path: string;
  protected readonly fd: number;
  protected readonly writable: boolean;
  #sizeBytes: number;
  #closed = false;
  #syncsUnderWay = 0;

  constructor(file: OpenedFile) {
    this.path = file.path;
    this.fd = file.fd;
    this.writable = file.writable;
    this.#sizeBytes = file.sizeBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  abstract write(position: number, bytes: Uint8Array): void;
  abstract view(position: number, length: number): Uint8Array;
  abstract copy(position: number, length: number, into: Uint8Array, at: number): void;
  abstract relax(): void;
  /** The size is about to change, or the file to close: nothing may refer to the old extent from the next turn on. */
  protected abstract forgetExtent(): void;

  sync(): Promise<void> {
    this.assertOpen();
    this.#syncsUnderWay++;
    return new Promise((resolve, reject) => {
      fdatasync(this.fd, (cause) => {
        this.#syncsUnderWay--;
        // The number of a closed descriptor is given out again: it must stay ours until the sync is done.
        if (this.#closed && this.#syncsUnderWay === 0) closeSync(this.fd);
        if (cause === null || cause === undefined) resolve();
        else reject(diskError("sync", this.path, cause));
      });
    });
  }

  syncNow(): void {
    this.assertOpen();
    attempt("sync", this.path, () => fdatasyncSync(this.fd));
  }

  resize(sizeBytes: number): void {
    this.assertOpen();
    assert(this.writable, `resize of ${this.path}, which is open for reading`);
    assertSize(sizeBytes);
    const oldSizeBytes = this.#sizeBytes;
    if (sizeBytes === oldSizeBytes) return;
    if (sizeBytes > oldSizeBytes) {
      try {
        allocate(this.fd, oldSizeBytes, sizeBytes - oldSizeBytes);
      } catch (cause) {
        ftruncateSync(this.fd, oldSizeBytes);
        throw diskError(`allocate ${sizeBytes} bytes for`, this.path, cause);
      }
      this.forgetExtent();
    } else {
      this.forgetExtent();
      attempt("truncate", this.path, () => ftruncateSync(this.fd, sizeBytes));
    }
    this.#sizeBytes = sizeBytes;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.forgetExtent();
    if (this.#syncsUnderWay === 0) closeSync(this.fd);
  }

  protected assertOpen(): void {
    if (this.#closed) throw new AssertionError(`use of ${this.path} after it was closed`);
  }

  // The messages are made only where they are needed: this is the hot path.
  protected assertRange(position: number, length: number): void {
    this.assertOpen();
    if (
      !Number.isSafeInteger(position) ||
      position < 0 ||
      !(length >= 0 && position + length <= this.#sizeBytes)
    ) {
      throw new AssertionError(`${length} bytes at ${position} lie outside ${this.path}`);
    }
  }

  /** The same, and whether `into` has room at `at`. */
  protected assertCopy(position: number, length: number, into: Uint8Array, at: number): void {
    this.assertRange(position, length);
    if (!(at >= 0 && at + length <= into.length)) {
      throw new AssertionError(`${length} bytes do not fit at ${at} of ${into.length}`);
    }
  }

  protected assertWritable(position: number, length: number): void {
    this.assertRange(position, length);
    if (!this.writable) throw new AssertionError(`write to ${this.path}, which is open for reading`);
  }
}

/** Writes all of it. Throws DISK_FULL or DISK_IO. */
export function writeFully(fd: number, path: string, position: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) {
    const start = written;
    written += attempt("write", path, () =>
      writeSync(fd, bytes, start, bytes.length - start, position + start),
    );
  }
}

/** Fills all of `into`. Throws DISK_IO where the file ends before. */
export function readFully(fd: number, path: string, position: number, into: Uint8Array): void {
  let done = 0;
  while (done < into.length) {
    const start = done;
    const count = attempt("read", path, () =>
      readSync(fd, into, start, into.length - start, position + start),
    );
    if (count === 0) {
      throw new HeadwaterError(
        "DISK_IO",
        `${path} ends at ${position + done}, before ${position + into.length}`,
        {
          path,
        },
      );
    }
    done += count;
  }
}

function fileSizeBytes(fd: number): number {
  const status = fstatSync(fd);
  if (!status.isFile()) throw new Error("it is not a regular file");
  return status.size;
}

function assertSize(sizeBytes: number): void {
  assert(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0, `bad file size ${sizeBytes}`);
}

function attempt<Result>(action: string, path: string, operation: () => Result): Result {
  try {
    return operation();
  } catch (cause) {
    throw diskError(action, path, cause);
  }
}

/** The coded form of a system error. */
export function diskError(action: string, path: string, cause: unknown): HeadwaterError {
  if (cause instanceof HeadwaterError) return cause;
  const code = codeOf(cause);
  const isFull = code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG";
  const reason = cause instanceof Error ? cause.message : String(cause);
  return isFull
    ? new HeadwaterError(
        "DISK_FULL",
        `no space to ${action} ${path}: ${reason}; free some or lower retention`,
        {
          path,
          cause,
        },
      )
    : new HeadwaterError("DISK_IO", `cannot ${action} ${path}: ${reason}`, { path, cause });
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
}

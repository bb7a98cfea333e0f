import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { HeadwaterError } from "../../base/errors.ts";
import { UsageError } from "../exit-codes.ts";
import type { World } from "../world.ts";

/** How far reading is. */
export interface Reached {
  /** Next offset by `TOPIC-PARTITION`. */
  readonly position: Readonly<Record<string, number>>;
  /** Logs that are waited for, likewise: see `PartitionEnd`. */
  readonly behind: Readonly<Record<string, readonly string[]>>;
}

/** Where records are written. */
export interface Sink {
  write(bytes: Uint8Array): void;
  /** Says how far reading is; what was written before counts as done once this returns. */
  save(reached: Reached): void;
  /** All that there is now is written, up to here. */
  finish(reached: Reached): void;
  close(): void;
}

/** How far a file is, as it stands beside it. */
interface Saved {
  readonly format: 1;
  /** What was asked for: another question does not go on in the same file. */
  readonly query: string;
  readonly sizeBytes: number;
  readonly reached: Reached;
  /** All that there was had been written, and synced. */
  readonly whole?: boolean;
}

export class StandardOutput implements Sink {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  write(bytes: Uint8Array): void {
    this.#world.out(bytes);
  }

  save(): void {}

  finish(): void {}

  close(): void {}
}

/**
 * A file, with how far it is in another one beside it: `FILE.replay`. What a crash left behind the saved size is cut off before
 * it goes on, so that no record stands there twice. A file that was whole goes on with what has come since.
 */
export class FileSink implements Sink {
  /** Where to go on, where the file was begun before. */
  readonly reached: Reached | null;
  /** Size of the file that was whole when it was left; -1 where none was. */
  readonly #wholeBytes: number;
  readonly #path: string;
  readonly #query: string;
  readonly #file: number;
  #sizeBytes = 0;

  /** Throws UsageError where the file is there and `resume` is not wanted, or is of another question. */
  constructor(path: string, query: string, resume: boolean) {
    this.#path = path;
    this.#query = query;
    const saved = resume && existsSync(path) ? load(savedPath(path)) : null;
    if (saved !== null && saved.query !== query) {
      throw new UsageError(`--resume: ${path} was begun with other options; give the same, or another file`);
    }
    if (existsSync(path) && saved === null) {
      const why = resume ? "nothing is known of how far it is" : "--resume goes on where one was left";
      throw new UsageError(`--file ${path} is there already; ${why}`);
    }
    this.reached = saved?.reached ?? null;
    this.#wholeBytes = saved?.whole === true ? saved.sizeBytes : -1;
    this.#file = onDisk(path, () => openSync(path, saved === null ? "wx" : "r+"));
    if (saved !== null) this.#cutTo(saved);
  }

  write(bytes: Uint8Array): void {
    onDisk(this.#path, () => {
      for (let at = 0; at < bytes.length; ) {
        const written = writeSync(this.#file, bytes, at, bytes.length - at, this.#sizeBytes);
        at += written;
        this.#sizeBytes += written;
      }
    });
  }

  /** Whether it was whole and nothing has been added to it. */
  get isAsLeft(): boolean {
    return this.#wholeBytes === this.#sizeBytes;
  }

  save(reached: Reached, whole = false): void {
    onDisk(this.#path, () => {
      fsyncSync(this.#file);
      const saved: Saved = { format: 1, query: this.#query, sizeBytes: this.#sizeBytes, reached, whole };
      writeFileSync(`${savedPath(this.#path)}.new`, JSON.stringify(saved), { flush: true });
      renameSync(`${savedPath(this.#path)}.new`, savedPath(this.#path));
    });
  }

  finish(reached: Reached): void {
    this.save(reached, true);
  }

  close(): void {
    closeSync(this.#file);
  }

  #cutTo({ sizeBytes, whole = false }: Saved): void {
    const { size } = fstatSync(this.#file);
    if (size < sizeBytes) {
      throw new UsageError(`--resume: ${this.#path} is shorter than it was; give another file`);
    }
    // What stands behind the end of a whole file no crash has left there.
    if (whole && size > sizeBytes) {
      throw new UsageError(`--resume: somebody has written to ${this.#path}; give another file`);
    }
    ftruncateSync(this.#file, sizeBytes);
    this.#sizeBytes = sizeBytes;
  }
}

function savedPath(path: string): string {
  return `${path}.replay`;
}

function load(path: string): Saved | null {
  if (!existsSync(path)) return null;
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isSaved(value) ? value : null;
  } catch {
    return null;
  }
}

function isSaved(value: unknown): value is Saved {
  if (typeof value !== "object" || value === null) return false;
  const { format, query, sizeBytes, reached, whole } = value as Partial<Record<keyof Saved, unknown>>;
  if (format !== 1 || typeof query !== "string" || !Number.isSafeInteger(sizeBytes)) return false;
  // It was not written before whole files were gone on with.
  if (whole !== undefined && typeof whole !== "boolean") return false;
  if (typeof reached !== "object" || reached === null) return false;
  const { position, behind } = reached as Partial<Record<keyof Reached, unknown>>;
  if (typeof position !== "object" || position === null || typeof behind !== "object" || behind === null) {
    return false;
  }
  return (
    Object.values(position).every((offset) => Number.isSafeInteger(offset)) &&
    Object.values(behind).every((logs) => Array.isArray(logs) && logs.every((log) => typeof log === "string"))
  );
}

function onDisk<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause)) throw cause;
    const code = cause.code === "ENOSPC" || cause.code === "EDQUOT" ? "DISK_FULL" : "DISK_IO";
    throw new HeadwaterError(code, `${path}: ${cause.message}`, { path, cause });
  }
}

import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  type Stats,
  unlinkSync,
  writeSync,
} from "node:fs";
import { HeadwaterError } from "../../base/errors.ts";
import type { Tree, TreeEntry } from "../tree.ts";

const FOLDER_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY;
/** Neither a link is followed nor a pipe waited for. */
const FILE_FLAGS = constants.O_NOFOLLOW | constants.O_NONBLOCK;
const FILE_MODE = 0o600;
const ZEROS = new Uint8Array(1024 * 1024);

/**
 * A tree of the machine's own file system. Each folder is opened from the one above it without following links, and
 * what is in it reached through that handle (/proc/self/fd): who swaps a folder for a link meanwhile leads nobody away.
 */
export class HostTree implements Tree {
  readonly #root: string;
  readonly #device: number;

  /** The folder itself may be a link. Throws DISK_IO. */
  constructor(root: string) {
    this.#root = root;
    this.#device = this.#within("", "open", (folder) => lstatSync(`${folder}/.`).dev);
  }

  list(path: string): readonly TreeEntry[] {
    return this.#within(path, "list", (folder) =>
      readdirSync(folder)
        .sort()
        .flatMap((name) => {
          const status = statusOf(`${folder}/${name}`);
          return status === null
            ? []
            : [{ name, kind: kindOf(status, this.#device), sizeBytes: status.size }];
        }),
    );
  }

  read(path: string, maxBytes: number): Uint8Array | null {
    return this.#at(path, "read", (place) => {
      if (statusOf(place)?.isFile() !== true) return null;
      const bytes = new Uint8Array(maxBytes);
      const length = withFile(place, constants.O_RDONLY, (fd) => readSync(fd, bytes, 0, maxBytes, 0));
      return bytes.subarray(0, length);
    });
  }

  replace(path: string, bytes: Uint8Array): void {
    const draft = `${path}.new`;
    this.unlink(draft);
    this.#at(draft, "write", (place) =>
      withFile(place, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, (fd) => {
        writeAll(fd, bytes);
        fsyncSync(fd);
      }),
    );
    this.rename(draft, path);
    this.sync(split(path).folder);
  }

  overwrite(path: string): boolean {
    return this.#at(path, "overwrite", (place) => {
      if (statusOf(place)?.isFile() !== true) return false;
      return withFile(place, constants.O_RDONLY, (fd) => {
        const status = fstatSync(fd);
        if (!status.isFile() || status.nlink !== 1) return false;
        // A key is often one that its own owner may only read.
        fchmodSync(fd, FILE_MODE);
        const writer = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY);
        try {
          for (let left = status.size; left > 0; left -= ZEROS.length)
            writeAll(writer, ZEROS.subarray(0, Math.min(left, ZEROS.length)));
          fsyncSync(writer);
        } finally {
          closeSync(writer);
        }
        return true;
      });
    });
  }

  rename(from: string, to: string): void {
    this.#at(from, "rename", (source) => this.#at(to, "rename", (target) => renameSync(source, target)));
  }

  unlink(path: string): void {
    this.#at(path, "remove", (place) => unlessMissing(() => unlinkSync(place)));
  }

  removeFolder(path: string): void {
    this.#at(path, "remove", (place) => unlessMissing(() => rmdirSync(place)));
  }

  sync(path: string): void {
    this.#folder(path, "sync", (fd) => fsyncSync(fd));
  }

  /** Calls `use` with a path of the place, whose last part alone may be a link. */
  #at<Result>(path: string, what: string, use: (place: string) => Result): Result {
    const { folder, name } = split(path);
    return this.#within(folder, `${what} ${name} in`, (place) => use(`${place}/${name}`));
  }

  #within<Result>(path: string, what: string, use: (folder: string) => Result): Result {
    return this.#folder(path, what, (fd) => use(`/proc/self/fd/${fd}`));
  }

  #folder<Result>(path: string, what: string, use: (fd: number) => Result): Result {
    let fd = -1;
    try {
      fd = openSync(this.#root, FOLDER_FLAGS);
      for (const name of path === "" ? [] : path.split("/")) {
        const inner = openSync(`/proc/self/fd/${fd}/${name}`, FOLDER_FLAGS | constants.O_NOFOLLOW);
        closeSync(fd);
        fd = inner;
      }
      return use(fd);
    } catch (cause) {
      if (cause instanceof HeadwaterError) throw cause;
      const place = path === "" ? this.#root : `${this.#root}/${path}`;
      const code = codeOf(cause) === "ENOSPC" || codeOf(cause) === "EDQUOT" ? "DISK_FULL" : "DISK_IO";
      const message = `can't ${what} ${place}: ${codeOf(cause)}`;
      throw new HeadwaterError(code, message, { path: place, cause });
    } finally {
      if (fd >= 0) closeSync(fd);
    }
  }
}

function split(path: string): { readonly folder: string; readonly name: string } {
  const at = path.lastIndexOf("/");
  return { folder: path.slice(0, Math.max(0, at)), name: path.slice(at + 1) };
}

function kindOf(status: Stats, device: number): TreeEntry["kind"] {
  if (status.dev !== device) return "elsewhere";
  if (status.isDirectory()) return "folder";
  return status.isFile() ? "file" : "other";
}

/** Null where there is nothing of the name. */
function statusOf(place: string): Stats | null {
  return lstatSync(place, { throwIfNoEntry: false }) ?? null;
}

function withFile<Result>(place: string, flags: number, use: (fd: number) => Result): Result {
  const fd = openSync(place, flags | FILE_FLAGS, FILE_MODE);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function unlessMissing(call: () => void): void {
  try {
    call();
  } catch (cause) {
    if (codeOf(cause) !== "ENOENT") throw cause;
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
}

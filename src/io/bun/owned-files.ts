import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { HeadwaterError } from "../../base/errors.ts";
import type { FileRights, OwnedFiles } from "../owned-files.ts";
import { PlainDisk } from "./plain-disk.ts";

/** Until it has its owner: of nobody else. */
const PRIVATE = 0o600;
/** Behind the name of a file that is being written; what a crash leaves of one is overwritten by the next. */
const UNFINISHED = ".headwater-new";

/** Those of this machine. */
export class HostOwnedFiles implements OwnedFiles {
  readonly #disk = new PlainDisk();

  read(path: string, maxBytes: number): Uint8Array | null {
    return this.#disk.readFile(path, maxBytes);
  }

  list(folder: string): readonly string[] {
    return this.#disk.list(folder).filter((name) => !name.endsWith(UNFINISHED));
  }

  makeFolder(path: string, rights: FileRights): void {
    if (existsSync(path)) return;
    const parent = dirname(path);
    if (!existsSync(parent)) this.makeFolder(parent, rights);
    attempt(path, "made", () => {
      mkdirSync(path, { mode: rights.mode });
      if (rights.owner !== null) chownSync(path, rights.owner.uid, rights.owner.gid);
      // The mask of the process has taken from the mode.
      chmodSync(path, rights.mode);
      syncFolder(parent);
    });
  }

  write(given: string, bytes: Uint8Array, rights: FileRights): void {
    // A link stays one.
    const path = existsSync(given) ? realpathSync(given) : given;
    const fresh = `${path}${UNFINISHED}`;
    attempt(path, "written", () => {
      rmSync(fresh, { force: true });
      const fd = openSync(fresh, "wx", PRIVATE);
      try {
        for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
        if (rights.owner !== null) fchownSync(fd, rights.owner.uid, rights.owner.gid);
        fchmodSync(fd, rights.mode);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(fresh, path);
      syncFolder(dirname(path));
    });
  }

  remove(path: string): void {
    if (!existsSync(path)) return;
    attempt(path, "removed", () => {
      rmSync(path, { force: true });
      syncFolder(dirname(path));
    });
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function attempt(path: string, what: string, act: () => void): void {
  try {
    act();
  } catch (cause) {
    if (cause instanceof HeadwaterError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const isFull = cause instanceof Error && "code" in cause && cause.code === "ENOSPC";
    throw new HeadwaterError(isFull ? "DISK_FULL" : "DISK_IO", `${path} can't be ${what}: ${reason}`, {
      path,
      cause,
    });
  }
}

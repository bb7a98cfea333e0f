import { closeSync, constants, existsSync, mkdirSync, openSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { HeadwaterError } from "../base/errors.ts";
import { SystemClock } from "../io/bun/clock.ts";
import { tryLock } from "../io/bun/libc.ts";

/** Whoever has it reads and writes one file: longer than this it takes only where something is wrong. */
const WAIT_MS = 10_000;
const TRY_EVERY_MS = 20;

/**
 * Runs `change` while no other process changes a file of this folder so: of two that read, change and write at once
 * one would lose. The folder itself is locked, and by the kernel: nothing stays behind, however the process ends.
 * Throws DISK_IO where another does not let go of it, or it can't be locked.
 */
export async function withUsersLock<T>(file: string, change: () => T): Promise<T> {
  const folder = dirname(existsSync(file) ? realpathSync(file) : file);
  const fd = attempt(folder, () => {
    mkdirSync(folder, { recursive: true });
    return openSync(folder, constants.O_RDONLY);
  });
  try {
    const clock = new SystemClock();
    const untilMs = clock.monotonicMs() + WAIT_MS;
    while (!attempt(folder, () => tryLock(fd))) {
      if (clock.monotonicMs() > untilMs) {
        throw new HeadwaterError("DISK_IO", `${folder} is locked: another command changes the users`, {
          path: folder,
        });
      }
      await new Promise<void>((resolve) => {
        clock.after(TRY_EVERY_MS, resolve);
      });
    }
    return change();
  } finally {
    closeSync(fd);
  }
}

function attempt<T>(folder: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HeadwaterError("DISK_IO", `${folder} can't be locked: ${reason}`, { path: folder, cause });
  }
}

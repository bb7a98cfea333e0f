import { HeadwaterError, hasCode } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { contentCheckOf } from "../broker/metadata-check.ts";
import { SystemClock } from "../io/bun/clock.ts";
import { PlainDisk } from "../io/bun/plain-disk.ts";
import type { Disk, FolderLock } from "../io/disk.ts";
import { refuseErased } from "../log/erasure-marker.ts";
import type { Damage } from "../log/inspection/damage.ts";
import { type Inspection, inspectStore } from "../log/inspection/store-check.ts";
import { wrap } from "./help.ts";
import { Progress, progressLineOfBytes, sizeText } from "./progress.ts";
import type { World } from "./world.ts";

const LOCK_FILE = "lock";
const INDENT = 8;
/** Damages that are shown one by one to people; programs get all. */
const MAX_SHOWN = 200;

/** How a data folder may be looked at. */
export interface FolderAccess {
  readonly isRunning: boolean;
  /** Why it could not be found out whether somebody has it; null where it could. */
  readonly doubt: string | null;
  readonly lock: FolderLock | null;
}

/**
 * Takes the data folder for as long as it is looked at, so that no gateway starts meanwhile; where one runs, or where this user
 * may not take it, that is said. Nothing is taken, nor written, where no gateway ever ran.
 */
export function accessFolder(folder: string): FolderAccess {
  const disk = new PlainDisk();
  if (!disk.exists(`${folder}/${LOCK_FILE}`)) return { isRunning: false, doubt: null, lock: null };
  try {
    return { isRunning: false, doubt: null, lock: disk.lock(folder) };
  } catch (error) {
    if (hasCode(error, "DATA_FOLDER_LOCKED")) return { isRunning: true, doubt: null, lock: null };
    if (!(error instanceof HeadwaterError)) throw error;
    // A medium that can't be written to has no gateway at work.
    if (codeOf(error.cause) === "EROFS") return { isRunning: false, doubt: null, lock: null };
    return { isRunning: true, doubt: error.message, lock: null };
  }
}

/** The folder for whoever changes it; null where no gateway ever ran. Throws DATA_FOLDER_LOCKED where one runs, DISK_IO. */
export function takeFolder(folder: string): FolderLock | null {
  const disk = new PlainDisk();
  return disk.exists(`${folder}/${LOCK_FILE}`) ? disk.lock(folder) : null;
}

function codeOf(cause: unknown): unknown {
  return typeof cause === "object" && cause !== null && "code" in cause ? cause.code : null;
}

/** Goes through the folder, with a line that says how far it is where somebody watches. */
export function inspectFolder(
  disk: Disk,
  folder: string,
  isRunning: boolean,
  topic: string | null,
  world: World,
): Inspection {
  refuseErased(disk, folder);
  const progress = new Progress(world, new SystemClock(), true, progressLineOfBytes);
  try {
    return inspectStore({
      disk,
      folder,
      isRunning,
      topic,
      contentCheck: contentCheckOf,
      progress: (done, total) => progress.update(done, total),
    });
  } finally {
    progress.end();
  }
}

/** What was gone through, in a sentence. */
export function sumsText(folder: string, { sums, condition }: Inspection): string {
  const how = {
    clean: "shut down cleanly",
    unclean: "cut off, or killed; the next start recovers it",
    running: "in use: looked at as far as its last checkpoint",
  }[condition];
  const count = (value: number, one: string, many = `${one}s`) =>
    `${value.toLocaleString("en")} ${value === 1 ? one : many}`;
  const parts = [
    ...[count(sums.logs, "partition"), count(sums.segments, "segment")],
    ...[count(sums.batches, "batch", "batches"), count(sums.indexes, "index file")],
    ...(condition === "running" ? [] : [count(sums.journalRounds, "journal round")]),
  ];
  return `${folder} (${how}): ${parts.join(", ")}, ${sizeText(sums.bytes)}\n`;
}

export function damagesText(damages: readonly Damage[]): string {
  const shown = damages.slice(0, MAX_SHOWN).map(damageText).join("");
  const more = damages.length - MAX_SHOWN;
  return more > 0 ? `${shown}... and ${more} more; -o json has all\n` : shown;
}

function damageText({ part, path, isHarmless, what, meaning, remedy, keys, ...where }: Damage): string {
  const { topic, partition, position, endPosition, fromOffset, toOffset } = where;
  const log = topic === null ? "" : ` ${topic}-${partition}`;
  const offsets =
    fromOffset === null || toOffset === null ? "" : `, offsets ${fromOffset} to ${toOffset - 1}`;
  const bytes = position === null || endPosition === null ? "" : `, bytes ${position} to ${endPosition - 1}`;
  const gap = " ".repeat(INDENT);
  const lines = [
    `${isHarmless ? "STALE " : "DAMAGE"}  ${part}${log}${offsets}`,
    `${gap}${path}${bytes}`,
    `${gap}${wrap(what, INDENT)}`,
    `${gap}${wrap(meaning, INDENT)}`,
  ];
  if (keys.length > 0)
    lines.push(`${gap}${wrap(`devices, as far as they can still be read: ${keys.join(", ")}`, INDENT)}`);
  lines.push(`${gap}-> ${wrap(remedy, INDENT + 3)}`);
  return `${lines.join("\n")}\n`;
}

/** What the log has to say that is worth a look. */
export function warningsTo(world: World): Logger {
  const say = (message: string, fields?: Readonly<Record<string, unknown>>) => {
    const why = fields?.cause ?? fields?.error;
    world.err(`${message}${why instanceof Error ? `: ${why.message}` : ""}\n`);
  };
  const logger: Logger = { debug() {}, info() {}, warn: say, error: say, child: () => logger };
  return logger;
}

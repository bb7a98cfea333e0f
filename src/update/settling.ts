import type { Disk } from "../io/disk.ts";
import {
  type Chosen,
  choose,
  failureOf,
  filledOf,
  isSuperseded,
  type Outcome,
  readChosen,
  type SlotName,
  triesOf,
  writeOutcome,
} from "./slots.ts";

/** As what the launcher has started a program. */
export interface Launch {
  readonly slot: SlotName | "packaged";
  /** The attempt that it is on trial for; null where it is not. */
  readonly attempt: string | null;
  /** The attempt that the launcher found when it decided; null where there was none. */
  readonly seen: string | null;
  readonly packagedOrder: string;
}

/**
 * Writes down what the start has shown: that an attempt was given up, or that what was chosen could not be started. What
 * runs is then what further starts run. Gives the outcome of an attempt that ended by that, else null. Whoever calls has
 * the lock of the folder. Throws DISK_FULL or DISK_IO; called again, it goes on.
 */
export function settle(disk: Disk, slots: string, launch: Launch, atMs: number): Outcome | null {
  const chosen = readChosen(disk, slots);
  if (chosen === null) return null;
  if (chosen.attempt === null) {
    // Committed meanwhile, or all is as it was chosen.
    if (launch.attempt !== null || chosen.slot === launch.slot) return null;
  } else if (chosen.attempt === launch.attempt || chosen.attempt !== launch.seen) {
    // It is on trial now, or was chosen since the start and is for the next one.
    return null;
  }
  const outcome = chosen.attempt === null ? null : failed(disk, slots, chosen, chosen.attempt, launch, atMs);
  if (outcome !== null) writeOutcome(disk, slots, outcome);
  const ran = [chosen, chosen.other].find((filled) => filled?.slot === launch.slot) ?? null;
  if (ran === null) choose(disk, slots, null);
  else {
    const settled = { ...filledOf(ran), attempt: null, tries: 0, guardSeconds: 0, other: null };
    choose(disk, slots, { ...settled, base: chosen.base, restart: "later" });
  }
  return outcome;
}

/** The version on trial has proved itself. Throws DISK_FULL or DISK_IO. */
export function commit(disk: Disk, slots: string, attempt: string, atMs: number): Outcome | null {
  const chosen = readChosen(disk, slots);
  if (chosen?.attempt !== attempt) return null;
  choose(disk, slots, { ...chosen, attempt: null, restart: "later" });
  const outcome = { attempt, version: chosen.version, result: "committed" as const, reason: null, atMs };
  writeOutcome(disk, slots, outcome);
  return outcome;
}

function failed(
  disk: Disk,
  slots: string,
  chosen: Chosen,
  attempt: string,
  launch: Launch,
  atMs: number,
): Outcome {
  const tries = triesOf(disk, slots, attempt);
  const reason = isSuperseded(chosen, chosen.base, launch.packagedOrder)
    ? "the package that was installed meanwhile is newer"
    : (failureOf(disk, slots, attempt) ??
      (tries < chosen.tries ? "it could not be started" : `it ended ${tries} times before it was healthy`));
  return { attempt, version: chosen.version, result: "failed", reason, atMs };
}

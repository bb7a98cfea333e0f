import { HeadwaterError } from "../base/errors.ts";
import type { Disk } from "../io/disk.ts";
import { type BundleHeader, binaryFor } from "./bundle.ts";
import type { ByteSource } from "./byte-stream.ts";
import { checkPayload, unpackPayload } from "./payload.ts";
import {
  BINARY_FILE,
  binaryPath,
  type Chosen,
  choose,
  type Filled,
  filledOf,
  HEADER_FILE,
  isUsable,
  nextStart,
  readChosen,
  SLOT_NAMES,
  type SlotName,
} from "./slots.ts";

/** Deliberate bugs, for tests of the tests. */
export const STAGING_BUGS = ["binary-not-synced", "switch-first", "keep-other"] as const;
export type StagingBug = (typeof STAGING_BUGS)[number];

export interface StagingParts {
  readonly disk: Disk;
  /** The folder of the slots, which is there. */
  readonly slots: string;
  readonly packagedOrder: string;
  /** What is to stay free. */
  readonly reserveBytes: number;
  readonly bugs?: ReadonlySet<StagingBug>;
}

/** How the slot that was filled is tried. */
export interface Trial {
  readonly attempt: string;
  readonly tries: number;
  readonly guardSeconds: number;
  readonly restart: "now" | "later";
}

/** What a bundle's binary became. */
export interface Staged {
  readonly filled: Filled;
  /** Where the program is. */
  readonly path: string;
}

/**
 * Puts the binary of a bundle into the slot that does not run, having checked every byte of it before. Nothing that a start
 * could choose changes by it, but that there is no other slot to go back to from the one that runs. Durable when it resolves.
 * Throws as the reading of bundles does, DISK_FULL where less than the reserve would be left, and DISK_IO.
 */
export async function fillSlot(
  parts: StagingParts,
  source: ByteSource,
  header: BundleHeader,
  architecture: string,
  onProgress: (doneBytes: number, totalBytes: number) => void = () => {},
): Promise<Staged> {
  const { disk, slots } = parts;
  const bugs = parts.bugs ?? new Set();
  const { sizeBytes, sha256 } = binaryFor(header, architecture)?.binary ?? { sizeBytes: 0, sha256: "" };
  await checkPayload(source, header, architecture);
  const slot = freeSlot(parts, bugs.has("keep-other"));
  const folder = `${slots}/${slot}`;
  disk.remove(folder);
  if (disk.freeBytes(slots) - sizeBytes < parts.reserveBytes) {
    throw new HeadwaterError(
      "DISK_FULL",
      `${slots}: the new version needs ${sizeBytes} bytes, and ${parts.reserveBytes} are to stay free (disk.reserve.bytes)`,
    );
  }
  const { order, version } = header.manifest;
  const filled = { slot, sizeBytes, sha256, order, version };
  disk.makeFolder(folder);
  const file = disk.createFile(`${folder}/${BINARY_FILE}`, sizeBytes, "program");
  try {
    if (bugs.has("switch-first")) choose(disk, slots, chosenFor(parts, filled, DEFAULT_TRIAL));
    await unpackPayload(
      source,
      header,
      architecture,
      (position, bytes) => file.write(position, bytes),
      (doneBytes) => onProgress(doneBytes, sizeBytes),
    );
    if (!bugs.has("binary-not-synced")) await file.sync();
  } catch (error) {
    file.close();
    if (error instanceof HeadwaterError && error.code !== "DISK_IO") disk.remove(folder);
    throw error;
  }
  file.close();
  disk.replaceFile(`${folder}/${HEADER_FILE}`, header.bytes);
  await disk.syncFolder(folder);
  await disk.syncFolder(slots);
  return { filled, path: binaryPath(slots, slot) };
}

const DEFAULT_TRIAL: Trial = { attempt: "bug", tries: 3, guardSeconds: 60, restart: "now" };

/** From here on the next start tries it: one rename, which is durable when it returns. Throws DISK_FULL or DISK_IO. */
export function switchTo(parts: StagingParts, filled: Filled, trial: Trial): void {
  choose(parts.disk, parts.slots, chosenFor(parts, filled, trial));
}

/** Chooses a slot without a trial. */
export function switchBack(parts: StagingParts, filled: Filled, restart: "now" | "later"): void {
  const trial = { attempt: null, tries: 0, guardSeconds: 0, restart };
  choose(parts.disk, parts.slots, { ...chosenFor(parts, filled, trial), ...trial });
}

/** What runs now stays what is gone back to. */
function chosenFor(
  parts: StagingParts,
  filled: Filled,
  trial: Omit<Trial, "attempt"> & { attempt: string | null },
): Chosen {
  const { disk, slots, packagedOrder } = parts;
  const running = runningSlot(parts);
  const other = running === null || running.slot === filled.slot ? otherThan(parts, filled.slot) : running;
  const kept = other !== null && isUsable(disk, slots, other, packagedOrder, packagedOrder) ? other : null;
  return { ...filled, ...trial, base: packagedOrder, other: kept };
}

/** The slot that starts run; null where they run the packaged program. Throws UNSUPPORTED while one is on trial. */
function runningSlot({ disk, slots, packagedOrder }: StagingParts): Filled | null {
  const next = nextStart(disk, slots, packagedOrder);
  if (next.attempt !== null) {
    throw new HeadwaterError(
      "UNSUPPORTED",
      "a version is on trial: wait until it has proved itself or was given up (headwater update --status)",
    );
  }
  return filledAs(readChosen(disk, slots), next.runs);
}

function filledAs(chosen: Chosen | null, slot: string): Filled | null {
  const found = [chosen, chosen?.other].find((filled) => filled?.slot === slot);
  return found === null || found === undefined ? null : filledOf(found);
}

function otherThan({ disk, slots }: StagingParts, slot: SlotName): Filled | null {
  const other = SLOT_NAMES.find((name) => name !== slot) ?? slot;
  return filledAs(readChosen(disk, slots), other);
}

/** The slot that starts don't run, and that none goes back to from here on. */
function freeSlot(parts: StagingParts, keepsOther: boolean): SlotName {
  const { disk, slots, packagedOrder } = parts;
  const running = runningSlot(parts);
  const chosen = readChosen(disk, slots);
  const free = SLOT_NAMES.find((name) => name !== running?.slot) ?? "a";
  if (keepsOther || chosen === null) return free;
  // Before a byte of it changes, nothing may lead there any more.
  if (running === null) choose(disk, slots, null);
  else if (chosen.slot !== running.slot || chosen.other !== null) {
    const trial = { attempt: null, tries: 0, guardSeconds: 0, restart: "later" as const };
    choose(disk, slots, { ...running, ...trial, base: packagedOrder, other: null });
  }
  return free;
}

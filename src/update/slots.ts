import type { Disk } from "../io/disk.ts";
import { compareOrders, isOrder } from "./version-order.ts";

/*
 * The folder of the slots. Each file has one writer, so that none needs a lock to be read:
 *
 *   a/, b/      `headwater`, and `bundle`, the start of the bundle that it came in
 *   chosen      which of them runs; by whoever holds the folder's lock (an update, or the gateway)
 *   tried       how often the attempt was started; by gateway/systemd/launch
 *   failed      that an attempt has failed, and why; by the gateway that is on trial, or by the guard of the launcher
 *   starts      starts in a row that did not get far; by the launcher, removed by the gateway
 *   before      how the gateway was before the attempt; by the gateway that makes room for it
 *   outcome     what came of the last attempt; by the gateway
 *   launched    who runs; by the gateway
 */

export type SlotName = "a" | "b";
export const SLOT_NAMES: readonly SlotName[] = ["a", "b"];
export const BINARY_FILE = "headwater";
export const HEADER_FILE = "bundle";
const CHOSEN_FILE = "chosen";
const TRIED_FILE = "tried";
const FAILED_FILE = "failed";
const STARTS_FILE = "starts";
const OUTCOME_FILE = "outcome";

const FORMAT = 1;
const MAX_FILE_BYTES = 4096;
/** As the launcher has it. */
const MOST_STARTS = 3;

/** A program in a slot. */
export interface Filled {
  readonly slot: SlotName;
  readonly sizeBytes: number;
  readonly order: string;
  /** Of the program, in hex. */
  readonly sha256: string;
  /** For people. */
  readonly version: string;
}

/** Which slot is to run, as the file `chosen` says it. */
export interface Chosen extends Filled {
  /** Names the attempt for as long as the slot is on trial; null once it has proved itself. */
  readonly attempt: string | null;
  /** Starts that an attempt has. */
  readonly tries: number;
  /** After how long without a word the launcher's guard ends a version on trial. */
  readonly guardSeconds: number;
  /** Order of the packaged program when this was chosen. One that is another, and newer than a slot, wins over that. */
  readonly base: string;
  /** What runs where this one does not; null: the packaged program. */
  readonly other: Filled | null;
  /** Whether a gateway that runs makes room at once, or with its next start. */
  readonly restart: "now" | "later";
}

/** What the next start runs. */
export type NextStart =
  | { readonly runs: SlotName; readonly attempt: string; readonly tried: number }
  | { readonly runs: SlotName | "packaged"; readonly attempt: null };

/** What came of an attempt. */
export interface Outcome {
  readonly attempt: string;
  readonly version: string;
  readonly result: "committed" | "failed";
  /** Null where it was committed. */
  readonly reason: string | null;
  readonly atMs: number;
}

/** What is said of a slot, and nothing of how it was chosen. */
export function filledOf({ slot, sizeBytes, order, sha256, version }: Filled): Filled {
  return { slot, sizeBytes, order, sha256, version };
}

export function encodeChosen(chosen: Chosen): Uint8Array {
  const { other } = chosen;
  const lines = [
    ["headwater-slots", FORMAT],
    ["slot", chosen.slot],
    ["size", chosen.sizeBytes],
    ["order", chosen.order],
    ["version", chosen.version],
    ["sha256", chosen.sha256],
    ["attempt", chosen.attempt ?? "-"],
    ["tries", chosen.tries],
    ["seconds", chosen.guardSeconds],
    ["base", chosen.base],
    ["other", other?.slot ?? "-"],
    ["other-size", other?.sizeBytes ?? 0],
    ["other-order", other?.order ?? 0],
    ["other-version", other?.version ?? "-"],
    ["other-sha256", other?.sha256 ?? "-"],
    ["restart", chosen.restart],
    ["end", "-"],
  ];
  return new TextEncoder().encode(lines.map((line) => `${line.join(" ")}\n`).join(""));
}

/** Null where there is none, or it makes no sense. Throws DISK_IO. */
export function readChosen(disk: Disk, slots: string): Chosen | null {
  const text = readText(disk, `${slots}/${CHOSEN_FILE}`);
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [key = "", value = "", ...more] = line.split(/[ \t]+/).filter((word) => word !== "");
    if (more.length === 0) values.set(key, value);
  }
  const isNumber = (key: string) => /^\d{1,15}$/.test(values.get(key) ?? "");
  const orders = ["order", "base", "other-order"];
  const numbers = ["size", "tries", "seconds", "other-size"];
  if (values.get("headwater-slots") !== String(FORMAT) || !values.has("end")) return null;
  if (!orders.every((key) => isOrder(values.get(key) ?? "")) || !numbers.every(isNumber)) return null;
  const filled = (prefix: string, slot: SlotName): Filled => ({
    slot,
    sizeBytes: Number(values.get(`${prefix}size`)),
    order: values.get(`${prefix}order`) ?? "",
    version: values.get(`${prefix}version`) ?? "",
    sha256: values.get(`${prefix}sha256`) ?? "",
  });
  const slot = slotOf(values.get("slot"));
  const other = slotOf(values.get("other"));
  const attempt = values.get("attempt") ?? "";
  if (slot === null || slot === other || attempt === "") return null;
  return {
    ...filled("", slot),
    attempt: attempt === "-" ? null : attempt,
    tries: Number(values.get("tries")),
    guardSeconds: Number(values.get("seconds")),
    base: values.get("base") ?? "",
    other: other === null ? null : filled("other-", other),
    restart: values.get("restart") === "later" ? "later" : "now",
  };
}

/** Has the next start run what `chosen` says; null: the packaged program. A power cut leaves the one or the other. */
export function choose(disk: Disk, slots: string, chosen: Chosen | null): void {
  const path = `${slots}/${CHOSEN_FILE}`;
  if (chosen !== null) {
    disk.replaceFile(path, encodeChosen(chosen));
    return;
  }
  disk.remove(path);
  disk.syncFolderNow(slots);
}

/** What the launcher starts next, were it asked now. Throws DISK_IO. */
export function nextStart(disk: Disk, slots: string, packagedOrder: string): NextStart {
  const chosen = readChosen(disk, slots);
  if (chosen === null) return { runs: "packaged", attempt: null };
  const { attempt, other } = chosen;
  const candidates: (SlotName | "packaged")[] = [];
  if (isUsable(disk, slots, chosen, chosen.base, packagedOrder)) {
    if (attempt === null) candidates.push(chosen.slot);
    else {
      const tried = triesOf(disk, slots, attempt);
      if (failureOf(disk, slots, attempt) === null && tried < chosen.tries)
        return { runs: chosen.slot, attempt, tried };
    }
  }
  if (other !== null && isUsable(disk, slots, other, chosen.base, packagedOrder)) candidates.push(other.slot);
  candidates.push("packaged");
  const starts = Number(/^\d{1,9}/.exec(readText(disk, `${slots}/${STARTS_FILE}`))?.[0] ?? 0);
  const turn = Math.min(Math.floor(starts / MOST_STARTS), candidates.length - 1);
  return { runs: candidates[turn] ?? "packaged", attempt: null };
}

/** Whether a slot has a program of the right size, and the package is not one that came since and is newer. */
export function isUsable(
  disk: Disk,
  slots: string,
  filled: Filled,
  base: string,
  packagedOrder: string,
): boolean {
  if (isSuperseded(filled, base, packagedOrder)) return false;
  const path = binaryPath(slots, filled.slot);
  if (!disk.isFile(path)) return false;
  const file = disk.openFile(path, "read");
  try {
    if (file.sizeBytes !== filled.sizeBytes || file.sizeBytes < 4) return false;
    const start = new TextDecoder("latin1").decode(file.view(0, 4));
    return start === "\u007fELF" || start.startsWith("#!");
  } finally {
    file.close();
  }
}

/** Whether a package that came later is newer than what is in a slot. */
export function isSuperseded({ order }: Filled, base: string, packagedOrder: string): boolean {
  return packagedOrder !== base && compareOrders(packagedOrder, order) >= 0;
}

export function binaryPath(slots: string, slot: SlotName): string {
  return `${slots}/${slot}/${BINARY_FILE}`;
}

/** How often an attempt was started. */
export function triesOf(disk: Disk, slots: string, attempt: string): number {
  const [of, tries = ""] = readText(disk, `${slots}/${TRIED_FILE}`).trim().split(/\s+/);
  if (of !== attempt) return 0;
  return /^\d{1,9}$/.test(tries) ? Number(tries) : Number.POSITIVE_INFINITY;
}

/** Why an attempt has failed; null where it has not. */
export function failureOf(disk: Disk, slots: string, attempt: string): string | null {
  const [of, ...words] = readText(disk, `${slots}/${FAILED_FILE}`).trim().split(" ");
  return of === attempt ? words.join(" ") : null;
}

/** Has no start run an attempt any more. */
export function fail(disk: Disk, slots: string, attempt: string, reason: string): void {
  const line = `${attempt} ${reason.replaceAll(/\s+/g, " ").slice(0, MAX_FILE_BYTES / 4)}\n`;
  disk.replaceFile(`${slots}/${FAILED_FILE}`, new TextEncoder().encode(line));
}

/** The program has got as far as to say that it runs. */
export function forgetStarts(disk: Disk, slots: string): void {
  disk.remove(`${slots}/${STARTS_FILE}`);
}

export function readOutcome(disk: Disk, slots: string): Outcome | null {
  const outcome = readJson(disk, `${slots}/${OUTCOME_FILE}`);
  return outcome !== null && "attempt" in outcome && "result" in outcome ? (outcome as Outcome) : null;
}

export function writeOutcome(disk: Disk, slots: string, outcome: Outcome): void {
  writeJson(disk, `${slots}/${OUTCOME_FILE}`, outcome);
}

/** A small file of JSON; null where there is none, or it is none. */
export function readJson(disk: Disk, path: string): object | null {
  try {
    const value: unknown = JSON.parse(readText(disk, path));
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

export function writeJson(disk: Disk, path: string, value: object): void {
  disk.replaceFile(path, new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

/** Empty where there is no such file, or it is too long to be one of these. */
function readText(disk: Disk, path: string): string {
  if (!disk.isFile(path)) return "";
  const file = disk.openFile(path, "read");
  try {
    return file.sizeBytes > MAX_FILE_BYTES ? "" : new TextDecoder().decode(file.view(0, file.sizeBytes));
  } finally {
    file.close();
  }
}

function slotOf(text: string | undefined): SlotName | null {
  return SLOT_NAMES.find((name) => name === text) ?? null;
}

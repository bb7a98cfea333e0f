import type { Disk } from "../io/disk.ts";
import { KEYRING_FILES } from "../io/sealed/keyring.ts";

/** Where a restored copy waits until it takes the place of what is in the data folder. */
export const RESTORE_FOLDER = "restore.new";
/** Says that the copy is whole and how far the exchange is. Without it the copy is none. */
const STATE_FILE = "restore.state";
const MAX_STATE_BYTES = 64;
/** Where what was there before is kept, for people: `replaced.1` and so on. */
const REPLACED_PREFIX = "replaced.";
const LOCK_FILE = "lock";
/** Programs, which are no part of what a copy holds; see update/. */
const SLOTS_FOLDER = "slots";

/**
 * Has a whole and durable copy in `restore.new` take the place of the data folder's contents, and says where those are kept.
 * From the moment that it is written down the exchange has happened: whoever opens the folder after a power cut ends it
 * first. Null where there was nothing to keep. Throws DISK_FULL or DISK_IO.
 */
export function switchToRestored(disk: Disk, folder: string): string | null {
  const names = disk.list(folder);
  let number = 1;
  while (names.includes(`${REPLACED_PREFIX}${number}`)) number += 1;
  const kept = `${REPLACED_PREFIX}${number}`;
  writeState(disk, folder, `aside ${kept}\n`);
  endSwitch(disk, folder);
  return disk.exists(`${folder}/${kept}`) ? kept : null;
}

/** Ends an exchange that a power cut interrupted; does nothing where there is none. Throws DISK_IO. */
export function endSwitch(disk: Disk, folder: string): void {
  const bytes = disk.readFile(`${folder}/${STATE_FILE}`, MAX_STATE_BYTES);
  const [, step, kept] =
    /^(aside|in) (replaced\.\d+)\n$/.exec(new TextDecoder().decode(bytes ?? undefined)) ?? [];
  if (step === undefined || kept === undefined) return;
  if (step === "aside") {
    moveAside(disk, folder, kept);
    writeState(disk, folder, `in ${kept}\n`);
  }
  const restored = `${folder}/${RESTORE_FOLDER}`;
  for (const name of disk.list(restored)) move(disk, name, restored, folder, `${folder}/${kept}`);
  disk.syncFolderNow(folder);
  if (disk.exists(restored)) disk.syncFolderNow(restored);
  disk.remove(restored);
  disk.syncFolderNow(folder);
  disk.remove(`${folder}/${STATE_FILE}`);
  disk.syncFolderNow(folder);
}

function moveAside(disk: Disk, folder: string, kept: string): void {
  const stays: readonly string[] = [
    ...[LOCK_FILE, RESTORE_FOLDER, STATE_FILE, SLOTS_FOLDER],
    ...KEYRING_FILES,
  ];
  const names = disk
    .list(folder)
    .filter((name) => !stays.includes(name) && !name.startsWith(REPLACED_PREFIX));
  if (names.length === 0) return;
  disk.makeFolder(`${folder}/${kept}`);
  disk.syncFolderNow(folder);
  for (const name of names) move(disk, name, folder, `${folder}/${kept}`, `${folder}/${kept}`);
  disk.syncFolderNow(`${folder}/${kept}`);
  disk.syncFolderNow(folder);
}

/**
 * A folder that a power cut left under both names, which no file system of today does, is one and the same: to remove it from
 * one place would empty it in the other.
 */
function move(disk: Disk, name: string, from: string, to: string, kept: string): void {
  if (!disk.exists(`${to}/${name}`)) {
    disk.rename(`${from}/${name}`, `${to}/${name}`);
    return;
  }
  disk.makeFolder(kept);
  disk.rename(`${from}/${name}`, `${kept}/${name}.twice`);
}

function writeState(disk: Disk, folder: string, text: string): void {
  disk.replaceFile(`${folder}/${STATE_FILE}`, new TextEncoder().encode(text));
}

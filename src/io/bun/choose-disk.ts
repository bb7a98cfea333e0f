import { statfsSync } from "node:fs";
import { join } from "node:path";
import { assert } from "../../base/assert.ts";
import type { Disk, DiskFile } from "../disk.ts";
import { MappedDisk } from "./mapped-disk.ts";
import { PlainDisk } from "./plain-disk.ts";

export type DiskSetting = "auto" | "mapped" | "plain";

export interface DiskChoice {
  readonly disk: Disk;
  /** Name of the file system, as mount(8) says it, or its magic number. */
  readonly fileSystem: string;
  /** Why this one, in a clause for the log and for people. */
  readonly reason: string;
}

interface FileSystem {
  readonly name: string;
  /** Whether a store into an allocated block can never need another one, and mappings and files agree. */
  readonly storesInPlace: boolean;
}

/** Magic numbers of statfs(2), from linux/magic.h and the sources of those outside the kernel. */
const FILE_SYSTEMS: ReadonlyMap<number, FileSystem> = new Map([
  [0xef53, { name: "ext4", storesInPlace: true }],
  [0x58465342, { name: "xfs", storesInPlace: true }],
  [0x01021994, { name: "tmpfs", storesInPlace: true }],
  [0x9123683e, { name: "btrfs", storesInPlace: false }],
  [0xf2f52010, { name: "f2fs", storesInPlace: false }],
  [0x2fc12fc1, { name: "zfs", storesInPlace: false }],
  [0xca451a4e, { name: "bcachefs", storesInPlace: false }],
  [0x3434, { name: "nilfs2", storesInPlace: false }],
  [0x24051905, { name: "ubifs", storesInPlace: false }],
  [0x794c7630, { name: "overlay", storesInPlace: false }],
  [0x6969, { name: "nfs", storesInPlace: false }],
  [0xff534d42, { name: "cifs", storesInPlace: false }],
  [0xfe534d42, { name: "smb2", storesInPlace: false }],
  [0x01021997, { name: "9p", storesInPlace: false }],
  [0x65735546, { name: "fuse", storesInPlace: false }],
  [0x4d44, { name: "vfat", storesInPlace: false }],
  [0x2011bab0, { name: "exfat", storesInPlace: false }],
]);

/**
 * The disk for a data folder, which exists: mapped where the file system bears it and a test passes there, else
 * plain. Throws DISK_IO or DISK_FULL where not even the plain one works.
 */
export function chooseDisk(folder: string, setting: DiskSetting): DiskChoice {
  const plain = new PlainDisk();
  plain.freeBytes(folder);
  const magic = statfsSync(folder).type >>> 0;
  const known = FILE_SYSTEMS.get(magic);
  const fileSystem = known?.name ?? `0x${magic.toString(16)}`;
  if (setting === "plain") return { disk: plain, fileSystem, reason: "chosen by setting" };
  if (setting === "auto" && known?.storesInPlace !== true) {
    const why = known === undefined ? "is not known to" : "may not";
    return { disk: plain, fileSystem, reason: `${fileSystem} ${why} keep mapped blocks in place` };
  }
  const mapped = new MappedDisk();
  const flaw = findFlaw(mapped, plain, folder);
  if (flaw !== null) return { disk: plain, fileSystem, reason: `mapping failed its test: ${flaw}` };
  const reason = setting === "auto" ? `${fileSystem} keeps mapped blocks in place` : "chosen by setting";
  return { disk: mapped, fileSystem, reason };
}

const TEST_FILE = ".disk-test";
const TEST_SIZE_BYTES = 80_000;
/** Unaligned, on both sides of a page boundary of 4 KiB and of 16 KiB, and in a page of its own. */
const TEST_POSITIONS = [5, 4090, 16_380, 40_001];

/**
 * What is wrong with mappings here, or null: bytes stored through a mapping must be what a file read returns,
 * and the other way round, at unaligned positions too. Bun had a release that got those wrong.
 */
export function findFlaw(mapped: Disk, plain: Disk, folder: string): string | null {
  const path = join(folder, TEST_FILE);
  const open: DiskFile[] = [];
  try {
    mapped.remove(path);
    const store = mapped.createFile(path, TEST_SIZE_BYTES);
    open.push(store);
    const file = plain.openFile(path, "write");
    open.push(file);
    for (const [index, position] of TEST_POSITIONS.entries()) {
      store.write(position, sample(index));
      if (!sameBytes(file.view(position, SAMPLE_BYTES), sample(index)))
        return `a store at ${position} is not in the file`;
      file.write(position + SAMPLE_BYTES, sample(index + 100));
      const view = store.view(position + SAMPLE_BYTES, SAMPLE_BYTES);
      if (!sameBytes(view, sample(index + 100))) return `a write at ${position} is not in the mapping`;
    }
    store.relax();
    for (const [index, position] of TEST_POSITIONS.entries()) {
      if (!sameBytes(store.view(position, SAMPLE_BYTES), sample(index)))
        return `position ${position} was lost`;
    }
    store.syncNow();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    for (const file of open) file.close();
    mapped.remove(path);
  }
}

const SAMPLE_BYTES = 16;

function sample(salt: number): Uint8Array {
  const bytes = new Uint8Array(SAMPLE_BYTES);
  for (let index = 0; index < SAMPLE_BYTES; index++) bytes[index] = (salt * 37 + index * 11 + 1) & 0xff;
  return bytes;
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  assert(left.length === right.length, "samples have one length");
  return left.every((byte, index) => byte === right[index]);
}

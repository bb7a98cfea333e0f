import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { StorageDevice, StorageKind, StorageReading } from "../storage-device.ts";

/** Of the block layer, whatever the device's own sectors are. */
const SECTOR_BYTES = 512;
/** Field of /sys/block/DEVICE/stat, as in the kernel's block/stat. */
const WRITTEN_SECTORS = 6;
/** A file system on an encrypted volume in a group of volumes on a partition, and room. */
const MAX_LAYERS = 8;
const MAX_MOUNTS = 4_096;
/** The device says in tenths how much of its life is used, 1 for the first of them; 11 is past the end (JESD84-B51). */
const MAX_LIFE = 11;
const TENTHS = 10;
const MAX_PRE_EOL = 3;

/** Where the kernel shows these; other folders in tests. */
export interface StoragePlaces {
  readonly sys: string;
  readonly proc: string;
  /** The number of the device that a folder is on, as MAJOR:MINOR. */
  readonly numberOf: (folder: string) => string;
}

const PLACES: StoragePlaces = {
  sys: "/sys",
  proc: "/proc",
  numberOf: (folder) => deviceNumber(statSync(folder).dev),
};

/** Linux's view of the disk below a folder: partitions, volumes and encryption are looked through. */
export class SystemStorage implements StorageDevice {
  readonly #folder: string;
  readonly #places: StoragePlaces;
  /** Folder of the whole disk in /sys; looked for again while it is not found. */
  #disk: string | null = null;

  constructor(folder: string, places: StoragePlaces = PLACES) {
    this.#folder = folder;
    this.#places = places;
  }

  read(): StorageReading | null {
    this.#disk ??= attempt(() => this.#find());
    const disk = this.#disk;
    if (disk === null) return null;
    const sectors = wholeNumber((textOf(`${disk}/stat`) ?? "").trim().split(/\s+/)[WRITTEN_SECTORS]);
    const size = wholeNumber(textOf(`${disk}/size`));
    if (sectors === null || size === null) {
      this.#disk = null;
      return null;
    }
    return {
      disk: basename(disk),
      kind: kindOf(disk),
      sizeBytes: size * SECTOR_BYTES,
      writtenBytes: sectors * SECTOR_BYTES,
      lifeUsedShare: lifeUsedShare(textOf(`${disk}/device/life_time`)),
      preEol: preEol(textOf(`${disk}/device/pre_eol_info`)),
    };
  }

  /** Throws where there is no such device, as for a folder in memory. */
  #find(): string | null {
    const { sys, proc, numberOf } = this.#places;
    const number = numberOf(this.#folder);
    let place = `${sys}/dev/block/${number}`;
    if (!existsSync(place)) {
      // A file system over several devices (btrfs) has a number of its own: what it was mounted from is one of them.
      const source = mountSource(textOf(`${proc}/self/mountinfo`) ?? "", number);
      if (source === null) return null;
      place = `${sys}/class/block/${basename(source)}`;
    }
    let disk = wholeDisk(realpathSync(place));
    for (let layer = 0; layer < MAX_LAYERS; layer++) {
      const below = attempt(() => readdirSync(join(disk, "slaves"))) ?? [];
      const [only] = below;
      // Of several none is the one: what is written to all of them together is what the volume itself tells.
      if (only === undefined || below.length > 1) return disk;
      disk = wholeDisk(realpathSync(join(disk, "slaves", only)));
    }
    return disk;
  }
}

/** glibc's `major` and `minor`. */
export function deviceNumber(dev: number): string {
  const number = BigInt(dev);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

/** What the file system with this number was mounted from, by /proc/PID/mountinfo; null where that is no device. */
export function mountSource(mountInfo: string, number: string): string | null {
  for (const line of mountInfo.split("\n", MAX_MOUNTS)) {
    const fields = line.split(" ");
    if (fields[2] !== number) continue;
    const source = fields[fields.indexOf("-") + 2] ?? "";
    if (source.startsWith("/dev/")) return source;
  }
  return null;
}

/** The larger of what the device says of its two kinds of memory ("0x02 0x01"); 0 is: it does not say. */
export function lifeUsedShare(lifeTime: string | null): number | null {
  const tenths = Array.from((lifeTime ?? "").matchAll(/0x([0-9a-f]{1,2})\b/gi), ([, digits = ""]) =>
    Number.parseInt(digits, 16),
  ).filter((value) => value > 0 && value <= MAX_LIFE);
  return tenths.length === 0 ? null : Math.max(...tenths) / TENTHS;
}

export function preEol(info: string | null): number | null {
  const value = Number.parseInt(/^0x([0-9a-f]{1,2})\s*$/i.exec(info ?? "")?.[1] ?? "", 16);
  return value > 0 && value <= MAX_PRE_EOL ? value : null;
}

function kindOf(disk: string): StorageKind {
  const name = basename(disk);
  if (name.startsWith("mmcblk")) return textOf(`${disk}/device/type`)?.trim() === "MMC" ? "emmc" : "sd";
  if (name.startsWith("nvme")) return "nvme";
  if (!/^(?:sd|hd)[a-z]/.test(name)) return "virtual";
  if (disk.includes("/usb")) return textOf(`${disk}/queue/rotational`)?.trim() === "1" ? "hard-disk" : "usb";
  return textOf(`${disk}/queue/rotational`)?.trim() === "1" ? "hard-disk" : "ssd";
}

/** A partition's folder lies in its disk's. */
function wholeDisk(place: string): string {
  return existsSync(join(place, "partition")) ? dirname(place) : place;
}

function wholeNumber(text: string | null | undefined): number | null {
  const value = /^\d{1,19}$/.test((text ?? "").trim()) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}

function textOf(path: string): string | null {
  return attempt(() => readFileSync(path, "latin1"));
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

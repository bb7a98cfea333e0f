import type { Disk } from "../io/disk.ts";
import { isOrder } from "./version-order.ts";

/** Beside the packaged program: what it is, for the launcher, and for who compares. */
const FILE = "release";
const MAX_BYTES = 4096;

/** What a package says of its program. */
export interface Release {
  readonly version: string;
  readonly order: string;
  /** Formats of the data folder that it reads. */
  readonly reads: readonly number[];
}

export function encodeRelease({ version, order, reads }: Release): string {
  return `version ${version}\norder ${order}\nformats ${reads.join(" ")}\n`;
}

/** Null where there is none, or it makes no sense. Throws DISK_IO. */
export function readRelease(disk: Disk, library: string): Release | null {
  const path = `${library}/${FILE}`;
  if (!disk.isFile(path)) return null;
  const text = new TextDecoder().decode(disk.readFile(path, MAX_BYTES) ?? undefined);
  const line = (key: string) => new RegExp(`^${key} (.+)$`, "m").exec(text)?.[1] ?? "";
  const reads = line("formats").split(" ").map(Number);
  if (!isOrder(line("order")) || !reads.every((format) => Number.isSafeInteger(format) && format > 0))
    return null;
  return { version: line("version"), order: line("order"), reads };
}

/** As the launcher reads it: 0 where there is none. */
export function packagedOrderOf(disk: Disk, library: string): string {
  return readRelease(disk, library)?.order ?? "0";
}

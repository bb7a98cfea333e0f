import { readSync } from "node:fs";
import { Refusal } from "./refusal.ts";

/** A stretch of a disk or of an image, in bytes. */
export interface Partition {
  readonly offset: number;
  readonly size: number;
}

const SECTOR_BYTES = 512;
const MBR = {
  entries: 446,
  entryBytes: 16,
  count: 4,
  typeAt: 4,
  startAt: 8,
  sizeAt: 12,
  signatureAt: 510,
} as const;
const MBR_SIGNATURE = 0xaa55;
/** Types of partitions in an MBR: none, the sign of a GPT, and those that hold partitions of their own. */
const TYPE_NONE = 0x00;
const TYPE_GPT = 0xee;
const TYPES_EXTENDED: ReadonlySet<number> = new Set([0x05, 0x0f, 0x85]);
const GPT = {
  signature: "EFI PART",
  entriesAt: 72,
  countAt: 80,
  entryBytesAt: 84,
  firstAt: 32,
  lastAt: 40,
} as const;
const MAX_GPT_ENTRIES = 512;
const MAX_GPT_ENTRY_BYTES = 4096;
const EMPTY_GUID = "0".repeat(32);
const EXT_SUPERBLOCK = { at: 1024, magicAt: 56, magic: 0xef53 } as const;

/** The partitions of a disk that is open as `fd`: of its GPT or its MBR; without either, all of it is one. */
export function partitionsOf(fd: number, sizeBytes: number, name: string): readonly Partition[] {
  const sector = readAt(fd, 0, SECTOR_BYTES);
  if (sector.length < SECTOR_BYTES)
    throw new Refusal(name, "holds nothing", "name an image of an operating system");
  if (isExt(fd, 0)) return [{ offset: 0, size: sizeBytes }];
  if (sector.readUInt16LE(MBR.signatureAt) !== MBR_SIGNATURE) {
    throw new Refusal(
      name,
      "has no partition table",
      packed(sector) ?? "name an image of an operating system",
    );
  }
  const entries = Array.from({ length: MBR.count }, (_, index) =>
    sector.subarray(MBR.entries + index * MBR.entryBytes, MBR.entries + (index + 1) * MBR.entryBytes),
  );
  if (entries.some((entry) => entry[MBR.typeAt] === TYPE_GPT)) return gptPartitions(fd, name);
  return entries
    .filter((entry) => entry[MBR.typeAt] !== TYPE_NONE && !TYPES_EXTENDED.has(entry[MBR.typeAt] ?? 0))
    .map((entry) => ({
      offset: entry.readUInt32LE(MBR.startAt) * SECTOR_BYTES,
      size: entry.readUInt32LE(MBR.sizeAt) * SECTOR_BYTES,
    }));
}

/** Whether an ext2, 3 or 4 file system begins there. */
export function isExt(fd: number, offset: number): boolean {
  const superblock = readAt(fd, offset + EXT_SUPERBLOCK.at, 128);
  return (
    superblock.length === 128 && superblock.readUInt16LE(EXT_SUPERBLOCK.magicAt) === EXT_SUPERBLOCK.magic
  );
}

function gptPartitions(fd: number, name: string): readonly Partition[] {
  const header = readAt(fd, SECTOR_BYTES, SECTOR_BYTES);
  if (header.length < SECTOR_BYTES || header.toString("latin1", 0, 8) !== GPT.signature) {
    throw new Refusal(
      name,
      "has a partition table (GPT) of other sectors than of 512 bytes",
      "use another card",
    );
  }
  const count = header.readUInt32LE(GPT.countAt);
  const entryBytes = header.readUInt32LE(GPT.entryBytesAt);
  if (count > MAX_GPT_ENTRIES || entryBytes < 128 || entryBytes > MAX_GPT_ENTRY_BYTES) {
    throw new Refusal(name, "has a damaged partition table (GPT)", "write the image onto it again");
  }
  const table = readAt(fd, Number(header.readBigUInt64LE(GPT.entriesAt)) * SECTOR_BYTES, count * entryBytes);
  const found: Partition[] = [];
  for (let at = 0; at + entryBytes <= table.length; at += entryBytes) {
    const entry = table.subarray(at, at + entryBytes);
    if (entry.toString("hex", 0, 16) === EMPTY_GUID) continue;
    const first = Number(entry.readBigUInt64LE(GPT.firstAt));
    const last = Number(entry.readBigUInt64LE(GPT.lastAt));
    found.push({ offset: first * SECTOR_BYTES, size: (last - first + 1) * SECTOR_BYTES });
  }
  return found;
}

/** What to do with an image that is packed, or null where it is not. */
function packed(sector: Buffer): string | null {
  const starts: readonly (readonly [string, string])[] = [
    ["fd377a585a00", "unpack it first: xz -dk FILE"],
    ["28b52ffd", "unpack it first: zstd -d FILE"],
    ["1f8b", "unpack it first: gzip -dk FILE"],
    ["504b0304", "unpack it first: unzip FILE"],
  ];
  return starts.find(([start]) => sector.toString("hex").startsWith(start))?.[1] ?? null;
}

/** As many of the bytes as there are. */
function readAt(fd: number, offset: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const read = readSync(fd, buffer, filled, length - filled, offset + filled);
    if (read === 0) break;
    filled += read;
  }
  return buffer.subarray(0, filled);
}

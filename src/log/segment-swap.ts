import { crc32c } from "../base/crc32c.ts";
import { HeadwaterError } from "../base/errors.ts";
import type { Disk } from "../io/disk.ts";
import { putInt32, uint32At } from "../records/big-endian.ts";
import type { SegmentState } from "./checkpoint.ts";
import { ByteReader, ByteWriter } from "./encoding.ts";
import {
  CACHE_SUFFIXES,
  CLEANED_SUFFIX,
  LOG_SUFFIX,
  parseSegmentName,
  SWAP_DRAFT_SUFFIX,
  SWAP_SUFFIX,
  segmentName,
} from "./folder-names.ts";
import type { LogHost } from "./log-host.ts";

/**
 * How compacted segments take the place of the originals. A power cut at any moment leaves the originals or what
 * they were compacted to:
 *
 *   1. `<base>.cleaned`, the compacted batches, is written and synced, and so is `<base>.swapping`, which says
 *      what it replaces; both are made durable in the folder.
 *   2. `.swapping` is renamed to `.swap` and that made durable: from here on the swap has happened.
 *   3. `.cleaned` is renamed to the `.log` of the first original; the other originals' files are removed.
 *   4. Once a checkpoint knows the new segment, and the folder what was done in it, `.swap` goes.
 *
 * Recovery does step 3 again for every `.swap` it finds, and puts right what an older checkpoint says of the
 * originals. Big-endian:
 *
 *  position  size  field
 *         0     4  magic "HWSW"
 *         4     4  CRC32C of everything from position 8
 *         8     8  base offset
 *        16     8  size in bytes
 *        24     8  next offset: originals with a base offset below it are replaced
 *        32     8  largest timestamp
 *        40     8  base offset of the first batch with it
 */
const MAGIC = 0x48575357;
const SWAP_BYTES = 48;

export function encodeSwap(state: SegmentState): Uint8Array {
  const writer = new ByteWriter();
  writer.int32(MAGIC);
  writer.int32(0);
  writer.int64(state.baseOffset);
  writer.int64(state.sizeBytes);
  writer.int64(state.nextOffset);
  writer.int64(state.maxTimestampMs);
  writer.int64(state.maxTimestampBatch);
  const bytes = writer.view();
  putInt32(bytes, 4, crc32c(bytes, 8, bytes.length));
  return bytes;
}

/** What the file says, or null where it can't be believed. */
export function decodeSwap(bytes: Uint8Array): SegmentState | null {
  if (bytes.length !== SWAP_BYTES || uint32At(bytes, 0) !== MAGIC) return null;
  if (crc32c(bytes, 8, bytes.length) !== uint32At(bytes, 4)) return null;
  const reader = new ByteReader(bytes, 8, bytes.length);
  return {
    baseOffset: reader.int64(),
    sizeBytes: reader.int64(),
    nextOffset: reader.int64(),
    maxTimestampMs: reader.int64(),
    maxTimestampBatch: reader.int64(),
  };
}

export function swapPath(folder: string, baseOffset: number): string {
  return `${folder}/${segmentName(baseOffset)}${SWAP_SUFFIX}`;
}

/** Step 1: resolves once the file that announces a swap, and the folder, are synced. Rejects with DISK_*. */
export async function draftSwap(disk: Disk, folder: string, state: SegmentState): Promise<void> {
  const path = draftPath(folder, state.baseOffset);
  const bytes = encodeSwap(state);
  disk.remove(path);
  const file = disk.createFile(path, bytes.length);
  try {
    file.write(0, bytes);
    await file.sync();
  } finally {
    file.close();
  }
  await disk.syncFolder(folder);
}

/** Step 2. Throws DISK_IO; then nobody knows whether the swap has happened. */
export function commitSwap(host: LogHost, folder: string, baseOffset: number): void {
  const { disk, bugs } = host;
  disk.rename(draftPath(folder, baseOffset), swapPath(folder, baseOffset));
  if (!bugs.has("skip-swap-sync")) disk.syncFolderNow(folder);
}

/**
 * Makes sure that nothing of earlier swaps is in the folder, or comes back to it, before a log is compacted for the
 * first time in this process: an announcement that came back would take a new file of its name for its own. Called
 * where the checkpoint in force knows of all swaps. Rejects with DISK_IO.
 */
export async function sweepSwaps(disk: Disk, folder: string): Promise<void> {
  for (const name of disk.list(folder)) {
    const isLeft = [SWAP_SUFFIX, SWAP_DRAFT_SUFFIX, CLEANED_SUFFIX].some((suffix) => name.endsWith(suffix));
    if (isLeft) disk.remove(`${folder}/${name}`);
  }
  await disk.syncFolder(folder);
}

/** What a crash left of swaps in a partition's folder. */
export interface FoundSwaps {
  /** Swaps that have happened, in the order of their offsets. */
  readonly swaps: readonly SegmentState[];
  /** Their files, which go once a checkpoint knows of them. */
  readonly paths: readonly string[];
  /** Whether something was renamed or removed. */
  readonly changed: boolean;
  /** The files in the folder now. */
  readonly names: readonly string[];
}

/** Ends swaps that a crash interrupted, and clears away what had not happened. Throws DISK_IO. */
export function recoverSwaps(host: LogHost, folder: string): FoundSwaps {
  const { disk } = host;
  const names = disk.list(folder);
  const swaps: SegmentState[] = [];
  const paths: string[] = [];
  let changed = false;
  // A process that was killed may have left the announcement in the system's cache: it has to last longer than
  // the originals.
  if (names.some((name) => name.endsWith(SWAP_SUFFIX))) disk.syncFolderNow(folder);
  for (const name of names) {
    const baseOffset = parseSegmentName(name, SWAP_SUFFIX);
    if (baseOffset === null) continue;
    const path = `${folder}/${name}`;
    const swap = readSwap(disk, path);
    if (swap === null || swap.baseOffset !== baseOffset) {
      host.report.warning?.(`${path} can't be read; the segments are taken as they are`);
      disk.remove(path);
    } else {
      finishSwap(disk, folder, names, swap);
      swaps.push(swap);
      paths.push(path);
    }
    changed = true;
  }
  for (const name of names) {
    if (!name.endsWith(CLEANED_SUFFIX) && !name.endsWith(SWAP_DRAFT_SUFFIX)) continue;
    disk.remove(`${folder}/${name}`);
    changed = true;
  }
  return { swaps, paths, changed, names: changed ? disk.list(folder) : names };
}

/** Step 3, of which a part may be done. */
function finishSwap(disk: Disk, folder: string, names: readonly string[], swap: SegmentState): void {
  const stem = `${folder}/${segmentName(swap.baseOffset)}`;
  if (disk.exists(stem + CLEANED_SUFFIX)) disk.rename(stem + CLEANED_SUFFIX, stem + LOG_SUFFIX);
  for (const suffix of CACHE_SUFFIXES) disk.remove(stem + suffix);
  for (const name of names) {
    for (const suffix of [LOG_SUFFIX, ...CACHE_SUFFIXES]) {
      const base = parseSegmentName(name, suffix);
      if (base !== null && base > swap.baseOffset && base < swap.nextOffset) disk.remove(`${folder}/${name}`);
    }
  }
}

/** What a checkpoint of before the swaps should have said of the segments. */
export function applySwaps(
  segments: readonly SegmentState[],
  swaps: readonly SegmentState[],
): readonly SegmentState[] {
  let result = [...segments];
  for (const swap of swaps) {
    const isReplaced = (state: SegmentState) =>
      state.baseOffset >= swap.baseOffset && state.baseOffset < swap.nextOffset;
    const first = result.findIndex(isReplaced);
    // Its records were deleted since: nothing of it is left.
    if (first < 0) continue;
    result = result.filter((state) => !isReplaced(state));
    result.splice(first, 0, swap);
  }
  return result;
}

function readSwap(disk: Disk, path: string): SegmentState | null {
  try {
    const bytes = disk.readFile(path, SWAP_BYTES);
    return bytes === null ? null : decodeSwap(bytes);
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return null;
  }
}

function draftPath(folder: string, baseOffset: number): string {
  return `${folder}/${segmentName(baseOffset)}${SWAP_DRAFT_SUFFIX}`;
}

import { HeadwaterError } from "../base/errors.ts";
import type { DiskFile } from "../io/disk.ts";
import type { LogHost } from "./log-host.ts";
import type { PartitionLog } from "./partition-log.ts";
import type { Quarantine } from "./quarantine.ts";
import { findStray, type SoundRange } from "./sound-batches.ts";

const LOOK_BYTES = 64 * 1024;
const ZEROS = new Uint8Array(LOOK_BYTES);

/** Bytes of a segment's file that recovery is about to cut. */
export interface CutPart extends SoundRange {
  readonly file: DiskFile;
}

/** What is there from `start` on, up to the zeros that the file was made with; null where there is nothing else. */
export function cutPartOf(file: DiskFile, start: number): CutPart | null {
  for (let end = file.sizeBytes; end > start; end -= LOOK_BYTES) {
    const from = Math.max(start, end - LOOK_BYTES);
    const bytes = file.view(from, end - from);
    if (Buffer.compare(bytes, ZEROS.subarray(0, bytes.length)) === 0) continue;
    const last = bytes.findLastIndex((byte) => byte !== 0);
    return { file, start, end: from + last + 1 };
  }
  return null;
}

/**
 * Keeps what recovery cuts where whole batches are in it, behind the hole that ends the log at `endOffset`: most likely
 * power went before they were acknowledged, yet after damage in what nothing tells of they would be records that
 * somebody relies on. Says so in either case. Throws DISK_IO, before anything is cut.
 */
export function keepCutTail(
  host: LogHost,
  quarantine: Quarantine,
  log: PartitionLog,
  endOffset: number,
  parts: readonly CutPart[],
): void {
  let [batches, fromOffset, toOffset, sizeBytes] = [0, -1, endOffset, 0];
  const whole: CutPart[] = [];
  for (const { file, start, end } of parts) {
    // A batch may end with zeros.
    const stray = findStray(file.view(start, file.sizeBytes - start), toOffset);
    const part = { file, start, end: Math.max(end, start + stray.sizeBytes) };
    whole.push(part);
    sizeBytes += part.end - start;
    if (stray.batches === 0) continue;
    if (batches === 0) fromOffset = stray.fromOffset;
    batches += stray.batches;
    toOffset = stray.toOffset;
  }
  if (batches === 0) return;
  let path: string | null = null;
  try {
    path = quarantine.keepCut(log, whole);
  } catch (error) {
    if (!(error instanceof HeadwaterError) || error.code !== "DISK_FULL") throw error;
  }
  host.report.cutBatches?.(log, { endOffset, fromOffset, toOffset, batches, sizeBytes, path });
}

import type { Uuid } from "../base/ids.ts";

/** Names in the data folder. Partition folders and segment files are named as in Apache Kafka. */

export const JOURNAL_FOLDER = "journal";
export const QUARANTINE_FOLDER = "quarantine";
export const FORMAT_FILE = "format";
export const CLEAN_SHUTDOWN_FILE = "clean-shutdown";
export const PARTITION_METADATA_FILE = "partition.metadata";
export const LOG_SUFFIX = ".log";
export const OFFSET_INDEX_SUFFIX = ".index";
export const TIME_INDEX_SUFFIX = ".timeindex";
export const KEY_INDEX_SUFFIX = ".keys";
export const TRANSACTION_INDEX_SUFFIX = ".txnindex";
/** A segment before it takes its place: without the original's corrupt batches, or of a log that is being born. */
export const SALVAGE_SUFFIX = ".salvage";
/** What a run of segments was compacted to, before it takes their place; see segment-swap.ts. */
export const CLEANED_SUFFIX = ".cleaned";
/** Tells that a compacted segment has taken the place of others, and before that, that it is to. */
export const SWAP_SUFFIX = ".swap";
export const SWAP_DRAFT_SUFFIX = ".swapping";
/** How far the partition's log is compacted. */
export const COMPACTED_FILE = "compacted";
/** Everything beside a segment that can be rebuilt from it. */
export const CACHE_SUFFIXES: readonly string[] = [
  OFFSET_INDEX_SUFFIX,
  TIME_INDEX_SUFFIX,
  KEY_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
];

const OFFSET_DIGITS = 20;
/** What a file system takes for one name; the names here are ASCII. */
const MAX_NAME_BYTES = 255;

/** `telemetry-3`. */
export function partitionFolderName(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

/** Topic and partition of a folder's name, or null for a name that no partition has. */
export function parsePartitionFolderName(name: string): { topic: string; partition: number } | null {
  const match = /^([A-Za-z0-9._-]{1,249})-(0|[1-9]\d{0,9})$/.exec(name);
  if (match === null) return null;
  const topic = match[1];
  const partition = Number(match[2]);
  if (topic === undefined || topic === "." || topic === ".." || partition > 0x7fffffff) return null;
  return { topic, partition };
}

/**
 * `<topic id>-<partition>-delete`: the folder of a deleted partition. Not made from the topic's name, which may
 * be as long as a name can be, and which its successor may have.
 */
export function doomedFolderName(topicId: Uuid, partition: number): string {
  return `${topicId}-${partition}-delete`;
}

export function isDoomedFolderName(name: string): boolean {
  return /^[A-Za-z0-9_-]{22}-(0|[1-9]\d{0,9})-delete$/.test(name);
}

/**
 * Name in the quarantine for what was called `name` (and a file in it, which `suffix` tells); `copy` counts what
 * has had that name before. A long topic loses its end, the partition stays.
 */
export function quarantineName(name: string, suffix: string, copy: number): string {
  const dash = name.lastIndexOf("-");
  const head = dash < 0 ? name : name.slice(0, dash);
  const tail = `${dash < 0 ? "" : name.slice(dash)}${suffix}${copy === 0 ? "" : `.${copy}`}`;
  return head.slice(0, Math.max(0, MAX_NAME_BYTES - tail.length)) + tail;
}

/** `00000000000000000042`: the name of a segment's files without their suffix. */
export function segmentName(baseOffset: number): string {
  return String(baseOffset).padStart(OFFSET_DIGITS, "0");
}

/** Base offset of a segment file's name with this suffix, or null. */
export function parseSegmentName(name: string, suffix: string): number | null {
  if (!name.endsWith(suffix) || name.length !== OFFSET_DIGITS + suffix.length) return null;
  const digits = name.slice(0, OFFSET_DIGITS);
  if (!/^\d+$/.test(digits)) return null;
  const baseOffset = Number(digits);
  return Number.isSafeInteger(baseOffset) ? baseOffset : null;
}

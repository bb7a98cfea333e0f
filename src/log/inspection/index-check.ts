import { HeadwaterError } from "../../base/errors.ts";
import type { Disk, DiskFile } from "../../io/disk.ts";
import {
  batchBaseOffset,
  batchIsControl,
  batchMaxTimestampMs,
  batchProducerId,
} from "../../records/batch.ts";
import { BatchWalk } from "../batch-walk.ts";
import {
  KEY_INDEX_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  segmentName,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from "../folder-names.ts";
import {
  decodeOffsetIndex,
  decodeTimeIndex,
  decodeTransactionIndex,
  describedSegment,
  type IndexedSegment,
  KEY_INDEX_KIND,
  OFFSET_INDEX_KIND,
  TIME_INDEX_KIND,
  TRANSACTION_INDEX_KIND,
} from "../index-files.ts";
import { KeyIndexBuilder } from "../key-index-builder.ts";
import type { LogIdentity } from "../log-config.ts";
import type { OffsetIndex } from "../offset-index.ts";
import { MAX_INDEX_FILE_BYTES } from "../segment.ts";
import type { TransactionLists } from "../segment-transactions.ts";
import type { TimeIndex } from "../time-index.ts";
import { BatchSource } from "./batch-source.ts";
import { type Findings, REBUILD } from "./damage.ts";

const KINDS = [
  { suffix: OFFSET_INDEX_SUFFIX, kind: OFFSET_INDEX_KIND, name: "offset index" },
  { suffix: TIME_INDEX_SUFFIX, kind: TIME_INDEX_KIND, name: "time index" },
  { suffix: TRANSACTION_INDEX_SUFFIX, kind: TRANSACTION_INDEX_KIND, name: "index of transactions" },
  { suffix: KEY_INDEX_SUFFIX, kind: KEY_INDEX_KIND, name: "key index" },
] as const;

/** A segment whose batches were checked, all of them sound. */
export interface CheckedSegment extends IndexedSegment {
  readonly log: LogIdentity;
  readonly folder: string;
  readonly file: DiskFile;
}

/**
 * Compares the index files beside a segment with its batches. Those of another state of the segment are not read by anybody.
 * They are never synced, so that a power cut may leave anything in them.
 */
export function checkIndexes(disk: Disk, segment: CheckedSegment, findings: Findings): void {
  for (const { suffix, kind, name } of KINDS) {
    const path = `${segment.folder}/${segmentName(segment.baseOffset)}${suffix}`;
    const what = fault(disk, path, kind, segment, findings);
    if (what === null) continue;
    findings.damage(segment.log, {
      part: "index",
      isHarmless: true,
      path,
      what: `the ${name} ${what}`,
      meaning: "nothing is lost: it is a cache of what the segment says, and no power cut spares it",
      remedy: REBUILD,
    });
  }
}

/** Why the index can't be believed; null where it can, or where there is none. */
function fault(
  disk: Disk,
  path: string,
  kind: (typeof KINDS)[number]["kind"],
  segment: CheckedSegment,
  findings: Findings,
): string | null {
  if (!disk.exists(path)) return null;
  try {
    const bytes = disk.readFile(path, MAX_INDEX_FILE_BYTES);
    if (bytes === null) return null;
    findings.sums.indexes += 1;
    const described = describedSegment(bytes, kind);
    if (described === null) return "is damaged: its sum does not fit";
    const isOther = described.baseOffset !== segment.baseOffset || described.sizeBytes !== segment.sizeBytes;
    return isOther || agrees(bytes, kind, segment) ? null : "does not say what the segment says";
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return `can't be read: ${error.message}`;
  }
}

function agrees(bytes: Uint8Array, kind: (typeof KINDS)[number]["kind"], segment: CheckedSegment): boolean {
  switch (kind) {
    case OFFSET_INDEX_KIND: {
      const index = decodeOffsetIndex(bytes, segment);
      return index !== null && offsetsAgree(index, segment);
    }
    case TIME_INDEX_KIND: {
      const index = decodeTimeIndex(bytes, segment);
      return index !== null && timesAgree(index, segment);
    }
    case TRANSACTION_INDEX_KIND: {
      const lists = decodeTransactionIndex(bytes, segment);
      return lists !== null && transactionsAgree(lists, segment);
    }
    case KEY_INDEX_KIND:
      return Buffer.compare(bytes, buildKeyIndex(segment.file, segment)) === 0;
  }
}

function offsetsAgree(index: OffsetIndex, segment: CheckedSegment): boolean {
  let entry = 0;
  const walk = new BatchWalk(segment.file, 0, segment.sizeBytes);
  while (entry < index.count && walk.next()) {
    if (walk.position !== index.positionAt(entry)) continue;
    const relative = batchBaseOffset(walk.bytes, walk.at) - segment.baseOffset;
    if (relative !== index.relativeOffsetAt(entry)) return false;
    entry += 1;
  }
  return entry === index.count;
}

/** An entry that says later than it is costs a search nothing but time; one that says earlier hides records. */
function timesAgree(index: TimeIndex, segment: CheckedSegment): boolean {
  let entry = 0;
  let latestMs = Number.NEGATIVE_INFINITY;
  const walk = new BatchWalk(segment.file, 0, segment.sizeBytes);
  while (entry < index.count && walk.next()) {
    if (walk.position === index.positionAt(entry)) {
      if (latestMs > index.timestampAt(entry)) return false;
      entry += 1;
    }
    latestMs = Math.max(latestMs, batchMaxTimestampMs(walk.bytes, walk.at));
  }
  return entry === index.count;
}

/** Each transaction that it names was ended by a marker here. */
function transactionsAgree({ aborted }: TransactionLists, segment: CheckedSegment): boolean {
  const markers = new Map<number, number>();
  const walk = new BatchWalk(segment.file, 0, segment.sizeBytes);
  while (walk.next()) {
    if (batchIsControl(walk.bytes, walk.at))
      markers.set(batchBaseOffset(walk.bytes, walk.at), batchProducerId(walk.bytes, walk.at));
  }
  return aborted.every(({ producerId, lastOffset }) => markers.get(lastOffset) === producerId);
}

/** The key index of a segment, the same as the gateway builds it bit for bit. */
export function buildKeyIndex(file: DiskFile, segment: IndexedSegment): Uint8Array {
  const builder = new KeyIndexBuilder();
  const source = new BatchSource(file);
  for (let position = 0; position < segment.sizeBytes; ) {
    const batch = source.batchAt(position, segment.sizeBytes);
    if (batch === null) break;
    for (const adding = builder.add(batch.bytes, position); adding.next().done !== true; );
    position += batch.bytes.length;
  }
  const finishing = builder.finish(segment);
  let step = finishing.next();
  while (step.done !== true) step = finishing.next();
  return step.value;
}

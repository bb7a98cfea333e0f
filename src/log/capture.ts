import { HeadwaterError } from "../base/errors.ts";
import type { Uuid } from "../base/ids.ts";
import { CHECKPOINT_FILES, encodeCheckpoint, type LogState } from "./checkpoint.ts";
import { CLEAN_SHUTDOWN_FILE, FORMAT_FILE, PARTITION_METADATA_FILE } from "./folder-names.ts";
import type { PartitionLog } from "./partition-log.ts";
import { encodePartitionMetadata } from "./partition-metadata.ts";
import { encodeFormat } from "./store-format.ts";

/** How the store's sequence of checkpoints begins in a copy. */
const FIRST_SEQUENCE = 1;
/** The same of the journal, which a copy has none of. */
const FIRST_GENERATION = 1;

/** A file of a copy: its bytes, or where so many of them stand now. Names are relative to the data folder. */
export type CapturedFile =
  | { readonly name: string; readonly bytes: Uint8Array }
  | { readonly name: string; readonly path: string; readonly sizeBytes: number };

export interface StoreCapture {
  readonly files: readonly CapturedFile[];
  /** Partitions that could not be captured, since they can't be read. */
  readonly left: readonly string[];
  /**
   * Whether all of it is durable: before, a power cut could take records that the copy has. Throws LOG_FENCED where that
   * never comes.
   */
  isDurable(): boolean;
}

/**
 * What a data folder would hold if the gateway were shut down cleanly at this moment, of all partitions the same moment.
 * What stands in a segment up to its captured size never changes; its file may be replaced or go away, though, from the end
 * of this turn on.
 */
export function captureLogs(
  logs: Iterable<PartitionLog>,
  storeId: Uint8Array,
  monotonicMs: number,
): StoreCapture {
  const states: LogState[] = [];
  const files: CapturedFile[] = [];
  const left: string[] = [];
  const pending = new Set<PartitionLog>();
  for (const log of logs) {
    // Of a log without a file there is no record that anybody was told to be there.
    if (log.makeFiles !== null || log.files.isNewborn) continue;
    const name = `${log.topic}-${log.partition}`;
    if (log.fault !== null) {
      left.push(name);
      continue;
    }
    states.push(stateOf(log, monotonicMs));
    files.push({ name: `${name}/${PARTITION_METADATA_FILE}`, bytes: metadataOf(log.topicId) });
    for (const { path, sizeBytes } of log.segments) {
      files.push({ name: `${name}/${path.slice(path.lastIndexOf("/") + 1)}`, path, sizeBytes });
    }
    if (log.durableEndOffset < log.logEndOffset) {
      pending.add(log);
      log.makeDurable(() => pending.delete(log));
    }
  }
  const checkpoint = encodeCheckpoint({
    storeId,
    sequence: FIRST_SEQUENCE,
    floorGeneration: FIRST_GENERATION,
    logs: states,
  });
  files.push({ name: FORMAT_FILE, bytes: encodeFormat(storeId).slice() });
  files.push({ name: CHECKPOINT_FILES[0], bytes: checkpoint.slice() });
  files.push({ name: CLEAN_SHUTDOWN_FILE, bytes: new TextEncoder().encode(`${FIRST_SEQUENCE}\n`) });
  return { files, left, isDurable: () => areAllDurable(pending) };
}

/** What a checkpoint would say of the log if all of it were synced. */
function stateOf(log: PartitionLog, monotonicMs: number): LogState {
  const { topic, topicId, partition, logStartOffset } = log;
  const segments = log.segments.map((segment) => ({
    ...{ baseOffset: segment.baseOffset, ...segment.mark() },
    transactions: segment.transactions.state(segment.nextOffset),
  }));
  const epochs = log.epochs.startsBefore(log.logEndOffset);
  const producers = log.producers.snapshotNow(monotonicMs);
  return { topic, topicId, partition, logStartOffset, segments, epochs, producers };
}

function areAllDurable(pending: ReadonlySet<PartitionLog>): boolean {
  for (const { fault, topic, partition } of pending) {
    if (fault === null) continue;
    const message = `${topic}-${partition} can't be made durable: no copy of this moment can be made`;
    throw new HeadwaterError("LOG_FENCED", message);
  }
  return pending.size === 0;
}

function metadataOf(topicId: Uuid): Uint8Array {
  return encodePartitionMetadata(topicId).slice();
}

import { HeadwaterError } from "../base/errors.ts";
import { type Offset, offset } from "../base/ids.ts";
import type { Broker } from "../broker/broker.ts";
import { GAP_TOPIC } from "../broker/gap-ledger.ts";
import type { Lineages } from "../broker/lineages.ts";
import type { Partition } from "../broker/partition.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import type { LocalSource, SourceSlice } from "../upstream/source.ts";

const NO_BYTES = new Uint8Array(0);

/**
 * The broker's logs, as an uplink reads them: what was committed, like a careful consumer, and never beyond
 * what is durable. A topic with durability=memory shows its readers more; a power cut can take that, the offsets are
 * given anew, and a position at the centre beyond them would skip the records that got them.
 */
export function localSource(broker: Broker, lineages: Lineages | null = null): LocalSource {
  const listeners = new Set<(topic: string, partition: number) => void>();
  /** Logs that were asked to become durable as far as they are. */
  const asked = new WeakSet<PartitionLog>();
  const makeDurable = (log: PartitionLog): void => {
    if (asked.has(log) || log.fault !== null) return;
    asked.add(log);
    log.makeDurable(() => {
      asked.delete(log);
      for (const listener of listeners) listener(log.topic, log.partition);
    });
  };
  lineages?.onWritten((topic, partition) => {
    for (const listener of listeners) listener(topic, partition);
  });
  /** What of a log may go up: its history has to be written down here first. */
  const forwardableEnd = (log: PartitionLog): Offset => {
    const written = lineages?.writtenEnd(log.topicId, log.partition) ?? Number.MAX_SAFE_INTEGER;
    return offset(Math.min(log.lastStableOffset, log.durableEndOffset, written));
  };
  return {
    ...(lineages === null ? {} : { run: lineages.run }),
    topics: () =>
      [...broker.topics.all()]
        .filter(({ name, partitions }) => name !== GAP_TOPIC || partitions.some(hasRecords))
        .map(({ name, id, partitions }) => ({ name, id, partitions: partitions.length })),
    bounds(topic, partition) {
      const found = broker.partition(topic, partition);
      if (found === null) return null;
      const { log, topicId } = found;
      if (log.highWatermark > log.durableEndOffset) makeDurable(log);
      const { config } = log;
      // What is about to go is in the ledger by then: nobody begins to read it any more.
      const logStartOffset = broker.store.startOf(log);
      const compacted = config.compact;
      const highWatermark = forwardableEnd(log);
      if (lineages === null) return { topicId, logStartOffset, highWatermark, compacted };
      const lineage = lineages.of(topicId, partition);
      const durableEnd = log.durableEndOffset;
      return { topicId, logStartOffset, highWatermark, durableEnd, compacted, lineage };
    },
    read(topic, partition, fromOffset, maxBytes) {
      const log = broker.partition(topic, partition)?.log;
      if (log === undefined) return nothingUpTo(fromOffset);
      const until = forwardableEnd(log);
      if (fromOffset >= until) return nothingUpTo(fromOffset);
      const details = { topic, partition, offset: fromOffset };
      const read = log.read(offset(fromOffset), maxBytes, { minOneBatch: true, until });
      if (!("nextOffset" in read)) {
        const message = `${topic}-${partition} can't be read (Kafka error ${read.error})`;
        throw new HeadwaterError("DISK_IO", message, details);
      }
      // Below the end a log always has a batch, but where its last ones were damaged.
      if (read.bytes.length === 0) return nothingUpTo(until);
      const aborted = log.abortedTransactions(fromOffset, read.nextOffset);
      if (aborted === null) {
        throw new HeadwaterError(
          "DISK_IO",
          `aborted transactions of ${topic}-${partition} can't be read`,
          details,
        );
      }
      return { bytes: read.bytes, nextOffset: read.nextOffset, aborted };
    },
    onAppended(listener) {
      listeners.add(listener);
      const stop = broker.onAppended(listener);
      return () => {
        listeners.delete(listener);
        stop();
      };
    },
  };
}

/** The ledger is there before there is anything to carry. */
function hasRecords({ log }: Partition): boolean {
  return log.logEndOffset > 0;
}

function nothingUpTo(nextOffset: number): SourceSlice {
  return { bytes: NO_BYTES, nextOffset, aborted: [] };
}

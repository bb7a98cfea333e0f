import { type Offset, offset } from "../../base/ids.ts";
import type { Broker } from "../../broker/broker.ts";
import type { Partition } from "../../broker/partition.ts";
import type { Topic } from "../../broker/topics.ts";
import { batchBaseOffset } from "../../records/batch.ts";
import type { HistoryPartition, HistorySlice, HistorySource, HistoryTopic } from "./source.ts";

/** Bytes that one search by key walks where there is no index: about a millisecond. */
const KEY_SCAN_BYTES = 256 * 1024;

/**
 * The broker's logs as followers read them. Of a topic with durability=memory they see what has become durable: what
 * a power cut could take would be given out under offsets that come again.
 */
export function brokerSource(broker: Broker): HistorySource {
  const listeners = new Set<(topic: string, partition: number) => void>();
  const wrapped = new WeakMap<Partition, BrokerPartition>();
  const tell = (topic: string, partition: number): void => {
    for (const listener of [...listeners]) listener(topic, partition);
  };
  const wrap = (partition: Partition): BrokerPartition => {
    const known = wrapped.get(partition) ?? new BrokerPartition(partition, tell);
    wrapped.set(partition, known);
    return known;
  };
  const view = ({ name, internal, partitions }: Topic): HistoryTopic => ({
    name,
    internal,
    partitions: partitions.map(wrap),
  });
  let stop: (() => void) | null = null;
  return {
    topic: (name) => {
      const topic = broker.topics.get(name);
      return topic === null ? null : view(topic);
    },
    topics: () => Array.from(broker.topics.all(), view),
    onAppended: (listener) => {
      listeners.add(listener);
      stop ??= broker.onAppended(tell);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        stop?.();
        stop = null;
      };
    },
  };
}

class BrokerPartition implements HistoryPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly index: number;
  readonly #partition: Partition;
  readonly #tell: (topic: string, partition: number) => void;
  #asked = false;

  constructor(partition: Partition, tell: (topic: string, partition: number) => void) {
    this.topic = partition.topic;
    this.topicId = partition.topicId;
    this.index = partition.index;
    this.#partition = partition;
    this.#tell = tell;
  }

  get deleted(): boolean {
    return this.#partition.deleted;
  }

  get compacted(): boolean {
    return this.#partition.log.config.compact;
  }

  get logStartOffset(): number {
    return this.#partition.log.logStartOffset;
  }

  get endOffset(): number {
    return this.#end;
  }

  get #end(): Offset {
    const { log } = this.#partition;
    return offset(Math.min(log.lastStableOffset, log.durableEndOffset));
  }

  read(fromOffset: number, maxBytes: number): HistorySlice | null {
    const read = this.#partition.log.read(offset(fromOffset), maxBytes, {
      minOneBatch: true,
      until: this.#end,
    });
    if (!("nextOffset" in read)) return null;
    return { batches: read.bytes.length === 0 ? [] : [read.bytes], nextOffset: read.nextOffset };
  }

  readKey(key: Uint8Array, fromOffset: number, maxBytes: number): HistorySlice | null {
    const read = this.#partition.log.readKey(key, offset(fromOffset), maxBytes, {
      maxScanBytes: KEY_SCAN_BYTES,
    });
    if (!("nextOffset" in read)) return null;
    const end = this.#end;
    return {
      batches: read.batches.filter((batch) => batchBaseOffset(batch, 0) < end),
      nextOffset: Math.min(read.nextOffset, end),
    };
  }

  abortedTransactions(fromOffset: number, toOffset: number) {
    return this.#partition.log.abortedTransactions(fromOffset, toOffset);
  }

  offsetForTimestamp(timestampMs: number): number {
    return this.#partition.log.offsetForTimestamp(timestampMs)?.offset ?? this.#end;
  }

  awaitMore(): void {
    const { log } = this.#partition;
    if (this.#asked || log.fault !== null || log.highWatermark <= log.durableEndOffset) return;
    this.#asked = true;
    log.makeDurable(() => {
      this.#asked = false;
      this.#tell(this.topic, this.index);
    });
  }
}

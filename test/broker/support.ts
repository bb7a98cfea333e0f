import { silentLogger } from "../../src/base/logger.ts";
import { Broker } from "../../src/broker/broker.ts";
import type { BrokerOptions } from "../../src/broker/broker-options.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { LogStore } from "../../src/log/log-store.ts";
import type { DecodedRecord } from "../../src/records/reader.ts";
import { decodeRecords } from "../../src/records/reader.ts";

export interface OpenBroker {
  readonly broker: Broker;
  readonly clock: ManualClock;
  readonly disk: SimulatedDisk;
  readonly store: LogStore;
  readonly warnings: string[];
}

/** A broker on a disk in memory. */
export async function openBroker(
  disk = new SimulatedDisk({ seed: 1 }),
  options: Partial<BrokerOptions> = {},
): Promise<OpenBroker> {
  const clock = new ManualClock();
  const warnings: string[] = [];
  const store = await LogStore.open({ disk, clock, folder: "/data", random: new SeededRandom(2) });
  const broker = new Broker({
    store,
    clock,
    // Topics that are made after a restart get ids of their own.
    random: new SeededRandom(1000 + disk.counts.createFile),
    logger: { ...silentLogger, warn: (message) => void warnings.push(message) },
    nodeId: 1,
    clusterId: "c",
    topicDefaults: new Map(),
    autoCreateTopics: true,
    defaultPartitions: 1,
    maxPartitions: 100,
    ...options,
  });
  return { broker, clock, disk, store, warnings };
}

/** All that consumers can read of a partition. */
export function recordsOf({ broker }: OpenBroker, topic: string, partition = 0): readonly DecodedRecord[] {
  const log = broker.partition(topic, partition)?.log;
  if (log === undefined) return [];
  const records: DecodedRecord[] = [];
  let position = log.logStartOffset;
  while (position < log.highWatermark) {
    const read = log.read(position, 1 << 20, { minOneBatch: true, until: log.highWatermark });
    if (!("nextOffset" in read) || read.bytes.length === 0) break;
    records.push(...decodeRecords(read.bytes.slice()).filter((record) => record.offset >= position));
    position = read.nextOffset;
  }
  return records;
}

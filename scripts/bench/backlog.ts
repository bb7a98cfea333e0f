import { parseAddress } from "../../src/config/address.ts";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../src/io/bun/network.ts";
import { SystemRandom } from "../../src/io/bun/random.ts";
import { KafkaAdmin } from "../../src/kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { DEFAULT_FETCH_OPTIONS } from "../../src/kafka/client/consumer.ts";
import { type FetchPosition, fetchFrom } from "../../src/kafka/client/fetch.ts";
import { produce } from "../../src/kafka/client/produce.ts";
import { AbortedTransactions } from "../../src/records/aborted-transactions.ts";
import {
  batchIsControl,
  batchNextOffset,
  batchRecordCount,
  completeBatchSizeBytes,
} from "../../src/records/batch.ts";
import { BatchBuilder } from "../../src/records/builder.ts";

export const TOPIC = "readings";
export const VALUE_BYTES = 100;
export const PARTITIONS = 4;
const DEVICES = 1_000;
const BATCH_RECORDS = 1_000;

export function clusterAt(bootstrap: string): KafkaCluster {
  const address = parseAddress(bootstrap, "127.0.0.1");
  if (typeof address === "string") throw new Error(address);
  const clock = new SystemClock();
  const seams = { clock, network: new SystemNetwork(clock), random: new SystemRandom() };
  return new KafkaCluster(seams, clusterOptions([address]));
}

/** Makes the topic of the readings. */
export async function createTopic(bootstrap: string): Promise<void> {
  const cluster = clusterAt(bootstrap);
  const topic = { name: TOPIC, partitions: PARTITIONS, replicationFactor: 1 };
  const { error } = await new KafkaAdmin(cluster).createTopic(topic);
  cluster.close();
  if (error !== 0) throw new Error(`creating ${TOPIC} at ${bootstrap}: Kafka error ${error}`);
}

/** Readings of a thousand devices, 100 bytes of JSON each, by partition of the key's device. */
export async function fill(bootstrap: string, records: number): Promise<void> {
  const cluster = clusterAt(bootstrap);
  await cluster.refresh([TOPIC]);
  const builder = new BatchBuilder();
  const encoder = new TextEncoder();
  const options = { transactionalId: null, transactionProtocol: 2, timeoutMs: 30_000 } as const;
  for (let done = 0; done < records; done += BATCH_RECORDS) {
    const partition = (done / BATCH_RECORDS) % PARTITIONS;
    for (let index = 0; index < BATCH_RECORDS; index += 1) {
      const number = done + index;
      const device = (number * PARTITIONS + partition) % DEVICES;
      builder.append(
        Date.now(),
        encoder.encode(`device-${device}`),
        encoder.encode(reading(number, device)),
        null,
      );
    }
    const batch = builder.build();
    builder.reset();
    const leader = cluster.leaderOf(TOPIC, partition);
    if (leader === null) throw new Error("the topic has no leader");
    const [outcome] = await produce(cluster, leader, [{ topic: TOPIC, partition, batch }], options);
    if (outcome?.kind !== "answered" || outcome.error !== 0) throw new Error(JSON.stringify(outcome));
  }
  cluster.close();
}

function reading(number: number, device: number): string {
  const value = (Math.imul(number, 2_654_435_761) >>> 0) / 1_000_000;
  const text = `{"device":"device-${device}","sequence":${number},"temperature":${value.toFixed(3)},"unit":"C"`;
  return `${text},"note":"${"x".repeat(Math.max(0, VALUE_BYTES - text.length - 11))}"}`;
}

/** Counts the committed records of a topic as they come, by the headers of their batches: that costs next to nothing. */
export class CommittedCount {
  readonly #cluster: KafkaCluster;
  readonly #topic: string;
  #positions: readonly FetchPosition[] = [];
  #records = 0;

  constructor(bootstrap: string, topic: string) {
    this.#cluster = clusterAt(bootstrap);
    this.#topic = topic;
  }

  /** How many there are by now. */
  async look(): Promise<number> {
    if (this.#positions.length === 0) await this.#findPartitions();
    const options = { ...DEFAULT_FETCH_OPTIONS, maxWaitMs: 0, partitionMaxBytes: 8 * 1024 * 1024 };
    for (let before = -1; before !== this.#records; ) {
      before = this.#records;
      const leader = this.#positions.length === 0 ? null : this.#cluster.leaderOf(this.#topic, 0);
      if (leader === null) break;
      const fetched = await fetchFrom(this.#cluster, leader, this.#positions, options);
      this.#positions = fetched.map(({ topic, partition, offset, batches, aborted }) => ({
        ...{ topic, partition },
        offset: this.#take(offset, batches, new AbortedTransactions(aborted)),
      }));
    }
    return this.#records;
  }

  close(): void {
    this.#cluster.close();
  }

  async #findPartitions(): Promise<void> {
    const [facts] = await this.#cluster.refresh([this.#topic]);
    const count = facts?.error === 0 ? facts.partitions.length : 0;
    this.#positions = Array.from({ length: count }, (_, partition) => ({
      ...{ topic: this.#topic, partition },
      offset: 0,
    }));
  }

  #take(from: number, batches: Uint8Array, aborted: AbortedTransactions): number {
    let next = from;
    let position = 0;
    for (;;) {
      const sizeBytes = completeBatchSizeBytes(batches, position, batches.length);
      if (sizeBytes === 0) return next;
      const isHidden = aborted.hides(batches, position) || batchIsControl(batches, position);
      if (!isHidden) this.#records += batchRecordCount(batches, position);
      next = batchNextOffset(batches, position);
      position += sizeBytes;
    }
  }
}

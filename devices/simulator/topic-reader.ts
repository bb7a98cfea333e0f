import { HeadwaterError } from "../../src/base/errors.ts";
import { type Address, formatAddress } from "../../src/config/address.ts";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../src/io/bun/network.ts";
import { SystemRandom } from "../../src/io/bun/random.ts";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { PartitionConsumer, type StartAt } from "../../src/kafka/client/consumer.ts";
import { type Isolation, LIST_OFFSET, listOffsets } from "../../src/kafka/client/offsets.ts";
import { errorName } from "../../src/kafka/wire/generated/errors.ts";
import type { RecordCursor } from "../../src/records/reader.ts";
import { decodeReading, type Reading } from "./reading.ts";

export interface TopicReaderOptions {
  readonly bootstrap: readonly Address[];
  readonly topic: string;
  readonly isolation: Isolation;
  /** How long the brokers may bring nothing, with records still to come, before reading is given up. */
  readonly stallMs: number;
}

/** A reading and where it stands. */
export type OnReading = (reading: Reading, partition: number, offset: number) => void;

const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const POLL_WAIT_MS = 200;

/** Reads a fleet's readings back from all partitions of a topic, from any Kafka, without a group. */
export class TopicReader {
  readonly #options: TopicReaderOptions;
  readonly #cluster: KafkaCluster;
  readonly #consumer: PartitionConsumer;
  #partitions = 0;
  /** Records that are no readings of a simulator. */
  others = 0;

  private constructor(options: TopicReaderOptions) {
    const clock = new SystemClock();
    const seams = { clock, network: new SystemNetwork(clock), random: new SystemRandom() };
    this.#options = options;
    this.#cluster = new KafkaCluster(
      seams,
      clusterOptions(options.bootstrap, {
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
        connection: { clientId: "device-simulator", connectTimeoutMs: CONNECT_TIMEOUT_MS },
      }),
    );
    this.#consumer = new PartitionConsumer(this.#cluster, {
      isolation: options.isolation,
      maxWaitMs: POLL_WAIT_MS,
    });
  }

  /** Throws HeadwaterError where nobody answers or there is no such topic. */
  static async open(options: TopicReaderOptions, from: StartAt = "earliest"): Promise<TopicReader> {
    const reader = new TopicReader(options);
    try {
      await reader.#consumer.assignTopic(options.topic, from);
      reader.#partitions = reader.#consumer.positions().length;
      return reader;
    } catch (error) {
      reader.close();
      throw error;
    }
  }

  get partitions(): number {
    return this.#partitions;
  }

  /** Fetches once from every leader; waits a little where there is nothing new. Throws HeadwaterError. */
  poll(onReading: OnReading): Promise<number> {
    return this.#consumer.poll((_, partition, record) => this.#take(partition, record, onReading));
  }

  /**
   * Reads on to where the topic ends at the time of the call. May be called again. Throws HeadwaterError: TIMED_OUT
   * where the brokers stall.
   */
  async readToEnd(onReading: OnReading): Promise<void> {
    const ends = await this.#ends();
    const isDone = (): boolean =>
      this.#consumer.positions().every(({ partition, offset }) => offset >= (ends[partition] ?? 0));
    let movedAt = performance.now();
    let before = "";
    while (!isDone()) {
      await this.poll(onReading);
      const position = JSON.stringify(this.#consumer.positions());
      if (position !== before) movedAt = performance.now();
      before = position;
      if (performance.now() - movedAt > this.#options.stallMs) throw this.#stalled();
    }
  }

  close(): void {
    this.#cluster.close();
  }

  async #ends(): Promise<readonly number[]> {
    const { topic, isolation, stallMs } = this.#options;
    const queries = Array.from({ length: this.#partitions }, (_, partition) => ({
      topic,
      partition,
      timestampMs: LIST_OFFSET.latest,
    }));
    const deadline = performance.now() + stallMs;
    for (;;) {
      const found = await listOffsets(this.#cluster, queries, isolation);
      const bad = found.find(({ error }) => error !== 0);
      if (bad === undefined) return found.map(({ offset }) => offset);
      if (performance.now() > deadline) {
        throw new HeadwaterError("NETWORK", `offsets of ${topic}-${bad.partition}: ${errorName(bad.error)}`);
      }
      await Bun.sleep(POLL_WAIT_MS);
      await this.#cluster.refresh([topic]).catch(() => []);
    }
  }

  #take(partition: number, record: RecordCursor, onReading: OnReading): void {
    const { bytes, valueStart, valueEnd, offset } = record;
    const reading = valueStart < 0 ? null : decodeReading(bytes.subarray(valueStart, valueEnd));
    if (reading === null) this.others += 1;
    else onReading(reading, partition, offset);
  }

  #stalled(): HeadwaterError {
    const { bootstrap, topic, stallMs } = this.#options;
    const where = bootstrap.map(formatAddress).join(", ");
    return new HeadwaterError("TIMED_OUT", `${where} brought nothing of ${topic} for ${stallMs / 1000} s`);
  }
}

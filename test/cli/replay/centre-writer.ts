import type { Address } from "../../../src/config/address.ts";
import { SystemClock } from "../../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../../src/io/bun/network.ts";
import { SystemRandom } from "../../../src/io/bun/random.ts";
import { KafkaAdmin } from "../../../src/kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../../src/kafka/client/cluster.ts";
import type { CallOutcome } from "../../../src/kafka/client/coordinator-call.ts";
import { produce } from "../../../src/kafka/client/produce.ts";
import {
  addPartitionsToTransaction,
  endTransaction,
  initProducerId,
} from "../../../src/kafka/client/transactions.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import { BatchBuilder, encodeHeaders, type RecordHeader } from "../../../src/records/builder.ts";
import { partitionForKey } from "../../../src/records/murmur2.ts";

export interface WrittenRecord {
  readonly key: string | null;
  readonly value: string;
  readonly timeMs: number;
  /** Where it says that it came from; nothing where left out. */
  readonly origin?: {
    readonly gateway: string;
    readonly log: string;
    readonly offset: number;
    readonly uplink?: string;
  };
  readonly headers?: readonly RecordHeader[];
}

/** Writes records to a Kafka as uplinks would have left them there. */
export class CentreWriter {
  readonly cluster: KafkaCluster;

  constructor(bootstrap: string) {
    const clock = new SystemClock();
    const seams = { clock, network: new SystemNetwork(clock), random: new SystemRandom() };
    this.cluster = new KafkaCluster(seams, clusterOptions([addressOf(bootstrap)]));
  }

  async createTopic(name: string, partitions: number, configs: Record<string, string> = {}): Promise<void> {
    const admin = new KafkaAdmin(this.cluster);
    const { error, message } = await admin.createTopic({ name, partitions, replicationFactor: 1, configs });
    if (error !== 0 && error !== ERROR.TOPIC_ALREADY_EXISTS)
      throw new Error(`topic ${name}: ${error} ${message}`);
    const deadline = Date.now() + 10_000;
    for (;;) {
      const [topic] = await this.cluster.refresh([name]);
      if (topic?.error === 0 && topic.partitions.every(({ leader }) => leader >= 0)) return;
      if (Date.now() > deadline) throw new Error(`topic ${name} has no leaders`);
      await Bun.sleep(20);
    }
  }

  /** Appends records in their order, each to its key's partition or to `partition`. */
  async write(topic: string, records: readonly WrittenRecord[], partition?: number): Promise<void> {
    const count = this.cluster.topic(topic)?.partitions.length ?? 1;
    const home = ({ key }: WrittenRecord): number =>
      partition ?? (key === null ? 0 : partitionForKey(Buffer.from(key), count));
    for (const [index, group] of Map.groupBy(records, home)) {
      const builder = new BatchBuilder();
      for (const record of group) {
        const key = record.key === null ? null : Buffer.from(record.key);
        builder.append(record.timeMs, key, Buffer.from(record.value), encodeHeaders(headersOf(record)));
      }
      await this.#produce(topic, index, builder.build());
    }
  }

  /** Appends a batch that was built elsewhere. */
  async writeBatch(topic: string, partition: number, batch: Uint8Array): Promise<void> {
    await this.#produce(topic, partition, batch);
  }

  /** One transaction of one producer, a batch for each value; then it is committed or aborted. */
  async writeTransaction(
    topic: string,
    partition: number,
    key: string,
    values: readonly string[],
    commit: boolean,
  ): Promise<void> {
    const { cluster } = this;
    const transactionalId = `writer-${topic}`;
    const begin = () =>
      untilDone(() =>
        initProducerId(cluster, transactionalId, 30_000, { producerId: -1, producerEpoch: -1 }),
      );
    const identity = await begin();
    const who = { transactionalId, ...identity, protocol: 1 } as const;
    await untilDone(() => addPartitionsToTransaction(cluster, who, [{ topic, partition }]));
    for (const [baseSequence, value] of values.entries()) {
      const builder = new BatchBuilder();
      builder.append(Date.now(), Buffer.from(key), Buffer.from(value), null);
      await this.#produce(
        topic,
        partition,
        builder.build({ ...identity, baseSequence, transactional: true }),
        transactionalId,
      );
    }
    await untilDone(() => endTransaction(cluster, who, commit));
    // Answered once every partition has its marker.
    await begin();
  }

  close(): void {
    this.cluster.close();
  }

  async #produce(
    topic: string,
    partition: number,
    batch: Uint8Array,
    transactionalId: string | null = null,
  ): Promise<void> {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const leader = this.cluster.leaderOf(topic, partition);
      const options = { transactionalId, transactionProtocol: 1, timeoutMs: 10_000 } as const;
      const [outcome] =
        leader === null ? [] : await produce(this.cluster, leader, [{ topic, partition, batch }], options);
      if (outcome?.kind === "answered" && outcome.error === 0) return;
      // A leader that does not know yet that it is one took nothing.
      const again = outcome?.kind === "answered" && NOT_YET.has(outcome.error);
      if (!again || Date.now() > deadline)
        throw new Error(`${topic}-${partition}: ${JSON.stringify(outcome)}`);
      await Bun.sleep(20);
      await this.cluster.refresh([topic]);
    }
  }
}

/** Coordinators load, and end what was open before: asked again until they have. */
async function untilDone<Value>(ask: () => Promise<CallOutcome<Value>>): Promise<Value> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const outcome = await ask();
    if (outcome.kind === "done") return outcome.value;
    if (Date.now() > deadline) throw new Error(JSON.stringify(outcome));
    await Bun.sleep(20);
  }
}

const NOT_YET: ReadonlySet<number> = new Set([
  ERROR.UNKNOWN_TOPIC_OR_PARTITION,
  ERROR.NOT_LEADER_OR_FOLLOWER,
  ERROR.UNKNOWN_TOPIC_ID,
]);

export function headersOf({ origin, headers = [] }: WrittenRecord): readonly RecordHeader[] {
  const text = (key: string, value: string): RecordHeader => ({ key, value: Buffer.from(value) });
  if (origin === undefined) return headers;
  return [
    ...headers,
    text("headwater.gateway", origin.gateway),
    text("headwater.log", origin.log),
    ...(origin.uplink === undefined ? [] : [text("headwater.uplink", origin.uplink)]),
    text("headwater.offset", String(origin.offset)),
  ];
}

function addressOf(bootstrap: string): Address {
  const [host = "", port = ""] = bootstrap.split(":");
  return { host, port: Number(port) };
}

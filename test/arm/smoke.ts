import { expect } from "bun:test";
import mqtt from "mqtt";
import { parseAddress } from "../../src/config/address.ts";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../src/io/bun/network.ts";
import { SystemRandom } from "../../src/io/bun/random.ts";
import { KafkaAdmin } from "../../src/kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { PartitionConsumer } from "../../src/kafka/client/consumer.ts";
import { produce } from "../../src/kafka/client/produce.ts";
import { initProducerId } from "../../src/kafka/client/transactions.ts";
import { COMPRESSION_NONE, COMPRESSION_ZSTD } from "../../src/records/batch.ts";
import { BatchBuilder } from "../../src/records/builder.ts";

/** `host:port` of a broker's doors, as clients on this machine reach them. */
export interface Doors {
  readonly kafka: string;
  readonly mqtt: string;
  readonly http: string;
}

const TOPIC = "smoke";
const PARTITIONS = 2;
const DEVICE_TOPIC = "telemetry";
/** Batches of 20 records, compressed or not, and one that goes past the journal. */
const BATCHES = 6;
const RECORDS = 20;
const LARGE_BYTES = 100_000;
const READINGS = 30;
const READ_TIMEOUT_MS = 60_000;

/**
 * What every machine has to do: create a topic, take idempotent batches and MQTT messages of QoS 1 and 2, deliver
 * them live, and serve all of it to a Kafka client; `expectKept` looks for the same records later.
 */
export class Smoke {
  /** Acknowledged values, in order, by topic and partition ("smoke-0"), or by device ("telemetry/device-1"). */
  readonly #acked = new Map<string, string[]>();

  /** Writes through every door, with values that begin with `label`, and reads all of it back. */
  async run(doors: Doors, label: string): Promise<void> {
    expect((await fetch(`http://${doors.http}/readyz`)).status).toBe(200);
    await withCluster(doors, (cluster) => this.#produce(cluster, label));
    await this.#publish(doors, label);
    await this.expectKept(doors);
  }

  /** Everything that was acknowledged so far is there, once and in order. */
  async expectKept(doors: Doors): Promise<void> {
    const read = await withCluster(doors, readAll);
    for (const [place, values] of this.#acked) expect([place, read.get(place)]).toEqual([place, values]);
    expect(read.size).toBe(this.#acked.size);
  }

  #note(place: string, value: string): void {
    const values = this.#acked.get(place) ?? [];
    values.push(value);
    this.#acked.set(place, values);
  }

  async #produce(cluster: KafkaCluster, label: string): Promise<void> {
    const admin = new KafkaAdmin(cluster);
    const [known] = await cluster.refresh([TOPIC]);
    if (known?.error !== 0) {
      const created = await admin.createTopic({ name: TOPIC, partitions: PARTITIONS, replicationFactor: 1 });
      expect(created.error).toBe(0);
      await cluster.refresh([TOPIC]);
    }
    const identity = await initProducerId(cluster, null, 60_000, { producerId: -1, producerEpoch: -1 });
    if (identity.kind !== "done") throw new Error(`no producer id: ${JSON.stringify(identity)}`);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      let baseSequence = 0;
      for (let number = 0; number <= BATCHES; number++) {
        const values =
          number === BATCHES
            ? [`${label} ${"x".repeat(LARGE_BYTES)}`]
            : Array.from({ length: RECORDS }, (_, index) => `${label} batch ${number} record ${index}`);
        const compression = number % 2 === 0 ? COMPRESSION_NONE : COMPRESSION_ZSTD;
        const batch = buildBatch(values, { ...identity.value, baseSequence, compression });
        await send(cluster, partition, batch);
        baseSequence += values.length;
        for (const value of values) this.#note(`${TOPIC}-${partition}`, value);
      }
    }
  }

  async #publish(doors: Doors, label: string): Promise<void> {
    const options = { reconnectPeriod: 0, protocolVersion: 5, connectTimeout: READ_TIMEOUT_MS } as const;
    const subscriber = await mqtt.connectAsync(`mqtt://${doors.mqtt}`, options);
    const device = await mqtt.connectAsync(`mqtt://${doors.mqtt}`, options);
    try {
      const live: string[] = [];
      subscriber.on("message", (_, payload) => live.push(payload.toString()));
      await subscriber.subscribeAsync("devices/+/reading", { qos: 1 });
      const sent: string[] = [];
      for (let number = 0; number < READINGS; number++) {
        const value = `${label} reading ${number}`;
        await device.publishAsync("devices/device-1/reading", value, { qos: number % 2 === 0 ? 1 : 2 });
        this.#note(`${DEVICE_TOPIC}/device-1`, value);
        sent.push(value);
      }
      for (const end = Date.now() + READ_TIMEOUT_MS; live.length < sent.length && Date.now() < end; ) {
        await Bun.sleep(10);
      }
      expect(live).toEqual(sent);
    } finally {
      await device.endAsync(true);
      await subscriber.endAsync(true);
    }
  }
}

async function withCluster<Result>(
  doors: Doors,
  use: (cluster: KafkaCluster) => Promise<Result>,
): Promise<Result> {
  const address = parseAddress(doors.kafka, "");
  if (typeof address === "string") throw new Error(address);
  const clock = new SystemClock();
  const seams = { network: new SystemNetwork(clock), clock, random: new SystemRandom() };
  const cluster = new KafkaCluster(seams, clusterOptions([address]));
  try {
    return await use(cluster);
  } finally {
    cluster.close();
  }
}

async function readAll(cluster: KafkaCluster): Promise<ReadonlyMap<string, readonly string[]>> {
  const read = new Map<string, string[]>();
  const consumer = new PartitionConsumer(cluster, { maxWaitMs: 50 });
  for (const topic of [TOPIC, DEVICE_TOPIC]) await consumer.assignTopic(topic, "earliest");
  const decoder = new TextDecoder();
  for (const end = Date.now() + READ_TIMEOUT_MS; !consumer.atEnd && Date.now() < end; ) {
    await consumer.poll((topic, partition, record) => {
      const text = (from: number, to: number) => decoder.decode(record.bytes.subarray(from, to));
      const key = record.keyStart < 0 ? "" : text(record.keyStart, record.keyEnd);
      const place = topic === TOPIC ? `${topic}-${partition}` : `${topic}/${key}`;
      const values = read.get(place) ?? [];
      values.push(text(record.valueStart, record.valueEnd));
      read.set(place, values);
    });
  }
  return read;
}

function buildBatch(
  values: readonly string[],
  options: {
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly baseSequence: number;
    readonly compression: number;
  },
): Uint8Array {
  const builder = new BatchBuilder();
  for (const value of values) builder.append(Date.now(), null, new TextEncoder().encode(value), null);
  return builder.build(options);
}

async function send(cluster: KafkaCluster, partition: number, batch: Uint8Array): Promise<void> {
  const leader = cluster.leaderOf(TOPIC, partition);
  if (leader === null) throw new Error(`nobody leads ${TOPIC}-${partition}`);
  const options = { transactionalId: null, transactionProtocol: 2, timeoutMs: 30_000 } as const;
  const [outcome] = await produce(cluster, leader, [{ topic: TOPIC, partition, batch }], options);
  expect(outcome).toMatchObject({ kind: "answered", error: 0 });
}

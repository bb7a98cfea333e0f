import mqtt, { type MqttClient } from "mqtt";
import { parseAddress } from "../../src/config/address.ts";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../src/io/bun/network.ts";
import { SystemRandom } from "../../src/io/bun/random.ts";
import { KafkaAdmin } from "../../src/kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { type ProducedBatch, produce } from "../../src/kafka/client/produce.ts";
import { initProducerId, type ProducerIdentity } from "../../src/kafka/client/transactions.ts";
import { BatchBuilder } from "../../src/records/builder.ts";
import type { Headwater } from "../support/headwater.ts";
import { seededRandom } from "./crash-states.ts";
import type { Ledger } from "./ledger.ts";
import { encodeReading } from "./reading.ts";

/** How much of what a load brings; see the members of `Load`. */
export interface LoadOptions {
  readonly devices: number;
  readonly smallProducers: number;
  readonly bulkProducers: number;
  readonly churningTopics: number;
  /** Bytes after which the bulk producers stop: the volume has an end. */
  readonly bulkBytes: number;
}

export const FULL_LOAD: LoadOptions = {
  devices: 6,
  smallProducers: 3,
  bulkProducers: 2,
  churningTopics: 2,
  bulkBytes: 72 * 1024 * 1024,
};

/** Where the default route puts `devices/{key}/#`. */
const DEVICE_TOPIC = "telemetry";
const DEVICE_PARTITIONS = 3;
const SMALL_TOPIC = "small";
const SMALL_PARTITIONS = 24;
const BULK_TOPIC = "bulk";
const BULK_PARTITIONS = 2;
const CHURN_PARTITIONS = 3;
const KIB = 1024;
/** Publishes or requests of one client that wait for their acknowledgement. */
const WINDOW = 4;
const NO_PRODUCER = { producerId: -1, producerEpoch: -1 };

/** A Kafka client of a broker. */
export function connectTo(headwater: Headwater): KafkaCluster {
  const address = parseAddress(headwater.kafka, "");
  if (typeof address === "string") throw new Error(address);
  const clock = new SystemClock();
  const seams = { network: new SystemNetwork(clock), clock, random: new SystemRandom() };
  return new KafkaCluster(seams, clusterOptions([address]));
}

/** One stream that a producer writes to: its next sequence number is its next record's number. */
interface Lane {
  readonly topic: string;
  readonly partition: number;
  readonly stream: { readonly index: number; readonly name: string };
  next: number;
}

/**
 * Clients of all kinds at once, until `stop`: MQTT devices with QoS 1, idempotent Kafka producers of small batches
 * over many partitions, of large ones over few, and topics that come and go under the same names. The ledger gets
 * what the broker acknowledged, when the acknowledgement was seen.
 */
export class Load {
  readonly #ledger: Ledger;
  readonly #headwater: Headwater;
  readonly #clusters: KafkaCluster[] = [];
  readonly #devices: MqttClient[] = [];
  readonly #loops: Promise<void>[] = [];
  readonly #windows: Window[] = [];
  /** What no client should have been told, while the broker ran. */
  readonly failures: string[] = [];
  #bulkBytesLeft: number;
  #stopping = false;

  private constructor(headwater: Headwater, ledger: Ledger, options: LoadOptions) {
    this.#headwater = headwater;
    this.#ledger = ledger;
    this.#bulkBytesLeft = options.bulkBytes;
  }

  /** Starts all clients. Returns once each topic is there. */
  static async start(headwater: Headwater, ledger: Ledger, options: LoadOptions): Promise<Load> {
    const load = new Load(headwater, ledger, options);
    const admin = load.#connect();
    const small = await load.#openTopic(admin, SMALL_TOPIC, SMALL_PARTITIONS);
    const bulk = await load.#openTopic(admin, BULK_TOPIC, BULK_PARTITIONS);
    const devices = await load.#openTopic(admin, DEVICE_TOPIC, DEVICE_PARTITIONS);
    const run = (loop: Promise<void>) => {
      load.#loops.push(loop.catch((error: unknown) => load.#failed(String(error))));
    };
    for (let i = 0; i < options.devices; i++) run(load.#publish(devices));
    for (let i = 0; i < options.smallProducers; i++) run(load.#produceSmall(small, i));
    for (let i = 0; i < options.bulkProducers; i++) run(load.#produceBulk(bulk, i));
    for (let i = 0; i < options.churningTopics; i++) run(load.#churn(`churn-${i}`));
    return load;
  }

  /** Lets what is under way come to its end, where the broker still runs, and closes all connections. */
  async stop(): Promise<void> {
    this.#stopping = true;
    // What a broker that is gone owes never comes.
    if (!this.#headwater.running) for (const window of this.#windows) window.close();
    await Promise.all(this.#loops);
    for (const device of this.#devices) device.end(true);
    for (const cluster of this.#clusters) cluster.close();
  }

  /** From now on errors are the power cut's doing. */
  expectCut(): void {
    this.#stopping = true;
  }

  #failed(words: string): void {
    if (!this.#stopping) this.failures.push(words);
  }

  #connect(): KafkaCluster {
    const cluster = connectTo(this.#headwater);
    this.#clusters.push(cluster);
    return cluster;
  }

  /** Creates a topic, unless it is there from before. Returns its life. */
  async #openTopic(cluster: KafkaCluster, name: string, partitions: number): Promise<number> {
    const known = this.#ledger.lives.findIndex((life) => life.name === name && life.deleteAskedMs === null);
    if (known < 0) {
      const created = await new KafkaAdmin(cluster).createTopic({ name, partitions, replicationFactor: 1 });
      if (created.error !== 0) throw new Error(`topic ${name}: ${created.error} ${created.message}`);
    }
    const [topic] = await cluster.refresh([name]);
    if (topic === undefined || topic.error !== 0) throw new Error(`topic ${name} is not there`);
    return known < 0 ? this.#ledger.created(name, topic.id, partitions) : known;
  }

  async #connectDevice(): Promise<MqttClient> {
    const device = await mqtt.connectAsync(`mqtt://${this.#headwater.mqtt}`, {
      reconnectPeriod: 0,
      protocolVersion: 5,
    });
    device.on("error", (error) => this.#failed(`MQTT: ${error.message}`));
    device.on("close", () => this.#failed("MQTT: the connection was closed"));
    this.#devices.push(device);
    return device;
  }

  /** A device: publishes with a window, since a real one does not wait either. */
  async #publish(life: number): Promise<void> {
    const device = await this.#connectDevice();
    const { index, name } = this.#ledger.stream(life, -1, null);
    const topic = `devices/${name}/reading`;
    const window = this.#window();
    for (let number = 0; !this.#stopping && device.connected; number++) {
      await window.enter();
      const value = encodeReading({ stream: name, number }, 120);
      device.publish(topic, value, { qos: 1 }, (error) => {
        window.leave();
        if (error === undefined || error === null) this.#ledger.acked(index, number, 1, -1);
        else this.#failed(`publish: ${error.message}`);
      });
      await Bun.sleep(1);
    }
    if (device.connected) await window.empty();
  }

  /** Small batches for a third of the partitions in every request. */
  async #produceSmall(life: number, seed: number): Promise<void> {
    const producer = await this.#producer(SMALL_TOPIC);
    const random = seededRandom(1000 + seed);
    const lanes = Array.from({ length: SMALL_PARTITIONS }, (_, partition) =>
      producer.lane(life, SMALL_TOPIC, partition),
    );
    while (!this.#stopping) {
      const chosen = lanes.filter(() => random() < 0.33);
      if (chosen.length > 0) await producer.send(chosen, () => 1 + Math.floor(random() * 3), 500);
      await Bun.sleep(2);
    }
    await producer.window.empty();
  }

  /** Batches of 4 to 250 KiB, on both sides of what goes past the journal. */
  async #produceBulk(life: number, seed: number): Promise<void> {
    const producer = await this.#producer(BULK_TOPIC);
    const random = seededRandom(2000 + seed);
    const lanes = Array.from({ length: BULK_PARTITIONS }, (_, partition) =>
      producer.lane(life, BULK_TOPIC, partition),
    );
    while (!this.#stopping && this.#bulkBytesLeft > 0) {
      const lane = lanes[Math.floor(random() * lanes.length)] as Lane;
      const count = random() < 0.3 ? 1 : 16 + Math.floor(random() * 48);
      this.#bulkBytesLeft -= count * 4 * KIB;
      await producer.send([lane], () => count, 4 * KIB);
      await Bun.sleep(5);
    }
    await producer.window.empty();
  }

  /** A topic that is made, filled and removed, again and again. */
  async #churn(topic: string): Promise<void> {
    const producer = await this.#producer(null);
    while (!this.#stopping) {
      const life = await this.#openTopic(producer.cluster, topic, CHURN_PARTITIONS);
      const lanes = Array.from({ length: CHURN_PARTITIONS }, (_, partition) =>
        producer.lane(life, topic, partition),
      );
      for (let turn = 0; turn < 12 && !this.#stopping; turn++) {
        await producer.send(lanes, () => (turn === 6 ? 20 : 2), turn === 6 ? 4 * KIB : 200);
      }
      await producer.window.empty();
      if (this.#stopping) return;
      this.#ledger.deleteAsked(life);
      const removed = await new KafkaAdmin(producer.cluster).deleteTopic(topic);
      if (removed.error !== 0) throw new Error(`removal of ${topic}: ${removed.error} ${removed.message}`);
      this.#ledger.deleted(life);
    }
  }

  async #producer(topic: string | null): Promise<Producer> {
    const cluster = this.#connect();
    await cluster.refresh(topic === null ? [] : [topic]);
    const identity = await initProducerId(cluster, null, 60_000, NO_PRODUCER);
    if (identity.kind !== "done") throw new Error(`no producer id: ${JSON.stringify(identity)}`);
    return new Producer(cluster, this.#ledger, identity.value, this.#window(), (words) =>
      this.#failed(words),
    );
  }

  #window(): Window {
    const window = new Window(WINDOW);
    this.#windows.push(window);
    return window;
  }
}

/** An idempotent producer with several requests under way. */
class Producer {
  readonly cluster: KafkaCluster;
  readonly window: Window;
  readonly #ledger: Ledger;
  readonly #identity: ProducerIdentity;
  readonly #failed: (words: string) => void;
  readonly #builder = new BatchBuilder();

  constructor(
    cluster: KafkaCluster,
    ledger: Ledger,
    identity: ProducerIdentity,
    window: Window,
    failed: (words: string) => void,
  ) {
    this.cluster = cluster;
    this.#ledger = ledger;
    this.#identity = identity;
    this.window = window;
    this.#failed = failed;
  }

  lane(life: number, topic: string, partition: number): Lane {
    return { topic, partition, stream: this.#ledger.stream(life, partition, this.#identity), next: 0 };
  }

  /** Sends a batch of `count()` records to each of these, in one request, once the window has room. */
  async send(lanes: readonly Lane[], count: () => number, sizeBytes: number): Promise<void> {
    await this.window.enter();
    const sent = lanes.map((lane) => {
      const first = lane.next;
      lane.next += count();
      return { lane, first, count: lane.next - first };
    });
    const batches = sent.map((each) => this.#batch(each.lane, each.first, each.count, sizeBytes));
    void this.#send(batches).then((outcomes) => {
      this.window.leave();
      for (const [index, { lane, first, count: records }] of sent.entries()) {
        const outcome = outcomes[index];
        if (outcome?.kind === "answered" && outcome.error === 0) {
          this.#ledger.acked(lane.stream.index, first, records, outcome.baseOffset);
        } else this.#failed(`${lane.topic}-${lane.partition}: ${JSON.stringify(outcome)}`);
      }
    });
  }

  async #send(batches: readonly ProducedBatch[]) {
    const [first] = batches;
    const leader = first === undefined ? null : this.cluster.leaderOf(first.topic, first.partition);
    if (leader === null) throw new Error(`nobody leads ${first?.topic}-${first?.partition}`);
    return await produce(this.cluster, leader, batches, {
      transactionalId: null,
      transactionProtocol: 2,
      timeoutMs: 30_000,
    });
  }

  #batch({ topic, partition, stream }: Lane, first: number, count: number, sizeBytes: number): ProducedBatch {
    this.#builder.reset();
    for (let number = first; number < first + count; number++) {
      this.#builder.append(Date.now(), null, encodeReading({ stream: stream.name, number }, sizeBytes), null);
    }
    const batch = this.#builder.build({ ...this.#identity, baseSequence: first });
    return { topic, partition, batch };
  }
}

/** Bounds what is under way. */
class Window {
  readonly #size: number;
  #inside = 0;
  #closed = false;
  #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  async enter(): Promise<void> {
    while (this.#inside >= this.#size && !this.#closed) await this.#left();
    this.#inside += 1;
  }

  leave(): void {
    this.#inside -= 1;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  async empty(): Promise<void> {
    while (this.#inside > 0 && !this.#closed) await this.#left();
  }

  /** Nobody waits any more. */
  close(): void {
    this.#closed = true;
    this.leave();
  }

  #left(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

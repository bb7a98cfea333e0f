import { SystemClock } from "../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../src/io/bun/network.ts";
import { SystemRandom } from "../../src/io/bun/random.ts";
import type { Network } from "../../src/io/network.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { PartitionConsumer } from "../../src/kafka/client/consumer.ts";
import type { Isolation } from "../../src/kafka/client/offsets.ts";
import type { CentreCall, CentreOutcome } from "../../src/upstream/centre.ts";
import { type Centre, KafkaCentre } from "../../src/upstream/kafka-centre.ts";
import { LinkGovernor } from "../../src/upstream/link/governor.ts";
import { MeteredNetwork } from "../../src/upstream/link/metered-network.ts";
import type { LinkSettings } from "../../src/upstream/link/settings.ts";
import type { PositionStore } from "../../src/upstream/positions.ts";
import type { UplinkReports } from "../../src/upstream/reports.ts";
import {
  type Delivery,
  type LinkCompression,
  type UplinkLimits,
  uplinkSettings,
} from "../../src/upstream/settings.ts";
import { Uplink } from "../../src/upstream/uplink.ts";
import { FrameCutter } from "../support/kafka/frame-cutter.ts";
import { freePorts, type KafkaOptions, type RealKafka, startRealKafka } from "../support/kafka/real-kafka.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { MemorySource } from "./memory-source.ts";

export const SEAMS = (() => {
  const clock = new SystemClock();
  return { clock, network: new SystemNetwork(clock), random: new SystemRandom() };
})();

/** What a gateway needs of a centre. */
export interface CentreLink {
  /** The centre as an uplink sees it, through that network. */
  centre(network?: Network): KafkaCentre;
  /** All records that a careful reader sees in a topic. */
  readAll(topic: string, isolation: Isolation): Promise<readonly CentralRecord[]>;
}

/** A real Kafka that uplinks reach through a link that can fail, and tests past it. */
export class CentreRig implements CentreLink {
  readonly kafka: RealKafka;
  readonly proxies: readonly TcpProxy[];
  readonly cutters: readonly FrameCutter[];
  readonly reader: KafkaCluster;

  private constructor(kafka: RealKafka, proxies: readonly TcpProxy[]) {
    this.kafka = kafka;
    this.proxies = proxies;
    this.cutters = proxies.map((proxy) => new FrameCutter(proxy));
    this.reader = new KafkaCluster(SEAMS, clusterOptions(addresses(kafka.nodes.map(({ port }) => port))));
  }

  static async start(options: KafkaOptions): Promise<CentreRig> {
    const linkPorts = await freePorts(options.nodes ?? 1);
    const kafka = await startRealKafka({ ...options, linkPorts });
    const proxies = await Promise.all(
      kafka.nodes.map(({ linkPort }, index) =>
        TcpProxy.start({ port: linkPorts[index] ?? 0, targetPort: linkPort }),
      ),
    );
    return new CentreRig(kafka, proxies);
  }

  /** The centre as an uplink sees it: through the link. */
  centre(network: Network = SEAMS.network): KafkaCentre {
    const bootstrap = addresses(this.proxies.map(({ port }) => port));
    return new KafkaCentre(
      { ...SEAMS, network },
      {
        bootstrap,
        requestTimeoutMs: 3_000,
        connection: { connectTimeoutMs: 2_000 },
      },
    );
  }

  readAll(topic: string, isolation: Isolation): Promise<readonly CentralRecord[]> {
    return readTopic(this.reader, topic, isolation);
  }

  async stop(): Promise<void> {
    this.reader.close();
    for (const proxy of this.proxies) await proxy.stop();
    await this.kafka.stop();
  }
}

/** Reads a topic from its start to the end that it has now. */
export async function readTopic(
  cluster: KafkaCluster,
  topic: string,
  isolation: Isolation,
): Promise<readonly CentralRecord[]> {
  const records: CentralRecord[] = [];
  const consumer = new PartitionConsumer(cluster, { isolation, maxWaitMs: 100 });
  await consumer.assignTopic(topic, "earliest");
  const ends = new PartitionConsumer(cluster, { isolation: "read_uncommitted", maxWaitMs: 0 });
  await ends.assignTopic(topic, "latest");
  const behind = (): boolean =>
    consumer
      .positions()
      .some(({ offset }, index) => offset < (ends.positions()[index]?.offset ?? Number.POSITIVE_INFINITY));
  const deadline = Date.now() + READ_TIMEOUT_MS;
  while (behind() && Date.now() < deadline) {
    await consumer.poll((_topic, partition, record) => {
      const [key, value] = [record.key(), record.value()].map((bytes) =>
        bytes === null ? null : textDecoder.decode(bytes),
      );
      records.push({ partition, key: key ?? null, value: value ?? null });
    });
  }
  return records;
}

export interface CentralRecord {
  readonly partition: number;
  readonly key: string | null;
  readonly value: string | null;
}

const READ_TIMEOUT_MS = 30_000;
const textDecoder = new TextDecoder();

function addresses(ports: readonly number[]) {
  return ports.map((port) => ({ host: "127.0.0.1", port }));
}

/** A position store that outlives the uplinks of a gateway, as a disk does. */
export class MemoryPositionStore implements PositionStore {
  value: Uint8Array | null = null;

  async load(): Promise<Uint8Array | null> {
    return this.value;
  }

  async save(value: Uint8Array): Promise<void> {
    await Promise.resolve();
    this.value = value;
  }
}

export interface GatewayOptions {
  readonly id: string;
  readonly topic: string;
  readonly delivery?: Delivery;
  readonly limits?: Partial<UplinkLimits>;
  readonly devices?: number;
  readonly partitions?: number;
  readonly compression?: LinkCompression;
  readonly createTopics?: boolean;
  /** What the link may carry; the budgets' use outlives a crash. */
  readonly link?: Partial<LinkSettings>;
  /** Stands between the uplink and its centre. */
  readonly wrap?: (centre: Centre) => Centre;
}

const MORNING_MS = Date.UTC(2026, 0, 5, 6);

const FAST: Partial<UplinkLimits> = {
  backoffMs: 50,
  maxBackoffMs: 500,
  transactionTimeoutMs: 10_000,
  refreshMs: 2_000,
  maxRoundRecords: 500,
  lingerMs: 5,
};

/** A gateway whose log is in memory: feeds numbered readings of devices, and can be killed. */
export class GatewayRig {
  readonly source = new MemorySource();
  readonly store = new MemoryPositionStore();
  readonly linkStore = new MemoryPositionStore();
  /** Limits of the link from the next start on. */
  link: Partial<LinkSettings>;
  readonly reports: string[] = [];
  uplink: Uplink;
  fed = 0;
  readonly #rig: CentreLink;
  readonly #options: GatewayOptions;
  readonly #next: number[];

  constructor(rig: CentreLink, options: GatewayOptions) {
    this.#rig = rig;
    this.#options = options;
    this.link = options.link ?? {};
    this.#next = Array.from({ length: options.devices ?? 20 }, () => 0);
    this.source.createTopic(options.topic, options.partitions ?? 3);
    this.uplink = this.#newUplink();
  }

  /** Another copy of this gateway on the same logs. */
  copy(): Uplink {
    return this.#newUplink();
  }

  /** Appends `count` readings, in small batches over all partitions. */
  feed(count: number): void {
    const partitions = this.#options.partitions ?? 3;
    const devices = this.#next.length;
    for (let done = 0; done < count; done += 1) {
      const device = this.fed % devices;
      const number = this.#next[device] as number;
      this.#next[device] = number + 1;
      this.fed += 1;
      // Of now: a broker deletes what is older than its retention at the next check.
      const record = { key: `device-${device}`, value: String(number), timestampMs: Date.now() };
      this.source.append(this.#options.topic, device % partitions, [record]);
    }
  }

  /** As kill -9: nothing is ended, nothing is said. */
  crash(): void {
    this.uplink.abandon();
    this.uplink = this.#newUplink();
  }

  /** Waits until the uplink says that everything is forwarded. */
  async caughtUp(timeoutMs = 60_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const status = this.uplink.status();
      if (status.state.kind === "forwarding" && status.topics.length > 0 && status.lagRecords === 0) {
        if (status.topics.every(({ state }) => state === "forwarding")) return;
      }
      if (Date.now() > deadline) throw new Error(`not caught up: ${JSON.stringify(status)}`);
      await Bun.sleep(20);
    }
  }

  /**
   * What is wrong at the centre: readings that are missing, there twice, or out of order, by device. Empty is
   * exactly once and in order.
   */
  async faults(): Promise<readonly string[]> {
    const isolation = this.#options.delivery === "idempotent" ? "read_uncommitted" : "read_committed";
    const records = await this.#rig.readAll(this.#options.topic, isolation);
    const faults: string[] = [];
    const expected = this.#next.map(() => 0);
    const homes = new Map<number, number>();
    for (const { key, value, partition } of records) {
      const device = Number(key?.slice("device-".length));
      const number = Number(value);
      const due = expected[device] ?? -1;
      if (number > due) faults.push(`${key}: ${due} to ${number - 1} missing before ${number}`);
      else if (number < due) faults.push(`${key}: ${number} again or late`);
      expected[device] = Math.max(due, number + 1);
      if ((homes.get(device) ?? partition) !== partition) faults.push(`${key} is in two partitions`);
      homes.set(device, partition);
    }
    for (const [device, number] of this.#next.entries()) {
      if ((expected[device] ?? 0) < number)
        faults.push(`device-${device}: ends at ${expected[device]} of ${number}`);
    }
    return faults;
  }

  #newUplink(): Uplink {
    const { id, topic, delivery, compression, createTopics, limits, wrap } = this.#options;
    const settings = uplinkSettings({
      name: "main",
      gatewayId: id,
      topics: [topic],
      delivery: delivery ?? "transactional",
      compression: compression ?? "zstd",
      createTopics: createTopics ?? true,
      limits: { ...FAST, ...limits },
      link: this.link,
    });
    // Far from midnight: no budget begins anew in a test.
    const wall = { nowMs: () => MORNING_MS + performance.now(), offsetMs: () => 0 };
    const governor = new LinkGovernor(settings.link, settings.limits, wall, SEAMS.random);
    const centre = this.#rig.centre(new MeteredNetwork(SEAMS.network, SEAMS.clock, governor.meter));
    const seams = { clock: SEAMS.clock, random: new SystemRandom() };
    const reports: UplinkReports = {
      onGap: (gapTopic, partition, from, to, reason) => {
        this.reports.push(`gap ${gapTopic}-${partition} ${from}..${to} ${reason}`);
      },
      onRecreated: (name) => this.reports.push(`recreated ${name}`),
      onState: (level, message) => this.reports.push(`${level} ${message}`),
      onTrouble: (message) => this.reports.push(`trouble ${message}`),
    };
    const link = { governor, store: this.linkStore };
    return new Uplink(settings, this.source, wrap?.(centre) ?? centre, this.store, seams, reports, link);
  }
}

/** Passes calls on, except those that `instead` answers by itself. */
export class InterceptedCentre implements Centre {
  readonly #centre: Centre;
  readonly #instead: (call: CentreCall) => Promise<CentreOutcome> | null;
  readonly #after: (call: CentreCall, outcome: CentreOutcome) => CentreOutcome;

  constructor(
    centre: Centre,
    instead: (call: CentreCall) => Promise<CentreOutcome> | null,
    after: (call: CentreCall, outcome: CentreOutcome) => CentreOutcome = (_call, outcome) => outcome,
  ) {
    this.#centre = centre;
    this.#instead = instead;
    this.#after = after;
  }

  perform(calls: readonly CentreCall[], answered: (id: number, outcome: CentreOutcome) => void): void {
    const passed: CentreCall[] = [];
    for (const call of calls) {
      const own = this.#instead(call);
      if (own === null) passed.push(call);
      else void own.then((outcome) => answered(call.id, outcome));
    }
    const byId = new Map(passed.map((call) => [call.id, call]));
    this.#centre.perform(passed, (id, outcome) => {
      answered(id, this.#after(byId.get(id) as CentreCall, outcome));
    });
  }

  close(): void {
    this.#centre.close();
  }
}

/** The seed of this run: given in SEED, else by chance. Printed where a test fails. */
export function runSeed(): SeededRandom {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 0x7fffffff));
  console.log(`SEED=${seed}`);
  return new SeededRandom(seed);
}

import { SystemRandom } from "../../src/io/bun/random.ts";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { LIST_OFFSET, listOffsets } from "../../src/kafka/client/offsets.ts";
import { SpanReader } from "../../src/kafka/client/span-reader.ts";
import { KafkaCentre } from "../../src/upstream/kafka-centre.ts";
import { LinkGovernor } from "../../src/upstream/link/governor.ts";
import { MeteredNetwork } from "../../src/upstream/link/metered-network.ts";
import type { LinkSettings } from "../../src/upstream/link/settings.ts";
import { type UplinkLimits, uplinkSettings } from "../../src/upstream/settings.ts";
import { Uplink } from "../../src/upstream/uplink.ts";
import { MemorySource } from "./memory-source.ts";
import { MemoryPositionStore, SEAMS } from "./rig.ts";

export interface FleetOptions {
  /** `host:port` of the centre that takes all of them. */
  readonly centre: string;
  readonly gateways: number;
  readonly devicesPerGateway: number;
  readonly partitionsPerGateway: number;
  readonly topic: string;
  readonly limits?: Partial<UplinkLimits>;
  readonly link?: Partial<LinkSettings>;
}

/** Of what gateways send: as large as a reading of a few values. */
const VALUE_BYTES = 100;

/** Uplinks of many gateways in one process, each with logs in memory, whose devices number their readings. */
export class Fleet {
  readonly gateways: readonly FleetGateway[];
  readonly #options: FleetOptions;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.gateways = Array.from({ length: options.gateways }, (_, index) => new FleetGateway(index, options));
  }

  start(): void {
    for (const gateway of this.gateways) gateway.uplink.start();
  }

  /** Appends `count` readings, shared out among the gateways. */
  feed(count: number): void {
    const each = Math.floor(count / this.gateways.length);
    for (const gateway of this.gateways) gateway.feed(each);
  }

  get fed(): number {
    return this.gateways.reduce((sum, gateway) => sum + gateway.fed, 0);
  }

  get forwarded(): number {
    return this.gateways.reduce((sum, { uplink }) => sum + uplink.status().recordsForwarded, 0);
  }

  get transactions(): number {
    return this.gateways.reduce((sum, { uplink }) => sum + uplink.status().transactions, 0);
  }

  /** What uplinks have to say of their troubles, by how often. */
  troubles(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const text of this.gateways.flatMap(({ reports }) => reports))
      counts[text] = (counts[text] ?? 0) + 1;
    return counts;
  }

  async caughtUp(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const behind = this.gateways.filter(({ uplink, fed }) => {
        const { state, lagRecords } = uplink.status();
        return fed > 0 && (state.kind !== "forwarding" || lagRecords !== 0);
      });
      if (behind.length === 0) return;
      if (Date.now() > deadline) {
        const { state, lagRecords } = (behind[0] as FleetGateway).uplink.status();
        throw new Error(`${behind.length} uplinks are behind: ${JSON.stringify({ state, lagRecords })}`);
      }
      await Bun.sleep(20);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.gateways.map(({ uplink }) => uplink.stop(2_000)));
  }

  /** What is wrong at the centre: readings missing, twice or out of order. Empty is each once, in its order. */
  async faults(): Promise<readonly string[]> {
    const { topic, centre } = this.#options;
    const cluster = new KafkaCluster(SEAMS, clusterOptions([addressOf(centre)]));
    const next = new Map<string, number>();
    const faults: string[] = [];
    try {
      const [known] = await cluster.refresh([topic]);
      const queries = (timestampMs: number) =>
        (known?.partitions ?? []).map((_, partition) => ({ topic, partition, timestampMs }));
      const starts = await listOffsets(cluster, queries(LIST_OFFSET.earliest), "read_committed");
      const ends = await listOffsets(cluster, queries(LIST_OFFSET.latest), "read_committed");
      const spans = starts.map(({ partition, offset }, index) => ({
        ...{ topic, partition, start: offset },
        end: ends[index]?.offset ?? 0,
      }));
      const reader = new SpanReader(cluster, spans);
      while (!reader.done) {
        await reader.poll((_topic, _partition, record) => {
          const key = textDecoder.decode(record.key() ?? undefined);
          const number = Number(textDecoder.decode(record.value()?.subarray(0, NUMBER_DIGITS)));
          const due = next.get(key) ?? 0;
          if (number !== due && faults.length < MAX_FAULTS)
            faults.push(`${key}: ${number} in place of ${due}`);
          next.set(key, Math.max(due, number + 1));
          return undefined;
        });
      }
    } finally {
      cluster.close();
    }
    for (const gateway of this.gateways) {
      for (const [key, count] of gateway.expected()) {
        if (next.get(key) !== count) faults.push(`${key}: ends at ${next.get(key) ?? 0} of ${count}`);
      }
    }
    return faults.slice(0, MAX_FAULTS);
  }
}

const MAX_FAULTS = 20;
const NUMBER_DIGITS = 12;
const textDecoder = new TextDecoder();

export class FleetGateway {
  readonly source = new MemorySource();
  readonly reports: string[] = [];
  readonly uplink: Uplink;
  fed = 0;
  readonly #id: string;
  readonly #options: FleetOptions;
  readonly #next: number[];

  constructor(index: number, options: FleetOptions) {
    this.#id = `g${index}`;
    this.#options = options;
    this.#next = Array.from({ length: options.devicesPerGateway }, () => 0);
    this.source.createTopic(options.topic, options.partitionsPerGateway);
    this.uplink = this.#newUplink();
  }

  /** Appends readings of its devices in turn, a batch for each partition. */
  feed(count: number): void {
    const { partitionsPerGateway, topic } = this.#options;
    const batches = Array.from(
      { length: partitionsPerGateway },
      () => [] as { key: string; value: string; timestampMs: number }[],
    );
    for (let done = 0; done < count; done += 1) {
      const device = this.fed % this.#next.length;
      const number = this.#next[device] as number;
      this.#next[device] = number + 1;
      this.fed += 1;
      const value = String(number)
        .padStart(NUMBER_DIGITS, "0")
        .padEnd(VALUE_BYTES, `{"celsius":${number % 97}} `);
      batches[device % partitionsPerGateway]?.push({
        key: `${this.#id}-${device}`,
        value,
        timestampMs: Date.now(),
      });
    }
    for (const [partition, batch] of batches.entries()) {
      if (batch.length > 0) this.source.append(topic, partition, batch);
    }
  }

  /** How many readings each device has made. */
  expected(): readonly (readonly [string, number])[] {
    return this.#next.map((count, device) => [`${this.#id}-${device}`, count] as const);
  }

  #newUplink(): Uplink {
    const { topic, centre, limits = {}, link = {} } = this.#options;
    const settings = uplinkSettings({ name: "centre", gatewayId: this.#id, topics: [topic], limits, link });
    const wall = { nowMs: () => Date.now(), offsetMs: () => 0 };
    const governor = new LinkGovernor(settings.link, settings.limits, wall, SEAMS.random);
    const network = new MeteredNetwork(SEAMS.network, SEAMS.clock, governor.meter);
    const centreClient = new KafkaCentre(
      { ...SEAMS, network },
      { bootstrap: [addressOf(centre)], requestTimeoutMs: 10_000 },
    );
    const reports = {
      onGap: (gapTopic: string, partition: number, from: number, to: number, reason: string) => {
        this.reports.push(`gap ${gapTopic}-${partition} ${from}..${to} ${reason}`);
      },
      onRecreated: (name: string) => this.reports.push(`recreated ${name}`),
      onState: (level: string, message: string) => {
        if (level !== "info") this.reports.push(`${level} ${message}`);
      },
      onTrouble: (message: string) => this.reports.push(`trouble ${message}`),
    };
    const parts = { governor, store: new MemoryPositionStore() };
    const seams = { clock: SEAMS.clock, random: new SystemRandom() };
    return new Uplink(settings, this.source, centreClient, new MemoryPositionStore(), seams, reports, parts);
  }
}

function addressOf(address: string): { readonly host: string; readonly port: number } {
  const [host = "", port = ""] = address.split(":");
  return { host, port: Number(port) };
}

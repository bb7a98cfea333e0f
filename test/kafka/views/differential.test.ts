import { describe, expect, test } from "bun:test";
import { encodeDeviceKey } from "../../../src/base/device-name.ts";
import type { Offset } from "../../../src/base/ids.ts";
import type { Partition } from "../../../src/broker/partition.ts";
import { VIEW_BUGS, type ViewBug } from "../../../src/broker/views/key-scan.ts";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { LIST_OFFSETS_REQUEST } from "../../../src/kafka/wire/generated/list-offsets-request.ts";
import { LIST_OFFSETS_RESPONSE } from "../../../src/kafka/wire/generated/list-offsets-response.ts";
import { encodeHeaders } from "../../../src/records/builder.ts";
import type { DecodedRecord } from "../../../src/records/reader.ts";
import { Gateway, type TestClient } from "../support/door.ts";
import { batchOf, consume, NOW_MS, type Reading, seal, text } from "./support.ts";

/**
 * A view is the filter of its topic: whatever was appended, in whatever codec and transaction, compacted, deleted,
 * sealed or not, before a restart or after. HEADWATER_SEEDS says how many runs there are.
 */
const SEEDS = Number(process.env.HEADWATER_SEEDS ?? "12");
/** Runs that failed once: compressed batches at the same place of two segments. */
const NAMED = [20, 128];
const STEPS = 30;
const KEYS = ["a", "b", "device/1", "ü", "", "quiet"].map(text);
const CODECS = [0, 0, 1, 2, 3, 4];
const MAX_BYTES = [1, 300, 2000, 1 << 20];

interface Writer {
  readonly producerId: number;
  sequence: number;
  inTransaction: boolean;
}

class World {
  readonly random: SeededRandom;
  readonly disk: SimulatedDisk;
  readonly bugs: ReadonlySet<ViewBug>;
  readonly isCompacted: boolean;
  readonly isLogAppendTime: boolean;
  readonly writers: readonly Writer[] = [1001, 1002].map((producerId) => ({
    producerId,
    sequence: 0,
    inTransaction: false,
  }));
  gateway: Gateway;
  client: TestClient;
  compared = 0;
  /** What the run has met: else it would prove less than it says. */
  indexed = 0;
  compacted = 0;
  aborted = 0;

  private constructor(
    seed: number,
    disk: SimulatedDisk,
    bugs: ReadonlySet<ViewBug>,
    gateway: Gateway,
    client: TestClient,
  ) {
    this.random = new SeededRandom(seed);
    this.disk = disk;
    this.bugs = bugs;
    this.gateway = gateway;
    this.client = client;
    this.isCompacted = this.random.chance(0.4);
    this.isLogAppendTime = this.random.chance(0.2);
    gateway.broker.createTopic({ name: "telemetry", partitionCount: 1, configs: new Map() }, () => {});
    this.configure();
  }

  static async open(seed: number, bugs: ReadonlySet<ViewBug> = new Set()): Promise<World> {
    const disk = new SimulatedDisk({ seed });
    const gateway = await Gateway.open({ disk, viewBugs: bugs });
    const world = new World(seed, disk, bugs, gateway, await gateway.connect());
    await gateway.clock.settleAll();
    return world;
  }

  get partition(): Partition {
    const partition = this.gateway.broker.partition("telemetry", 0);
    if (partition === null) throw new Error("no topic");
    return partition;
  }

  configure(): void {
    const { log } = this.partition;
    log.config = {
      ...log.config,
      segmentBytes: 6000,
      indexIntervalBytes: 500,
      retentionMs: -1,
      compact: this.isCompacted,
      deletes: true,
      minCleanableDirtyRatio: 0.01,
      timestampType: this.isLogAppendTime ? "LogAppendTime" : "CreateTime",
    };
  }

  async step(): Promise<void> {
    const { random } = this;
    const choice = random.fraction();
    if (choice < 0.6) this.append();
    else if (choice < 0.72) this.end(random.pick(this.writers));
    else if (choice < 0.8) await seal(this.gateway, [this.partition]);
    else if (choice < 0.84) this.deleteSome();
    else if (choice < 0.88) await this.restart();
    await this.gateway.clock.settleAll();
    this.client = await this.gateway.connect();
    await this.compare();
  }

  append(): void {
    const { random } = this;
    const readings = Array.from({ length: 1 + random.below(random.chance(0.3) ? 60 : 12) }, () =>
      this.reading(),
    );
    const compression = random.pick(CODECS);
    const writer = random.chance(0.4) ? random.pick(this.writers) : null;
    if (writer === null) {
      this.store(batchOf(readings, { compression }), 0);
      return;
    }
    const { producerId, sequence } = writer;
    const options = {
      compression,
      producerId,
      producerEpoch: 0,
      baseSequence: sequence,
      transactional: true,
    };
    const batch = batchOf(readings, options);
    const guard = this.partition.verify(batch, 0, false, this.gateway.clock.monotonicMs());
    if (typeof guard !== "number") throw new Error(`error ${guard.error}`);
    writer.sequence += readings.length;
    writer.inTransaction = true;
    this.store(batch, guard);
  }

  store(batch: Uint8Array, guard: number): void {
    const result = this.partition.append(batch, 0, batch.length, NOW_MS, "client", guard);
    if ("message" in result) throw new Error(result.message);
  }

  reading(): Reading {
    const { random } = this;
    const key = !this.isCompacted && random.chance(0.1) ? null : random.pick(KEYS.slice(0, -1));
    const headers = random.chance(0.3) ? encodeHeaders([{ key: "h", value: text("v") }]) : null;
    const value = random.chance(0.1) ? null : "v".repeat(random.below(60)) + random.below(1000);
    return { key, value, headers, timestampMs: NOW_MS - random.below(1000) };
  }

  end(writer: Writer): void {
    if (!writer.inTransaction) return;
    const outcome = this.random.chance(0.5) ? ("abort" as const) : ("commit" as const);
    const marker = { producerId: writer.producerId, producerEpoch: 0, coordinatorEpoch: 0, outcome };
    const result = this.partition.appendMarker(marker, NOW_MS);
    if ("message" in result) throw new Error(result.message);
    writer.inTransaction = false;
    if (outcome === "abort") this.aborted += 1;
  }

  deleteSome(): void {
    const { log } = this.partition;
    const to = log.logStartOffset + this.random.below(1 + log.highWatermark - log.logStartOffset);
    log.deleteRecordsBefore(to as Offset);
  }

  count(): void {
    this.indexed += this.partition.log.segments.filter(({ keyIndexed }) => keyIndexed).length;
    this.compacted += this.gateway.store.status().compaction.passes;
  }

  async restart(): Promise<void> {
    this.count();
    await this.gateway.close();
    this.gateway = await Gateway.open({ disk: this.disk, viewBugs: this.bugs });
    this.configure();
  }

  async latest(name: string, readCommitted: boolean): Promise<number> {
    const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1, maxNumOffsets: 1 }];
    const isolationLevel = readCommitted ? 1 : 0;
    const request = { replicaId: -1, isolationLevel, topics: [{ name, partitions }], timeoutMs: 0 };
    const answer = await this.client.ask(LIST_OFFSETS_REQUEST, LIST_OFFSETS_RESPONSE, request, 9);
    return Number(answer.topics[0]?.partitions[0]?.offset);
  }

  async compare(): Promise<void> {
    const { random, client } = this;
    const { log } = this.partition;
    const from =
      log.logStartOffset + random.below(1 + Math.floor((log.highWatermark - log.logStartOffset) / 2));
    for (const readCommitted of [false, true]) {
      const whole = await consume(client, "telemetry", from, { readCommitted });
      const key = random.pick(KEYS);
      if (key.length === 0) continue;
      const options = { readCommitted, partitionMaxBytes: random.pick(MAX_BYTES) };
      const name = `telemetry/${encodeDeviceKey(key)}`;
      // Asked before anybody has read it, and after.
      const told = random.chance(0.5) ? await this.latest(name, readCommitted) : null;
      const view = await consume(client, name, from, options);
      if (told !== null) expect(view.position).toBe(Math.max(from, told));
      const expected = whole.records.filter((record) => sameKey(record, key));
      expect(view.records).toEqual(expected);
      // Its reader gets to the end that he was told of, though others have written last.
      const end = Math.max(from, readCommitted ? log.lastStableOffset : log.highWatermark);
      expect(view.position).toBe(Math.max(from, readCommitted ? view.lastStableOffset : view.highWatermark));
      expect(view.position).toBeGreaterThan(expected.at(-1)?.offset ?? -1);
      expect(view.position).toBeLessThanOrEqual(end);
      const latest = await this.latest(name, readCommitted);
      expect(view.position).toBe(Math.max(from, latest));
      this.compared += expected.length;
    }
  }
}

function sameKey({ key }: DecodedRecord, wanted: Uint8Array): boolean {
  return key !== null && Buffer.from(key).equals(Buffer.from(wanted));
}

async function run(seed: number, bugs: ReadonlySet<ViewBug> = new Set()): Promise<World> {
  const world = await World.open(seed, bugs);
  for (let step = 0; step < STEPS; step++) await world.step();
  world.count();
  await world.gateway.close();
  return world;
}

describe("a view is the filter of its topic", () => {
  const met = { indexed: 0, compacted: 0, aborted: 0 };
  const seeds = Array.from({ length: SEEDS }, (_, index) => index + 1);
  for (const seed of new Set([...seeds, ...NAMED])) {
    test(`seed ${seed}`, async () => {
      const world = await run(seed);
      expect(world.compared).toBeGreaterThan(20);
      met.indexed += world.indexed;
      met.compacted += world.compacted;
      met.aborted += world.aborted;
    });
  }

  test("over indexes, compacted segments and aborted transactions", () => {
    for (const [what, count] of Object.entries(met)) expect(count, what).toBeGreaterThan(1);
  });
});

describe("the comparison notices", () => {
  test.each(VIEW_BUGS.map((bug) => [bug] as const))("%s", async (bug) => {
    for (let seed = 1; seed <= 8; seed++) {
      const noticed = await run(seed, new Set([bug])).then(
        () => false,
        () => true,
      );
      if (noticed) return;
    }
    throw new Error(`${bug} was not noticed`);
  });
});

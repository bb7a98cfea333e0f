import { expect, test } from "bun:test";
import { silentLogger } from "../../../src/base/logger.ts";
import { Broker } from "../../../src/broker/broker.ts";
import type { Topic } from "../../../src/broker/topics.ts";
import { defaultSettings } from "../../../src/config/options.ts";
import { type Coordinators, openCoordinators } from "../../../src/coordinators/coordinators.ts";
import { DEAD_LETTER_HEADERS } from "../../../src/coordinators/dead-letters/letter.ts";
import { ACKNOWLEDGE } from "../../../src/coordinators/shares/share-partition.ts";
import type { LivePartition, ShareBugs } from "../../../src/coordinators/shares/share-partitions.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { LogStore } from "../../../src/log/log-store.ts";
import { decodeRecords } from "../../../src/records/reader.ts";
import { batchOf } from "../../kafka/support/door.ts";

/**
 * Members of a share group that take, accept, release, reject and forget records, with power cuts at any moment.
 * What has to hold:
 *
 * - a record whose acceptance or rejection was answered is never delivered again;
 * - a delivery that ended in an answered release stays counted;
 * - every record is accepted in the end, or in the dead letter topic: none is lost.
 */
const SEEDS = Number(process.env.HEADWATER_SEEDS ?? 25);
const GROUP = "workers";
const DEAD_LETTERS = "dlq.jobs";
const MEMBERS = ["a", "b", "c"];
const CONFIGS: ReadonlyMap<string, string> = new Map([
  ["share.auto.offset.reset", "earliest"],
  ["share.delivery.count.limit", "3"],
  ["errors.deadletterqueue.topic.name", DEAD_LETTERS],
]);

interface Held {
  readonly live: LivePartition;
  readonly offset: number;
  readonly memberId: string;
  readonly deliveryCount: number;
}

class Simulation {
  readonly #random: SeededRandom;
  readonly #bugs: ShareBugs;
  #clock = new ManualClock();
  #disk: SimulatedDisk;
  #broker: Broker | null = null;
  #coordinators: Coordinators | null = null;
  #held: Held[] = [];
  #produced = 0;
  /** By partition and offset. */
  readonly #written = new Set<string>();
  readonly #acceptTried = new Set<string>();
  readonly #acceptAnswered = new Set<string>();
  readonly #rejectAnswered = new Set<string>();
  readonly #countAnswered = new Map<string, number>();
  crashes = 0;
  deadLetters = 0;
  redeliveries = 0;

  constructor(seed: number, bugs: ShareBugs) {
    this.#random = new SeededRandom(seed);
    this.#bugs = bugs;
    this.#disk = new SimulatedDisk({ seed, syncs: (finish) => this.#syncLater(finish) });
  }

  async run(): Promise<void> {
    await this.#boot();
    for (let life = 0; life < 5; life++) {
      for (let step = 0; step < 40 + this.#below(60); step++) await this.#step();
      if (life < 4) await this.#crash();
    }
    await this.#finish();
  }

  get #topic(): Topic {
    const topic = this.#broker?.topics.get("jobs") ?? null;
    if (topic === null) throw new Error("the topic is gone");
    return topic;
  }

  get #shares(): Coordinators["shares"] {
    if (this.#coordinators === null) throw new Error("not running");
    return this.#coordinators.shares;
  }

  #below(limit: number): number {
    return Math.floor(this.#random.fraction() * limit);
  }

  #syncLater(finish: () => void): void {
    this.#clock.after(1 + this.#below(15), finish);
  }

  async #boot(): Promise<void> {
    this.#held = [];
    const clock = new ManualClock(this.#clock.nowMs() + 1000);
    this.#clock = clock;
    const opening = LogStore.open({ disk: this.#disk, clock, folder: "/data", random: new SeededRandom(5) });
    let store: LogStore | null = null;
    void opening.then((opened) => {
      store = opened;
    });
    while (store === null) await this.#pass(5);
    const broker = new Broker({
      store,
      clock,
      random: new SeededRandom(this.#below(2 ** 30)),
      logger: silentLogger,
      nodeId: 1,
      clusterId: "test",
      topicDefaults: new Map(),
      autoCreateTopics: false,
      defaultPartitions: 1,
      maxPartitions: 100,
    });
    this.#broker = broker;
    if (broker.topics.get("jobs") === null) {
      broker.createTopic({ name: "jobs", partitionCount: 2, configs: new Map() }, () => {});
      await this.#pass(100);
    }
    this.#coordinators = openCoordinators({
      broker,
      random: new SeededRandom(1),
      logger: silentLogger,
      settings: defaultSettings({}),
      groupConfigs: () => CONFIGS,
      shareBugs: this.#bugs,
    });
    const beat = { groupId: GROUP, rackId: null, clientId: "c", clientHost: "/h", topicNames: ["jobs"] };
    for (const memberId of MEMBERS)
      this.#shares.groups.heartbeat({ ...beat, memberId, memberEpoch: 0 }, () => {});
    await this.#pass(50);
  }

  async #pass(durationMs: number): Promise<void> {
    await this.#clock.settleAll();
    this.#clock.advance(durationMs);
    await this.#clock.settleAll();
  }

  async #crash(): Promise<void> {
    this.crashes += 1;
    const mode = this.#random.pick(["nothing", "everything", "pages", "sectors", "process"] as const);
    const disk = this.#disk.crash(mode, this.#below(2 ** 30));
    this.#disk.halt();
    this.#coordinators?.close();
    this.#disk = disk;
    await this.#boot();
  }

  async #step(): Promise<void> {
    const what = this.#below(100);
    if (what < 20) this.#produce();
    else if (what < 50) this.#take();
    else if (what < 85) this.#acknowledge();
    else if (what < 88) this.#leave();
    else if (what < 90) await this.#pass(31_000);
    await this.#pass(this.#below(12));
  }

  #produce(): void {
    const partition = this.#topic.partitions[this.#below(2)];
    if (partition === undefined) return;
    const count = 1 + this.#below(5);
    const batch = batchOf(
      Array.from({ length: count }, () => `job ${this.#produced++}`),
      this.#clock.nowMs(),
    );
    const result = partition.append(batch, 0, batch.length, this.#clock.nowMs(), "client");
    if ("message" in result) throw new Error(result.message);
    partition.whenDurable(result.lastOffset + 1, (error) => {
      expect(error).toBe(0);
      for (let offset: number = result.baseOffset; offset <= result.lastOffset; offset++) {
        this.#written.add(`${partition.index}/${offset}`);
      }
    });
  }

  #take(): void {
    const memberId = MEMBERS[this.#below(MEMBERS.length)] ?? "a";
    const { partitions } = this.#shares;
    const live = partitions.open(GROUP, this.#topic.id, this.#below(2));
    if ("error" in live) throw new Error(`open: ${live.error}`);
    const limits = { maxRecords: 1 + this.#below(6), batchSize: 5, strict: this.#below(2) === 0 };
    const acquired = partitions.acquire(live, memberId, limits, 10_000, true);
    if ("error" in acquired) throw new Error(`acquire: ${acquired.error}`);
    for (const range of acquired.ranges) {
      for (let offset = range.firstOffset; offset <= range.lastOffset; offset++) {
        const name = `${live.id.partition}/${offset}`;
        if (this.#acceptAnswered.has(name)) throw new Error(`${name} was accepted, and comes again`);
        if (this.#rejectAnswered.has(name)) throw new Error(`${name} was rejected, and comes again`);
        const counted = this.#countAnswered.get(name) ?? 0;
        if (range.deliveryCount <= counted) throw new Error(`${name} was delivered ${counted} times already`);
        if (range.deliveryCount > 1) this.redeliveries += 1;
        this.#held = this.#held.filter((held) => held.live !== live || held.offset !== offset);
        this.#held.push({ live, offset, memberId, deliveryCount: range.deliveryCount });
      }
    }
  }

  #acknowledge(): void {
    const [held] = this.#held.splice(this.#below(this.#held.length), 1);
    if (held === undefined) return;
    const { live, offset, memberId, deliveryCount } = held;
    const name = `${live.id.partition}/${offset}`;
    const { ACCEPT, RELEASE, REJECT } = ACKNOWLEDGE;
    const type = [ACCEPT, ACCEPT, RELEASE, RELEASE, REJECT][this.#below(5)] ?? ACCEPT;
    if (type === ACCEPT) this.#acceptTried.add(name);
    this.#shares.partitions.acknowledge(
      live,
      memberId,
      [{ firstOffset: offset, lastOffset: offset, types: [type] }],
      (error) => {
        if (error !== 0) return;
        if (type === ACCEPT) this.#acceptAnswered.add(name);
        else if (type === REJECT) this.#rejectAnswered.add(name);
        else this.#countAnswered.set(name, deliveryCount);
      },
    );
  }

  #leave(): void {
    const memberId = MEMBERS[this.#below(MEMBERS.length)] ?? "a";
    this.#shares.partitions.releaseMember(GROUP, memberId);
    this.#held = this.#held.filter((held) => held.memberId !== memberId);
  }

  /** Without crashes everything comes to an end; then the books are looked at. */
  async #finish(): Promise<void> {
    await this.#pass(31_000);
    this.#held = [];
    for (let round = 0; round < 400; round++) {
      this.#take();
      for (const held of this.#held.splice(0)) {
        const { live, offset, memberId } = held;
        this.#acceptTried.add(`${live.id.partition}/${offset}`);
        const accept = [{ firstOffset: offset, lastOffset: offset, types: [ACKNOWLEDGE.ACCEPT] }];
        this.#shares.partitions.acknowledge(live, memberId, accept, () => {});
      }
      await this.#pass(20);
    }
    await this.#pass(10_000);
    const dead = this.#deadLetterPlaces();
    this.deadLetters += dead.size;
    for (const name of this.#written) {
      if (!this.#acceptTried.has(name) && !dead.has(name)) throw new Error(`${name} is lost`);
    }
    for (const name of this.#rejectAnswered) {
      if (!dead.has(name)) throw new Error(`${name} was rejected and is no dead letter`);
    }
    for (const partition of this.#topic.partitions) {
      const live = this.#shares.partitions.open(GROUP, this.#topic.id, partition.index);
      if ("error" in live) throw new Error(`open: ${live.error}`);
      expect(live.state.startOffset).toBe(partition.log.highWatermark);
    }
    this.#coordinators?.close();
  }

  #deadLetterPlaces(): Set<string> {
    const places = new Set<string>();
    const log = this.#broker?.partition(DEAD_LETTERS, 0)?.log;
    if (log === undefined) return places;
    let position = log.logStartOffset;
    while (position < log.highWatermark) {
      const read = log.read(position, 100_000, { minOneBatch: true, until: log.highWatermark });
      if (!("nextOffset" in read)) throw new Error("dead letters can't be read");
      for (const { headers, value } of decodeRecords(read.bytes.slice())) {
        const header = (key: string) =>
          new TextDecoder().decode(headers.find((candidate) => candidate.key === key)?.value ?? undefined);
        expect(header(DEAD_LETTER_HEADERS.GROUP)).toBe(GROUP);
        expect(header(DEAD_LETTER_HEADERS.TOPIC)).toBe("jobs");
        expect(new TextDecoder().decode(value ?? undefined)).toStartWith("job ");
        places.add(`${header(DEAD_LETTER_HEADERS.PARTITION)}/${header(DEAD_LETTER_HEADERS.OFFSET)}`);
      }
      position = read.nextOffset;
    }
    return places;
  }
}

async function firstFault(seeds: number, bugs: ShareBugs): Promise<string | null> {
  const total = { crashes: 0, deadLetters: 0, redeliveries: 0 };
  for (let seed = 1; seed <= seeds; seed++) {
    const simulation = new Simulation(seed, bugs);
    try {
      await simulation.run();
    } catch (error) {
      return `seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : error}`;
    }
    total.crashes += simulation.crashes;
    total.deadLetters += simulation.deadLetters;
    total.redeliveries += simulation.redeliveries;
  }
  // A simulation in which nothing goes wrong proves nothing.
  expect(total.crashes).toBe(4 * seeds);
  expect(total.deadLetters).toBeGreaterThan(seeds);
  expect(total.redeliveries).toBeGreaterThan(5 * seeds);
  return null;
}

test(`no record is lost or accepted twice over power cuts, ${SEEDS} seeds`, async () => {
  expect(await firstFault(SEEDS, {})).toBeNull();
}, 120_000);

test("the check sees acknowledgements that are answered before the disk has them", async () => {
  expect(await firstFault(40, { answerBeforeDurable: true })).toMatch(/comes again|delivered .* already/);
}, 120_000);

test("the check sees a restart that forgets how often records were delivered", async () => {
  expect(await firstFault(40, { forgetDeliveryCounts: true })).toContain("already");
}, 120_000);

test("the check sees records that are archived before they are dead letters", async () => {
  expect(await firstFault(40, { archiveBeforeDeadLetter: true })).toMatch(/lost|no dead letter/);
}, 120_000);

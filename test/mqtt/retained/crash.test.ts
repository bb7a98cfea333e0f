import { expect, test } from "bun:test";
import type { PendingBatch } from "../../../src/broker/ingest.ts";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import type { CrashMode } from "../../../src/io/simulated/file-node.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { IN_THE_LOG } from "../../../src/mqtt/joined-batch.ts";
import { DEFAULT_MQTT_LIMITS } from "../../../src/mqtt/limits.ts";
import { RETAINED_TOPIC, RetainedTopic } from "../../../src/mqtt/retained/storage.ts";
import { RETAINED_BUGS, type RetainedBug, RetainedStore } from "../../../src/mqtt/retained/store.ts";
import { RefusedTopic } from "../../../src/mqtt/settled-batches.ts";
import { newStats } from "../../../src/mqtt/stats.ts";
import { TopicEntry } from "../../../src/mqtt/topic-table.ts";
import { type OpenBroker, openBroker } from "../../broker/support.ts";

/** More seeds, or others: HEADWATER_SEEDS=500 HEADWATER_FIRST_SEED=1000 bun test test/mqtt/retained/crash.test.ts */
const SEEDS = Number(process.env.HEADWATER_SEEDS ?? 25);
const FIRST_SEED = Number(process.env.HEADWATER_FIRST_SEED ?? 1);
const SEEDS_FOR_A_BUG = 20;
const CRASHES = 4;
const STEPS = 60;
const TOPICS = 12;
const MODES: readonly CrashMode[] = ["nothing", "everything", "pages", "sectors", "process"];

class Broken extends Error {}

/** What is known of a topic: its states in their order, by number; 0 is "nothing there". */
interface Model {
  readonly name: string;
  /** Payload of each state, null where it takes the message back. */
  readonly states: (string | null)[];
  /** The last state that was acknowledged, and the last that somebody was shown. */
  acked: number;
  shown: number;
}

const FROM = { clientId: "dev", userName: null };
const REFUSED = new RefusedTopic(0, "");

/**
 * Retained messages come and go on a disk whose power is cut at any moment: what a topic has then is what was last
 * acknowledged, or something later, and never older than what a subscriber has seen.
 */
class Simulation {
  readonly #random: SeededRandom;
  readonly #bugs: ReadonlySet<RetainedBug>;
  readonly #models: Model[];
  #syncs: (() => void)[] = [];
  #disk: SimulatedDisk;
  #open: OpenBroker | null = null;
  #store: RetainedStore | null = null;
  #waiting: { readonly batch: PendingBatch; readonly model: Model; readonly state: number }[] = [];
  acks = 0;
  compactions = 0;

  constructor(seed: number, bugs: ReadonlySet<RetainedBug> = new Set()) {
    this.#random = new SeededRandom(seed);
    this.#bugs = bugs;
    this.#models = Array.from({ length: TOPICS }, (_, n) => ({
      name: `t/${n % 3}/${n}`,
      states: [null],
      acked: 0,
      shown: 0,
    }));
    const syncs = (finish: () => void): void => {
      if (this.#store === null || this.#random.chance(0.3)) queueMicrotask(finish);
      else this.#syncs.push(finish);
    };
    this.#disk = new SimulatedDisk({ seed, syncs });
  }

  async run(): Promise<void> {
    await this.#start();
    for (let crash = 0; crash < CRASHES; crash++) {
      for (let step = 0; step < STEPS; step++) await this.#step();
      await this.#crash();
    }
  }

  async #start(): Promise<void> {
    const open = await openBroker(this.#disk);
    this.#open = open;
    const { broker, clock } = open;
    const limits = { ...DEFAULT_MQTT_LIMITS, maxRetainedCacheBytes: this.#random.pick([0, 1_500, 100_000]) };
    const storage = new RetainedTopic(broker);
    const store = new RetainedStore({ storage, clock, limits, stats: newStats(), bugs: this.#bugs });
    if (!store.load()) throw new Broken("the log can't be read");
    // Small segments, so that they are compacted within a run.
    if (broker.topics.get(RETAINED_TOPIC) !== null) {
      const changes = new Map([
        ["segment.bytes", "1500"],
        ["min.cleanable.dirty.ratio", "0.01"],
      ]);
      broker.alterConfigs({ type: 2, name: RETAINED_TOPIC }, changes, () => {});
    }
    this.#store = store;
    this.#check();
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const { clock, store: log } = this.#open as OpenBroker;
    for (let changes = random.below(4); changes > 0; changes--) this.#change();
    if (random.chance(0.4)) clock.settle();
    if (random.chance(0.5)) {
      for (const finish of this.#syncs.splice(0, 1 + random.below(3))) finish();
    }
    await clock.settleAll();
    if (random.chance(0.1)) {
      clock.advance(20_000);
      const done = log.maintain(clock.nowMs());
      for (let rounds = 0; rounds < 20; rounds++) {
        for (const finish of this.#syncs.splice(0)) finish();
        clock.advance(5);
        await clock.settleAll();
      }
      await done;
    }
    this.#noteAcks();
    if (random.chance(0.3)) this.#check();
  }

  #change(): void {
    const random = this.#random;
    const model = random.pick(this.#models);
    const payload = random.chance(0.25) ? null : `${model.states.length} ${"x".repeat(random.below(300))}`;
    const state = model.states.push(payload) - 1;
    const topic = Buffer.from(model.name);
    const message = {
      ...{ topic, payload: Buffer.from(payload ?? ""), properties: null, retain: true, sizeBytes: 0 },
      qos: 1,
      expiresAtMs: Number.POSITIVE_INFINITY,
    } as const;
    const entry = new TopicEntry(topic, model.name, null, REFUSED);
    const nowMs = (this.#open as OpenBroker).clock.nowMs();
    const batch = (this.#store as RetainedStore).keep(entry, message, FROM, nowMs, IN_THE_LOG);
    this.#waiting.push({ batch, model, state });
  }

  #noteAcks(): void {
    this.#waiting = this.#waiting.filter(({ batch, model, state }) => {
      if (batch.state === "refused") throw new Broken(`refused with ${batch.error}`);
      if (batch.state === "durable") {
        model.acked = Math.max(model.acked, state);
        this.acks++;
      }
      return batch.state === "waiting";
    });
  }

  /** What a subscriber would get: not older than what was acknowledged or shown before. */
  #check(): void {
    for (const model of this.#models) {
      const found = this.#store?.find(model.name) ?? null;
      const payload = found === null ? null : Buffer.from(found.payload).toString();
      const first = Math.max(model.acked, model.shown);
      const state = model.states.findIndex((one, number) => number >= first && one === payload);
      if (state < 0)
        throw new Broken(`${model.name}: '${payload?.slice(0, 10)}' is older than state ${first}`);
      model.shown = state;
    }
  }

  async #crash(): Promise<void> {
    const open = this.#open as OpenBroker;
    this.#noteAcks();
    this.#waiting = [];
    this.compactions += open.store.status().compaction.passes;
    const crashed = this.#disk.crash(this.#random.pick(MODES), this.#random.below(2 ** 31));
    this.#disk.halt();
    this.#syncs = [];
    this.#disk = crashed;
    this.#store = null;
    await this.#start();
  }
}

test(`${SEEDS} seeds: after every power cut a topic has what was last acknowledged, or something later`, async () => {
  let acks = 0;
  let compactions = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const simulation = new Simulation(seed);
    try {
      await simulation.run();
    } catch (error) {
      throw new Error(`seed ${seed}: ${error}`, { cause: error });
    }
    acks += simulation.acks;
    compactions += simulation.compactions;
  }
  expect(acks).toBeGreaterThan(SEEDS * 100);
  expect(compactions).toBeGreaterThan(SEEDS / 5);
}, 120_000);

test.each(RETAINED_BUGS)(
  "the simulation notices %s",
  async (bug) => {
    for (let seed = 1; seed <= SEEDS_FOR_A_BUG; seed++) {
      try {
        await new Simulation(seed, new Set([bug])).run();
      } catch (error) {
        expect(error).toBeInstanceOf(Broken);
        return;
      }
    }
    throw new Error(`${bug} went unnoticed for ${SEEDS_FOR_A_BUG} seeds`);
  },
  60_000,
);

import { describe, expect, test } from "bun:test";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import type { CrashMode } from "../../../src/io/simulated/file-node.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { BRIDGE_BUGS, type BridgeBug } from "../../../src/mqtt/bridge/bugs.ts";
import { BridgeRig, rule } from "./bridge-rig.ts";
import { ModelRemote } from "./model-remote.ts";

/** More seeds, or others: HEADWATER_SEEDS=500 HEADWATER_FIRST_SEED=1000 bun test test/mqtt/bridge/simulation.test.ts */
const SEEDS = Number(process.env.HEADWATER_SEEDS ?? 12);
const FIRST_SEED = Number(process.env.HEADWATER_FIRST_SEED ?? 1);
const SEEDS_FOR_A_BUG = 40;
const CRASHES = 4;
const STEPS = 80;
const MODES: readonly CrashMode[] = ["nothing", "everything", "pages", "sectors", "process"];
const SETTINGS = {
  in: [rule("site/#", 1), rule("exact/#", 2)],
  out: [rule("devices/#", 1), rule("twice/#", 2)],
  limits: { maxInFlight: 10, ackTimeoutMs: 2_000, backoffMs: 50, maxBackoffMs: 500, savePositionMs: 200 },
};

class Broken extends Error {}

/**
 * Messages go both ways while connections break, the remote dies and the gateway's power is cut: what was
 * acknowledged on one side is on the other, and of QoS 2 once.
 */
class Simulation {
  readonly #random: SeededRandom;
  readonly #bugs: ReadonlySet<BridgeBug>;
  readonly #remoteForgets: boolean;
  readonly #remote: ModelRemote;
  #disk: SimulatedDisk;
  #rig: BridgeRig | null = null;
  #count = 0;
  /** Syncs that the disk has not ended: what a cut may fall into. */
  #syncs: (() => void)[] = [];
  #isSlow = false;
  /** Texts that are on our disk, by topic: the remote has to get them. */
  readonly #local = new Map<string, string[]>();
  /** Texts that the remote has taken from somebody for the bridge. */
  readonly #distant = new Map<string, string[]>();

  constructor(seed: number, bugs: ReadonlySet<BridgeBug> = new Set(), remoteForgets = false) {
    this.#random = new SeededRandom(seed);
    this.#bugs = bugs;
    this.#remoteForgets = remoteForgets;
    this.#disk = new SimulatedDisk({ seed, syncs: this.#sync });
    // The clock is replaced with the first gateway.
    this.#remote = new ModelRemote(undefined as never, this.#random.fork(), { window: 8 });
  }

  async run(): Promise<void> {
    await this.#start();
    await this.#gateway.run(1_000);
    this.#isSlow = true;
    for (let crash = 0; crash < CRASHES; crash++) {
      for (let step = 0; step < STEPS; step++) await this.#step();
      await this.#crash();
    }
    this.#remote.away = false;
    this.#remote.hangs = false;
    this.#gateway.failsSaves = false;
    this.#isSlow = false;
    this.#endSyncs();
    await this.#gateway.run(20_000, 20);
    this.#judge();
  }

  get #gateway(): BridgeRig {
    if (this.#rig === null) throw new Error("no gateway");
    return this.#rig;
  }

  async #start(): Promise<void> {
    const bugs = this.#bugs;
    this.#rig = await BridgeRig.start({
      disk: this.#disk,
      settings: SETTINGS,
      remote: this.#remote,
      bugs,
      seed: this.#random.below(1_000_000),
    });
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const choice = random.below(100);
    if (choice < 40) this.#publishHere(random.pick(["devices/a", "devices/b", "twice/a"]));
    else if (choice < 70) this.#publishThere(random.pick(["site/a", "exact/a", "exact/b"]));
    else if (choice < 74) this.#remote.cut();
    else if (choice < 76) this.#remote.crash(!this.#remoteForgets);
    else if (choice < 78) this.#remote.away = !this.#remote.away;
    else if (choice < 79) this.#remote.hangs = !this.#remote.hangs;
    else if (choice < 86) this.#endSyncs();
    else if (choice < 88) this.#gateway.failsSaves = !this.#gateway.failsSaves;
    else await this.#gateway.run(random.below(60), 5);
  }

  readonly #sync = (finish: () => void): void => {
    if (!this.#isSlow || this.#random.chance(0.3)) queueMicrotask(finish);
    else this.#syncs.push(finish);
  };

  #endSyncs(): void {
    const syncs = this.#syncs;
    this.#syncs = [];
    for (const finish of syncs) finish();
  }

  #publishHere(topic: string): void {
    const text = `${topic} ${this.#count++}`;
    const gateway = this.#gateway;
    gateway.publish(topic, text, (isDurable) => {
      // What a gateway says that has lost its power is not heard.
      if (isDurable && this.#rig === gateway) listOf(this.#local, topic).push(text);
    });
  }

  /** Of a remote that forgets sessions nothing is owed, since it may have forgotten what it had. */
  #publishThere(topic: string): void {
    if (this.#remoteForgets) return;
    const text = `${topic} ${this.#count++}`;
    this.#remote.publish(topic, text, topic.startsWith("exact") ? 2 : 1);
    listOf(this.#distant, topic).push(text);
  }

  async #crash(): Promise<void> {
    if (this.#random.chance(0.5)) await this.#gateway.run(this.#random.below(100), 5);
    this.#remote.cut();
    this.#isSlow = false;
    this.#syncs = [];
    const crashed = this.#disk.crash(this.#random.pick(MODES), this.#random.below(1_000_000));
    this.#gateway.bridge.abandon();
    this.#rig = null;
    this.#disk = crashed;
    await this.#start();
    this.#isSlow = true;
  }

  #judge(): void {
    for (const [topic, wanted] of this.#local) {
      const got = this.#remote.taken.get(topic) ?? [];
      this.#compare(`out ${topic}`, wanted, got, topic.startsWith("twice") && !this.#remoteForgets);
    }
    const here = this.#gateway.values("mqtt");
    for (const [topic, wanted] of this.#distant) {
      const got = here.filter((text) => text.startsWith(`${topic} `));
      this.#compare(`in ${topic}`, wanted, got, topic.startsWith("exact"));
    }
    if (this.#remote.backlog > 0) throw new Broken(`the remote still has ${this.#remote.backlog}`);
    const { inFlight, lagRecords } = this.#gateway.bridge.status().out;
    if (inFlight > 0 || lagRecords !== 0) throw new Broken(`${inFlight} in flight, ${lagRecords} behind`);
  }

  #compare(what: string, wanted: readonly string[], got: readonly string[], once: boolean): void {
    const firsts = [...new Set(got)];
    const missing = wanted.filter((text) => !firsts.includes(text));
    if (missing.length > 0) throw new Broken(`${what}: ${missing.length} are missing, ${missing[0]} first`);
    // What was not known to be durable may have survived, and arrives too.
    const known = firsts.filter((text) => wanted.includes(text));
    if (known.join() !== wanted.join()) throw new Broken(`${what}: out of order`);
    if (once && got.length !== firsts.length) {
      throw new Broken(`${what}: ${got.length - firsts.length} came twice`);
    }
  }
}

function listOf(map: Map<string, string[]>, key: string): string[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}

describe("what was acknowledged on one side is on the other", () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    test(`seed ${seed}`, async () => {
      await new Simulation(seed).run();
    });
  }

  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    test(`seed ${seed}, with a remote that forgets`, async () => {
      await new Simulation(seed, new Set(), true).run();
    });
  }
});

describe("a bug is noticed:", () => {
  for (const bug of BRIDGE_BUGS) {
    test(bug, async () => {
      let found = false;
      for (let seed = 1; seed <= SEEDS_FOR_A_BUG && !found; seed++) {
        try {
          await new Simulation(seed, new Set([bug])).run();
        } catch (error) {
          if (!(error instanceof Broken)) throw error;
          found = true;
        }
      }
      expect(found).toBe(true);
    }, 60_000);
  }
});

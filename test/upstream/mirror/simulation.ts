import { silentLogger } from "../../../src/base/logger.ts";
import { Broker } from "../../../src/broker/broker.ts";
import { GAP_TOPIC, type Gap, GapLedger } from "../../../src/broker/gap-ledger.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import type { CrashMode } from "../../../src/io/simulated/file-node.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { LogStore } from "../../../src/log/log-store.ts";
import type { Hold } from "../../../src/upstream/link/governor.ts";
import { Mirror, type MirrorBug } from "../../../src/upstream/mirror/mirror.ts";
import { DEFAULT_MIRROR_LIMITS, type MirrorSettings } from "../../../src/upstream/mirror/settings.ts";
import { mirrorTarget } from "../../../src/wiring/mirrors.ts";
import { recordsOf } from "../../broker/support.ts";
import { ModelCentre, ModelTopic } from "./model-topic.ts";

export const LOCAL = "local";

export interface RunOptions {
  readonly seed: number;
  readonly steps: number;
  readonly bugs?: ReadonlySet<MirrorBug>;
  readonly settings?: Partial<MirrorSettings>;
}

/** One life of the gateway's process. */
export interface Life {
  readonly clock: ManualClock;
  readonly broker: Broker;
  readonly store: LogStore;
  readonly mirror: Mirror;
  readonly centre: ModelCentre;
}

/** A gateway on a disk in memory that mirrors a topic of a model, while power and network fail as a seed says. */
export class MirrorRun {
  readonly topic: ModelTopic;
  readonly random: SeededRandom;
  readonly gaps: Gap[] = [];
  readonly messages: string[] = [];
  disk: SimulatedDisk;
  life: Life | null = null;
  wallMs = Date.UTC(2026, 0, 1);
  /** Whether syncs wait, so that a power cut takes what was appended last. */
  holdsSyncs = false;
  /** Whether the ledger of losses takes its time: power may go before it has written anything. */
  holdsLedger = false;
  /** Why the link may not be used. */
  hold: Hold | null = null;
  /** Whether the store has something else in the position's place. */
  forgets = false;
  readonly #bugs: ReadonlySet<MirrorBug>;
  readonly #settings: Partial<MirrorSettings>;
  readonly #syncs: (() => void)[] = [];
  readonly #records: (() => void)[] = [];

  constructor({ seed, bugs = new Set(), settings = {} }: Omit<RunOptions, "steps">, partitions = 3) {
    this.random = new SeededRandom(seed);
    this.topic = new ModelTopic(partitions);
    this.#bugs = bugs;
    this.#settings = settings;
    this.disk = new SimulatedDisk({
      seed,
      syncs: (finish) => {
        if (this.holdsSyncs) this.#syncs.push(finish);
        else queueMicrotask(finish);
      },
    });
  }

  async start(): Promise<Life> {
    const clock = new ManualClock(this.wallMs);
    const { disk, random } = this;
    const store = await LogStore.open({ disk, clock, folder: "/data", random: random.fork() });
    const broker = new Broker({
      ...{ store, clock, random: random.fork(), logger: silentLogger, nodeId: 1, clusterId: "c" },
      ...{ topicDefaults: new Map(), autoCreateTopics: true, defaultPartitions: 1, maxPartitions: 100 },
    });
    const centre = new ModelCentre(this.topic, clock, random.fork());
    const ledger = new GapLedger(broker, silentLogger);
    const state = broker.openState("__headwater_uplink");
    const mirror = new Mirror(
      {
        ...{ uplink: "u", centralTopic: "central", topic: LOCAL, keys: [], headers: [], from: "earliest" },
        partitions: 2,
        limits: {
          ...DEFAULT_MIRROR_LIMITS,
          saveMs: 300,
          batchBytes: 200,
          refreshMs: 3_000,
          maxBackoffMs: 400,
        },
        ...this.#settings,
      },
      centre,
      mirrorTarget(broker),
      {
        load: async () => (this.forgets ? new Uint8Array(3) : state.get("m")),
        save: (value) => state.set("m", value),
      },
      { clock, random: random.fork(), knownNowMs: () => clock.nowMs() + 0.5 },
      {
        gaps: {
          record: (gaps, done) => {
            this.gaps.push(...gaps);
            if (this.holdsLedger) this.#records.push(() => ledger.record(gaps, done));
            else ledger.record(gaps, done);
          },
        },
        onState: (_, message) => void this.messages.push(message),
        onTrouble: (message) => void this.messages.push(message),
      },
      () => this.hold,
      this.#bugs,
    );
    mirror.start();
    this.life = { clock, broker, store, mirror, centre };
    return this.life;
  }

  async advance(durationMs: number): Promise<void> {
    const { life } = this;
    if (life === null) return;
    for (let left = durationMs; left > 0; left -= 5) {
      await life.clock.settleAll();
      life.clock.advance(5);
      this.wallMs += 5;
    }
    await life.clock.settleAll();
  }

  releaseLedger(): void {
    this.holdsLedger = false;
    for (const record of this.#records.splice(0)) record();
  }

  finishSyncs(): void {
    for (const finish of this.#syncs.splice(0)) finish();
  }

  /** Power goes. What was not synced may be there, or not. */
  crash(mode: CrashMode = this.random.chance(0.5) ? "nothing" : "pages"): void {
    this.life = null;
    this.#syncs.length = 0;
    this.#records.length = 0;
    this.disk = this.disk.crash(mode, this.random.below(2 ** 30));
  }

  /** What the ledger says of losses, by central partition: reason, first and last offset. */
  entries(): readonly (readonly [string, number, number, number])[] {
    if (this.life === null) return [];
    const opened = { ...this.life, disk: this.disk, warnings: [] };
    return recordsOf(opened, GAP_TOPIC).map(({ value }) => {
      const entry = JSON.parse(new TextDecoder().decode(value ?? undefined));
      return [entry.reason, entry.partition, entry.firstOffset, entry.lastOffset] as const;
    });
  }

  /** All there is here, by key, in order. */
  local(): ReadonlyMap<string, readonly (string | null)[]> {
    const { life } = this;
    const found = new Map<string, (string | null)[]>();
    if (life === null) return found;
    const decoder = new TextDecoder();
    const count = life.broker.topics.get(LOCAL)?.partitions.length ?? 0;
    for (let partition = 0; partition < count; partition += 1) {
      const opened = { ...life, disk: this.disk, warnings: [] };
      for (const { key, value } of recordsOf(opened, LOCAL, partition)) {
        const name = key === null ? "-" : decoder.decode(key);
        const values = found.get(name) ?? [];
        values.push(value === null ? null : decoder.decode(value));
        found.set(name, values);
      }
    }
    return found;
  }
}

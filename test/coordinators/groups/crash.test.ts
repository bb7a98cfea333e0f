import { expect, test } from "bun:test";
import * as assert from "uvu/assert";
import { silentLogger } from "../../../src/base/logger.ts";
import { Broker } from "../../../src/broker/broker.ts";
import { defaultSettings } from "../../../src/config/options.ts";
import { type Coordinators, openCoordinators } from "../../../src/coordinators/coordinators.ts";
import type { JoinResult, SyncResult } from "../../../src/coordinators/groups/classic/classic-protocol.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import type { LogBug } from "../../../src/log/log-config.ts";
import { LogStore } from "../../../src/log/log-store.ts";
import { bytes, subscription } from "./support.ts";

const GROUPS = ["a", "b", "c"];
const PARTITIONS = 4;
const SETTINGS = defaultSettings({ "group.initial.rebalance.delay.ms": 0 });

/** What clients were told, and what they have asked for. */
interface Told {
  /** By `group/partition`: the highest offset that was acknowledged since the group was deleted last. */
  readonly acked: Map<string, number>;
  readonly sent: Map<string, number>;
  /** Generation of the one member that was told its assignment. */
  generation: number;
}

interface Machine {
  readonly store: LogStore;
  readonly broker: Broker;
  readonly coordinators: Coordinators;
}

async function start(disk: SimulatedDisk, clock: ManualClock, bugs: ReadonlySet<LogBug>): Promise<Machine> {
  const store = await LogStore.open({ disk, clock, folder: "/data", random: new SeededRandom(5), bugs });
  const broker = new Broker({
    store,
    clock,
    random: new SeededRandom(11),
    logger: silentLogger,
    nodeId: 1,
    clusterId: "test",
    topicDefaults: new Map(),
    autoCreateTopics: true,
    defaultPartitions: PARTITIONS,
    maxPartitions: 100,
  });
  const random = new SeededRandom(13);
  return {
    store,
    broker,
    coordinators: openCoordinators({ broker, random, logger: silentLogger, settings: SETTINGS }),
  };
}

class Workload {
  readonly told: Told = { acked: new Map(), sent: new Map(), generation: 0 };
  readonly #machine: Machine;
  readonly #clock: ManualClock;
  readonly #random: SeededRandom;
  /** Transactions that are open, by producer id, and what they would commit. */
  readonly #open = new Map<number, { readonly place: string; readonly offset: number }[]>();
  /** Groups whose deletion is not answered yet: what they have told counts no more. */
  readonly #epoch = new Map<string, number>();
  #nextProducerId = 1000;

  constructor(machine: Machine, clock: ManualClock, seed: number) {
    this.#machine = machine;
    this.#clock = clock;
    this.#random = new SeededRandom(seed);
  }

  step(): void {
    const choice = this.#random.below(20);
    if (choice < 11) this.#commit(null);
    else if (choice < 14) this.#commit(this.#producer());
    else if (choice < 16) this.#end();
    else if (choice < 17) this.#delete();
    else this.#rebalance();
  }

  #producer(): number {
    const open = [...this.#open.keys()];
    if (open.length > 1) return this.#random.pick(open);
    this.#nextProducerId += 1;
    this.#open.set(this.#nextProducerId, []);
    return this.#nextProducerId;
  }

  #commit(producerId: number | null): void {
    const groupId = this.#random.pick(GROUPS);
    const partition = this.#random.below(PARTITIONS);
    const place = `${groupId}/${partition}`;
    const offset = (this.told.sent.get(place) ?? 0) + 1;
    this.told.sent.set(place, offset);
    const topic = this.#machine.broker.topics.get("t");
    assert.ok(topic !== null);
    const request = {
      groupId,
      caller: { memberId: "", groupInstanceId: null, generationOrEpoch: -1 },
      version: 9,
      retentionMs: -1,
      topics: [
        {
          name: "t",
          id: (topic as NonNullable<typeof topic>).id,
          partitions: [{ partition, offset, leaderEpoch: -1, metadata: "x".repeat(this.#random.below(200)) }],
        },
      ],
    };
    const epoch = this.#epoch.get(groupId) ?? 0;
    const { offsets } = this.#machine.coordinators.groups;
    if (producerId !== null) {
      offsets.commitTransactional({ producerId, producerEpoch: 0 }, request, (errors) => {
        if (errors[0]?.[0] === 0) this.#open.get(producerId)?.push({ place, offset });
      });
      return;
    }
    offsets.commit(request, (errors) => {
      if (errors[0]?.[0] === 0 && (this.#epoch.get(groupId) ?? 0) === epoch) this.#ack(place, offset);
    });
  }

  #ack(place: string, offset: number): void {
    if (offset > 0) this.told.acked.set(place, Math.max(offset, this.told.acked.get(place) ?? 0));
  }

  #end(): void {
    const open = [...this.#open.keys()];
    if (open.length === 0) return;
    const producerId = this.#random.pick(open);
    // Offsets that are not acknowledged yet are no part of what may be expected.
    const offsets = this.#open.get(producerId) ?? [];
    const epochs = new Map(this.#epoch);
    this.#open.delete(producerId);
    const outcome = this.#random.chance(0.7) ? "commit" : "abort";
    const marker = { producerId, producerEpoch: 0, coordinatorEpoch: 0, outcome } as const;
    const before = new Map(this.told.acked);
    this.#machine.coordinators.groups.appendMarker(marker, (error) => {
      if (error !== 0 || outcome === "abort") return;
      for (const { place, offset } of offsets) {
        const group = place.slice(0, 1);
        const standing = before.get(place) ?? 0;
        // A later plain commit stands; a deletion takes both.
        if ((epochs.get(group) ?? 0) === (this.#epoch.get(group) ?? 0) && standing < offset)
          this.#ack(place, Math.min(offset, this.#now(place)));
      }
    });
  }

  #now(place: string): number {
    const [groupId = "", partition = ""] = place.split("/");
    return Number(
      this.#machine.coordinators.groups.offsets.get(groupId, "t", Number(partition))?.offset ?? 0,
    );
  }

  #delete(): void {
    const groupId = this.#random.pick(GROUPS);
    this.#epoch.set(groupId, (this.#epoch.get(groupId) ?? 0) + 1);
    for (const place of [...this.told.acked.keys()]) {
      if (place.startsWith(`${groupId}/`)) this.told.acked.delete(place);
    }
    for (const offsets of this.#open.values()) {
      for (let at = offsets.length - 1; at >= 0; at -= 1) {
        if (offsets[at]?.place.startsWith(`${groupId}/`)) offsets.splice(at, 1);
      }
    }
    this.#machine.coordinators.groups.delete(groupId, () => {});
  }

  /** One static member that comes again and again, in a group of its own. */
  #rebalance(): void {
    const { classic } = this.#machine.coordinators.groups;
    const known = classic.get("members")?.staticMemberId("one") ?? null;
    classic.join(
      {
        groupId: "members",
        memberId: known ?? "",
        groupInstanceId: "one",
        clientId: "client",
        clientHost: "/127.0.0.1",
        sessionTimeoutMs: 1_800_000,
        rebalanceTimeoutMs: 1_800_000,
        protocolType: "consumer",
        protocols: [{ name: "range", metadata: subscription(["t"]) }],
        requireKnownMemberId: true,
        supportsSkippingAssignment: true,
      },
      (joined) => this.#joined(joined),
    );
    this.#clock.advance(1);
  }

  #joined({ error, memberId, generationId }: JoinResult): void {
    if (error !== 0) return;
    const assignments = [{ memberId, assignment: bytes(String(generationId)) }];
    const said = { groupInstanceId: "one", protocolType: null, protocolName: null, assignments };
    this.#machine.coordinators.groups.classic.sync(
      { groupId: "members", generationId, memberId, ...said },
      (synced: SyncResult) => {
        if (synced.error === 0) this.told.generation = Math.max(this.told.generation, generationId);
      },
    );
  }
}

interface Snapshot {
  readonly disk: SimulatedDisk;
  readonly told: Told;
}

/** Runs the workload and keeps what a power cut would leave at moments that the seed draws. */
async function run(seed: number, bugs: ReadonlySet<LogBug>): Promise<Snapshot[]> {
  const random = new SeededRandom(seed);
  const snapshots: Snapshot[] = [];
  let workload: Workload | null = null;
  const disk: SimulatedDisk = new SimulatedDisk({
    seed,
    onOperation() {
      if (workload === null || snapshots.length >= 12 || !random.chance(0.02)) return;
      const { acked, sent, generation } = workload.told;
      const told = { acked: new Map(acked), sent: new Map(sent), generation };
      snapshots.push({ disk: disk.crash(random.pick(["nothing", "pages", "sectors"])), told });
    },
  });
  const clock = new ManualClock();
  const machine = await start(disk, clock, bugs);
  machine.broker.createTopic({ name: "t", partitionCount: PARTITIONS, configs: new Map() }, () => {});
  await clock.settleAll();
  workload = new Workload(machine, clock, seed);
  for (let step = 0; step < 300; step += 1) {
    workload.step();
    if (random.chance(0.3)) {
      clock.advance(2);
      await clock.settleAll();
    }
  }
  return snapshots;
}

async function check({ disk, told }: Snapshot): Promise<void> {
  const clock = new ManualClock();
  const { coordinators } = await start(disk, clock, new Set());
  const { offsets, classic } = coordinators.groups;
  for (const [place, acked] of told.acked) {
    const [groupId = "", partition = ""] = place.split("/");
    const now = Number(offsets.get(groupId, "t", Number(partition))?.offset ?? -1);
    assert.ok(now >= acked, `${place} is at ${now}, ${acked} was acknowledged`);
    assert.ok(now <= (told.sent.get(place) ?? 0), `${place} is at ${now}, which nobody has committed`);
  }
  if (told.generation === 0) return;
  const group = classic.get("members");
  assert.ok(group !== null && group.generationId >= told.generation, "a generation that was told is lost");
  const member = [...(group?.members.values() ?? [])][0];
  assert.is(new TextDecoder().decode(member?.assignment), String(group?.generationId));
}

test("offsets and groups are as they were acknowledged after a power cut at any moment", async () => {
  let checked = 0;
  let acked = 0;
  let generations = 0;
  for (let seed = 1; seed <= 25; seed += 1) {
    for (const snapshot of await run(seed, new Set())) {
      try {
        await check(snapshot);
      } catch (error) {
        throw new Error(`seed ${seed}: ${error}`, { cause: error });
      }
      checked += 1;
      acked += snapshot.told.acked.size;
      generations += snapshot.told.generation;
    }
  }
  expect(checked).toBeGreaterThan(100);
  expect(acked).toBeGreaterThan(checked);
  expect(generations).toBeGreaterThan(checked);
}, 60_000);

test("a deliberate bug is found: acknowledged before the sync", async () => {
  let found = "";
  for (let seed = 1; seed <= 20 && found === ""; seed += 1) {
    for (const snapshot of await run(seed, new Set<LogBug>(["ack-before-sync"]))) {
      await check(snapshot).catch((error: unknown) => {
        found = String(error);
      });
    }
  }
  expect(found).toMatch(/was acknowledged|is lost/);
}, 60_000);

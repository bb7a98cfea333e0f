import { expect, test } from "bun:test";
import * as assert from "uvu/assert";
import type { Uuid } from "../../../../src/base/ids.ts";
import type { JoinResult, SyncResult } from "../../../../src/coordinators/groups/classic/classic-protocol.ts";
import type { HeartbeatAnswer } from "../../../../src/coordinators/groups/consumer/heartbeats.ts";
import { classicAssignment } from "../../../../src/coordinators/groups/consumer/migration.ts";
import { SeededRandom } from "../../../../src/io/simulated/random.ts";
import { readConsumerProtocolAssignment } from "../../../../src/kafka/wire/generated/consumer-protocol-assignment.ts";
import { ERROR } from "../../../../src/kafka/wire/generated/errors.ts";
import { Reader } from "../../../../src/kafka/wire/reader.ts";
import { Answered, GroupWorld, subscription } from "../support.ts";
import { beat, checkGroup } from "./support.ts";

const PARTITIONS = 6;
const GROUP = "g";

/** Bugs that the simulation has to find: it would be worth nothing otherwise. */
type Bug = "forgets-what-classic-members-have" | "gives-away-what-is-held";

/** A consumer of either protocol. It may stop without a word, stall, and start again. */
interface Consumer {
  readonly name: string;
  readonly memberId: string;
  /** The generation, or the member epoch. */
  readonly epoch: number;
  readonly owned: ReadonlySet<number>;
  readonly alive: boolean;
  start(): void;
  stop(): void;
  leave(world: GroupWorld): void;
  disconnect(): void;
  step(world: GroupWorld): void;
}

/** Gives everything up before it joins, shares out in runs where it leads, and does what heartbeats tell it. */
class ClassicConsumer implements Consumer {
  readonly name: string;
  memberId = "";
  epoch = -1;
  owned = new Set<number>();
  alive = false;
  #joining: Answered<JoinResult> | null = null;
  #syncing: Answered<SyncResult> | null = null;

  constructor(name: string) {
    this.name = name;
  }

  start(): void {
    this.alive = true;
    this.#begin(true);
  }

  stop(): void {
    this.alive = false;
    this.#begin(true);
  }

  leave(world: GroupWorld): void {
    const members = [{ memberId: this.memberId, groupInstanceId: null }];
    if (this.memberId !== "") world.groups.classic.leave({ groupId: GROUP, members }, () => {});
    this.stop();
  }

  disconnect(): void {
    if (this.#joining !== null || this.#syncing !== null) this.#begin(false);
  }

  step(world: GroupWorld): void {
    if (this.#joining !== null) this.#joined(world);
    else if (this.#syncing !== null) this.#synced();
    else if (this.epoch === -1) this.#join(world);
    else this.#told(world.heartbeat(GROUP, { memberId: this.memberId, generationId: this.epoch }));
  }

  #begin(forget: boolean): void {
    if (forget) this.memberId = "";
    this.epoch = -1;
    this.owned = new Set();
    this.#joining = null;
    this.#syncing = null;
  }

  #told(error: number): void {
    if (error === ERROR.NONE) return;
    this.#begin(error === ERROR.UNKNOWN_MEMBER_ID);
  }

  #join(world: GroupWorld): void {
    this.#joining = world.join(GROUP, {
      memberId: this.memberId,
      requireKnownMemberId: true,
      rebalanceTimeoutMs: 20_000,
      protocols: [{ name: "range", metadata: subscription(["t"]) }],
    });
  }

  #joined(world: GroupWorld): void {
    const result = this.#joining?.result ?? null;
    if (result === null) return;
    this.#joining = null;
    if (result.error === ERROR.MEMBER_ID_REQUIRED) this.memberId = result.memberId;
    else if (result.error !== ERROR.NONE) this.#told(result.error);
    else {
      this.memberId = result.memberId;
      this.epoch = result.generationId;
      this.#sync(world, result);
    }
  }

  #sync(world: GroupWorld, { members }: JoinResult): void {
    this.#syncing = new Answered();
    const id = world.topics.get("t")?.id as Uuid;
    const assignments = members.map(({ memberId, metadata }, index) => {
      const mine = Array.from({ length: PARTITIONS }, (_, partition) => partition).filter(
        (partition) => partition % members.length === index,
      );
      return { memberId, assignment: classicAssignment(new Map([[id, mine]]), metadata, world.topics) };
    });
    world.groups.classic.sync(
      {
        groupId: GROUP,
        memberId: this.memberId,
        generationId: this.epoch,
        groupInstanceId: null,
        protocolType: "consumer",
        protocolName: "range",
        assignments,
      },
      this.#syncing.take,
    );
  }

  #synced(): void {
    const result = this.#syncing?.result ?? null;
    if (result === null) return;
    this.#syncing = null;
    if (result.error !== ERROR.NONE) {
      this.#told(result.error);
      return;
    }
    if (result.assignment.length === 0) return;
    const reader = new Reader(result.assignment);
    const { assignedPartitions } = readConsumerProtocolAssignment(reader, reader.int16());
    this.owned = new Set(assignedPartitions.flatMap(({ partitions }) => [...partitions]));
  }
}

class ModernConsumer implements Consumer {
  readonly name: string;
  memberId = "";
  epoch = 0;
  owned = new Set<number>();
  alive = false;
  #incarnation = 0;
  #waiting: Answered<HeartbeatAnswer> | null = null;

  constructor(name: string) {
    this.name = name;
  }

  start(): void {
    this.alive = true;
    this.#incarnation += 1;
    this.memberId = `${this.name}-${this.#incarnation}`;
    this.#begin();
  }

  stop(): void {
    this.alive = false;
    this.#begin();
  }

  leave(world: GroupWorld): void {
    beat(world, { memberId: this.memberId, memberEpoch: -1 });
    this.stop();
  }

  disconnect(): void {
    this.#waiting = null;
  }

  step(world: GroupWorld): void {
    if (this.#waiting === null) {
      const topicId = world.topics.get("t")?.id as Uuid;
      this.#waiting = beat(world, {
        memberId: this.memberId,
        memberEpoch: this.epoch,
        rebalanceTimeoutMs: 20_000,
        subscribedTopicNames: ["t"],
        topicPartitions: this.owned.size === 0 ? [] : [{ topicId, partitions: [...this.owned] }],
      });
      return;
    }
    const answer = this.#waiting.result;
    if (answer === null) return;
    this.#waiting = null;
    if (answer.error !== ERROR.NONE) {
      this.#begin();
      return;
    }
    this.epoch = answer.memberEpoch;
    if (answer.assignment === null) return;
    this.owned = new Set([...answer.assignment.values()].flat());
  }

  #begin(): void {
    this.epoch = 0;
    this.owned = new Set();
    this.#waiting = null;
  }
}

/** Consumers of both protocols in one group, which is of the one kind now and of the other then. */
class Simulation {
  world = new GroupWorld({ "group.initial.rebalance.delay.ms": 500 });
  readonly random: SeededRandom;
  readonly consumers: readonly Consumer[];
  readonly kinds = new Set<string>();
  readonly #bug: Bug | null;

  constructor(seed: number, bug: Bug | null) {
    this.random = new SeededRandom(seed);
    this.#bug = bug;
    this.consumers = [
      ...[0, 1, 2].map((index) => new ClassicConsumer(`c${index}`)),
      ...[0, 1].map((index) => new ModernConsumer(`m${index}`)),
    ];
    this.world.topics.add("t", PARTITIONS);
    this.world.log.held = true;
  }

  step(): void {
    const choice = this.random.below(1000);
    const consumer = this.random.pick(this.consumers);
    if (choice < 650) {
      if (consumer.alive) consumer.step(this.world);
    } else if (choice < 850) this.world.log.sync();
    else if (choice < 960) this.world.clock.advance(this.random.below(2000));
    else if (choice < 990) this.#comeOrGo(consumer);
    else if (choice < 995) this.world.clock.advance(46_000);
    else this.#crash();
    this.#plant();
    this.check();
  }

  settle(): void {
    for (const consumer of this.consumers) if (!consumer.alive) consumer.start();
    for (let turn = 0; turn < 600; turn += 1) {
      for (const consumer of this.consumers) consumer.step(this.world);
      this.world.log.sync();
      this.world.clock.advance(500);
      this.check();
    }
    assert.is(this.world.groups.registry.get(GROUP)?.kind, "consumer");
    assert.is(this.world.state(GROUP), "Stable");
    const owned = this.consumers.flatMap((consumer) => [...consumer.owned]).sort();
    assert.equal(owned, [0, 1, 2, 3, 4, 5]);
    // The last of one protocol leave: the others go on by themselves.
    for (const consumer of this.consumers.slice(3)) consumer.leave(this.world);
    for (let turn = 0; turn < 200; turn += 1) {
      for (const consumer of this.consumers.slice(0, 3)) consumer.step(this.world);
      this.world.log.sync();
      this.world.clock.advance(500);
      this.check();
    }
    assert.is(this.world.groups.registry.get(GROUP)?.kind, "classic");
    assert.is(this.world.state(GROUP), "Stable");
  }

  /** No two consumers can commit for one partition that each of them thinks its own. */
  check(): void {
    const group = this.world.groups.registry.get(GROUP);
    if (group === null) return;
    this.kinds.add(group.kind);
    const modern = this.world.groups.consumers.get(GROUP);
    if (modern !== null) checkGroup(modern);
    const id = this.world.topics.get("t")?.id as Uuid;
    const owners = new Map<number, string>();
    for (const { name, memberId, epoch: generationOrEpoch, owned } of this.consumers) {
      const caller = { memberId, groupInstanceId: null, generationOrEpoch };
      for (const partition of owned) {
        const error =
          group.commitError(caller, false, 9) || (group.commitPartitionError?.(caller, id, partition) ?? 0);
        if (error !== 0) continue;
        const other = owners.get(partition);
        assert.is(other, undefined, `${partition} is consumed by ${other} and by ${name}`);
        owners.set(partition, name);
      }
    }
  }

  #comeOrGo(consumer: Consumer): void {
    if (!consumer.alive) consumer.start();
    else if (this.random.chance(0.5)) consumer.stop();
    else consumer.leave(this.world);
  }

  #crash(): void {
    const entries = this.world.log.survivors(this.random.fraction());
    const { clock, topics, settings } = this.world;
    clock.advance(1);
    this.world.groups.close();
    this.world = new GroupWorld(settings, { clock, topics, entries });
    this.world.log.held = true;
    for (const consumer of this.consumers) consumer.disconnect();
  }

  #plant(): void {
    if (this.#bug === "gives-away-what-is-held") {
      const group = this.world.groups.consumers.get(GROUP);
      if (group !== null) Object.assign(group, { ownerOf: () => undefined });
    }
    if (this.#bug !== "forgets-what-classic-members-have") return;
    for (const member of this.world.groups.classic.get(GROUP)?.members.values() ?? []) {
      member.assignment = new Uint8Array(0);
    }
  }
}

function run(seed: number, steps: number, bug: Bug | null = null): Simulation {
  const simulation = new Simulation(seed, bug);
  for (let step = 0; step < steps; step += 1) simulation.step();
  simulation.settle();
  return simulation;
}

test("consumers of both protocols share a group that migrates to and fro, over power cuts, by seed", () => {
  let migrated = 0;
  for (let seed = 1; seed <= 80; seed += 1) {
    try {
      if (run(seed, 1500).kinds.size === 2) migrated += 1;
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
    }
  }
  expect(migrated).toBe(80);
}, 60_000);

test.each(["forgets-what-classic-members-have", "gives-away-what-is-held"] as const)(
  "the simulation finds a planted bug: %s",
  (bug) => {
    const found = Array.from({ length: 30 }, (_, index) => index + 1).some((seed) => {
      try {
        run(seed, 1500, bug);
        return false;
      } catch {
        return true;
      }
    });
    expect(found).toBe(true);
  },
  60_000,
);

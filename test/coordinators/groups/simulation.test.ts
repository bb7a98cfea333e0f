import { expect, test } from "bun:test";
import * as assert from "uvu/assert";
import type { JoinResult, SyncResult } from "../../../src/coordinators/groups/classic/classic-protocol.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import { type Answered, bytes, GroupWorld, text } from "./support.ts";

const PARTITIONS = 12;
const GROUP = "g";
const SEEDS = 60;
const STEPS = 1500;

/** Bugs that the simulation has to find: it would be worth nothing otherwise. */
type Bug = "ack-before-durable" | "lost-record";

/**
 * A consumer as the clients are: joins, shares out where it leads, heartbeats, commits what it has. It may be
 * slow, stop without a word, and start again.
 */
class Consumer {
  readonly name: string;
  readonly instanceId: string | null;
  alive = true;
  memberId = "";
  generationId = -1;
  owned: readonly number[] = [];
  #joining: Answered<JoinResult> | null = null;
  #syncing: Answered<SyncResult> | null = null;

  constructor(name: string, instanceId: string | null) {
    this.name = name;
    this.instanceId = instanceId;
  }

  get stable(): boolean {
    return this.#joining === null && this.#syncing === null && this.generationId >= 0;
  }

  /** Does what comes next for it. */
  step(run: Simulation): void {
    if (!this.alive) return;
    if (this.#joining !== null) this.#joined(run);
    else if (this.#syncing !== null) this.#synced(run);
    else if (this.generationId === -1) this.#join(run);
    else this.#beat(run);
  }

  /** The broker has gone: whatever was asked has no answer. */
  disconnect(): void {
    this.#joining = null;
    this.#syncing = null;
    // It has what it has, and asks again.
    if (this.owned.length === 0) this.generationId = -1;
  }

  stop(): void {
    this.alive = false;
    this.owned = [];
    this.disconnect();
  }

  start(): void {
    this.alive = true;
    this.memberId = "";
    this.generationId = -1;
  }

  #join(run: Simulation): void {
    this.owned = [];
    this.#joining = run.world.join(GROUP, {
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      clientId: this.name,
      requireKnownMemberId: true,
      supportsSkippingAssignment: true,
      protocols: [{ name: "range", metadata: bytes(this.name) }],
    });
  }

  #joined(run: Simulation): void {
    const result = this.#joining?.result ?? null;
    if (result === null) return;
    this.#joining = null;
    if (result.error === ERROR.MEMBER_ID_REQUIRED) {
      this.memberId = result.memberId;
      return;
    }
    if (result.error !== ERROR.NONE) {
      this.#reset(result.error);
      return;
    }
    run.checkLeader(result);
    this.memberId = result.memberId;
    this.generationId = result.generationId;
    const leads = result.leader === result.memberId && !result.skipAssignment;
    this.#syncing = run.world.sync(GROUP, result, leads ? shareOut(result) : {}, {
      groupInstanceId: this.instanceId,
    });
  }

  #synced(run: Simulation): void {
    const result = this.#syncing?.result ?? null;
    if (result === null) return;
    this.#syncing = null;
    if (result.error !== ERROR.NONE) {
      this.#reset(result.error);
      return;
    }
    this.owned = text(result.assignment)
      .split(",")
      .filter((part) => part !== "")
      .map(Number);
    run.checkAssignment(this);
  }

  #beat(run: Simulation): void {
    const error = run.world.heartbeat(GROUP, this, { groupInstanceId: this.instanceId });
    if (error !== ERROR.NONE) {
      this.#reset(error);
      return;
    }
    for (const partition of this.owned) run.commit(this, partition);
  }

  #reset(error: number): void {
    this.generationId = -1;
    this.owned = [];
    if (error !== ERROR.REBALANCE_IN_PROGRESS && error !== ERROR.NOT_COORDINATOR) this.memberId = "";
  }
}

function shareOut({ members }: JoinResult): Record<string, string> {
  return Object.fromEntries(
    members.map(({ memberId }, index) => {
      const mine = Array.from({ length: PARTITIONS }, (_, partition) => partition).filter(
        (partition) => partition % members.length === index,
      );
      return [memberId, mine.join(",")];
    }),
  );
}

/** Consumers of one group over a broker that loses power now and then, checked at every step. */
class Simulation {
  world = new GroupWorld({ "group.initial.rebalance.delay.ms": 500 });
  readonly random: SeededRandom;
  readonly consumers: Consumer[];
  readonly #bug: Bug | null;
  /** For each partition the offsets that were acknowledged, and those that were not answered yet. */
  readonly #acked = new Map<number, number>();
  readonly #sent = new Map<number, number>();
  readonly #leaders = new Map<number, string>();
  readonly #assignments = new Map<string, string>();
  #unanswered: { partition: number; offset: number; answered: Answered<number> }[] = [];
  /** How much has happened, so that a run in which nothing does is seen. */
  readonly done = { commits: 0, generations: 0, crashes: 0 };

  constructor(seed: number, bug: Bug | null = null) {
    this.random = new SeededRandom(seed);
    this.#bug = bug;
    this.consumers = Array.from(
      { length: 4 },
      (_, index) => new Consumer(`c${index}`, index === 3 ? "static" : null),
    );
    this.world.topics.add("t", PARTITIONS);
    this.world.log.held = true;
  }

  step(): void {
    const choice = this.random.below(100);
    const consumer = this.consumers[this.random.below(this.consumers.length)] as Consumer;
    if (choice < 60) consumer.step(this);
    else if (choice < 80) this.world.log.sync();
    else if (choice < 95) this.world.clock.advance(this.random.below(1500));
    else if (choice < 97) {
      if (consumer.alive) consumer.stop();
      else consumer.start();
    } else if (choice < 98) this.#leave(consumer);
    else if (choice < 99) this.#crash();
    this.#checkCommitted();
  }

  /** Everybody is well for a minute: the group has to settle, with everything owned once. */
  settle(): void {
    for (const consumer of this.consumers) if (!consumer.alive) consumer.start();
    for (let turn = 0; turn < 600; turn += 1) {
      for (const consumer of this.consumers) consumer.step(this);
      this.world.log.sync();
      this.world.clock.advance(100);
    }
    assert.is(this.world.state(GROUP), "Stable");
    const owned = this.consumers.flatMap((consumer) => consumer.owned).sort((a, b) => a - b);
    assert.equal(
      owned,
      Array.from({ length: PARTITIONS }, (_, partition) => partition),
    );
    assert.is(new Set(this.consumers.map(({ generationId }) => generationId)).size, 1);
    assert.ok(this.consumers.every(({ stable }) => stable));
  }

  commit(consumer: Consumer, partition: number): void {
    const offset = (this.#sent.get(partition) ?? 0) + 1;
    this.#sent.set(partition, offset);
    const { memberId, generationId, instanceId } = consumer;
    const said = { memberId, generationId, groupInstanceId: instanceId };
    const answered = this.world.commit(GROUP, "t", partition, offset, said);
    if (this.#bug === "ack-before-durable") this.#acked.set(partition, offset);
    else this.#unanswered.push({ partition, offset, answered });
  }

  checkLeader({ generationId, leader }: JoinResult): void {
    const known = this.#leaders.get(generationId) ?? leader;
    // A static leader may come back under another id.
    assert.ok(known === leader || leader.startsWith("static-"), `generation ${generationId} has two leaders`);
    this.#leaders.set(generationId, leader);
    this.done.generations = Math.max(this.done.generations, generationId);
  }

  /** In a generation nobody is assigned what another has. */
  checkAssignment({ generationId, name, owned }: Consumer): void {
    for (const partition of owned) {
      const place = `${generationId}/${partition}`;
      const holder = this.#assignments.get(place) ?? name;
      assert.is(holder, name, `partition ${partition} went to two members of generation ${generationId}`);
      this.#assignments.set(place, name);
    }
  }

  #leave(consumer: Consumer): void {
    if (!consumer.alive || consumer.memberId === "") return;
    this.world.leaving(GROUP, [{ memberId: consumer.memberId, groupInstanceId: consumer.instanceId }]);
    consumer.stop();
  }

  #crash(): void {
    this.#takeAcks();
    this.#unanswered = [];
    this.done.crashes += 1;
    // Generations that were never written down may be counted again after this.
    this.#leaders.clear();
    this.#assignments.clear();
    const entries = this.world.log.survivors(this.random.fraction());
    const lost = this.#bug === "lost-record" ? entries.slice(0, -3) : entries;
    this.world.groups.close();
    const { clock, topics, settings } = this.world;
    this.world = new GroupWorld(settings, { clock, topics, entries: lost });
    this.world.log.held = true;
    for (const consumer of this.consumers) consumer.disconnect();
  }

  #takeAcks(): void {
    this.#unanswered = this.#unanswered.filter(({ partition, offset, answered }) => {
      if (answered.result === null) return true;
      if (answered.result !== ERROR.NONE) return false;
      this.#acked.set(partition, Math.max(offset, this.#acked.get(partition) ?? 0));
      this.done.commits += 1;
      return false;
    });
  }

  /** What was acknowledged is there, and nothing that was never sent. */
  #checkCommitted(): void {
    this.#takeAcks();
    for (const [partition, offset] of this.#acked) {
      const now = this.world.offset(GROUP, "t", partition);
      assert.ok(now >= offset, `partition ${partition} is at ${now}, ${offset} was acknowledged`);
      assert.ok(now <= (this.#sent.get(partition) ?? 0));
    }
  }
}

function run(seed: number, steps: number, bug: Bug | null = null): Simulation["done"] {
  const simulation = new Simulation(seed, bug);
  for (let step = 0; step < steps; step += 1) simulation.step();
  simulation.settle();
  return simulation.done;
}

test("consumers that come, go, stall and crash, over power cuts, by seed", () => {
  const total = { commits: 0, generations: 0, crashes: 0 };
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    try {
      const done = run(seed, STEPS);
      total.commits += done.commits;
      total.generations += done.generations;
      total.crashes += done.crashes;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  expect(total.commits).toBeGreaterThan(100 * SEEDS);
  expect(total.generations).toBeGreaterThan(5 * SEEDS);
  expect(total.crashes).toBeGreaterThan(5 * SEEDS);
}, 60_000);

test.each(["ack-before-durable", "lost-record"] as const)(
  "the simulation finds a planted bug: %s",
  (bug) => {
    const messages = Array.from({ length: 20 }, (_, index) => {
      try {
        run(index + 1, STEPS, bug);
        return "";
      } catch (error) {
        return error instanceof Error ? error.message : "";
      }
    });
    expect(messages.some((message) => message.includes("was acknowledged"))).toBe(true);
  },
  60_000,
);

import { expect, test } from "bun:test";
import * as assert from "uvu/assert";
import type { Uuid } from "../../../../src/base/ids.ts";
import type { ConsumerGroup } from "../../../../src/coordinators/groups/consumer/group.ts";
import type { HeartbeatAnswer } from "../../../../src/coordinators/groups/consumer/heartbeats.ts";
import { type Assignment, topicPartitionsOf } from "../../../../src/coordinators/groups/modern/assignment.ts";
import { SeededRandom } from "../../../../src/io/simulated/random.ts";
import { ERROR } from "../../../../src/kafka/wire/generated/errors.ts";
import { type Answered, GroupWorld } from "../support.ts";
import { beat, checkGroup, groupOf, snapshot } from "./support.ts";

/** Bugs that the simulation has to find: it would be worth nothing otherwise. */
type Bug = "gives-away-what-is-held" | "no-member-check" | "lost-record";

const HEARTBEAT_MS = 5000;
const STATIC_AWAY = -2;

/**
 * A consumer as the clients are: it gives up what an assignment lacks some time after it has heard of it, and says
 * so in its next heartbeat. Its requests and answers may be lost; it may stall for longer than its session.
 */
class Consumer {
  readonly name: string;
  readonly instanceId: string | null;
  alive = false;
  memberId = "";
  epoch = 0;
  readonly owned = new Map<Uuid, Set<number>>();
  subscription: { subscribedTopicNames: string[] | null; subscribedTopicRegex: string | null };
  #incarnation = 0;
  /** Told and not yet obeyed. */
  #told: Assignment | null = null;
  #waiting: Answered<HeartbeatAnswer> | null = null;
  /** What it says next has to be everything: something was lost, or is new. */
  #sayAll = true;

  constructor(name: string, instanceId: string | null) {
    this.name = name;
    this.instanceId = instanceId;
    this.subscription = { subscribedTopicNames: ["t0"], subscribedTopicRegex: null };
  }

  start(): void {
    this.alive = true;
    this.#incarnation += 1;
    this.memberId = `${this.name}-${this.#incarnation}`;
    this.#begin();
  }

  stop(): void {
    this.alive = false;
    this.owned.clear();
    this.#waiting = null;
  }

  subscribe(subscription: Consumer["subscription"]): void {
    this.subscription = subscription;
    this.#sayAll = true;
  }

  /** The broker has gone: what was asked has no answer. */
  disconnect(): void {
    if (this.#waiting === null) return;
    this.#waiting = null;
    this.#sayAll = true;
  }

  step(world: GroupWorld, random: SeededRandom): void {
    if (!this.alive) return;
    if (this.#waiting !== null) this.#hear(random);
    else if (this.#told !== null && random.chance(0.7)) this.#obey();
    else this.#beat(world, random);
  }

  leave(world: GroupWorld): void {
    const memberEpoch = this.instanceId === null ? -1 : STATIC_AWAY;
    beat(world, { memberId: this.memberId, memberEpoch, instanceId: this.instanceId });
    this.stop();
  }

  get partitions(): string[] {
    return [...this.owned].flatMap(([topicId, partitions]) =>
      [...partitions].map((partition) => `${topicId}/${partition}`),
    );
  }

  /** Has done all that it was told. */
  get settled(): boolean {
    return this.#told === null && this.epoch > 0;
  }

  #begin(): void {
    this.epoch = 0;
    this.owned.clear();
    this.#told = null;
    this.#waiting = null;
    this.#sayAll = true;
  }

  #beat(world: GroupWorld, random: SeededRandom): void {
    const owned = topicPartitionsOf(
      new Map([...this.owned].map(([topicId, partitions]) => [topicId, [...partitions]])),
    );
    const all = this.epoch === 0 || this.#sayAll;
    const answered = beat(world, {
      memberId: this.memberId,
      instanceId: this.instanceId,
      memberEpoch: this.epoch,
      topicPartitions: owned,
      ...(all ? { rebalanceTimeoutMs: 20_000, ...this.subscription } : {}),
    });
    this.#sayAll = false;
    this.#waiting = answered;
    if (random.chance(0.1)) this.disconnect();
  }

  #hear(random: SeededRandom): void {
    const answer = this.#waiting?.result ?? null;
    if (answer === null) return;
    if (random.chance(0.1)) {
      this.disconnect();
      return;
    }
    this.#waiting = null;
    switch (answer.error) {
      case ERROR.NONE:
        this.epoch = answer.memberEpoch;
        if (answer.assignment !== null) this.#told = answer.assignment;
        return;
      case ERROR.FENCED_MEMBER_EPOCH:
      case ERROR.UNKNOWN_MEMBER_ID:
      case ERROR.GROUP_ID_NOT_FOUND:
      case ERROR.FENCED_INSTANCE_ID:
        this.#begin();
        return;
      case ERROR.UNRELEASED_INSTANCE_ID:
        // Its old self has not left: it comes back once that one's session has ended.
        this.#begin();
        return;
      default:
        assert.unreachable(`error ${answer.error}: ${answer.message}`);
    }
  }

  #obey(): void {
    this.owned.clear();
    for (const [topicId, partitions] of this.#told ?? []) this.owned.set(topicId, new Set(partitions));
    this.#told = null;
  }
}

/** Consumers of one group over topics that come and go, and a broker that loses power, checked at every step. */
class Simulation {
  world: GroupWorld;
  readonly random: SeededRandom;
  readonly consumers: readonly Consumer[];
  readonly #bug: Bug | null;

  constructor(seed: number, bug: Bug | null) {
    this.random = new SeededRandom(seed);
    this.#bug = bug;
    this.world = new GroupWorld();
    this.consumers = Array.from(
      { length: 5 },
      (_, index) => new Consumer(`c${index}`, index === 4 ? "static" : null),
    );
    for (let index = 0; index < 3; index += 1) this.world.topics.add(`t${index}`, 2 + this.random.below(5));
    this.world.log.held = true;
  }

  step(): void {
    const choice = this.random.below(1000);
    const consumer = this.random.pick(this.consumers);
    if (choice < 600) consumer.step(this.world, this.random);
    else if (choice < 800) this.world.log.sync();
    else if (choice < 960) this.world.clock.advance(this.random.below(HEARTBEAT_MS));
    else if (choice < 975) this.#comeOrGo(consumer);
    else if (choice < 983) consumer.subscribe(this.#anySubscription());
    else if (choice < 993) this.#changeTopics();
    else if (choice < 995) this.world.clock.advance(46_000);
    else this.#crash();
    this.#plant();
    this.check();
  }

  /** Everybody is well from here on: the group has to settle, with everything owned once by those who want it. */
  settle(): void {
    for (const consumer of this.consumers) if (!consumer.alive) consumer.start();
    const calm = new SeededRandom(1);
    // No loss any more.
    calm.chance = (probability: number) => probability > 0.5;
    for (let turn = 0; turn < 400; turn += 1) {
      for (const consumer of this.consumers) consumer.step(this.world, calm);
      this.world.log.sync();
      this.world.clock.advance(1000);
      this.check();
    }
    const group = groupOf(this.world);
    assert.is(group.stateName, "Stable");
    assert.ok(this.consumers.every(({ settled }) => settled));
    const wanted = new Set<string>();
    for (const { subscription } of this.consumers) {
      const expression = subscription.subscribedTopicRegex;
      for (const { name, id, partitions } of this.world.topics.all()) {
        const wants =
          subscription.subscribedTopicNames?.includes(name) === true ||
          (expression !== null && new RegExp(`^(?:${expression})$`).test(name));
        if (!wants) continue;
        for (let partition = 0; partition < partitions.length; partition += 1)
          wanted.add(`${id}/${partition}`);
      }
    }
    const owned = this.consumers.flatMap(({ partitions }) => partitions);
    assert.equal([...owned].sort(), [...wanted].sort());
  }

  /** Nobody else can commit what somebody who knows no better still thinks its own. */
  check(): void {
    const group = this.world.groups.consumers.get("g");
    if (group === null) return;
    checkGroup(group);
    const owners = new Map<string, string>();
    for (const consumer of this.consumers) {
      for (const [topicId, partitions] of consumer.owned) {
        for (const partition of partitions) {
          if (!mayCommit(group, consumer, topicId, partition)) continue;
          const place = `${topicId}/${partition}`;
          const other = owners.get(place);
          assert.is(other, undefined, `${place} is consumed by ${other} and by ${consumer.name}`);
          owners.set(place, consumer.name);
        }
      }
    }
  }

  #comeOrGo(consumer: Consumer): void {
    if (!consumer.alive) consumer.start();
    else if (this.random.chance(0.5)) consumer.stop();
    else consumer.leave(this.world);
  }

  #anySubscription(): Consumer["subscription"] {
    if (this.random.chance(0.3)) {
      const subscribedTopicRegex = this.random.pick(["t.*", "t[01]", "t2|t3"]);
      return { subscribedTopicNames: [], subscribedTopicRegex };
    }
    const names = ["t0", "t1", "t2", "t3"].filter(() => this.random.chance(0.6));
    return { subscribedTopicNames: names, subscribedTopicRegex: "" };
  }

  #changeTopics(): void {
    const name = this.random.pick(["t1", "t2", "t3"]);
    if (this.world.topics.get(name) !== null && this.random.chance(0.5)) this.world.topics.remove(name);
    else this.world.topics.add(name, 1 + this.random.below(6));
    this.world.groups.topicChanged(name);
  }

  #crash(): void {
    const before = this.world.groups.consumers.get("g");
    const keep = this.random.chance(0.5) ? 1 : this.random.fraction();
    const entries = this.world.log.survivors(keep);
    const { clock, topics, settings } = this.world;
    this.world.groups.close();
    const lost = this.#bug === "lost-record" ? entries.slice(0, -4) : entries;
    this.world = new GroupWorld(settings, { clock, topics, entries: lost });
    this.world.log.held = true;
    if (keep === 1 && before !== null) {
      assert.equal(snapshot(groupOf(this.world)), snapshot(before), "replay gives another group");
    }
    for (const consumer of this.consumers) consumer.disconnect();
  }

  #plant(): void {
    const group = this.world.groups.consumers.get("g");
    if (group === null) return;
    if (this.#bug === "gives-away-what-is-held") Object.assign(group, { ownerOf: () => undefined });
    if (this.#bug === "no-member-check") {
      Object.assign(group, { commitError: () => ERROR.NONE, commitPartitionError: () => ERROR.NONE });
    }
  }
}

function mayCommit(group: ConsumerGroup, consumer: Consumer, topicId: Uuid, partition: number): boolean {
  const { memberId, instanceId: groupInstanceId, epoch: generationOrEpoch } = consumer;
  const caller = { memberId, groupInstanceId, generationOrEpoch };
  if (group.commitError(caller, false, 10) !== ERROR.NONE) return false;
  return group.commitPartitionError(caller, topicId, partition) === ERROR.NONE;
}

function run(seed: number, steps: number, bug: Bug | null = null): void {
  const simulation = new Simulation(seed, bug);
  for (let step = 0; step < steps; step += 1) simulation.step();
  simulation.settle();
}

test("consumers that come, go, stall and lose answers, over topics that change and power cuts, by seed", () => {
  for (let seed = 1; seed <= 120; seed += 1) {
    try {
      run(seed, 1200);
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
    }
  }
}, 60_000);

test.each(["gives-away-what-is-held", "no-member-check", "lost-record"] as const)(
  "the simulation finds a planted bug: %s",
  (bug) => {
    const found = Array.from({ length: 30 }, (_, index) => index + 1).some((seed) => {
      try {
        run(seed, 1200, bug);
        return false;
      } catch {
        return true;
      }
    });
    expect(found).toBe(true);
  },
  60_000,
);

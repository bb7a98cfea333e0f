import { describe, expect, test } from "bun:test";
import type { Uuid } from "../../../../src/base/ids.ts";
import type { JoinResult } from "../../../../src/coordinators/groups/classic/classic-protocol.ts";
import {
  classicAssignment,
  namedAssignment,
  readSubscription,
} from "../../../../src/coordinators/groups/consumer/migration.ts";
import { readConsumerProtocolAssignment } from "../../../../src/kafka/wire/generated/consumer-protocol-assignment.ts";
import { writeConsumerProtocolSubscription } from "../../../../src/kafka/wire/generated/consumer-protocol-subscription.ts";
import { ERROR } from "../../../../src/kafka/wire/generated/errors.ts";
import { Reader } from "../../../../src/kafka/wire/reader.ts";
import { Writer } from "../../../../src/kafka/wire/writer.ts";
import { Answered, bytes, GroupWorld, text } from "../support.ts";
import { beat, checkGroup, groupOf, joinGroup, Member, settle, snapshot } from "./support.ts";

const SECOND_MS = 1000;

function worldWith(settings: ConstructorParameters<typeof GroupWorld>[0] = {}): GroupWorld {
  const world = new GroupWorld(settings);
  world.topics.add("t", 4);
  return world;
}

/** What a cooperative consumer says in its join. */
function subscriptionOf(topics: readonly string[], owned: readonly number[]): Uint8Array {
  const writer = new Writer();
  writer.int16(3);
  const ownedPartitions = owned.length === 0 ? [] : [{ topic: "t", partitions: owned }];
  const message = { topics, userData: null, ownedPartitions, generationId: -1, rackId: null };
  writeConsumerProtocolSubscription(writer, message, 3);
  return writer.toBytes();
}

/** A consumer of the classic protocol, in a group of whichever kind. */
class ClassicConsumer {
  readonly world: GroupWorld;
  readonly instanceId: string | null;
  readonly topics: readonly string[];
  memberId = "";
  generationId = -1;
  owned: readonly number[] = [];

  constructor(world: GroupWorld, instanceId: string | null = null, topics: readonly string[] = ["t"]) {
    this.world = world;
    this.instanceId = instanceId;
    this.topics = topics;
  }

  join(): Answered<JoinResult> {
    return this.world.join("g", {
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 20_000,
      protocols: [{ name: "cooperative-sticky", metadata: subscriptionOf(this.topics, this.owned) }],
    });
  }

  /** Joins, with an answer at once, and takes its assignment. Returns the error of either. */
  rejoin(): number {
    const joined = this.join().value;
    if (joined.error !== 0) return joined.error;
    this.memberId = joined.memberId;
    this.generationId = joined.generationId;
    return this.sync();
  }

  sync(assignments: Readonly<Record<string, string>> = {}): number {
    const said = { groupInstanceId: this.instanceId, protocolType: "consumer", protocolName: null };
    const synced = this.world.sync("g", this, assignments, said).value;
    if (synced.error !== 0) return synced.error;
    this.owned = partitionsOf(synced.assignment);
    return 0;
  }

  beat(): number {
    return this.world.heartbeat("g", this, { groupInstanceId: this.instanceId });
  }

  /** Does what its heartbeat tells it. */
  follow(): void {
    const error = this.beat();
    if (error === ERROR.REBALANCE_IN_PROGRESS) this.rejoin();
    else expect(error).toBe(0);
  }
}

function partitionsOf(assignment: Uint8Array): number[] {
  const reader = new Reader(assignment);
  const version = reader.int16();
  return readConsumerProtocolAssignment(reader, version).assignedPartitions.flatMap(({ partitions }) => [
    ...partitions,
  ]);
}

/** A classic group of these, stable, that has shared partitions out in runs. */
function classicGroup(world: GroupWorld, consumers: readonly ClassicConsumer[]): void {
  const joins = consumers.map((consumer) => consumer.join());
  for (let turn = 0; turn < 20 && joins.some(({ result }) => result === null); turn += 1) {
    world.clock.advance(SECOND_MS);
  }
  consumers.forEach((consumer, index) => {
    const { memberId, generationId } = (joins[index] as Answered<JoinResult>).value;
    Object.assign(consumer, { memberId, generationId });
  });
  const leader = joins.find(({ value }) => value.leader === value.memberId)?.value;
  const share = 4 / consumers.length;
  const assignments = consumers.map(({ memberId }, index) => {
    const partitions = Array.from({ length: share }, (_, at) => index * share + at);
    const id = world.topics.get("t")?.id as Uuid;
    const assignment = classicAssignment(new Map([[id, partitions]]), subscriptionOf([], []), world.topics);
    return { memberId, assignment };
  });
  const answers = consumers.map((consumer) => {
    const synced = new Answered<{ readonly error: number; readonly assignment: Uint8Array }>();
    const mine = consumer.memberId === leader?.memberId ? assignments : [];
    world.groups.classic.sync(
      {
        groupId: "g",
        generationId: consumer.generationId,
        memberId: consumer.memberId,
        groupInstanceId: consumer.instanceId,
        protocolType: null,
        protocolName: null,
        assignments: mine,
      },
      synced.take,
    );
    return synced;
  });
  consumers.forEach((consumer, index) => {
    consumer.owned = partitionsOf(answers[index]?.value.assignment ?? new Uint8Array(0));
  });
  expect(world.state("g")).toBe("Stable");
}

/** Everybody does what they are told until all is shared out. */
function settleMixed(
  world: GroupWorld,
  classic: readonly ClassicConsumer[],
  modern: readonly Member[],
): number[] {
  for (let round = 0; round < 12; round += 1) {
    world.clock.advance(SECOND_MS);
    for (const consumer of classic) consumer.follow();
    for (const member of modern) member.beat();
    if (world.groups.consumers.get("g") !== null) checkGroup(groupOf(world));
  }
  const modernly = modern.flatMap(({ partitions }) => partitions.map((place) => Number(place.split("/")[1])));
  return [...classic.flatMap(({ owned }) => owned), ...modernly].sort();
}

describe("an upgrade", () => {
  test("takes the classic members along, each keeps what it has until it is asked for it", () => {
    const world = worldWith();
    const classic = [new ClassicConsumer(world), new ClassicConsumer(world)];
    classicGroup(world, classic);
    const modern = new Member(world, "m");
    expect(modern.beat()).toBe(0);
    const group = groupOf(world);
    expect(group.members.size).toBe(3);
    expect([group.epoch, modern.epoch, modern.partitions]).toEqual([2, 2, []]);
    expect(classic[0]?.beat()).toBe(ERROR.REBALANCE_IN_PROGRESS);
    expect(settleMixed(world, classic, [modern])).toEqual([0, 1, 2, 3]);
    expect(group.stateName).toBe("Stable");
    expect(modern.partitions).toHaveLength(1);
    expect(world.groups.classic.get("g")).toBeNull();
    expect(snapshot(groupOf(world.restart()))).toEqual(snapshot(group));
  });

  test("tells members that wait in a rebalance to come again", () => {
    const world = worldWith();
    const [one, two] = [new ClassicConsumer(world), new ClassicConsumer(world)];
    classicGroup(world, [one]);
    const waiting = two.join();
    expect(world.state("g")).toBe("PreparingRebalance");
    const modern = new Member(world, "m");
    expect(modern.beat()).toBe(0);
    expect(waiting.value.error).toBe(ERROR.REBALANCE_IN_PROGRESS);
    two.memberId = waiting.value.memberId;
    expect(two.rejoin()).toBe(0);
    expect(settleMixed(world, [one, two], [modern])).toEqual([0, 1, 2, 3]);
  });

  const refusals = [
    ["by policy", { "group.consumer.migration.policy": "downgrade" }, {}],
    ["of a group that is too large", { "group.consumer.max.size": 1 }, {}],
    ["of a group that is none of consumers", {}, { protocolType: "connect" }],
    [
      "of a group whose members can't be read",
      {},
      { protocols: [{ name: "range", metadata: Uint8Array.of(1) }] },
    ],
  ] as const;
  test.each(refusals)("is refused %s", (_, settings, said) => {
    const world = worldWith(settings);
    world.stable("g", 2, () => said);
    expect(joinGroup(world, "m").error).toBe(ERROR.GROUP_ID_NOT_FOUND);
    expect(world.groups.classic.get("g")?.stateName).toBe("Stable");
  });

  test("that can't be written leaves the classic group as it was", () => {
    const world = worldWith();
    const [one, two] = [new ClassicConsumer(world), new ClassicConsumer(world)];
    classicGroup(world, [one]);
    const waiting = two.join();
    world.log.refusal = ERROR.KAFKA_STORAGE_ERROR;
    expect(joinGroup(world, "m").error).toBe(ERROR.NOT_COORDINATOR);
    world.log.refusal = 0;
    expect(waiting.result).toBeNull();
    expect(one.join().value.error).toBe(0);
    expect(waiting.value.error).toBe(0);
  });

  test("is refused where an assignor of its own said more than can be kept", () => {
    const world = worldWith();
    const [member] = world.stable("g", 1, () => ({
      protocols: [{ name: "own", metadata: subscriptionOf(["t"], []) }],
    }));
    // Version 0, no topics, two bytes of the assignor's own.
    world.groups.classic.get("g")?.members.forEach((known) => {
      known.assignment = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2);
    });
    expect(member?.error).toBe(0);
    expect(joinGroup(world, "m").error).toBe(ERROR.GROUP_ID_NOT_FOUND);
  });

  test("of an empty group needs no policy, and keeps its offsets", () => {
    const world = worldWith({ "group.consumer.migration.policy": "disabled" });
    expect(world.commit("g", "t", 0, 7).value).toBe(0);
    expect(joinGroup(world, "m").error).toBe(0);
    expect(world.offset("g", "t", 0)).toBe(7);
    expect(world.restart().offset("g", "t", 0)).toBe(7);
  });
});

describe("classic members of a consumer group", () => {
  test("join, sync, go on and leave", () => {
    const world = worldWith();
    const modern = new Member(world, "m");
    modern.beat();
    const needed = world.join("g", { requireKnownMemberId: true }).value;
    expect(needed.error).toBe(ERROR.MEMBER_ID_REQUIRED);
    const classic = new ClassicConsumer(world);
    classic.memberId = needed.memberId;
    expect(classic.rejoin()).toBe(0);
    expect(settleMixed(world, [classic], [modern])).toEqual([0, 1, 2, 3]);
    expect(classic.owned).toHaveLength(2);
    expect(world.heartbeat("g", { memberId: classic.memberId, generationId: 1 })).toBe(
      ERROR.ILLEGAL_GENERATION,
    );
    expect(world.heartbeat("g", { memberId: "m", generationId: modern.epoch })).toBe(ERROR.UNKNOWN_MEMBER_ID);
    expect(world.commit("g", "t", 0, 1, { memberId: classic.memberId, generationId: 99 }).value).toBe(
      ERROR.ILLEGAL_GENERATION,
    );
    const left = world.leave("g", [
      { memberId: classic.memberId, groupInstanceId: null },
      { memberId: "x", groupInstanceId: null },
    ]);
    expect(left.members.map(({ error }) => error)).toEqual([0, ERROR.UNKNOWN_MEMBER_ID]);
    expect(settleMixed(world, [], [modern])).toEqual([0, 1, 2, 3]);
  });

  test("are refused where migration is disabled", () => {
    const world = worldWith({ "group.consumer.migration.policy": "disabled" });
    new Member(world, "m").beat();
    expect(world.join("g").value.error).toBe(ERROR.INCONSISTENT_GROUP_PROTOCOL);
  });

  test("with no protocol in common, of another type, or that can't be read are refused", () => {
    const world = worldWith();
    const modern = new Member(world, "m");
    modern.beat();
    new ClassicConsumer(world).rejoin();
    const metadata = subscriptionOf(["t"], []);
    for (const said of [
      { protocols: [{ name: "own", metadata }] },
      { protocolType: "connect" },
      { protocols: [{ name: "cooperative-sticky", metadata: bytes("x") }] },
    ]) {
      expect(world.join("g", said).value.error).toBe(ERROR.INCONSISTENT_GROUP_PROTOCOL);
    }
  });

  test("that don't join or sync in time are taken out", () => {
    const world = worldWith();
    const modern = new Member(world, "m");
    modern.beat();
    const classic = new ClassicConsumer(world);
    const joined = classic.join().value;
    Object.assign(classic, { memberId: joined.memberId, generationId: joined.generationId });
    for (let turn = 0; turn < 22; turn += 1) {
      world.clock.advance(SECOND_MS);
      modern.beat();
      if (turn < 19) expect([0, ERROR.REBALANCE_IN_PROGRESS]).toContain(classic.beat());
    }
    expect([...groupOf(world).members.keys()]).toEqual(["m"]);
    expect(classic.beat()).toBe(ERROR.UNKNOWN_MEMBER_ID);
  });

  test("move to the other protocol under their instance", () => {
    const world = worldWith();
    const classic = [new ClassicConsumer(world, "i"), new ClassicConsumer(world)];
    classicGroup(world, classic);
    const modern = new Member(world, "m", { instanceId: "i" });
    expect(modern.beat()).toBe(0);
    expect([...groupOf(world).members.keys()].sort()).toEqual([classic[1]?.memberId as string, "m"].sort());
    expect(settleMixed(world, classic.slice(1), [modern])).toEqual([0, 1, 2, 3]);
    expect(classic[0]?.beat()).toBe(ERROR.FENCED_INSTANCE_ID);
  });
});

describe("a downgrade", () => {
  test("comes when the last member of the consumer protocol leaves, and the others go on", () => {
    const world = worldWith();
    const classic = [new ClassicConsumer(world), new ClassicConsumer(world)];
    classicGroup(world, classic);
    const modern = new Member(world, "m");
    modern.beat();
    settleMixed(world, classic, [modern]);
    expect(modern.leave()).toBe(0);
    expect(world.groups.consumers.get("g")).toBeNull();
    expect(world.state("g")).toBe("PreparingRebalance");
    const joins = classic.map((consumer) => consumer.join());
    expect(joins.map(({ value }) => value.error)).toEqual([0, 0]);
    expect(joins[0]?.value.members.length).toBeGreaterThan(0);
    const after = world.restart();
    expect(after.groups.classic.get("g")?.memberCount).toBe(2);
  });

  test("comes when it is silent for a session, too", () => {
    const world = worldWith();
    const classic = new ClassicConsumer(world);
    classicGroup(world, [classic]);
    const modern = new Member(world, "m");
    modern.beat();
    settleMixed(world, [classic], [modern]);
    for (let turn = 0; turn < 50; turn += 1) {
      world.clock.advance(SECOND_MS);
      if (groupKind(world) === "consumer") classic.follow();
      else break;
    }
    expect(groupKind(world)).toBe("classic");
  });

  test("does not come by a policy that is against it, nor of an empty group", () => {
    const world = worldWith({ "group.consumer.migration.policy": "upgrade" });
    const classic = new ClassicConsumer(world);
    classicGroup(world, [classic]);
    const modern = new Member(world, "m");
    modern.beat();
    settleMixed(world, [classic], [modern]);
    modern.leave();
    expect(groupKind(world)).toBe("consumer");
    expect(settleMixed(world, [classic], [])).toEqual([0, 1, 2, 3]);
    world.leave("g", [{ memberId: classic.memberId, groupInstanceId: null }]);
    expect([groupKind(world), world.state("g")]).toEqual(["consumer", "Empty"]);
  });

  test("comes when the last of them comes back as a classic member, without a rebalance", () => {
    const world = worldWith();
    const modern = new Member(world, "m", { instanceId: "i" });
    settle(world, [modern]);
    const classic = new ClassicConsumer(world, "i");
    const joined = classic.join().value;
    expect(joined.error).toBe(0);
    Object.assign(classic, { memberId: joined.memberId, generationId: joined.generationId });
    expect([groupKind(world), world.state("g")]).toEqual(["classic", "Stable"]);
    expect(classic.sync()).toBe(0);
    expect(classic.owned).toEqual([0, 1, 2, 3]);
    expect(beat(world, { memberId: "m", memberEpoch: 1, instanceId: "i" }).value.error).toBe(
      ERROR.GROUP_ID_NOT_FOUND,
    );
    expect(world.restart().groups.classic.get("g")?.memberCount).toBe(1);
  });
});

function groupKind(world: GroupWorld): string | undefined {
  return world.groups.registry.get("g")?.kind;
}

test("subscriptions of later versions are read as the last that is known", () => {
  const metadata = subscriptionOf(["t"], [1]);
  metadata[1] = 9;
  expect(readSubscription(metadata)).toMatchObject({ topics: ["t"] });
  const world = worldWith();
  expect(namedAssignment([{ topic: "gone", partitions: [1] }], world.topics).size).toBe(0);
  expect(text(bytes("t"))).toBe("t");
});

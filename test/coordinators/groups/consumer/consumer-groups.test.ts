import { describe, expect, test } from "bun:test";
import { RANGE_ASSIGNOR } from "../../../../src/coordinators/groups/consumer/range-assignor.ts";
import { ERROR } from "../../../../src/kafka/wire/generated/errors.ts";
import { GroupWorld } from "../support.ts";
import { beat, groupOf, joinGroup, listed, Member, settle, snapshot } from "./support.ts";

const SECOND_MS = 1000;

function worldWith(partitions = 4, settings: ConstructorParameters<typeof GroupWorld>[0] = {}): GroupWorld {
  const world = new GroupWorld(settings);
  world.topics.add("t", partitions);
  return world;
}

describe("a heartbeat", () => {
  const good = {
    memberId: "a",
    memberEpoch: 0,
    rebalanceTimeoutMs: 1000,
    subscribedTopicNames: ["t"],
    topicPartitions: [],
  };
  const cases = [
    ["without a group", { groupId: "" }, ERROR.INVALID_REQUEST],
    ["without a member", { memberId: "" }, ERROR.INVALID_REQUEST],
    ["of an instance without a name", { instanceId: "" }, ERROR.INVALID_REQUEST],
    ["of a rack without a name", { rackId: " " }, ERROR.INVALID_REQUEST],
    ["that joins without a rebalance timeout", { rebalanceTimeoutMs: -1 }, ERROR.INVALID_REQUEST],
    ["that joins without a subscription", { subscribedTopicNames: null }, ERROR.INVALID_REQUEST],
    ["that joins without saying that it has nothing", { topicPartitions: null }, ERROR.INVALID_REQUEST],
    ["that goes away and is nobody", { memberEpoch: -2 }, ERROR.INVALID_REQUEST],
    ["of an epoch below all", { memberEpoch: -3 }, ERROR.INVALID_REQUEST],
    ["with an assignor that is not there", { serverAssignor: "sticky" }, ERROR.UNSUPPORTED_ASSIGNOR],
    ["of a group that is not there", { memberEpoch: 1 }, ERROR.GROUP_ID_NOT_FOUND],
    ["that leaves a group that is not there", { memberEpoch: -1 }, ERROR.GROUP_ID_NOT_FOUND],
  ] as const;
  test.each(cases)("%s is refused, and changes nothing", (_, wrong, error) => {
    const world = worldWith();
    const answer = beat(world, { ...good, ...wrong }).value;
    expect(answer).toMatchObject({ error, memberId: null, memberEpoch: 0, assignment: null });
    expect(answer.message).not.toBeNull();
    expect(world.log.entries).toHaveLength(0);
  });

  test("of version 0 may leave the choice of an id to the broker", () => {
    const world = worldWith();
    const answer = beat(world, { ...good, memberId: "" }, 0).value;
    expect(answer.error).toBe(ERROR.NONE);
    expect(answer.memberId).toHaveLength(22);
    expect(groupOf(world).members.has(answer.memberId ?? "")).toBe(true);
  });

  test("of a first member brings it all partitions and an epoch, once that is durable", () => {
    const world = worldWith();
    world.log.held = true;
    const answered = beat(world, good);
    expect(answered.result).toBeNull();
    world.log.sync();
    expect(answered.value).toMatchObject({ error: 0, memberEpoch: 2, heartbeatIntervalMs: 5000 });
    expect(listed(world, answered.value.assignment ?? new Map())).toEqual(["t/0", "t/1", "t/2", "t/3"]);
    expect(world.state("g")).toBe("Stable");
    expect(world.groups.list(["stable"], ["consumer"])).toEqual([
      { groupId: "g", protocolType: "consumer", groupState: "Stable", groupType: "consumer" },
    ]);
  });

  test("that can't be written is refused, and changes nothing", () => {
    const world = worldWith();
    world.log.refusal = ERROR.KAFKA_STORAGE_ERROR;
    expect(beat(world, good).value.error).toBe(ERROR.NOT_COORDINATOR);
    expect(world.groups.registry.size).toBe(0);
  });

  test("tells the assignment again only to one that says everything", () => {
    const world = worldWith();
    const member = new Member(world, "a");
    member.beat();
    const epoch = { memberId: "a", memberEpoch: 2 };
    expect(beat(world, epoch).value).toMatchObject({ error: 0, assignment: null });
    const all = { rebalanceTimeoutMs: 1, subscribedTopicNames: ["t"], topicPartitions: [] };
    expect(beat(world, { ...epoch, ...all }).value.assignment?.size).toBe(1);
  });
});

describe("members", () => {
  test("share partitions: one gives up first, then the other gets", () => {
    const world = worldWith();
    const a = new Member(world, "a");
    const b = new Member(world, "b");
    a.beat();
    world.clock.advance(2 * SECOND_MS);
    b.beat();
    expect([b.epoch, b.partitions]).toEqual([3, []]);
    expect(world.state("g")).toBe("Reconciling");
    // It is asked to give up two, at its old epoch, and still has them.
    a.beat();
    expect([a.epoch, a.partitions.length]).toEqual([2, 2]);
    b.beat();
    expect(b.partitions).toEqual([]);
    a.beat();
    expect(a.epoch).toBe(3);
    b.beat();
    expect([...a.partitions, ...b.partitions].sort()).toEqual(["t/0", "t/1", "t/2", "t/3"]);
    expect(world.state("g")).toBe("Stable");
  });

  test("that come within the assignment interval share the next assignment", () => {
    const world = worldWith();
    const members = ["a", "b", "c"].map((id) => new Member(world, id));
    for (const member of members) member.beat();
    expect(members.map(({ partitions }) => partitions.length)).toEqual([4, 0, 0]);
    expect(groupOf(world).stateName).toBe("Assigning");
    settle(world, members);
    expect(members.map(({ partitions }) => partitions.length).sort()).toEqual([1, 1, 2]);
    expect(groupOf(world).targetEpoch).toBe(4);
  });

  test("that missed an answer may speak of the epoch before it; who is further off has to begin anew", () => {
    const world = worldWith();
    const a = new Member(world, "a");
    a.beat();
    world.clock.advance(2 * SECOND_MS);
    a.beat({ subscribedTopicNames: ["t", "u"] });
    expect(a.epoch).toBe(3);
    const owned = [{ topicId: world.topics.get("t")?.id as never, partitions: [0] }];
    expect(beat(world, { memberId: "a", memberEpoch: 2, topicPartitions: owned }).value.memberEpoch).toBe(3);
    const wrong = [{ topicId: world.topics.get("t")?.id as never, partitions: [9] }];
    for (const said of [
      { memberEpoch: 2, topicPartitions: wrong },
      { memberEpoch: 2 },
      { memberEpoch: 4, topicPartitions: owned },
    ]) {
      expect(beat(world, { memberId: "a", ...said }).value.error).toBe(ERROR.FENCED_MEMBER_EPOCH);
    }
    expect(beat(world, { memberId: "x", memberEpoch: 1 }).value.error).toBe(ERROR.UNKNOWN_MEMBER_ID);
  });

  test("without a heartbeat for a session are taken out", () => {
    const world = worldWith();
    const [a, b] = [new Member(world, "a"), new Member(world, "b")];
    settle(world, [a, b]);
    world.clock.advance(30 * SECOND_MS);
    a.beat();
    world.clock.advance(30 * SECOND_MS);
    expect([...groupOf(world).members.keys()]).toEqual(["a"]);
    settle(world, [a]);
    expect(a.partitions).toHaveLength(4);
    expect(b.beat()).toBe(ERROR.UNKNOWN_MEMBER_ID);
  });

  test("that don't give partitions up within their rebalance timeout are taken out", () => {
    const world = worldWith();
    const a = new Member(world, "a", { rebalanceTimeoutMs: 10_000 });
    const b = new Member(world, "b");
    a.beat();
    world.clock.advance(2 * SECOND_MS);
    b.beat();
    a.beat();
    // It lives, and says nothing of what it has.
    for (let turn = 0; turn < 9; turn += 1) {
      world.clock.advance(SECOND_MS);
      expect(beat(world, { memberId: "a", memberEpoch: 2 }).value.error).toBe(0);
    }
    world.clock.advance(2 * SECOND_MS);
    expect(beat(world, { memberId: "a", memberEpoch: 2 }).value.error).toBe(ERROR.UNKNOWN_MEMBER_ID);
    settle(world, [b]);
    expect(b.partitions).toHaveLength(4);
  });

  test("that leave, leave what they had to the others", () => {
    const world = worldWith();
    const [a, b] = [new Member(world, "a"), new Member(world, "b")];
    settle(world, [a, b]);
    expect(b.leave()).toBe(0);
    settle(world, [a]);
    expect(a.partitions).toHaveLength(4);
    a.leave();
    expect(world.state("g")).toBe("Empty");
  });

  test("beyond group.consumer.max.size are refused, and those within go on", () => {
    const world = worldWith(4, { "group.consumer.max.size": 1 });
    const a = new Member(world, "a");
    a.beat();
    expect(joinGroup(world, "b").error).toBe(ERROR.GROUP_MAX_SIZE_REACHED);
    expect(a.beat()).toBe(0);
  });

  test("get what most of them want for an assignor", () => {
    const world = worldWith(4);
    world.topics.add("u", 4);
    const said = { subscribedTopicNames: ["t", "u"], serverAssignor: RANGE_ASSIGNOR.name };
    const members = ["a", "b"].map((id) => new Member(world, id, said));
    settle(world, members);
    expect(groupOf(world).preferredAssignor()).toBe("range");
    expect(members[0]?.partitions).toEqual(["t/0", "t/1", "u/0", "u/1"]);
  });

  test("of a topic that grows, comes or goes follow it", () => {
    const world = worldWith(2);
    const members = ["a", "b"].map((id) => new Member(world, id, { subscribedTopicNames: ["t", "late"] }));
    settle(world, members);
    const change = (work: () => void): string[] => {
      work();
      world.groups.topicChanged("late");
      settle(world, members);
      return members.flatMap(({ partitions }) => partitions).sort();
    };
    expect(change(() => world.topics.add("late", 1))).toEqual(["late/0", "t/0", "t/1"]);
    expect(change(() => world.topics.remove("t"))).toEqual(["late/0"]);
  });
});

describe("static members", () => {
  const said = { instanceId: "i" };

  test("go away and come back under another id to what they had, and their old self is fenced", () => {
    const world = worldWith();
    const other = new Member(world, "other");
    const old = new Member(world, "old", said);
    settle(world, [old, other]);
    const had = old.partitions;
    expect(joinGroup(world, "new", said).error).toBe(ERROR.UNRELEASED_INSTANCE_ID);
    expect(old.leave(-2)).toBe(0);
    const epoch = groupOf(world).epoch;
    const back = new Member(world, "new", said);
    expect(back.beat()).toBe(0);
    expect(back.partitions).toEqual(had);
    expect([back.epoch, groupOf(world).epoch]).toEqual([epoch, epoch]);
    expect(old.beat()).toBe(ERROR.FENCED_INSTANCE_ID);
    expect(old.leave()).toBe(ERROR.FENCED_INSTANCE_ID);
    expect([...groupOf(world).members.keys()].sort()).toEqual(["new", "other"]);
  });

  test("that don't come back within a session lose their place", () => {
    const world = worldWith();
    const member = new Member(world, "m", said);
    member.beat();
    member.leave(-2);
    world.clock.advance(46 * SECOND_MS);
    expect(world.state("g")).toBe("Empty");
    expect(member.beat()).toBe(ERROR.UNKNOWN_MEMBER_ID);
  });
});

describe("expressions", () => {
  test("match whole names, and find new topics in time", () => {
    const world = worldWith(1);
    world.topics.add("team", 1);
    world.topics.add("__other", 1);
    world.topics.add("__consumer_offsets", 1);
    const member = new Member(world, "a", {
      subscribedTopicNames: [],
      subscribedTopicRegex: "t|__.*|late-\\d+",
    });
    member.beat();
    expect(member.partitions).toEqual(["__consumer_offsets/0", "t/0"]);
    world.topics.add("late-7", 1);
    world.groups.topicChanged("late-7");
    world.clock.advance(9 * SECOND_MS);
    member.beat();
    expect(member.partitions).toHaveLength(2);
    world.clock.advance(2 * SECOND_MS);
    member.beat();
    expect(member.partitions).toContain("late-7/0");
    expect(groupOf(world).subscribedTo("late-7")).toBe(true);
    const after = world.restart();
    expect(snapshot(groupOf(after))).toEqual(snapshot(groupOf(world)));
  });

  test("that are wrong are refused; one that nobody has any more is forgotten", () => {
    const world = worldWith(1);
    for (const subscribedTopicRegex of [
      "(",
      "a(?=b)",
      "\\1",
      "x".repeat(3000),
      "(((a{100}){100}){100})",
      "(a{1000}){2}b{900}(c{1000}){3}",
    ]) {
      const answer = joinGroup(world, "a", { subscribedTopicNames: [], subscribedTopicRegex });
      expect(answer.error).toBe(ERROR.INVALID_REGULAR_EXPRESSION);
    }
    const [a, b] = ["a", "b"].map((id) => new Member(world, id, { subscribedTopicRegex: "t" }));
    settle(world, [a as Member, b as Member]);
    expect([...groupOf(world).regexes.keys()]).toEqual(["t"]);
    a?.leave();
    expect([...groupOf(world).regexes.keys()]).toEqual(["t"]);
    b?.beat({ subscribedTopicNames: ["t"], subscribedTopicRegex: "" });
    expect(groupOf(world).regexes.size).toBe(0);
  });

  test("of one group are bounded in number", () => {
    const world = worldWith(1);
    const join = (index: number) => {
      const subscribedTopicRegex = `t${index}`;
      return joinGroup(world, `m${index}`, { subscribedTopicNames: [], subscribedTopicRegex }).error;
    };
    for (let index = 0; index < 32; index += 1) expect(join(index)).toBe(0);
    expect(join(32)).toBe(ERROR.INVALID_REGULAR_EXPRESSION);
    expect(joinGroup(world, "m", { subscribedTopicNames: [], subscribedTopicRegex: "t0" }).error).toBe(0);
  });

  test("can't be made to take long", () => {
    const world = worldWith(1);
    for (let index = 0; index < 50; index += 1) world.topics.add(`${"a".repeat(200)}${index}`, 1);
    const member = new Member(world, "a", {
      subscribedTopicNames: [],
      subscribedTopicRegex: "(a*)*(a|aa)+b",
    });
    expect(member.beat()).toBe(0);
    expect(member.partitions).toEqual([]);
  });
});

describe("offsets", () => {
  test("are committed and read by members of the right epoch alone", () => {
    const world = worldWith();
    const member = new Member(world, "a");
    const commit = (memberId: string, generationId: number, version = 9) =>
      world.commit("g", "t", 0, 1, { memberId, generationId, version }).value;
    member.beat();
    expect(commit("a", 2)).toBe(0);
    expect(commit("a", 2, 8)).toBe(ERROR.UNSUPPORTED_VERSION);
    expect(commit("a", 3)).toBe(ERROR.STALE_MEMBER_EPOCH);
    expect(commit("x", 1)).toBe(ERROR.UNKNOWN_MEMBER_ID);
    expect(commit("", -1)).toBe(ERROR.UNKNOWN_MEMBER_ID);
    const group = groupOf(world);
    const reader = (memberId: string, generationOrEpoch: number) =>
      group.fetchError({ memberId, groupInstanceId: null, generationOrEpoch });
    expect([reader("a", 2), reader("", -1)]).toEqual([0, 0]);
    expect(reader("a", 0)).toBe(ERROR.STALE_MEMBER_EPOCH);
    expect(reader("x", 1)).toBe(ERROR.UNKNOWN_MEMBER_ID);
    member.leave();
    expect(commit("", -1)).toBe(0);
  });

  test("of an older epoch count for partitions that the member has had since (KIP-1251)", () => {
    const world = worldWith();
    const [a, b] = [new Member(world, "a"), new Member(world, "b")];
    settle(world, [a, b]);
    const [mine] = a.partitions.map((place) => Number(place.split("/")[1]));
    const [other] = b.partitions.map((place) => Number(place.split("/")[1]));
    expect(groupOf(world).epoch).toBe(3);
    const commit = (partition = -1, epoch = 0) =>
      world.commit("g", "t", partition, 1, { memberId: "a", generationId: epoch }).value;
    expect(commit(mine, 2)).toBe(0);
    expect(commit(mine, 1)).toBe(ERROR.STALE_MEMBER_EPOCH);
    expect(commit(other, 2)).toBe(ERROR.STALE_MEMBER_EPOCH);
  });
});

test("a group that is empty goes with its offsets, and its records with it", () => {
  const world = worldWith();
  const member = new Member(world, "a");
  member.beat();
  expect(world.delete("g").value).toBe(ERROR.NON_EMPTY_GROUP);
  member.leave();
  expect(world.delete("g").value).toBe(0);
  expect(world.restart().groups.registry.size).toBe(0);
});

test("a damaged record of a group is stepped over", () => {
  const world = worldWith();
  new Member(world, "a").beat();
  const entries = world.log.entries.map((entry) =>
    "key" in entry && entry.value !== null ? { ...entry, value: entry.value.slice(0, 5) } : entry,
  );
  const after = new GroupWorld({}, { entries });
  expect(after.groups.consumers.get("g")?.memberCount ?? 0).toBe(0);
});

test("sessions begin anew after a restart", () => {
  const world = worldWith();
  new Member(world, "a").beat();
  world.clock.advance(40 * SECOND_MS);
  const after = world.restart();
  after.clock.advance(40 * SECOND_MS);
  expect(after.state("g")).toBe("Stable");
  after.clock.advance(6 * SECOND_MS);
  expect(after.state("g")).toBe("Empty");
});

test("a static member that goes while it gives partitions up has given them up", () => {
  const world = new GroupWorld();
  world.topics.add("t", 2);
  const away = new Member(world, "away", { instanceId: "i" });
  settle(world, [away]);
  const other = new Member(world, "other");
  other.beat();
  // It hears of what it has to give up, and goes before it has said that it has.
  world.clock.advance(1000);
  away.beat();
  expect(groupOf(world).members.get("away")?.revoking.size).toBe(1);
  expect(away.leave(-2)).toBe(0);
  settle(world, [other], 2);
  expect(groupOf(world).members.get("away")?.revoking.size).toBe(0);
  expect(other.partitions).toHaveLength(1);
});

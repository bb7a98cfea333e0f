import { describe, expect, test } from "bun:test";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import { Answered, bytes, GroupWorld, subscription } from "./support.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WEEK_MS = 168 * HOUR_MS;
const UNSTABLE = -1000 - ERROR.UNSTABLE_OFFSET_COMMIT;

describe("commits", () => {
  test("of a program in no group begin a group that holds offsets alone, and outlive a restart", () => {
    const world = new GroupWorld();
    expect(world.commit("g", "t", 0, 42, { metadata: "here" }).value).toBe(0);
    expect(world.groups.list([], [])).toEqual([
      { groupId: "g", protocolType: "", groupState: "Empty", groupType: "classic" },
    ]);
    const after = world.restart();
    expect(after.offset("g", "t", 0)).toBe(42);
    expect(after.groups.offsets.get("g", "t", 0)).toMatchObject({ metadata: "here", leaderEpoch: -1 });
    expect(after.offset("g", "t", 1)).toBe(-1);
    expect(after.offset("other", "t", 0)).toBe(-1);
  });

  test("are answered once durable, and seen at once", () => {
    const world = new GroupWorld();
    world.log.held = true;
    const committed = world.commit("g", "t", 0, 1);
    expect([committed.result, world.offset("g", "t", 0)]).toEqual([null, 1]);
    world.log.sync();
    expect(committed.value).toBe(0);
  });

  test("where they could not be written, are told so as Kafka translates it, and change nothing", () => {
    const world = new GroupWorld();
    const cases = [
      [ERROR.KAFKA_STORAGE_ERROR, ERROR.NOT_COORDINATOR],
      [ERROR.UNKNOWN_TOPIC_OR_PARTITION, ERROR.COORDINATOR_NOT_AVAILABLE],
      [ERROR.MESSAGE_TOO_LARGE, ERROR.INVALID_COMMIT_OFFSET_SIZE],
    ] as const;
    for (const [refusal, told] of cases) {
      world.log.refusal = refusal;
      expect(world.commit("g", "t", 0, 1).value).toBe(told);
    }
    expect([world.offset("g", "t", 0), world.groups.registry.size]).toEqual([-1, 0]);
  });

  test("of a group's members need its generation; others need it empty", () => {
    const world = new GroupWorld();
    const [member] = world.stable("g", 1);
    if (member === undefined) throw new Error("no member");
    const { memberId } = member;
    const of = (said: object) => world.commit("g", "t", 0, 1, said).value;
    expect(of({ memberId, generationId: 1 })).toBe(0);
    expect(of({ memberId, generationId: 0 })).toBe(ERROR.ILLEGAL_GENERATION);
    expect(of({ memberId, generationId: -1 })).toBe(ERROR.ILLEGAL_GENERATION);
    expect(of({ memberId: "x", generationId: 1 })).toBe(ERROR.UNKNOWN_MEMBER_ID);
    expect(of({ generationId: 1 })).toBe(ERROR.UNKNOWN_MEMBER_ID);
    expect(of({ memberId, generationId: 1, groupInstanceId: "x" })).toBe(ERROR.UNKNOWN_MEMBER_ID);
    expect(of({})).toBe(ERROR.UNKNOWN_MEMBER_ID);
    world.leave("g", [{ memberId, groupInstanceId: null }]);
    expect(of({})).toBe(0);
    expect(of({ memberId, generationId: 1 })).toBe(ERROR.UNKNOWN_MEMBER_ID);
  });

  test("of a member whose group is not there are told so from version 9 on", () => {
    const world = new GroupWorld();
    const member = { memberId: "m", generationId: 1 };
    expect(world.commit("g", "t", 0, 1, { ...member, version: 9 }).value).toBe(ERROR.GROUP_ID_NOT_FOUND);
    expect(world.commit("g", "t", 0, 1, { ...member, version: 8 }).value).toBe(ERROR.ILLEGAL_GENERATION);
  });

  test("with more text than offset.metadata.max.bytes are refused, one partition alone", () => {
    const world = new GroupWorld({ "offset.metadata.max.bytes": 3 });
    const answered = new Answered<readonly (readonly number[])[]>();
    const { id } = world.topics.add("t", 2);
    const of = (partition: number, metadata: string | null) => ({
      partition,
      offset: 1,
      leaderEpoch: 7,
      metadata,
    });
    world.groups.offsets.commit(
      {
        groupId: "g",
        caller: { memberId: "", groupInstanceId: null, generationOrEpoch: -1 },
        version: 9,
        retentionMs: -1,
        topics: [{ name: "t", id, partitions: [of(0, "four"), of(1, "abc"), of(2, null)] }],
      },
      answered.take,
    );
    expect(answered.value).toEqual([[ERROR.OFFSET_METADATA_TOO_LARGE, 0, 0]]);
    expect([0, 1, 2].map((partition) => world.offset("g", "t", partition))).toEqual([-1, 1, 1]);
    expect(world.groups.offsets.get("g", "t", 1)?.leaderEpoch).toBe(7);
  });

  test("beyond the bound of all offsets together are refused, known ones move on", () => {
    const world = new GroupWorld({ "offsets.topic.max.offsets": 2 });
    world.commit("a", "t", 0, 1);
    world.commit("b", "t", 0, 1, { producerId: 5 });
    expect(world.commit("c", "t", 0, 1).value).toBe(ERROR.INVALID_COMMIT_OFFSET_SIZE);
    expect(world.commit("a", "t", 0, 2).value).toBe(0);
    expect(world.groups.offsets.size).toBe(2);
  });

  test("offsets beyond what a number holds are kept exactly", () => {
    const world = new GroupWorld();
    const answered = new Answered<unknown>();
    const offset = 9_223_372_036_854_775_807n;
    const partitions = [{ partition: 0, offset, leaderEpoch: -1, metadata: "" }];
    world.groups.offsets.commit(
      {
        groupId: "g",
        caller: { memberId: "", groupInstanceId: null, generationOrEpoch: -1 },
        version: 9,
        retentionMs: -1,
        topics: [{ name: "t", id: world.topics.add("t", 1).id, partitions }],
      },
      answered.take,
    );
    expect(world.restart().groups.offsets.fetchOffset("g", "t", 0, false).offset).toBe(offset);
  });
});

describe("offsets of a transaction", () => {
  test("count once it commits, and are told to be unstable meanwhile", () => {
    const world = new GroupWorld();
    world.commit("g", "t", 0, 1);
    expect(world.commit("g", "t", 0, 5, { producerId: 7 }).value).toBe(0);
    expect(world.commit("g", "t", 1, 6, { producerId: 7 }).value).toBe(0);
    expect([world.offset("g", "t", 0), world.offset("g", "t", 0, true)]).toEqual([1, UNSTABLE]);
    expect([world.offset("g", "t", 1), world.offset("g", "t", 1, true)]).toEqual([-1, UNSTABLE]);
    expect([...world.groups.offsets.fetchAll("g", true)]).toMatchObject([
      { topic: "t", partitions: [{ partition: 0, error: ERROR.UNSTABLE_OFFSET_COMMIT, offset: -1 }] },
    ]);
    const after = world.restart();
    expect(after.offset("g", "t", 0, true)).toBe(UNSTABLE);
    after.end(7, "commit");
    expect([0, 1].map((partition) => after.offset("g", "t", partition, true))).toEqual([5, 6]);
    expect([0, 1].map((partition) => after.restart().offset("g", "t", partition, true))).toEqual([5, 6]);
  });

  test("never count where it aborts", () => {
    const world = new GroupWorld();
    world.commit("g", "t", 0, 5, { producerId: 7 });
    world.commit("h", "t", 0, 6, { producerId: 8 });
    world.end(7, "abort");
    expect([world.offset("g", "t", 0, true), world.offset("h", "t", 0, true)]).toEqual([-1, UNSTABLE]);
    expect(world.restart().offset("g", "t", 0, true)).toBe(-1);
  });

  test("do not take back what was committed after them", () => {
    const world = new GroupWorld();
    world.commit("g", "t", 0, 5, { producerId: 7 });
    world.commit("g", "t", 0, 9);
    world.end(7, "commit");
    expect(world.offset("g", "t", 0, true)).toBe(9);
    expect(world.restart().offset("g", "t", 0, true)).toBe(9);
  });

  test("do not come back once they were deleted", () => {
    const world = new GroupWorld();
    world.commit("g", "t", 0, 5, { producerId: 7 });
    expect(world.delete("g").value).toBe(0);
    world.end(7, "commit");
    expect([world.offset("g", "t", 0), world.state("g")]).toEqual([-1, null]);
    expect(world.restart().offset("g", "t", 0)).toBe(-1);
  });

  test("of older producers need no member while the group has some; a wrong generation is refused", () => {
    const world = new GroupWorld();
    const [member] = world.stable("g", 1);
    if (member === undefined) throw new Error("no member");
    expect(world.commit("g", "t", 0, 5, { producerId: 7 }).value).toBe(0);
    const { memberId } = member;
    const stale = { producerId: 7, memberId, generationId: 9 };
    expect(world.commit("g", "t", 0, 5, stale).value).toBe(ERROR.ILLEGAL_GENERATION);
    const nowhere = { producerId: 7, memberId, generationId: 1 };
    expect(world.commit("none", "t", 0, 5, nowhere).value).toBe(ERROR.ILLEGAL_GENERATION);
  });

  test("keep their group from being forgotten", () => {
    const world = new GroupWorld();
    world.commit("g", "t", 0, 5, { producerId: 7 });
    world.clock.advance(2 * WEEK_MS);
    expect(world.state("g")).toBe("Empty");
    world.end(7, "abort");
    world.clock.advance(10 * MINUTE_MS);
    expect(world.state("g")).toBeNull();
  });
});

describe("deletion", () => {
  test("of a group takes its offsets with it, also over a restart; not while it has members", () => {
    const world = new GroupWorld();
    const [member] = world.stable("g", 1);
    if (member === undefined) throw new Error("no member");
    world.commit("g", "t", 0, 1, { ...member });
    world.commit("other", "t", 0, 1);
    expect(world.delete("g").value).toBe(ERROR.NON_EMPTY_GROUP);
    expect(world.delete("none").value).toBe(ERROR.GROUP_ID_NOT_FOUND);
    world.leave("g", [{ memberId: member.memberId, groupInstanceId: null }]);
    world.log.held = true;
    const deleted = world.delete("g");
    expect([deleted.result, world.state("g")]).toEqual([null, null]);
    world.log.sync();
    expect(deleted.value).toBe(0);
    const after = world.restart();
    expect([after.state("g"), after.offset("g", "t", 0), after.offset("other", "t", 0)]).toEqual([
      null,
      -1,
      1,
    ]);
  });

  test("of offsets leaves alone what members subscribe to", () => {
    const world = new GroupWorld();
    const [member] = world.stable("g", 1, () => ({
      protocols: [{ name: "range", metadata: subscription(["used"]) }],
    }));
    if (member === undefined) throw new Error("no member");
    for (const topic of ["used", "unused"]) world.commit("g", topic, 0, 1, { ...member });
    const answered = new Answered<readonly [number, readonly (readonly number[])[]]>();
    const topics = ["used", "unused"].map((name) => ({ name, partitions: [0, 1] }));
    world.groups.offsets.delete("g", topics, (error, errors) => answered.take([error, errors]));
    const inUse = ERROR.GROUP_SUBSCRIBED_TO_TOPIC;
    expect(answered.value).toEqual([
      0,
      [
        [inUse, inUse],
        [0, 0],
      ],
    ]);
    expect([world.offset("g", "used", 0), world.offset("g", "unused", 0)]).toEqual([1, -1]);
  });

  test("of offsets is refused for a group of another protocol that has members, or that is not there", () => {
    const world = new GroupWorld();
    world.stable("g", 1, () => ({
      protocolType: "connect",
      protocols: [{ name: "x", metadata: bytes("") }],
    }));
    const errorOf = (groupId: string): number => {
      const answered = new Answered<number>();
      world.groups.offsets.delete(groupId, [{ name: "t", partitions: [0] }], answered.take);
      return answered.value;
    };
    expect(errorOf("g")).toBe(ERROR.NON_EMPTY_GROUP);
    expect(errorOf("none")).toBe(ERROR.GROUP_ID_NOT_FOUND);
  });

  test("of a topic takes the offsets of all groups, those of open transactions included", () => {
    const world = new GroupWorld();
    for (const group of ["a", "b"]) world.commit(group, "t", 0, 1);
    world.commit("a", "kept", 0, 1);
    world.commit("b", "t", 1, 5, { producerId: 7 });
    world.topics.remove("t");
    world.groups.topicChanged("t");
    world.end(7, "commit");
    for (const now of [world, world.restart()]) {
      expect([now.offset("a", "t", 0), now.offset("b", "t", 0), now.offset("b", "t", 1)]).toEqual([
        -1, -1, -1,
      ]);
      expect(now.offset("a", "kept", 0)).toBe(1);
    }
  });

  test("of a topic that is made again before a crash could tell: its offsets are not the new one's", () => {
    const world = new GroupWorld();
    world.commit("g", "t", 0, 7);
    world.topics.remove("t");
    world.topics.add("t", 1);
    expect(world.offset("g", "t", 0)).toBe(-1);
    const after = world.restart();
    expect(after.groups.offsets.size).toBe(0);
  });
});

describe("retention", () => {
  test("forgets what was committed by a program in no group a week ago, and then its group", () => {
    const world = new GroupWorld();
    world.commit("g", "t", 0, 1);
    world.clock.advance(WEEK_MS / 2);
    world.commit("g", "t", 1, 1);
    world.clock.advance(WEEK_MS / 2 + 10 * MINUTE_MS);
    expect([world.offset("g", "t", 0), world.offset("g", "t", 1)]).toEqual([-1, 1]);
    world.clock.advance(WEEK_MS / 2);
    expect([world.offset("g", "t", 1), world.state("g")]).toEqual([-1, null]);
    expect(world.restart().state("g")).toBeNull();
  });

  test("counts from when the group became empty, over a restart", () => {
    const world = new GroupWorld({ "offsets.retention.minutes": 60 });
    const [member] = world.stable("g", 1, () => ({ sessionTimeoutMs: 1_800_000 }));
    if (member === undefined) throw new Error("no member");
    world.commit("g", "t", 0, 1, { ...member });
    for (let turn = 0; turn < 10; turn += 1) {
      world.clock.advance(20 * MINUTE_MS);
      expect(world.heartbeat("g", member)).toBe(0);
    }
    expect(world.offset("g", "t", 0)).toBe(1);
    world.leave("g", [{ memberId: member.memberId, groupInstanceId: null }]);
    world.clock.advance(40 * MINUTE_MS);
    const after = world.restart();
    after.clock.advance(10 * MINUTE_MS);
    expect(after.offset("g", "t", 0)).toBe(1);
    after.clock.advance(20 * MINUTE_MS);
    expect([after.offset("g", "t", 0), after.state("g")]).toEqual([-1, null]);
  });

  test("forgets topics that members do not subscribe to any more", () => {
    const world = new GroupWorld({ "offsets.retention.minutes": 60 });
    const [member] = world.stable("g", 1, () => ({ sessionTimeoutMs: 1_800_000 }));
    if (member === undefined) throw new Error("no member");
    for (const topic of ["t", "left"]) world.commit("g", topic, 0, 1, { ...member });
    for (let turn = 0; turn < 4; turn += 1) {
      world.clock.advance(20 * MINUTE_MS);
      world.heartbeat("g", member);
    }
    expect([world.offset("g", "t", 0), world.offset("g", "left", 0)]).toEqual([1, -1]);
  });

  test("keeps everything while members don't say what they subscribe to in a way that is known", () => {
    const world = new GroupWorld({ "offsets.retention.minutes": 60 });
    const odd = [{ name: "range", metadata: Uint8Array.of(0) }];
    const [member] = world.stable("g", 1, () => ({ sessionTimeoutMs: 1_800_000, protocols: odd }));
    if (member === undefined) throw new Error("no member");
    world.commit("g", "t", 0, 1, { ...member });
    for (let turn = 0; turn < 8; turn += 1) {
      world.clock.advance(20 * MINUTE_MS);
      world.heartbeat("g", member);
    }
    expect(world.offset("g", "t", 0)).toBe(1);
  });

  test("that an old client asked for counts instead of the setting", () => {
    const world = new GroupWorld();
    world.commit("g", "t", 0, 1, { retentionMs: HOUR_MS });
    world.commit("g", "t", 1, 1);
    expect(world.restart().groups.offsets.get("g", "t", 0)?.expireTimestampMs).toBe(
      world.clock.nowMs() + HOUR_MS,
    );
    const after = world.restart();
    after.clock.advance(HOUR_MS + 10 * MINUTE_MS);
    expect([after.offset("g", "t", 0), after.offset("g", "t", 1)]).toEqual([-1, 1]);
  });

  test("takes groups that have nothing, but not one whose member may still come back", () => {
    const world = new GroupWorld();
    const [member] = world.stable("gone", 1);
    if (member === undefined) throw new Error("no member");
    world.leave("gone", [{ memberId: member.memberId, groupInstanceId: null }]);
    world.clock.advance(9 * MINUTE_MS);
    expect(world.state("gone")).toBe("Empty");
    world.join("new", { requireKnownMemberId: true, sessionTimeoutMs: 1_800_000 });
    world.clock.advance(MINUTE_MS);
    expect([world.state("gone"), world.state("new")]).toEqual([null, "Empty"]);
    world.clock.advance(HOUR_MS);
    expect(world.state("new")).toBeNull();
  });
});

describe("lists", () => {
  test("are filtered by states and kinds, in any case", () => {
    const world = new GroupWorld();
    world.stable("stable", 1);
    world.commit("empty", "t", 0, 1);
    const ids = (states: readonly string[], kinds: readonly string[]) =>
      world.groups.list(states, kinds).map(({ groupId }) => groupId);
    expect(ids([], [])).toEqual(["stable", "empty"]);
    expect(ids(["STABLE"], [])).toEqual(["stable"]);
    expect(ids(["empty", "Dead"], ["Classic"])).toEqual(["empty"]);
    expect(ids([], ["share"])).toEqual([]);
  });
});

test("a damaged record is stepped over, the others count", () => {
  const world = new GroupWorld();
  world.commit("g", "t", 0, 1);
  world.log.append([{ key: Uint8Array.of(0, 1, 0, 9), value: Uint8Array.of(0) }], () => {});
  world.log.append([{ key: Uint8Array.of(0, 99), value: Uint8Array.of(0, 0) }], () => {});
  world.log.append([{ key: Uint8Array.of(7), value: null }], () => {});
  world.commit("g", "t", 1, 2);
  const after = world.restart();
  expect([after.offset("g", "t", 0), after.offset("g", "t", 1)]).toEqual([1, 2]);
});

describe("the metadata of all offsets together", () => {
  const metadata = "x".repeat(16 * 1024);
  const settings = { "offset.metadata.max.bytes": metadata.length };
  /** Offsets with as much metadata as there may be at all. */
  const FILL = (64 * 1024 * 1024) / metadata.length;
  const TOO_LARGE = ERROR.INVALID_COMMIT_OFFSET_SIZE;

  /** Commits these texts for partitions of one topic; returns the error of the first. */
  function commitAll(world: GroupWorld, texts: readonly (readonly [number, string])[], producerId?: number) {
    const { id } = world.topics.get("t") ?? world.topics.add("t", 1);
    const partitions = texts.map(([partition, said]) => {
      return { partition, offset: 1, leaderEpoch: -1, metadata: said };
    });
    const request = {
      groupId: "g",
      caller: { memberId: "", groupInstanceId: null, generationOrEpoch: -1 },
      version: 9,
      retentionMs: -1,
      topics: [{ name: "t", id, partitions }],
    };
    const answered = new Answered<readonly (readonly number[])[]>();
    const { offsets } = world.groups;
    if (producerId === undefined) offsets.commit(request, answered.take);
    else offsets.commitTransactional({ producerId, producerEpoch: 0 }, request, answered.take);
    return answered.value[0]?.[0];
  }

  function fill(producerId?: number): GroupWorld {
    const world = new GroupWorld(settings);
    const texts = Array.from({ length: FILL }, (_, partition) => [partition, metadata] as const);
    expect(commitAll(world, texts, producerId)).toBe(0);
    return world;
  }

  test.each([undefined, 7])("is bounded, less what a commit replaces (producer %p)", (producerId) => {
    const world = fill(producerId);
    const commit = (partition: number, said: string) => commitAll(world, [[partition, said]], producerId);
    expect(commit(FILL, "x")).toBe(TOO_LARGE);
    expect(commit(FILL, "")).toBe(0);
    expect(commit(0, metadata)).toBe(0);
    expect(commit(0, metadata.slice(1))).toBe(0);
    expect(commit(FILL, "xx")).toBe(TOO_LARGE);
    expect(commit(FILL, "x")).toBe(0);
  });

  test("is not made less twice by a request that names an offset twice", () => {
    const world = fill();
    const twice = [0, 0].map((partition) => [partition, ""] as const);
    const two = [FILL, FILL + 1].map((partition) => [partition, metadata] as const);
    expect(commitAll(world, [...twice, ...two])).toBe(TOO_LARGE);
    expect(commitAll(world, [...twice, ...two.slice(1)])).toBe(0);
  });
});

import { describe, expect, test } from "bun:test";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import { bytes, GroupWorld, subscription, text } from "./support.ts";

const SECOND_MS = 1000;

describe("a first member", () => {
  test("is given an id, comes back with it, waits for others and leads", () => {
    const world = new GroupWorld();
    const required = world.join("g", { requireKnownMemberId: true }).value;
    expect(required).toMatchObject({ error: ERROR.MEMBER_ID_REQUIRED, generationId: -1 });
    expect(required.memberId).toMatch(
      /^client-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    const joining = world.join("g", { memberId: required.memberId, requireKnownMemberId: true });
    expect(world.state("g")).toBe("PreparingRebalance");
    world.clock.advance(2999);
    expect(joining.result).toBeNull();
    world.clock.advance(1);
    expect(joining.value).toMatchObject({
      error: 0,
      generationId: 1,
      leader: required.memberId,
      protocolName: "range",
      protocolType: "consumer",
      members: [{ memberId: required.memberId, groupInstanceId: null }],
    });
    expect(world.state("g")).toBe("CompletingRebalance");
    const synced = world.sync("g", joining.value, { [required.memberId]: "all" }).value;
    expect(text(synced.assignment)).toBe("all");
    expect(world.state("g")).toBe("Stable");
    expect(world.heartbeat("g", joining.value)).toBe(0);
  });

  test("waits longer with each that comes, up to its rebalance timeout", () => {
    const world = new GroupWorld();
    const first = world.join("g", { rebalanceTimeoutMs: 7000 });
    world.clock.advance(2 * SECOND_MS);
    world.join("g", { rebalanceTimeoutMs: 7000 });
    world.clock.advance(3 * SECOND_MS);
    expect(first.result).toBeNull();
    world.join("g", { rebalanceTimeoutMs: 7000 });
    world.clock.advance(2 * SECOND_MS);
    expect(first.value.generationId).toBe(1);
    expect(first.value.members).toHaveLength(3);
  });

  test("that does not come back with its id is forgotten after its session's time", () => {
    const world = new GroupWorld();
    const { memberId } = world.join("g", { requireKnownMemberId: true }).value;
    world.clock.advance(10 * SECOND_MS);
    expect(world.join("g", { memberId, requireKnownMemberId: true }).value.error).toBe(
      ERROR.UNKNOWN_MEMBER_ID,
    );
  });

  test("of another group's id, of no group, or with an odd session timeout is refused", () => {
    const world = new GroupWorld();
    expect(world.join("g", { memberId: "x" }).value.error).toBe(ERROR.UNKNOWN_MEMBER_ID);
    expect(world.join("").value.error).toBe(ERROR.INVALID_GROUP_ID);
    expect(world.join("g", { sessionTimeoutMs: 5999 }).value.error).toBe(ERROR.INVALID_SESSION_TIMEOUT);
    expect(world.join("g", { sessionTimeoutMs: 1_800_001 }).value.error).toBe(ERROR.INVALID_SESSION_TIMEOUT);
    expect(world.join("g", { protocols: [] }).value.error).toBe(ERROR.INCONSISTENT_GROUP_PROTOCOL);
    expect(world.join("g", { protocolType: "" }).value.error).toBe(ERROR.INCONSISTENT_GROUP_PROTOCOL);
  });
});

describe("a rebalance", () => {
  test("begins with a new member, is told by heartbeats, and ends when all have joined and the leader has shared out", () => {
    const world = new GroupWorld();
    const [leader] = world.stable("g", 1);
    if (leader === undefined) throw new Error("no leader");
    const joining = world.join("g");
    expect(world.heartbeat("g", leader)).toBe(ERROR.REBALANCE_IN_PROGRESS);
    const again = world.join("g", { memberId: leader.memberId });
    expect(joining.value.generationId).toBe(2);
    expect(joining.value.members).toEqual([]);
    expect(again.value.members.map(({ memberId }) => memberId)).toEqual([
      leader.memberId,
      joining.value.memberId,
    ]);
    const follower = world.sync("g", joining.value);
    expect(follower.result).toBeNull();
    expect(world.commit("g", "t", 0, 1, { ...again.value }).value).toBe(ERROR.REBALANCE_IN_PROGRESS);
    world.sync("g", again.value, { [joining.value.memberId]: "b" });
    expect(text(follower.value.assignment)).toBe("b");
    // Whoever asks again gets the same.
    expect(text(world.sync("g", joining.value).value.assignment)).toBe("b");
    expect(world.heartbeat("g", leader)).toBe(ERROR.ILLEGAL_GENERATION);
  });

  test("takes out who is silent for its session's time; the others share out anew", () => {
    const world = new GroupWorld();
    const [leader, dead] = world.stable("g", 2);
    if (leader === undefined || dead === undefined) throw new Error("no members");
    world.clock.advance(6 * SECOND_MS);
    expect(world.heartbeat("g", leader)).toBe(0);
    world.clock.advance(4 * SECOND_MS);
    expect(world.heartbeat("g", leader)).toBe(ERROR.REBALANCE_IN_PROGRESS);
    expect(world.heartbeat("g", dead)).toBe(ERROR.UNKNOWN_MEMBER_ID);
    expect(world.join("g", { memberId: leader.memberId }).value).toMatchObject({ generationId: 2, error: 0 });
  });

  test("a commit keeps its member alive as a heartbeat does", () => {
    const world = new GroupWorld();
    const [member] = world.stable("g", 1);
    if (member === undefined) throw new Error("no member");
    for (let turn = 0; turn < 5; turn += 1) {
      world.clock.advance(8 * SECOND_MS);
      expect(world.commit("g", "t", 0, turn, { ...member }).value).toBe(0);
    }
    expect(world.state("g")).toBe("Stable");
  });

  test("goes on without those who don't join in time, but not without static members", () => {
    const world = new GroupWorld({ "group.initial.rebalance.delay.ms": 0 });
    const said = (index: number) => ({
      sessionTimeoutMs: 100 * SECOND_MS,
      groupInstanceId: index === 2 ? "static" : null,
    });
    const [leader, slow] = world.stable("g", 3, said);
    if (leader === undefined || slow === undefined) throw new Error("no members");
    const again = world.join("g", { memberId: leader.memberId, sessionTimeoutMs: 100 * SECOND_MS });
    world.clock.advance(59 * SECOND_MS);
    expect(again.result).toBeNull();
    world.clock.advance(SECOND_MS);
    expect(again.value.members.map(({ groupInstanceId }) => groupInstanceId)).toEqual([null, "static"]);
    expect(world.heartbeat("g", slow)).toBe(ERROR.UNKNOWN_MEMBER_ID);
  });

  test("who joins and does not ask for its assignment is taken out after the rebalance timeout", () => {
    const world = new GroupWorld();
    const said = { sessionTimeoutMs: 100 * SECOND_MS, rebalanceTimeoutMs: 20 * SECOND_MS };
    const [a, b] = [world.join("g", said), world.join("g", said)];
    world.clock.advance(6 * SECOND_MS);
    expect(world.sync("g", a.value, {}).value.error).toBe(0);
    expect(world.state("g")).toBe("Stable");
    world.clock.advance(20 * SECOND_MS);
    expect(world.heartbeat("g", b.value)).toBe(ERROR.UNKNOWN_MEMBER_ID);
    expect(world.heartbeat("g", a.value)).toBe(ERROR.REBALANCE_IN_PROGRESS);
  });

  test("a rebalance that begins before the leader has shared out sends the others back to join", () => {
    const world = new GroupWorld({ "group.initial.rebalance.delay.ms": 0 });
    const [a, b] = [world.join("g"), world.join("g")];
    world.clock.advance(0);
    const waiting = world.sync("g", b.value);
    const third = world.join("g");
    expect(waiting.value.error).toBe(ERROR.REBALANCE_IN_PROGRESS);
    expect(world.sync("g", a.value).value.error).toBe(ERROR.REBALANCE_IN_PROGRESS);
    world.join("g", { memberId: a.value.memberId });
    world.join("g", { memberId: b.value.memberId });
    expect(third.value.generationId).toBe(2);
  });

  test("the leader's joins share out anew, a follower's only where it says something else", () => {
    const world = new GroupWorld();
    const [leader, follower] = world.stable("g", 2);
    if (leader === undefined || follower === undefined) throw new Error("no members");
    expect(world.join("g", { memberId: follower.memberId }).value).toMatchObject({
      generationId: 1,
      error: 0,
    });
    expect(world.state("g")).toBe("Stable");
    const other = [{ name: "range", metadata: subscription(["u"]) }];
    world.join("g", { memberId: follower.memberId, protocols: other });
    expect(world.state("g")).toBe("PreparingRebalance");
    world.join("g", { memberId: leader.memberId });
    expect(world.state("g")).toBe("CompletingRebalance");
  });

  test("members vote for one of the protocols that all of them speak", () => {
    const world = new GroupWorld({ "group.initial.rebalance.delay.ms": 0 });
    const speak = (...names: string[]) => ({
      protocolType: "x",
      protocols: names.map((name) => ({ name, metadata: bytes(name) })),
    });
    const first = world.join("g", speak("a", "b", "c"));
    world.join("g", speak("b", "a"));
    world.join("g", speak("b", "a", "d"));
    expect(world.join("g", speak("c", "d")).value.error).toBe(ERROR.INCONSISTENT_GROUP_PROTOCOL);
    expect(world.join("g", { ...speak("a"), protocolType: "y" }).value.error).toBe(
      ERROR.INCONSISTENT_GROUP_PROTOCOL,
    );
    world.clock.advance(0);
    expect(first.value.protocolName).toBe("b");
    expect(first.value.members.map(({ metadata }) => text(metadata))).toEqual(["b", "b", "b"]);
  });

  test("a member that says a protocol twice is counted once", () => {
    const world = new GroupWorld({ "group.initial.rebalance.delay.ms": 0 });
    const twice = [1, 2].map(() => ({ name: "range", metadata: subscription(["t"]) }));
    const joins = [world.join("g", { protocols: twice }), world.join("g")];
    world.clock.advance(0);
    expect(joins.map(({ value }) => value.error)).toEqual([0, 0]);
  });

  test("a failed write sends everybody back, and the group settles once writes go on", () => {
    const world = new GroupWorld({ "group.initial.rebalance.delay.ms": 0 });
    const joins = [world.join("g"), world.join("g")];
    world.clock.advance(0);
    const [a, b] = joins.map(({ value }) => value);
    if (a === undefined || b === undefined) throw new Error("no members");
    const follower = world.sync("g", b);
    world.log.refusal = ERROR.KAFKA_STORAGE_ERROR;
    expect(world.sync("g", a, {}).value.error).toBe(ERROR.NOT_COORDINATOR);
    expect(follower.value.error).toBe(ERROR.NOT_COORDINATOR);
    expect(world.state("g")).toBe("PreparingRebalance");
    world.log.refusal = 0;
    world.join("g", { memberId: a.memberId });
    const again = world.join("g", { memberId: b.memberId });
    expect(again.value.generationId).toBe(2);
  });

  test("nobody gets an assignment that a power cut could take back", () => {
    const world = new GroupWorld({ "group.initial.rebalance.delay.ms": 0 });
    const joined = world.join("g");
    world.clock.advance(0);
    world.log.held = true;
    const synced = world.sync("g", joined.value, { [joined.value.memberId]: "a" });
    expect([synced.result, world.state("g")]).toEqual([null, "CompletingRebalance"]);
    world.log.sync();
    expect([synced.value.error, world.state("g")]).toEqual([0, "Stable"]);
  });

  test("one that joins twice is answered where it asked last", () => {
    const world = new GroupWorld();
    const first = world.join("g", { requireKnownMemberId: true }).value;
    const lost = world.join("g", { memberId: first.memberId });
    const again = world.join("g", { memberId: first.memberId });
    expect(lost.value.error).toBe(ERROR.REBALANCE_IN_PROGRESS);
    world.clock.advance(3 * SECOND_MS);
    expect(again.value).toMatchObject({ error: 0, generationId: 1 });
  });
});

describe("leaving", () => {
  test("by id, by instance, while joining; each is told its own result", () => {
    const world = new GroupWorld();
    const [leader, other] = world.stable("g", 3, (index) => ({
      groupInstanceId: index === 2 ? "static" : null,
    }));
    if (leader === undefined || other === undefined) throw new Error("no members");
    const pending = world.join("g", { requireKnownMemberId: true }).value;
    const { members } = world.leave("g", [
      { memberId: other.memberId, groupInstanceId: null },
      { memberId: "", groupInstanceId: "static" },
      { memberId: pending.memberId, groupInstanceId: null },
      { memberId: "nobody", groupInstanceId: null },
      { memberId: "", groupInstanceId: "no such" },
      { memberId: "", groupInstanceId: null },
      { memberId: leader.memberId, groupInstanceId: "static" },
    ]);
    const unknown = ERROR.UNKNOWN_MEMBER_ID;
    expect(members.map(({ error }) => error)).toEqual([0, 0, 0, unknown, unknown, unknown, unknown]);
    expect(world.heartbeat("g", leader)).toBe(ERROR.REBALANCE_IN_PROGRESS);
    expect(world.join("g", { memberId: leader.memberId }).value.members).toHaveLength(1);
  });

  test("the last one leaves an empty group behind, also over a restart", () => {
    const world = new GroupWorld();
    const [leader] = world.stable("g", 1);
    if (leader === undefined) throw new Error("no leader");
    world.log.held = true;
    const leaving = world.leaving("g", [{ memberId: leader.memberId, groupInstanceId: null }]);
    expect([leaving.result, world.state("g")]).toEqual([null, "Empty"]);
    world.log.sync();
    expect(leaving.value.members[0]?.error).toBe(0);
    const after = world.restart();
    expect(after.state("g")).toBe("Empty");
    const joined = after.join("g");
    after.clock.advance(3 * SECOND_MS);
    expect(joined.value.generationId).toBe(3);
  });

  test("of a group that is not there, every member is unknown", () => {
    const world = new GroupWorld();
    const { error, members } = world.leave("g", [{ memberId: "a", groupInstanceId: null }]);
    expect([error, members[0]?.error]).toEqual([0, ERROR.UNKNOWN_MEMBER_ID]);
    expect(world.leave("", []).error).toBe(ERROR.INVALID_GROUP_ID);
  });
});

describe("static members", () => {
  const said = { groupInstanceId: "one", supportsSkippingAssignment: true };

  function stableStatic(world: GroupWorld) {
    const [leader, other] = world.stable("g", 2, (index) =>
      index === 0 ? said : { ...said, groupInstanceId: "two" },
    );
    if (leader === undefined || other === undefined) throw new Error("no members");
    return { leader, other };
  }

  test("one that comes back takes its old place without a rebalance, and fences its old id", () => {
    const world = new GroupWorld();
    const { leader, other } = stableStatic(world);
    const back = world.join("g", { ...said, groupInstanceId: "two" }).value;
    expect(back).toMatchObject({ error: 0, generationId: 1, skipAssignment: false, members: [] });
    expect(back.memberId).toMatch(/^two-/);
    expect(world.state("g")).toBe("Stable");
    expect(world.heartbeat("g", other, { groupInstanceId: "two" })).toBe(ERROR.FENCED_INSTANCE_ID);
    expect(world.heartbeat("g", leader)).toBe(0);
    // It goes on with what its predecessor had.
    expect(text(world.sync("g", back).value.assignment)).toBe(other.memberId);
    expect(world.commit("g", "t", 0, 1, { ...other, groupInstanceId: "two" }).value).toBe(
      ERROR.FENCED_INSTANCE_ID,
    );
  });

  test("a leader that comes back is told that it need not share out, or, where it could not know, that another leads", () => {
    const world = new GroupWorld();
    const { leader } = stableStatic(world);
    const back = world.join("g", said).value;
    expect(back).toMatchObject({ leader: back.memberId, skipAssignment: true });
    expect(back.members).toHaveLength(2);
    const older = world.join("g", { ...said, supportsSkippingAssignment: false }).value;
    expect(older).toMatchObject({ leader: back.memberId, skipAssignment: false, members: [] });
    expect(older.memberId).not.toBe(back.memberId);
    expect(leader.memberId).not.toBe(back.memberId);
  });

  test("its new id outlives a restart, its old id never comes back", () => {
    const world = new GroupWorld();
    const { other } = stableStatic(world);
    world.log.held = true;
    const back = world.join("g", { ...said, groupInstanceId: "two" });
    expect(back.result).toBeNull();
    world.log.sync();
    const after = world.restart();
    expect(after.heartbeat("g", back.value, { groupInstanceId: "two" })).toBe(0);
    expect(after.heartbeat("g", other, { groupInstanceId: "two" })).toBe(ERROR.FENCED_INSTANCE_ID);
  });

  test("one whose protocols change the group's shares out anew", () => {
    const world = new GroupWorld();
    stableStatic(world);
    const protocols = [
      { name: "new", metadata: subscription(["t"]) },
      { name: "range", metadata: subscription(["t"]) },
    ];
    expect(world.join("g", { ...said, groupInstanceId: "two", protocols }).value.generationId).toBe(1);
    expect(world.join("g", { ...said, protocols }).result).toBeNull();
    expect(world.state("g")).toBe("PreparingRebalance");
  });

  test("one that comes back while the group completes a rebalance begins another", () => {
    const world = new GroupWorld({ "group.initial.rebalance.delay.ms": 0 });
    const joins = [world.join("g", said), world.join("g", { ...said, groupInstanceId: "two" })];
    world.clock.advance(0);
    const [leader] = joins.map(({ value }) => value);
    world.join("g", { ...said, groupInstanceId: "two" });
    expect(world.state("g")).toBe("PreparingRebalance");
    if (leader === undefined) throw new Error("no leader");
    expect(world.heartbeat("g", leader)).toBe(ERROR.REBALANCE_IN_PROGRESS);
  });

  test("whoever waits under the old id is told that it is fenced", () => {
    const world = new GroupWorld();
    const waiting = world.join("g", said);
    const again = world.join("g", said);
    expect(waiting.value.error).toBe(ERROR.FENCED_INSTANCE_ID);
    world.clock.advance(6 * SECOND_MS);
    expect(again.value).toMatchObject({ error: 0, generationId: 1 });
    expect(again.value.members).toHaveLength(1);
  });
});

describe("bounds", () => {
  test("a group takes no more than group.max.size", () => {
    const world = new GroupWorld({ "group.max.size": 2 });
    const [leader] = world.stable("g", 2);
    if (leader === undefined) throw new Error("no leader");
    expect(world.join("g").value.error).toBe(ERROR.GROUP_MAX_SIZE_REACHED);
    expect(world.heartbeat("g", leader)).toBe(0);
  });

  test("a group that is larger than the setting after a restart gets rid of the last that come", () => {
    const world = new GroupWorld();
    const members = world.stable("g", 3);
    const smaller = new GroupWorld(
      { "group.max.size": 2 },
      { clock: world.clock, topics: world.topics, entries: world.log.survivors(1) },
    );
    expect(smaller.state("g")).toBe("PreparingRebalance");
    const joins = members.map(({ memberId }) => smaller.join("g", { memberId }));
    expect(joins.map(({ result }) => result?.error)).toEqual([0, 0, ERROR.GROUP_MAX_SIZE_REACHED]);
  });

  test("there are no more groups than group.max.groups", () => {
    const world = new GroupWorld({ "group.max.groups": 2 });
    world.join("a");
    world.commit("b", "t", 0, 1);
    expect(world.join("c").value.error).toBe(ERROR.GROUP_MAX_SIZE_REACHED);
    expect(world.commit("c", "t", 0, 1).value).toBe(ERROR.GROUP_MAX_SIZE_REACHED);
    expect(world.groups.registry.size).toBe(2);
  });

  test("what all members say together is bounded, and comes back when they go", () => {
    const world = new GroupWorld({ "group.initial.rebalance.delay.ms": 0 });
    const large = [{ name: "range", metadata: new Uint8Array(30 * 1024 * 1024) }];
    const joins = ["a", "b", "c"].map((id) => world.join(id, { protocolType: "x", protocols: large }));
    expect(joins[2]?.value.error).toBe(ERROR.GROUP_MAX_SIZE_REACHED);
    world.clock.advance(0);
    const memberId = joins[0]?.value.memberId ?? "";
    world.leave("a", [{ memberId, groupInstanceId: null }]);
    expect(world.join("c", { protocolType: "x", protocols: large }).result?.error).toBeUndefined();
  });
});

describe("what all groups hold", () => {
  test("is given back by whatever way members and groups go", () => {
    const world = new GroupWorld({ "group.initial.rebalance.delay.ms": 0 });
    const { budget } = world.groups.classic;
    const [leader] = world.stable("a", 2, (index) => ({ groupInstanceId: index === 0 ? "one" : null }));
    if (leader === undefined) throw new Error("no leader");
    world.join("a", { groupInstanceId: "one", supportsSkippingAssignment: true });
    const pending = world.join("a", { requireKnownMemberId: true }).value;
    world.join("b", { requireKnownMemberId: true });
    expect(budget.members).toBe(4);
    expect(budget.heldBytes).toBeGreaterThan(4 * 1024);
    world.leave("a", [{ memberId: pending.memberId, groupInstanceId: null }]);
    expect(budget.members).toBe(3);
    const after = world.restart();
    expect(after.groups.classic.budget.members).toBe(2);
    // Sessions end; the group is deleted with nobody in it.
    for (let turn = 0; turn < 20; turn += 1) after.clock.advance(10 * SECOND_MS);
    expect(after.state("a")).toBe("Empty");
    after.delete("a");
    expect(after.groups.classic.budget).toEqual({ members: 0, heldBytes: 0 });
  });

  test("names of groups are bounded together", () => {
    const world = new GroupWorld();
    const names = Array.from({ length: 600 }, (_, index) => `${index}-${"x".repeat(32_000)}`);
    const errors = names.map((name) => world.commit(name, "t", 0, 1).value);
    const refused = errors.indexOf(ERROR.GROUP_MAX_SIZE_REACHED);
    expect(refused).toBeGreaterThan(500);
    expect(errors.slice(0, refused).every((error) => error === 0)).toBe(true);
    const [first = ""] = names;
    expect(world.delete(first).value).toBe(0);
    expect(world.commit("again", "t", 0, 1).value).toBe(0);
  });
});

describe("a restart", () => {
  test("keeps members, their generation and assignments; they go on with heartbeats", () => {
    const world = new GroupWorld();
    const members = world.stable("g", 3);
    const after = world.restart();
    expect(after.state("g")).toBe("Stable");
    for (const member of members) {
      expect(after.heartbeat("g", member)).toBe(0);
      expect(text(after.sync("g", member).value.assignment)).toBe(member.memberId);
    }
    after.clock.advance(9 * SECOND_MS);
    expect(after.state("g")).toBe("Stable");
    after.clock.advance(SECOND_MS);
    // Nobody was heard of again: all sessions have ended.
    expect(after.state("g")).toBe("Empty");
  });

  test("forgets a rebalance that was under way, and members begin it anew", () => {
    const world = new GroupWorld();
    const [leader] = world.stable("g", 1);
    if (leader === undefined) throw new Error("no leader");
    world.join("g");
    const after = world.restart();
    expect(after.heartbeat("g", leader)).toBe(0);
    const joining = after.join("g");
    after.join("g", { memberId: leader.memberId });
    expect(joining.value.generationId).toBe(2);
  });
});

describe("a group that nobody became a member of", () => {
  const hesitant = { requireKnownMemberId: true };

  test("is gone once nobody is waited for, and makes room for others", () => {
    const world = new GroupWorld({ "group.max.groups": 2 });
    world.join("a", { ...hesitant, sessionTimeoutMs: 6000 });
    world.join("b", { ...hesitant, sessionTimeoutMs: 6000 });
    const second = world.join("b", { ...hesitant, sessionTimeoutMs: 10_000 }).value;
    expect(world.join("c", hesitant).value.error).toBe(ERROR.GROUP_MAX_SIZE_REACHED);
    world.clock.advance(6000);
    expect([world.state("a"), world.state("b")]).toEqual([null, "Empty"]);
    expect(world.leave("b", [{ memberId: second.memberId, groupInstanceId: null }]).members[0]?.error).toBe(
      0,
    );
    expect(world.state("b")).toBeNull();
    expect(world.join("c", hesitant).value.error).toBe(ERROR.MEMBER_ID_REQUIRED);
    expect(world.groups.classic.budget.members).toBe(1);
  });

  test("is not begun where the join is refused", () => {
    const world = new GroupWorld();
    expect(world.join("g", { protocols: [] }).value.error).toBe(ERROR.INCONSISTENT_GROUP_PROTOCOL);
    expect(world.state("g")).toBeNull();
  });

  test("stays where it has offsets, waiting ones too, or a record", () => {
    const world = new GroupWorld();
    world.commit("offsets", "t", 0, 1);
    world.commit("waiting", "t", 0, 1, { producerId: 7 });
    const [member] = world.stable("record", 1);
    world.leave("record", [{ memberId: member?.memberId ?? "", groupInstanceId: null }]);
    world.clock.advance(60_000);
    const after = world.restart();
    const names = ["offsets", "waiting", "record"];
    for (const name of names) after.join(name, hesitant);
    after.clock.advance(10_000);
    expect(names.map((name) => after.state(name))).toEqual(["Empty", "Empty", "Empty"]);
  });
});

test("a new member may wait for others beyond its session's time, and for five minutes at most", () => {
  const world = new GroupWorld();
  world.stable("g", 1, () => ({ rebalanceTimeoutMs: 600_000, sessionTimeoutMs: 1_000_000 }));
  const joining = world.join("g", { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 600_000 });
  world.clock.advance(299_000);
  expect(joining.result).toBeNull();
  expect(world.groups.registry.get("g")?.memberCount).toBe(2);
  world.clock.advance(1000);
  expect(joining.value.error).toBe(ERROR.UNKNOWN_MEMBER_ID);
  expect(world.groups.registry.get("g")?.memberCount).toBe(1);
});

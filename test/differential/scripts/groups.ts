import type { Answer, Fields, Script, Session } from "../session.ts";

const SUBSCRIPTION = Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 1, 0x74, 0xff, 0xff, 0xff, 0xff);
const JOIN = {
  groupId: "g",
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 10_000,
  protocolType: "consumer",
  protocols: [{ name: "range", metadata: SUBSCRIPTION }],
};
const MEMBER_ID_REQUIRED = 79;
const PROTOCOL = { protocolType: "consumer", protocolName: "range" };

/** The classic protocol: joins, syncs, heartbeats, leaves, descriptions; by good and by odd clients. */
export const groups: Script = async (session) => {
  await ready(session);
  await refusedJoins(session);
  await strangers(session);
  await oneMember(session);
  await twoMembers(session);
  await staticMember(session);
};

async function ready(session: Session): Promise<void> {
  const said = { keyType: 0, coordinatorKeys: ["g"] };
  await session.until(
    "FindCoordinator",
    6,
    said,
    (answer) => answer.entry("coordinators").number("errorCode") === 0,
  );
  await session.until(
    "JoinGroup",
    9,
    { ...JOIN, groupId: "ready" },
    (answer) => answer.number("errorCode") === MEMBER_ID_REQUIRED,
  );
}

async function refusedJoins(session: Session): Promise<void> {
  for (const version of [0, 1, 4, 5, 7, 9]) {
    const join = (label: string, said: Fields) => {
      const old = version === 0 ? { rebalanceTimeoutMs: -1 } : {};
      return session.ask(label, "JoinGroup", version, { ...JOIN, ...old, ...said });
    };
    await join("no group", { groupId: "" });
    await join("a short session", { sessionTimeoutMs: 5 });
    await join("a long session", { sessionTimeoutMs: 2_000_000_000 });
    await join("no protocols", { groupId: "np", protocols: [] });
    await join("no protocol type", { groupId: "nt", protocolType: "" });
    await join("an unknown member", { groupId: "um", memberId: "x" });
  }
  await session.ask("after refused joins", "ListGroups", 5, {
    statesFilter: ["Stable", "PreparingRebalance"],
  });
}

async function strangers(session: Session): Promise<void> {
  const said = { generationId: 1, memberId: "m" };
  for (const groupId of ["none", ""]) {
    for (const version of [0, 1, 3, 4]) {
      await session.ask(`in '${groupId}'`, "Heartbeat", version, { ...said, groupId });
    }
    for (const version of [0, 1, 3, 5]) {
      const protocol = version === 5 ? PROTOCOL : {};
      await session.ask(`in '${groupId}'`, "SyncGroup", version, { ...said, ...protocol, groupId });
    }
    for (const version of [0, 1, 2]) {
      await session.ask(`in '${groupId}'`, "LeaveGroup", version, { groupId, memberId: "m" });
    }
    for (const version of [3, 4, 5]) {
      const members = [
        { memberId: "m", groupInstanceId: null },
        { memberId: "", groupInstanceId: "i" },
      ];
      await session.ask(`in '${groupId}'`, "LeaveGroup", version, { groupId, members });
      await session.ask(`nobody in '${groupId}'`, "LeaveGroup", version, { groupId, members: [] });
    }
  }
  await session.ask("without a protocol", "SyncGroup", 5, { ...said, groupId: "none" });
  await session.ask("with half a protocol", "SyncGroup", 5, {
    ...said,
    groupId: "none",
    protocolType: "consumer",
  });
}

async function join(session: Session, label: string, said: Fields, connection = "main"): Promise<Answer> {
  const first = await session.ask(`${label}, without id`, "JoinGroup", 9, { ...JOIN, ...said }, connection);
  if (first.number("errorCode") !== MEMBER_ID_REQUIRED) return first;
  const memberId = first.text("memberId");
  return session.ask(label, "JoinGroup", 9, { ...JOIN, ...said, memberId }, connection);
}

async function oneMember(session: Session): Promise<void> {
  const joined = await join(session, "the first", {});
  const memberId = joined.text("memberId");
  const generationId = joined.number("generationId");
  const me = { groupId: "g", memberId, generationId };
  const describe = (label: string, version: number, names: readonly string[]) =>
    session.ask(label, "DescribeGroups", version, {
      groups: names,
      ...(version >= 3 ? { includeAuthorizedOperations: true } : {}),
    });
  await describe("before the assignment", 6, ["g"]);
  await session.ask("before the assignment", "Heartbeat", 4, me);
  const sync = { ...me, ...PROTOCOL, assignments: [{ memberId, assignment: "mine" }] };
  await session.ask("of another generation", "SyncGroup", 5, { ...sync, generationId: 9 });
  await session.ask("of another protocol", "SyncGroup", 5, { ...sync, protocolName: "x" });
  await session.ask("of another type", "SyncGroup", 5, { ...sync, protocolType: "x" });
  await session.ask("of a stranger", "SyncGroup", 5, { ...sync, memberId: "x" });
  await session.ask("of a strange instance", "SyncGroup", 5, { ...sync, groupInstanceId: "x" });
  await session.ask("again while completing", "JoinGroup", 9, { ...JOIN, memberId });
  await session.ask("the leader's", "SyncGroup", 5, sync);
  await session.ask("again", "SyncGroup", 5, { ...sync, assignments: [] });
  for (const version of [0, 3, 5, 6]) await describe("a stable group", version, ["g", "none", ""]);
  for (const [label, said] of Object.entries({
    states: { statesFilter: ["sTable"] },
    types: { statesFilter: ["Stable"], typesFilter: ["CLASSIC"] },
    "an unknown state": { statesFilter: ["bogus"] },
    "an unknown type": { typesFilter: ["bogus"] },
    "the other type": { statesFilter: ["Stable"], typesFilter: ["consumer"] },
  })) {
    await session.ask(label, "ListGroups", 5, said);
  }
  await session.ask("of another generation", "Heartbeat", 4, { ...me, generationId: 9 });
  await session.ask("of a strange instance", "Heartbeat", 4, { ...me, groupInstanceId: "x" });
  await session.ask("of another type", "JoinGroup", 9, { ...JOIN, protocolType: "connect" });
  await session.ask("of another protocol", "JoinGroup", 9, { ...JOIN, protocols: [{ name: "zzz" }] });
  await session.ask("of a stranger", "JoinGroup", 9, { ...JOIN, memberId: "x" });
  await session.ask("of a strange instance", "JoinGroup", 9, { ...JOIN, memberId, groupInstanceId: "x" });
  await session.ask("not empty, none, unnamed", "DeleteGroups", 2, { groupsNames: ["g", "none", ""] });
  await session.ask("a stranger and I", "LeaveGroup", 5, {
    groupId: "g",
    members: [
      { memberId: "x", groupInstanceId: null },
      { memberId, groupInstanceId: null },
    ],
  });
  await session.ask("after I left", "Heartbeat", 4, me);
  await session.ask("after I left", "SyncGroup", 5, sync);
  await describe("an empty group", 6, ["g"]);
  for (const version of [0, 1, 2]) {
    await session.ask("empty, and again", "DeleteGroups", version, { groupsNames: ["g"] });
  }
}

async function twoMembers(session: Session): Promise<void> {
  const said = { groupId: "two" };
  const leader = await join(session, "one of two", said);
  const me = { ...said, memberId: leader.text("memberId"), generationId: leader.number("generationId") };
  const assignments = [{ memberId: me.memberId, assignment: "all" }];
  await session.ask("one of two", "SyncGroup", 5, { ...me, ...PROTOCOL, assignments });
  const other = join(session, "the other of two", said, "other");
  // The broker has to see the other first.
  await Bun.sleep(500);
  await session.ask("during a rebalance", "Heartbeat", 4, me);
  await session.ask("during a rebalance", "SyncGroup", 5, { ...me, ...PROTOCOL });
  const again = await session.ask(null, "JoinGroup", 9, { ...JOIN, ...said, memberId: me.memberId });
  const follower = await other;
  const generationId = again.number("generationId");
  const waiting = session.ask(
    "the follower's",
    "SyncGroup",
    5,
    { ...said, ...PROTOCOL, memberId: follower.text("memberId"), generationId },
    "other",
  );
  await Bun.sleep(300);
  await session.ask(null, "SyncGroup", 5, {
    ...said,
    ...PROTOCOL,
    memberId: me.memberId,
    generationId,
    assignments: [{ memberId: follower.text("memberId"), assignment: "the rest" }],
  });
  await waiting;
  await session.ask("with the old generation", "Heartbeat", 4, me);
  await session.ask("two members", "DescribeGroups", 6, { groups: ["two"] });
  await session.ask(
    "the follower's, unchanged",
    "JoinGroup",
    9,
    { ...JOIN, ...said, memberId: follower.text("memberId") },
    "other",
  );
  await session.ask("the leader", "LeaveGroup", 1, { ...said, memberId: me.memberId });
  await session.ask("when the leader left", "Heartbeat", 4, {
    ...said,
    memberId: follower.text("memberId"),
    generationId,
  });
}

async function staticMember(session: Session): Promise<void> {
  const said = { ...JOIN, groupId: "static", groupInstanceId: "one" };
  const first = await session.ask("a static member", "JoinGroup", 9, said);
  const memberId = first.text("memberId");
  const me = { groupId: "static", memberId, generationId: 1, groupInstanceId: "one" };
  await session.ask("a static member's", "SyncGroup", 5, {
    ...me,
    ...PROTOCOL,
    assignments: [{ memberId, assignment: "all" }],
  });
  const back = await session.ask("a static member that is back", "JoinGroup", 9, said, "other");
  await session.ask("its old id", "Heartbeat", 4, me);
  await session.ask("its old id", "SyncGroup", 5, { ...me, ...PROTOCOL });
  await session.ask("its old id", "JoinGroup", 9, { ...said, memberId });
  await session.ask(
    "its new id",
    "SyncGroup",
    5,
    { ...me, ...PROTOCOL, memberId: back.text("memberId") },
    "other",
  );
  await session.ask("a static member that is back, before version 9", "JoinGroup", 5, said, "other");
  await session.ask("a static group", "DescribeGroups", 6, { groups: ["static"] });
  const leave = (label: string, member: Fields) =>
    session.ask(label, "LeaveGroup", 5, { groupId: "static", members: [member] });
  await leave("its old id", { memberId, groupInstanceId: "one" });
  await leave("another instance", { memberId: "", groupInstanceId: "two" });
  await leave("by instance", { memberId: "", groupInstanceId: "one" });
  await session.ask("an empty static group", "DescribeGroups", 6, { groups: ["static"] });
}

import type { Fields, Script, Session } from "../session.ts";

const NO_TOPIC_ID = "AAAAAAAAAAAAAAAAAAAACQ";

/** Committed offsets: commits, fetches, deletions, transactions; by good and by odd clients. */
export const offsets: Script = async (session) => {
  const id = await topics(session);
  await commits(session, id);
  await fetches(session, id);
  await commitsOfMembers(session);
  await deletions(session);
  await transactions(session);
};

async function topics(session: Session): Promise<string> {
  const wanted = ["t", "u"].map((name) => ({ name, numPartitions: 2, replicationFactor: 1 }));
  await session.ask(null, "CreateTopics", 7, { topics: wanted, timeoutMs: 10_000 });
  const said = { topics: [{ name: "t" }] };
  const known = await session.until(
    "Metadata",
    12,
    said,
    (answer) => answer.entry("topics").number("errorCode") === 0,
  );
  for (const keyType of [0, 1]) {
    const key = { keyType, coordinatorKeys: ["g"] };
    await session.until(
      "FindCoordinator",
      6,
      key,
      (answer) => answer.entry("coordinators").number("errorCode") === 0,
    );
  }
  const nothing = { groupId: "none", topics: [] };
  await session.until("OffsetFetch", 7, nothing, (answer) => answer.number("errorCode") === 0);
  return known.entry("topics").text("topicId");
}

function partition(partitionIndex: number, committedOffset: number, committedMetadata: string | null = "") {
  return { partitionIndex, committedOffset, committedMetadata };
}

function commitOf(groupId: string, partitions: readonly Fields[], name = "t"): Fields {
  return { groupId, topics: [{ name, partitions }] };
}

async function commits(session: Session, topicId: string): Promise<void> {
  for (const version of [2, 3, 4, 5, 6, 7, 8, 9]) {
    const group = `simple-${version}`;
    const commit = (label: string, said: Fields) => session.ask(label, "OffsetCommit", version, said);
    await commit(
      "simple",
      commitOf(group, [partition(0, 5, "m"), partition(7, 1), partition(1, -5), partition(-1, 1)]),
    );
    await commit("no text", commitOf(group, [partition(0, 5, null)]));
    await commit("an unknown topic", commitOf(group, [partition(0, 5)], "nope"));
    const member = { generationIdOrMemberEpoch: 3, memberId: "m" };
    await commit("a member of no group", { ...commitOf("none", [partition(0, 5)]), ...member });
    await commit("no group", commitOf("", [partition(0, 5)]));
    await commit("a member without generation", { ...commitOf(group, [partition(0, 6)]), memberId: "m" });
    await commit(
      "much text",
      commitOf(group, [partition(0, 6, "x".repeat(4097)), partition(1, 8, "y".repeat(4096))]),
    );
    await commit("no topics", { groupId: group });
    await commit("no partitions", commitOf(group, []));
    if (version >= 7)
      await commit("an instance alone", { ...commitOf(group, [partition(0, 5)]), groupInstanceId: "i" });
  }
  const byId = [
    { topicId, partitions: [partition(0, 5), partition(9, 5)] },
    { topicId: NO_TOPIC_ID, partitions: [partition(0, 5)] },
  ];
  await session.ask("by id", "OffsetCommit", 10, { groupId: "simple-10", topics: byId });
  const member = { generationIdOrMemberEpoch: 1, memberId: "m" };
  await session.ask("a member of no group", "OffsetCommit", 10, { groupId: "none", ...member, topics: byId });
}

async function fetches(session: Session, topicId: string): Promise<void> {
  for (const version of [1, 2, 3, 5, 6, 7]) {
    const some = [
      { name: "t", partitionIndexes: [0, 1, 7] },
      { name: "nope", partitionIndexes: [0] },
    ];
    for (const groupId of ["simple-9", "none", ""]) {
      await session.ask(`some of '${groupId}'`, "OffsetFetch", version, { groupId, topics: some });
      if (version >= 2)
        await session.ask(`all of '${groupId}'`, "OffsetFetch", version, { groupId, topics: null });
    }
  }
  for (const version of [8, 9]) {
    const groups = ["simple-9", "none", ""].flatMap((groupId) => [
      { groupId, topics: [{ name: "t", partitionIndexes: [0, 1] }] },
      { groupId, topics: null },
    ]);
    for (const requireStable of [false, true]) {
      await session.ask(`of several, stable ${requireStable}`, "OffsetFetch", version, {
        groups,
        requireStable,
      });
    }
  }
  const member = { memberId: "m", memberEpoch: 5, topics: null };
  const groups = ["simple-9", "none"].map((groupId) => ({ groupId, ...member }));
  await session.ask("of a member", "OffsetFetch", 9, { groups });
  const byId = [
    { topicId, partitionIndexes: [0, 5] },
    { topicId: NO_TOPIC_ID, partitionIndexes: [0] },
  ];
  await session.ask("by id", "OffsetFetch", 10, {
    groups: [byId, null].map((asked) => ({ groupId: "simple-10", topics: asked })),
  });
}

async function commitsOfMembers(session: Session): Promise<void> {
  const join = {
    groupId: "members",
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    protocolType: "consumer",
    protocols: [
      { name: "range", metadata: Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 1, 0x74, 0xff, 0xff, 0xff, 0xff) },
    ],
  };
  const { memberId } = (await session.ask(null, "JoinGroup", 9, join)).fields;
  const joined = await session.ask(null, "JoinGroup", 9, { ...join, memberId });
  const generation = joined.number("generationId");
  const member = { generationIdOrMemberEpoch: generation, memberId };
  const commit = (label: string, said: Fields) =>
    session.ask(label, "OffsetCommit", 9, { ...commitOf("members", [partition(0, 1)]), ...member, ...said });
  await commit("before the assignment", {});
  const protocol = {
    protocolType: "consumer",
    protocolName: "range",
    assignments: [{ memberId, assignment: "a" }],
  };
  await session.ask(null, "SyncGroup", 5, {
    groupId: "members",
    generationId: generation,
    memberId,
    ...protocol,
  });
  await commit("a member", {});
  await commit("another generation", { generationIdOrMemberEpoch: 7 });
  await commit("a stranger", { memberId: "x" });
  await commit("a generation alone", { memberId: "" });
  await commit("a member alone", { generationIdOrMemberEpoch: -1 });
  await commit("nobody", { memberId: "", generationIdOrMemberEpoch: -1 });
  await commit("a strange instance", { groupInstanceId: "i" });
  await session.ask("what members use", "OffsetDelete", 0, {
    groupId: "members",
    topics: [
      { name: "t", partitions: [{ partitionIndex: 0 }] },
      { name: "u", partitions: [{ partitionIndex: 0 }, { partitionIndex: 9 }] },
      { name: "nope", partitions: [{ partitionIndex: 0 }] },
    ],
  });
  await session.ask(null, "LeaveGroup", 1, { groupId: "members", memberId });
  await commit("one that left", {});
  await commit("nobody, to an empty group", { memberId: "", generationIdOrMemberEpoch: -1 });
}

async function deletions(session: Session): Promise<void> {
  const one = (name: string) => [{ name, partitions: [{ partitionIndex: 0 }] }];
  for (const [label, said] of Object.entries({
    "of no group": { groupId: "none", topics: one("t") },
    "of no group and no topic": { groupId: "none", topics: one("nope") },
    "of an unnamed group": { groupId: "", topics: one("t") },
    nothing: { groupId: "none", topics: [] },
    "of a group": { groupId: "simple-4", topics: one("t") },
    "of a group again": { groupId: "simple-4", topics: one("t") },
    "of a topic that is not there": { groupId: "simple-4", topics: one("nope") },
  })) {
    await session.ask(label, "OffsetDelete", 0, said);
  }
  await session.ask("after a deletion", "OffsetFetch", 7, { groupId: "simple-4", topics: null });
  await session.ask("groups with offsets", "DeleteGroups", 2, {
    groupsNames: ["simple-4", "simple-5", "none"],
  });
  await session.ask("of a deleted group", "OffsetFetch", 7, { groupId: "simple-5", topics: null });
  await session.ask("simple groups", "DescribeGroups", 6, { groups: ["simple-2", "simple-5"] });
  await session.ask("empty ones", "ListGroups", 5, { statesFilter: ["Empty"] });
}

async function transactions(session: Session): Promise<void> {
  const producer = await session.until(
    "InitProducerId",
    5,
    { transactionalId: "tx", transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 },
    (answer) => answer.number("errorCode") === 0,
  );
  const { producerId, producerEpoch } = producer.fields;
  const commit = (label: string | null, version: number, said: Fields = {}) =>
    session.ask(label, "TxnOffsetCommit", version, {
      transactionalId: "tx",
      groupId: "tx-group",
      producerId,
      producerEpoch,
      topics: [{ name: "t", partitions: [partition(0, 4), partition(9, 4)] }],
      ...said,
    });
  const stable = (label: string) =>
    session.ask(label, "OffsetFetch", 7, {
      groupId: "tx-group",
      topics: [{ name: "t", partitionIndexes: [0] }],
      requireStable: true,
    });
  for (const version of [0, 3, 4, 5]) {
    await commit("an unknown transaction", version, { transactionalId: "other" });
    await commit("another producer", version, { producerId: 999_999 });
    await commit("no group", version, { groupId: "" });
    await commit("an unknown topic", version, { topics: [{ name: "nope", partitions: [partition(0, 1)] }] });
  }
  await commit("a member of no group", 5, { generationIdOrMemberEpoch: 3, memberId: "m" });
  await commit("in a transaction", 5);
  await stable("while it is open");
  await session.ask("while it is open, not stable", "OffsetFetch", 7, {
    groupId: "tx-group",
    topics: [{ name: "t", partitionIndexes: [0] }],
  });
  await session.ask(null, "EndTxn", 5, { transactionalId: "tx", producerId, producerEpoch, committed: true });
  await session.until(
    "OffsetFetch",
    7,
    { groupId: "tx-group", topics: [{ name: "t", partitionIndexes: [0] }], requireStable: true },
    (answer) => answer.entry("topics").entry("partitions").number("errorCode") === 0,
  );
  await stable("after its end");
  await commit("with the epoch before", 5);
}

import { BatchBuilder } from "../../../src/records/builder.ts";
import type { Answer, Fields, Script, Session } from "../session.ts";

const GROUP = "sg";
const MEMBER = "m1";
const TIMEOUT = { timeoutMs: 10_000 };
const NO_TOPIC_ID = "AAAAAAAAAAAAAAAAAAAACQ";
const TIME_MS = Date.now() - 60_000;
const [GAP, ACCEPT, RELEASE, REJECT, RENEW] = [0, 1, 2, 3, 4];

/** Share groups: members, fetches, acknowledgements, offsets; by good and by odd clients. */
export const shares: Script = async (session) => {
  const id = await topic(session);
  await refusedHeartbeats(session);
  await refusedFetches(session, id);
  await begin(session, id);
  await delivers(session, id);
  await acknowledges(session, id);
  await sessions(session, id);
  await offsets(session);
};

async function topic(session: Session): Promise<string> {
  const wanted = { name: "shared", numPartitions: 1, replicationFactor: 1, configs: [] };
  await session.ask(null, "CreateTopics", 7, { topics: [wanted], ...TIMEOUT });
  const found = await session.until(
    "Metadata",
    12,
    { topics: [{ name: "shared" }] },
    (answer) => answer.entry("topics").number("errorCode") === 0,
  );
  for (let batches = 0; batches < 3; batches += 1) {
    const builder = new BatchBuilder();
    for (let index = 0; index < 5; index += 1)
      builder.append(TIME_MS, null, Buffer.from(`job ${index}`), null);
    const partitionData = [{ index: 0, records: builder.build() }];
    await session.ask(null, "Produce", 9, {
      acks: -1,
      ...TIMEOUT,
      topicData: [{ name: "shared", partitionData }],
    });
  }
  return found.entry("topics").text("topicId");
}

function beat(session: Session, label: string | null, said: Fields = {}): Promise<Answer> {
  const usual = { groupId: GROUP, memberId: MEMBER, memberEpoch: 0, subscribedTopicNames: ["shared"] };
  return session.ask(label, "ShareGroupHeartbeat", 1, { ...usual, ...said });
}

async function refusedHeartbeats(session: Session): Promise<void> {
  await session.until(
    "FindCoordinator",
    6,
    { keyType: 0, coordinatorKeys: [GROUP] },
    (answer) => answer.entry("coordinators").number("errorCode") === 0,
  );
  await session.until(
    "ShareGroupHeartbeat",
    1,
    { groupId: "none", memberId: MEMBER, memberEpoch: 3 },
    (answer) => answer.number("errorCode") === 69,
  );
  await beat(session, "no member id", { memberId: "" });
  await beat(session, "no group id", { groupId: "" });
  await beat(session, "an empty rack", { rackId: "" });
  await beat(session, "no topics at first", { subscribedTopicNames: null });
  await beat(session, "an epoch that is none", { memberEpoch: -2 });
  await beat(session, "a group that is not there", { memberEpoch: 3 });
  await beat(session, "leaving a group that is not there", { memberEpoch: -1 });
  await session.ask("groups that are not there", "ShareGroupDescribe", 1, { groupIds: ["none", ""] });
}

function fetch(session: Session, label: string | null, epoch: number, said: Fields = {}, version = 2) {
  const usual = {
    groupId: GROUP,
    memberId: MEMBER,
    shareSessionEpoch: epoch,
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 1_000_000,
    maxRecords: 5,
    batchSize: 5,
  };
  return session.ask(label, "ShareFetch", version, { ...usual, ...said });
}

type Acks = readonly (readonly [number, number, readonly number[]])[];

function topics(topicId: string, acks: Acks = [], partitionIndex = 0): Fields[] {
  const acknowledgementBatches = acks.map(([firstOffset, lastOffset, acknowledgeTypes]) => ({
    firstOffset,
    lastOffset,
    acknowledgeTypes,
  }));
  return [{ topicId, partitions: [{ partitionIndex, acknowledgementBatches }] }];
}

async function refusedFetches(session: Session, id: string): Promise<void> {
  for (const version of [1, 2]) {
    const refused = (label: string, epoch: number, said: Fields) =>
      fetch(session, label, epoch, said, version);
    await refused("no group", 0, { groupId: null });
    await refused("no member", 0, { memberId: null });
    await refused("a member id that is too long", 0, { memberId: "x".repeat(37) });
    await refused("no session to go on with", 4, {});
    await refused("no session to end", -1, {});
    await refused("acknowledgements at first", 0, { topics: topics(id, [[0, 0, [ACCEPT]]]) });
    await refused("a topic that is not there", 0, { topics: topics(NO_TOPIC_ID), maxWaitMs: 0 });
    await refused("a partition that is not there", 0, { topics: topics(id, [], 7), maxWaitMs: 0 });
    await refused("the end of that session", -1, {});
  }
  await fetch(session, "records beside a renewal", 0, { isRenewAck: true });
  for (const version of [1, 2]) {
    const refused = (label: string, said: Fields) =>
      session.ask(label, "ShareAcknowledge", version, { groupId: GROUP, memberId: MEMBER, ...said });
    await refused("no group", { groupId: null, shareSessionEpoch: 1 });
    await refused("no member", { memberId: "", shareSessionEpoch: 1 });
    await refused("a session that begins", { shareSessionEpoch: 0 });
    await refused("no session", { shareSessionEpoch: 2 });
    await refused("no session to end", { shareSessionEpoch: -1 });
  }
}

/** A group that begins at the first record, with one member. */
async function begin(session: Session, id: string): Promise<void> {
  const at = {
    groupId: GROUP,
    topics: [{ topicName: "shared", partitions: [{ partitionIndex: 0, startOffset: 0 }] }],
  };
  await session.until("AlterShareGroupOffsets", 0, at, (answer) => answer.number("errorCode") === 0);
  await session.ask("offsets", "AlterShareGroupOffsets", 0, at);
  await session.ask("odd offsets", "AlterShareGroupOffsets", 0, {
    groupId: GROUP,
    topics: [
      { topicName: "nowhere", partitions: [{ partitionIndex: 0, startOffset: 0 }] },
      { topicName: "shared", partitions: [{ partitionIndex: 9, startOffset: 0 }] },
    ],
  });
  await session.ask("an empty group", "ShareGroupDescribe", 1, {
    groupIds: [GROUP],
    includeAuthorizedOperations: true,
  });
  await session.ask("share groups", "ListGroups", 5, { typesFilter: ["share"] });
  let joined = await beat(session, null);
  // Kafka begins the state of partitions before it assigns them.
  for (let tries = 0; tries < 50; tries += 1) {
    joined = await beat(session, null);
    const assignment = joined.fields.assignment as { topicPartitions: unknown[] } | null;
    if (assignment !== null && assignment.topicPartitions.length > 0) break;
    await Bun.sleep(200);
  }
  await beat(session, "a member's epoch that is none of its", { memberEpoch: 99 });
  await beat(session, "another member that has not joined", { memberId: "m2", memberEpoch: 1 });
  // The first fetch takes up the share partition.
  await fetch(session, null, 0, { topics: topics(id), maxRecords: 0 });
  await fetch(session, null, 1, { maxWaitMs: 2000, minBytes: 100_000, maxRecords: 0 });
  await fetch(session, null, -1);
}

async function delivers(session: Session, id: string): Promise<void> {
  await fetch(session, "the first batch", 0, { topics: topics(id), maxWaitMs: 5000 });
  await fetch(session, "some records of a batch", 1, { maxRecords: 2, shareAcquireMode: 1 });
  await fetch(session, "the rest of it", 2);
  await fetch(session, "more than a batch", 3, { maxRecords: 6 });
  await fetch(session, "nothing is left", 4, { maxWaitMs: 100 });
}

async function acknowledges(session: Session, id: string): Promise<void> {
  let epoch = 5;
  const acknowledge = (label: string, acks: Acks, said: Fields = {}) => {
    const request = {
      groupId: GROUP,
      memberId: MEMBER,
      shareSessionEpoch: epoch,
      topics: topics(id, acks),
      ...said,
    };
    epoch += 1;
    return session.ask(label, "ShareAcknowledge", 2, request);
  };
  await acknowledge("accepted", [[0, 1, [ACCEPT]]]);
  await acknowledge("accepted again", [[0, 1, [ACCEPT]]]);
  await acknowledge("what is there and what is done", [[1, 2, [ACCEPT]]]);
  await acknowledge("never delivered", [[15, 15, [ACCEPT]]]);
  await acknowledge("far away", [[900, 999, [ACCEPT]]]);
  await acknowledge("backwards", [[4, 3, [ACCEPT]]]);
  await acknowledge("no type", [[2, 3, []]]);
  await acknowledge("too few types", [[2, 4, [ACCEPT, ACCEPT]]]);
  await acknowledge("a type that is none", [[2, 2, [9]]]);
  await acknowledge("a renewal unsaid", [[2, 2, [RENEW]]]);
  await acknowledge("a renewal", [[2, 2, [RENEW]]], { isRenewAck: true });
  await acknowledge("nothing", []);
  await acknowledge("a topic that is not there", [], { topics: topics(NO_TOPIC_ID, [[0, 0, [ACCEPT]]]) });
  await acknowledge("a partition that is not there", [], { topics: topics(id, [[0, 0, [ACCEPT]]], 7) });
  await acknowledge("one of each", [[2, 5, [RELEASE, REJECT, GAP, ACCEPT]]]);
  await fetch(session, "what was released", epoch, { maxWaitMs: 100 });
  epoch += 1;
  const riding = topics(id, [
    [2, 2, [RELEASE]],
    [6, 6, [ACCEPT]],
  ]);
  await fetch(session, "with acknowledgements", epoch, { topics: riding });
  epoch += 1;
  await fetch(session, "with wrong ones", epoch, { topics: topics(id, [[3, 3, [ACCEPT]]]), maxWaitMs: 100 });
}

async function sessions(session: Session, id: string): Promise<void> {
  await fetch(session, "an epoch that is not next", 3);
  const ending = {
    groupId: GROUP,
    memberId: MEMBER,
    shareSessionEpoch: -1,
    topics: topics(id, [[2, 2, [ACCEPT]]]),
  };
  await session.ask("the end of a session", "ShareAcknowledge", 2, ending);
  await session.ask("its end again", "ShareAcknowledge", 2, ending);
  // What it held was given back, so it is delivered again.
  await fetch(session, "a session anew", 0, { topics: topics(id), maxRecords: 3, shareAcquireMode: 1 });
  await fetch(session, "its end", -1);
}

async function offsets(session: Session): Promise<void> {
  const named = (groupId: string) => ({
    groups: [{ groupId, topics: [{ topicName: "shared", partitions: [0] }] }],
  });
  for (const version of [0, 1]) {
    await session.ask("of no group", "DescribeShareGroupOffsets", version, named("none"));
    await session.ask("of no group, all", "DescribeShareGroupOffsets", version, {
      groups: [{ groupId: "none", topics: null }],
    });
    await session.ask("of the group", "DescribeShareGroupOffsets", version, named(GROUP));
  }
  const one = { groupId: GROUP, topics: [{ topicName: "shared" }] };
  const at = [{ topicName: "shared", partitions: [{ partitionIndex: 0, startOffset: 3 }] }];
  await session.ask("while members are there", "AlterShareGroupOffsets", 0, { groupId: GROUP, topics: at });
  await session.ask("while members are there", "DeleteShareGroupOffsets", 0, one);
  await session.ask("while members are there", "DeleteGroups", 2, { groupsNames: [GROUP] });
  await beat(session, "leaves", { memberEpoch: -1 });
  await beat(session, "leaves again", { memberEpoch: -1 });
  await session.ask("once they have left", "AlterShareGroupOffsets", 0, { groupId: GROUP, topics: at });
  await session.ask("as altered", "DescribeShareGroupOffsets", 1, named(GROUP));
  await session.ask("of a topic that is not there", "DeleteShareGroupOffsets", 0, {
    groupId: GROUP,
    topics: [{ topicName: "nowhere" }],
  });
  await session.ask("of no group", "DeleteShareGroupOffsets", 0, { ...one, groupId: "none" });
  await session.ask("of a group without a name", "DeleteShareGroupOffsets", 0, { ...one, groupId: "" });
  await session.ask("once they have left", "DeleteShareGroupOffsets", 0, one);
  await session.ask("a second time", "DeleteShareGroupOffsets", 0, one);
  const commit = {
    groupId: GROUP,
    topics: [{ name: "shared", partitions: [{ partitionIndex: 0, committedOffset: 1 }] }],
  };
  await session.ask("to a share group", "OffsetCommit", 8, commit);
  await session.ask("once they have left", "DeleteGroups", 2, { groupsNames: [GROUP] });
  await session.ask("a second time", "DeleteGroups", 2, { groupsNames: [GROUP] });
}

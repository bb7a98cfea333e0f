import type { Fields, Script, Session } from "../session.ts";

const TIMEOUT = { timeoutMs: 10_000 };
const NO_TOPIC_ID = "AAAAAAAAAAAAAAAAAAAACQ";

/** Topics: made, described, grown and deleted, well and badly. */
export const topics: Script = async (session) => {
  for (const version of [2, 3, 4, 5, 6, 7]) await creations(session, version);
  await session.until("Metadata", 12, { topics: [{ name: "made-7" }] }, isThere);
  for (const version of [0, 1, 4, 5, 7, 8, 9, 10, 11, 12, 13]) await lookUps(session, version);
  await describedPartitions(session);
  for (const version of [0, 1, 2, 3]) await growth(session, version);
  for (const version of [1, 3, 4, 5, 6]) await deletions(session, version);
};

const isThere = (answer: { entry(name: string): { number(name: string): number } }): boolean =>
  answer.entry("topics").number("errorCode") === 0;

function topic(name: string, more: Fields = {}): Fields {
  return { name, numPartitions: 2, replicationFactor: 1, ...more };
}

async function creations(session: Session, version: number): Promise<void> {
  const create = (label: string, wanted: readonly Fields[], more: Fields = {}) =>
    session.ask(label, "CreateTopics", version, { topics: wanted, ...TIMEOUT, ...more });
  const name = `made-${version}`;
  await create("only looked at", [topic(name)], { validateOnly: true });
  await create("good", [topic(name, { configs: [{ name: "cleanup.policy", value: "compact" }] })]);
  await create("there already", [topic(name)]);
  await create("only looked at, and there already", [topic(name)], { validateOnly: true });
  await create("no name", [topic("")]);
  await create("a bad name", [topic("a/b")]);
  await create("dots", [topic("..")]);
  await create("a long name", [topic("x".repeat(250))]);
  await create("a dot", [topic(`${name}.x`)]);
  await create("a name that collides", [topic(`${name}_x`)]);
  await create("no partitions", [topic(`p0-${version}`, { numPartitions: 0 })]);
  await create("fewer than none", [topic(`p-${version}`, { numPartitions: -2 })]);
  await create("too many copies", [topic(`r2-${version}`, { replicationFactor: 2 })]);
  await create("no copies", [topic(`r0-${version}`, { replicationFactor: 0 })]);
  if (version >= 4)
    await create("by default", [topic(`d-${version}`, { numPartitions: -1, replicationFactor: -1 })]);
  await create("an unknown setting", [
    topic(`c1-${version}`, { configs: [{ name: "no.such", value: "1" }] }),
  ]);
  await create("a bad value", [topic(`c2-${version}`, { configs: [{ name: "retention.ms", value: "x" }] })]);
  await create("a value out of range", [
    topic(`c3-${version}`, { configs: [{ name: "segment.bytes", value: "1" }] }),
  ]);
  await create("a null value", [
    topic(`c4-${version}`, { configs: [{ name: "retention.ms", value: null }] }),
  ]);
  await create("a policy that is none", [
    topic(`c5-${version}`, { configs: [{ name: "cleanup.policy", value: "shred" }] }),
  ]);
  await create("twice in one request", [topic(`twice-${version}`), topic(`twice-${version}`)]);
  const placed = (assignments: readonly Fields[], more: Fields = {}) =>
    topic(`a-${version}`, { numPartitions: -1, replicationFactor: -1, assignments, ...more });
  await create("placed on a broker that is none", [placed([{ partitionIndex: 0, brokerIds: [77] }])]);
  await create("placed with a hole", [placed([{ partitionIndex: 1, brokerIds: [1] }])]);
  await create("placed twice on one broker", [placed([{ partitionIndex: 0, brokerIds: [1, 1] }])]);
  await create("placed nowhere", [placed([{ partitionIndex: 0, brokerIds: [] }])]);
  await create("placed and counted", [placed([{ partitionIndex: 0, brokerIds: [1] }], { numPartitions: 1 })]);
  await create("placed", [
    placed([
      { partitionIndex: 0, brokerIds: [1] },
      { partitionIndex: 1, brokerIds: [1] },
    ]),
  ]);
  await create("nothing", []);
}

async function lookUps(session: Session, version: number): Promise<void> {
  const names = (wanted: readonly string[]): Fields => ({
    topics: wanted.map((name) => ({ name })),
    ...(version >= 4 ? { allowAutoTopicCreation: false } : {}),
  });
  await session.ask("good", "Metadata", version, names(["made-2", "made-7"]));
  if (version >= 4) {
    await session.ask("a topic that is not there", "Metadata", version, names(["nowhere"]));
    await session.ask("bad names", "Metadata", version, names(["", "a:b", "x".repeat(250)]));
    await session.ask("good and bad", "Metadata", version, names(["made-3", "nowhere"]));
    await session.ask("none", "Metadata", version, { topics: [], allowAutoTopicCreation: false });
  }
  if (version >= 12) {
    const byId = { topics: [{ name: null, topicId: NO_TOPIC_ID }], allowAutoTopicCreation: false };
    await session.ask("an id of nothing", "Metadata", version, byId);
  }
  if (version >= 8) {
    const authorized = { ...names(["made-7"]), includeTopicAuthorizedOperations: true };
    await session.ask("with what is allowed", "Metadata", version, authorized);
  }
}

async function describedPartitions(session: Session): Promise<void> {
  const ask = (label: string, said: Fields) => session.ask(label, "DescribeTopicPartitions", 0, said);
  const wanted = { topics: [{ name: "made-2" }, { name: "made-7" }, { name: "nowhere" }] };
  await ask("good and missing", { ...wanted, responsePartitionLimit: 100 });
  await ask("limited", { ...wanted, responsePartitionLimit: 3 });
  const cursor = { topicName: "made-7", partitionIndex: 1 };
  await ask("from a cursor", { ...wanted, responsePartitionLimit: 100, cursor });
  await ask("from a cursor beyond", {
    ...wanted,
    responsePartitionLimit: 1,
    cursor: { ...cursor, partitionIndex: 9 },
  });
  await ask("a bad name", { topics: [{ name: "a:b" }], responsePartitionLimit: 10 });
}

async function growth(session: Session, version: number): Promise<void> {
  const name = `made-${version + 2}`;
  const grow = (label: string, wanted: Fields, more: Fields = {}) =>
    session.ask(label, "CreatePartitions", version, { topics: [wanted], ...TIMEOUT, ...more });
  await grow("only looked at", { name, count: 3, assignments: null }, { validateOnly: true });
  await grow("as many as there are", { name, count: 2, assignments: null });
  await grow("fewer", { name, count: 1, assignments: null });
  await grow("none", { name, count: 0, assignments: null });
  await grow("fewer than none", { name, count: -1, assignments: null });
  await grow("of nothing", { name: "nowhere", count: 3, assignments: null });
  await grow("placed on a broker that is none", { name, count: 3, assignments: [{ brokerIds: [77] }] });
  await grow("placed too few", { name, count: 4, assignments: [{ brokerIds: [1] }] });
  await grow("placed twice on one broker", { name, count: 3, assignments: [{ brokerIds: [1, 1] }] });
  await grow("placed", { name, count: 3, assignments: [{ brokerIds: [1] }] });
  await grow("good", { name, count: 5, assignments: null });
  const twice = { name, count: 6, assignments: null };
  await session.ask("twice in one request", "CreatePartitions", version, {
    topics: [twice, twice],
    ...TIMEOUT,
  });
}

async function deletions(session: Session, version: number): Promise<void> {
  const name = `made-${Math.max(2, version)}`;
  const remove = (label: string, names: readonly string[]) =>
    session.ask(
      label,
      "DeleteTopics",
      version,
      version >= 6
        ? { topics: names.map((wanted) => ({ name: wanted, topicId: "AAAAAAAAAAAAAAAAAAAAAA" })), ...TIMEOUT }
        : { topicNames: names, ...TIMEOUT },
    );
  await remove("nothing of that name", ["nowhere"]);
  await remove("a bad name", ["a/b"]);
  await remove("good", [name]);
  await remove("gone", [name]);
  await remove("twice in one request", [`a-${Math.max(2, version)}`, `a-${Math.max(2, version)}`]);
  await remove("none", []);
  if (version < 6) return;
  const byId = (topicId: string, given: string | null) => ({
    topics: [{ name: given, topicId }],
    ...TIMEOUT,
  });
  await session.ask("an id of nothing", "DeleteTopics", version, byId(NO_TOPIC_ID, null));
  await session.ask("by name and id", "DeleteTopics", version, byId(NO_TOPIC_ID, "made-7"));
  await session.ask("by neither", "DeleteTopics", version, byId("AAAAAAAAAAAAAAAAAAAAAA", null));
  const found = await session.ask(null, "Metadata", 12, { topics: [{ name: "made-7" }] });
  await session.ask("by id", "DeleteTopics", version, byId(found.entry("topics").text("topicId"), null));
}

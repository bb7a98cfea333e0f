import type { Answer, Fields, Script, Session } from "../session.ts";
import { transactionalBatch } from "./records.ts";

const TIMEOUT = { timeoutMs: 10_000 };
const TOPIC = "ledger";

/** Transactions in both protocols, by good clients, late ones and impostors. */
export const transactions: Script = async (session) => {
  const wanted = { name: TOPIC, numPartitions: 2, replicationFactor: 1 };
  await session.ask(null, "CreateTopics", 7, { topics: [wanted], ...TIMEOUT });
  await session.until(
    "Metadata",
    12,
    { topics: [{ name: TOPIC }] },
    (answer) => answer.entry("topics").number("errorCode") === 0,
  );
  await session.until(
    "FindCoordinator",
    6,
    { keyType: 1, coordinatorKeys: ["x"] },
    (answer) => answer.entry("coordinators").number("errorCode") === 0,
  );
  await session.until(
    "InitProducerId",
    4,
    { transactionalId: "ready", transactionTimeoutMs: 10_000 },
    (answer) => answer.number("errorCode") === 0,
  );
  for (const version of [0, 1, 2, 3, 4, 5]) await identities(session, version);
  for (const version of [0, 2, 3, 4]) await explicit(session, version);
  await implicit(session);
  await readers(session);
  await administrators(session);
};

interface Who {
  readonly producerId: number;
  readonly producerEpoch: number;
}

function whoIn(answer: Answer): Who {
  return { producerId: answer.number("producerId"), producerEpoch: answer.number("producerEpoch") };
}

async function begin(session: Session, transactionalId: string): Promise<Who> {
  const said = { transactionalId, transactionTimeoutMs: 60_000 };
  return whoIn(await session.until("InitProducerId", 4, said, (answer) => answer.number("errorCode") === 0));
}

async function identities(session: Session, version: number): Promise<void> {
  const ask = (label: string, said: Fields) =>
    session.ask(label, "InitProducerId", version, { transactionTimeoutMs: 60_000, ...said });
  await ask("no transactions", { transactionalId: null });
  await ask("an empty id", { transactionalId: "" });
  await ask("too patient", { transactionalId: `p-${version}`, transactionTimeoutMs: 1_000_000_000 });
  await ask("no patience", { transactionalId: `p-${version}`, transactionTimeoutMs: 0 });
  const first = whoIn(await ask("first", { transactionalId: `t-${version}` }));
  const second = whoIn(await ask("again", { transactionalId: `t-${version}` }));
  if (version < 3) return;
  await ask("who was replaced", { transactionalId: `t-${version}`, ...first });
  const third = whoIn(await ask("who it is", { transactionalId: `t-${version}`, ...second }));
  await ask("the one before, asking again", { transactionalId: `t-${version}`, ...second });
  await ask("somebody else", {
    transactionalId: `t-${version}`,
    ...third,
    producerId: third.producerId + 1000,
  });
  await ask("half an identity", {
    transactionalId: `t-${version}`,
    producerId: third.producerId,
    producerEpoch: -1,
  });
  await ask("from the future", { transactionalId: `t-${version}`, ...third, producerEpoch: 99 });
  await ask("an identity without a name", { transactionalId: null, ...third });
}

function addPartitions(
  transactionalId: string,
  who: Who,
  partitions: readonly number[],
  name = TOPIC,
): Fields {
  return {
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: who.producerId,
    v3AndBelowProducerEpoch: who.producerEpoch,
    v3AndBelowTopics: [{ name, partitions }],
  };
}

function produced(
  transactionalId: string,
  who: Who,
  sequence: number,
  index = 0,
  epoch = who.producerEpoch,
): Fields {
  const records = transactionalBatch(who.producerId, epoch, sequence);
  return {
    transactionalId,
    acks: -1,
    ...TIMEOUT,
    topicData: [{ name: TOPIC, partitionData: [{ index, records }] }],
  };
}

/** Partitions and groups are added before they are written to. */
async function explicit(session: Session, version: number): Promise<void> {
  const name = `explicit-${version}`;
  const who = await begin(session, name);
  const late = { ...who, producerEpoch: who.producerEpoch - 1 };
  const add = (label: string, said: Fields) =>
    session.ask(label, "AddPartitionsToTxn", Math.min(3, version), said);
  const end = (label: string, committed: boolean, as: Who = who, id = name) =>
    session.ask(label, "EndTxn", version, { transactionalId: id, ...as, committed });
  const write = (label: string, said: Fields) => session.ask(label, "Produce", 11, said);

  await end(`${name}: nothing was begun`, true);
  await write(`${name}: not added`, produced(name, who, 0));
  await add("a topic that is none", addPartitions(name, who, [0], "nowhere"));
  await add("a partition that is none", addPartitions(name, who, [0, 9]));
  await add("somebody else", addPartitions(name, { ...who, producerId: who.producerId + 1000 }, [0]));
  await add("who was replaced", addPartitions(name, late, [0]));
  await add("an id that is none", addPartitions("nobody", who, [0]));
  await add("good", addPartitions(name, who, [0, 1]));
  await add("again", addPartitions(name, who, [0]));
  await write(`${name}: good`, produced(name, who, 0));
  await write(`${name}: again`, produced(name, who, 0));
  await write(`${name}: who was replaced`, produced(name, who, 2, 0, late.producerEpoch));
  const offsets = (as: Who, groupId: string) => ({ transactionalId: name, ...as, groupId });
  await session.ask("an empty group", "AddOffsetsToTxn", version, offsets(who, ""));
  await session.ask("who was replaced", "AddOffsetsToTxn", version, offsets(late, "g"));
  await session.ask("good", "AddOffsetsToTxn", version, offsets(who, `${name}-g`));
  await end("who was replaced", true, late);
  await end("an id that is none", true, who, "nobody");
  await end("commit", true);
  await settled(session, name);
  await end("commit again", true);
  await end("abort what was committed", false);

  await add("another, to be aborted", addPartitions(name, who, [1]));
  await write(`${name}: another`, produced(name, who, 0, 1));
  await end("abort", false);
  await settled(session, name);
  await end("abort again", false);
  await end("commit what was aborted", true);
}

/** Writing adds, and every end brings a new epoch. */
async function implicit(session: Session): Promise<void> {
  const name = "implicit";
  let who = await begin(session, name);
  const end = async (label: string, committed: boolean, as: Who = who): Promise<Who> =>
    whoIn(await session.ask(label, "EndTxn", 5, { transactionalId: name, ...as, committed }));
  const write = (label: string, said: Fields) => session.ask(`${name}: ${label}`, "Produce", 12, said);
  await end("nothing was begun, commit", true);
  const aborted = await end("nothing was begun, abort", false);
  if (aborted.producerEpoch > who.producerEpoch) who = aborted;
  for (const committed of [true, false, true]) {
    await write(`good, ${committed}`, produced(name, who, 0));
    await write(`again, ${committed}`, produced(name, who, 0));
    await write(`another partition, ${committed}`, produced(name, who, 0, 1));
    await write(`a hole, ${committed}`, produced(name, who, 9));
    const before = who;
    who = await end(`end ${committed}`, committed);
    await settled(session, name);
    await end(`end again ${committed}`, committed, before);
    await end(`end otherwise ${committed}`, !committed, before);
    await write(`in the epoch before, ${committed}`, produced(name, before, 2));
  }
  await write("without a name", { ...produced(name, who, 0), transactionalId: null });
  await write("an empty name", { ...produced(name, who, 0), transactionalId: "" });
}

async function readers(session: Session): Promise<void> {
  const name = "open";
  const who = await begin(session, name);
  await session.ask("left open", "Produce", 12, produced(name, who, 0));
  const query = (isolationLevel: number) => ({
    replicaId: -1,
    isolationLevel,
    topics: [
      { name: TOPIC, partitions: [0, 1].map((partitionIndex) => ({ partitionIndex, timestamp: -1 })) },
    ],
  });
  await session.ask("the end", "ListOffsets", 7, query(0));
  await session.ask("the stable end", "ListOffsets", 7, query(1));
  const fetch = (isolationLevel: number, fetchOffset: number) => ({
    maxWaitMs: 0,
    maxBytes: 1_000_000,
    isolationLevel,
    sessionEpoch: -1,
    topics: [
      {
        topic: TOPIC,
        partitions: [0, 1].map((partition) => ({ partition, fetchOffset, partitionMaxBytes: 1_000_000 })),
      },
    ],
  });
  for (const version of [4, 7, 11, 12]) {
    const said = (isolationLevel: number, offset: number) => {
      const { sessionEpoch, ...rest } = fetch(isolationLevel, offset);
      return version >= 7 ? { sessionEpoch, ...rest } : rest;
    };
    await session.ask("places, uncommitted", "Fetch", version, said(0, 0));
    await session.ask("places, committed", "Fetch", version, said(1, 0));
    await session.ask("places, committed, later", "Fetch", version, said(1, 6));
  }
  await session.ask("ended", "EndTxn", 5, { transactionalId: name, ...who, committed: false });
  await settled(session, name);
  await session.ask("the stable end, then", "ListOffsets", 7, query(1));
}

async function administrators(session: Session): Promise<void> {
  const name = "watched";
  const who = await begin(session, name);
  await session.ask("left open", "Produce", 12, produced(name, who, 0));
  const describe = (label: string, ids: readonly string[]) =>
    session.ask(label, "DescribeTransactions", 0, { transactionalIds: ids });
  await describe("open", [name]);
  await describe("done", ["implicit"]);
  await describe("nobody", ["nobody", ""]);
  const list = (label: string, version: number, said: Fields) =>
    session.ask(label, "ListTransactions", version, said);
  await list("open", 0, { stateFilters: ["Ongoing"] });
  await list("in no state", 0, { stateFilters: ["Sleeping"] });
  await list("of this producer", 0, { producerIdFilters: [who.producerId] });
  await list("of long ago", 1, { durationFilter: 3_600_000, stateFilters: ["Ongoing"] });
  await list("by name", 2, { transactionalIdPattern: "watch.*", durationFilter: -1 });
  await list("by a bad pattern", 2, { transactionalIdPattern: "(", durationFilter: -1 });
  const producers = (label: string, topicName: string, partitionIndexes: readonly number[]) =>
    session.ask(label, "DescribeProducers", 0, { topics: [{ name: topicName, partitionIndexes }] });
  await producers("a partition that is none", TOPIC, [9]);
  await producers("a topic that is none", "nowhere", [0]);
  await session.ask("ended", "EndTxn", 5, { transactionalId: name, ...who, committed: true });
}

/** Ends are written to partitions after the answer: what comes next waits for that. */
async function settled(session: Session, transactionalId: string): Promise<void> {
  const said = { transactionalIds: [transactionalId] };
  const done = new Set(["CompleteCommit", "CompleteAbort", "Empty"]);
  await session.until("DescribeTransactions", 0, said, (answer) =>
    done.has(answer.entry("transactionStates").text("transactionState")),
  );
}

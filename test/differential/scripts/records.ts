import { BatchBuilder, type BuildOptions } from "../../../src/records/builder.ts";
import type { Fields, Script, Session } from "../session.ts";

const TIMEOUT = { timeoutMs: 10_000 };
const NO_TOPIC_ID = "AAAAAAAAAAAAAAAAAAAACQ";
const FIRST_WITH_IDS = 13;
/** Times of records: the same for both brokers, and too new for retention. */
const TIME_MS = Date.now() - 60_000;

/** Records: written, read, looked up by time and epoch, deleted; well and badly. */
export const records: Script = async (session) => {
  const id = await topic(session, "plain", []);
  await topic(session, "compacted", [{ name: "cleanup.policy", value: "compact" }]);
  await topic(session, "small", [{ name: "max.message.bytes", value: "500" }]);
  for (const version of [3, 5, 7, 8, 9, 11, 12, 13]) await writes(session, version, id);
  for (const version of [1, 2, 4, 5, 6, 7, 8, 10, 11]) await places(session, version);
  for (const version of [4, 5, 7, 9, 11, 12, 13, 17, 18]) await reads(session, version, id);
  for (const version of [2, 3, 4]) await epochs(session, version);
  for (const version of [0, 1, 2]) await removals(session, version);
};

async function topic(session: Session, name: string, configs: readonly Fields[]): Promise<string> {
  const wanted = { name, numPartitions: 2, replicationFactor: 1, configs };
  await session.ask(null, "CreateTopics", 7, { topics: [wanted], ...TIMEOUT });
  const found = await session.until(
    "Metadata",
    12,
    { topics: [{ name }] },
    (answer) => answer.entry("topics").number("errorCode") === 0,
  );
  return found.entry("topics").text("topicId");
}

interface Made {
  readonly key?: string | null;
  readonly count?: number;
  readonly size?: number;
  readonly options?: BuildOptions;
}

function batch({ key = "k", count = 2, size = 10, options = {} }: Made = {}): Uint8Array {
  const builder = new BatchBuilder();
  for (let index = 0; index < count; index += 1) {
    const value = Buffer.from(String(index).padEnd(size, "."));
    builder.append(TIME_MS + index, key === null ? null : Buffer.from(key), value, null);
  }
  return builder.build(options);
}

async function writes(session: Session, version: number, id: string): Promise<void> {
  const produce = (label: string, records: Uint8Array | null, more: Fields = {}, on = "plain", index = 0) =>
    session.ask(label, "Produce", version, {
      acks: -1,
      ...TIMEOUT,
      topicData: [
        {
          ...(version >= FIRST_WITH_IDS ? { topicId: on === "plain" ? id : NO_TOPIC_ID } : { name: on }),
          partitionData: [{ index, records }],
        },
      ],
      ...more,
    });
  await produce("good", batch());
  await produce("the leader alone", batch(), { acks: 1 });
  await produce("acks that are none", batch(), { acks: 5 });
  await produce("a partition that is none", batch(), {}, "plain", 9);
  await produce("a topic that is none", batch(), {}, "nowhere");
  const damaged = batch();
  damaged[70] = (damaged[70] ?? 0) ^ 0xff;
  await produce("a damaged batch", damaged);
  const magic = batch();
  magic[16] = 9;
  await produce("a version that is none", magic);
  await produce("cut short", batch().subarray(0, 70));
  await produce("compressed", batch({ options: { compression: version < 7 ? 1 : 4 } }));
  if (version < 7) await produce("compressed too new", batch({ options: { compression: 4 } }));
  await produce("a sequence from an unknown producer", batch({ options: numbered(7) }));
  await produce("the first sequence", batch({ options: numbered(0) }));
  await produce("the same again", batch({ options: numbered(0) }));
  await produce("a hole in the sequence", batch({ options: numbered(8) }));
  await produce("the next", batch({ options: numbered(2) }));
  await produce("the epoch before", batch({ options: { ...numbered(4), producerEpoch: 2 } }));
  if (version < FIRST_WITH_IDS) {
    await produce("without keys, compacted", batch({ key: null }), {}, "compacted");
    await produce("too large", batch({ count: 1, size: 1000 }), {}, "small");
    await produce("two batches", Buffer.concat([batch(), batch()]));
  }

  function numbered(baseSequence: number): BuildOptions {
    return { producerId: 900_000 + version, producerEpoch: 3, baseSequence };
  }
}

async function places(session: Session, version: number): Promise<void> {
  const list = (label: string, timestamp: number, more: Fields = {}, name = "plain", isolationLevel = 0) =>
    session.ask(label, "ListOffsets", version, {
      replicaId: -1,
      ...(version >= 2 ? { isolationLevel } : {}),
      topics: [{ name, partitions: [{ partitionIndex: 0, timestamp, ...more }] }],
    });
  await list("the end", -1);
  await list("the start", -2);
  await list("by time", TIME_MS + 1);
  await list("before all", 5);
  await list("after all", TIME_MS + 3_600_000);
  await list("the end of nothing", -1, { partitionIndex: 1 });
  await list("by time in nothing", TIME_MS, { partitionIndex: 1 });
  await list("a partition that is none", -1, { partitionIndex: 9 });
  await list("a topic that is none", -1, {}, "nowhere");
  if (version >= 2) await list("the committed end", -1, {}, "plain", 1);
  if (version >= 4) {
    await list("in the epoch", -1, { currentLeaderEpoch: 0 });
    await list("in a later epoch", -1, { currentLeaderEpoch: 5 });
  }
  if (version >= 7) await list("the latest time", -3);
  if (version >= 7) await list("the latest time of nothing", -3, { partitionIndex: 1 });
  if (version >= 8) await list("the local start", -4);
  if (version >= 9) await list("the tiered end", -5);
  if (version >= 11) await list("the next to go up", -6);
}

async function reads(session: Session, version: number, id: string): Promise<void> {
  const fetch = (label: string, partition: Fields, more: Fields = {}, on = "plain") =>
    session.ask(label, "Fetch", version, {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1_000_000,
      ...(version >= 7 ? { sessionId: 0, sessionEpoch: -1 } : {}),
      topics: [
        {
          ...(version >= FIRST_WITH_IDS ? { topicId: on === "plain" ? id : NO_TOPIC_ID } : { topic: on }),
          partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000, ...partition }],
        },
      ],
      ...more,
    });
  await fetch("from the start", {}, { maxBytes: 300 });
  await fetch("one batch, whatever its size", { partitionMaxBytes: 1 });
  await fetch("from within a batch", { fetchOffset: 1, partitionMaxBytes: 100 });
  await fetch("committed", { partitionMaxBytes: 200 }, { isolationLevel: 1 });
  await fetch("of nothing", { partition: 1 });
  await fetch("beyond the end", { fetchOffset: 1_000_000 });
  await fetch("before the start", { fetchOffset: -3 });
  await fetch("a partition that is none", { partition: 9 });
  await fetch("a topic that is none", {}, {}, "nowhere");
  if (version >= 9) {
    await fetch("in the epoch", { currentLeaderEpoch: 0, partitionMaxBytes: 100 });
    await fetch("in a later epoch", { currentLeaderEpoch: 5 });
  }
  if (version >= 7) {
    await fetch("a session that is none", {}, { sessionId: 12_345, sessionEpoch: 3 });
    await fetch("a session's epoch without session", {}, { sessionId: 0, sessionEpoch: 7 });
    const opened = await session.ask(null, "Fetch", version, {
      maxWaitMs: 0,
      sessionId: 0,
      sessionEpoch: 0,
      maxBytes: 1000,
      topics: [
        {
          ...(version >= FIRST_WITH_IDS ? { topicId: id } : { topic: "plain" }),
          partitions: [{ partition: 1, fetchOffset: 0, partitionMaxBytes: 1000 }],
        },
      ],
    });
    const sessionId = opened.number("sessionId");
    const go = (label: string, sessionEpoch: number) =>
      session.ask(label, "Fetch", version, { maxWaitMs: 0, sessionId, sessionEpoch, topics: [] });
    await go("nothing new", 1);
    await go("an epoch too far", 9);
    await go("the end of a session", -1);
    await go("after its end", 2);
  }
}

async function epochs(session: Session, version: number): Promise<void> {
  const ask = (label: string, partition: Fields, name = "plain") =>
    session.ask(label, "OffsetForLeaderEpoch", version, {
      topics: [
        { topic: name, partitions: [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0, ...partition }] },
      ],
    });
  await ask("good", {});
  await ask("a later epoch", { leaderEpoch: 9 });
  await ask("an epoch that is none", { leaderEpoch: -1 });
  await ask("from a later leader", { currentLeaderEpoch: 4 });
  await ask("a partition that is none", { partition: 9 });
  await ask("a topic that is none", {}, "nowhere");
}

async function removals(session: Session, version: number): Promise<void> {
  const remove = (label: string, offset: number, partitionIndex = 0, name = "plain") =>
    session.ask(label, "DeleteRecords", version, {
      topics: [{ name, partitions: [{ partitionIndex, offset }] }],
      ...TIMEOUT,
    });
  await remove("good", 2 + version);
  await remove("again", 2 + version);
  await remove("below the start", 0);
  await remove("beyond the end", 1_000_000);
  await remove("less than nothing", -5);
  await remove("a partition that is none", 1, 9);
  await remove("a topic that is none", 1, 0, "nowhere");
  await remove("of a compacted topic", 0, 0, "compacted");
  await session.ask("what is left", "ListOffsets", 10, {
    replicaId: -1,
    topics: [{ name: "plain", partitions: [{ partitionIndex: 0, timestamp: -2 }] }],
  });
}

/** For scripts that write within transactions. */
export function transactionalBatch(
  producerId: number,
  producerEpoch: number,
  baseSequence: number,
): Uint8Array {
  return batch({ options: { producerId, producerEpoch, baseSequence, transactional: true } });
}

import { describe, expect, test } from "bun:test";
import { GAP_TOPIC } from "../../src/broker/gap-ledger.ts";
import { entriesOf, fill, open, START_MS, settle, sum, text } from "./losses-support.ts";

test("refusals are in the ledger soon, and then now and then for as long as they go on", async () => {
  const opened = await open();
  const { broker, clock } = opened;
  const counts: number[] = [];
  for (let second = 0; second < 600; second++) {
    broker.topics.hooks.onFull("readings", 0, 1, 10);
    clock.advance(1_000);
    await clock.settleAll();
    counts.push(entriesOf(opened).length);
  }
  expect(counts[0]).toBe(1);
  expect(counts.at(-1)).toBeLessThan(20);
  for (let minute = 0; minute < 3; minute++) {
    clock.advance(60_000);
    await clock.settleAll();
  }
  expect(sum(entriesOf(opened))).toBe(600);
  broker.topics.hooks.onFull("readings", 0, 1, 10);
  clock.advance(1_000);
  await clock.settleAll();
  expect(sum(entriesOf(opened))).toBe(601);
});

test("refusals of a disk that has no room for the ledger either are few entries, and none is about the ledger", async () => {
  const opened = await open();
  const { broker, clock } = opened;
  broker.createTopic({ name: GAP_TOPIC, partitionCount: 1, configs: new Map() }, () => {});
  await clock.settleAll();
  const partition = broker.partition(GAP_TOPIC, 0);
  if (partition === null) throw new Error("no topic");
  let isFull = true;
  let tries = 0;
  const append = partition.append.bind(partition);
  partition.append = (...args) => {
    tries += 1;
    if (!isFull) return append(...args);
    broker.topics.hooks.onFull(GAP_TOPIC, 0, 1, 100);
    broker.topics.hooks.onFull("__headwater_losses", 0, 1, 100);
    return { error: 56, message: "no" };
  };
  for (let second = 0; second < 600; second++) {
    broker.topics.hooks.onFull("readings", 0, 1, 10);
    clock.advance(1_000);
    await clock.settleAll();
  }
  expect(tries).toBeLessThan(700);
  isFull = false;
  for (let minute = 0; minute < 4; minute++) {
    clock.advance(60_000);
    await clock.settleAll();
  }
  const entries = entriesOf(opened);
  expect([sum(entries), new Set(entries.map(({ topic }) => topic))]).toEqual([600, new Set(["readings"])]);
  expect(entries.length).toBeLessThan(5);
});

test("damage is in the ledger once", async () => {
  const opened = await open();
  const log = await fill(opened, "readings", 10);
  opened.losses.damaged(log, 2, 5);
  opened.losses.damaged(log, 2, 6);
  await settle(opened);
  expect(entriesOf(opened)).toMatchObject([
    { reason: "quarantine", firstOffset: 2, lastOffset: 4, count: 3 },
    { reason: "quarantine", firstOffset: 5, lastOffset: 5, count: 1 },
  ]);
  const again = await open(opened.disk.crash("sectors", 5));
  expect(again.losses.unknown(log.topicId, 0, 0, 10)).toEqual([
    { start: 0, end: 2 },
    { start: 6, end: 10 },
  ]);
});

describe("nobody may pass over a loss for good", () => {
  test("before a power cut leaves it in the ledger", async () => {
    const opened = await open();
    const { losses } = opened;
    const log = await fill(opened, "readings", 60);
    const { topicId } = log;
    expect(losses.areWritten(topicId, 0, 60)).toBe(true);
    const range = { start: 10, end: 20 };
    const lost = { reason: "quarantine", device: null, topic: "readings", partition: 0, count: 10, bytes: 0 };
    losses.record(topicId, 0, range, [lost]);
    // What takes no time is written by now, but not on the disk. Who is not past its beginning has no part in it.
    expect([10, 11].map((end) => losses.areWritten(topicId, 0, end))).toEqual([true, false]);
    expect(losses.areWritten(topicId, 1, 60)).toBe(true);
    await settle(opened);
    expect(losses.areWritten(topicId, 0, 60)).toBe(true);
  });

  test("that is about to happen; who has read it before may carry it all the same", async () => {
    const opened = await open();
    const { losses } = opened;
    const log = await fill(opened, "readings", 60);
    const { topicId } = log;
    const other = await fill(opened, "others", 60);
    let isGone = false;
    losses.witness(log, 0, 20, "delete-topic", () => {
      isGone = true;
    });
    // Who carries the log hears where it ended.
    expect([...opened.carrier.ends]).toEqual([["readings", 20]]);
    expect([losses.areDeletionsWritten(topicId, 0, 20), isGone]).toEqual([false, false]);
    expect([losses.areWritten(topicId, 0, 20), losses.areDeletionsWritten(topicId, 0, 0)]).toEqual([
      true,
      true,
    ]);
    expect(losses.areDeletionsWritten(other.topicId, 0, 60)).toBe(true);
    await settle(opened);
    expect([losses.areDeletionsWritten(topicId, 0, 20), isGone]).toEqual([true, true]);
  });
});

test("a promise that a power cut has made void takes no records that come later", async () => {
  let opened = await open();
  opened.carrier.next = 0;
  const put = async (count: number) => {
    for (let n = 0; n < count; n += 1) {
      const record = { key: text.encode("d"), value: text.encode("v"), timestampMs: START_MS, headers: null };
      opened.broker.ingest.append({ topic: "m", ...record });
      await opened.clock.settleAll();
    }
  };
  const partition = () => {
    const found = opened.broker.partition("m", 0);
    if (found === null) throw new Error("no partition");
    return found;
  };
  const configs = new Map([["durability", "memory"]]);
  opened.broker.createTopic({ name: "m", partitionCount: 1, configs }, () => {});
  await put(10);
  partition().log.makeDurable(() => {});
  await opened.clock.settleAll();
  await put(50);
  // Power goes between the promise and what was promised, and takes what was in memory alone.
  partition().log.moveLogStart = () => {};
  opened.broker.deleteRecords(partition(), 60 as never, () => {});
  await opened.clock.settleAll();
  opened = await open(opened.disk.crash("nothing", 5));
  await opened.clock.settleAll();
  expect(partition().log.logEndOffset).toBeLessThan(60);
  const startOffset = partition().log.logStartOffset;
  await put(80);
  partition().log.makeDurable(() => {});
  await opened.clock.settleAll();
  opened = await open(opened.disk.crash("sectors", 6));
  await opened.clock.settleAll();
  expect(partition().log.logStartOffset).toBe(startOffset);
});

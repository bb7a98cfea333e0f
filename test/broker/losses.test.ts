import { describe, expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import { GAP_TOPIC, GapLedger } from "../../src/broker/gap-ledger.ts";
import { LOSS_TOPIC } from "../../src/broker/loss-book.ts";
import { LossTally, MAX_DEVICES_PER_LOSS } from "../../src/broker/loss-tally.ts";
import { MAX_BEHIND_PER_LOG } from "../../src/log/deletions.ts";
import {
  entriesOf,
  fill,
  type Opened,
  open,
  START_MS,
  settle,
  shorten,
  sum,
  text,
} from "./losses-support.ts";
import { recordsOf } from "./support.ts";

describe("what retention takes", () => {
  test("is in the ledger by device where no uplink had it, and there before it is gone", async () => {
    const opened = await open();
    opened.carrier.next = 15;
    opened.carrier.committed = 10;
    const log = await fill(opened, "readings", 100);
    await shorten(opened, log);
    const entries = entriesOf(opened);
    expect(log.logStartOffset).toBeGreaterThan(50);
    expect(sum(entries)).toBe(log.logStartOffset - 15);
    expect(entries).toHaveLength(10);
    expect(entries.find(({ device }) => device === "d7")).toMatchObject({
      ...{ reason: "retention", topic: "readings", topicId: log.topicId, partition: 0, firstOffset: 17 },
      ...{ lossStart: 15, lossEnd: log.logStartOffset, from: new Date(START_MS + 17).toISOString() },
    });
    expect(opened.losses.unknown(log.topicId, 0, 10, 99)).toEqual([
      { start: 10, end: 15 },
      { start: log.logStartOffset, end: 99 },
    ]);
  });

  test("is no loss where it was forwarded, or where nobody carries it", async () => {
    const opened = await open();
    opened.carrier.next = opened.carrier.committed = 1_000;
    await shorten(opened, await fill(opened, "readings", 100));
    await shorten(opened, await fill(opened, "local", 100));
    expect(entriesOf(opened)).toEqual([]);
  });

  test("stays where the topic keeps what was not forwarded", async () => {
    const opened = await open();
    opened.carrier.next = opened.carrier.committed = 30;
    const log = await fill(opened, "readings", 100, { "headwater.keep.unforwarded": "true" });
    await shorten(opened, log);
    expect(log.logStartOffset).toBeGreaterThan(0);
    expect(log.logStartOffset).toBeLessThanOrEqual(30);
    expect(entriesOf(opened)).toEqual([]);
  });

  test("goes after a start where power went between the ledger and the deletion", async () => {
    const opened = await open();
    opened.carrier.next = opened.carrier.committed = 0;
    const log = await fill(opened, "readings", 100);
    const move = log.moveLogStart.bind(log);
    log.moveLogStart = () => {};
    await shorten(opened, log);
    log.moveLogStart = move;
    const promised = Number(entriesOf(opened)[0]?.lossEnd);
    expect(promised).toBeGreaterThan(50);
    const told = entriesOf(opened).length;
    const again = await open(opened.disk.crash("sectors", 5));
    const found = again.broker.partition("readings", 0)?.log;
    if (found === undefined) throw new Error("no topic");
    // Nobody begins to read it any more.
    expect(again.store.startOf(found)).toBe(promised);
    expect(again.losses.unknown(log.topicId, 0, 0, promised)).toEqual([]);
    await settle(again);
    expect(found.logStartOffset as number).toBe(promised);
    expect(entriesOf(again)).toHaveLength(told);
  });

  test("is told of after a start where power went before the ledger had it, or had all of it", async () => {
    for (const kept of [0, 4]) {
      const opened = await open();
      opened.carrier.next = opened.carrier.committed = 5;
      const log = await fill(opened, "readings", 100);
      // The promise is on the disk, and so many of its entries.
      const partition = opened.broker.partition.bind(opened.broker);
      opened.broker.partition = (topic, index) => (topic === GAP_TOPIC ? null : partition(topic, index));
      await shorten(opened, log);
      opened.broker.partition = partition;
      expect(opened.store.startOf(log)).toBeGreaterThan(50);
      const promised = opened.store.startOf(log);
      const ledger = new GapLedger(opened.broker, silentLogger);
      const tally = new LossTally(log, 5, promised, "retention");
      while (tally.advance());
      ledger.record(tally.gaps().slice(0, kept), () => {});
      await opened.clock.settleAll();
      expect(entriesOf(opened)).toHaveLength(kept);
      const again = await open(opened.disk.crash("sectors", 5));
      await settle(again);
      const entries = entriesOf(again);
      expect(again.broker.partition("readings", 0)?.log.logStartOffset as number).toBe(promised);
      expect(entries).toHaveLength(10);
      expect(sum(entries)).toBe(promised - 5);
    }
  });

  for (const reason of ["retention", "disk-full", "quarantine"]) {
    test(`does not go on the word of an entry that somebody else has written: ${reason}`, async () => {
      const opened = await open();
      const log = await fill(opened, "readings", 30);
      opened.broker.createTopic({ name: GAP_TOPIC, partitionCount: 1, configs: new Map() }, () => {});
      const { topicId } = log;
      const entry = { reason, device: null, topic: "readings", topicId, partition: 0, count: 20, bytes: 0 };
      const offsets = { firstOffset: 0, lastOffset: 19, lossStart: 0, lossEnd: 20 };
      opened.broker.ingest.append({
        ...{ topic: GAP_TOPIC, key: null, value: text.encode(JSON.stringify({ ...entry, ...offsets })) },
        ...{ timestampMs: START_MS, headers: null },
      });
      await opened.clock.settleAll();
      const again = await open(opened.disk.crash("sectors", 5));
      await settle(again);
      const found = again.broker.partition("readings", 0)?.log;
      expect(found?.logStartOffset as number).toBe(0);
      expect(again.losses.unknown(topicId, 0, 0, 30)).toEqual([{ start: 0, end: 30 }]);
    });
  }

  test("is bounded in devices, and the counts stay true", async () => {
    const opened = await open();
    opened.carrier.next = opened.carrier.committed = 0;
    const { broker, clock } = opened;
    const configs = new Map([["internal.segment.bytes", "5000"]]);
    broker.createTopic({ name: "readings", partitionCount: 1, configs }, () => {});
    for (let n = 0; n < 3 * MAX_DEVICES_PER_LOSS; n++) {
      const record = { topic: "readings", key: text.encode(`d${n}`), value: null, timestampMs: START_MS };
      broker.ingest.append({ ...record, headers: null });
      if (n % 50 === 0) await clock.settleAll();
    }
    await clock.settleAll();
    const log = broker.partition("readings", 0)?.log;
    if (log === undefined) throw new Error("no topic");
    await shorten(opened, log);
    const entries = entriesOf(opened);
    expect(sum(entries)).toBe(log.logStartOffset);
    expect(log.logStartOffset).toBeGreaterThan(2 * MAX_DEVICES_PER_LOSS);
    const nobody = entries.filter(({ device }) => device === null);
    expect(nobody.length).toBeLessThanOrEqual(3);
    expect(sum(nobody)).toBeGreaterThan(0);
  });
});

describe("what a client deletes", () => {
  const deletion = (opened: Opened, topic: string, before: number) => {
    const partition = opened.broker.partition(topic, 0);
    if (partition === null) throw new Error("no topic");
    const answers: number[][] = [];
    opened.broker.deleteRecords(partition, before, (...answer) => answers.push(answer));
    return answers;
  };

  test("is in the ledger by device before it is answered, as far as no uplink had it", async () => {
    const opened = await open();
    opened.carrier.next = opened.carrier.committed = 10;
    const log = await fill(opened, "readings", 50);
    const answers = deletion(opened, "readings", 40);
    expect([answers, log.logStartOffset]).toEqual([[], 0 as never]);
    await settle(opened);
    expect(answers).toEqual([[0, 40]]);
    const entries = entriesOf(opened);
    expect(entries).toHaveLength(10);
    expect(sum(entries)).toBe(30);
    expect(entries[0]).toMatchObject({ reason: "deleted", device: "d0", firstOffset: 10, lossEnd: 40 });
    expect(deletion(opened, "readings", 51)).toEqual([[1, -1]]);
  });

  test("is told of to the record where it ends within a batch", async () => {
    const opened = await open();
    opened.carrier.next = opened.carrier.committed = 2;
    for (let n = 0; n < 20; n++) {
      const record = { topic: "readings", key: text.encode(`d${n % 3}`), value: null, timestampMs: START_MS };
      opened.broker.ingest.append({ ...record, headers: null });
    }
    await opened.clock.settleAll();
    const answers = deletion(opened, "readings", 11);
    await settle(opened);
    expect(answers).toEqual([[0, 11]]);
    expect(entriesOf(opened).map(({ device, count }) => `${device} ${count}`)).toEqual([
      "d2 3",
      "d0 3",
      "d1 3",
    ]);
  });

  test("has as many bytes as keys and values have, also where some are null", async () => {
    const opened = await open();
    opened.carrier.next = opened.carrier.committed = 0;
    const contents = [
      [null, "1234567890"],
      ["key", null],
      [null, null],
      ["key", "1234"],
    ] as const;
    for (const [key, value] of contents) {
      const content = { key: key && text.encode(key), value: value && text.encode(value) };
      opened.broker.ingest.append({ topic: "readings", ...content, timestampMs: START_MS, headers: null });
    }
    await opened.clock.settleAll();
    deletion(opened, "readings", 4);
    await settle(opened);
    expect(entriesOf(opened).map(({ device, count, bytes }) => [device, count, bytes])).toEqual([
      ["key", 2, 10],
      [null, 2, 10],
    ]);
  });

  test("is nobody's loss where nobody carries it", async () => {
    const opened = await open();
    const log = await fill(opened, "local", 20);
    const answers = deletion(opened, "local", -1);
    expect(log.logStartOffset as number).toBe(20);
    await settle(opened);
    expect([answers, entriesOf(opened)]).toEqual([[[0, 20]], []]);
  });

  test("is refused where too many wait for the same log already, and may be tried again", async () => {
    const opened = await open();
    opened.carrier.next = opened.carrier.committed = 0;
    await fill(opened, "readings", 50);
    const first = deletion(opened, "readings", 10);
    const waiting = Array.from({ length: MAX_BEHIND_PER_LOG }, () => deletion(opened, "readings", 20));
    expect(deletion(opened, "readings", 20)).toEqual([[7, -1]]);
    expect(waiting.flat()).toEqual([]);
    await settle(opened);
    expect([first, waiting.flat().length, waiting.at(-1)]).toEqual([
      [[0, 10]],
      MAX_BEHIND_PER_LOG,
      [[0, 20]],
    ]);
    const again = deletion(opened, "readings", 20);
    await settle(opened);
    expect(again).toEqual([[0, 20]]);
  });

  test("goes behind what retention is taking, each told of once", async () => {
    const opened = await open();
    opened.carrier.next = opened.carrier.committed = 0;
    const log = await fill(opened, "readings", 50);
    opened.store.deletions.request(log, 20, "retention.bytes", () => {});
    const answers = deletion(opened, "readings", 30);
    await settle(opened);
    expect(answers).toEqual([[0, 30]]);
    const entries = entriesOf(opened);
    expect(entries.map(({ reason, count }) => `${reason} ${count}`)).toEqual([
      ...Array.from({ length: 10 }, () => "retention 2"),
      ...Array.from({ length: 10 }, () => "deleted 1"),
    ]);
  });
});

describe("a topic that is deleted", () => {
  test("is in the ledger by device, with what was on its way and all that was acknowledged, before it goes", async () => {
    const opened = await open();
    const { broker, clock } = opened;
    opened.carrier.committed = 10;
    opened.carrier.next = 30;
    const log = await fill(opened, "readings", 50);
    const record = { topic: "readings", key: text.encode("d0"), value: null, timestampMs: START_MS };
    // Not on the disk yet.
    const last = broker.ingest.append({ ...record, headers: null });
    broker.ingest.flush();
    const answers: number[] = [];
    expect(broker.deleteTopic("readings", (error) => answers.push(error))).toBeNull();
    const late = broker.ingest.append({ ...record, headers: null });
    broker.ingest.flush();
    expect([late.state, late.error, broker.topics.get("readings")?.id]).toEqual(["refused", 3, log.topicId]);
    expect(broker.deleteTopic("readings", () => {})).toMatchObject({ error: 3 });
    expect(broker.createFault({ name: "readings", partitionCount: 1, configs: new Map() })).not.toBeNull();
    await settle(opened);
    expect([answers, broker.topics.get("readings"), last.state]).toEqual([[0], null, "durable"]);
    const entries = entriesOf(opened);
    expect(entries).toHaveLength(10);
    expect(sum(entries)).toBe(41);
    expect(entries.find(({ device }) => device === "d0")).toMatchObject({
      ...{ reason: "deleted", topic: "readings", topicId: log.topicId, firstOffset: 10, lastOffset: 50 },
      ...{ lossStart: 10, lossEnd: 51 },
    });
    // Its name is free, and nothing of it is remembered.
    broker.createTopic({ name: "readings", partitionCount: 1, configs: new Map() }, () => {});
    await clock.settleAll();
    expect(opened.losses.unknown(log.topicId, 0, 0, 51)).toEqual([{ start: 0, end: 51 }]);
  });

  test("goes at once where nobody loses by it", async () => {
    const opened = await open();
    opened.carrier.next = opened.carrier.committed = 20;
    await fill(opened, "readings", 20);
    await fill(opened, "local", 20);
    for (const topic of ["readings", "local"]) {
      expect(opened.broker.deleteTopic(topic, () => {})).toBeNull();
      expect(opened.broker.topics.get(topic)).toBeNull();
    }
    await settle(opened);
    expect(entriesOf(opened)).toEqual([]);
  });

  test("waits for what is being taken of it, and for the ledger", async () => {
    const opened = await open();
    opened.carrier.next = opened.carrier.committed = 0;
    const { broker, store } = opened;
    const log = await fill(opened, "readings", 50);
    const partition = broker.partition.bind(broker);
    broker.partition = (topic, index) => (topic === GAP_TOPIC ? null : partition(topic, index));
    store.deletions.request(log, 20, "retention.bytes", () => {});
    const answers: number[] = [];
    broker.deleteTopic("readings", (error) => answers.push(error));
    await settle(opened);
    expect([answers, broker.topics.get("readings")?.id]).toEqual([[], log.topicId]);
    broker.partition = partition;
    await settle(opened);
    expect(answers).toEqual([0]);
    expect(entriesOf(opened).map(({ reason, count }) => `${reason} ${count}`)).toEqual([
      ...Array.from({ length: 10 }, () => "retention 2"),
      ...Array.from({ length: 10 }, () => "deleted 3"),
    ]);
  });

  test("has no records that the ledger tells of where power goes before it does", async () => {
    const opened = await open();
    opened.carrier.next = opened.carrier.committed = 0;
    const log = await fill(opened, "readings", 50);
    opened.broker.openState(LOSS_TOPIC);
    opened.broker.createTopic({ name: GAP_TOPIC, partitionCount: 1, configs: new Map() }, () => {});
    await settle(opened);
    const move = log.moveLogStart.bind(log);
    log.moveLogStart = () => {};
    const write = opened.broker.metadata.append.bind(opened.broker.metadata);
    opened.broker.metadata.append = () => ({ error: 56, message: "no" });
    const answers: number[] = [];
    opened.broker.deleteTopic("readings", (error) => answers.push(error));
    await settle(opened);
    [opened.broker.metadata.append, log.moveLogStart] = [write, move];
    expect(answers).toEqual([56]);
    expect(sum(entriesOf(opened))).toBe(50);
    // It goes on.
    const record = { topic: "readings", key: text.encode("d0"), value: null, timestampMs: START_MS };
    const pending = opened.broker.ingest.append({ ...record, headers: null });
    await settle(opened);
    expect(pending.state).toBe("durable");
    const again = await open(opened.disk.crash("sectors", 5));
    await settle(again);
    expect(again.broker.partition("readings", 0)?.log.logStartOffset as number).toBe(50);
    expect(recordsOf(again, "readings")).toHaveLength(1);
    expect(sum(entriesOf(again))).toBe(50);
  });

  test("is told of as a whole beyond a bound, and where it can't be read", async () => {
    const opened = await open();
    const log = await fill(opened, "readings", 2_000);
    const tally = new LossTally(log, 5, 2_000, "deleted", 100_000);
    while (tally.advance());
    const gaps = tally.gaps();
    expect(gaps.reduce((total, { count }) => total + count, 0)).toBe(1_995);
    expect(gaps.find(({ device }) => device === null)).toMatchObject({ lastOffset: 1_999, lossEnd: 2_000 });
    expect(gaps).toHaveLength(11);
    const unread = new LossTally(log, 5, 2_000, "deleted");
    unread.giveUp();
    expect(unread.gaps()).toMatchObject([{ device: null, firstOffset: 5, lastOffset: 1_999, count: 1_995 }]);
    expect(unread.gaps()[0]?.bytes).toBeGreaterThan(100_000);
  });
});

describe("what makes room on a full disk", () => {
  for (const topic of ["readings", "local"]) {
    test(`is in the ledger whether somebody carries it or not: ${topic}`, async () => {
      const opened = await open();
      opened.carrier.next = opened.carrier.committed = 0;
      const log = await fill(opened, topic, 100);
      // Below the default reserve.
      opened.disk.limitFreeBytes(60 * 1024 * 1024);
      await settle(opened);
      expect(log.logStartOffset as number).toBe(100);
      const entries = entriesOf(opened);
      expect(sum(entries)).toBe(100);
      expect(new Set(entries.map(({ reason }) => reason))).toEqual(new Set(["disk-full"]));
    });
  }

  test("goes on a disk without a byte to spare, where something was lost before", async () => {
    const opened = await open();
    opened.carrier.next = opened.carrier.committed = 0;
    const log = await fill(opened, "readings", 300);
    for (let round = 1; round <= 20; round++) {
      const partition = opened.broker.partition("readings", 0);
      if (partition === null) throw new Error("no topic");
      opened.broker.deleteRecords(partition, round * 5, () => {});
      await settle(opened);
    }
    expect(log.logStartOffset as number).toBe(100);
    opened.disk.limitFreeBytes(0);
    await settle(opened);
    // The active segment stays until there is room for another.
    expect(log.logStartOffset as number).toBeGreaterThan(280);
    expect(sum(entriesOf(opened))).toBe(log.logStartOffset as number);
  });

  test("goes on a disk without a byte to spare, where nothing was ever lost before", async () => {
    const opened = await open();
    opened.carrier.next = opened.carrier.committed = 0;
    const log = await fill(opened, "readings", 300);
    opened.disk.limitFreeBytes(0);
    await settle(opened);
    expect(log.logStartOffset as number).toBeGreaterThan(280);
    expect(sum(entriesOf(opened))).toBe(log.logStartOffset as number);
  });

  test("is a small active segment once a minute at most", async () => {
    const opened = await open();
    opened.carrier.next = opened.carrier.committed = 0;
    const { broker, clock, disk, store } = opened;
    broker.createTopic({ name: "readings", partitionCount: 1, configs: new Map() }, () => {});
    disk.limitFreeBytes(60 * 1024 * 1024);
    const starts: number[] = [];
    for (let second = 0; second < 150; second++) {
      const record = { topic: "readings", key: text.encode(`d${second % 10}`), value: text.encode("v") };
      broker.ingest.append({ ...record, timestampMs: START_MS, headers: null });
      clock.advance(1_000);
      await store.maintain(clock.nowMs());
      await clock.settleAll();
      const start = broker.partition("readings", 0)?.log.logStartOffset ?? 0;
      if (start !== (starts.at(-1) ?? 0)) starts.push(start);
    }
    expect(starts.length).toBeGreaterThan(1);
    expect(starts.length).toBeLessThanOrEqual(3);
  });

  test("is nothing while nobody knows what was forwarded", async () => {
    const opened = await open();
    const log = await fill(opened, "readings", 50);
    opened.losses.ready = false;
    opened.disk.limitFreeBytes(60 * 1024 * 1024);
    await settle(opened);
    expect(log.logStartOffset as number).toBe(0);
    opened.losses.ready = true;
    await settle(opened);
    expect(log.logStartOffset as number).toBe(50);
  });
});

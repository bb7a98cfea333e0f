import { describe, expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import { GAP_TOPIC, GapLedger, MAX_OPEN_GAPS } from "../../src/broker/gap-ledger.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { type OpenBroker, openBroker, recordsOf } from "./support.ts";

interface Entry {
  readonly key: string | null;
  readonly value: Record<string, unknown>;
}

function entries(open: OpenBroker): Entry[] {
  return recordsOf(open, GAP_TOPIC).map(({ key, value }) => ({
    key: key === null ? null : Buffer.from(key).toString(),
    value: JSON.parse(Buffer.from(value ?? []).toString()),
  }));
}

async function openLedger(disk?: SimulatedDisk, autoCreateTopics = true) {
  const open = await openBroker(disk, { autoCreateTopics });
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  return { open, warnings, ledger: new GapLedger(open.broker, logger) };
}

const drop = { reason: "queue-full", device: "d1", mqttTopic: "a/b", count: 1, bytes: 10 };

describe("the ledger", () => {
  test("writes nothing where nothing is lost, not even a topic", async () => {
    const { open, ledger } = await openLedger();
    open.clock.advance(10_000);
    ledger.close();
    expect(open.broker.topics.get(GAP_TOPIC)).toBeNull();
    expect(open.clock.pendingTimers).toBe(0);
  });

  test("merges a device's losses of a reason and topic, and writes once a second at most", async () => {
    const { open, ledger } = await openLedger(undefined, false);
    const startMs = open.clock.nowMs();
    for (let n = 0; n < 5; n++) {
      ledger.note(drop);
      open.clock.advance(100);
    }
    ledger.note({ ...drop, device: "d2", count: 3, bytes: 7 });
    ledger.note({ ...drop, reason: "expired" });
    await open.clock.settleAll();
    expect(entries(open)).toEqual([]);
    open.clock.advance(500);
    await open.clock.settleAll();
    const at = new Date(startMs + 1_000).toISOString();
    const [from, to] = [new Date(startMs).toISOString(), new Date(startMs + 400).toISOString()];
    const noted = new Date(startMs + 500).toISOString();
    expect(entries(open)).toEqual([
      {
        key: "d1",
        value: { at, reason: "queue-full", device: "d1", mqttTopic: "a/b", count: 5, bytes: 50, from, to },
      },
      {
        key: "d2",
        value: {
          ...{ at, device: "d2", count: 3, bytes: 7, from: noted, to: noted },
          reason: "queue-full",
          mqttTopic: "a/b",
        },
      },
      {
        key: "d1",
        value: {
          ...{ at, device: "d1", count: 1, bytes: 10, from: noted, to: noted },
          reason: "expired",
          mqttTopic: "a/b",
        },
      },
    ]);
    open.clock.advance(60_000);
    expect(open.clock.pendingTimers).toBe(0);
    expect(ledger.lostCount).toBe(9);
  });

  test("keeps the ends of offsets that are gone", async () => {
    const { open, ledger } = await openLedger();
    const gap = { reason: "retention", device: null, topic: "t", partition: 2, count: 5, bytes: 1 };
    ledger.note({ ...gap, firstOffset: 10, lastOffset: 14 });
    ledger.note({ ...gap, firstOffset: 15, lastOffset: 19 });
    ledger.flush();
    await open.clock.settleAll();
    expect(entries(open)[0]).toMatchObject({
      key: null,
      value: { topic: "t", partition: 2, firstOffset: 10, lastOffset: 19, count: 10 },
    });
  });

  test("is bounded: topics are no longer told apart, then devices, and the counts stay true", async () => {
    const { open, ledger } = await openLedger();
    for (let n = 0; n < 3 * MAX_OPEN_GAPS; n++) {
      ledger.note({ ...drop, device: `d${n % (2 * MAX_OPEN_GAPS)}`, mqttTopic: `t/${n}` });
    }
    ledger.flush();
    await open.clock.settleAll();
    const all = entries(open);
    expect(all.length).toBeLessThanOrEqual(MAX_OPEN_GAPS + 1);
    expect(all.reduce((sum, { value }) => sum + Number(value.count), 0)).toBe(3 * MAX_OPEN_GAPS);
    expect(all.filter(({ value }) => value.device === null)).toHaveLength(1);
  });

  test("keeps what the log refuses, says so once, and writes it when it can", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const { open, ledger, warnings } = await openLedger(disk);
    ledger.note(drop);
    ledger.flush();
    await open.clock.settleAll();
    const log = open.broker.partition(GAP_TOPIC, 0)?.log;
    if (log === undefined) throw new Error("no topic");
    const config = log.config;
    log.config = { ...config, maxMessageBytes: 10 };
    ledger.note(drop);
    for (let n = 0; n < 5; n++) {
      open.clock.advance(1_000);
      await open.clock.settleAll();
      ledger.note(drop);
    }
    expect(entries(open)).toHaveLength(1);
    expect(warnings).toHaveLength(1);
    log.config = config;
    for (let n = 0; n < 3; n++) {
      open.clock.advance(1_000);
      await open.clock.settleAll();
    }
    expect(entries(open).reduce((sum, { value }) => sum + Number(value.count), 0)).toBe(7);
    expect(open.clock.pendingTimers).toBe(0);
  });
});

describe("entries of losses that may not happen before they are written", () => {
  const loss = { reason: "retention", topic: "t".repeat(249), partition: 0, count: 1, bytes: 10 };

  /** The topic, with batches of at most so many bytes. */
  async function limited(maxMessageBytes: number) {
    const opened = await openLedger();
    const configs = new Map([["max.message.bytes", String(maxMessageBytes)]]);
    opened.open.broker.createTopic({ name: GAP_TOPIC, partitionCount: 1, configs }, () => {});
    await opened.open.clock.settleAll();
    return opened;
  }

  test("go in batches that the topic takes, however long their keys are", async () => {
    const { open, ledger, warnings } = await limited(20_000);
    const gaps = Array.from({ length: 700 }, (_, n) => ({
      ...loss,
      device: `${"\u0001".repeat(1_000)}${n}`,
      firstOffset: n,
      lastOffset: n,
    }));
    let isWritten = false;
    ledger.record(gaps, () => {
      isWritten = true;
    });
    await open.clock.settleAll();
    expect([isWritten, warnings.length, ledger.fault]).toEqual([true, 0, null]);
    expect(entries(open).map(({ value }) => value.firstOffset)).toEqual(gaps.map((gap) => gap.firstOffset));
    expect(open.clock.pendingTimers).toBe(0);
  });

  test("go on behind what was taken, each once, and what keeps them is told", async () => {
    const { open, ledger, warnings } = await limited(20_000);
    const partition = open.broker.partition(GAP_TOPIC, 0);
    if (partition === null) throw new Error("no topic");
    const append = partition.append.bind(partition);
    let left = 2;
    partition.append = (...args) => {
      left -= 1;
      return left < 0 ? { error: 56, message: "no" } : append(...args);
    };
    const device = "d".repeat(1_000);
    const gaps = Array.from({ length: 100 }, (_, n) => ({ ...loss, device, firstOffset: n, lastOffset: n }));
    let isWritten = false;
    ledger.record(gaps, () => {
      isWritten = true;
    });
    for (let n = 0; n < 5; n++) {
      await open.clock.settleAll();
      open.clock.advance(1_000);
    }
    const before = entries(open).length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(100);
    expect([isWritten, warnings.length]).toEqual([false, 1]);
    expect(ledger.fault).toContain("headwater.gaps");
    left = Number.MAX_SAFE_INTEGER;
    open.clock.advance(1_000);
    await open.clock.settleAll();
    expect([isWritten, ledger.fault]).toEqual([true, null]);
    expect(entries(open).map(({ value }) => value.firstOffset)).toEqual(gaps.map((gap) => gap.firstOffset));
  });

  test("are cut down where one alone is larger than the topic takes", async () => {
    const { open, ledger } = await limited(2_000);
    const key = new Uint8Array(5_000).fill(0x61);
    const device = "a".repeat(5_000);
    let isWritten = false;
    ledger.record(
      [
        { ...loss, device, key },
        { ...loss, device: "d1" },
      ],
      () => {
        isWritten = true;
      },
    );
    ledger.note({ ...loss, device: "b".repeat(5_000), mqttTopic: "m/".repeat(5_000) });
    ledger.flush();
    await open.clock.settleAll();
    open.clock.advance(1_000);
    await open.clock.settleAll();
    expect([isWritten, ledger.fault]).toEqual([true, null]);
    const [cut, whole, noted] = entries(open);
    expect(cut?.key).toMatch(/^a{200,}…$/);
    expect(cut?.value).toMatchObject({ topic: loss.topic, count: 1, isCut: true });
    expect(cut?.value.device).toMatch(/^a{200,}…$/);
    expect(whole?.value).toMatchObject({ device: "d1" });
    expect(whole?.value.isCut).toBeUndefined();
    expect(noted?.value).toMatchObject({ count: 1, isCut: true });
    expect(noted?.value.mqttTopic).toMatch(/^m.*…$/);
    expect(open.clock.pendingTimers).toBe(0);
  });
});

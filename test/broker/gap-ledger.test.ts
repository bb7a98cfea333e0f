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

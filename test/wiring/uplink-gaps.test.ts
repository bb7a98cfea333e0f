import { expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import { GAP_TOPIC, GapLedger } from "../../src/broker/gap-ledger.ts";
import { Losses } from "../../src/broker/losses.ts";
import { UplinkGaps } from "../../src/wiring/uplink-gaps.ts";
import { openBroker, recordsOf } from "../broker/support.ts";

const START_MS = Date.parse("2026-01-01T00:00:00Z");
const text = new TextEncoder();

/** A topic of thirty records, of three devices in turn. */
async function filled() {
  const open = await openBroker();
  const { broker, clock } = open;
  for (let n = 0; n < 30; n++) {
    const record = { topic: "readings", key: text.encode(`d${n % 3}`), value: text.encode("12345678") };
    broker.ingest.append({ ...record, timestampMs: START_MS + n, headers: null });
  }
  await clock.settleAll();
  const ledger = new GapLedger(broker, silentLogger);
  const losses = new Losses(broker, ledger);
  const gaps = new UplinkGaps("main", { broker, ledger, losses });
  const entries = () =>
    recordsOf(open, GAP_TOPIC).map(({ key, value }) => ({
      key: key === null ? null : Buffer.from(key).toString(),
      ...JSON.parse(Buffer.from(value ?? []).toString()),
    }));
  return { open, gaps, losses, entries, log: broker.partition("readings", 0)?.log };
}

test("what an operator has skipped is told of by device", async () => {
  const { open, gaps, losses, entries, log } = await filled();
  gaps.note("readings", 0, 6, 21, "skipped");
  expect(gaps.areWritten("readings", 0, 30)).toBe(false);
  await open.clock.settleAll();
  expect(gaps.areWritten("readings", 0, 30)).toBe(true);
  expect(entries()).toHaveLength(3);
  expect(entries()[1]).toMatchObject({
    ...{
      key: "d1",
      device: "d1",
      reason: "skipped",
      uplink: "main",
      topicId: log?.topicId,
      count: 5,
      bytes: 50,
    },
    ...{ firstOffset: 7, lastOffset: 19, lossStart: 6, lossEnd: 21, from: "2026-01-01T00:00:00.007Z" },
  });
  // It is stored here, and another uplink carries it.
  expect(losses.unknown(log?.topicId as never, 0, 0, 30)).toEqual([{ start: 0, end: 30 }]);
});

test("a record that the centre refuses has its device, its bytes and its time", async () => {
  const { open, gaps, entries } = await filled();
  const record = { bytes: 10, timestampMs: START_MS + 4 };
  gaps.note("readings", 0, 4, 5, "refused", { ...record, key: text.encode("d1") });
  gaps.note("readings", 0, 5, 6, "refused", { ...record, key: null });
  gaps.note("readings", 0, 6, 7, "refused", { ...record, key: new Uint8Array(2_000) });
  expect(gaps.areWritten("readings", 0, 30)).toBe(false);
  await open.clock.settleAll();
  expect(gaps.areWritten("readings", 0, 30)).toBe(true);
  const time = "2026-01-01T00:00:00.004Z";
  const all = { reason: "uplink-refused", uplink: "main", count: 1, bytes: 10, from: time, to: time };
  expect(entries()).toMatchObject([
    { ...all, key: "d1", device: "d1", firstOffset: 4, lastOffset: 4 },
    { ...all, key: null, device: null, firstOffset: 5 },
    { ...all, key: null, device: null, firstOffset: 6 },
  ]);
});

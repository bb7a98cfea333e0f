import { expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import { GAP_TOPIC, GapLedger, LOSS_REASONS } from "../../src/broker/gap-ledger.ts";
import { defaultSettings } from "../../src/config/options.ts";
import { expose } from "../../src/metrics/exposition.ts";
import { createMetrics, GAP_REASONS } from "../../src/metrics/metrics.ts";
import { collectMetrics } from "../../src/wiring/metrics.ts";
import { GatewayState } from "../../src/wiring/status.ts";
import { openBroker } from "../broker/support.ts";

test("a gateway that can't write losses down says so where it is asked whether it is ready", async () => {
  const { broker, clock } = await openBroker();
  const ledger = new GapLedger(broker, silentLogger);
  const state = new GatewayState(defaultSettings(), "1", 0);
  state.ledger = ledger;
  state.hinder();
  broker.createTopic({ name: GAP_TOPIC, partitionCount: 1, configs: new Map() }, () => {});
  const log = broker.partition(GAP_TOPIC, 0)?.log;
  if (log === undefined) throw new Error("no topic");
  const { config } = log;
  log.config = { ...config, maxMessageBytes: 10 };
  ledger.record([{ reason: "retention", device: null, count: 1, bytes: 1 }], () => {});
  expect(state.hindrances()).toEqual([
    "losses can't be written down, the topic headwater.gaps refuses them (MESSAGE_TOO_LARGE)",
  ]);
  log.config = config;
  clock.advance(1_000);
  await clock.settleAll();
  expect(state.hindrances()).toEqual([]);
});

test("what the ledger tells of is in the metrics by reason, and every other word is one", async () => {
  expect<readonly string[]>(GAP_REASONS).toEqual([...LOSS_REASONS, "other"]);
  const { broker } = await openBroker();
  const ledger = new GapLedger(broker, silentLogger);
  const state = new GatewayState(defaultSettings(), "1", 0);
  state.ledger = ledger;
  const metrics = createMetrics({
    ...{ version: "1", build: { bun: "1", arch: "x" }, dataFolder: "/data" },
    ...{ uplinks: [], mirrors: [], bridges: [] },
  });
  collectMetrics(metrics, state);
  const gap = { device: null, count: 2, bytes: 1 };
  ledger.record(
    LOSS_REASONS.map((reason) => ({ ...gap, reason })),
    () => {},
  );
  for (const reason of ["queue-full", "bridge-out", "mirror-deleted"]) ledger.note({ ...gap, reason });
  const lines = expose(metrics.registry).split("\n");
  const of = (name: string) => lines.filter((line) => line.startsWith(name));
  expect(of("headwater_gap_records_total")).toEqual([
    ...LOSS_REASONS.map((reason) => `headwater_gap_records_total{reason="${reason}"} 2`),
    'headwater_gap_records_total{reason="other"} 6',
  ]);
  const noted = 2 * (LOSS_REASONS.length + 3);
  expect(of("headwater_gap_ledger_noted_total")).toEqual([`headwater_gap_ledger_noted_total ${noted}`]);
});

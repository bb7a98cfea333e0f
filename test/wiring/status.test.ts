import { expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import { GAP_TOPIC, GapLedger } from "../../src/broker/gap-ledger.ts";
import { defaultSettings } from "../../src/config/options.ts";
import { GatewayState } from "../../src/wiring/status.ts";
import { openBroker } from "../broker/support.ts";

test("a gateway that can't write losses down says so where it is asked whether it is ready", async () => {
  const { broker, clock } = await openBroker();
  const ledger = new GapLedger(broker, silentLogger);
  const state = new GatewayState(defaultSettings(), "1", 0);
  state.ledgerFault = () => ledger.fault;
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

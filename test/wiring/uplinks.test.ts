import { expect, test } from "bun:test";
import { HeadwaterError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { GapLedger } from "../../src/broker/gap-ledger.ts";
import { Losses } from "../../src/broker/losses.ts";
import { defaultSettings } from "../../src/config/options.ts";
import { UPLINK_OPTIONS, type UplinkSettings } from "../../src/config/uplink-options.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { SimulatedNetwork } from "../../src/io/simulated/network.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { expose } from "../../src/metrics/exposition.ts";
import { createMetrics, type Metrics } from "../../src/metrics/metrics.ts";
import { encodeStoredPosition } from "../../src/upstream/positions.ts";
import { collectMetrics } from "../../src/wiring/metrics.ts";
import { GatewayState } from "../../src/wiring/status.ts";
import { startUplinks, type Uplinks } from "../../src/wiring/uplinks.ts";
import { type OpenBroker, openBroker } from "../broker/support.ts";
import { batchOf } from "../log/support.ts";

const TOPIC = "readings";

/** An uplink of this name to a centre that is away. */
function uplinkTo(name: string): UplinkSettings {
  const values = Object.fromEntries(
    Object.entries(UPLINK_OPTIONS).map(([key, { default: value }]) => [key, value]),
  );
  return { ...(values as unknown as UplinkSettings), name, bootstrap: [{ host: "127.0.0.1", port: 9 }] };
}

function metricsOf(mirrors: readonly string[]): Metrics {
  return createMetrics({
    version: "1",
    build: { bun: "1", arch: "x" },
    uplinks: ["main"],
    mirrors,
    bridges: [],
    dataFolder: "/data",
  });
}

function start({ broker, clock }: OpenBroker, uplink: UplinkSettings = uplinkTo("main")): Uplinks {
  const settings = defaultSettings({ uplinks: [uplink] });
  const network = new SimulatedNetwork(clock);
  const ledger = new GapLedger(broker, silentLogger);
  return startUplinks({
    knownNowMs: () => clock.nowMs(),
    settings,
    broker,
    ledger,
    losses: new Losses(broker, ledger),
    lineages: null,
    network,
    clock,
    random: new SeededRandom(1),
    logger: silentLogger,
  });
}

test("a topic of positions that can't be opened fails the uplink, not the start, and is tried again", async () => {
  const open = await openBroker(new SimulatedDisk({ seed: 1 }));
  const openState = open.broker.openState.bind(open.broker);
  open.broker.openState = () => {
    throw new HeadwaterError("DISK_IO", "the topic can't be opened");
  };
  const uplinks = start(open);
  await open.clock.settleAll();
  expect(uplinks.status()).toMatchObject([
    {
      name: "main",
      state: "failed",
      lastError: "reading the local position: the topic can't be opened",
    },
  ]);
  open.broker.openState = openState;
  open.clock.advance(60_000);
  await open.clock.settleAll();
  expect(uplinks.status()[0]?.lastError).not.toContain("local position");
});

test("after a restart with the centre away the status has the lag, by the position that was stored", async () => {
  const open = await openBroker(new SimulatedDisk({ seed: 1 }));
  const { broker, clock } = open;
  broker.createTopic({ name: TOPIC, partitionCount: 1, configs: new Map() }, () => {});
  await clock.settleAll();
  const partition = broker.partition(TOPIC, 0);
  const writtenMs = clock.nowMs();
  for (const value of ["a", "b", "c"]) {
    const bytes = batchOf([value], { timestampMs: writtenMs });
    partition?.append(bytes, 0, bytes.length, writtenMs, "broker");
    await clock.settleAll();
  }
  const topicId = broker.topics.get(TOPIC)?.id ?? "";
  const topics = [{ topic: TOPIC, topicId, next: [[0, 1] as const], centralEnds: [1] }];
  const position = encodeStoredPosition({ centre: "far", sending: false, topics } as never);
  void broker.openState("__headwater_uplink").set("main", position);
  await clock.settleAll();
  const uplinks = start(open);
  expect(uplinks.status()).toMatchObject([{ lagRecords: null, lagMs: null }]);
  clock.advance(5_000);
  await clock.settleAll();
  expect(uplinks.status()).toMatchObject([{ lagRecords: 2, lagMs: clock.nowMs() - writtenMs }]);
});

test("counters go on from what is stored, and are not there before that is read", async () => {
  const open = await openBroker(new SimulatedDisk({ seed: 1 }));
  const { broker, clock } = open;
  broker.createTopic({ name: TOPIC, partitionCount: 1, configs: new Map() }, () => {});
  await clock.settleAll();
  const bytes = batchOf(["a", "b", "c", "d", "e"], { timestampMs: clock.nowMs() });
  broker.partition(TOPIC, 0)?.append(bytes, 0, bytes.length, clock.nowMs(), "broker");
  await clock.settleAll();
  const topicId = broker.topics.get(TOPIC)?.id ?? "";
  const topics = [{ topic: TOPIC, topicId, next: [[0, 4]], accounts: [[0, "0.1.2"]], centralEnds: [1] }];
  const closed = { forwarded: 10, filtered: 0, gapped: 7, empty: 0 };
  const position = encodeStoredPosition({ centre: "far", sending: false, topics, closed } as never);
  void broker.openState("__headwater_uplink").set("main", position);
  await clock.settleAll();
  const uplinks = start(open);
  const metrics = metricsOf([]);
  const state = new GatewayState(defaultSettings({}), "1", 0);
  state.uplinks = uplinks.status;
  collectMetrics(metrics, state);
  const lines = () =>
    expose(metrics.registry)
      .split("\n")
      .flatMap(
        (line) =>
          /^headwater_uplink_(\w+_(?:records|offsets)_total|records_total)\{.*\} (\d+)$/.exec(line) ?? [],
      )
      .filter((_, index) => index % 3 !== 0);
  expect(lines()).toEqual([]);
  clock.advance(5_000);
  await clock.settleAll();
  const counts = ["stored_records_total", "22", "records_total", "11", "filtered_records_total", "1"];
  expect(lines()).toEqual([...counts, "gapped_records_total", "9", "empty_offsets_total", "0"]);
  expect(uplinks.status()).toMatchObject([{ forwardedRecords: 11, gaps: 9, lagRecords: 1 }]);
});

test("a mirror whose centre is away is in the metrics, and alarms with its uplink", async () => {
  const open = await openBroker(new SimulatedDisk({ seed: 1 }));
  const metrics = metricsOf(["commands"]);
  const mirror = {
    topic: "commands",
    to: "",
    keys: [],
    headers: {},
    from: "earliest",
    partitions: -1,
  } as const;
  const uplink = { ...uplinkTo("main"), mirror: [mirror], "flow.alarm.ms": 60_000 };
  const uplinks = start(open, uplink);
  const state = new GatewayState(defaultSettings({}), "1", 0);
  state.uplinks = uplinks.status;
  collectMetrics(metrics, state);
  const lines = () =>
    expose(metrics.registry)
      .split("\n")
      .filter((line) => /^headwater_(mirror|uplink_flow)_/.test(line));
  const pass = async (durationMs: number) => {
    for (let left = durationMs; left > 0; left -= 500) {
      open.clock.advance(500);
      await open.clock.settleAll();
    }
  };
  await pass(50_000);
  expect(lines()).toContain('headwater_mirror_state{topic="commands",state="backing off"} 1');
  expect(lines().join()).not.toContain("headwater_mirror_lag_records");
  expect(lines()).toContain('headwater_mirror_records_total{topic="commands"} 0');
  expect(uplinks.status()[0]?.flow.alarms).toEqual([]);
  await pass(20_000);
  const alarms = uplinks.status()[0]?.flow.alarms ?? [];
  expect(alarms.map(({ topic }) => topic)).toEqual([null, "commands"]);
  expect(alarms[1]?.reason).toMatch(/^mirror of commands, .*: no broker answers/);
  expect(lines()).toContain('headwater_uplink_flow_alarms{uplink="main"} 2');
});

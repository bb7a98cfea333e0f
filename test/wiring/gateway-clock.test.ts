import { expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import { Broker } from "../../src/broker/broker.ts";
import { WatchedClock } from "../../src/clock/watched-clock.ts";
import { defaultSettings } from "../../src/config/options.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { SimulatedMachine } from "../../src/io/simulated/machine.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { LogStore } from "../../src/log/log-store.ts";
import { GatewayClock } from "../../src/wiring/gateway-clock.ts";
import { recordsOf } from "../broker/support.ts";
import { batchOf } from "../log/support.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TODAY_MS = Date.UTC(2026, 5, 1);
const RETENTION_MS = DAY_MS;
const TOPIC = "readings";

/** A process on a machine: both clocks go as one, and only the machine's is set. */
async function startOn(machine: SimulatedMachine, disk: SimulatedDisk) {
  const manual = new ManualClock(machine.wallMs);
  const clock = new WatchedClock(manual);
  const store = await LogStore.open({ disk, clock, folder: "/data", random: new SeededRandom(2) });
  const broker = new Broker({
    store,
    clock,
    random: new SeededRandom(1000 + disk.counts.createFile),
    logger: silentLogger,
    nodeId: 1,
    clusterId: "c",
    topicDefaults: new Map([["retention.ms", String(RETENTION_MS)]]),
    autoCreateTopics: true,
    defaultPartitions: 1,
    maxPartitions: 100,
  });
  const parts = { settings: defaultSettings(), builtMs: Date.UTC(2026, 0, 1), logger: silentLogger };
  const gatewayClock = new GatewayClock({ ...parts, broker, clock, machine });
  const pass = async (durationMs: number): Promise<void> => {
    machine.pass(durationMs);
    manual.jumpTo(machine.wallMs - durationMs);
    manual.advance(durationMs);
    await manual.settleAll();
  };
  return {
    broker,
    store,
    clock: manual,
    disk,
    warnings: [],
    gatewayClock,
    pass,
    /** A message comes: it is stamped with what the clock shows. */
    async take(value: string, isArrival = true, timestampMs = clock.nowMs()): Promise<void> {
      const bytes = new TextEncoder().encode(value);
      broker.ingest.append({ topic: TOPIC, key: null, value: bytes, timestampMs, isArrival, headers: null });
      await manual.settleAll();
    },
    /** The machine's clock is set, and nobody has looked yet. */
    set(change: () => void): void {
      change();
      manual.jumpTo(machine.wallMs);
    },
    async maintain(): Promise<void> {
      // Records are looked at for their age now and then only.
      await pass(10 * 60_000);
      await store.maintain(clock.nowMs());
      await manual.settleAll();
    },
  };
}

type Process = Awaited<ReturnType<typeof startOn>>;

function shown(gateway: Process) {
  return recordsOf(gateway, TOPIC).map(({ value, timestampMs, headers }) => ({
    value: new TextDecoder().decode(value ?? undefined),
    timestampMs,
    headers: headers.map(({ key }) => key),
  }));
}

test("records of a boot in 1970 are kept, say when they came, and are judged by that once it is known", async () => {
  const machine = new SimulatedMachine(TODAY_MS, 0, false);
  let gateway = await startOn(machine, new SimulatedDisk({ seed: 1 }));
  await gateway.take("early");
  await gateway.take("sent", false, TODAY_MS - HOUR_MS);
  expect(gateway.gatewayClock.status).toMatchObject({ known: false });
  expect(shown(gateway)).toEqual([
    { value: "early", timestampMs: 0, headers: ["headwater.boot", "headwater.monotonic-ms"] },
    { value: "sent", timestampMs: TODAY_MS - HOUR_MS, headers: [] },
  ]);
  await gateway.pass(3 * HOUR_MS);
  await gateway.maintain();
  gateway.set(() => machine.synchronise());
  await gateway.take("late");
  expect(gateway.gatewayClock.status).toMatchObject({ known: true, quality: "confirmed", steps: 1 });
  expect(shown(gateway)[2]).toEqual({ value: "late", timestampMs: machine.trueMs, headers: [] });
  // A segment of 1970 alone.
  const other = gateway.broker.topics.get(TOPIC)?.partitions[0];
  expect(other?.log.roll()).toBe(true);
  await gateway.maintain();
  expect(shown(gateway)).toHaveLength(3);
  gateway = await startOn(machine, gateway.disk.crash("nothing"));
  await gateway.maintain();
  expect(shown(gateway)).toHaveLength(3);
  await gateway.pass(RETENTION_MS + HOUR_MS);
  await gateway.maintain();
  expect(shown(gateway)).toHaveLength(0);
});

test("a segment of 1970 alone goes when it is old, not when the clock is set", async () => {
  const machine = new SimulatedMachine(TODAY_MS, 0, false);
  const gateway = await startOn(machine, new SimulatedDisk({ seed: 1 }));
  await gateway.take("early");
  await gateway.pass(HOUR_MS);
  gateway.set(() => machine.synchronise());
  await gateway.maintain();
  await gateway.maintain();
  expect(shown(gateway)).toHaveLength(1);
  await gateway.pass(RETENTION_MS);
  await gateway.maintain();
  expect(shown(gateway)).toHaveLength(0);
});

test("a jump ahead of a running clock deletes nothing once it is undone, nor keeps it for ever", async () => {
  const machine = new SimulatedMachine(TODAY_MS);
  const gateway = await startOn(machine, new SimulatedDisk({ seed: 1 }));
  await gateway.take("before");
  gateway.set(() => machine.set(TODAY_MS + 700 * DAY_MS));
  await gateway.take("ahead");
  await gateway.maintain();
  expect(shown(gateway)).toHaveLength(2);
  await gateway.pass(HOUR_MS);
  gateway.set(() => machine.synchronise());
  await gateway.maintain();
  expect(shown(gateway)).toHaveLength(2);
  await gateway.pass(RETENTION_MS);
  await gateway.maintain();
  expect(shown(gateway)).toHaveLength(0);
});

test("nor does it delete what boots before it have stored", async () => {
  const machine = new SimulatedMachine(TODAY_MS);
  let gateway = await startOn(machine, new SimulatedDisk({ seed: 1 }));
  await gateway.take("before");
  machine.restart(60_000);
  gateway = await startOn(machine, gateway.disk.crash("nothing"));
  await gateway.pass(60_000);
  gateway.set(() => machine.set(TODAY_MS + 700 * DAY_MS));
  await gateway.maintain();
  await gateway.maintain();
  expect(shown(gateway)).toHaveLength(1);
  gateway.set(() => machine.synchronise());
  await gateway.pass(RETENTION_MS);
  await gateway.maintain();
  expect(shown(gateway)).toHaveLength(0);
});

test("a clock that is set ahead and stays so is believed in the end", async () => {
  const machine = new SimulatedMachine(TODAY_MS);
  const gateway = await startOn(machine, new SimulatedDisk({ seed: 1 }));
  await gateway.take("before", false);
  gateway.set(() => machine.set(TODAY_MS + 700 * DAY_MS));
  await gateway.maintain();
  expect(shown(gateway)).toHaveLength(1);
  await gateway.pass(DAY_MS);
  await gateway.maintain();
  expect(shown(gateway)).toHaveLength(0);
});

test("what senders stamp goes by that, whatever the clock was", async () => {
  const machine = new SimulatedMachine(TODAY_MS);
  const gateway = await startOn(machine, new SimulatedDisk({ seed: 1 }));
  await gateway.take("old", false, TODAY_MS - 2 * DAY_MS);
  await gateway.maintain();
  expect(shown(gateway)).toHaveLength(0);
});

test("of what Kafka clients bring, times of append are ours and repaired, their own are not", async () => {
  const machine = new SimulatedMachine(TODAY_MS, TODAY_MS + 2 * HOUR_MS);
  const gateway = await startOn(machine, new SimulatedDisk({ seed: 1 }));
  const { broker, gatewayClock } = gateway;
  for (const type of ["LogAppendTime", "CreateTime"]) {
    const configs = new Map([["message.timestamp.type", type]]);
    broker.createTopic({ name: type, partitionCount: 1, configs }, () => {});
    const bytes = batchOf(["x"], { timestampMs: machine.wallMs });
    broker.partition(type, 0)?.append(bytes, 0, bytes.length, machine.wallMs, "client");
  }
  await gateway.pass(60_000);
  gateway.set(() => machine.synchronise());
  gatewayClock.time.look();
  const timeOf = (topic: string) => {
    const log = broker.partition(topic, 0)?.log;
    return log === undefined ? null : gatewayClock.time.trueTime(log, 0, TODAY_MS + 2 * HOUR_MS)?.timeMs;
  };
  expect(timeOf("LogAppendTime")).toBe(TODAY_MS);
  expect(timeOf("CreateTime")).toBe(TODAY_MS + 2 * HOUR_MS);
});

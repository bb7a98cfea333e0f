import { afterEach, describe, expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import type { Device } from "../../src/broker/devices/device.ts";
import { bucketOf } from "../../src/broker/devices/device-table.ts";
import { GapLedger } from "../../src/broker/gap-ledger.ts";
import type { Partition } from "../../src/broker/partition.ts";
import { defaultSettings, type Settings } from "../../src/config/options.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import { carriedBy, DeviceRegistry, deviceTopics } from "../../src/wiring/device-registry.ts";
import { type OpenBroker, openBroker } from "../broker/support.ts";

const DAY_MS = 86_400_000;

interface Opened extends OpenBroker {
  readonly registry: DeviceRegistry;
  readonly told: (readonly [string, unknown])[];
}

const running: DeviceRegistry[] = [];
afterEach(() => {
  for (const registry of running.splice(0)) registry.stop();
});

async function start(disk: SimulatedDisk, settings: Partial<Settings> = {}): Promise<Opened> {
  const open = await openBroker(disk);
  const told: (readonly [string, unknown])[] = [];
  const logger = {
    ...silentLogger,
    warn: (message: string, fields?: unknown) => void told.push([message, fields]),
  };
  const registry = new DeviceRegistry(open.broker, defaultSettings(settings), logger);
  running.push(registry);
  return { ...open, registry, told };
}

/** Looks at what the registry is about to write down: its size; may refuse it. */
function onStateAppend(
  open: Opened,
  look: (bytes: number) => { readonly error: number; readonly message: string } | null,
): void {
  const partition = stateOf(open);
  const append = partition.append.bind(partition);
  partition.append = (batches, from, to, ...rest) => look(to - from) ?? append(batches, from, to, ...rest);
}

function stateOf({ broker }: Opened): Partition {
  const partition = broker.partition("__headwater_devices", 0);
  if (partition === null) throw new Error("there is no state");
  return partition;
}

function append({ broker, clock }: Opened, key: string, value: string): void {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const record = { topic: "telemetry", key: bytes(key), value: bytes(value), headers: null };
  broker.ingest.append({ ...record, timestampMs: clock.nowMs() });
}

async function send(
  { broker, clock }: Opened,
  key: string | null,
  value: string | null,
  topic = "telemetry",
) {
  const bytes = (text: string | null) => (text === null ? null : new TextEncoder().encode(text));
  const timestampMs = clock.nowMs();
  broker.ingest.append({ topic, key: bytes(key), value: bytes(value), timestampMs, headers: null });
  await clock.settleAll();
}

/** Lets what was sent be looked at. */
async function look({ clock }: Opened, ms = 500): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    await clock.settleAll();
  }
}

const names = ({ registry }: Opened) => registry.table.sorted().map(({ facts }) => facts.key);
const recordsOf = ({ registry }: Opened) =>
  Object.fromEntries(registry.table.sorted().map(({ facts }) => [facts.key, facts.records]));

function get({ registry }: Opened, key: string, topic = "telemetry"): Device {
  const device = registry.table.get(topic, key);
  if (device === null) throw new Error(`${key} is not known`);
  return device;
}

describe("the registry of devices", () => {
  test("counts records by key, of the topics that have devices", async () => {
    const open = await start(new SimulatedDisk({ seed: 1 }), { "devices.value.bytes": 4 });
    const startMs = open.clock.nowMs();
    await send(open, "a", "1");
    await send(open, "b", "xyzxyz");
    await send(open, null, "nobody");
    await send(open, "c", "1", "other");
    await send(open, "k".repeat(600), "1");
    await look(open);
    await send(open, "a", "22");
    await look(open);
    await send(open, "b", null);
    await send(open, "a", "12345678");
    await look(open);
    expect(names(open)).toEqual(["a", "b"]);
    const { facts } = get(open, "a");
    expect(facts).toMatchObject({ records: 3, bytes: 14, lastOffset: 6, partition: 0, exact: true });
    expect([new TextDecoder().decode(facts.value ?? undefined), facts.valueSizeBytes]).toEqual(["1234", 8]);
    expect(facts.firstSeenMs).toBeGreaterThanOrEqual(startMs);
    expect(facts.lastSeenMs - facts.firstSeenMs).toBe(1000);
    expect(get(open, "b").facts.value).toBeNull();
  });

  test("counts each record once over stops, power cuts, and saves that were cut short", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    let open = await start(disk, { "devices.save.interval.ms": 1000 });
    const sent: Record<string, number> = {};
    const sendAll = async (keys: number) => {
      for (let n = 0; n < keys; n++) {
        await send(open, `d${n}`, String(n));
        sent[`d${n}`] = (sent[`d${n}`] ?? 0) + 1;
      }
    };
    const pass = async (ms: number) => {
      for (let passed = 0; passed < ms; passed++) {
        open.clock.advance(1);
        await open.clock.settleAll();
      }
    };
    for (let round = 0; round < 24; round++) {
      await sendAll(20);
      // A save begins a second after the start, half of which has passed, and has a part every 5 ms.
      await pass(450);
      await sendAll(20);
      // Those are looked at, 100 ms later, amid the save: it ends before the cut, or not.
      await pass(round % 3 === 0 ? 300 : 50 + 8 * round);
      if (round % 8 === 7) open.registry.stop();
      await open.clock.settleAll();
      open = await start(open.disk.crash("sectors", round), { "devices.save.interval.ms": 1000 });
      // Again cut short while what was read once is read again, or not.
      if (round % 5 !== 4) {
        await look(open);
        expect(recordsOf(open)).toEqual(sent);
      }
    }
    await look(open);
    expect(recordsOf(open)).toEqual(sent);
    expect(get(open, "d3").facts).toMatchObject({ exact: true, valueSizeBytes: 1 });
  });

  test("counts each record once where the log refuses a part of a save", async () => {
    const open = await start(new SimulatedDisk({ seed: 1 }), { "devices.save.interval.ms": 1000 });
    let refusals = 1;
    onStateAppend(open, () =>
      refusals-- > 0 ? { error: ERROR.KAFKA_STORAGE_ERROR, message: "full" } : null,
    );
    for (let n = 0; n < 20; n++) await send(open, `d${n}`, "1");
    // The first save, and not the next, which would write the part.
    await look(open, 1500);
    expect(refusals).toBeLessThan(0);
    const again = await start(open.disk.crash("sectors", 1));
    await look(again);
    expect(recordsOf(again)).toEqual(Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`d${n}`, 1])));
  });

  test("keeps a state of any size that settings allow, a part in a turn, in a log that stays short", async () => {
    const settings = {
      "devices.save.interval.ms": 1000,
      "devices.value.bytes": 4096,
      "devices.max": 100_000,
    };
    const open = await start(new SimulatedDisk({ seed: 1 }), settings);
    const written = new Map<number, number>();
    onStateAppend(open, (bytes) => {
      const turn = open.clock.monotonicMs();
      written.set(turn, (written.get(turn) ?? 0) + bytes);
      return null;
    });
    const keys = Array.from({ length: 1200 }, (_, n) => `device-${n}`);
    // A part of its own that is more than a batch of other topics may be.
    const together = Array.from({ length: 20_000 }, (_, n) => `d${n}`).filter((key) => bucketOf(key) === 7);
    const value = "x".repeat(4000);
    for (let round = 1; round <= 5; round++) {
      for (const key of [...keys, ...together]) append(open, key, value);
      await look(open, 2500);
    }
    const all = [...written.values()].reduce((sum, bytes) => sum + bytes, 0);
    const once = all / 5;
    expect(once).toBeGreaterThan(7 * 1024 * 1024);
    expect(Math.max(...written.values())).toBeLessThan(once / 3);
    await look(open, 10_000);
    expect(stateOf(open).log.sizeBytes).toBeLessThan(4 * once);
    const again = await start(open.disk.crash("sectors", 1));
    expect(again.registry.table.count).toBe(keys.length + together.length);
    expect(get(again, together[0] ?? "").facts.records).toBe(5);
  });

  test("says that a count is too small where records were gone before", async () => {
    const open = await start(new SimulatedDisk({ seed: 1 }));
    await send(open, "a", "1");
    await look(open);
    open.registry.stop();
    for (let n = 0; n < 5; n++) await send(open, "a", "2");
    const log = open.broker.partition("telemetry", 0)?.log;
    log?.deleteRecordsBefore(4 as never);
    await open.clock.settleAll();
    const registry = new DeviceRegistry(open.broker, defaultSettings(), silentLogger);
    running.push(registry);
    await look(open);
    const facts = registry.table.get("telemetry", "a")?.facts;
    expect(facts).toMatchObject({ records: 3, exact: false });
  });

  test("forgets the longest silent ones beyond its bound, and counts them", async () => {
    const open = await start(new SimulatedDisk({ seed: 1 }), { "devices.max": 10 });
    for (let n = 0; n < 10; n++) await send(open, `d${n}`, "1");
    await send(open, "d0", "1");
    await send(open, "e", "1");
    await look(open);
    expect(names(open)).toEqual(["d0", "d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9", "e"]);
    expect(open.registry.table.forgotten).toBe(1);
    for (let n = 0; n < 1000; n++) await send(open, `flood${n}`, "1");
    await look(open);
    expect([open.registry.table.count, open.registry.table.forgotten]).toEqual([10, 1001]);
    expect(get(open, "flood999").facts.exact).toBe(false);
  });

  test("tells once who was regular and is silent, and takes it back", async () => {
    const open = await start(new SimulatedDisk({ seed: 1 }), { "devices.silent.factor": 3 });
    for (let n = 0; n < 8; n++) {
      await send(open, "regular", "1");
      await send(open, "regular", "the same burst");
      if (n === 0 || n === 2 || n === 7) await send(open, "irregular", "1");
      await look(open, 20_000);
    }
    expect(get(open, "regular").regularMs).toBeCloseTo(20_000, -3);
    expect(get(open, "irregular").regularMs).toBeNull();
    await look(open, 38_000);
    expect(open.told).toEqual([]);
    await look(open, 10_000);
    const alarm = ["devices have become silent", { count: 1, devices: ["telemetry/regular"] }] as const;
    expect(open.told).toEqual([alarm]);
    expect(open.registry.table.silentCount).toBe(1);
    await look(open, 120_000);
    expect(open.told).toHaveLength(1);
    await send(open, "regular", "1");
    await look(open);
    expect(open.registry.table.silentCount).toBe(0);
  });

  test("takes the gateway's own absence for nobody's silence", async () => {
    const settings = { "devices.silent.after.ms": 30_000 };
    const first = await start(new SimulatedDisk({ seed: 1 }), settings);
    await send(first, "a", "1");
    await look(first, 10_000);
    first.registry.stop();
    await first.clock.settleAll();
    const second = await start(first.disk.crash("sectors", 1), settings);
    second.clock.advance(29_000);
    await second.clock.settleAll();
    expect(second.registry.table.silentCount).toBe(0);
    await look(second, 3_000);
    expect(second.registry.table.silentCount).toBe(1);
    expect(second.told).toHaveLength(1);
  });

  test("has what devices lost, from the ledger, once", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const open = await start(disk);
    await send(open, "a", "1");
    await look(open);
    const ledger = new GapLedger(open.broker, silentLogger);
    const gap = { device: "a", reason: "disk-full", count: 7, bytes: 70 };
    ledger.record([{ ...gap, topic: "telemetry" }, { ...gap, topic: "elsewhere" }, gap], () => {});
    await open.clock.settleAll();
    await send(open, "a", "{", "headwater.gaps");
    await look(open);
    expect(get(open, "a").facts.gaps).toMatchObject({ records: 14, reason: "disk-full" });
    const again = await start(open.disk.crash("sectors", 3));
    await look(again);
    expect(get(again, "a").facts.gaps?.records).toBe(14);
  });

  test("rates are of the last minute", async () => {
    const open = await start(new SimulatedDisk({ seed: 1 }));
    for (let n = 0; n < 120; n++) {
      await send(open, "a", "1");
      await look(open, 1000);
    }
    const rate = get(open, "a").rate(open.clock.monotonicMs());
    expect(rate).toBeGreaterThan(0.9);
    expect(rate).toBeLessThan(1.1);
    open.clock.advance(DAY_MS / 100);
    expect(get(open, "a").rate(open.clock.monotonicMs())).toBe(0);
  });
});

test("devices are the keys of routes that have some, or of the topics that are named", () => {
  expect(deviceTopics(defaultSettings())).toEqual(["telemetry"]);
  expect(deviceTopics(defaultSettings({ "devices.topics": ["plant-*"] }))).toEqual(["plant-*"]);
});

test("an uplink has carried a device's last record once it is beyond it", () => {
  const uplink = (position: number) => [
    { name: "central", topics: [{ topic: "telemetry", partitions: [{ partition: 1, position }] }] },
  ];
  const carried = (position: number, partition = 1) =>
    carriedBy(uplink(position) as never, "telemetry", partition, 9);
  expect(carried(10)).toEqual([{ uplink: "central", carried: true, offsetsBehind: 0, position: 10 }]);
  expect(carried(9)).toEqual([{ uplink: "central", carried: false, offsetsBehind: 1, position: 9 }]);
  expect(carried(-1)).toEqual([{ uplink: "central", carried: false, offsetsBehind: 10, position: -1 }]);
  expect(carried(10, 0)).toEqual([]);
});

import { expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import { GAP_TOPIC } from "../../src/broker/gap-ledger.ts";
import type { RepairOutcome } from "../../src/cli/world.ts";
import { loadSettings } from "../../src/config/load.ts";
import type { Settings } from "../../src/config/options.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import type { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { type Inspection, inspectStore } from "../../src/log/inspection/store-check.ts";
import { readJournal } from "../../src/log/journal.ts";
import { repairStore } from "../../src/wiring/repair-data.ts";
import { type OpenBroker, openBroker, recordsOf } from "../broker/support.ts";

const FOLDER = "/data";
const SEGMENT = `${FOLDER}/telemetry-0/00000000000000000000`;
const RECORDS = 60;
const text = new TextEncoder();

function settings(): Settings {
  const result = loadSettings({
    file: { path: "gw.toml", text: `data = "${FOLDER}"\n` },
    ...{ env: {}, set: [], flags: new Map(), hostName: "h" },
  });
  if (!result.ok) throw new Error("settings");
  return result.settings;
}

async function fill(opened: OpenBroker, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) {
    opened.broker.ingest.append({
      ...{ topic: "telemetry", key: text.encode(`pump-${n % 3}`), value: text.encode(`${n}`.padStart(900)) },
      ...{ timestampMs: n, headers: null },
    });
    await opened.clock.settleAll();
  }
}

/** A gateway that had `RECORDS` records in several segments of one topic. */
async function gateway(): Promise<OpenBroker> {
  const opened = await openBroker();
  const configs = new Map([["internal.segment.bytes", "15000"]]);
  opened.broker.createTopic({ name: "telemetry", partitionCount: 1, configs }, () => {});
  await fill(opened, 0, RECORDS);
  for (let n = 0; n < 40; n++) {
    await opened.store.maintain(n);
    await opened.clock.advance(3000);
  }
  return opened;
}

async function stopped(): Promise<SimulatedDisk> {
  const opened = await gateway();
  await opened.store.close();
  return opened.disk;
}

function inspect(disk: SimulatedDisk): Inspection {
  return inspectStore({ disk, folder: FOLDER, isRunning: false, topic: null });
}

async function driven<Result>(clock: ManualClock, promise: Promise<Result>): Promise<Result> {
  let isDone = false;
  const watched = promise.finally(() => {
    isDone = true;
  });
  watched.catch(() => {});
  while (!isDone) {
    await clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return watched;
}

function repair(disk: SimulatedDisk): Promise<RepairOutcome> {
  const { damages, condition } = inspect(disk);
  const clock = new ManualClock();
  const random = new SeededRandom(77);
  const given = { damages, isClean: condition === "clean", settings: settings(), logger: silentLogger };
  return driven(clock, repairStore({ disk, clock, random, ...given }));
}

/** What a gateway finds afterwards: the records of the topic by their offsets, and what the ledger tells of. */
async function found(disk: SimulatedDisk) {
  const opened = await openBroker(disk);
  const offsets = recordsOf(opened, "telemetry").map(({ offset }) => Number(offset));
  const ledger = recordsOf(opened, GAP_TOPIC).map(({ value }) =>
    JSON.parse(Buffer.from(value ?? []).toString()),
  );
  await fill(opened, 1000, 1001);
  const next = Math.max(...recordsOf(opened, "telemetry").map(({ offset }) => Number(offset)));
  await opened.store.close();
  return { offsets, ledger, next };
}

const all = Array.from({ length: RECORDS }, (_, n) => n);

test("a damaged sealed segment costs its batch, which the ledger tells of, and nothing else", async () => {
  const disk = await stopped();
  disk.flipBit(`${SEGMENT}.log`, 100 * 8);
  const outcome = await repair(disk);
  expect(outcome).toMatchObject({
    faulty: [],
    setAside: [{ topic: "telemetry", fromOffset: 0, toOffset: 1 }],
  });
  expect(disk.exists(outcome.setAside[0]?.path ?? "")).toBe(true);
  expect(inspect(disk)).toMatchObject({ damages: [], condition: "clean" });
  const { offsets, ledger, next } = await found(disk);
  expect(offsets).toEqual(all.slice(1));
  expect(ledger).toMatchObject([{ reason: "quarantine", topic: "telemetry", firstOffset: 0, lastOffset: 0 }]);
  expect(next).toBe(RECORDS);
});

test("a damaged end of the log is never given again", async () => {
  const disk = await stopped();
  const active = disk.list(`${FOLDER}/telemetry-0`).findLast((name) => name.endsWith(".log")) ?? "";
  const first = Number(active.slice(0, 20));
  disk.flipBit(`${FOLDER}/telemetry-0/${active}`, 100 * 8);
  await repair(disk);
  expect(inspect(disk).damages).toEqual([]);
  const { offsets, next } = await found(disk);
  expect(offsets).toEqual(all.filter((offset) => offset !== first));
  expect(next).toBe(RECORDS);
});

test("indexes, checkpoints, format, metadata of a partition and journal are made anew without a loss", async () => {
  const whole = await stopped();
  const half = [`${FOLDER}/journal/0`, `${FOLDER}/journal/1`].find((path) => {
    const file = whole.openFile(path, "read");
    const { rounds } = readJournal(file, null);
    file.close();
    return rounds.length > 2;
  });
  const places: [string, number][] = [
    ...[".index", ".timeindex", ".keys"].map((suffix): [string, number] => [SEGMENT + suffix, 40]),
    [`${FOLDER}/checkpoint.0`, 50],
    [`${FOLDER}/checkpoint.1`, 50],
    [`${FOLDER}/format`, 3],
    [`${FOLDER}/clean-shutdown`, 0],
    [`${FOLDER}/telemetry-0/partition.metadata`, 20],
    [half ?? "", 4096 + 60],
  ];
  for (const [path, byte] of places) {
    const disk = whole.crash("process");
    disk.flipBit(path, byte * 8);
    expect(inspect(disk).damages.length).toBeGreaterThan(0);
    expect(await repair(disk)).toEqual({ setAside: [], faulty: [] });
    expect(inspect(disk)).toMatchObject({ damages: [], condition: "clean" });
    if (path.startsWith(SEGMENT)) expect(disk.exists(path)).toBe(true);
    const { offsets, ledger } = await found(disk);
    expect(offsets).toEqual(all);
    expect(ledger).toEqual([]);
  }
});

test("a journal that is damaged after a power cut is recovered from first", async () => {
  const opened = await gateway();
  await fill(opened, RECORDS, RECORDS + 8);
  const disk = opened.disk.crash("nothing");
  const path = [`${FOLDER}/journal/0`, `${FOLDER}/journal/1`].find((half) => {
    const file = disk.openFile(half, "read");
    const { rounds } = readJournal(file, null);
    file.close();
    return rounds.some(({ entries }) => entries.some(({ offset }) => offset === RECORDS + 3));
  });
  const file = disk.openFile(path ?? "", "read");
  const round = readJournal(file, null).rounds.find(({ entries }) => entries[0]?.offset === RECORDS + 3);
  file.close();
  disk.flipBit(path ?? "", ((round?.position ?? 0) + 90) * 8);
  expect(inspect(disk).damages.map(({ part }) => part)).toEqual(["journal", "segment"]);
  await repair(disk);
  expect(inspect(disk).damages).toEqual([]);
  const { offsets, ledger } = await found(disk);
  const kept = Array.from({ length: RECORDS + 8 }, (_, n) => n).filter((n) => n !== RECORDS + 3);
  expect(offsets).toEqual(kept);
  expect(ledger).toMatchObject([{ reason: "quarantine", firstOffset: RECORDS + 3, lastOffset: RECORDS + 3 }]);
});

test("a power cut at any step leaves what another repair goes on with", async () => {
  const damaged = await stopped();
  damaged.flipBit(`${SEGMENT}.log`, 100 * 8);
  damaged.flipBit(`${SEGMENT}.keys`, 40 * 8);
  let operations = 0;
  await repair(
    damaged.crash("process", 1, ({ kind }) => {
      if (kind !== "view") operations += 1;
    }),
  );
  const step = Math.ceil(operations / 20);
  for (let cut = 1; cut <= operations; cut += step) {
    let seen = 0;
    let left: SimulatedDisk | null = null;
    const disk: SimulatedDisk = damaged.crash("process", 1, ({ kind }) => {
      if (kind === "view" || ++seen !== cut) return;
      left = disk.crash(cut % 2 === 0 ? "pages" : "nothing", cut);
    });
    await repair(disk);
    const after = left as SimulatedDisk | null;
    if (after === null) throw new Error(`there are fewer than ${cut} operations`);
    await repair(after);
    expect(inspect(after).damages).toEqual([]);
    const { offsets, ledger } = await found(after);
    expect(offsets).toEqual(all.slice(1));
    expect(ledger.length).toBeGreaterThan(0);
    for (const entry of ledger) expect(entry).toMatchObject({ firstOffset: 0, lastOffset: 0 });
  }
}, 60_000);

test("a folder that somebody has is left alone", async () => {
  const disk = await stopped();
  disk.flipBit(`${SEGMENT}.log`, 100 * 8);
  const lock = disk.lock(FOLDER);
  expect(repair(disk)).rejects.toThrow("in use");
  lock.release();
});

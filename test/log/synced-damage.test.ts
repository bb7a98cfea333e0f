import { describe, expect, test } from "bun:test";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import type { CrashMode } from "../../src/io/simulated/file-node.ts";
import type { LogBug } from "../../src/log/log-config.ts";
import type { LogStore } from "../../src/log/log-store.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import {
  append,
  batchOf,
  createLog,
  expectEndIsReached,
  mustAppend,
  type Opened,
  openStore,
  ROOT,
  readAll,
  valuesOf,
} from "./support.ts";

const VALUES = Array.from({ length: 24 }, (_, i) => `value ${i}`.padEnd(1500, "."));
const BATCH_BYTES = batchOf(VALUES.slice(0, 1)).length;
/** Batches that fit a segment of 8 KiB. */
const PER_SEGMENT = 5;
/** So many make a round that is not journaled. */
const BULK = 4;

function logOf(store: LogStore, like: PartitionLog): PartitionLog {
  const log = store.get(like.topicId, like.partition);
  if (log === null) throw new Error(`${like.topic} is gone`);
  return log;
}

async function appendAll(opened: Opened, log: PartitionLog, values: readonly string[]): Promise<void> {
  for (const value of values) mustAppend(log, batchOf([value]));
  await opened.clock.settleAll();
  expect(log.highWatermark).toBe(log.logEndOffset);
}

/** All of VALUES, acknowledged by syncs of segments, and no checkpoint since. */
async function filled(): Promise<{ disk: SimulatedDisk; opened: Opened; log: PartitionLog }> {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  const log = createLog(opened.store);
  for (let i = 0; i < VALUES.length; i += BULK) await appendAll(opened, log, VALUES.slice(i, i + BULK));
  expect(opened.store.status().directSyncs).toBe(VALUES.length / BULK);
  expect(log.segments.map(({ baseOffset }) => baseOffset)).toEqual([0, 5, 10, 15, 20]);
  return { disk, opened, log };
}

const segmentPath = (base: number) => `${ROOT}/readings-0/${String(base).padStart(20, "0")}.log`;

function garble(disk: SimulatedDisk, path: string, start: number, length = 40): void {
  for (let at = start; at < start + length; at++) disk.flipBit(path, at * 8 + (at % 8));
}

function resize(disk: SimulatedDisk, path: string, sizeBytes: number): void {
  const file = disk.openFile(path, "write");
  file.resize(sizeBytes);
  file.syncNow();
  file.close();
}

interface Damage {
  readonly name: string;
  readonly lost: readonly number[];
  readonly damage: (disk: SimulatedDisk) => void;
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

const DAMAGES: readonly Damage[] = [
  {
    name: "a spot in a segment that others follow",
    lost: [7],
    damage: (disk) => garble(disk, segmentPath(5), 2 * BATCH_BYTES + 100),
  },
  {
    name: "a spot over two batches",
    lost: [12, 13],
    damage: (disk) => garble(disk, segmentPath(10), 3 * BATCH_BYTES - 20),
  },
  {
    name: "the first batch of all",
    lost: [0],
    damage: (disk) => garble(disk, segmentPath(0), 0),
  },
  {
    name: "a spot in the last segment",
    lost: [21],
    damage: (disk) => garble(disk, segmentPath(20), BATCH_BYTES + 100),
  },
  {
    name: "the very last batch",
    lost: [23],
    damage: (disk) => garble(disk, segmentPath(20), 3 * BATCH_BYTES + 100),
  },
  {
    name: "spots in two segments, two in one",
    lost: [6, 9, 17],
    damage: (disk) => {
      garble(disk, segmentPath(5), BATCH_BYTES + 100);
      garble(disk, segmentPath(5), 4 * BATCH_BYTES + 100);
      garble(disk, segmentPath(15), 2 * BATCH_BYTES + 100);
    },
  },
  {
    name: "a segment cut to nothing",
    lost: range(10, 15),
    damage: (disk) => resize(disk, segmentPath(10), 0),
  },
  {
    name: "a segment cut in its midst",
    lost: range(12, 15),
    damage: (disk) => resize(disk, segmentPath(10), 2 * BATCH_BYTES + 7),
  },
  { name: "a segment gone", lost: range(5, 10), damage: (disk) => disk.remove(segmentPath(5)) },
  { name: "the first segment gone", lost: range(0, 5), damage: (disk) => disk.remove(segmentPath(0)) },
  { name: "the last segment gone", lost: range(20, 24), damage: (disk) => disk.remove(segmentPath(20)) },
  {
    name: "the last segment cut to nothing",
    lost: range(20, 24),
    damage: (disk) => resize(disk, segmentPath(20), 0),
  },
  {
    name: "two segments in each other's place",
    lost: range(5, 15),
    damage: (disk) => {
      disk.rename(segmentPath(5), `${segmentPath(5)}.other`);
      disk.rename(segmentPath(10), segmentPath(5));
      disk.rename(`${segmentPath(5)}.other`, segmentPath(10));
    },
  },
];

/** The lost offsets that were reported. */
function reported(opened: Opened): number[] {
  return opened.reports.matching("quarantined").flatMap((line) => {
    const match = /^quarantined readings-0 (\d+) to (\d+): /.exec(line);
    if (match === null) throw new Error(line);
    return range(Number(match[1]), Number(match[2]));
  });
}

async function expectAllButLost(disk: SimulatedDisk, like: PartitionLog, lost: readonly number[]) {
  const opened = await openStore({ disk });
  const log = logOf(opened.store, like);
  expect(reported(opened)).toEqual([...lost]);
  expect(opened.reports.matching("cut")).toEqual([]);
  expect(log.logEndOffset as number).toBe(VALUES.length);
  expectEndIsReached(log);
  const expected = VALUES.filter((_, offset) => !lost.includes(offset));
  expect(valuesOf(readAll(log))).toEqual(expected);
  await appendAll(opened, log, ["more"]);
  const again = await openStore({ disk: disk.crash("nothing") });
  expect(valuesOf(readAll(logOf(again.store, like)))).toEqual([...expected, "more"]);
  expect(again.reports.matching("quarantined")).toEqual([]);
}

describe.each(DAMAGES)("$name, behind the checkpoint and acknowledged by a sync", ({ lost, damage }) => {
  test("costs what is damaged, after a kill", async () => {
    const { disk, log } = await filled();
    const killed = disk.crash("process");
    damage(killed);
    await expectAllButLost(killed, log, lost);
  });

  test("and after a power cut behind a round of the journal, though none of it is this log's", async () => {
    const { disk, opened, log } = await filled();
    await appendAll(opened, createLog(opened.store, "other"), ["small"]);
    const cut = disk.crash("nothing");
    damage(cut);
    await expectAllButLost(cut, log, lost);
  });

  test("and where the checkpoints are lost as well", async () => {
    const { disk, log } = await filled();
    const killed = disk.crash("process");
    damage(killed);
    for (const slot of [0, 1]) killed.remove(`${ROOT}/checkpoint.${slot}`);
    const opened = await openStore({ disk: killed });
    // Where nothing says where the log began, its first segment is where.
    if (lost[0] !== 0 || lost.length === 1) expect(reported(opened)).toEqual([...lost]);
    expect(logOf(opened.store, log).logEndOffset as number).toBe(VALUES.length);
    const expected = VALUES.filter((_, offset) => !lost.includes(offset));
    expect(valuesOf(readAll(logOf(opened.store, log)))).toEqual(expected);
  });

  test("a mending that is cut off is done again", async () => {
    const { disk, log } = await filled();
    const cuts: SimulatedDisk[] = [];
    let recovering = false;
    const killed: SimulatedDisk = disk.crash("process", 1, () => {
      if (recovering) for (const mode of ["process", "everything"] as const) cuts.push(killed.crash(mode));
    });
    damage(killed);
    recovering = true;
    await openStore({ disk: killed });
    recovering = false;
    const expected = VALUES.filter((_, offset) => !lost.includes(offset));
    for (const cut of cuts.filter((_, i) => i % 5 === 0)) {
      const opened = await openStore({ disk: cut });
      expect(logOf(opened.store, log).logEndOffset as number).toBe(VALUES.length);
      expect(valuesOf(readAll(logOf(opened.store, log)))).toEqual(expected);
    }
  });
});

describe("where nothing tells that it was acknowledged", () => {
  async function cutAt(
    mode: CrashMode,
    prepare: (disk: SimulatedDisk) => void = () => {},
    bugs: ReadonlySet<LogBug> = new Set(),
    limits = {},
  ) {
    const { disk, log } = await filled();
    const cut = disk.crash(mode);
    garble(cut, segmentPath(5), 2 * BATCH_BYTES + 100);
    prepare(cut);
    const opened = await openStore({ disk: cut, bugs, limits });
    return { disk: cut, opened, log: logOf(opened.store, log) };
  }

  /** From the hole in the second segment to the end of the last. */
  const CUT_BYTES = VALUES.length * BATCH_BYTES - (PER_SEGMENT + 2) * BATCH_BYTES;

  test.each([
    ["a power cut before the kernel wrote it out", "nothing", () => {}],
    ["a journal that is lost", "process", (disk: SimulatedDisk) => disk.remove(`${ROOT}/journal`)],
  ] as const)("the log ends at the hole, and what stood behind is kept: %s", async (_, mode, prepare) => {
    const { disk, opened, log } = await cutAt(mode, prepare);
    expect(log.logEndOffset as number).toBe(7);
    expect(opened.reports.matching("quarantined")).toEqual([]);
    expect(opened.reports.matching("cut")).toEqual(["cut readings-0 at 7: 8 to 24, kept"]);
    expect(disk.list(`${ROOT}/quarantine`)).toEqual(["readings-0.cut1"]);
    const kept = disk.readFile(`${ROOT}/quarantine/readings-0.cut1`, 10 ** 6) ?? new Uint8Array(0);
    expect(kept.length).toBe(CUT_BYTES);
    for (const value of VALUES.slice(8)) expect(Buffer.from(kept).includes(value)).toBe(true);
    await appendAll(opened, log, ["more"]);
    expect(valuesOf(readAll(log, 7))).toEqual(["more"]);
  });

  test("a recovery that takes no notice of synced ends would lose records of which it says nothing", async () => {
    const { opened, log } = await cutAt("process", () => {}, new Set(["ignore-synced-ends"]));
    expect(log.logEndOffset as number).toBe(7);
    expect(opened.reports.matching("quarantined")).toEqual([]);
  });

  test("there is a bound to what is kept: the oldest goes", async () => {
    const limits = { cutBytes: CUT_BYTES + 100 };
    const { disk, opened, log } = await cutAt("nothing", () => {}, new Set(), limits);
    const values = VALUES.slice(0, 8);
    for (let i = 0; i < values.length; i += BULK) await appendAll(opened, log, values.slice(i, i + BULK));
    const cut = disk.crash("nothing");
    garble(cut, segmentPath(5), 2 * BATCH_BYTES + 100);
    const again = await openStore({ disk: cut, limits });
    expect(again.reports.matching("cut")).toEqual(["cut readings-0 at 7: 8 to 15, kept"]);
    expect(cut.list(`${ROOT}/quarantine`)).toEqual(["readings-0.cut2"]);
  });

  test("what stands behind a hole that is told of is kept with the damage, and told of too", async () => {
    const { disk, opened, log } = await filled();
    // The journal has durable word of VALUES, and of nothing behind them.
    await appendAll(opened, createLog(opened.store, "other"), ["small"]);
    await appendAll(opened, log, VALUES.slice(0, BULK));
    const cut = disk.crash("nothing");
    garble(cut, segmentPath(20), 3 * BATCH_BYTES + 100);
    const again = await openStore({ disk: cut });
    expect(reported(again)).toEqual([23]);
    // The first of them in the damaged file, the others in one of their own.
    expect(again.reports.matching("cut")).toEqual([
      "cut readings-0 at 24: 24 to 25, kept",
      "cut readings-0 at 24: 25 to 28, kept",
    ]);
    expect(logOf(again.store, log).logEndOffset as number).toBe(24);
  });

  test("of more than that its beginning is kept", async () => {
    const { disk } = await cutAt("nothing", () => {}, new Set(), { cutBytes: 3000 });
    expect(disk.readFile(`${ROOT}/quarantine/readings-0.cut1`, 10 ** 6)?.length).toBe(3000);
  });

  test("without room for it the start goes on all the same, and says so", async () => {
    const { opened, log } = await cutAt("nothing", () => {}, new Set(), { reserveBytes: 2 ** 41 });
    expect(opened.reports.matching("cut")).toEqual(["cut readings-0 at 7: 8 to 24, lost"]);
    expect(log.logEndOffset as number).toBe(7);
  });

  test("what is no whole batch is cut without more ado", async () => {
    const disk = new SimulatedDisk({ syncs: "manual" });
    let opened: Opened | null = null;
    const opening = openStore({ disk }).then((result) => {
      opened = result;
    });
    while (opened === null) {
      disk.finishSyncs();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await opening;
    const { store, clock } = opened as Opened;
    const log = createLog(store);
    for (const value of VALUES.slice(0, BULK)) mustAppend(log, batchOf([value]));
    await clock.settleAll();
    const torn = disk.crash("everything");
    garble(torn, segmentPath(0), 3 * BATCH_BYTES + 100);
    const recovering = openStore({ disk: torn });
    for (let i = 0; i < 20; i++) {
      torn.finishSyncs();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const again = await recovering;
    expect(again.reports.matching("torn")).toEqual(["torn readings-0 at 3"]);
    expect(again.reports.matching("cut")).toEqual([]);
    expect(torn.exists(`${ROOT}/quarantine`)).toBe(false);
  });
});

describe("damage that the journal has a part of", () => {
  test("costs the rest", async () => {
    const { disk, opened, log } = await filled();
    // Journaled, one a round; and bulk behind them, in the same segment as it happens.
    for (const value of ["small 24", "small 25", "small 26"]) await appendAll(opened, log, [value]);
    await appendAll(opened, log, VALUES.slice(0, BULK));
    const killed = disk.crash("process");
    // The last batch of bulk before them, and the first two of them.
    const small = batchOf(["small 24"]).length;
    garble(killed, segmentPath(20), 4 * BATCH_BYTES - 20, 2 * small);
    const again = await openStore({ disk: killed });
    const found = logOf(again.store, log);
    expect(reported(again)).toEqual([23]);
    const expected = [...VALUES.slice(0, 23), "small 24", "small 25", "small 26", ...VALUES.slice(0, BULK)];
    expect(valuesOf(readAll(found))).toEqual(expected);
    expect(valuesOf(readAll(logOf((await openStore({ disk: killed.crash("nothing") })).store, log)))).toEqual(
      expected,
    );
  });

  test("what is behind it is known of producers all the same", async () => {
    const disk = new SimulatedDisk();
    const opened = await openStore({ disk });
    const log = createLog(opened.store);
    const sent = (sequence: number) =>
      batchOf([`${sequence}`.padEnd(1500, ".")], { producerId: 9, producerEpoch: 0, baseSequence: sequence });
    for (let sequence = 0; sequence < BULK; sequence++) mustAppend(log, sent(sequence));
    await opened.clock.settleAll();
    const killed = disk.crash("process");
    garble(killed, segmentPath(0), sent(0).length + 100);
    const found = logOf((await openStore({ disk: killed })).store, log);
    expect(found.logEndOffset as number).toBe(BULK);
    expect(append(found, sent(3))).toMatchObject({ error: 0, duplicate: true, baseOffset: 3 });
    expect(append(found, sent(4))).toMatchObject({ error: 0, duplicate: false, baseOffset: 4 });
  });
});

test("to tell of synced ends costs no sync, and no byte of the journal's rounds", async () => {
  const { disk, opened } = await filled();
  const before = { ...disk.counts };
  const { journalBytes, rounds } = opened.store.status();
  const log = createLog(opened.store, "other");
  const created = { ...disk.counts };
  await appendAll(opened, log, VALUES.slice(0, BULK));
  expect(opened.store.status().rounds).toBe(rounds + 1);
  expect(opened.store.status().journalBytes).toBe(journalBytes);
  expect(disk.counts.sync - created.sync).toBe(1);
  expect(created.sync - before.sync).toBe(1);
});

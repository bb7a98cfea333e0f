import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { MappedDisk } from "../../src/io/bun/mapped-disk.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { doomedFolderName, isDoomedFolderName, quarantineName } from "../../src/log/folder-names.ts";
import { LogStore } from "../../src/log/log-store.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import {
  batchOf,
  createLog,
  mustAppend,
  openStore,
  Reports,
  ROOT,
  readAll,
  SMALL_CONFIG,
  SMALL_LIMITS,
  topicId,
  valuesOf,
} from "./support.ts";

const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

function newFolder(): string {
  const root = mkdtempSync(join(tmpdir(), "headwater-odd-"));
  roots.push(root);
  return join(root, "data");
}

async function open(folder: string, reports = new Reports()): Promise<LogStore> {
  return await LogStore.open({
    disk: new MappedDisk(),
    clock: new SystemClock(),
    folder,
    limits: SMALL_LIMITS,
    report: reports,
    configFor: () => SMALL_CONFIG,
  });
}

const LONGEST_TOPIC = "t".repeat(249);

test("a topic with the longest name can be deleted, and made again", async () => {
  const folder = newFolder();
  const store = await open(folder);
  const log = createLog(store, LONGEST_TOPIC, 4096);
  mustAppend(log, batchOf(["old"]));
  store.delete(log);
  createLog(store, LONGEST_TOPIC, 4096);
  await store.close();
  const again = await open(folder);
  expect(again.status().logs).toBe(1);
  await again.close();
});

test("damage in a topic with the longest name is set aside, and so is its folder", async () => {
  const folder = newFolder();
  const store = await open(folder);
  const log = createLog(store, LONGEST_TOPIC, 4096);
  mustAppend(log, batchOf(["lost"]));
  await store.close();
  truncateSync(join(folder, `${LONGEST_TOPIC}-4096`, "00000000000000000000.log"), 20);
  const again = await open(folder);
  const [found] = again.logs();
  if (found === undefined) throw new Error("gone");
  mustAppend(found, batchOf(["next"]));
  again.setAside(found, "nobody knows it");
  await again.close();
  const names = readdirSync(join(folder, "quarantine"));
  expect(names.map((name) => name.slice(name.lastIndexOf("-")))).toEqual([
    "-4096",
    "-4096.00000000000000000000.log",
  ]);
});

test("names in the quarantine are no longer than a file system takes, and tell the partition", () => {
  expect(quarantineName("readings-3", ".1.log", 0)).toBe("readings-3.1.log");
  expect(quarantineName("readings-3", "", 2)).toBe("readings-3.2");
  expect(quarantineName("format", "", 1)).toBe("format.1");
  const long = quarantineName(`${LONGEST_TOPIC}-77`, ".00000000000000000042.log", 12);
  expect(long.length).toBe(255);
  expect(long).toEndWith("t-77.00000000000000000042.log.12");
});

test("only what a deletion named is removed at the start", async () => {
  expect(isDoomedFolderName(doomedFolderName(topicId(5), 12))).toBe(true);
  const disk = new SimulatedDisk();
  const doomed = doomedFolderName(topicId(5), 0);
  const kept = ["my-delete", "backup-of-readings-0-delete", "readings-0.AAAA-delete"];
  await (await openStore({ disk })).store.close();
  for (const name of [doomed, ...kept]) disk.makeFolder(`${ROOT}/${name}`);
  const { store, clock } = await openStore({ disk });
  await store.maintain(clock.nowMs());
  expect(disk.exists(`${ROOT}/${doomed}`)).toBe(false);
  for (const name of kept) expect(disk.exists(`${ROOT}/${name}`)).toBe(true);
});

test("folders of deleted partitions don't pile up between ticks", async () => {
  const folder = newFolder();
  const store = await open(folder);
  for (let i = 0; i < 100; i++) store.delete(createLog(store, `topic-${i}`));
  expect(readdirSync(folder).filter(isDoomedFolderName)).toEqual([]);
  await store.close();
});

/** A pipe that nobody writes to: whoever opens it to read waits. */
function makePipe(path: string): void {
  expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
}

const FILES = [
  ...["journal", "journal/0", "journal/1", "journal/kept.7"],
  ...["checkpoint.0", "checkpoint.1", "format", "clean-shutdown", "meta.properties"],
];

describe.each([
  ["a folder", (path: string) => mkdirSync(join(path, "inside"), { recursive: true })],
  ["a link to nothing", (path: string) => symlinkSync("/nowhere/at/all", path)],
  ["a pipe", makePipe],
  ["a link to a device without an end", (path: string) => symlinkSync("/dev/zero", path)],
] as const)("%s in the place of a file", (kind, put) => {
  test.each(FILES)("%s is set aside", async (name) => {
    // That is what it is.
    if (name === "journal" && kind === "a folder") return;
    const folder = newFolder();
    const store = await open(folder);
    mustAppend(createLog(store), batchOf(["kept"]));
    await store.close();
    rmSync(join(folder, name), { recursive: true, force: true });
    put(join(folder, name));
    const reports = new Reports();
    const again = await open(folder, reports);
    const expected = name === "journal" ? "a folder was expected here" : "a file was expected here";
    expect(reports.matching("quarantined").join()).toContain(expected);
    const [log] = again.logs();
    if (log === undefined) throw new Error("gone");
    expect(valuesOf(readAll(log))).toEqual(["kept"]);
    mustAppend(log, batchOf(["more"]));
    await again.close();
    expect(existsSync(join(folder, "clean-shutdown"))).toBe(true);
    const third = await open(folder);
    expect([...third.logs()].map((found) => valuesOf(readAll(found)))).toEqual([["kept", "more"]]);
    await third.close();
  });

  test.each(["clean", "crash"] as const)("a segment is set aside (%s stop)", async (stop) => {
    const { folder, log } = await stoppedWith(stop);
    const path = join(folder, `readings-0/00000000000000000000.log`);
    rmSync(path);
    put(path);
    for (const leftover of ["format.new", "checkpoint.0.new"]) put(join(folder, leftover));
    const reports = new Reports();
    const again = await open(folder, reports);
    const found = again.get(log.topicId, 0);
    if (found === null) throw new Error("gone");
    expect([found.fault, found.logEndOffset as number]).toEqual([null, 1]);
    mustAppend(found, batchOf(["more"]));
    expect(valuesOf(readAll(found, 1)).length).toBe(found.highWatermark - 1);
    await again.close();
    const third = await open(folder);
    expect([...third.logs()].map((one) => valuesOf(readAll(one)))).toEqual([["more"]]);
    await third.close();
  });
});

/** A folder with a log of one record, stopped or as a crash behind its checkpoint leaves it. */
async function stoppedWith(stop: "clean" | "crash"): Promise<{ folder: string; log: PartitionLog }> {
  const folder = newFolder();
  const store = await open(folder);
  const log = createLog(store);
  mustAppend(log, batchOf(["lost"]));
  await store.close();
  if (stop === "crash") {
    rmSync(join(folder, "clean-shutdown"));
    rmSync(join(folder, "journal"), { recursive: true });
  }
  return { folder, log };
}

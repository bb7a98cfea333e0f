import { describe, expect, test } from "bun:test";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import type { LogIdentity } from "../../src/log/log-config.ts";
import {
  batchOf,
  createLog,
  mustAppend,
  type Opened,
  openStore,
  ROOT,
  readAll,
  SMALL_CONFIG,
  topicId,
  valuesOf,
} from "./support.ts";

const FOLDER = `${ROOT}/readings-0`;
const IDENTITY: LogIdentity = { topic: "readings", topicId: topicId(7), partition: 0 };
const RECORDS = 6;

/** Records, a commit round each: journaled, or by syncs of the segment. */
async function fill(opened: Opened, sizeBytes: number): Promise<void> {
  const [log] = opened.store.createUnborn([IDENTITY], SMALL_CONFIG);
  if (log === undefined) throw new Error("one log was asked for");
  for (let i = 0; i < RECORDS; i++) {
    mustAppend(log, batchOf([`${i}`.padEnd(sizeBytes, ".")]));
    await opened.clock.settleAll();
  }
}

async function stopped(stop: "clean" | "kill", sizeBytes: number): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  const opened = await openStore({ disk });
  // What comes last may have been in flight; and there are other logs.
  await fill(opened, sizeBytes);
  mustAppend(createLog(opened.store, "other"), batchOf(["other"]));
  await opened.clock.settleAll();
  if (stop === "clean") await opened.store.close();
  return stop === "clean" ? disk.crash("nothing") : disk.crash("process");
}

function damageMetadata(disk: SimulatedDisk): void {
  for (let byte = 0; byte < 10; byte++) disk.flipBit(`${FOLDER}/partition.metadata`, byte * 8);
}

describe.each([
  ["clean", 100, "its folder is gone", (disk: SimulatedDisk) => disk.remove(FOLDER)],
  ["kill", 100, "its folder is gone", (disk: SimulatedDisk) => disk.remove(FOLDER)],
  ["kill", 5000, "its folder is gone", (disk: SimulatedDisk) => disk.remove(FOLDER)],
  ["kill", 100, "nobody knows whose its folder is", damageMetadata],
  ["kill", 5000, "nobody knows whose its folder is", damageMetadata],
] as const)("after a %s stop, with records of %d bytes, %s", (stop, sizeBytes, _, damage) => {
  test("a log that is made anew tells what it had, and goes on behind it", async () => {
    const disk = await stopped(stop, sizeBytes);
    damage(disk);
    const opened = await openStore({ disk });
    opened.reports.lines.length = 0;
    const [log] = opened.store.createUnborn([IDENTITY], SMALL_CONFIG);
    if (log === undefined) throw new Error("one log was asked for");
    expect(opened.reports.lines).toEqual([
      `quarantined readings-0 0 to ${RECORDS}: the partition's folder was lost`,
      `deleted readings-0 0 to ${RECORDS}: corruption`,
    ]);
    expect([log.logStartOffset as number, log.logEndOffset as number]).toEqual([RECORDS, RECORDS]);
    expect(mustAppend(log, batchOf(["more"]))).toBe(RECORDS);
    await opened.clock.settleAll();
    const again = await openStore({ disk: disk.crash("nothing") });
    const found = again.store.get(IDENTITY.topicId, 0);
    if (found === null) throw new Error("the log is gone");
    expect(found.logStartOffset as number).toBe(RECORDS);
    expect(valuesOf(readAll(found))).toEqual(["more"]);
  });
});

test("a log of the same name that is another topic's begins anew", async () => {
  const disk = await stopped("kill", 100);
  disk.remove(FOLDER);
  const { store, reports } = await openStore({ disk });
  const [log] = store.createUnborn([{ ...IDENTITY, topicId: topicId(8) }], SMALL_CONFIG);
  expect(log?.logEndOffset as number).toBe(0);
  expect(reports.matching("quarantined")).toEqual([]);
});

test("a first record that was in flight when power went is nobody's loss", async () => {
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
  const [log] = store.createUnborn([IDENTITY], SMALL_CONFIG);
  if (log === undefined) throw new Error("one log was asked for");
  mustAppend(log, batchOf(["in flight"]));
  await clock.settleAll();
  // The journal has it, the folder's name is not durable.
  const cut = disk.crash("everything");
  cut.remove(FOLDER);
  const recovering = openStore({ disk: cut });
  for (let i = 0; i < 20; i++) {
    cut.finishSyncs();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const again = await recovering;
  expect(again.store.createUnborn([IDENTITY], SMALL_CONFIG)[0]?.logEndOffset as number).toBe(0);
  expect(again.reports.matching("quarantined")).toEqual([]);
});

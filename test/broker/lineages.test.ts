import { describe, expect, test } from "bun:test";
import type { Uuid } from "../../src/base/ids.ts";
import { Lineages } from "../../src/broker/lineages.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { type OpenBroker, openBroker, recordsOf } from "./support.ts";

interface Opened extends OpenBroker {
  readonly lineages: Lineages;
}

async function start(disk: SimulatedDisk, seed: number): Promise<Opened> {
  const open = await openBroker(disk);
  return { ...open, lineages: new Lineages(open.broker, new SeededRandom(seed)) };
}

async function append({ broker, clock }: Opened, count: number, topic = "readings"): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const value = new TextEncoder().encode("v");
    broker.ingest.append({ topic, key: null, value, timestampMs: clock.nowMs(), headers: null });
    await clock.settleAll();
  }
}

function idOf({ broker }: Opened, topic = "readings"): Uuid {
  const found = broker.topics.get(topic);
  if (found === null) throw new Error("no topic");
  return found.id;
}

const starts = (opened: Opened) => opened.lineages.of(idOf(opened), 0).map(({ startOffset }) => startOffset);

describe("the history of a log", () => {
  test("has every run that appended to it, over power cuts too", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const first = await start(disk, 1);
    await append(first, 3);
    expect(starts(first)).toEqual([0]);
    const second = await start(disk.crash("sectors", 5), 2);
    expect(starts(second)).toEqual([0]);
    await append(second, 2);
    expect(starts(second)).toEqual([0, 3]);
    const runs = second.lineages.of(idOf(second), 0).map(({ run }) => run);
    expect(runs).toEqual([first.lineages.run, second.lineages.run]);
    expect(runs.map((run) => Number.parseInt(run, 10))).toEqual([1, 2]);
    const third = await start(second.disk.crash("sectors", 5), 3);
    await append(third, 1);
    expect(starts(third)).toEqual([0, 3, 5]);
  });

  test("is another one in a copy, under the same numbers", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const first = await start(disk, 1);
    await append(first, 3);
    const copy = await start(disk.crash("sectors", 5), 2);
    const other = await start(disk.crash("sectors", 5), 3);
    expect(copy.lineages.run).not.toBe(other.lineages.run);
    expect(Number.parseInt(copy.lineages.run, 10)).toBe(Number.parseInt(other.lineages.run, 10));
  });

  test("is not begun behind an append, which would pass for one of the run before", async () => {
    const open = await openBroker(new SimulatedDisk({ seed: 1 }));
    const record = { key: null, value: new Uint8Array(1), timestampMs: open.clock.nowMs(), headers: null };
    open.broker.ingest.append({ topic: "readings", ...record });
    await open.clock.settleAll();
    expect(() => new Lineages(open.broker, new SeededRandom(1))).toThrow("a run of readings began unnoticed");
  });

  test("is told no further than it is written down", async () => {
    const opened = await start(new SimulatedDisk({ seed: 1 }), 1);
    await append(opened, 1, "others");
    const told: string[] = [];
    opened.lineages.onWritten((topic, partition) => told.push(`${topic}-${partition}`));
    const value = new TextEncoder().encode("v");
    opened.broker.ingest.append({ topic: "readings", key: null, value, timestampMs: 1, headers: null });
    opened.broker.ingest.flush();
    expect(opened.lineages.writtenEnd(idOf(opened), 0)).toBe(0);
    await opened.clock.settleAll();
    expect(opened.lineages.writtenEnd(idOf(opened), 0)).toBe(Number.MAX_SAFE_INTEGER);
    expect(told).toEqual(["readings-0"]);
  });

  test("goes with its topic", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const opened = await start(disk, 1);
    await append(opened, 1);
    const id = idOf(opened);
    opened.broker.deleteTopic("readings", () => {});
    await opened.clock.settleAll();
    expect(opened.lineages.of(id, 0)).toEqual([]);
  });

  test("is not written down any more once its topic is gone", async () => {
    const opened = await start(new SimulatedDisk({ seed: 1 }), 1);
    const state = opened.broker.partition("__headwater_lineage", 0);
    if (state === null) throw new Error("no topic");
    const write = state.append.bind(state);
    state.append = () => ({ error: 56, message: "no" });
    await append(opened, 1);
    const id = idOf(opened);
    expect(opened.lineages.writtenEnd(id, 0)).toBe(0);
    opened.broker.deleteTopic("readings", () => {});
    await opened.clock.settleAll();
    state.append = write;
    opened.clock.advance(1_000);
    await opened.clock.settleAll();
    const keys = recordsOf(opened, "__headwater_lineage").map(({ key }) => Buffer.from(key ?? []).toString());
    expect(keys.filter((key) => key.startsWith(id))).toEqual([]);
  });
});

import { expect, test } from "bun:test";
import type { Disk } from "../../src/io/disk.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { inspectStore } from "../../src/log/inspection/store-check.ts";
import type { LogStore } from "../../src/log/log-store.ts";
import { append, batchOf, createLog, mustAppend, openStore, ROOT, readAll, valuesOf } from "./support.ts";

/** The captured files on a disk of their own, as they stand on the first one by now. */
function restored(from: Disk, store: LogStore, capture = store.capture()): SimulatedDisk {
  const disk = new SimulatedDisk();
  for (const file of capture.files) {
    const path = `${ROOT}/${file.name}`;
    disk.makeFolder(path.slice(0, path.lastIndexOf("/")));
    const isSegment = "path" in file;
    const source = isSegment ? from.openFile(file.path, "read") : null;
    const bytes =
      "bytes" in file ? file.bytes : (source?.view(0, file.sizeBytes).slice() ?? new Uint8Array(0));
    source?.close();
    const made = disk.createFile(path, bytes.length);
    made.write(0, bytes);
    made.close();
  }
  return disk;
}

test("a copy of a store in use has all that was appended, and the store goes on unharmed", async () => {
  for (let seed = 1; seed <= 4; seed++) {
    const random = new SeededRandom(seed);
    const disk = new SimulatedDisk({ seed });
    const { store, clock } = await openStore({ disk });
    const logs = [createLog(store, "a"), createLog(store, "b"), createLog(store, "c", 3)];
    let sequence = 0;
    const step = (): void => {
      const log = logs[random.below(logs.length)] ?? logs[0];
      if (log === undefined) return;
      const options = log === logs[1] ? { producerId: 5, producerEpoch: 0, baseSequence: sequence++ } : {};
      mustAppend(
        log,
        batchOf(
          [`${seed} ${random.below(1e6)}`, "x".repeat(random.below(300))].slice(0, log === logs[1] ? 1 : 2),
          options,
        ),
      );
    };
    for (let i = 0; i < 150; i++) {
      step();
      if (random.below(3) === 0) await clock.settleAll();
      if (random.below(20) === 0) await store.maintain(i);
    }
    const ends = logs.map((log) => log.logEndOffset);
    const capture = store.capture();
    // What comes afterwards is none of its business.
    for (let i = 0; i < 20; i++) step();
    await clock.settleAll();
    expect(capture.isDurable()).toBe(true);
    expect(capture.left).toEqual([]);
    const copy = restored(disk, store, capture);
    expect(inspectStore({ disk: copy, folder: ROOT, isRunning: false, topic: null })).toMatchObject({
      condition: "clean",
      damages: [],
    });
    const { store: other } = await openStore({ disk: copy });
    for (const [i, log] of logs.entries()) {
      const own = other.get(log.topicId, log.partition);
      if (own === null) {
        expect(ends[i]).toBe(0 as (typeof ends)[number]);
        continue;
      }
      expect(own.logEndOffset).toBe(ends[i] as (typeof ends)[number]);
      const all = valuesOf(readAll(log)).slice(0, readAll(own).length);
      expect(valuesOf(readAll(own))).toEqual(all);
    }
    await other.close();
    // What a checkpoint as of an earlier offset needs was not thrown away by the look.
    const crashed = disk.crash("pages", seed);
    const { store: after } = await openStore({ disk: crashed });
    for (const log of logs) {
      const own = after.get(log.topicId, log.partition);
      expect(valuesOf(own === null ? [] : readAll(own)).length).toBe(readAll(log).length);
    }
    const b = logs[1] === undefined ? null : after.get(logs[1].topicId, logs[1].partition);
    if (b !== null && sequence > 0) {
      const again = append(
        b,
        batchOf(["again"], { producerId: 5, producerEpoch: 0, baseSequence: sequence - 1 }),
      );
      expect(again).toMatchObject({ error: 0, duplicate: true });
    }
  }
});

import { expect, test } from "bun:test";
import { GAP_TOPIC } from "../../src/broker/gap-ledger.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import { decodeRecords } from "../../src/records/reader.ts";
import type { CentreCall } from "../../src/upstream/centre.ts";
import { positionsInSlots } from "../../src/upstream/positions.ts";
import type { MemorySource } from "./memory-source.ts";
import { ModelRun } from "./model-run.ts";

const TOPIC = "readings";

/** Batches of two records each. */
function fill(source: MemorySource, batches: number): void {
  source.createTopic(TOPIC, 1);
  for (let batch = 0; batch < batches; batch += 1) {
    const values = [batch * 2, batch * 2 + 1];
    source.append(
      TOPIC,
      0,
      values.map((value) => ({ key: "device", value: String(value) })),
    );
  }
}

for (const protocol of [0, 1, 2] as const) {
  test(`what retention took before it was forwarded is reported, protocol ${protocol}`, () => {
    const run = new ModelRun({ protocol });
    fill(run.memory, 4);
    run.run(1_000);
    run.instead = () => ({ kind: "lost", reason: "the link is down" });
    for (const value of ["8", "9", "10"]) run.memory.append(TOPIC, 0, [{ key: "device", value }]);
    run.forwarder.appended(TOPIC, 0);
    run.run(2_000);
    run.memory.deleteBefore(TOPIC, 0, 10);
    run.instead = () => null;
    run.run(60_000);
    expect(run.gaps()).toEqual([`gap ${TOPIC}-0 8..10 deleted: deleted before it was forwarded`]);
    expect(run.values(TOPIC)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "10"]);
    expect(run.status().lagRecords).toBe(0);
  });
}

test("what damage took before it was forwarded is reported, within the log and at its end", () => {
  const run = new ModelRun();
  fill(run.memory, 6);
  for (const offset of [2, 4, 10]) run.memory.loseBatch(TOPIC, 0, offset);
  run.run(1_000);
  const reason = "damaged: missing in the local log, which set damaged records aside";
  expect(run.gaps()).toEqual([`gap ${TOPIC}-0 2..6 ${reason}`, `gap ${TOPIC}-0 10..12 ${reason}`]);
  expect(run.values(TOPIC)).toEqual(["0", "1", "6", "7", "8", "9"]);
  expect(run.status().lagRecords).toBe(0);
  run.run(60_000);
  expect(run.gaps()).toHaveLength(2);
});

test("a batch without records in a log that is not compacted stands for records that are lost", () => {
  const run = new ModelRun();
  fill(run.memory, 1);
  run.memory.appendEmpty(TOPIC, 0, 3);
  run.memory.append(TOPIC, 0, [{ key: "device", value: "5" }]);
  run.run(1_000);
  expect(run.gaps().map((line) => line.split(":")[0])).toEqual([`gap ${TOPIC}-0 2..5 damaged`]);
  expect(run.values(TOPIC)).toEqual(["0", "1", "5"]);
});

test("a record that the centre refuses is told of with its key, size and time", () => {
  const run = new ModelRun();
  fill(run.memory, 2);
  run.memory.append(TOPIC, 0, [
    { key: "other", value: "4" },
    { key: "sick", value: "refuse me" },
    { key: "other", value: "6" },
  ]);
  run.instead = (call) => {
    if (call.kind !== "produce") return null;
    const values = decodeRecords(call.ask.batch).map(({ value }) => Buffer.from(value ?? []).toString());
    if (!values.includes("refuse me")) return null;
    return { kind: "answered", answer: { error: ERROR.MESSAGE_TOO_LARGE, message: null, baseOffset: -1 } };
  };
  run.run(60_000);
  expect(run.gaps()).toEqual([`gap ${TOPIC}-0 5..6 refused: refused by the centre: MESSAGE_TOO_LARGE`]);
  expect(run.values(TOPIC)).toEqual(["0", "1", "2", "3", "4", "6"]);
  const [record] = run.refused;
  expect([Buffer.from(record?.key ?? []).toString(), record?.bytes]).toEqual(["sick", 13]);
  expect(record?.timestampMs).toBeGreaterThanOrEqual(0);
  expect(run.status().lagRecords).toBe(0);
});

test("what compaction took is no gap", () => {
  const run = new ModelRun();
  fill(run.memory, 4);
  run.memory.compact(TOPIC);
  run.memory.loseBatch(TOPIC, 0, 2);
  run.memory.appendEmpty(TOPIC, 0, 3);
  run.run(1_000);
  expect(run.gaps()).toEqual([]);
  expect(run.values(TOPIC)).toEqual(["0", "1", "4", "5", "6", "7"]);
  expect(run.status().lagRecords).toBe(0);
});

for (const protocol of [0, 1, 2] as const) {
  test(`what went before the centre had any position is a gap, protocol ${protocol}`, () => {
    const run = new ModelRun({ protocol });
    fill(run.memory, 4);
    run.memory.deleteBefore(TOPIC, 0, 6);
    run.run(10_000);
    expect(run.gaps()).toEqual([`gap ${TOPIC}-0 0..6 deleted: deleted before it was forwarded`]);
    expect(run.values(TOPIC)).toEqual(["6", "7"]);
    expect(run.status().lagRecords).toBe(0);
  });
}

for (const protocol of [1, 2] as const) {
  test(`no position passes a gap before the ledger's entry is at the centre, protocol ${protocol}`, () => {
    const run = new ModelRun({ protocol });
    fill(run.memory, 4);
    run.memory.createTopic(GAP_TOPIC, 1);
    run.run(1_000);
    run.memory.append(TOPIC, 0, [{ key: "device", value: "8" }]);
    run.memory.deleteBefore(TOPIC, 0, 9);
    run.memory.append(TOPIC, 0, [{ key: "device", value: "9" }]);
    run.gapsWritten = false;
    const topicId = run.memory.bounds(TOPIC, 0)?.topicId ?? ("" as never);
    let entries = -1;
    run.instead = (call) => {
      const passes =
        call.kind === "commit-offsets" && positionsInSlots(call.ask.slots, topicId).get(0) === 10;
      if (passes && entries < 0) entries = run.calls.filter(isOfLedger).length;
      return null;
    };
    run.forwarder.appended(TOPIC, 0);
    run.run(2_000);
    expect(run.gaps()).toHaveLength(1);
    expect(entries).toBe(-1);
    // The entry is written down now, and nobody has read it yet.
    run.memory.append(GAP_TOPIC, 0, [{ key: "device", value: "entry" }]);
    run.gapsWritten = true;
    run.run(10_000);
    expect(entries).toBe(1);
    expect(run.gaps()).toHaveLength(1);
    expect(run.values(GAP_TOPIC)).toEqual(["entry"]);
    expect(run.values(TOPIC)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "9"]);
    expect(run.status().lagRecords).toBe(0);
  });
}

for (const protocol of [0, 1, 2] as const) {
  test(`who waits for the ledger holds up nobody else, protocol ${protocol}`, () => {
    const run = new ModelRun({ protocol });
    fill(run.memory, 2);
    run.memory.createTopic("others", 1);
    run.run(1_000);
    run.memory.append(TOPIC, 0, [{ key: "device", value: "4" }]);
    run.memory.deleteBefore(TOPIC, 0, 5);
    run.memory.append(TOPIC, 0, [{ key: "device", value: "5" }]);
    run.gapsWritten = false;
    run.writtenTopics.add("others");
    for (const value of ["a", "b", "c"]) {
      run.memory.append("others", 0, [{ key: "device", value }]);
      run.forwarder.appended("others", 0);
      run.forwarder.appended(TOPIC, 0);
      run.run(2_000);
    }
    expect(run.values("others")).toEqual(["a", "b", "c"]);
    expect(run.values(TOPIC)).toEqual(["0", "1", "2", "3"]);
    expect(run.status()).toMatchObject({ lagRecords: 2, restarts: 0 });
    run.gapsWritten = true;
    run.run(5_000);
    expect(run.values(TOPIC)).toEqual(["0", "1", "2", "3", "5"]);
  });

  test(`what was read before it is about to go is carried, protocol ${protocol}`, () => {
    const run = new ModelRun({ protocol });
    fill(run.memory, 2);
    let begun = 0;
    run.instead = (call) => {
      // It is being taken from the moment on at which it is sent, and read no more.
      if (call.kind === "produce" && call.ask.topic === TOPIC && begun++ === 0) {
        run.deletionsWritten = false;
        run.memory.deleteBefore(TOPIC, 0, 4);
      }
      return null;
    };
    run.run(5_000);
    expect(begun).toBe(1);
    expect(run.values(TOPIC)).toEqual(["0", "1", "2", "3"]);
    expect(run.status()).toMatchObject({ lagRecords: 0, restarts: 0 });
    run.memory.append(TOPIC, 0, [{ key: "device", value: "4" }]);
    run.memory.deleteBefore(TOPIC, 0, 5);
    run.forwarder.appended(TOPIC, 0);
    run.run(5_000);
    expect(run.status().lagRecords).toBe(1);
    run.deletionsWritten = true;
    run.run(20_000);
    expect(run.status().lagRecords).toBe(0);
  });
}

function isOfLedger(call: CentreCall): boolean {
  return call.kind === "produce" && call.ask.topic === GAP_TOPIC;
}

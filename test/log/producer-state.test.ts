import { expect, test } from "bun:test";
import { ProducerStates, REMEMBERED_BATCHES } from "../../src/log/producer-state.ts";
import { setBatchBaseOffset } from "../../src/records/batch.ts";
import { batchOf } from "./support.ts";

const MAX_SEQUENCE = 0x7fffffff;

function batch(
  producerId: number,
  baseSequence: number,
  count = 1,
  baseOffset = 0,
  producerEpoch = 0,
): Uint8Array {
  const values = Array.from({ length: count }, () => "v");
  const bytes = batchOf(values, { producerId, producerEpoch, baseSequence });
  setBatchBaseOffset(bytes, 0, baseOffset);
  return bytes;
}

test("an unknown producer begins anywhere, a known one goes on", () => {
  const states = new ProducerStates(10);
  expect(states.check(batch(1, 17), 0).kind).toBe("next");
  states.note(batch(1, 17, 3, 100), 0, 0);
  expect(states.check(batch(1, 20), 0).kind).toBe("next");
  expect(states.check(batch(1, 21), 0)).toMatchObject({
    kind: "refused",
    error: "OUT_OF_ORDER_SEQUENCE_NUMBER",
  });
  expect(states.check(batch(1, 17, 3), 0)).toMatchObject({
    kind: "duplicate",
    batch: { baseOffset: 100, lastOffset: 102 },
  });
  // The same start with another length is no duplicate.
  expect(states.check(batch(1, 17, 2), 0).kind).toBe("refused");
});

test("sequences go on from 0 after the largest", () => {
  const states = new ProducerStates(10);
  states.note(batch(1, MAX_SEQUENCE - 1, 2, 0), 0, 0);
  expect(states.check(batch(1, 0), 0).kind).toBe("next");
  const wrapping = batch(2, MAX_SEQUENCE, 3, 0);
  states.note(wrapping, 0, 0);
  expect(states.check(batch(2, 2), 0).kind).toBe("next");
  expect(states.check(wrapping, 0).kind).toBe("duplicate");
});

test("the last five batches are remembered", () => {
  const states = new ProducerStates(10);
  for (let i = 0; i < 7; i++) states.note(batch(1, i, 1, i), 0, 0);
  for (let i = 0; i < 7; i++) {
    const kind = states.check(batch(1, i), 0).kind;
    expect(kind).toBe(i < 7 - REMEMBERED_BATCHES ? "refused" : "duplicate");
  }
});

test("a batch noted twice, as replay does, changes nothing", () => {
  const states = new ProducerStates(10);
  states.note(batch(1, 0, 2, 0), 0, 0);
  states.note(batch(1, 2, 2, 2), 0, 0);
  const before = states.snapshot(100, 0);
  states.note(batch(1, 0, 2, 0), 0, 0);
  expect(states.snapshot(100, 0)).toEqual(before);
});

test("a snapshot leaves out what lies behind its offset", () => {
  const states = new ProducerStates(10);
  for (let i = 0; i < 4; i++) states.note(batch(1, i, 1, i * 10), 0, 5);
  states.note(batch(2, 0, 1, 35), 0, 5);
  const snapshot = states.snapshot(25, 12);
  expect(
    snapshot.map((producer) => [producer.producerId, producer.batches.map((b) => b.baseOffset)]),
  ).toEqual([[1, [0, 10, 20]]]);
  expect(snapshot[0]?.silentMs).toBe(7);
  const restored = new ProducerStates(10);
  restored.restore(snapshot, 1000);
  expect(restored.check(batch(1, 3), 0).kind).toBe("next");
  expect(restored.check(batch(2, 99), 0).kind).toBe("next");
});

test("the one silent for longest is forgotten, by number and by time", () => {
  const states = new ProducerStates(3);
  for (let id = 1; id <= 3; id++) states.note(batch(id, 0), 0, id);
  states.note(batch(1, 1, 1, 5), 0, 4);
  states.note(batch(4, 0), 0, 5);
  expect(states.snapshot(100, 5).map((producer) => producer.producerId)).toEqual([3, 1, 4]);
  states.expire(14, 10);
  expect(states.snapshot(100, 14).map((producer) => producer.producerId)).toEqual([4]);
});

test("a marker raises the epoch and has no sequence", () => {
  const states = new ProducerStates(3);
  states.note(batch(1, 0, 1, 0, 0), 0, 0);
  const marker = batchOf(["commit"], { producerId: 1, producerEpoch: 2, baseSequence: -1, control: true });
  states.note(marker, 0, 0);
  expect(states.check(batch(1, 1, 1, 0, 1), 0)).toMatchObject({ error: "INVALID_PRODUCER_EPOCH" });
  expect(states.check(batch(1, 0, 1, 0, 2), 0).kind).toBe("next");
});

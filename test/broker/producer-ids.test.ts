import { expect, test } from "bun:test";
import { ProducerIds } from "../../src/broker/producer-ids.ts";
import type { AckCallback } from "../../src/broker/waiting.ts";

/** A metadata log whose writes become durable when the test says so. */
function journal() {
  const writes: { next: number; durable: AckCallback }[] = [];
  let refuseWith = 0;
  return {
    writes,
    refuse: (error: number) => {
      refuseWith = error;
    },
    reserve: (next: number, durable: AckCallback): number => {
      if (refuseWith !== 0) return refuseWith;
      writes.push({ next, durable });
      return 0;
    },
  };
}

test("hands out no id before its block is durable, and each id once", () => {
  const log = journal();
  const ids = new ProducerIds(0, log.reserve);
  const given: number[] = [];
  for (let i = 0; i < 2500; i += 1) ids.next((error, id) => given.push(error === 0 ? id : -error));
  expect(given).toEqual([]);
  for (let i = 0; i < 3; i += 1) log.writes[i]?.durable(0);
  expect(given).toEqual(Array.from({ length: 2500 }, (_, index) => index));
  expect(log.writes.map(({ next }) => next)).toEqual([1000, 2000, 3000]);
});

test("after a restart begins behind everything that was written down", () => {
  const log = journal();
  const given: number[] = [];
  new ProducerIds(3000, log.reserve).next((_, id) => given.push(id));
  log.writes[0]?.durable(0);
  expect(given).toEqual([3000]);
});

test("a block that could not be written down is not used", () => {
  const log = journal();
  const ids = new ProducerIds(0, log.reserve);
  const given: (readonly [number, number])[] = [];
  log.refuse(56);
  ids.next((error, id) => given.push([error, id]));
  log.refuse(0);
  ids.next((error, id) => given.push([error, id]));
  log.writes[0]?.durable(7);
  ids.next((error, id) => given.push([error, id]));
  log.writes[1]?.durable(0);
  expect(given).toEqual([
    [56, -1],
    [7, -1],
    [0, 0],
  ]);
});

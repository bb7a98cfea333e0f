import { beforeEach, describe, expect, test } from "bun:test";
import { batchBaseSequence, batchProducerEpoch } from "../../src/records/batch.ts";
import { BatchBuilder } from "../../src/records/builder.ts";
import { RecordCursor } from "../../src/records/reader.ts";
import { CentralBatch, originHeaders } from "../../src/upstream/central-batch.ts";
import { Lane, type SealedBatch, seal } from "../../src/upstream/lane.ts";
import { Round } from "../../src/upstream/round.ts";

const PRODUCER = { id: 7, epoch: 2 };
const MAX_IN_FLIGHT = 5;
let lane: Lane;

/** A batch of `count` records, sealed onto the lane. */
function push(count: number): SealedBatch {
  const builder = new BatchBuilder();
  for (let index = 0; index < count; index += 1) builder.append(index, null, null, null);
  const cursor = new RecordCursor();
  cursor.open(builder.build());
  lane.open = new CentralBatch();
  while (cursor.next()) lane.open.append(cursor, originHeaders("g", "t", 0));
  return seal(lane, new Round(0), () => null);
}

/** Sends what may leave; the sequences of what left. */
function send(nowMs = 0): number[] {
  const sequences: number[] = [];
  for (;;) {
    const batch = lane.peek(nowMs, MAX_IN_FLIGHT);
    if (batch === null) return sequences;
    lane.send(batch, PRODUCER, true, nowMs);
    sequences.push(batchBaseSequence(batch.bytes, 0));
  }
}

describe("a lane", () => {
  beforeEach(() => {
    lane = new Lane("t", 0);
  });

  test("sends one batch until the partition knows the producer, then up to the limit", () => {
    const batches = [3, 2, 4, 1, 1, 1, 1].map(push);
    expect(send()).toEqual([0]);
    lane.acknowledged(batches[0] as SealedBatch);
    expect(send()).toEqual([3, 5, 9, 10, 11]);
    lane.acknowledged(batches[1] as SealedBatch);
    expect(send()).toEqual([12]);
  });

  test("repeats a failed batch and all behind it, in order, under their sequences", () => {
    const [first, second, third] = [push(1), push(2), push(3)];
    send();
    lane.acknowledged(first);
    expect(send()).toEqual([1, 3]);
    lane.failed(50);
    expect(lane.peek(100, MAX_IN_FLIGHT)).toBeNull();
    lane.failed(999);
    expect(send(49)).toEqual([]);
    expect(send(50)).toEqual([1, 3]);
    lane.acknowledged(second);
    lane.acknowledged(third);
    expect(lane.idle).toBe(true);
  });

  test("goes on where an answer overtook another", () => {
    const batches = [push(1), push(1), push(1)];
    send();
    lane.acknowledged(batches[0] as SealedBatch);
    send();
    lane.acknowledged(batches[2] as SealedBatch);
    lane.failed(0);
    expect(send()).toEqual([1]);
    lane.acknowledged(batches[1] as SealedBatch);
    expect(lane.idle).toBe(true);
  });

  test("counts sequences from 0 under a new epoch", () => {
    const first = push(5);
    send();
    lane.acknowledged(first);
    lane.restartSequence(false);
    const second = push(1);
    expect(send()).toEqual([0]);
    expect(batchProducerEpoch(second.bytes, 0)).toBe(2);
  });
});

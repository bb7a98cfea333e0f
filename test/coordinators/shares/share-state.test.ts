import { describe, expect, test } from "bun:test";
import type { Uuid } from "../../../src/base/ids.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import type { AckCallback } from "../../../src/broker/waiting.ts";
import type {
  CoordinatorRecord,
  CoordinatorState,
} from "../../../src/coordinators/runtime/coordinator-log.ts";
import type { StateChange } from "../../../src/coordinators/shares/run-list.ts";
import {
  mergeBatches,
  type SharePartitionId,
  ShareState,
} from "../../../src/coordinators/shares/share-state.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import { ShareWorld } from "../../kafka/support/share-world.ts";

const ID: SharePartitionId = { groupId: "g", topicId: "AAAAAAAAAAAAAAAAAAAABQ" as Uuid, partition: 3 };

function batch(
  firstOffset: number,
  lastOffset: number,
  deliveryCount = 1,
  state: StateChange["state"] = "available",
): StateChange {
  return { firstOffset, lastOffset, state, deliveryCount, cause: null };
}

/** A log in memory whose entries are durable when the test says so. */
class World {
  readonly records: CoordinatorRecord[] = [];
  readonly pruned: number[] = [];
  refuses = false;
  #waiting: AckCallback[] = [];
  holds = false;
  state = this.#open();

  restart(): void {
    this.state = this.#open();
  }

  settle(): void {
    for (const done of this.#waiting.splice(0)) done(0);
  }

  write(change: Partial<Parameters<ShareState["write"]>[1]>, id = ID): number {
    return this.state.write(
      id,
      { startOffset: 0, deliveryCompleteCount: 0, batches: [], ...change },
      () => {},
    );
  }

  #wait(done: AckCallback): void {
    if (this.holds) this.#waiting.push(done);
    else done(0);
  }

  #open(): ShareState {
    const state = new ShareState({
      openLog: (target) => this.#log(target),
      clock: new ManualClock(),
      logger: silentLogger,
      prune: (before) => void this.pruned.push(before),
      maxPartitions: 3,
    });
    state.load();
    return state;
  }

  #log(state: CoordinatorState) {
    const apply = (offset: number): void => {
      const record = this.records[offset];
      if (record !== undefined) state.apply({ ...record, offset, timestampMs: 0, producerId: -1 });
    };
    return {
      load: () => {
        for (const offset of this.records.keys()) apply(offset);
      },
      append: (records: readonly CoordinatorRecord[], done: AckCallback) => {
        if (this.refuses) {
          done(ERROR.KAFKA_STORAGE_ERROR);
          return;
        }
        for (const { key, value } of records) {
          this.records.push({ key: key.slice(), value: value?.slice() ?? null });
          apply(this.records.length - 1);
        }
        this.#wait(done);
      },
      appendTransactional: () => {},
      appendMarker: () => {},
      whenDurable: (done: AckCallback) => this.#wait(done),
    };
  }
}

describe("what share groups have done", () => {
  test("is begun, changed and read again at start", () => {
    const world = new World();
    expect(world.write({})).toBe(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
    world.state.initialize([{ id: ID, startOffset: -1 }], 4, () => {});
    expect(world.state.get(ID)).toMatchObject({ startOffset: -1, stateEpoch: 4, deliveryCompleteCount: -1 });
    world.write({
      startOffset: 5,
      batches: [batch(5, 9), batch(12, 14, 2, "acknowledged")],
      deliveryCompleteCount: 3,
    });
    world.write({ startOffset: 7, batches: [batch(8, 8, 3, "archiving")], deliveryCompleteCount: 4 });
    const expected = {
      startOffset: 7,
      deliveryCompleteCount: 4,
      batches: [batch(7, 7), batch(8, 8, 3, "archiving"), batch(9, 9), batch(12, 14, 2, "acknowledged")],
    };
    expect(world.state.get(ID)).toMatchObject(expected);
    world.restart();
    expect(world.state.get(ID)).toMatchObject(expected);
    expect(world.state.ofTopic(ID.topicId)).toHaveLength(1);
    world.state.remove([ID], () => {});
    world.restart();
    expect([world.state.get(ID), world.state.ofGroup("g"), [...world.state.all()]]).toEqual([null, [], []]);
  });

  test("is written down whole after many changes, and then says the same", () => {
    const world = new World();
    world.state.initialize([{ id: ID, startOffset: 0 }], 0, () => {});
    for (let at = 0; at <= 501; at++) world.write({ startOffset: at, batches: [batch(at, at + 2)] });
    const kept = world.state.get(ID);
    expect([kept?.snapshotEpoch, kept?.updates]).toEqual([1, 1]);
    world.restart();
    expect(world.state.get(ID)).toEqual(kept ?? null);
  });

  test("a change that the log refuses changes nothing", () => {
    const world = new World();
    world.state.initialize([{ id: ID, startOffset: 0 }], 0, () => {});
    world.refuses = true;
    expect(world.write({ startOffset: 9 })).toBe(ERROR.KAFKA_STORAGE_ERROR);
    expect(world.state.get(ID)?.startOffset).toBe(0);
  });

  test("records that no start needs are removed, once those that count are durable", () => {
    const world = new World();
    const cold = { ...ID, groupId: "cold" };
    world.state.initialize(
      [
        { id: ID, startOffset: 0 },
        { id: cold, startOffset: 42 },
      ],
      0,
      () => {},
    );
    world.holds = true;
    for (let at = 1; at < 5200; at++) world.write({ startOffset: at });
    expect(world.pruned).toEqual([]);
    world.settle();
    const [before = 0] = world.pruned;
    expect(before).toBeGreaterThan(4000);
    // A start from there on knows all of it.
    world.records.fill({ key: new Uint8Array([0, 9]), value: null }, 0, before);
    world.restart();
    expect([world.state.get(cold)?.startOffset, world.state.get(ID)?.startOffset]).toEqual([42, 5199]);
  });

  test("there are no more share partitions than may be", () => {
    const world = new World();
    const begin = (partition: number): number => {
      let answered = -1;
      world.state.initialize([{ id: { ...ID, partition }, startOffset: 0 }], 0, (error) => {
        answered = error;
      });
      return answered;
    };
    expect([begin(0), begin(1), begin(2), begin(3)]).toEqual([0, 0, 0, ERROR.POLICY_VIOLATION]);
    expect(begin(2)).toBe(0);
    world.state.remove([{ ...ID, partition: 0 }], () => {});
    expect(begin(3)).toBe(0);
    world.restart();
    expect(begin(4)).toBe(ERROR.POLICY_VIOLATION);
  });

  test("a damaged record costs itself", () => {
    const world = new World();
    world.state.initialize([{ id: ID, startOffset: 0 }], 0, () => {});
    world.records.push({ key: new Uint8Array([0, 1, 0, 9]), value: new Uint8Array([0, 0]) });
    world.records.push({ key: new Uint8Array(1), value: null });
    world.restart();
    expect(world.state.get(ID)?.startOffset).toBe(0);
  });
});

test("a log from which records were removed is read again after a power cut", async () => {
  const world = await ShareWorld.open();
  await world.beat("m1", 0, ["jobs"]);
  const id = { groupId: "workers", topicId: world.jobs, partition: 0 };
  for (let at = 1; at <= 5100; at++) {
    const write = { startOffset: at, deliveryCompleteCount: 1, batches: [batch(at, at + 1)] };
    expect(world.shares.state.write(id, write, () => {})).toBe(0);
  }
  await world.gateway.clock.settleAll();
  const kept = world.shares.state.get(id);
  expect(world.gateway.broker.partition("__share_group_state", 0)?.log.logStartOffset).toBeGreaterThan(4000);
  const after = await world.afterPowerCut();
  expect(after.coordinators.shares.state.get(id)).toEqual(kept);
  expect(after.coordinators.shares.state.get({ ...id, partition: 1 })?.startOffset).toBe(-1);
  await after.close();
  await world.gateway.close();
});

test("newer batches stand for older ones, offset by offset", () => {
  let older: StateChange[] = [];
  const offsets = new Map<number, number>();
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  for (let round = 0; round < 300; round++) {
    const start = Math.floor(round / 6);
    const newer: StateChange[] = [];
    for (let at = start + random(8); newer.length < 4; ) {
      const last = at + random(6);
      const deliveryCount = 1 + random(3);
      newer.push(batch(at, last, deliveryCount));
      for (let offset = at; offset <= last; offset++) offsets.set(offset, deliveryCount);
      at = last + 1 + random(5);
    }
    older = mergeBatches(older, newer, start);
    const seen = new Map<number, number>();
    let previousLast = -1;
    for (const { firstOffset, lastOffset, deliveryCount } of older) {
      expect(firstOffset).toBeGreaterThan(previousLast);
      previousLast = lastOffset;
      for (let offset = firstOffset; offset <= lastOffset; offset++) seen.set(offset, deliveryCount);
    }
    expect(seen).toEqual(
      new Map([...offsets].filter(([offset]) => offset >= start).sort(([a], [b]) => a - b)),
    );
  }
});

import { expect, test } from "bun:test";
import type { StateChange } from "../../../src/coordinators/shares/run-list.ts";
import {
  ACKNOWLEDGE,
  type AcquireRequest,
  type BatchSpan,
  type DeliveryRules,
  SharePartition,
} from "../../../src/coordinators/shares/share-partition.ts";
import { mergeBatches } from "../../../src/coordinators/shares/share-state.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";

const RULES: DeliveryRules = {
  maxDeliveries: 5,
  maxInFlightRecords: 2000,
  lockMs: 30_000,
  deadLetters: false,
  renewable: true,
};

/** Record batches of these sizes from `first` on. */
function spansOf(first: number, ...sizes: readonly number[]): BatchSpan[] {
  let at = first;
  return sizes.map((size) => {
    const span = { firstOffset: at, lastOffset: at + size - 1, deliverable: true };
    at += size;
    return span;
  });
}

function acquire(
  partition: SharePartition,
  spans: readonly BatchSpan[],
  change: Partial<AcquireRequest> = {},
) {
  return partition.acquire({
    memberId: "a",
    nowMs: 0,
    rules: RULES,
    maxRecords: 500,
    batchSize: 500,
    strict: false,
    fetchOffset: partition.nextFetchOffset,
    spans,
    ...change,
  });
}

function acknowledge(partition: SharePartition, first: number, last: number, ...types: readonly number[]) {
  return partition.acknowledge("a", [{ firstOffset: first, lastOffset: last, types }], RULES, 0);
}

const { ACCEPT, RELEASE, REJECT, RENEW, GAP } = ACKNOWLEDGE;

test("delivers each record once, and moves on when it is accepted", () => {
  const partition = new SharePartition({ startOffset: 10, batches: [] });
  expect(acquire(partition, spansOf(10, 5)).ranges).toEqual([
    { firstOffset: 10, lastOffset: 14, deliveryCount: 1 },
  ]);
  expect(partition.nextFetchOffset).toBe(15);
  expect(acquire(partition, spansOf(10, 5), { fetchOffset: 10 }).ranges).toEqual([]);
  expect(acknowledge(partition, 10, 12, ACCEPT)).toMatchObject({
    error: 0,
    changes: [{ firstOffset: 10, lastOffset: 12, state: "acknowledged", deliveryCount: 1 }],
  });
  expect(partition.startOffset).toBe(13);
  acknowledge(partition, 14, 14, ACCEPT);
  expect([partition.startOffset, partition.completedRecords]).toEqual([13, 1]);
  acknowledge(partition, 13, 13, ACCEPT);
  expect([partition.startOffset, partition.endOffset, partition.completedRecords]).toEqual([15, 15, 0]);
});

test("delivers what was released again, before anything new, and counts", () => {
  const partition = new SharePartition({ startOffset: 0, batches: [] });
  acquire(partition, spansOf(0, 3));
  acknowledge(partition, 0, 2, ACCEPT, RELEASE, ACCEPT);
  expect(partition.nextFetchOffset).toBe(1);
  expect(acquire(partition, spansOf(0, 3, 2)).ranges).toEqual([
    { firstOffset: 1, lastOffset: 1, deliveryCount: 2 },
    { firstOffset: 3, lastOffset: 4, deliveryCount: 1 },
  ]);
});

test("gives a record up after as many deliveries as the group allows", () => {
  const partition = new SharePartition({ startOffset: 0, batches: [] });
  for (let delivery = 1; delivery <= 5; delivery++) {
    expect(acquire(partition, spansOf(0, 1)).ranges[0]?.deliveryCount).toBe(delivery);
    const released = acknowledge(partition, 0, 0, RELEASE);
    expect(released).toMatchObject({
      changes: [
        delivery < 5
          ? { state: "available", cause: null }
          : { state: "archived", cause: "delivered-too-often", deliveryCount: 5 },
      ],
    });
  }
  expect(partition.startOffset).toBe(1);
});

test("keeps dead letters under way until they are written elsewhere", () => {
  const rules = { ...RULES, deadLetters: true };
  const partition = new SharePartition({ startOffset: 0, batches: [] });
  acquire(partition, spansOf(0, 4));
  partition.acknowledge(
    "a",
    [{ firstOffset: 0, lastOffset: 3, types: [REJECT, ACCEPT, GAP, REJECT] }],
    rules,
    0,
  );
  expect(partition.deadLetters().map(({ first, end, cause }) => [first, end, cause])).toEqual([
    [0, 1, "rejected"],
    [3, 4, "rejected"],
  ]);
  expect(partition.startOffset).toBe(0);
  expect(partition.nextFetchOffset).toBe(4);
  expect(acknowledge(partition, 0, 0, ACCEPT).error).toBe(ERROR.INVALID_RECORD_STATE);
  partition.deadLettered(0, 1);
  expect(partition.startOffset).toBe(3);
  partition.deadLettered(3, 4);
  expect(partition.startOffset).toBe(4);
});

test("a batch is taken whole, or as many records as were asked for where that is the mode", () => {
  const soft = new SharePartition({ startOffset: 0, batches: [] });
  expect(acquire(soft, spansOf(0, 10, 10, 10), { maxRecords: 15 }).recordCount).toBe(20);
  const strict = new SharePartition({ startOffset: 0, batches: [] });
  expect(acquire(strict, spansOf(0, 10, 10, 10), { maxRecords: 15, strict: true }).ranges).toEqual([
    { firstOffset: 0, lastOffset: 14, deliveryCount: 1 },
  ]);
  expect(strict.nextFetchOffset).toBe(15);
});

test("ranges are cut at batches once they are long enough", () => {
  const partition = new SharePartition({ startOffset: 0, batches: [] });
  const { ranges } = acquire(partition, spansOf(0, 10, 10, 10, 10), { batchSize: 15 });
  expect(ranges.map(({ firstOffset, lastOffset }) => [firstOffset, lastOffset])).toEqual([
    [0, 19],
    [20, 39],
  ]);
});

test("no more is under way than the group allows, but for the rest of a batch", () => {
  const rules = { ...RULES, maxInFlightRecords: 100 };
  const partition = new SharePartition({ startOffset: 0, batches: [] });
  expect(acquire(partition, spansOf(0, 60, 60, 60), { rules }).recordCount).toBe(120);
  expect(partition.canAcquire(100)).toBe(false);
  expect(acquire(partition, spansOf(120, 60), { rules }).recordCount).toBe(0);
  acknowledge(partition, 50, 50, RELEASE);
  expect(partition.canAcquire(100)).toBe(true);
  expect(acquire(partition, spansOf(0, 60, 60), { rules }).recordCount).toBe(1);
});

test("a lock that ends gives its records back, and one that is renewed does not", () => {
  const partition = new SharePartition({ startOffset: 0, batches: [] });
  acquire(partition, spansOf(0, 4));
  expect(partition.nextLockEndMs).toBe(30_000);
  expect(
    partition.acknowledge("a", [{ firstOffset: 2, lastOffset: 3, types: [RENEW] }], RULES, 20_000),
  ).toMatchObject({
    error: 0,
    changes: [],
  });
  expect(partition.expire(29_999, RULES).changes).toEqual([]);
  expect(partition.expire(30_000, RULES).changes).toMatchObject([
    { firstOffset: 0, lastOffset: 1, state: "available", deliveryCount: 1 },
  ]);
  expect(partition.nextLockEndMs).toBe(50_000);
  const fixed = { ...RULES, renewable: false };
  const renewal = [{ firstOffset: 2, lastOffset: 3, types: [RENEW] }];
  expect(partition.acknowledge("a", renewal, fixed, 0).error).toBe(ERROR.INVALID_RECORD_STATE);
});

test("what a member held goes back when it leaves, and nobody else's", () => {
  const partition = new SharePartition({ startOffset: 0, batches: [] });
  acquire(partition, spansOf(0, 2), { memberId: "a" });
  acquire(partition, spansOf(2, 2), { memberId: "b" });
  expect(partition.release("a", RULES).changes).toMatchObject([{ firstOffset: 0, lastOffset: 1 }]);
  expect(partition.nextFetchOffset).toBe(0);
  expect(partition.runs.filter(({ memberId }) => memberId === "b")).toHaveLength(1);
});

test.each([
  ["acquired by another", 2, 3, [ACCEPT], ERROR.INVALID_RECORD_STATE],
  ["partly by another", 1, 2, [ACCEPT], ERROR.INVALID_RECORD_STATE],
  ["acknowledged already", 0, 0, [ACCEPT], 0],
  ["never delivered", 3, 4, [ACCEPT], ERROR.INVALID_REQUEST],
  ["beyond everything", 90, 99, [ACCEPT], ERROR.INVALID_REQUEST],
])("refuses to acknowledge what is %s", (_, first, last, types, error) => {
  const partition = new SharePartition({ startOffset: 0, batches: [] });
  acquire(partition, spansOf(0, 2), { memberId: "a" });
  acquire(partition, spansOf(2, 2), { memberId: "b" });
  acknowledge(partition, 0, 0, ACCEPT);
  const before = JSON.stringify(partition.runs);
  expect(partition.acknowledge("a", [{ firstOffset: first, lastOffset: last, types }], RULES, 0).error).toBe(
    error,
  );
  expect(JSON.stringify(partition.runs)).toBe(before);
});

test("takes all acknowledgements of a request or none", () => {
  const partition = new SharePartition({ startOffset: 0, batches: [] });
  acquire(partition, spansOf(0, 4));
  const twice = [
    { firstOffset: 0, lastOffset: 2, types: [ACCEPT] },
    { firstOffset: 2, lastOffset: 3, types: [ACCEPT] },
  ];
  expect(partition.acknowledge("a", twice, RULES, 0).error).toBe(ERROR.INVALID_RECORD_STATE);
  expect(partition.startOffset).toBe(0);
});

test("a change that can't be written is taken back", () => {
  const partition = new SharePartition({ startOffset: 0, batches: [] });
  acquire(partition, spansOf(0, 4));
  const before = JSON.stringify([partition.startOffset, partition.runs]);
  const result = acknowledge(partition, 0, 1, ACCEPT);
  if ("undo" in result) result.undo();
  expect(JSON.stringify([partition.startOffset, partition.runs])).toBe(before);
});

test("skips markers, aborted records and what compaction took", () => {
  const partition = new SharePartition({ startOffset: 0, batches: [] });
  const spans: BatchSpan[] = [
    { firstOffset: 3, lastOffset: 4, deliverable: true },
    { firstOffset: 5, lastOffset: 5, deliverable: false },
    { firstOffset: 8, lastOffset: 9, deliverable: true },
  ];
  const { ranges } = acquire(partition, spans);
  expect(ranges.map(({ firstOffset, lastOffset }) => [firstOffset, lastOffset])).toEqual([
    [3, 4],
    [8, 9],
  ]);
  expect(partition.startOffset).toBe(3);
  acknowledge(partition, 3, 4, ACCEPT);
  expect(partition.startOffset).toBe(8);
});

test("records that failed often come in ever smaller lots, the last time alone", () => {
  const partition = new SharePartition({ startOffset: 0, batches: [] });
  const lots: number[] = [];
  for (let delivery = 1; delivery <= 4; delivery++) {
    const { recordCount } = acquire(partition, spansOf(0, 100));
    lots.push(recordCount);
    partition.release("a", RULES);
  }
  // From the third failure on half of them come, and those that did not fail as often yet follow.
  expect(lots).toEqual([100, 100, 100, 50]);
  expect(acquire(partition, spansOf(0, 100)).recordCount).toBe(1);
});

test("follows the log's start, whoever holds what was there", () => {
  const partition = new SharePartition({ startOffset: 0, batches: [] });
  acquire(partition, spansOf(0, 10));
  partition.logStartMoved(5);
  expect(partition.startOffset).toBe(5);
  expect(acknowledge(partition, 0, 3, ACCEPT)).toMatchObject({ error: 0, changes: [] });
  expect(acknowledge(partition, 3, 9, ACCEPT)).toMatchObject({
    changes: [{ firstOffset: 5, lastOffset: 9 }],
  });
  partition.logStartMoved(50);
  expect([partition.startOffset, partition.endOffset, partition.nextFetchOffset]).toEqual([50, 50, 50]);
});

/** One offset, as a model that keeps each on its own. */
interface ModelRecord {
  state: StateChange["state"];
  deliveryCount: number;
  /** What a restart knows of it. */
  keptCount: number;
  keptState: StateChange["state"];
  owner: string;
  lockEndMs: number;
}

/** Everything a share partition does, offset by offset and without any cleverness, against the real one. */
class Model {
  readonly records: ModelRecord[] = [];
  readonly accepted: number[] = [];
  kept: readonly StateChange[] = [];
  keptStart = 0;

  record(offset: number): ModelRecord {
    while (this.records.length <= offset) {
      this.records.push({
        state: "available",
        deliveryCount: 0,
        keptCount: 0,
        keptState: "available",
        owner: "",
        lockEndMs: 0,
      });
    }
    return this.records[offset] as ModelRecord;
  }

  write(partition: SharePartition, changes: readonly StateChange[]): void {
    if (changes.length === 0) return;
    this.kept = mergeBatches(this.kept, changes, partition.startOffset);
    this.keptStart = partition.startOffset;
    for (const { firstOffset, lastOffset, state, deliveryCount } of changes) {
      for (let offset = firstOffset; offset <= lastOffset; offset++) {
        const record = this.record(offset);
        if (state === "acknowledged") this.accepted.push(offset);
        Object.assign(record, {
          state,
          deliveryCount,
          keptState: state,
          keptCount: deliveryCount,
          owner: "",
        });
      }
    }
  }

  crash(): void {
    for (const record of this.records) {
      record.state = record.keptState;
      record.deliveryCount = record.keptCount;
      record.owner = "";
    }
  }

  /** Every offset below the end is in the state that the model has. */
  check(partition: SharePartition): void {
    for (const run of partition.runs) {
      for (let offset = run.first; offset < run.end; offset++) {
        const { state, deliveryCount, owner } = this.record(offset);
        const expected = { offset, state, deliveryCount, owner };
        const { memberId } = run;
        expect({ offset, state: run.state, deliveryCount: run.deliveryCount, owner: memberId }).toEqual(
          expected,
        );
      }
    }
    for (let offset = 0; offset < partition.startOffset; offset++) {
      expect(["acknowledged", "archived"]).toContain(this.record(offset).state);
    }
  }
}

const MEMBERS = ["a", "b", "c"];
const SEEDS = Number(process.env.HEADWATER_SEEDS ?? 80);

test(`${SEEDS} random histories with crashes, against a model that keeps each offset on its own`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      runHistory(seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error}`, { cause: error });
    }
  }
}, 60_000);

function runHistory(seed: number): void {
  const random = new SeededRandom(seed);
  const pick = (below: number) => Math.floor(random.fraction() * below);
  const rules: DeliveryRules = {
    ...RULES,
    maxDeliveries: 2 + pick(4),
    maxInFlightRecords: 20 + pick(60),
    deadLetters: pick(2) === 0,
    lockMs: 100,
  };
  const batches: BatchSpan[] = [];
  for (let at = 0; at < 120; ) {
    const size = 1 + pick(12);
    batches.push({ firstOffset: at, lastOffset: at + size - 1, deliverable: true });
    at += size;
  }
  const end = (batches.at(-1)?.lastOffset ?? 0) + 1;
  let partition = new SharePartition({ startOffset: 0, batches: [] });
  const model = new Model();
  let nowMs = 0;
  const act = (): void => {
    nowMs += pick(20);
    const memberId = MEMBERS[pick(MEMBERS.length)] ?? "a";
    const what = pick(100);
    if (what < 45) {
      const from = partition.nextFetchOffset;
      const first = batches.findIndex((batch) => batch.lastOffset >= from);
      if (first === -1) return;
      const spans = batches.slice(first, first + 1 + pick(6));
      const { ranges } = partition.acquire({
        memberId,
        nowMs,
        rules,
        maxRecords: 1 + pick(20),
        batchSize: 1 + pick(20),
        strict: pick(2) === 0,
        fetchOffset: from,
        spans,
      });
      for (const range of ranges) {
        for (let offset = range.firstOffset; offset <= range.lastOffset; offset++) {
          const record = model.record(offset);
          expect(record.state).toBe("available");
          expect(range.deliveryCount).toBe(record.deliveryCount + 1);
          expect(range.deliveryCount).toBeLessThanOrEqual(rules.maxDeliveries);
          record.state = "acquired";
          record.deliveryCount += 1;
          record.owner = memberId;
          record.lockEndMs = nowMs + rules.lockMs;
        }
      }
    } else if (what < 85) {
      const held = model.records.flatMap((record, offset) => (record.owner === memberId ? [offset] : []));
      const first = held[pick(Math.max(1, held.length))];
      if (first === undefined) return;
      const last = Math.min(first + pick(8), partition.endOffset - 1);
      const each = pick(2) === 0;
      const types = Array.from({ length: each ? last - first + 1 : 1 }, () => pick(4));
      const result = partition.acknowledge(
        memberId,
        [{ firstOffset: first, lastOffset: last, types }],
        rules,
        nowMs,
      );
      const mine = Array.from({ length: last - first + 1 }, (_, index) => model.record(first + index));
      const fits = mine.every(({ state, owner }) => state === "acquired" && owner === memberId);
      expect(result.error === 0).toBe(fits);
      if ("changes" in result) {
        if (pick(10) === 0) result.undo();
        else model.write(partition, result.changes);
      }
    } else if (what < 92) {
      const { changes } = partition.expire(nowMs, rules);
      const due = model.records.filter(({ owner, lockEndMs }) => owner !== "" && lockEndMs <= nowMs).length;
      expect(changes.reduce((sum, change) => sum + change.lastOffset - change.firstOffset + 1, 0)).toBe(due);
      model.write(partition, changes);
    } else if (what < 95) model.write(partition, partition.release(memberId, rules).changes);
    else if (what < 98) {
      const run = partition.deadLetters()[0];
      if (run !== undefined) model.write(partition, partition.deadLettered(run.first, run.end).changes);
    } else {
      model.crash();
      partition = new SharePartition({ startOffset: model.keptStart, batches: model.kept });
    }
    model.check(partition);
  };
  for (let step = 0; step < 150; step++) act();
  // In the end every record is done with, and none was accepted twice.
  for (let step = 0; step < 20_000 && partition.startOffset < end; step++) act();
  expect(partition.startOffset).toBe(end);
  expect(new Set(model.accepted).size).toBe(model.accepted.length);
  for (let offset = 0; offset < end; offset++) {
    expect(["acknowledged", "archived"]).toContain(model.record(offset).state);
  }
}

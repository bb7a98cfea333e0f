import { expect, test } from "bun:test";
import type { AuditEvent } from "../../../src/security/audit/audit-event.ts";
import { ACCESS_LIMITS, CHANGE_LIMITS, Repeats } from "../../../src/security/audit/repeats.ts";

const FAILED: AuditEvent = {
  ...{ kind: "access", action: "login", result: "failure", user: "anna", door: "mqtt" },
  ...{ address: "192.0.2.7", port: 8883, reason: "wrong-password" },
};

test("the first of a kind is told of at once, and those like it as one with their number", () => {
  const repeats = new Repeats(ACCESS_LIMITS, 0);
  expect(repeats.take(FAILED, 1_000, 0)).toEqual({
    ...FAILED,
    ...{ count: 1, fromMs: 1_000, toMs: 1_000, isSum: false },
  });
  for (let n = 1; n <= 5; n++) expect(repeats.take(FAILED, 1_000 + n, n)).toBeNull();
  expect(repeats.take({ ...FAILED, user: "ben" }, 1_006, 6)).toMatchObject({ user: "ben", count: 1 });
  expect(repeats.dueMs).toBe(60_000);
  expect(repeats.due(59_999)).toEqual([]);
  const told = { ...FAILED, count: 5, fromMs: 1_001, toMs: 1_005, isSum: false };
  expect(repeats.due(60_006)).toEqual([told]);
  // While it goes on it is told of ever less often.
  repeats.take(FAILED, 2_000, 70_000);
  expect(repeats.due(60_006 + 119_999)).toEqual([]);
  expect(repeats.due(60_006 + 120_000)).toMatchObject([{ count: 1, fromMs: 2_000 }]);
  // Who stopped begins anew.
  expect(repeats.due(60_006 + 120_000 + 240_000)).toEqual([]);
  expect(repeats.dueMs).toBeNull();
  expect(repeats.take(FAILED, 9_000, 500_000)).toMatchObject({ count: 1 });
});

test("changes are told of one by one, but for those that programs make all the time", () => {
  const repeats = new Repeats(CHANGE_LIMITS, 0);
  const change: AuditEvent = { ...FAILED, kind: "change", action: "topic.create", result: "success" };
  expect([1, 2, 3].map((n) => repeats.take(change, n, n)?.count)).toEqual([1, 1, 1]);
  const routine = { ...change, action: "records.produce", isRoutine: true };
  expect([1, 2, 3].map((n) => repeats.take(routine, n, n)?.count)).toEqual([1, undefined, undefined]);
});

test("a flood of different ones is counted by address, and no count is lost", () => {
  const repeats = new Repeats(ACCESS_LIMITS, 0);
  const flood = 100_000;
  let told = 0;
  let sums = 0;
  let counted = 0;
  const startedMs = performance.now();
  for (let n = 0; n < flood; n++) {
    // Of ten thousand addresses, each with names of its own; in a hundred seconds.
    const event = { ...FAILED, user: `user-${n}`, address: `10.0.${n % 250}.${(n >> 8) % 40}` };
    const entry = repeats.take(event, n, n);
    if (entry !== null) told += entry.count;
  }
  const tookMs = performance.now() - startedMs;
  for (const monotonicMs of [flood + 60_000, flood + 600_000]) {
    for (const entry of repeats.due(monotonicMs, monotonicMs > flood + 60_000)) {
      sums += 1;
      counted += entry.count;
      expect(entry.user === null || !entry.isSum).toBe(true);
    }
  }
  expect(told).toBeLessThanOrEqual(ACCESS_LIMITS.burst + 21);
  expect(sums).toBeLessThanOrEqual(2 * (ACCESS_LIMITS.maxSums + 1));
  expect(told + counted).toBe(flood);
  // A loaded machine included.
  expect(tookMs / flood).toBeLessThan(0.1);
});

test("what can't be kept is counted with the rest", () => {
  const repeats = new Repeats(ACCESS_LIMITS, 0);
  repeats.giveUp({ ...FAILED, count: 7, fromMs: 5, toMs: 9, isSum: false }, 0);
  repeats.giveUp({ ...FAILED, user: "ben", count: 3, fromMs: 2, toMs: 3, isSum: false }, 0);
  expect(repeats.due(60_000)).toMatchObject([
    { user: null, address: "192.0.2.7", count: 10, fromMs: 2, toMs: 9, isSum: true },
  ]);
});

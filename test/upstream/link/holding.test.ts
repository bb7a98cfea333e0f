import { describe, expect, test } from "bun:test";
import { readScheduleWindow } from "../../../src/config/schedule-window.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import { decodeLinkRecord, encodeLinkRecord } from "../../../src/upstream/link/link-record.ts";
import type { WallClock } from "../../../src/upstream/link/settings.ts";
import { ModelRun, type ModelRunOptions } from "../model-run.ts";

const HOUR_MS = 3_600_000;

function started(options: ModelRunOptions = {}): ModelRun {
  const run = new ModelRun(options);
  run.memory.createTopic("readings", 1);
  return run;
}

function feed(run: ModelRun, topic: string, ...values: readonly string[]): void {
  for (const value of values) run.memory.append(topic, 0, [{ key: "k", value }]);
  run.forwarder.appended(topic, 0);
}

/** A wall clock that goes with the run's time, from a Monday's midnight on. */
function clockOf(run: () => ModelRun): WallClock & { known: boolean; stepMs: number } {
  return {
    known: true,
    stepMs: 0,
    nowMs() {
      return this.known ? Date.UTC(2026, 0, 5) + run().nowMs + this.stepMs : null;
    },
    offsetMs: () => 0,
  };
}

describe("an uplink that is paused", () => {
  test("ends its round, closes its connections and sends nothing, until it is resumed", () => {
    const run = started();
    feed(run, "readings", "a");
    run.run(1_000);
    expect(run.values("readings")).toEqual(["a"]);
    run.forwarder.setMode("paused");
    run.run(100);
    feed(run, "readings", "b");
    run.calls.length = 0;
    run.run(2 * HOUR_MS);
    expect(run.status()).toMatchObject({ state: { kind: "held", reason: "paused" }, lagRecords: 1 });
    expect(run.status().link).toMatchObject({ mode: "paused", heldBecause: "paused", etaMs: null });
    const kinds = new Set(run.calls.map(({ kind }) => kind));
    expect([...kinds].filter((kind) => !["disconnect", "save-link", "save-position"].includes(kind))).toEqual(
      [],
    );
    run.forwarder.setMode("flowing");
    run.run(1_000);
    expect(run.values("readings")).toEqual(["a", "b"]);
    expect(run.reports.filter((line) => line.includes("paused"))).toHaveLength(1);
  });

  test("and resumed tries at once, also where it waited for the next try after a failure", () => {
    const run = started();
    run.instead = (call) =>
      call.kind === "produce" || call.kind === "connect" ? { kind: "lost", reason: "no answer" } : null;
    feed(run, "readings", "b");
    run.run(10 * 60_000);
    const { state } = run.status();
    expect(state).toMatchObject({ kind: "backing off" });
    run.instead = () => null;
    run.forwarder.setMode("flowing");
    run.run(1_000);
    expect(run.values("readings")).toContain("b");
  });

  test("is so after a restart, too, and counts no failure for it", () => {
    const before = started();
    before.forwarder.setMode("paused");
    before.run(60_000);
    expect(decodeLinkRecord(before.linkStored)?.mode).toBe("paused");
    const after = started({ centre: before.centre });
    after.linkStored = before.linkStored;
    feed(after, "readings", "a");
    after.run(HOUR_MS);
    expect(after.calls.some(({ kind }) => kind === "connect")).toBe(false);
    expect(after.status()).toMatchObject({ state: { kind: "held" }, restarts: 0, lastError: null });
    after.forwarder.setMode("flowing");
    after.run(1_000);
    expect(after.values("readings")).toEqual(["a"]);
  });

  test("lets a transaction that is under way end", () => {
    const run = started();
    run.instead = (call) => (call.kind === "end" ? "never" : null);
    feed(run, "readings", "a");
    run.run(1_000);
    const end = run.calls.find(({ kind }) => kind === "end");
    run.forwarder.setMode("paused");
    run.run(1_000);
    expect(run.calls.some(({ kind }) => kind === "disconnect")).toBe(false);
    run.instead = () => null;
    if (end === undefined) throw new Error("nothing was ended");
    run.forwarder.answered(end.id, run.centre.perform(end, run.nowMs), run.nowMs);
    run.run(100);
    expect(run.status().state.kind).toBe("held");
    expect(run.values("readings")).toEqual(["a"]);
  });

  test("rests while that takes longer than positions may go without a commit", () => {
    const run = started({ limits: { transactionTimeoutMs: 3 * HOUR_MS } });
    run.instead = (call) => (call.kind === "end" ? "never" : null);
    feed(run, "readings", "a");
    run.run(1_000);
    run.forwarder.setMode("paused");
    run.nowMs += HOUR_MS;
    // A turn that is wanted at once and does nothing would be wanted without end.
    run.step();
    expect(run.status().state.kind).toBe("forwarding");
  });
});

test("what was not read from the store yet is not written over", () => {
  const run = started();
  run.governor.mode = "paused";
  expect([run.governor.toStore(), run.governor.toStore(true)]).toEqual([null, null]);
  const budget = { startMs: Date.UTC(2026, 0, 5), usedBytes: 1_000 };
  const record = { mode: "flowing", day: budget, month: budget } as const;
  run.governor.restore(encodeLinkRecord(record));
  expect(decodeLinkRecord(run.governor.toStore(true))).toEqual({ ...record, mode: "paused" });
});

test("a cap of the operator's holds beside what is configured, over restarts, until it is taken back", () => {
  const run = started({ link: { rateBytesPerSecond: 50_000 } });
  run.governor.restore(null);
  const rateNow = () => {
    run.governor.advance(run.nowMs);
    const { rateBytesPerSecond, capBytesPerSecond } = run.status().link;
    return [rateBytesPerSecond, capBytesPerSecond];
  };
  expect(rateNow()).toEqual([50_000, null]);
  run.governor.operatorCap = 2_000;
  expect(rateNow()).toEqual([2_000, 2_000]);
  const again = started({ link: { rateBytesPerSecond: 50_000 } });
  again.governor.restore(run.governor.toStore());
  again.governor.advance(again.nowMs);
  expect(again.status().link).toMatchObject({ rateBytesPerSecond: 2_000, capBytesPerSecond: 2_000 });
  // Never above what is configured.
  run.governor.operatorCap = 90_000;
  expect(rateNow()).toEqual([50_000, 90_000]);
  run.governor.operatorCap = null;
  expect([rateNow(), decodeLinkRecord(run.governor.toStore())?.capBytesPerSecond]).toEqual([
    [50_000, null],
    undefined,
  ]);
});

describe("a drain", () => {
  test("carries what is stored, outside the windows as well, and pauses then", () => {
    const reading = readScheduleWindow("sun 00:00-01:00");
    if (!reading.ok) throw new Error(reading.fault);
    const run: ModelRun = started({ link: { windows: [reading.value] }, wall: clockOf(() => run) });
    feed(run, "readings", "a", "b");
    run.run(60_000);
    expect(run.status()).toMatchObject({ state: { kind: "held", reason: "outside its windows" } });
    expect(run.status().link.window).toEqual({ open: false, changesInMs: 6 * 24 * HOUR_MS - 60_000 });
    run.forwarder.setMode("draining");
    run.run(2_000);
    expect(run.values("readings")).toEqual(["a", "b"]);
    expect(run.status()).toMatchObject({ state: { kind: "held", reason: "paused" } });
    expect(decodeLinkRecord(run.linkStored)?.mode).toBe("paused");
    expect(run.status().link.drained).toBe(true);
    run.forwarder.setMode("paused");
    expect(run.status().link.drained).toBe(true);
    feed(run, "readings", "c");
    run.run(HOUR_MS);
    expect(run.values("readings")).toEqual(["a", "b"]);
  });

  test("leaves behind what the centre has no topic for, says so, and ends", () => {
    const run = started();
    run.memory.createTopic("settings", 1);
    const denied = { error: ERROR.POLICY_VIOLATION, message: "not that one" };
    run.instead = (call) =>
      call.kind === "create-topic" && call.ask.name === "settings"
        ? { kind: "answered", answer: denied }
        : null;
    feed(run, "settings", "x");
    feed(run, "readings", "a", "b");
    run.forwarder.setMode("draining");
    run.run(60_000);
    expect(run.values("readings")).toEqual(["a", "b"]);
    expect(run.status().link).toMatchObject({
      mode: "paused",
      leftBehind: ["settings (missing: it can't be made: not that one)"],
    });
  });

  test("carries topics that came while the uplink was held", () => {
    const run = started();
    feed(run, "readings", "a");
    run.run(1_000);
    run.forwarder.setMode("paused");
    run.run(1_000);
    run.memory.createTopic("later", 1);
    run.forwarder.appended("later", -1);
    feed(run, "later", "b", "c");
    run.run(1);
    // Where a topic stands at the centre is not known before the centre was asked: that is not nothing.
    expect(run.status().lagRecords).toBe(-1);
    run.forwarder.setMode("draining");
    run.run(10_000);
    expect(run.values("later")).toEqual(["b", "c"]);
    expect(run.status().link).toMatchObject({ mode: "paused", drained: true });
  });

  test("that a pause ends is not one that was done", () => {
    const run = started();
    run.instead = (call) => (call.kind === "connect" ? { kind: "lost", reason: "away" } : null);
    feed(run, "readings", "a");
    run.forwarder.setMode("draining");
    run.run(2_000);
    expect(run.status().link.drained).toBe(false);
    run.forwarder.setMode("paused");
    run.run(2_000);
    expect(run.status().link).toMatchObject({ mode: "paused", drained: false });
  });

  test("that a crash interrupts goes on", () => {
    const before = started();
    before.forwarder.setMode("draining");
    before.instead = (call) => (call.kind === "connect" ? { kind: "lost", reason: "away" } : null);
    feed(before, "readings", "a");
    before.governor.restore(null);
    before.governor.mode = "draining";
    before.linkStored = before.governor.toStore(true);
    const after = started({ centre: before.centre });
    after.linkStored = before.linkStored;
    feed(after, "readings", "a");
    after.run(5_000);
    expect(after.values("readings")).toEqual(["a"]);
    expect(after.status().link.mode).toBe("paused");
  });
});

describe("the time of day", () => {
  const nights = readScheduleWindow("* 01:00-02:00");
  if (!nights.ok) throw new Error(nights.fault);

  test("opens a window, and closes it", () => {
    const run: ModelRun = started({ link: { windows: [nights.value] }, wall: clockOf(() => run) });
    feed(run, "readings", "a");
    run.run(HOUR_MS - 1_000);
    expect(run.values("readings")).toEqual([]);
    run.run(2_000);
    expect(run.values("readings")).toEqual(["a"]);
    run.nowMs += HOUR_MS;
    run.run(1_000);
    feed(run, "readings", "b");
    run.run(60_000);
    expect(run.values("readings")).toEqual(["a"]);
    expect(run.status().state.kind).toBe("held");
  });

  test("that is not known holds rounds, unless that is set otherwise; once it is set they begin", () => {
    const clock = clockOf(() => run);
    clock.known = false;
    const run: ModelRun = started({ link: { windows: [nights.value] }, wall: clock });
    feed(run, "readings", "a");
    run.run(2 * HOUR_MS);
    expect(run.status().link.heldBecause).toContain("the time of day is not known");
    clock.known = true;
    clock.stepMs = 1.5 * HOUR_MS - run.nowMs;
    run.run(31_000);
    expect(run.values("readings")).toEqual(["a"]);
    const other: ModelRun = started({
      link: { windows: [nights.value], unknownTime: "open" },
      wall: { nowMs: () => null, offsetMs: () => 0 },
    });
    feed(other, "readings", "a");
    other.run(1_000);
    expect(other.values("readings")).toEqual(["a"]);
  });
});

describe("a budget that is used up", () => {
  const spend = (run: ModelRun, bytes: number): void => run.governor.meter.sent(bytes, run.nowMs);

  test("lets only topics with a priority go on, by setting, and all when the day begins anew", () => {
    const run: ModelRun = started({
      link: { dayBudgetBytes: 1e6, atBudgetEnd: "priority", priorityTopics: ["alarms"] },
      wall: clockOf(() => run),
    });
    run.memory.createTopic("alarms", 1);
    run.memory.createTopic("headwater.gaps", 1);
    run.run(1_000);
    spend(run, 1e6);
    feed(run, "readings", "a");
    feed(run, "alarms", "fire");
    feed(run, "headwater.gaps", "gap");
    run.run(5_000);
    expect([run.values("readings"), run.values("alarms"), run.values("headwater.gaps")]).toEqual([
      [],
      ["fire"],
      ["gap"],
    ]);
    expect(run.status().budget).toMatchObject({ spent: true, day: { limitBytes: 1e6, usedBytes: 1e6 } });
    run.nowMs += 24 * HOUR_MS;
    run.run(5_000);
    expect(run.values("readings")).toEqual(["a"]);
  });

  test("says of other topics that they are held, and until when", () => {
    const run: ModelRun = started({
      link: { dayBudgetBytes: 1e6, atBudgetEnd: "priority", priorityTopics: ["alarms"] },
      wall: clockOf(() => run),
    });
    run.memory.createTopic("alarms", 1);
    feed(run, "readings", "a");
    run.run(1_000);
    feed(run, "readings", "b");
    run.run(1_000);
    expect(run.status().link).toMatchObject({ othersHeldBecause: null, heldForMs: null, etaMs: 0 });
    spend(run, 1e6);
    feed(run, "readings", "c");
    run.run(1_000);
    const { link, topics } = run.status();
    const reason = "the budget of the day is used up but for priority topics";
    expect(link).toMatchObject({ heldBecause: null, othersHeldBecause: reason, etaMs: null });
    expect(link.heldForMs).toBe(24 * HOUR_MS - run.nowMs);
    expect(topics.map(({ topic, heldBecause }) => [topic, heldBecause])).toContainEqual(["alarms", null]);
    expect(topics.map(({ topic, heldBecause }) => [topic, heldBecause])).toContainEqual(["readings", reason]);
  });

  test("says until when nothing goes up", () => {
    const run: ModelRun = started({ link: { dayBudgetBytes: 1e6 }, wall: clockOf(() => run) });
    run.run(1_000);
    spend(run, 1e6);
    feed(run, "readings", "a");
    run.run(1_000);
    expect(run.status().link).toMatchObject({
      heldBecause: "the budget of the day is used up",
      othersHeldBecause: null,
      heldForMs: 24 * HOUR_MS - run.nowMs,
      etaMs: null,
    });
  });

  test("is only told of, by setting: once", () => {
    const run: ModelRun = started({
      link: { monthBudgetBytes: 1e6, atBudgetEnd: "warn" },
      wall: clockOf(() => run),
    });
    run.run(1_000);
    spend(run, 2e6);
    feed(run, "readings", "a");
    run.run(60_000);
    expect(run.values("readings")).toEqual(["a"]);
    expect(run.reports.filter((line) => line.includes("budget of the month"))).toHaveLength(1);
  });
});

test("an important record that comes while a slow round goes up waits for no more than that one", () => {
  const run = started({
    link: { priorityTopics: ["alarms"] },
    limits: { lingerMs: 0, sliceBytes: 64 * 1024 },
  });
  run.memory.createTopic("alarms", 1);
  // Every answer takes 200 ms.
  const held: { readonly atMs: number; readonly answer: () => void }[] = [];
  run.instead = (call) => {
    if (call.kind !== "produce" && call.kind !== "end") return null;
    const outcome = run.centre.perform(call, run.nowMs);
    held.push({ atMs: run.nowMs + 400, answer: () => run.forwarder.answered(call.id, outcome, run.nowMs) });
    return "never";
  };
  const pass = (forMs: number): void => {
    for (const untilMs = run.nowMs + forMs; run.nowMs < untilMs; ) {
      run.run(10);
      for (const due of held.filter(({ atMs }) => atMs <= run.nowMs)) {
        held.splice(held.indexOf(due), 1);
        due.answer();
      }
    }
  };
  const filler = "x".repeat(500);
  for (let count = 0; count < 4_000; count += 1) feed(run, "readings", `${count} ${filler}`);
  pass(4_000);
  const transactions = run.status().transactions;
  feed(run, "alarms", "fire");
  while (run.values("alarms").length === 0 && run.nowMs < 60_000) pass(10);
  // The round under way, and its own.
  expect(run.status().transactions - transactions).toBeLessThanOrEqual(2);
  expect(run.status().lagRecords).toBeGreaterThan(0);
});

import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import type { CentreCall, CentreOutcome } from "../../../src/upstream/centre.ts";
import type { LinkSettings } from "../../../src/upstream/link/settings.ts";
import { ModelRun } from "../model-run.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const DAY_MS = 24 * 3_600_000;
/** What a request and its answer take beside the batch. */
const AROUND_BYTES = 270;
const ANSWER_MS = 20;
const TOLERANCE = 1.02;
const LIMITS = { sliceBytes: 256 * KIB, lingerMs: 0, refreshMs: 600_000 };

interface LanOptions {
  readonly link: Partial<LinkSettings>;
  /** Default "none". */
  readonly compression?: "zstd";
  /** Default 3. */
  readonly partitions?: number;
}

/** A forwarder whose centre is a LAN away: each request passes as fast as the meter lets it, answers take 20 ms. */
class Lan {
  readonly run: ModelRun;
  wireBytes = 0;
  readonly #random = new SeededRandom(1);
  readonly #queue: { bytes: number; readonly call: CentreCall; readonly outcome: CentreOutcome }[] = [];
  #answers: { readonly atMs: number; readonly call: CentreCall; readonly outcome: CentreOutcome }[] = [];
  readonly #partitions: number;

  constructor({ link, compression, partitions = 3 }: LanOptions) {
    this.#partitions = partitions;
    const run: ModelRun = new ModelRun({
      limits: LIMITS,
      ...(compression === undefined ? {} : { compression }),
      link: { slowStartMs: 0, ...link },
      wall: { nowMs: () => Date.UTC(2026, 0, 5) + run.nowMs, offsetMs: () => 0 },
    });
    this.run = run;
    run.memory.createTopic("readings", partitions);
    run.memory.createTopic("alarms", 1);
    const local = new Set(["load-position", "save-position", "load-link", "save-link", "disconnect"]);
    run.instead = (call) => {
      if (local.has(call.kind)) return null;
      const batchBytes = call.kind === "produce" ? call.ask.batch.length : 0;
      const outcome = run.centre.perform(call, run.nowMs);
      this.#queue.push({ bytes: batchBytes + AROUND_BYTES, call, outcome });
      return "never";
    };
  }

  /** Values that do not shrink. */
  feed(topic: string, totalBytes: number, valueBytes = 1_000): void {
    const partitions = topic === "readings" ? this.#partitions : 1;
    for (let fed = 0, index = 0; fed < totalBytes; fed += valueBytes, index += 1) {
      const value = String.fromCharCode(...this.#random.bytes(valueBytes).map((byte) => 33 + (byte % 90)));
      this.run.memory.append(topic, index % partitions, [{ key: `k${index % 7}`, value }]);
    }
    for (let index = 0; index < partitions; index += 1) this.run.forwarder.appended(topic, index);
  }

  pass(forMs: number): void {
    const { run } = this;
    for (const untilMs = run.nowMs + forMs; run.nowMs < untilMs; ) {
      run.run(10);
      this.#carry();
      const due = this.#answers.filter(({ atMs }) => atMs <= run.nowMs);
      this.#answers = this.#answers.filter(({ atMs }) => atMs > run.nowMs);
      for (const { call, outcome } of due) run.forwarder.answered(call.id, outcome, run.nowMs);
    }
  }

  #carry(): void {
    const { run } = this;
    const { meter } = run.governor;
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      const bytes = meter.piece(first.bytes, run.nowMs);
      if (bytes === 0) return;
      meter.sent(bytes, run.nowMs);
      this.wireBytes += bytes;
      first.bytes -= bytes;
      if (first.bytes > 0) continue;
      this.#queue.shift();
      this.#answers.push({ atMs: run.nowMs + ANSWER_MS, call: first.call, outcome: first.outcome });
    }
  }
}

describe("over a LAN, with records that do not shrink", () => {
  const budgets = [
    { rateBytesPerSecond: 0, dayBudgetBytes: 400 * KIB },
    { rateBytesPerSecond: 0, dayBudgetBytes: 2 * MIB },
    { rateBytesPerSecond: 200 * KIB, dayBudgetBytes: 400 * KIB },
    { rateBytesPerSecond: 20 * KIB, dayBudgetBytes: 100 * KIB },
  ];

  for (const atBudgetEnd of ["stop", "priority"] as const) {
    for (const { rateBytesPerSecond, dayBudgetBytes } of budgets) {
      test(`a day's ${dayBudgetBytes / KIB} KiB are kept, ${atBudgetEnd}, at ${rateBytesPerSecond}`, () => {
        const lan = new Lan({
          link: { dayBudgetBytes, atBudgetEnd, rateBytesPerSecond, priorityTopics: ["alarms"] },
        });
        lan.feed("readings", 2.5 * dayBudgetBytes);
        lan.pass(20_000);
        const share = lan.wireBytes / dayBudgetBytes;
        expect({ share, isKept: share <= TOLERANCE, isUsed: share > 0.93 }).toMatchObject({
          isKept: true,
          isUsed: true,
        });
      });
    }
  }

  test("records that stop to shrink are no surprise", () => {
    const dayBudgetBytes = 400 * KIB;
    const lan = new Lan({ link: { dayBudgetBytes }, compression: "zstd", partitions: 1 });
    const even = "x".repeat(1_000);
    for (let index = 0; index < 4_000; index += 1) {
      lan.run.memory.append("readings", 0, [{ key: "k", value: even }]);
    }
    lan.feed("readings", MIB);
    lan.pass(60_000);
    expect(lan.wireBytes / dayBudgetBytes).toBeLessThan(TOLERANCE);
    expect(lan.wireBytes / dayBudgetBytes).toBeGreaterThan(0.93);
  });

  for (const atBudgetEnd of ["stop", "priority"] as const) {
    test(`a record that is larger than what is left waits for the next day, ${atBudgetEnd}`, () => {
      const dayBudgetBytes = 100 * KIB;
      const link = { dayBudgetBytes, atBudgetEnd, priorityTopics: ["alarms"] };
      const lan = new Lan({ link, partitions: 1 });
      lan.feed("readings", 50 * KIB, 1_000);
      lan.feed("readings", 60 * KIB, 60 * KIB);
      lan.feed("readings", 1, 1);
      lan.pass(10_000);
      expect(lan.run.values("readings")).toHaveLength(52);
      expect(lan.wireBytes).toBeLessThan(dayBudgetBytes);
      expect(lan.run.status().budget?.spent).toBe(true);
      lan.run.nowMs += DAY_MS;
      lan.pass(40_000);
      expect(lan.run.values("readings")).toHaveLength(54);
    });
  }

  test("a record that is larger than a whole budget goes up, and that is told", () => {
    const lan = new Lan({ link: { dayBudgetBytes: 50 * KIB }, partitions: 1 });
    lan.feed("readings", 60 * KIB, 60 * KIB);
    lan.pass(10_000);
    expect(lan.run.values("readings")).toHaveLength(1);
    const told = lan.run.reports.filter((line) => line.includes("more than a whole budget"));
    expect(told).toHaveLength(1);
  });

  describe("a record that a budget has room for, but for what goes first each day", () => {
    const dayBudgetBytes = 20 * KIB;

    test("goes up on the second, and that is told", () => {
      const link = { dayBudgetBytes, priorityTopics: ["alarms"] };
      const lan = new Lan({ link, partitions: 1 });
      lan.feed("alarms", 5 * KIB, 1_000);
      lan.pass(20_000);
      lan.feed("readings", 13 * KIB, 13 * KIB);
      const shares: number[] = [];
      for (let day = 0; day < 3; day += 1) {
        const before = lan.wireBytes;
        if (day > 0) lan.feed("alarms", 5 * KIB, 1_000);
        lan.pass(40_000);
        shares.push((lan.wireBytes - before) / dayBudgetBytes);
        expect(lan.run.values("readings")).toHaveLength(day === 0 ? 0 : 1);
        if (day === 1) expect(lan.run.status().budget?.oversizedBytes).toBeGreaterThan(13 * KIB);
        else expect(lan.run.status().budget?.oversizedBytes).toBeNull();
        lan.run.nowMs += DAY_MS;
      }
      expect(Math.max(...shares)).toBeLessThan(1.3);
      expect(lan.run.reports.filter((line) => line.includes("goes up all the same"))).toHaveLength(1);
    });

    test("waits for the month where that is what is short", () => {
      const link = { dayBudgetBytes, monthBudgetBytes: 40 * KIB };
      const lan = new Lan({ link, partitions: 1 });
      lan.run.governor.meter.received(26 * KIB, 0);
      lan.run.nowMs += DAY_MS;
      lan.feed("readings", 13 * KIB, 13 * KIB);
      for (let day = 0; day < 3; day += 1) {
        lan.pass(20_000);
        lan.run.nowMs += DAY_MS;
      }
      expect(lan.run.values("readings")).toHaveLength(0);
      lan.run.nowMs += 28 * DAY_MS;
      lan.pass(40_000);
      expect(lan.run.values("readings")).toHaveLength(1);
    });
  });

  test("a record for which each day's connection leaves no room goes up on the second day", () => {
    const lan = new Lan({ link: { dayBudgetBytes: 20 * KIB }, partitions: 1 });
    const { instead } = lan.run;
    lan.run.instead = (call) => {
      if (call.kind === "connect") lan.run.governor.meter.received(6 * KIB, lan.run.nowMs);
      return instead(call);
    };
    lan.feed("readings", 13 * KIB, 13 * KIB);
    for (let day = 0; day < 2; day += 1) {
      lan.pass(40_000);
      expect(lan.run.values("readings")).toHaveLength(day);
      lan.run.nowMs += DAY_MS;
    }
  });

  test("a budget that is used up before any record goes says so", () => {
    const lan = new Lan({ link: { dayBudgetBytes: 10 * KIB }, partitions: 1 });
    lan.pass(5_000);
    lan.run.nowMs += DAY_MS;
    lan.pass(40_000);
    lan.run.governor.meter.received(10 * KIB, lan.run.nowMs);
    lan.feed("readings", 1_000);
    lan.pass(5_000);
    expect(lan.run.status().link.heldBecause).toBe(
      "the budget of the day is used up, before a record went up: raise budget.day",
    );
  });

  test("one partition's small records do not use up every day before another's large one", () => {
    const dayBudgetBytes = 100 * KIB;
    const lan = new Lan({ link: { dayBudgetBytes }, partitions: 2 });
    lan.feed("readings", 600 * KIB, 1_000);
    lan.run.memory.createTopic("pictures", 1);
    lan.feed("pictures", 80 * KIB, 80 * KIB);
    for (let day = 0; day < 3; day += 1) {
      lan.pass(40_000);
      lan.run.nowMs += DAY_MS;
    }
    expect(lan.run.values("pictures")).toHaveLength(1);
  });
});

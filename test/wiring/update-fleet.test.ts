import { expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import { defaultSettings } from "../../src/config/options.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import type { Outcome } from "../../src/update/slots.ts";
import { type Fetched, UpdateFleet } from "../../src/wiring/update-fleet.ts";

const MINUTE_MS = 60_000;
const RECORD = {
  version: "0.2.0",
  bundles: Object.fromEntries(
    ["x64", "arm64"].map((name) => [name, { url: "https://x/y", manifestSha256: "ab".repeat(32) }]),
  ),
};

/** A gateway whose centre, slots and fetching are the test's. */
class Rig {
  readonly clock = new ManualClock();
  readonly disk = new SimulatedDisk({ expireViews: false });
  readonly reports: string[] = [];
  readonly fleet: UpdateFleet;
  wish: object | null = RECORD;
  outcome: Outcome | null = null;
  busy = false;
  fetches = 0;
  fetched: Fetched = { done: true };
  runs = "0.1.0";

  constructor() {
    this.disk.makeFolder("/slots");
    this.fleet = this.restarted();
  }

  /** Another process of the same gateway. */
  restarted(): UpdateFleet {
    return new UpdateFleet({
      settings: defaultSettings(),
      version: this.runs,
      clock: this.clock,
      logger: silentLogger,
      disk: this.disk,
      slots: "/slots",
      wish: () => (this.wish === null ? null : new TextEncoder().encode(JSON.stringify(this.wish))),
      lastOutcome: () => this.outcome,
      isBusy: () => this.busy,
      fetch: async () => {
        this.fetches += 1;
        return this.fetched;
      },
      report: (state, version, reason) =>
        void this.reports.push([state, version, reason ?? ""].join(" ").trim()),
    });
  }

  async look(fleet = this.fleet, times = 1): Promise<void> {
    for (let count = 0; count < times; count += 1) await fleet.look();
  }
}

const failed = (attempt: string): Outcome => ({
  attempt,
  version: "0.2.0",
  result: "failed",
  reason: "x",
  atMs: 0,
});

test("fetches what is wanted once, and tells of it", async () => {
  const rig = new Rig();
  await rig.look();
  expect([rig.fetches, rig.fleet.status]).toEqual([1, { version: "0.2.0", state: "chosen", reason: null }]);
  rig.busy = true;
  await rig.look(rig.fleet, 5);
  expect([rig.fetches, rig.reports]).toEqual([1, ["fetching 0.2.0", "chosen 0.2.0"]]);
  rig.busy = false;
  rig.runs = "0.2.0";
  const next = rig.restarted();
  await rig.look(next, 3);
  expect([rig.fetches, next.status?.state, rig.reports.at(-1)]).toEqual([1, "runs", "runs 0.2.0 it runs"]);
});

test("waits for its turn, and does nothing once it is stopped", async () => {
  const rig = new Rig();
  rig.wish = { ...RECORD, jitterMs: 60 * MINUTE_MS };
  await rig.look(rig.fleet, 3);
  expect([rig.fetches, rig.fleet.status?.state, rig.reports.length]).toEqual([0, "waiting", 1]);
  rig.wish = { ...RECORD, jitterMs: 60 * MINUTE_MS, stop: true };
  rig.clock.advance(60 * MINUTE_MS);
  await rig.look();
  expect([rig.fetches, rig.fleet.status?.reason]).toEqual([0, "the centre has stopped it"]);
  rig.wish = { ...RECORD, jitterMs: 60 * MINUTE_MS };
  await rig.look();
  expect(rig.fetches).toBe(0);
  rig.clock.advance(60 * MINUTE_MS);
  await rig.look();
  expect(rig.fetches).toBe(1);
});

test("tries a broken link again, at longer intervals; a refusal only when the record is another", async () => {
  const rig = new Rig();
  rig.fetched = { done: false, why: "no answer", isFinal: false };
  await rig.look(rig.fleet, 3);
  expect([rig.fetches, rig.fleet.status?.state]).toEqual([1, "retrying"]);
  for (const [afterMs, fetches] of [
    [MINUTE_MS, 2],
    [MINUTE_MS, 2],
    [MINUTE_MS, 3],
    [2 * MINUTE_MS, 3],
    [2 * MINUTE_MS, 4],
  ] as const) {
    rig.clock.advance(afterMs);
    await rig.look();
    expect(rig.fetches).toBe(fetches);
  }
  rig.fetched = { done: false, why: "no trusted key", isFinal: true };
  rig.clock.advance(60 * MINUTE_MS);
  await rig.look();
  rig.clock.advance(1000 * MINUTE_MS);
  await rig.look();
  expect([rig.fetches, rig.fleet.status]).toEqual([
    5,
    { version: "0.2.0", state: "refused", reason: "no trusted key" },
  ]);
  rig.wish = { ...RECORD, attempts: 2 };
  await rig.look();
  expect(rig.fetches).toBe(6);
});

test("remembers over restarts how often a version was given up here", async () => {
  const rig = new Rig();
  rig.wish = { ...RECORD, attempts: 2 };
  rig.outcome = failed("u1");
  await rig.look(rig.fleet, 2);
  expect(rig.fetches).toBe(2);
  rig.outcome = failed("u2");
  const after = rig.restarted();
  await rig.look(after, 3);
  expect([rig.fetches, after.status?.reason]).toEqual([2, "it was given up here 2 times"]);
  // Another version begins anew, and one that nobody can count is not tried.
  rig.wish = { ...RECORD, version: "0.3.0" };
  await rig.look(after);
  expect(rig.fetches).toBe(3);
  rig.wish = { ...RECORD, version: "0.4.0" };
  rig.outcome = { ...failed("u3"), version: "0.4.0" };
  rig.disk.fail({ kind: "createFile", path: "wishes" });
  await rig.look(after);
  expect(rig.fetches).toBe(3);
});

test("a record that is none is told once", async () => {
  const rig = new Rig();
  rig.wish = { version: "0.2.0" };
  await rig.look(rig.fleet, 3);
  expect([rig.fetches, rig.reports]).toEqual([
    0,
    ["refused  the record of the desired version is not understood: bundles are none"],
  ]);
});

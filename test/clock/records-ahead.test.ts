import { describe, expect, test } from "bun:test";
import { MAX_SIGHTINGS } from "../../src/clock/sightings.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { SimulatedMachine } from "../../src/io/simulated/machine.ts";
import type { LogConfig } from "../../src/log/log-config.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import { batchOf, createLog, mustAppend, type Opened, openStore, SMALL_CONFIG } from "../log/support.ts";
import { ClockRig, DAY_MS, HOUR_MS, MINUTE_MS, TODAY_MS } from "./rig.ts";

const YEAR_9999_MS = Date.UTC(9999, 0, 1);

/** A gateway's store and its idea of time, both of which outlive restarts on disks of their own. */
class Site {
  readonly machine: SimulatedMachine;
  readonly clocks: ClockRig;
  readonly #config: LogConfig;
  readonly #disk = new SimulatedDisk({ seed: 1 });
  #opened: Opened | null = null;
  #log: PartitionLog | null = null;

  constructor(retentionMs: number, machine = new SimulatedMachine(TODAY_MS)) {
    this.#config = { ...SMALL_CONFIG, retentionMs };
    this.machine = machine;
    this.clocks = new ClockRig(machine);
  }

  async open(): Promise<this> {
    const opened = await openStore({ disk: this.#disk, config: this.#config });
    opened.store.useTimes({
      nowMs: () => this.clocks.time.settledNowMs,
      ageTime: (log, from, to, stampedMs) => this.clocks.time.ageTime(log, from, to, stampedMs),
      seenBy: (log, endOffset) => this.clocks.time.seenBy(log, endOffset),
      see: (log, aheadEnd, stepMs) => this.clocks.time.see(log, log.highWatermark, aheadEnd, stepMs),
    });
    this.#opened = opened;
    const before = this.#log;
    this.#log =
      before === null
        ? createLog(opened.store, "readings", 0, this.#config)
        : (opened.store.get(before.topicId, 0) ?? null);
    return this;
  }

  get log(): PartitionLog {
    if (this.#log === null) throw new Error("not open");
    return this.#log;
  }

  get start(): number {
    return this.log.logStartOffset;
  }

  get warnings(): readonly string[] {
    return this.#opened?.reports.matching("warning") ?? [];
  }

  async restart(): Promise<void> {
    const closed = this.#opened?.store.close();
    await this.#opened?.clock.settleAll();
    await closed;
    this.clocks.restartProcess();
    await this.open();
  }

  /** Records that a sender stamps, of a little more than a KiB each; a segment takes seven. */
  async take(timestampMs: number, count = 1): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      mustAppend(this.log, batchOf(["".padEnd(1000, ".")], { timestampMs }), this.machine.wallMs);
      await this.#opened?.clock.settleAll();
    }
  }

  async pass(durationMs: number): Promise<void> {
    this.machine.pass(durationMs);
    this.clocks.time.look();
    for (let i = 0; i < 2; i += 1) {
      const maintained = this.#opened?.store.maintain(this.machine.wallMs);
      await this.#opened?.clock.settleAll();
      await maintained;
    }
  }
}

describe("records stamped far ahead", () => {
  test("go once retention.ms has passed since they came, also where the gateway restarts every day", async () => {
    const site = await new Site(7 * DAY_MS).open();
    await site.take(YEAR_9999_MS);
    await site.take(TODAY_MS, 10);
    for (let day = 0; day < 7; day += 1) {
      await site.pass(MINUTE_MS);
      await site.restart();
      await site.pass(DAY_MS - MINUTE_MS);
      if (day < 6) expect(site.start).toBe(0);
    }
    // What came with them is a minute older than the first look at it.
    await site.pass(2 * MINUTE_MS);
    expect(site.start).toBe(11);
    expect(site.clocks.disk.writes).toBeLessThan(500);
  });

  test("of two hours, with a retention of one, don't outlive it by more than its step", async () => {
    const site = await new Site(HOUR_MS).open();
    for (let minute = 0; minute < 60; minute += 1) {
      await site.take(site.machine.wallMs + 2 * HOUR_MS);
      await site.pass(MINUTE_MS);
    }
    expect(site.start).toBe(0);
    for (let minute = 0; minute < 20; minute += 1) {
      await site.take(site.machine.wallMs + 2 * HOUR_MS);
      await site.pass(MINUTE_MS);
    }
    // Seven records are a segment; two minutes are its step.
    expect(site.start).toBe(14);
  });

  test("are told of once, and only where they are more than a day ahead", async () => {
    const site = await new Site(7 * DAY_MS).open();
    await site.take(TODAY_MS + 20 * HOUR_MS);
    await site.pass(MINUTE_MS);
    expect(site.warnings).toEqual([]);
    await site.take(YEAR_9999_MS);
    await site.pass(MINUTE_MS);
    await site.pass(MINUTE_MS);
    expect(site.warnings).toHaveLength(1);
    expect(site.warnings[0]).toContain("readings-0 has records stamped as late as 9999-01-01T00:00:00.000Z");
  });
});

describe("as before", () => {
  test("records of the past go by their own time, and nothing is written down for them", async () => {
    const site = await new Site(7 * DAY_MS).open();
    const writes = site.clocks.disk.writes;
    await site.take(TODAY_MS - 6 * DAY_MS, 3);
    await site.pass(MINUTE_MS);
    expect(site.start).toBe(0);
    await site.pass(DAY_MS);
    expect(site.start).toBe(3);
    expect([...site.clocks.disk.values.keys()].filter((name) => name.startsWith("seen/"))).toEqual([]);
    expect(site.clocks.disk.writes - writes).toBeLessThan(3);
  });

  test("nothing goes by a clock that can't be believed, and its time is no witness", async () => {
    const site = await new Site(DAY_MS, new SimulatedMachine(TODAY_MS, 0, false)).open();
    await site.take(YEAR_9999_MS);
    for (let day = 0; day < 5; day += 1) await site.pass(DAY_MS);
    expect(site.start).toBe(0);
    site.machine.synchronise();
    await site.pass(HOUR_MS);
    await site.pass(DAY_MS - MINUTE_MS);
    expect(site.start).toBe(0);
    await site.pass(2 * MINUTE_MS);
    expect(site.start).toBe(1);
  });
});

describe("what is written down", () => {
  const STEP_MS = HOUR_MS;
  const log = { topicId: "topic-id", partition: 0 };

  test("follows a clock that is set right, over restarts of the machine too", () => {
    const rig = new ClockRig(new SimulatedMachine(TODAY_MS, TODAY_MS - 10 * DAY_MS));
    rig.time.see(log, 5, 5, STEP_MS);
    expect(rig.time.seenBy(log, 5)).toBe(TODAY_MS - 10 * DAY_MS);
    rig.pass(HOUR_MS);
    rig.machine.synchronise();
    rig.time.look();
    expect(rig.time.seenBy(log, 5)).toBe(TODAY_MS);
    rig.pass(DAY_MS);
    rig.machine.restart(HOUR_MS);
    rig.restartProcess();
    rig.time.prune(() => 0);
    rig.restartProcess();
    expect(rig.time.seenBy(log, 5)).toBe(TODAY_MS);
    expect(rig.time.seenBy(log, 6)).toBeNull();
  });

  test("goes with the records, and with offsets that are given anew", () => {
    const rig = new ClockRig(new SimulatedMachine(TODAY_MS));
    rig.time.see(log, 5, 5, STEP_MS);
    rig.pass(HOUR_MS);
    rig.time.see(log, 9, 9, STEP_MS);
    expect(rig.time.seenBy(log, 9)).toBe(TODAY_MS + HOUR_MS);
    rig.time.stamped({ ...log, logStartOffset: 0, logEndOffset: 7 }, 2);
    expect(rig.time.seenBy(log, 6)).toBeNull();
    expect(rig.time.seenBy(log, 5)).toBe(TODAY_MS);
    rig.time.prune(() => 5);
    rig.restartProcess();
    expect(rig.time.seenBy(log, 5)).toBeNull();
  });

  test("stays bounded, and what is dropped says no earlier time", () => {
    const rig = new ClockRig(new SimulatedMachine(TODAY_MS));
    for (let offset = 1; offset <= 2 * MAX_SIGHTINGS; offset += 1) {
      rig.time.see(log, offset, offset, STEP_MS);
      rig.pass(STEP_MS);
    }
    const saved = rig.disk.values.get("seen/topic-id/0") ?? new Uint8Array();
    expect(JSON.parse(new TextDecoder().decode(saved))).toHaveLength(MAX_SIGHTINGS);
    expect(rig.time.seenBy(log, 1)).toBe(TODAY_MS);
    expect(rig.time.seenBy(log, MAX_SIGHTINGS)).toBe(TODAY_MS + (2 * MAX_SIGHTINGS - 1) * STEP_MS);
  });
});

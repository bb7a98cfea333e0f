import { describe, expect, test } from "bun:test";
import { SimulatedMachine } from "../../src/io/simulated/machine.ts";
import { BUILD_MS, ClockRig, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, TODAY_MS } from "./rig.ts";

const EPOCH = 0;

/** A gateway without a battery that was switched on just now. */
function cold(trueMs = TODAY_MS): ClockRig {
  return new ClockRig(new SimulatedMachine(trueMs, EPOCH, false));
}

describe("a boot in 1970", () => {
  test("is not believed, and what came is put right when the clock is set after three hours", () => {
    const rig = cold();
    const first = rig.append();
    rig.pass(HOUR_MS);
    const second = rig.append();
    expect(rig.status).toMatchObject({ known: false, quality: "unknown", steps: 0 });
    expect(rig.arrivalOf(first)).toBeNull();
    expect(rig.byOffset(second)).toBeNull();
    expect(first.stampedMs).toBe(0);
    expect(rig.time.trueNowMs()).toBeNull();
    rig.pass(2 * HOUR_MS);
    rig.machine.synchronise();
    rig.time.look();
    expect(rig.status).toMatchObject({ known: true, quality: "confirmed", steps: 1 });
    expect(rig.arrivalOf(first)).toEqual({ timeMs: TODAY_MS, isEstimate: false });
    expect(rig.byOffset(first)).toEqual({ timeMs: TODAY_MS, isEstimate: false });
    expect(rig.byOffset(second)).toEqual({ timeMs: TODAY_MS + HOUR_MS, isEstimate: false });
    const third = rig.append();
    expect(third.header).toBeNull();
    expect(rig.byOffset(third)).toEqual({ timeMs: TODAY_MS + 3 * HOUR_MS, isEstimate: false });
    expect(rig.changes).toEqual(["start unknown", `step confirmed ${TODAY_MS}`]);
  });

  test("is repaired by a process that starts later in the same boot, and by one of the next", () => {
    const rig = cold();
    const first = rig.append();
    rig.disk.commit();
    rig.pass(5 * MINUTE_MS);
    rig.restartProcess();
    expect(rig.status.known).toBe(false);
    rig.machine.synchronise();
    rig.time.look();
    rig.disk.commit();
    rig.machine.restart(DAY_MS, EPOCH);
    rig.restartProcess();
    expect(rig.status.known).toBe(false);
    expect(rig.byOffset(first)).toEqual({ timeMs: TODAY_MS, isEstimate: false });
    expect(rig.arrivalOf(first)).toEqual({ timeMs: TODAY_MS, isEstimate: false });
  });

  test("that never learned the time is put as late as it can have been, and said to be an estimate", () => {
    const rig = cold();
    const records = [];
    for (let boot = 0; boot < 3; boot += 1) {
      rig.pass(10 * MINUTE_MS);
      records.push(rig.append());
      rig.pass(10 * MINUTE_MS);
      rig.machine.restart(HOUR_MS, EPOCH);
      rig.restartProcess();
    }
    for (const record of records) expect(rig.arrivalOf(record)).toBeNull();
    const onMs = rig.machine.trueMs;
    rig.pass(MINUTE_MS);
    rig.machine.synchronise();
    rig.time.look();
    // Twenty minutes each, ten of them after the record; the hours between them are nobody's to know.
    expect(records.map((record) => rig.arrivalOf(record))).toEqual(
      [50, 30, 10].map((minutes) => ({ timeMs: onMs - minutes * MINUTE_MS, isEstimate: true })),
    );
    expect(records.map((record) => rig.byOffset(record)?.timeMs)).toEqual(
      [50, 30, 10].map((minutes) => onMs - minutes * MINUTE_MS),
    );
  });
});

describe("a clock that goes on from where it was saved", () => {
  test("is not believed without a battery, however long the machine was off", () => {
    const rig = new ClockRig(new SimulatedMachine(TODAY_MS, TODAY_MS, false));
    rig.machine.synchronise();
    rig.pass(HOUR_MS);
    const savedMs = rig.machine.wallMs;
    rig.machine.restart(9 * HOUR_MS, savedMs);
    rig.restartProcess();
    expect(rig.status.known).toBe(false);
    const record = rig.append();
    rig.pass(MINUTE_MS);
    rig.machine.synchronise();
    rig.time.look();
    expect(rig.arrivalOf(record)?.timeMs).toBe(TODAY_MS + 10 * HOUR_MS);
  });

  test("is believed with one, and where it was set far ahead meanwhile", () => {
    for (const hasBattery of [true, false]) {
      const rig = new ClockRig(new SimulatedMachine(TODAY_MS, TODAY_MS, hasBattery));
      rig.pass(HOUR_MS);
      rig.machine.restart(hasBattery ? MINUTE_MS : DAY_MS);
      rig.restartProcess();
      expect(rig.status).toMatchObject({ known: true, quality: "plausible" });
    }
  });
});

describe("a running clock", () => {
  test("that was two minutes ahead is set back: what came before moves with it, what came after stays", () => {
    const rig = new ClockRig(new SimulatedMachine(TODAY_MS, TODAY_MS + 2 * MINUTE_MS));
    const before = rig.append();
    rig.pass(10 * MINUTE_MS);
    rig.machine.synchronise();
    const after = rig.append();
    expect(rig.status).toMatchObject({ known: true, steps: 1, lastStepMs: -2 * MINUTE_MS });
    expect(before.stampedMs).toBe(TODAY_MS + 2 * MINUTE_MS);
    expect(rig.byOffset(before)?.timeMs).toBe(TODAY_MS);
    expect(rig.byOffset(after)?.timeMs).toBe(TODAY_MS + 10 * MINUTE_MS);
  });

  test("that jumps ahead and back leaves what was right as it was", () => {
    const rig = new ClockRig(new SimulatedMachine(TODAY_MS));
    rig.machine.synchronise();
    const right = rig.append();
    rig.pass(MINUTE_MS);
    rig.machine.set(TODAY_MS + 700 * DAY_MS);
    const ahead = rig.append();
    expect(rig.status).toMatchObject({ known: true, quality: "plausible" });
    rig.pass(10 * MINUTE_MS);
    rig.machine.synchronise();
    const later = rig.append();
    expect(rig.byOffset(right)?.timeMs).toBe(TODAY_MS);
    expect(rig.byOffset(ahead)?.timeMs).toBe(TODAY_MS + MINUTE_MS);
    expect(rig.byOffset(later)?.timeMs).toBe(TODAY_MS + 11 * MINUTE_MS);
    expect(rig.status).toMatchObject({ known: true, quality: "confirmed", steps: 2 });
  });

  test("that is set well ahead moves what came before only once it has gone on so for a day", () => {
    const rig = new ClockRig(new SimulatedMachine(TODAY_MS));
    const before = rig.append();
    rig.pass(MINUTE_MS);
    rig.machine.set(rig.machine.wallMs + 90 * DAY_MS);
    rig.pass(DAY_MS - 20 * MINUTE_MS);
    expect(rig.byOffset(before)?.timeMs).toBe(TODAY_MS);
    expect(rig.time.settledNowMs).toBeNull();
    rig.pass(40 * MINUTE_MS);
    expect(rig.byOffset(before)?.timeMs).toBe(TODAY_MS + 90 * DAY_MS);
    expect(rig.time.settledNowMs).toBe(rig.machine.wallMs);
  });

  test("that falls back to 1970 is not believed, but the time of its boot is known all the same", () => {
    const rig = new ClockRig(new SimulatedMachine(TODAY_MS));
    rig.pass(HOUR_MS);
    rig.machine.set(EPOCH);
    const record = rig.append();
    expect(rig.status.known).toBe(false);
    expect(rig.time.trueNowMs()).toBe(TODAY_MS + HOUR_MS);
    expect(rig.arrivalOf(record)?.timeMs).toBe(TODAY_MS + HOUR_MS);
  });

  test("is not set by a suspend, nor by what lies below a tenth of a second", () => {
    const rig = new ClockRig(new SimulatedMachine(TODAY_MS));
    rig.machine.pass(8 * HOUR_MS);
    rig.time.look();
    rig.machine.set(rig.machine.wallMs + 80);
    rig.time.look();
    expect(rig.status.steps).toBe(0);
    rig.machine.set(rig.machine.wallMs + 80);
    rig.time.look();
    expect(rig.status.steps).toBe(1);
  });

  test("that strayed while nobody kept it is put right bit by bit", () => {
    const rig = new ClockRig(new SimulatedMachine(TODAY_MS));
    rig.machine.synchronise();
    const start = rig.append();
    rig.time.look();
    rig.machine.synchronised = false;
    rig.machine.strayPpm = 50;
    rig.pass(5 * DAY_MS);
    const middle = rig.append();
    rig.pass(5 * DAY_MS);
    const end = rig.append();
    rig.machine.strayPpm = 0;
    rig.machine.synchronise();
    rig.time.look();
    // 43 seconds in ten days.
    expect(rig.status.lastStepMs).toBeCloseTo(-43_200, -1);
    for (const record of [start, middle, end]) {
      expect(Math.abs((rig.byOffset(record)?.timeMs ?? 0) - (record.arrivedMs ?? 0))).toBeLessThan(50);
    }
    expect(middle.stampedMs - (middle.arrivedMs ?? 0)).toBeCloseTo(21_600, -1);
  });
});

describe("what was seen", () => {
  test("keeps a clock that fell behind from being believed, but for the tolerance", () => {
    const rig = new ClockRig(new SimulatedMachine(TODAY_MS));
    rig.pass(HOUR_MS);
    rig.machine.restart(MINUTE_MS, TODAY_MS + 10 * MINUTE_MS);
    rig.restartProcess();
    expect(rig.status.known).toBe(true);
    rig.machine.restart(MINUTE_MS, BUILD_MS + DAY_MS);
    rig.restartProcess();
    expect(rig.status.known).toBe(false);
  });

  test("does not count where it was wrong: a clock that is kept right overrules it, also for the next start", () => {
    const rig = new ClockRig(new SimulatedMachine(TODAY_MS, TODAY_MS + 900 * DAY_MS));
    const wrong = rig.append();
    rig.pass(HOUR_MS);
    rig.machine.restart(MINUTE_MS, TODAY_MS + HOUR_MS + MINUTE_MS);
    rig.restartProcess();
    expect(rig.status.known).toBe(false);
    rig.machine.synchronise();
    rig.pass(MINUTE_MS);
    expect(rig.status.known).toBe(true);
    expect(rig.byOffset(wrong)).toEqual({ timeMs: TODAY_MS + MINUTE_MS, isEstimate: true });
    rig.machine.restart(MINUTE_MS);
    rig.restartProcess();
    expect(rig.status).toMatchObject({ known: true, quality: "plausible" });
  });

  test("stays known when the periods are forgotten that saw it", () => {
    const rig = new ClockRig(new SimulatedMachine(TODAY_MS));
    rig.append();
    rig.pass(HOUR_MS);
    rig.machine.restart(MINUTE_MS);
    rig.restartProcess();
    rig.time.prune(() => 0);
    expect([...rig.disk.values.keys()].filter((name) => name.startsWith("marks/"))).toEqual([]);
    expect([...rig.disk.values.keys()].filter((name) => name.startsWith("period/"))).toHaveLength(1);
    rig.machine.restart(MINUTE_MS, BUILD_MS + DAY_MS);
    rig.restartProcess();
    expect(rig.status.known).toBe(false);
  });
});

describe("what senders stamp", () => {
  test("is never repaired, nor is a batch of both kinds in a period that was believed", () => {
    const rig = new ClockRig(new SimulatedMachine(TODAY_MS, TODAY_MS + 2 * MINUTE_MS));
    const own = rig.append(0);
    const sent = rig.append(1, TODAY_MS - DAY_MS);
    const mixed = rig.append(0, TODAY_MS + MINUTE_MS);
    rig.pass(MINUTE_MS);
    rig.machine.synchronise();
    rig.time.look();
    expect(rig.byOffset(own)?.timeMs).toBe(TODAY_MS);
    expect(rig.byOffset(sent)?.timeMs).toBe(TODAY_MS - DAY_MS);
    expect(rig.byOffset(mixed)?.timeMs).toBe(TODAY_MS + MINUTE_MS);
  });
});

describe("by age", () => {
  const age = (rig: ClockRig, from: number, to: number, stampedMs: number) =>
    rig.time.ageTime(rig.logOf(0), from, to, stampedMs);

  test("records of a boot in 1970 are as old as they are, and not judged before that is known", () => {
    const rig = cold();
    for (let i = 0; i < 5; i += 1) rig.append();
    rig.append(0, SECOND_MS);
    expect(age(rig, 0, 6, SECOND_MS)).toBeNull();
    rig.pass(3 * HOUR_MS);
    rig.machine.synchronise();
    rig.time.look();
    expect(age(rig, 0, 6, SECOND_MS)).toBe(TODAY_MS + SECOND_MS);
    const right = rig.append();
    expect(age(rig, 0, 7, right.stampedMs)).toBe(right.stampedMs);
  });

  test("a jump ahead does not make records younger than they are", () => {
    const rig = new ClockRig(new SimulatedMachine(TODAY_MS));
    rig.append();
    rig.pass(MINUTE_MS);
    rig.machine.set(TODAY_MS + 700 * DAY_MS);
    const ahead = rig.append();
    rig.pass(MINUTE_MS);
    rig.machine.synchronise();
    rig.append();
    expect(age(rig, 0, 3, ahead.stampedMs)).toBe(TODAY_MS + 2 * MINUTE_MS);
    expect(age(rig, 0, 2, ahead.stampedMs)).toBe(TODAY_MS + MINUTE_MS);
  });

  test("what senders stamped is judged by that, as in Kafka", () => {
    const rig = new ClockRig(new SimulatedMachine(TODAY_MS));
    rig.append(0, TODAY_MS - 30 * DAY_MS);
    expect(age(rig, 0, 1, TODAY_MS - 30 * DAY_MS)).toBe(TODAY_MS - 30 * DAY_MS);
  });
});

test("a setting says when a clock is believed", () => {
  const machine = () => new SimulatedMachine(TODAY_MS);
  expect(new ClockRig(machine(), { trust: "synchronised" }).status.known).toBe(false);
  const kept = machine();
  kept.synchronise();
  const rig = new ClockRig(kept, { trust: "synchronised" });
  expect(rig.status.known).toBe(true);
  // A link that goes away does not take back what is known.
  kept.synchronised = false;
  rig.pass(DAY_MS);
  expect(rig.status.known).toBe(true);
  expect(new ClockRig(new SimulatedMachine(TODAY_MS, EPOCH), { trust: "always" }).status.known).toBe(true);
});

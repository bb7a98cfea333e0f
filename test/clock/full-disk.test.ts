import { describe, expect, test } from "bun:test";
import { SimulatedMachine } from "../../src/io/simulated/machine.ts";
import { ClockRig, HOUR_MS, MINUTE_MS, TODAY_MS } from "./rig.ts";

/** A gateway without a battery, whose ledger is on a disk that may be full. */
function cold(): ClockRig {
  return new ClockRig(new SimulatedMachine(TODAY_MS, 0, false));
}

/** The power goes, and what was appended was durable. */
function powerCut(rig: ClockRig): void {
  rig.disk.commit();
  rig.machine.restart(HOUR_MS, 0);
  rig.restartProcess();
}

describe("while the disk is full", () => {
  test("what the ledger could not take is written once there is room", async () => {
    const rig = cold();
    rig.disk.isFull = true;
    rig.machine.pass(HOUR_MS);
    const first = rig.append();
    rig.machine.synchronise();
    rig.time.look();
    await Promise.resolve();
    expect(rig.failures).toBeGreaterThan(0);
    rig.disk.isFull = false;
    rig.pass(MINUTE_MS);
    powerCut(rig);
    expect(rig.byOffset(first)).toEqual({ timeMs: TODAY_MS + HOUR_MS, isEstimate: false });
    expect(rig.arrivalOf(first)).toEqual({ timeMs: TODAY_MS + HOUR_MS, isEstimate: false });
  });

  test("only the newest of what was refused is written, and nothing of what is forgotten since", async () => {
    const rig = cold();
    rig.append();
    rig.disk.isFull = true;
    rig.pass(10 * MINUTE_MS);
    await Promise.resolve();
    rig.disk.isFull = false;
    rig.pass(MINUTE_MS);
    await Promise.resolve();
    const writes = rig.disk.writes;
    rig.time.look();
    expect(rig.disk.writes).toBe(writes);
    rig.disk.isFull = true;
    rig.machine.synchronise();
    rig.time.look();
    await Promise.resolve();
    rig.time.prune(() => null);
    await Promise.resolve();
    rig.disk.isFull = false;
    rig.time.look();
    expect([...rig.disk.values.keys()].filter((name) => name.startsWith("marks/"))).toEqual([]);
  });

  test("what room is left is not used up by how long the clock goes on as it is", () => {
    const rig = cold();
    rig.pass(10 * MINUTE_MS);
    const before = rig.disk.writes;
    rig.disk.isTight = true;
    rig.pass(5 * HOUR_MS);
    expect(rig.disk.writes).toBe(before);
    rig.machine.synchronise();
    rig.time.look();
    expect(rig.disk.writes).toBeGreaterThan(before);
  });
});

describe("a ledger that has lost something", () => {
  test("gives no period the id of one that marks still mean", () => {
    const rig = cold();
    const record = rig.append();
    const [period] = [...rig.disk.values.keys()].filter((name) => name.startsWith("period/"));
    rig.disk.values.delete(period ?? "");
    powerCut(rig);
    rig.append();
    rig.machine.synchronise();
    rig.time.look();
    // The boot is not known any more; that of another one says nothing of it.
    expect(rig.byOffset(record)).toEqual({ timeMs: record.stampedMs, isEstimate: false });
  });

  test("moves no right stamp beyond now", () => {
    const rig = cold();
    rig.append();
    rig.machine.synchronise();
    const record = rig.append();
    const [marks] = [...rig.disk.values].filter(([name]) => name.startsWith("marks/"));
    const [name = "", bytes] = marks ?? [];
    const [first] = JSON.parse(new TextDecoder().decode(bytes)) as unknown[];
    rig.disk.values.set(name, new TextEncoder().encode(JSON.stringify([first])));
    rig.restartProcess();
    rig.pass(MINUTE_MS);
    expect(rig.byOffset(record)).toEqual({ timeMs: record.stampedMs, isEstimate: false });
  });
});

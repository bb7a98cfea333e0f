import { describe, expect, test } from "bun:test";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { ARRIVALS_A_TURN, Arrivals } from "../../src/mqtt/arrivals.ts";
import { connectPacket, publishPacket, Rig } from "./support/rig.ts";

const MANY = 3 * ARRIVALS_A_TURN + 5;

describe("arrivals", () => {
  test("come in some a turn, in the order in which they came", () => {
    const turns: (() => void)[] = [];
    const clock = new (class extends ManualClock {
      override soon(callback: () => void): void {
        turns.push(callback);
      }
    })();
    const arrivals = new Arrivals(clock);
    const came: number[] = [];
    const arrive = (n: number): void => {
      if (arrivals.admits({ goOn: () => void came.push(n) })) came.push(n);
    };
    for (let n = 0; n < MANY; n++) arrive(n);
    expect(came).toHaveLength(ARRIVALS_A_TURN);
    turns.shift()?.();
    expect(came).toHaveLength(2 * ARRIVALS_A_TURN);
    // Who comes now is behind those who wait.
    arrive(MANY);
    while (turns.length > 0) turns.shift()?.();
    expect(came).toEqual(Array.from({ length: MANY + 1 }, (_, n) => n));
    arrive(0);
    expect(came).toHaveLength(MANY + 2);
  });

  test("of a turn that has ended keep nobody waiting", () => {
    const clock = new ManualClock();
    const arrivals = new Arrivals(clock);
    const isAdmitted = (): boolean => arrivals.admits({ goOn: () => {} });
    for (let turn = 0; turn < 3; turn++) {
      for (let n = 0; n < ARRIVALS_A_TURN; n++) expect(isAdmitted()).toBe(true);
      expect(isAdmitted()).toBe(false);
      clock.settle();
    }
  });
});

describe("a storm of clients", () => {
  test("is served over turns, and what they send behind their CONNECTs is handled in its order", () => {
    const rig = new Rig();
    const steady = rig.connect(4, "steady");
    const storm = Array.from({ length: MANY }, () => rig.dial());
    const behind = publishPacket("devices/storm/t", "x", 1, 7);
    for (const [n, connection] of storm.entries()) {
      connection.feed(connectPacket(4, `storm-${n}`));
      connection.feed(behind);
    }
    const served = (): number => storm.filter((connection) => connection.sends > 0).length;
    // The one that was there before has come in this turn, too.
    expect(served()).toBe(ARRIVALS_A_TURN - 1);
    steady.feed(publishPacket("devices/steady/t", "x", 1, 1));
    const appended = rig.ingest.records.length;
    expect(appended).toBe(ARRIVALS_A_TURN);
    rig.settle();
    expect(served()).toBe(MANY);
    rig.settle();
    for (const connection of storm) {
      expect(connection.take().toHex()).toBe("20020000" + "40020007");
    }
    expect(rig.ingest.records).toHaveLength(appended + MANY - (ARRIVALS_A_TURN - 1));
    expect(rig.door.stats().unsettledBytes).toBe(0);
  });

  test("waits for nobody who has given up", () => {
    const rig = new Rig({ connectTimeoutMs: 10_000 });
    const storm = Array.from({ length: MANY }, () => rig.dial());
    for (const [n, connection] of storm.entries()) connection.feed(connectPacket(4, `storm-${n}`));
    for (const connection of storm.slice(ARRIVALS_A_TURN)) connection.handler?.closed(null);
    rig.settle();
    expect(rig.door.stats().connections).toBe(ARRIVALS_A_TURN);
    expect(rig.door.stats().unsettledBytes).toBe(0);
  });
});

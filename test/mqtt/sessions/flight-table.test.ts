import { expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { AWAITED, type Awaited, FlightTable } from "../../../src/mqtt/sessions/flight-table.ts";

const STATES = Object.values(AWAITED);

test("packets under way are what a map would have, whatever is left unanswered", () => {
  const random = new SeededRandom(7);
  for (const [window, lateShare] of [
    [3, 0],
    [40, 0.02],
    [600, 0.3],
    [3_000, 0.5],
  ] as const) {
    const table = new FlightTable();
    const model = new Map<number, Awaited>();
    const answered: number[] = [];
    for (let step = 0, packetId = 0; step < 20_000; step++) {
      packetId = packetId === 65_535 ? 1 : packetId + 1;
      const awaited = random.pick(STATES);
      table.set(packetId, awaited);
      if (awaited === AWAITED.nothing) model.delete(packetId);
      else model.set(packetId, awaited);
      answered.push(packetId);
      while (answered.length > window) {
        // Some of the oldest are answered much later than those behind them.
        const one = answered.shift() ?? 0;
        if (random.chance(lateShare) && answered.length < 2 * window) answered.push(one);
        else {
          table.set(one, AWAITED.nothing);
          model.delete(one);
        }
      }
      const looked = random.below(packetId + 50);
      expect(table.get(looked)).toBe(model.get(looked) ?? AWAITED.nothing);
      expect(table.size).toBe(model.size);
    }
    for (let packetId = 0; packetId <= 65_535; packetId++) {
      expect(table.get(packetId)).toBe(model.get(packetId) ?? AWAITED.nothing);
    }
    table.clear();
    expect([table.size, table.get(5)]).toEqual([0, AWAITED.nothing]);
  }
});

import { expect, test } from "bun:test";
import { Progress, progressLine } from "../../src/cli/progress.ts";
import type { World } from "../../src/cli/world.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";

test("with a total there is a bar, a share and what is left; without, how many and how fast", () => {
  expect(progressLine(25_000, 100_000, 5_000)).toBe(
    "[========                      ] 25% 25,000 records, 5,000/s, 15 s left",
  );
  expect(progressLine(25_000, null, 5_000)).toBe("25,000 records, 5,000/s");
  expect(progressLine(0, 10, 0)).toBe("[                              ] 0% 0 records, 0/s");
  expect(progressLine(20, 10, 1_000)).toContain("100% 20 records, 20/s, 0 s left");
});

test("it is shown now and then, taken away in the end, and only where somebody watches", () => {
  for (const [errIsTerminal, alone, shown] of [
    [true, true, 2],
    [false, true, 0],
    [true, false, 0],
  ] as const) {
    const clock = new ManualClock();
    const written: string[] = [];
    const world = { errIsTerminal, err: (text: string) => void written.push(text) } as unknown as World;
    const progress = new Progress(world, clock, alone);
    for (let step = 1; step <= 45; step += 1) {
      clock.advance(10);
      progress.update(step, 45);
    }
    expect(written).toHaveLength(shown);
    progress.end();
    progress.end();
    expect(written).toHaveLength(shown === 0 ? 0 : shown + 1);
  }
});

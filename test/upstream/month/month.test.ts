import { describe, expect, test } from "bun:test";
import type { MonthFlaw } from "./gateway.ts";
import { Month } from "./month.ts";

const TEST_TIMEOUT_MS = 3_600_000;
/** `HEADWATER_SEEDS=N` runs so many months, `HEADWATER_SEED=N` that one only, both together so many from that one on. */
const SEED = Number(process.env.HEADWATER_SEED ?? "0");
const SEEDS = Number(process.env.HEADWATER_SEEDS ?? "0");

async function run(defaultMonths: number, restores: boolean): Promise<void> {
  const months = SEEDS > 0 ? SEEDS : SEED > 0 ? 1 : defaultMonths;
  const faults: string[] = [];
  const sums = { records: 0, acknowledged: 0, arrived: 0, lost: 0 };
  for (let seed = Math.max(1, SEED), left = months; left > 0; seed += 1, left -= 1) {
    const { faults: found, ...numbers } = await new Month({ seed, restores }).run();
    faults.push(...found.slice(0, 3).map((fault) => `seed ${seed}: ${fault}`));
    for (const name of ["records", "acknowledged", "arrived", "lost"] as const) sums[name] += numbers[name];
  }
  console.log(`${months} months: ${JSON.stringify(sums)}`);
  expect(faults).toEqual([]);
  expect(sums.arrived).toBeGreaterThan(100);
}

describe("months of a gateway", () => {
  test(
    "what was acknowledged is at the centre once, in order, with its time, or in the ledger",
    () => run(5, false),
    TEST_TIMEOUT_MS,
  );

  test(
    "so it is where older copies of the data folder take the place of newer ones",
    () => run(2, true),
    TEST_TIMEOUT_MS,
  );

  /** With the first seed that shows it, so that nobody waits long. */
  const flaws: readonly (readonly [MonthFlaw, number])[] = [
    ["acknowledged too early", 1],
    ["positions are remembered", 1],
    ["losses are not written down", 1],
    ["any clock is right", 3],
    ["steps are overlooked", 7],
    ["late records go up as they are", 3],
    ["budgets are forgotten", 4],
    ["histories are not kept", 6],
  ];
  for (const [flaw, first] of flaws) {
    test(
      `the check sees that ${flaw}`,
      async () => {
        const restores = flaw === "histories are not kept";
        for (let seed = first; seed < first + 10; seed += 1) {
          const { faults } = await new Month({ seed, days: 10, flaw, restores }).run();
          if (faults.length > 0) return;
        }
        expect.unreachable("nothing was noticed");
      },
      TEST_TIMEOUT_MS,
    );
  }
});

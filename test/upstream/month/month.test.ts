import { describe, expect, test } from "bun:test";
import type { MonthFlaw } from "./gateway.ts";
import { Month, type MonthOptions } from "./month.ts";

const TEST_TIMEOUT_MS = 600_000;
/** `HEADWATER_SEEDS=N` runs so many months, `HEADWATER_SEED=N` that one only. */
const SEED = Number(process.env.HEADWATER_SEED ?? "0");
const MONTHS = Number(process.env.HEADWATER_SEEDS ?? "8");

async function faultsOf(options: MonthOptions): Promise<readonly string[]> {
  const { faults } = await new Month(options).run();
  return faults.slice(0, 3).map((fault) => `seed ${options.seed}: ${fault}`);
}

describe("months of a gateway", () => {
  test(
    "what was acknowledged is at the centre once, in order, with its time, or in the ledger",
    async () => {
      const seeds = SEED > 0 ? [SEED] : Array.from({ length: MONTHS }, (_, index) => index + 1);
      const faults: string[] = [];
      const sums = { records: 0, acknowledged: 0, arrived: 0, lost: 0 };
      for (const seed of seeds) {
        const { faults: found, ...numbers } = await new Month({ seed }).run();
        faults.push(...found.slice(0, 3).map((fault) => `seed ${seed}: ${fault}`));
        for (const name of ["records", "acknowledged", "arrived", "lost"] as const) {
          sums[name] += numbers[name];
        }
      }
      console.log(`${seeds.length} months: ${JSON.stringify(sums)}`);
      expect(faults).toEqual([]);
      expect(sums.arrived).toBeGreaterThan(100);
    },
    TEST_TIMEOUT_MS,
  );

  const flaws: readonly MonthFlaw[] = [
    "acknowledged too early",
    "positions are remembered",
    "losses are not written down",
    "any clock is right",
  ];
  for (const flaw of flaws) {
    test(
      `the check sees that ${flaw}`,
      async () => {
        for (let seed = 1; seed <= 10; seed += 1) {
          if ((await faultsOf({ seed, days: 10, flaw })).length > 0) return;
        }
        expect.unreachable("nothing was noticed");
      },
      TEST_TIMEOUT_MS,
    );
  }
});

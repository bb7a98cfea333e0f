import { expect, test } from "bun:test";
import type { SessionBugs } from "../../../../src/mqtt/sessions/durable/message-store.ts";
import { SessionSimulation } from "./simulation.ts";

const SEEDS = Number(process.env.HEADWATER_SEEDS ?? 10);
/** Seeds in which a planted bug has to show itself at the latest. */
const BUG_SEEDS = 60;

/** What the seed found, or null. */
async function run(
  seed: number,
  bugs: SessionBugs,
  mayRefuse = false,
): Promise<{ simulation: SessionSimulation; found: string | null }> {
  const simulation = new SessionSimulation(seed, bugs, mayRefuse);
  try {
    await simulation.run();
    return { simulation, found: null };
  } catch (error) {
    return { simulation, found: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

test("sessions keep what they promise over power cuts", async () => {
  const total = { crashes: 0, redeliveries: 0, published: 0, compacted: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { simulation, found } = await run(seed, {});
    if (found !== null) throw new Error(`seed ${seed}: ${found}`);
    total.crashes += simulation.crashes;
    total.redeliveries += simulation.redeliveries;
    total.published += simulation.published;
    total.compacted += simulation.compacted;
  }
  expect(total.crashes).toBe(4 * SEEDS);
  expect(total.redeliveries).toBeGreaterThan(SEEDS);
  expect(total.compacted).toBeGreaterThan(5 * SEEDS);
  expect(total.published).toBeGreaterThan(50 * SEEDS);
}, 300_000);

test("sessions keep it where their log refuses batches, too", async () => {
  let refused = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { simulation, found } = await run(seed, {}, true);
    if (found !== null) throw new Error(`seed ${seed}: ${found}`);
    refused += simulation.refused;
  }
  expect(refused).toBeGreaterThan(20 * SEEDS);
}, 300_000);

const BUGS = [
  "releaseBeforeDurable",
  "releaseAtOnce",
  "completeAtOnce",
  "appendAllInterrupted",
  "appendNoInterrupted",
  "retainNoInterrupted",
  "forgetSequences",
] as const;

for (const bug of BUGS) {
  test(`the simulation finds a planted bug: ${bug}`, async () => {
    for (let seed = 1; seed <= BUG_SEEDS; seed++) {
      const { found } = await run(seed, { [bug]: true });
      if (found !== null) return;
    }
    throw new Error(`${BUG_SEEDS} seeds did not find it`);
  }, 300_000);
}

import { afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { startHeadwater } from "../support/headwater.ts";
import type { CutMode } from "./crash-states.ts";
import { connectTo } from "./load.ts";
import { makeFolder, removeFolder, removeStale } from "./mounts.ts";
import { judge } from "./oracle.ts";
import { whyNoPowerCuts } from "./programs.ts";
import { cutMsOf, DATA, planCuts, type Run, runToThePowerCut, SMALL_SETTINGS } from "./run.ts";
import { readEverything, resendLast } from "./served.ts";
import { checkStates, forEachState, type Outcome } from "./states.ts";

const MODES: readonly CutMode[] = ["drop", "subset", "torn", "keep"];
const MINUTE_MS = 60_000;
/** Chooses the cuts of a run; which run there is to cut is the machine's doing. POWERCUT_SEED looks elsewhere. */
const SEED = Number(process.env.POWERCUT_SEED ?? 1);
/** POWERCUT_STATES looks longer. */
const STATES = Number(process.env.POWERCUT_STATES ?? 300);

const why = whyNoPowerCuts();
if (why !== null) console.log(`skipped: ${why}`);

describe.skipIf(why !== null)("after a power cut", () => {
  let folder = "";
  beforeAll(removeStale, MINUTE_MS);
  beforeEach(() => {
    folder = makeFolder();
  });
  afterEach(() => removeFolder(folder), MINUTE_MS);

  test(
    "everything acknowledged is there, on a mapped disk",
    async () => {
      const run = await runToThePowerCut(folder, { disk: "mapped", loadMs: 8000 });
      const outcome = await checkStates(folder, run, planCuts(run, Math.ceil((STATES * 2) / 3), MODES, SEED));
      expectWhole("mapped", run, outcome, Math.ceil((STATES * 2) / 3));
    },
    6 * MINUTE_MS,
  );

  test(
    "everything acknowledged is there, on a plain disk",
    async () => {
      const run = await runToThePowerCut(folder, { disk: "plain", loadMs: 5000 });
      const outcome = await checkStates(folder, run, planCuts(run, Math.floor(STATES / 3), MODES, SEED));
      expectWhole("plain", run, outcome, Math.floor(STATES / 3));
    },
    4 * MINUTE_MS,
  );

  test(
    "the broker starts, serves what it promised, knows its producers and stops",
    async () => {
      const run = await runToThePowerCut(folder, { disk: "mapped", loadMs: 2000 });
      let resent = 0;
      await forEachState(folder, run, planCuts(run, 8, MODES, SEED), async (cut, mountPoint) => {
        const dataFolder = join(mountPoint, DATA);
        const headwater = await startHeadwater({ dataFolder, settings: SMALL_SETTINGS });
        const cluster = connectTo(headwater);
        try {
          const cutMs = cutMsOf(run, cut);
          const verdict = judge(run.ledger, await readEverything(cluster), cutMs);
          expect(verdict.violations).toEqual([]);
          const { sent, complaints } = await resendLast(cluster, run.ledger, cutMs);
          expect(complaints).toEqual([]);
          resent += sent;
          // Nothing of that was taken for new.
          expect(judge(run.ledger, await readEverything(cluster), cutMs).violations).toEqual([]);
        } finally {
          cluster.close();
          expect(await headwater.stop()).toBe(0);
        }
      });
      expect(resent).toBeGreaterThan(0);
    },
    3 * MINUTE_MS,
  );

  test(
    "a damaged file is reported, stepped over and never served",
    async () => {
      const run = await runToThePowerCut(folder, { disk: "mapped", loadMs: 2500 });
      const outcome = await checkStates(folder, run, planCuts(run, 60, MODES, SEED), { damaged: true });
      console.log(`damaged: ${outcome.states} states, ${outcome.reported} with a report`);
      expect(outcome.findings.map(({ words }) => words)).toEqual([]);
      expect(outcome.states).toBe(60);
      expect(outcome.reported).toBeGreaterThan(0);
    },
    3 * MINUTE_MS,
  );
});

function expectWhole(name: string, run: Run, outcome: Outcome, states: number): void {
  const flushes = run.operations.filter(({ kind }) => kind === "flush").length;
  console.log(
    `${name}: ${run.operations.length} operations, ${flushes} flushes, ${run.ackedRecords} records acknowledged; ` +
      `${outcome.states} crash states, ${outcome.promised} records looked for`,
  );
  expect(outcome.findings.map(({ words }) => words)).toEqual([]);
  expect(outcome.states).toBe(states);
  expect(outcome.reported).toBe(0);
  // A load that brought nothing, or cuts before anything was promised, would prove nothing.
  expect(run.ackedRecords).toBeGreaterThan(1000);
  expect(run.ledger.lives.some(({ deletedMs }) => deletedMs !== null)).toBe(true);
  expect(outcome.promised).toBeGreaterThan(states * 100);
}

import { afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { LogBug } from "../../src/log/log-config.ts";
import { FULL_LOAD, type LoadOptions } from "./load.ts";
import { makeFolder, removeFolder, removeStale } from "./mounts.ts";
import { whyNoPowerCuts } from "./programs.ts";
import { planCuts, runToThePowerCut } from "./run.ts";
import { checkStates } from "./states.ts";

/**
 * Each planted bug has to be noticed, or the rig proves nothing. All are of src/log/log-config.ts but one:
 * `skip-folder-sync` changes nothing on ext4, which makes a new file's name durable with the file; the simulated
 * disk of test/log knows better.
 */
const BUGS: readonly (LogBug & string)[] = [
  "ack-before-sync",
  "late-end-capture",
  "skip-recovery-crc",
  "tail-before-segment-sync",
  "skip-rolled-segment-sync",
  "skip-direct-sync",
  "skip-topic-id-fence",
  "keep-clean-marker",
];

/** Loads that a bug shows under sooner than under the full one. */
const LOADS: Partial<Record<LogBug, LoadOptions>> = {
  // The journal has to come round twice.
  "tail-before-segment-sync": { ...FULL_LOAD, bulkProducers: 0, churningTopics: 0, smallProducers: 5 },
};
const MOST_STATES = 120;
const LOAD_MS = 3000;
const TIMEOUT_MS = 120_000;

describe.skipIf(whyNoPowerCuts() !== null)("a power cut shows", () => {
  let folder = "";
  beforeAll(removeStale, TIMEOUT_MS);
  beforeEach(() => {
    folder = makeFolder();
  });
  afterEach(() => removeFolder(folder), TIMEOUT_MS);

  for (const bug of BUGS) {
    test(
      bug,
      async () => {
        const load = LOADS[bug] ?? FULL_LOAD;
        const run = await runToThePowerCut(folder, { disk: "mapped", loadMs: LOAD_MS, bug, load });
        const cuts = planCuts(run, MOST_STATES, ["drop", "subset", "torn", "keep"], 1);
        const outcome = await checkStates(folder, run, cuts, { bug, untilFound: true });
        // A volume that can't be mounted would be the rig's own fault.
        const noticed = outcome.findings.filter(({ words }) => !words.includes("can't be mounted"));
        console.log(`${bug}: ${outcome.states} states; ${noticed[0]?.words.slice(0, 120)}`);
        expect(noticed.length).toBeGreaterThan(0);
      },
      TIMEOUT_MS,
    );
  }
});

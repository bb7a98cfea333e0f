import { HeadwaterError } from "../base/errors.ts";
import type { LogBug } from "../log/log-config.ts";

const KNOWN: readonly LogBug[] = [
  "ack-before-sync",
  "late-end-capture",
  "skip-recovery-crc",
  "tail-before-segment-sync",
  "skip-rolled-segment-sync",
  "skip-folder-sync",
  "skip-topic-id-fence",
  "skip-direct-sync",
  "keep-clean-marker",
];

/**
 * Bugs planted for tests of the tests: HEADWATER_TEST_BUG holds their names, joined by commas. Throws
 * CONFIG_INVALID for a name that is none, so that a test can't pass by planting nothing.
 */
export function bugsFromEnvironment(env: Readonly<Record<string, string | undefined>>): ReadonlySet<LogBug> {
  const names = (env.HEADWATER_TEST_BUG ?? "").split(",").filter((name) => name !== "");
  const bugs = KNOWN.filter((bug) => names.includes(bug));
  if (bugs.length !== names.length) {
    throw new HeadwaterError(
      "CONFIG_INVALID",
      `HEADWATER_TEST_BUG=${names.join(",")}: known are ${KNOWN.join(", ")}`,
    );
  }
  return new Set(bugs);
}

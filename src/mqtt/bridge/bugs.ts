import { HeadwaterError } from "../../base/errors.ts";

/** Bugs that are switched on for the tests that have to notice them; never in a gateway. */
export const BRIDGE_BUGS = [
  /** A message counts as done when it is sent. */
  "bridge-done-when-sent",
  /** A PUBREL leaves before the PUBREC is on the disk. */
  "bridge-release-at-once",
  /** The remote's messages are acknowledged before they are on the disk. */
  "bridge-acknowledge-at-once",
  /** After a crash nobody looks which QoS 2 messages are in the log. */
  "bridge-no-search",
] as const;

export type BridgeBug = (typeof BRIDGE_BUGS)[number];

/** Bugs by their names, with commas between them. Throws CONFIG_INVALID for one that there is not. */
export function parseBridgeBugs(names: string): ReadonlySet<BridgeBug> {
  const bugs = new Set<BridgeBug>();
  for (const name of names.split(",").filter((each) => each !== "")) {
    const bug = BRIDGE_BUGS.find((known) => known === name);
    if (bug === undefined) throw new HeadwaterError("CONFIG_INVALID", `unknown deliberate bug ${name}`);
    bugs.add(bug);
  }
  return bugs;
}

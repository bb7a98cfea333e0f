import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Heard } from "./conversation.ts";

/** What Headwater is held against. */
export type Reference = "mosquitto" | "aedes";

/** One step at which devices heard something else; lines are joined by ` | `. */
export interface Difference {
  readonly script: string;
  readonly step: string;
  readonly theirs: string;
  readonly ours: string;
}

/** A difference that is meant. */
export interface Deviation extends Difference {
  readonly against: Reference;
  readonly reason: string;
}

/** Where the two have not said the same. */
export function differences(
  script: string,
  theirs: readonly Heard[],
  ours: readonly Heard[],
): readonly Difference[] {
  return ours.flatMap(({ step, lines }, index) => {
    const own = lines.join(" | ");
    const other = (theirs[index]?.lines ?? []).join(" | ");
    return same(other, own) ? [] : [{ script, step, theirs: other, ours: own }];
  });
}

/**
 * Equal but for two ways that show everywhere: Headwater tells MQTT 5 why it ends a connection, where the others often
 * just close it; and it never says that nobody subscribes (0x10), since the log has taken the message.
 */
function same(theirs: string, ours: string): boolean {
  const heard = theirs.replaceAll(/(puback|pubrec) (\d+) 0x10/g, "$1 $2");
  if (heard === ours) return true;
  const silent = ours.replaceAll(/(\w+): disconnect 0x[0-9a-f]+ \| \1: closed/g, "$1: closed");
  return !heard.includes(": disconnect") && heard === silent;
}

const FILE = join(import.meta.dirname, "deviations.txt");

/** Reads `deviations.txt`, whose head says how it is written. */
export function loadDeviations(): readonly Deviation[] {
  const deviations: Deviation[] = [];
  let against: Reference = "mosquitto";
  let [reason, script, step, theirs] = ["", "", "", ""];
  for (const line of readFileSync(FILE, "utf8").split("\n")) {
    const rest = line.slice(line.indexOf(" ") + 1);
    if (line.startsWith("against ")) against = rest === "aedes" ? "aedes" : "mosquitto";
    else if (line.startsWith("!! ")) reason = rest;
    else if (line.startsWith("== ")) script = rest;
    else if (line.startsWith("> ")) step = rest;
    else if (line.startsWith("theirs:")) theirs = line.slice("theirs:".length).trim();
    else if (line.startsWith("ours:")) {
      deviations.push({ against, reason, script, step, theirs, ours: line.slice("ours:".length).trim() });
    }
  }
  return deviations;
}

/** A difference as it stands in `deviations.txt`. */
export function written({ script, step, theirs, ours }: Difference): string {
  return [`== ${script}`, `> ${step}`, `theirs: ${theirs}`.trim(), `ours: ${ours}`.trim()].join("\n");
}

import type { EntryRing } from "./entry-ring.ts";
import { isDone, NO_SLOT, OFFERED, RELEASED, SENT, STATE_MASK } from "./entry-state.ts";
import type { ProgressRun } from "./records.ts";

/** What is under way of a flight, without what a connection alone has, in runs of the same state. */
export function runsOf(flight: EntryRing): ProgressRun[] {
  const runs: ProgressRun[] = [];
  for (let index = 0; index < flight.length; index++) {
    const flags = flight.flagsAt(index);
    if (isDone(flags) || (flags & OFFERED) !== 0) continue;
    const sequence = flight.sequenceAt(index);
    const released = (flags & STATE_MASK) !== SENT;
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.count === sequence && last.released === released) {
      last.count++;
    } else runs.push({ first: sequence, count: 1, released });
  }
  return runs;
}

/**
 * Puts into the flight what was under way by these runs. `entries` are messages below the boundary that a start has
 * found, `over` takes the slots of those that the session is done with. Both are in the order of the sequences.
 */
export function restoreFlight(
  flight: EntryRing,
  runs: readonly ProgressRun[],
  entries: EntryRing,
  over: (slot: number) => void,
): void {
  let at = 0;
  const takeReleasedBelow = (sequence: number): void => {
    for (; at < runs.length; at++) {
      const run = runs[at];
      if (run === undefined || run.first >= sequence) return;
      if (!run.released) {
        if (run.first + run.count > sequence) return;
        continue;
      }
      for (let step = 0; step < run.count; step++) flight.push(run.first + step, NO_SLOT, 2 | RELEASED);
    }
  };
  for (; entries.length > 0; entries.shift()) {
    const sequence = entries.sequenceAt(0);
    takeReleasedBelow(sequence);
    const run = runs[at];
    const isUnderWay =
      run !== undefined && !run.released && sequence >= run.first && sequence < run.first + run.count;
    if (isUnderWay) flight.push(sequence, entries.slotAt(0), entries.flagsAt(0) | SENT);
    else over(entries.slotAt(0));
  }
  takeReleasedBelow(Number.POSITIVE_INFINITY);
}

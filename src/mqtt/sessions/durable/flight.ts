import type { EntryRing } from "./entry-ring.ts";
import {
  isDone,
  NO_SLOT,
  OFFERED,
  PACKET_IDS,
  packetIdOf,
  RELEASED,
  SENT,
  STATE_MASK,
} from "./entry-state.ts";
import type { ProgressRun } from "./records.ts";

/** The entry of a flight that is not done and has this identifier, or -1. `isSorted`: its sequences only grow. */
export function findOpen(flight: EntryRing, packetId: number, isSorted: boolean): number {
  const { length } = flight;
  if (length === 0) return -1;
  if (isSorted) {
    const last = flight.sequenceAt(length - 1);
    const back = (packetIdOf(last) - packetId + PACKET_IDS) % PACKET_IDS;
    const index = flight.indexOf(last - back);
    if (index >= 0 && !isDone(flight.flagsAt(index))) return index;
    // But behind one that is not acknowledged for long, all are within one round of identifiers.
    if (last - flight.sequenceAt(0) < PACKET_IDS) return -1;
  }
  for (let index = 0; index < length; index++) {
    if (packetIdOf(flight.sequenceAt(index)) === packetId && !isDone(flight.flagsAt(index))) return index;
  }
  return -1;
}

/** Whether an entry that is not done has the identifier of this sequence, which is none of the flight's. */
export function isOpen(flight: EntryRing, sequence: number, isSorted: boolean): boolean {
  if (flight.length === 0 || (isSorted && sequence - flight.sequenceAt(0) < PACKET_IDS)) return false;
  return findOpen(flight, packetIdOf(sequence), isSorted) >= 0;
}

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

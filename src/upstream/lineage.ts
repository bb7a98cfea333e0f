import type { RunStart } from "../broker/lineages.ts";

/** A history of one partition that reached the centre, as far as `next`. */
export interface Branch {
  readonly next: number;
  /** Counts the histories of a partition: its records at the centre carry it, but for the first, 0. */
  readonly epoch: number;
  /** Its newest runs that began below `next`. */
  readonly lineage: readonly RunStart[];
}

/** Where a partition goes on. */
export interface Resumption {
  readonly next: number;
  readonly epoch: number;
  /** The other histories at the centre, newest first. */
  readonly others: readonly Branch[];
  /**
   * The centre has records [next, centralNext) of another history than the log here: it is an older copy, or another one.
   * Null where the log goes on where the centre is.
   */
  readonly divergedFrom: { readonly centralNext: number; readonly epoch: number } | null;
}

/** Histories of a partition that are remembered at the centre. */
export const MAX_BRANCHES = 4;

/**
 * Where to go on with a log of this lineage, which ends at `endOffset`, when the centre has these histories of it, the
 * newest first; there is one at least.
 */
export function resume(
  lineage: readonly RunStart[],
  endOffset: number,
  branches: readonly Branch[],
): Resumption {
  let nearest: { readonly branch: Branch; readonly sharedEnd: number } | null = null;
  for (const branch of branches) {
    const sharedEnd = sharedEndOf(lineage, endOffset, branch);
    if (sharedEnd === null || sharedEnd < (nearest?.sharedEnd ?? 0)) continue;
    const isNearer = nearest === null || sharedEnd > nearest.sharedEnd;
    if (isNearer || sharedEnd === branch.next) nearest = { branch, sharedEnd };
  }
  if (nearest !== null) {
    const { branch, sharedEnd: next } = nearest;
    if (branch.next === next) {
      const others = worthKeeping(
        lineage,
        next,
        branches.filter((other) => other !== branch),
      );
      return { next, epoch: branch.epoch, others, divergedFrom: null };
    }
    const epoch = Math.max(...branches.map((other) => other.epoch)) + 1;
    const divergedFrom = { centralNext: branch.next, epoch: branch.epoch };
    return { next, epoch, others: worthKeeping(lineage, next, branches), divergedFrom };
  }
  const [newest = { next: 0, epoch: 0, lineage: [] }, ...others] = branches;
  if (newest.next <= endOffset) {
    return { next: newest.next, epoch: newest.epoch, others, divergedFrom: null };
  }
  const epoch = Math.max(...branches.map((other) => other.epoch)) + 1;
  const divergedFrom = { centralNext: newest.next, epoch: newest.epoch };
  return { next: endOffset, epoch, others: branches.slice(0, MAX_BRANCHES - 1), divergedFrom };
}

/**
 * The newest of these histories, but for those that are the beginning of another one, or of what was forwarded of the log
 * at hand: who shares them shares as much with that.
 */
function worthKeeping(
  lineage: readonly RunStart[],
  next: number,
  branches: readonly Branch[],
): readonly Branch[] {
  const kept = branches.filter(
    (branch, index) =>
      sharedEndOf(lineage, next, branch) !== branch.next &&
      !branches.some((other, at) => {
        if (at === index || sharedEndOf(other.lineage, other.next, branch) !== branch.next) return false;
        // Of two that are the same the first stays.
        return other.next > branch.next || at < index;
      }),
  );
  return kept.slice(0, MAX_BRANCHES - 1);
}

/** Below which offset the log and a history at the centre are the same; null where either's is not known. */
function sharedEndOf(lineage: readonly RunStart[], endOffset: number, branch: Branch): number | null {
  if (endOffset === 0) return 0;
  for (let there = branch.lineage.length - 1; there >= 0; there--) {
    const here = lineage.findIndex(({ run }) => run === branch.lineage[there]?.run);
    if (here < 0) continue;
    const endThere = branch.lineage[there + 1]?.startOffset ?? branch.next;
    const endHere = lineage[here + 1]?.startOffset ?? endOffset;
    return Math.min(endThere, endHere, branch.next);
  }
  const [first] = branch.lineage;
  const last = lineage.at(-1);
  if (first === undefined || last === undefined) return null;
  // From its very beginning another one; else what they share is further back than the centre was told. Then it is most
  // likely that this run alone is not of that history: where it is, its end is not below where this run began.
  return first.startOffset === 0 ? 0 : Math.min(branch.next, last.startOffset);
}

/** The newest `depth` runs that began below `next`: what the centre has to know. */
export function lineageBelow(lineage: readonly RunStart[], next: number, depth: number): readonly RunStart[] {
  if (depth === 0) return [];
  return lineage.filter(({ startOffset }) => startOffset < next).slice(-depth);
}

/**
 * Where the first run began that came after the run of this name; -1 where none did. Runs of one data folder are in the
 * order of their numbers.
 */
export function startAfter(lineage: readonly RunStart[], run: string): number {
  const number = numberOf(run);
  return lineage.find((each) => numberOf(each.run) > number)?.startOffset ?? -1;
}

function numberOf(run: string): number {
  return Number.parseInt(run, 10);
}

/** `NEXT[~EPOCH][@RUN:START/RUN:START...]`: START in base 36. */
export function encodeBranch({ next, epoch, lineage }: Branch): string {
  const runs = lineage.map(({ run, startOffset }) => `${run}:${startOffset.toString(36)}`);
  return `${next}${epoch === 0 ? "" : `~${epoch}`}${runs.length === 0 ? "" : `@${runs.join("/")}`}`;
}

/** Null for what is none. */
export function decodeBranch(text: string): Branch | null {
  const found = /^(\d+)(?:~(\d+))?(?:@(.*))?$/.exec(text);
  if (found === null) return null;
  const [, next, epoch = "0", runs] = found;
  const lineage = (runs === undefined ? [] : runs.split("/")).map((each) => {
    const [run = "", start = ""] = each.split(":");
    return { run, startOffset: Number.parseInt(start, 36) };
  });
  const numbers = [Number(next), Number(epoch), ...lineage.map(({ startOffset }) => startOffset)];
  if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) return null;
  return { next: Number(next), epoch: Number(epoch), lineage };
}

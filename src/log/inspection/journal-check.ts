import { HeadwaterError } from "../../base/errors.ts";
import type { Disk, DiskFile } from "../../io/disk.ts";
import { JOURNAL_FOLDER } from "../folder-names.ts";
import { damagedRounds, type JournalEntry, readJournal } from "../journal.ts";
import { type Findings, SUSPECT_DISK } from "./damage.ts";

/** A half of the journal that the last run left, or one that was kept for a log that could not be synced. */
const JOURNAL_FILE = /^(0|1|kept\.\d+)$/;

export interface JournalFacts {
  readonly storeId: Uint8Array | null;
  /** Rounds of earlier generations are in the segments. */
  readonly floorGeneration: number;
  /** Everything that it has is in the segments. */
  readonly isClean: boolean;
}

/**
 * Looks at the journal's files. Gives the entries that the next start would take up, oldest first; `files` are open
 * and the caller's to close.
 */
export function checkJournal(
  disk: Disk,
  folder: string,
  facts: JournalFacts,
  findings: Findings,
): { readonly entries: readonly JournalEntry[]; readonly files: readonly DiskFile[] } {
  const files: DiskFile[] = [];
  const contents: { readonly generation: number; readonly entries: readonly JournalEntry[] }[] = [];
  const parent = `${folder}/${JOURNAL_FOLDER}`;
  for (const name of disk.list(parent)) {
    const path = `${parent}/${name}`;
    if (!JOURNAL_FILE.test(name)) continue;
    try {
      const file = disk.openFile(path, "read");
      files.push(file);
      const read = readJournal(file, facts.storeId);
      findings.sums.journalRounds += read.rounds.length;
      const counts = name.startsWith("kept.") || read.highestGeneration >= facts.floorGeneration;
      tellDamaged(file, counts, facts, findings);
      if (counts && !facts.isClean)
        contents.push({
          generation: read.highestGeneration,
          entries: read.rounds.flatMap(({ entries }) => entries),
        });
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      findings.damage(null, {
        part: "journal",
        path,
        what: `it can't be read: ${error.message}`,
        ...judged(facts.isClean),
      });
    }
  }
  contents.sort((a, b) => a.generation - b.generation);
  return { entries: contents.flatMap(({ entries }) => entries), files };
}

function tellDamaged(file: DiskFile, counts: boolean, facts: JournalFacts, findings: Findings): void {
  for (const { position, endPosition, isLast } of damagedRounds(file, facts.storeId)) {
    // Rounds that were used up long ago are still there, and nobody needs them.
    if (!counts && !facts.isClean) continue;
    if (isLast && !facts.isClean) {
      findings.remark(
        file.path,
        `the round at byte ${position} is not whole: it was being written when the gateway was cut off, and nothing in it was acknowledged`,
      );
      continue;
    }
    findings.damage(null, {
      part: "journal",
      path: file.path,
      position,
      endPosition,
      what: "a round of the journal is damaged",
      ...judged(facts.isClean),
    });
  }
}

function judged(isClean: boolean): { readonly meaning: string; readonly remedy: string } {
  return isClean
    ? {
        meaning: "nothing is lost: the gateway was shut down cleanly, and the segments have all of it",
        remedy: `headwater repair makes the journal anew; ${SUSPECT_DISK}`,
      }
    : {
        meaning:
          "what was acknowledged in that round is lost where the segments have not got it either: a power cut came before they were synced",
        remedy: `headwater repair, or the next start, says what is missing; ${SUSPECT_DISK}`,
      };
}

import { HeadwaterError } from "../../base/errors.ts";
import type { Disk } from "../../io/disk.ts";
import { CHECKPOINT_FILES, type Checkpoint, decodeCheckpoint, type LogState } from "../checkpoint.ts";
import {
  CLEAN_SHUTDOWN_FILE,
  FORMAT_FILE,
  LOG_SUFFIX,
  PARTITION_METADATA_FILE,
  parsePartitionFolderName,
  partitionFolderName,
  QUARANTINE_FOLDER,
  SWAP_SUFFIX,
} from "../folder-names.ts";
import type { JournalEntry } from "../journal.ts";
import { decodePartitionMetadata, MAX_PARTITION_METADATA_BYTES } from "../partition-metadata.ts";
import { decodeFormat, MAX_FORMAT_BYTES } from "../store-format.ts";
import { type Damage, Findings, type InspectionSums, REPAIR, type Remark, SUSPECT_DISK } from "./damage.ts";
import { checkJournal } from "./journal-check.ts";
import { type ContentCheck, checkLog, type LogFacts } from "./log-check.ts";

const MAX_CHECKPOINT_BYTES = 512 * 1024 * 1024;

export interface InspectionOptions {
  /** Nothing is written to it. */
  readonly disk: Disk;
  readonly folder: string;
  /** Somebody else has the folder open: only what the last checkpoint has is looked at, which does not change. */
  readonly isRunning: boolean;
  /** One topic alone; null: all, and the journal. */
  readonly topic: string | null;
  readonly contentCheck?: (topic: string) => ContentCheck | null;
  readonly progress?: (doneBytes: number, totalBytes: number) => void;
}

export interface Inspection {
  readonly condition: "clean" | "unclean" | "running";
  readonly damages: readonly Damage[];
  readonly remarks: readonly Remark[];
  readonly sums: InspectionSums;
}

/**
 * Goes through a data folder and says what is damaged, without changing anything: every batch's sum and offsets, the
 * indexes against the batches, the journal, the checkpoints and what they say of producers. Throws DATA_FORMAT_UNKNOWN
 * for a folder of a later version, FILE_MISSING where there is none.
 */
export function inspectStore(options: InspectionOptions): Inspection {
  return new StoreCheck(options).run();
}

class StoreCheck {
  readonly #options: InspectionOptions;
  readonly #findings = new Findings();
  #doneBytes = 0;
  #totalBytes = 0;

  constructor(options: InspectionOptions) {
    this.#options = options;
  }

  run(): Inspection {
    const { folder, isRunning, topic, disk } = this.#options;
    const names = disk.list(folder);
    if (!names.includes(FORMAT_FILE) && !names.some((name) => CHECKPOINT_FILES.some((file) => file === name)))
      throw new HeadwaterError(
        "FILE_MISSING",
        `${folder} is no data folder of headwater: name another with --data`,
      );
    const storeId = this.#checkFormat();
    const { checkpoint, isClean } = this.#readCheckpoints();
    const condition = isRunning ? "running" : isClean ? "clean" : "unclean";
    const journal =
      isRunning || topic !== null
        ? { entries: [], files: [] }
        : checkJournal(
            disk,
            folder,
            {
              storeId: storeId ?? checkpoint?.storeId ?? null,
              floorGeneration: checkpoint?.floorGeneration ?? 0,
              isClean,
            },
            this.#findings,
          );
    try {
      this.#checkLogs(checkpoint, condition, journal.entries);
    } finally {
      for (const file of journal.files) file.close();
    }
    this.#remarkQuarantine();
    const { damages, remarks, sums } = this.#findings;
    return { condition, damages, remarks, sums };
  }

  get #disk(): Disk {
    return this.#options.disk;
  }

  #checkFormat(): Uint8Array | null {
    const path = `${this.#options.folder}/${FORMAT_FILE}`;
    const bytes = this.#readSmall(path, MAX_FORMAT_BYTES);
    const storeId = bytes === null ? null : decodeFormat(bytes, path);
    if (storeId === null)
      this.#findings.damage(null, {
        part: "folder",
        path,
        what: bytes === null ? "the file is missing or can't be read" : "the file is damaged",
        meaning: "nothing is lost: the checkpoint has what it says",
        remedy: `${REPAIR}; ${SUSPECT_DISK}`,
      });
    return storeId;
  }

  /** The newest checkpoint that can be believed, and whether it is the whole truth. */
  #readCheckpoints(): { readonly checkpoint: Checkpoint | null; readonly isClean: boolean } {
    const { folder } = this.#options;
    const marker = this.#readSmall(`${folder}/${CLEAN_SHUTDOWN_FILE}`, MAX_FORMAT_BYTES);
    const text = marker === null ? "" : new TextDecoder().decode(marker);
    const sequence = /^\d{1,15}\n$/.test(text) ? Number(text) : null;
    let newest: Checkpoint | null = null;
    const unreadable: string[] = [];
    for (const name of CHECKPOINT_FILES) {
      const path = `${folder}/${name}`;
      const bytes = this.#readSmall(path, MAX_CHECKPOINT_BYTES);
      const checkpoint = bytes === null ? null : decoded(bytes);
      // A file that was never written to is all zeros.
      if (checkpoint === null && bytes?.some((byte) => byte !== 0)) unreadable.push(path);
      if (checkpoint !== null && checkpoint.sequence > (newest?.sequence ?? -1)) newest = checkpoint;
    }
    const isClean = newest !== null && sequence === newest.sequence;
    for (const path of unreadable) this.#tellCheckpoint(path, newest, isClean, marker !== null);
    if (newest === null && unreadable.length === 0 && !this.#options.isRunning)
      this.#tellCheckpoint(`${folder}/${CHECKPOINT_FILES[0]}`, null, false, true);
    if (!isClean && marker !== null && unreadable.length === 0)
      this.#findings.damage(null, {
        part: "folder",
        path: `${folder}/${CLEAN_SHUTDOWN_FILE}`,
        what: "it does not name the checkpoint that is there",
        meaning: "nothing is lost: the next start recovers as after a power cut",
        remedy: `${REPAIR}; ${SUSPECT_DISK}`,
      });
    return { checkpoint: newest, isClean };
  }

  #tellCheckpoint(path: string, newest: Checkpoint | null, isClean: boolean, isMarked: boolean): void {
    if (this.#options.isRunning) return;
    if (newest !== null && !isClean && !isMarked) {
      this.#findings.remark(
        path,
        "it was being written when the gateway was cut off; the one before it counts",
      );
      return;
    }
    this.#findings.damage(null, {
      part: "checkpoint",
      path,
      what: "the checkpoint can't be read",
      meaning: isClean
        ? "nothing is lost: the other one is newer"
        : newest === null
          ? "the next start reads all segments; producers begin anew, so that one that sends a batch again may have it twice"
          : "the next start goes by the one before, and by the journal",
      remedy: `${REPAIR}; ${SUSPECT_DISK}`,
    });
  }

  #checkLogs(
    checkpoint: Checkpoint | null,
    condition: Inspection["condition"],
    entries: readonly JournalEntry[],
  ): void {
    const states = new Map<string, LogState>();
    for (const state of checkpoint?.logs ?? [])
      states.set(partitionFolderName(state.topic, state.partition), state);
    const folders = this.#disk.list(this.#options.folder).filter((name) => this.#isChosen(name));
    for (const state of states.values())
      for (const { sizeBytes } of state.segments) this.#totalBytes += sizeBytes;
    for (const name of folders) {
      if (condition === "running" && !states.has(name)) continue;
      try {
        this.#checkFolder(name, states.get(name) ?? null, checkpoint, condition, entries);
      } catch (error) {
        if (!(error instanceof HeadwaterError) || error.code === "DATA_FORMAT_UNKNOWN") throw error;
        this.#tellUnreadable(name, states.get(name) ?? null, error);
      }
    }
    for (const [name, state] of states) {
      if (folders.includes(name) || !this.#isChosen(name) || condition !== "clean") continue;
      this.#findings.damage(state, {
        part: "folder",
        path: `${this.#options.folder}/${name}`,
        ...lostOf(state),
        what: "the partition's folder is missing",
        meaning: "all its records are lost here; what an uplink has carried is at the centre",
        remedy: "put the folder back, or restore a backup; headwater repair --apply goes on without it",
      });
    }
  }

  #tellUnreadable(name: string, state: LogState | null, error: HeadwaterError): void {
    this.#findings.damage(state, {
      part: "folder",
      path: `${this.#options.folder}/${name}`,
      what: `the partition's folder can't be read: ${error.message}`,
      meaning: "the partition is not served",
      remedy: `look at the rights of its files, and at the disk; then ${REPAIR}`,
    });
  }

  #isChosen(name: string): boolean {
    const parsed = parsePartitionFolderName(name);
    return parsed !== null && (this.#options.topic === null || parsed.topic === this.#options.topic);
  }

  #checkFolder(
    name: string,
    state: LogState | null,
    checkpoint: Checkpoint | null,
    condition: Inspection["condition"],
    entries: readonly JournalEntry[],
  ): void {
    const folder = `${this.#options.folder}/${name}`;
    const parsed = parsePartitionFolderName(name);
    if (parsed === null) return;
    const bytes = this.#readSmall(`${folder}/${PARTITION_METADATA_FILE}`, MAX_PARTITION_METADATA_BYTES);
    const ownId = bytes === null ? null : decodePartitionMetadata(bytes);
    // A start that was cut off leaves a folder without it, and without records.
    const isHalfMade = bytes === null && state === null && !this.#hasRecords(folder);
    if (isHalfMade) return;
    if (ownId === null) this.#tellMetadata(folder, state);
    const topicId = ownId ?? state?.topicId ?? null;
    if (topicId === null) return;
    const own = entries.filter((entry) => entry.topicId === topicId && entry.partition === parsed.partition);
    const facts: LogFacts = {
      disk: this.#disk,
      log: { ...parsed, topicId },
      folder,
      state: state?.topicId === topicId ? state : null,
      entries: own,
      condition,
      checkpointLost: checkpoint === null,
      contentCheck: this.#options.contentCheck?.(parsed.topic) ?? null,
      findings: this.#findings,
      progress: (done) => {
        this.#doneBytes += done;
        this.#options.progress?.(this.#doneBytes, this.#totalBytes);
      },
    };
    if (condition === "running") this.#checkRunning(facts);
    else checkLog(facts);
  }

  /** What retention or compaction took while it was read is no damage. */
  #checkRunning(facts: LogFacts): void {
    const own = new Findings();
    try {
      checkLog({ ...facts, findings: own });
    } catch (error) {
      // A file that went between two looks.
      if (!(error instanceof HeadwaterError)) throw error;
    }
    const changed = own.damages.length > 0 && this.#hasChanged(facts);
    if (changed)
      this.#findings.remark(
        facts.folder,
        "it changed while it was read: it is being compacted or cleaned up",
      );
    else this.#findings.damages.push(...own.damages);
    this.#findings.remarks.push(...own.remarks);
    const { sums } = this.#findings;
    for (const key of Object.keys(sums) as (keyof InspectionSums)[]) sums[key] += own.sums[key];
  }

  #hasChanged({ folder, log, state }: LogFacts): boolean {
    if (this.#disk.list(folder).some((name) => name.endsWith(SWAP_SUFFIX))) return true;
    let newest: Checkpoint | null = null;
    for (const name of CHECKPOINT_FILES) {
      const bytes = this.#readSmall(`${this.#options.folder}/${name}`, MAX_CHECKPOINT_BYTES);
      const checkpoint = bytes === null ? null : decoded(bytes);
      if (checkpoint !== null && checkpoint.sequence > (newest?.sequence ?? -1)) newest = checkpoint;
    }
    const now = newest?.logs.find(
      ({ topicId, partition }) => topicId === log.topicId && partition === log.partition,
    );
    const sealed = (known: LogState | null | undefined): string =>
      JSON.stringify(
        (known?.segments ?? []).slice(0, state?.segments.length ?? 0).map(({ baseOffset }) => baseOffset),
      );
    return now === undefined || sealed(now) !== sealed(state);
  }

  #tellMetadata(folder: string, state: LogState | null): void {
    this.#findings.damage(state, {
      part: "folder",
      path: `${folder}/${PARTITION_METADATA_FILE}`,
      what: "the file is missing or damaged",
      meaning:
        state === null
          ? "nobody can say which topic the records are of, and the next start sets the folder aside"
          : "nothing is lost: the checkpoint has the topic's id",
      remedy: `${REPAIR}; ${SUSPECT_DISK}`,
    });
  }

  #hasRecords(folder: string): boolean {
    for (const file of this.#disk.list(folder)) {
      const path = `${folder}/${file}`;
      if (!file.endsWith(LOG_SUFFIX) || !this.#disk.isFile(path)) continue;
      const opened = this.#disk.openFile(path, "read");
      const start = opened.view(0, Math.min(opened.sizeBytes, 64)).slice();
      opened.close();
      if (start.some((byte) => byte !== 0)) return true;
    }
    return false;
  }

  #remarkQuarantine(): void {
    const path = `${this.#options.folder}/${QUARANTINE_FOLDER}`;
    const count = this.#disk.list(path).length;
    if (count > 0)
      this.#findings.remark(
        path,
        `${count} damaged files were set aside here earlier; nobody reads them any more`,
      );
  }

  /** Null where it is not there or can't be read. */
  #readSmall(path: string, maxBytes: number): Uint8Array | null {
    try {
      return this.#disk.readFile(path, maxBytes);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      return null;
    }
  }
}

function decoded(bytes: Uint8Array): Checkpoint | null {
  try {
    return decodeCheckpoint(bytes);
  } catch {
    return null;
  }
}

function lostOf({ logStartOffset, segments }: LogState): Pick<Damage, "fromOffset" | "toOffset"> {
  const end = segments.at(-1)?.nextOffset ?? logStartOffset;
  return end > logStartOffset
    ? { fromOffset: logStartOffset, toOffset: end }
    : { fromOffset: null, toOffset: null };
}

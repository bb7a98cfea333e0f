import { HeadwaterError } from "../base/errors.ts";
import type { CommitMark } from "./append-read.ts";
import type { LogLimits, LogReport } from "./log-config.ts";
import type { PartitionLog } from "./partition-log.ts";

export interface BackgroundOptions {
  readonly limits: LogLimits;
  readonly report: LogReport;
  /** Copies what a half of the journal holds of logs that can't be synced, before it is reused. Throws DISK_*. */
  keepJournal(generation: number, fenced: readonly PartitionLog[]): void;
  /** A sync has made the log durable up to there, of which a round of the journal may have nothing. */
  synced(log: PartitionLog, mark: CommitMark): void;
  /** Writes a checkpoint in which journal rounds below the generation count as done (null: as before). */
  checkpoint(floorGeneration: number | null): Promise<void>;
  /** The half is free. */
  release(generation: number): void;
  /** Everything that was dirty when the pass began is durable: the journal may be reused without it. */
  readonly skipSyncs: boolean;
}

/**
 * Brings the segments after the journal: syncs what is dirty, a few files at a time, cuts sealed segments to
 * their length, writes a checkpoint, and then gives a half of the journal free. Passes never overlap.
 */
export class Background {
  readonly #options: BackgroundOptions;
  readonly #unsynced = new Set<PartitionLog>();
  /** Half of the journal to give free by the next pass. */
  #generation: number | null = null;
  #wanted = false;
  #pass: Promise<void> | null = null;
  #waiters: (() => void)[] = [];
  #stopped = false;
  passes = 0;

  constructor(options: BackgroundOptions) {
    this.#options = options;
  }

  add(log: PartitionLog): void {
    this.#unsynced.add(log);
  }

  forget(log: PartitionLog): void {
    this.#unsynced.delete(log);
  }

  get pending(): number {
    return this.#unsynced.size;
  }

  get running(): boolean {
    return this.#pass !== null;
  }

  /** Whether a half of the journal waits to be given free, after a pass that failed. */
  get overdue(): boolean {
    return this.#generation !== null && this.#pass === null;
  }

  /** Starts a pass, or one more after the pass that is under way. Resolves when it is done. Never rejects. */
  request(generation: number | null): Promise<void> {
    if (generation !== null) this.#generation = generation;
    this.#wanted = true;
    this.#pass ??= this.#runPasses();
    return this.#pass;
  }

  /** Resolves after the next pass, or at `stop`. */
  async nextPass(): Promise<void> {
    if (this.#stopped) return;
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  async #runPasses(): Promise<void> {
    // The caller's turn ends first: a pass begins with what that turn did.
    await null;
    while (this.#wanted && !this.#stopped) {
      this.#wanted = false;
      try {
        await this.#runPass();
      } catch (error) {
        if (!(error instanceof HeadwaterError)) throw error;
        this.#options.report.warning?.("a checkpoint could not be written; it is tried again", error);
      }
      this.#wake();
    }
    this.#pass = null;
  }

  async #runPass(): Promise<void> {
    const { limits, skipSyncs } = this.#options;
    const generation = this.#generation;
    const logs = skipSyncs ? [] : [...this.#unsynced];
    const workers: Promise<void>[] = [];
    for (let i = 0; i < limits.backgroundSyncs; i++) workers.push(this.#syncLogs(logs));
    await Promise.all(workers);
    if (this.#stopped) return;
    if (generation !== null) {
      const fenced = [...this.#unsynced].filter((log) => log.fault !== null && !log.deleted);
      if (fenced.length > 0) this.#options.keepJournal(generation, fenced);
    }
    await this.#options.checkpoint(generation === null ? null : generation + 1);
    this.passes += 1;
    if (generation === null) return;
    this.#options.release(generation);
    if (this.#generation === generation) this.#generation = null;
  }

  /** Takes logs off the list until it is empty. */
  async #syncLogs(logs: PartitionLog[]): Promise<void> {
    for (let log = logs.pop(); log !== undefined && !this.#stopped; log = logs.pop()) {
      if (log.deleted) this.#unsynced.delete(log);
      else if (log.fault === null) await this.#syncLog(log);
    }
  }

  async #syncLog(log: PartitionLog): Promise<void> {
    const mark = log.captureEnd();
    try {
      await log.files.trimSealed();
      await log.files.sync();
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      if (!log.deleted) log.fence(error, "its segments could not be synced");
      return;
    }
    if (log.fault !== null || log.deleted) return;
    this.#options.synced(log, mark);
    if (!log.files.isBehind) this.#unsynced.delete(log);
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}

import { HeadwaterError } from "../base/errors.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { CommitMark } from "./append-read.ts";
import type { Journal } from "./journal.ts";
import type { LogBug, LogLimits } from "./log-config.ts";
import type { PartitionLog } from "./partition-log.ts";
import { SyncedEnds } from "./synced-ends.ts";

export interface CommitStatus {
  readonly rounds: number;
  readonly journalBytes: number;
  readonly directSyncs: number;
  /**
   * When, by the monotonic clock, the round that goes on began or the first append came that waits for one; null
   * where there is nothing to do.
   */
  readonly unfinishedSinceMs: number | null;
  /** Milliseconds from the write of a round to its being durable. */
  readonly roundMs: LatencyFigures;
}

export interface LatencyFigures {
  readonly count: number;
  readonly sumMs: number;
  readonly maxMs: number;
  /** Count of rounds that took at most LATENCY_BOUNDS_MS[i]; the last is for all others. */
  readonly buckets: readonly number[];
}

export const LATENCY_BOUNDS_MS: readonly number[] = [0.5, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000];

/** Which sync of the journal fails, or never ends, where a test asks for that. */
const PLANTED_FAILURE = 20;

interface Taken {
  readonly log: PartitionLog;
  readonly mark: CommitMark;
  /** Whether its pending bytes became durable; else only its log start offset. */
  readonly bytes: boolean;
  /** Whether its log start offset stands in the round. */
  readonly logStart: boolean;
}

/** What a round asks of its surroundings. */
export interface CommitOptions {
  readonly clock: Clock;
  readonly limits: LogLimits;
  readonly bugs: ReadonlySet<LogBug>;
  readonly journal: Journal;
  /** Gives the other half of the journal free, some time after a switch to this one. */
  drain(generation: number): void;
  /** Resolves when a half of the journal was given free. */
  drained(): Promise<void>;
  /** A sync of the journal failed: nothing can be acknowledged any more. */
  failed(error: unknown): void;
  /** High watermarks may have moved, or logs were fenced. */
  committed(): void;
}

/**
 * Commit rounds: what all logs appended since the last round becomes durable with one write and one sync of the
 * journal; logs that bring much are synced themselves meanwhile. Only one round is in flight; what arrives
 * during it shares the next. What a round covers is read before its sync starts, never after.
 *
 * Clients that wait for their acks answer a round with their next records, in a burst. A round that started with
 * the first of them would leave the others to a second one, so a round waits, for `lingerMs` at most, until as
 * many appends have come as the round before had.
 */
export class Commits {
  readonly #options: CommitOptions;
  readonly #waiting = new Set<PartitionLog>();
  readonly #syncedEnds: SyncedEnds;
  #scheduled = false;
  #lingering: Timer | null = null;
  /** Appends since the last round began, and those that it had. */
  #appends = 0;
  #lastAppends = 0;
  #running = false;
  /** A round of the journal was written, and is not durable yet. */
  #inFlight = false;
  /** What syncs in the background made durable meanwhile. */
  readonly #held = new Map<PartitionLog, CommitMark>();
  #unfinishedSinceMs: number | null = null;
  #stopped = false;
  #notifying = false;
  #idle: (() => void)[] = [];
  #rounds = 0;
  #directSyncs = 0;
  #journalSyncs = 0;
  readonly #latency = {
    count: 0,
    sumMs: 0,
    maxMs: 0,
    buckets: new Array<number>(LATENCY_BOUNDS_MS.length + 1).fill(0),
  };

  constructor(options: CommitOptions) {
    this.#options = options;
    this.#syncedEnds = new SyncedEnds(options.journal, options.bugs);
  }

  status(): CommitStatus {
    return {
      rounds: this.#rounds,
      journalBytes: this.#options.journal.bytesWritten,
      directSyncs: this.#directSyncs,
      unfinishedSinceMs: this.#unfinishedSinceMs,
      roundMs: { ...this.#latency, buckets: [...this.#latency.buckets] },
    };
  }

  /** The log has appended, or moved its start. */
  add(log: PartitionLog): void {
    if (log.config.durability === "memory") this.#notifySoon();
    if (!log.awaitsSync && !log.needsLogStartCommit) return;
    this.#waiting.add(log);
    this.#unfinishedSinceMs ??= this.#options.clock.monotonicMs();
    this.#appends += 1;
    this.#schedule();
  }

  /**
   * Somebody else has synced the log's segments, so that it is durable up to there. That counts once the journal is told of it:
   * while a round is in flight, when that ends, which is when clients are told anyway.
   */
  synced(log: PartitionLog, mark: CommitMark): void {
    this.#held.set(log, mark);
    if (this.#inFlight) return;
    this.#syncedEnds.note(this.#releaseHeld());
    this.#syncedEnds.writeAhead();
  }

  /** Resolves when nothing waits for a round any more. */
  async settled(): Promise<void> {
    while ((this.#running || this.#waiting.size > 0) && !this.#stopped) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#lingering?.cancel();
    this.#waiting.clear();
    this.#held.clear();
    this.#unfinishedSinceMs = null;
    this.#wakeIdle();
  }

  /** Logs that don't wait for the disk are read from at once, but after the turn that appended. */
  #notifySoon(): void {
    if (this.#notifying) return;
    this.#notifying = true;
    this.#options.clock.soon(() => {
      this.#notifying = false;
      this.#options.committed();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#running || this.#stopped) return;
    const { lingerMs } = this.#options.limits;
    if (lingerMs === 0 || this.#appends >= this.#lastAppends) {
      this.#lingering?.cancel();
      this.#start();
    } else this.#lingering ??= this.#options.clock.after(lingerMs, () => this.#start());
  }

  /** A round begins when the turn of the event loop is over, with all that it has brought. */
  #start(): void {
    this.#lingering = null;
    this.#scheduled = true;
    this.#options.clock.soon(() => {
      this.#scheduled = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#stopped) return;
    this.#running = true;
    try {
      await this.#round();
    } catch (error) {
      this.stop();
      this.#options.failed(error);
    } finally {
      this.#running = false;
    }
    this.#unfinishedSinceMs = this.#waiting.size > 0 ? this.#options.clock.monotonicMs() : null;
    if (this.#waiting.size > 0) this.#schedule();
    else this.#wakeIdle();
  }

  async #round(): Promise<void> {
    const { journal, clock, bugs } = this.#options;
    const startMs = clock.monotonicMs();
    this.#lastAppends = this.#appends;
    this.#appends = 0;
    const direct: Taken[] = [];
    const journaled: Taken[] = [];
    for (const log of this.#waiting) this.#take(log, direct, journaled);
    if (journal.entries > 0 && !journal.hasRoomFor(this.#syncedEnds.waiting)) await this.#switchHalf();
    if (journal.entries > 0) this.#syncedEnds.carry();
    const syncs = direct.map((taken) => this.#syncDirect(taken.log));
    const born = journaled.map(({ log }) => log).filter((log) => log.files.isNewborn);
    for (const log of born) syncs.push(this.#bear(log));
    if (journal.entries > 0) {
      journal.write();
      this.#inFlight = true;
      syncs.push(this.#syncJournal());
    }
    if (bugs.has("ack-before-sync")) {
      this.#release(direct, journaled);
      this.#options.committed();
    }
    // Every sync has ended before the round does, whichever fails first.
    const results = await Promise.allSettled(syncs);
    for (const result of results) if (result.status === "rejected") throw result.reason;
    this.#release(direct, journaled);
    this.#inFlight = false;
    // Before clients are told that it is durable.
    this.#syncedEnds.note([...direct.map(({ log }) => log), ...born, ...this.#releaseHeld()]);
    this.#syncedEnds.writeAhead();
    this.#note(clock.monotonicMs() - startMs);
    this.#options.committed();
  }

  /** Puts what a log has into the round, or leaves it for the next. */
  #take(log: PartitionLog, direct: Taken[], journaled: Taken[]): void {
    const { journal, limits } = this.#options;
    if (log.deleted || log.fault !== null) {
      this.#waiting.delete(log);
      return;
    }
    const bytes = log.awaitsSync ? log.pendingBytes : 0;
    const entries = log.pendingEntries();
    const mark = log.captureEnd();
    const logStart = log.needsLogStartCommit;
    if (bytes >= limits.directBytes || (bytes > 0 && !journal.fitsAtAll(bytes, entries))) {
      if (!journal.fits(1, 0)) return;
      log.writeLogStart(journal);
      direct.push({ log, mark, bytes: true, logStart });
    } else {
      if (!journal.fits(entries, bytes)) return;
      if (bytes > 0) log.writePending(journal);
      log.writeLogStart(journal);
      journaled.push({ log, mark, bytes: bytes > 0, logStart });
    }
    this.#waiting.delete(log);
  }

  #syncJournal(): Promise<void> {
    const { journal, bugs } = this.#options;
    this.#journalSyncs += 1;
    if (this.#journalSyncs === PLANTED_FAILURE && bugs.has("fail-journal-sync")) {
      return Promise.reject(new HeadwaterError("DISK_IO", "cannot sync the journal: EIO, planted"));
    }
    if (this.#journalSyncs === PLANTED_FAILURE && bugs.has("hang-journal-sync")) return new Promise(() => {});
    return journal.sync();
  }

  async #syncDirect(log: PartitionLog): Promise<void> {
    if (this.#options.bugs.has("skip-direct-sync")) return;
    this.#directSyncs += 1;
    try {
      await log.files.sync();
    } catch (error) {
      // This log's affair: the others' appends are in the journal, or in segments of their own.
      log.fence(error, "its segments could not be synced");
    }
  }

  /** The journal's entries are nobody's until recovery would find the log. */
  async #bear(log: PartitionLog): Promise<void> {
    try {
      await log.files.bear();
    } catch (error) {
      log.fence(error, "its files could not be made");
    }
  }

  #release(...groups: Taken[][]): void {
    const late = this.#options.bugs.has("late-end-capture");
    for (const { log, mark, bytes, logStart } of groups.flat()) {
      if (log.fault !== null || log.deleted) continue;
      if (bytes) log.committed(late ? log.captureEnd() : mark);
      if (logStart) log.logStartDurable(mark.logStartOffset);
    }
  }

  /** Gives the logs of which more is durable by that. */
  #releaseHeld(): PartitionLog[] {
    const released: PartitionLog[] = [];
    for (const [log, mark] of this.#held) {
      if (log.fault !== null || log.deleted || mark.offset <= log.durableEndOffset) continue;
      log.committed(mark);
      released.push(log);
    }
    this.#held.clear();
    return released;
  }

  /** Goes on in the other half of the journal, once that is free. */
  async #switchHalf(): Promise<void> {
    const { journal } = this.#options;
    for (;;) {
      const full = journal.switchHalf();
      if (full !== null) {
        this.#options.drain(full);
        return;
      }
      await this.#options.drained();
      if (this.#stopped) throw new HeadwaterError("LOG_FENCED", "the log was stopped");
    }
  }

  #note(durationMs: number): void {
    this.#rounds += 1;
    this.#latency.count += 1;
    this.#latency.sumMs += durationMs;
    this.#latency.maxMs = Math.max(this.#latency.maxMs, durationMs);
    const bucket = LATENCY_BOUNDS_MS.findIndex((boundMs) => durationMs <= boundMs);
    const index = bucket < 0 ? LATENCY_BOUNDS_MS.length : bucket;
    this.#latency.buckets[index] = (this.#latency.buckets[index] ?? 0) + 1;
  }

  #wakeIdle(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}

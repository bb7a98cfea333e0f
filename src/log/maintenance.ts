import { HeadwaterError } from "../base/errors.ts";
import { checkBatch } from "../records/batch.ts";
import { Compaction } from "./compaction.ts";
import type { Deletions } from "./deletions.ts";
import type { Journal } from "./journal.ts";
import { KeyIndexing } from "./key-indexing.ts";
import type { LogHost } from "./log-host.ts";
import { type LogTimes, TIMES_AS_STAMPED } from "./log-times.ts";
import type { PartitionLog } from "./partition-log.ts";
import type { Quarantine } from "./quarantine.ts";
import { RecordsAhead } from "./records-ahead.ts";
import { decideRetention, isDueToRoll } from "./retention.ts";
import type { Segment } from "./segment.ts";

/** Files of deleted partitions removed by one tick: so many at least, and more while there is time. */
const REMOVALS_PER_TICK = 64;
const REMOVAL_MS_PER_TICK = 20;
/** How long after the start records are first looked at for their age, as in Kafka; sooner where the interval is. */
const FIRST_RETENTION_CHECK_MS = 30_000;

interface Damage {
  readonly log: PartitionLog;
  readonly segment: Segment;
}

/** What time brings, in small portions: see LogStore.maintain. */
export class Maintenance {
  readonly #host: LogHost;
  readonly #quarantine: Quarantine;
  readonly #journal: Journal;
  readonly #doomedFolders: string[];
  readonly #deletions: Deletions;
  readonly #damaged: Damage[] = [];
  readonly #keyIndexing: KeyIndexing;
  #journalIsZeroed = false;
  /** Monotonic time of the next look for records that are too old. */
  #nextRetentionCheckMs: number;
  /** Something was mended between two ticks. */
  #mended = false;
  readonly #ahead: RecordsAhead;
  readonly compaction: Compaction;
  /** What is known of times that a wrong clock has stamped. */
  times: LogTimes = TIMES_AS_STAMPED;

  constructor(options: {
    readonly host: LogHost;
    readonly quarantine: Quarantine;
    readonly journal: Journal;
    readonly doomedFolders: readonly string[];
    readonly deletions: Deletions;
    /** 16 bytes that nobody can guess, new ones each time. */
    readonly secret: () => Uint8Array;
  }) {
    const { host, quarantine, journal, doomedFolders, deletions, secret } = options;
    this.compaction = new Compaction(host, secret);
    this.#keyIndexing = new KeyIndexing(host);
    this.#ahead = new RecordsAhead((message) => host.report.warning?.(message));
    this.#host = host;
    this.#quarantine = quarantine;
    this.#journal = journal;
    this.#doomedFolders = [...doomedFolders];
    this.#deletions = deletions;
    const firstMs = Math.min(FIRST_RETENTION_CHECK_MS, host.limits.retentionCheckIntervalMs);
    this.#nextRetentionCheckMs = host.clock.monotonicMs() + firstMs;
  }

  /** Nothing is under way once this resolves, and no file is kept open. */
  async stop(): Promise<void> {
    this.#keyIndexing.stop();
    await this.compaction.stop();
    this.#host.keyIndexes.closeFiles();
  }

  /** A segment that has to be gone through. Its log answers errors for that part until then. */
  damaged(log: PartitionLog, segment: Segment, cause: unknown): void {
    if (this.#damaged.some((damage) => damage.segment === segment)) return;
    segment.damaged = true;
    this.#damaged.push({ log, segment });
    this.#host.report.warning?.(`${segment.path} is damaged and will be gone through`, cause);
  }

  /** The same, and tries to mend it at once. Gives whether what is sound stands in its place. */
  mendNow(log: PartitionLog, segment: Segment, cause: unknown): boolean {
    this.damaged(log, segment, cause);
    this.#mended = this.#repair() || this.#mended;
    return log.fault === null && !segment.damaged;
  }

  /** A deleted partition's folder, to be removed a few files at a time. */
  removeLater(folder: string): void {
    this.#doomedFolders.push(folder);
  }

  /** One portion of everything. Says whether a checkpoint should follow soon. */
  tick(logs: Iterable<PartitionLog>, nowMs: number): boolean {
    const monotonicMs = this.#host.clock.monotonicMs();
    const all = [...logs];
    const looksAtTime = monotonicMs >= this.#nextRetentionCheckMs;
    if (looksAtTime) this.#nextRetentionCheckMs = monotonicMs + this.#host.limits.retentionCheckIntervalMs;
    for (const log of all) {
      if (log.fault !== null) continue;
      this.#retain(log, nowMs, looksAtTime);
      log.files.removeRetired(log.durableLogStartOffset);
      log.producers.expire(monotonicMs, log.config.producerIdExpirationMs);
    }
    this.removeDoomed(REMOVALS_PER_TICK, REMOVAL_MS_PER_TICK);
    this.#deletions.makeRoom();
    const repaired = this.#repair() || this.#mended;
    this.#mended = false;
    this.#keyIndexing.tick(all);
    this.#verify(all, this.#host.limits.verifyBytesPerTick);
    this.#host.space.refresh(this.#host.limits.segmentGrowthBytes);
    if (!this.#journalIsZeroed) this.#journalIsZeroed = !this.#journal.zeroAhead();
    return this.compaction.tick(all, nowMs) || repaired;
  }

  /** Checks all of it at once. Gives the bytes checked. */
  verifyAll(logs: Iterable<PartitionLog>): number {
    let bytes = 0;
    for (const log of logs) {
      if (log.fault !== null) continue;
      for (const segment of [...log.segments]) {
        segment.restoredBytes = segment.synced.sizeBytes;
        segment.verifiedBytes = 0;
        segment.verifiedOffset = segment.baseOffset;
        bytes += this.#verifySegment(log, segment, segment.restoredBytes);
      }
    }
    this.#repair();
    return bytes;
  }

  #retain(log: PartitionLog, nowMs: number, looksAtTime: boolean): void {
    const active = log.segments.at(-1);
    try {
      const trueMs = this.times.nowMs(nowMs);
      const timeOf = ({ baseOffset, nextOffset }: Segment, stampedMs: number): number | null =>
        this.times.ageTime(log, baseOffset, nextOffset, stampedMs);
      if (active !== undefined && trueMs !== null && isDueToRoll(active, log.config, trueMs, timeOf))
        log.roll(true);
      const timeMs = looksAtTime ? trueMs : null;
      const limit = Math.min(log.highWatermark, this.#deletions.keptFrom(log));
      if (timeMs !== null) this.#ahead.look(log, timeMs, this.times);
      const atLatest = (segment: Segment, stampedMs: number): number | null => {
        const latestMs = timeOf(segment, stampedMs);
        const seenMs = latestMs === null ? null : this.times.seenBy(log, segment.nextOffset);
        return latestMs === null || seenMs === null ? latestMs : Math.min(latestMs, seenMs);
      };
      const decision = decideRetention(log.segments, log.config, limit, timeMs, atLatest);
      if (decision !== null) this.#deletions.retain(log, decision);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#host.report.warning?.(`retention of ${log.topic}-${log.partition} failed`, error);
    }
  }

  /** Removes `count` files of deleted partitions, and more until `durationMs` have passed. */
  removeDoomed(count: number, durationMs: number): void {
    const { disk, report, clock } = this.#host;
    const untilMs = clock.monotonicMs() + durationMs;
    let left = count;
    for (let folder = this.#doomedFolders[0]; folder !== undefined; folder = this.#doomedFolders[0]) {
      try {
        for (const name of disk.list(folder)) {
          if (left <= 0 && clock.monotonicMs() >= untilMs) return;
          disk.remove(`${folder}/${name}`);
          left -= 1;
        }
        disk.remove(folder);
      } catch (error) {
        if (!(error instanceof HeadwaterError)) throw error;
        report.warning?.(`${folder} could not be removed`, error);
      }
      this.#doomedFolders.shift();
    }
  }

  /** Sets damaged segments aside and puts what is sound in their place. */
  #repair(): boolean {
    let repaired = false;
    for (const { log, segment } of this.#damaged.splice(0)) {
      if (log.fault !== null || log.deleted || !log.segments.includes(segment)) continue;
      repaired = this.#mend(log, segment) || repaired;
    }
    return repaired;
  }

  #mend(log: PartitionLog, segment: Segment): boolean {
    try {
      const inUse = segment.pins > 0 || segment.dirty;
      // What is not durable yet is none of the quarantine's business: later, and nothing more goes into it.
      if (inUse && segment === log.segments.at(-1)) log.roll();
      const mended = !inUse && this.#quarantine.mend(log, segment);
      segment.damaged = !mended;
      if (!mended) this.#damaged.push({ log, segment });
      return mended;
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#host.report.warning?.(`${segment.path} could not be repaired`, error);
      if (error.code === "DISK_FULL") this.#damaged.push({ log, segment });
      else log.fence(error, "a damaged segment could not be set aside");
      return false;
    }
  }

  /** Checks the sums of what was there at the start, some bytes a tick: damage shows before a reader meets it. */
  #verify(logs: readonly PartitionLog[], budgetBytes: number): void {
    let left = budgetBytes;
    while (left > 0) {
      const next = nextToVerify(logs);
      if (next === null) return;
      left -= Math.max(1, this.#verifySegment(next.log, next.segment, left));
    }
  }

  /** Goes on with the check of a segment, for `budgetBytes` or a batch more. Gives the bytes checked. */
  #verifySegment(log: PartitionLog, segment: Segment, budgetBytes: number): number {
    const start = segment.verifiedBytes;
    try {
      const file = segment.open();
      const walk = segment.walk(start, segment.restoredBytes);
      while (segment.verifiedBytes - start < budgetBytes && walk.next()) {
        const batch = file.view(walk.position, walk.sizeBytes);
        const fault = checkBatch(batch, 0, walk.sizeBytes);
        if (fault !== null) throw new HeadwaterError("LOG_CORRUPT", `${segment.path}: ${fault.reason}`);
        const nextOffset = segment.offsetAfter(walk, segment.verifiedOffset);
        if (nextOffset === null)
          throw new HeadwaterError("LOG_CORRUPT", `${segment.path}: a batch of other offsets than follow`);
        segment.verifiedBytes = walk.position + walk.sizeBytes;
        segment.verifiedOffset = nextOffset;
      }
      if (walk.broken)
        throw new HeadwaterError("LOG_CORRUPT", `${segment.path}: no batch where one should start`);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.damaged(log, segment, error);
      segment.verifiedBytes = segment.restoredBytes;
    }
    this.#host.touched(segment.verifiedBytes - start);
    return segment.verifiedBytes - start;
  }
}

function nextToVerify(logs: readonly PartitionLog[]): { log: PartitionLog; segment: Segment } | null {
  for (const log of logs) {
    if (log.fault !== null) continue;
    for (const segment of log.segments) {
      if (segment.verifiedBytes < segment.restoredBytes) return { log, segment };
    }
  }
  return null;
}

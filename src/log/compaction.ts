import { HeadwaterError } from "../base/errors.ts";
import type { Timer } from "../io/clock.ts";
import { batchBaseTimestampMs } from "../records/batch.ts";
import { readCompactedOffset, writeCompactedOffset } from "./compacted-offset.ts";
import { CompactionPass, type CompactionStats, DamagedSegment, type Slices } from "./compaction-pass.ts";
import { type CompactableSegment, type CompactionPlan, planCompaction } from "./compaction-plan.ts";
import type { LogHost } from "./log-host.ts";
import type { PartitionLog } from "./partition-log.ts";
import type { Segment } from "./segment.ts";
import { sweepSwaps } from "./segment-swap.ts";

/** How long a log whose compaction failed is left alone. */
const RETRY_MS = 60_000;
/** While records come in, and for so long after, compaction rests so many times longer. */
const BUSY_PAUSES = 6;
const BUSY_MS = 100;

export interface CompactionStatus extends Readonly<CompactionStats> {
  /** Passes that went through to their end. */
  readonly passes: number;
  readonly running: boolean;
  /** Largest share of bytes that are to be compacted, of any log, when it was last looked at; 0 to 1. */
  readonly maxDirtyRatio: number;
}

interface Candidate {
  readonly log: PartitionLog;
  readonly plan: CompactionPlan;
}

/**
 * Compacts logs in the background, one at a time, the dirtiest first, as Kafka's cleaner does. Only what a checkpoint
 * has as durable is compacted, and after its swaps a log waits for the checkpoint that knows of them.
 *
 * A pass runs on the event loop, a millisecond at a time with rests of two, and of twelve while records come in. A
 * Worker would need its own view of segments and of their swaps.
 */
export class Compaction {
  readonly #host: LogHost;
  readonly #secret: () => Uint8Array;
  readonly #stats: CompactionStats = {
    readBytes: 0,
    writtenBytes: 0,
    removedRecords: 0,
    replacedSegments: 0,
  };
  readonly #slices: LoopSlices;
  /** Offsets below which logs are compacted, as far as they were asked for. */
  readonly #cleaned = new WeakMap<PartitionLog, number>();
  /** When a log whose compaction failed is tried again. */
  readonly #retryAtMs = new WeakMap<PartitionLog, number>();
  /** Logs that were compacted in this process. */
  readonly #swept = new WeakSet<PartitionLog>();
  #pass: Promise<void> | null = null;
  #stopped = false;
  #passes = 0;
  #maxDirtyRatio = 0;

  /** `secret` gives 16 random bytes. */
  constructor(host: LogHost, secret: () => Uint8Array) {
    this.#host = host;
    this.#secret = secret;
    this.#slices = new LoopSlices(host);
  }

  /** Starts a pass where one is due and none runs. Says whether a checkpoint would bring compaction on. */
  tick(logs: readonly PartitionLog[], nowMs: number): boolean {
    if (this.#pass !== null || this.#stopped) return false;
    const monotonicMs = this.#host.clock.monotonicMs();
    let wantsCheckpoint = false;
    let best: Candidate | null = null;
    this.#maxDirtyRatio = 0;
    for (const log of logs) {
      if (log.fault !== null || log.deleted || (!log.config.compact && !log.files.hasSwaps)) continue;
      // What the checkpoint does not know of yet is not compacted again.
      if (log.files.hasSwaps) {
        this.#host.needsSync(log);
        wantsCheckpoint = true;
      }
      if (!log.config.compact || (this.#retryAtMs.get(log) ?? 0) > monotonicMs) continue;
      const looked = this.#look(log, nowMs);
      wantsCheckpoint ||= looked.wantsCheckpoint;
      const { plan } = looked;
      if (plan === null || log.files.hasSwaps) continue;
      if (best === null || plan.dirtyRatio > best.plan.dirtyRatio) best = { log, plan };
    }
    if (best !== null) this.#pass = this.#run(best, nowMs);
    return wantsCheckpoint;
  }

  /** Ends the pass that runs, and starts none. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#slices.wake();
    await this.#pass;
  }

  status(): CompactionStatus {
    return {
      ...this.#stats,
      passes: this.#passes,
      running: this.#pass !== null,
      maxDirtyRatio: this.#maxDirtyRatio,
    };
  }

  #look(log: PartitionLog, nowMs: number): { plan: CompactionPlan | null; wantsCheckpoint: boolean } {
    const { segments } = log;
    if (segments.length < 2) return { plan: null, wantsCheckpoint: false };
    const sealed = segments.filter((segment) => segment.sealed).map(asCompactable);
    const cleanedOffset = this.#cleanedOffset(log);
    const stable = Math.min(log.lastStableOffset, segments.at(-1)?.baseOffset ?? 0);
    const possible = planCompaction(sealed, log.config, { cleanedOffset, endOffset: stable }, nowMs);
    if (possible === null) return { plan: null, wantsCheckpoint: false };
    this.#maxDirtyRatio = Math.max(this.#maxDirtyRatio, possible.dirtyRatio);
    if (!possible.due) return { plan: null, wantsCheckpoint: false };
    const bounds = { cleanedOffset, endOffset: readyEnd(log, stable) };
    const ready = planCompaction(sealed, log.config, bounds, nowMs);
    const plan = ready?.due === true ? ready : null;
    return { plan, wantsCheckpoint: plan === null };
  }

  #cleanedOffset(log: PartitionLog): number {
    let offset = this.#cleaned.get(log);
    if (offset === undefined) {
      offset = readCompactedOffset(this.#host.disk, log.folder);
      if (offset > log.logEndOffset) offset = 0;
      this.#cleaned.set(log, offset);
    }
    return Math.max(offset, log.logStartOffset);
  }

  async #run({ log, plan }: Candidate, nowMs: number): Promise<void> {
    // The caller's turn ends first.
    await null;
    try {
      // What earlier swaps left behind is gone for good before files of the same names come.
      if (this.#swept.has(log)) await log.files.settleFolder();
      else await sweepSwaps(this.#host.disk, log.folder);
      this.#swept.add(log);
      const pass = new CompactionPass({
        host: this.#host,
        log,
        plan,
        nowMs,
        secret: this.#secret(),
        slices: this.#slices,
        stats: this.#stats,
        stopped: () => this.#stopped || this.#host.failure !== null,
      });
      const cleanedOffset = await pass.run();
      if (cleanedOffset !== null) this.#noteCleaned(log, cleanedOffset);
    } catch (error) {
      this.#failed(log, error);
    } finally {
      this.#pass = null;
    }
  }

  #noteCleaned(log: PartitionLog, cleanedOffset: number): void {
    this.#passes += 1;
    this.#cleaned.set(log, cleanedOffset);
    if (!log.deleted) writeCompactedOffset(this.#host.disk, log.folder, cleanedOffset);
  }

  #failed(log: PartitionLog, error: unknown): void {
    this.#retryAtMs.set(log, this.#host.clock.monotonicMs() + RETRY_MS);
    if (error instanceof DamagedSegment) {
      if (!log.deleted && log.segments.includes(error.segment))
        this.#host.damaged(log, error.segment, error.cause);
      return;
    }
    if (!(error instanceof HeadwaterError)) throw error;
    if (log.deleted || this.#stopped) return;
    this.#host.report.warning?.(`${log.topic}-${log.partition} could not be compacted`, error);
  }
}

/** The end of the segments that are cut to their length, synced, and known so by the checkpoint in force. */
function readyEnd(log: PartitionLog, limit: number): number {
  let endOffset = 0;
  for (const segment of log.segments) {
    const isReady = segment.trimmed && !segment.damaged && segment.nextOffset <= log.files.checkpointedOffset;
    if (!isReady || segment.nextOffset > limit) break;
    endOffset = segment.nextOffset;
  }
  return endOffset;
}

function asCompactable(segment: Segment): CompactableSegment {
  return {
    baseOffset: segment.baseOffset,
    nextOffset: segment.nextOffset,
    sizeBytes: segment.sizeBytes,
    maxTimestampMs: segment.maxTimestampMs,
    firstTimestampMs: () => firstTimestampOf(segment),
  };
}

/** Of sealed segments, whose first batch stays; the look opens the file. */
const firstTimestamps = new WeakMap<Segment, number>();

function firstTimestampOf(segment: Segment): number {
  const known = firstTimestamps.get(segment);
  if (known !== undefined) return known;
  let timestampMs = -1;
  try {
    const walk = segment.walk(0);
    if (walk.next()) timestampMs = batchBaseTimestampMs(walk.bytes, walk.at);
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
  }
  firstTimestamps.set(segment, timestampMs);
  return timestampMs;
}

/** Slices of the event loop's time: short ones, with a pause after each that is longer while appends come in. */
class LoopSlices implements Slices {
  readonly #host: LogHost;
  #bytes = 0;
  #startedMs = -1;
  #timer: Timer | null = null;
  #resolve: (() => void) | null = null;
  #awake = false;
  #seenRequests = 0;
  #busyUntilMs = -1;

  constructor(host: LogHost) {
    this.#host = host;
  }

  spend(bytes: number): boolean {
    const { clock, limits } = this.#host;
    const nowMs = clock.monotonicMs();
    if (this.#startedMs < 0) this.#startedMs = nowMs;
    this.#bytes += bytes;
    return this.#bytes >= limits.compactionSliceBytes || nowMs - this.#startedMs >= limits.compactionSliceMs;
  }

  async rest(): Promise<void> {
    if (this.#awake) return;
    const { clock, limits } = this.#host;
    const pauseMs = limits.compactionPauseMs * (this.#isBusy() ? BUSY_PAUSES : 1);
    await new Promise<void>((resolve) => {
      this.#resolve = resolve;
      this.#timer = clock.after(pauseMs, resolve);
    });
    this.#timer = null;
    this.#resolve = null;
    this.#bytes = 0;
    this.#startedMs = -1;
  }

  /** Whether somebody waits for appends, or did a moment ago. */
  #isBusy(): boolean {
    const { clock, commitRequests } = this.#host;
    const nowMs = clock.monotonicMs();
    if (commitRequests !== this.#seenRequests) this.#busyUntilMs = nowMs + BUSY_MS;
    this.#seenRequests = commitRequests;
    return nowMs < this.#busyUntilMs;
  }

  /** There is no more rest. */
  wake(): void {
    this.#awake = true;
    this.#timer?.cancel();
    this.#resolve?.();
  }
}

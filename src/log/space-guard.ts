import type { Disk } from "../io/disk.ts";
import type { LogConfig, LogLimits, LogReport, SpaceLimit } from "./log-config.ts";
import type { Segment } from "./segment.ts";

/** Index entries hold offsets relative to the segment's base in 32 bits. */
const MAX_RELATIVE_OFFSET = 0x7fffffff;

/** Who asks for space. */
export interface SpaceUser {
  readonly internal: boolean;
  readonly config: Pick<LogConfig, "fullPolicy" | "usesReserve">;
}

/** Where all logs together are bounded, steps and segments are at most these shares of that: as much goes at a time. */
const GROWTH_SHARE = 1 / 16;
const SEGMENT_SHARE = 1 / 8;
const LEAST_SEGMENT_BYTES = 64 * 1024;

/** Limits in which steps suit the bound of all logs. */
export function withinBound(limits: LogLimits): LogLimits {
  const { maxLogBytes, segmentFirstBytes, segmentGrowthBytes } = limits;
  if (maxLogBytes < 0) return limits;
  const most = Math.max(segmentFirstBytes, Math.floor(maxLogBytes * GROWTH_SHARE));
  return { ...limits, segmentGrowthBytes: Math.min(segmentGrowthBytes, most) };
}

/** Whether so many bytes more have to go into a new segment. */
export function mustRoll(
  { sealed, sizeBytes, baseOffset, transactions }: Segment,
  bytes: number,
  endOffset: number,
  { segmentBytes }: LogConfig,
  { maxAbortedPerSegment, maxLogBytes }: LogLimits,
): boolean {
  if (sealed) return true;
  if (sizeBytes === 0) return false;
  const share = maxLogBytes < 0 ? segmentBytes : Math.max(LEAST_SEGMENT_BYTES, maxLogBytes * SEGMENT_SHARE);
  return (
    sizeBytes + bytes > Math.min(segmentBytes, share) ||
    transactions.abortedCount >= maxAbortedPerSegment ||
    endOffset - baseOffset > MAX_RELATIVE_OFFSET - bytes
  );
}

/** How long a segment's file is made that has to take so much more: it doubles, by `segmentGrowthBytes` at most. */
export function grownSizeBytes(
  { sizeBytes, allocatedBytes }: { readonly sizeBytes: number; readonly allocatedBytes: number },
  moreBytes: number,
  segmentBytes: number,
  { segmentFirstBytes, segmentGrowthBytes }: LogLimits,
): number {
  const neededBytes = sizeBytes + moreBytes;
  const step = Math.min(Math.max(allocatedBytes, segmentFirstBytes), segmentGrowthBytes);
  return Math.max(neededBytes, Math.min(allocatedBytes + step, Math.max(segmentBytes, neededBytes)));
}

/**
 * Keeps a reserve of free space for the broker's own topics, so that a full disk refuses records while
 * metadata and offsets go on. Asks the file system at every allocation: those are rare.
 *
 * Where old records make room for new ones (`makesRoom`), that begins a little before the reserve is reached. It takes
 * some syncs, and appends that would have their room by then may use up half of the reserve meanwhile.
 */
export class SpaceGuard {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #limits: LogLimits;
  readonly #report: LogReport;
  /** Bytes of all logs. */
  readonly #logBytes: () => number;
  #full: SpaceLimit | null = null;
  /** Whether old records can go so that new ones have room. */
  makesRoom = false;
  /** Told where there is too little space. */
  onLack: () => void = () => {};

  constructor(
    disk: Disk,
    folder: string,
    limits: LogLimits,
    report: LogReport,
    logBytes: () => number = () => 0,
  ) {
    this.#disk = disk;
    this.#folder = folder;
    this.#limits = limits;
    this.#report = report;
    this.#logBytes = logBytes;
  }

  /** What appends are refused for; null where they are taken. */
  get full(): SpaceLimit | null {
    return this.#full;
  }

  get freeBytes(): number {
    return this.#disk.freeBytes(this.#folder);
  }

  /**
   * Bytes that have to go so that there is no need to begin again soon; 0 where nothing has to. `retiredBytes` are in files that
   * belong to no log any more, and go as soon as they may.
   */
  lack(retiredBytes: number): { readonly bytes: number; readonly reason: SpaceLimit } {
    const { segmentGrowthBytes } = this.#limits;
    const free = this.#freeRoom() + retiredBytes;
    const own = this.#ownRoom();
    const reason = own < free ? "log.max.bytes" : "disk-full";
    const room = Math.min(free, own);
    return { bytes: room >= segmentGrowthBytes ? 0 : 2 * segmentGrowthBytes - room, reason };
  }

  /** Whether `bytes` may be allocated. Internal topics may use up the reserve. */
  allows(bytes: number, user: SpaceUser): boolean {
    if (user.internal || user.config.usesReserve) return this.freeBytes >= bytes;
    const room = Math.min(this.#freeRoom(), this.#ownRoom()) - bytes;
    if (room < this.#limits.segmentGrowthBytes) this.onLack();
    if (room >= 0) return true;
    const waits = this.makesRoom && user.config.fullPolicy === "drop-oldest";
    return waits && room >= -this.#limits.reserveBytes / 2;
  }

  /** Whether there is room for files that can be done without. */
  hasRoom(bytes: number): boolean {
    return this.#freeRoom() >= bytes;
  }

  /** An append was refused for want of space. Says below which limit. */
  refused(): SpaceLimit {
    const limit = this.#ownRoom() < this.#freeRoom() ? "log.max.bytes" : "disk-full";
    if (this.#full === null) this.#report.diskFull?.(true, this.freeBytes, limit);
    this.#full ??= limit;
    return limit;
  }

  /** Looks again. Called about once a second. */
  refresh(smallestAllocationBytes: number): void {
    if (this.#full === null || Math.min(this.#freeRoom(), this.#ownRoom()) < smallestAllocationBytes) return;
    this.#report.diskFull?.(false, this.freeBytes, this.#full);
    this.#full = null;
  }

  /** Above the reserve. */
  #freeRoom(): number {
    return this.freeBytes - this.#limits.reserveBytes;
  }

  /** Below the bound of all logs together. */
  #ownRoom(): number {
    const { maxLogBytes } = this.#limits;
    return maxLogBytes < 0 ? Number.POSITIVE_INFINITY : maxLogBytes - this.#logBytes();
  }
}

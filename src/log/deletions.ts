import { HeadwaterError } from "../base/errors.ts";
import { chooseDrops, type DroppableLog } from "./drop-order.ts";
import { type DeletionReason, type DeletionWitness, NO_WITNESS } from "./log-config.ts";
import type { LogHost } from "./log-host.ts";
import type { PartitionLog } from "./partition-log.ts";
import type { RetentionDecision } from "./retention.ts";

/** Deletions of clients that wait for one log; who comes then is refused, and may try again. */
export const MAX_BEHIND_PER_LOG = 100;

/** It costs about as much to tell of what such an active segment has as it frees: one of a log in this time. */
const SMALL_SEGMENT_BYTES = 64 * 1024;
const SMALL_SEGMENT_INTERVAL_MS = 60_000;

/**
 * What retention, a full disk and clients take. Who has to know is told first, and the log start offset moves once it has been
 * written down, so that no power cut leaves a loss that nobody knows of.
 */
export class Deletions {
  witness: DeletionWitness = NO_WITNESS;
  readonly #host: LogHost;
  readonly #logs: () => Iterable<PartitionLog>;
  /** Where logs will begin, once that is written down. */
  readonly #pending = new Map<PartitionLog, { readonly toOffset: number; readonly bytes: number }>();
  /** Who waits until what is pending of a log has gone. */
  readonly #behind = new Map<PartitionLog, (() => void)[]>();
  /** Logs whose files go as soon as their log start offset is durable, with the bytes of those. */
  readonly #emptying = new Map<PartitionLog, number>();
  /** When a small active segment of a log made room last, in monotonic milliseconds. */
  readonly #tookSmall = new WeakMap<PartitionLog, number>();
  /** Whether what is to go next can't yet. */
  #waits = false;
  #soon = false;

  constructor(host: LogHost, logs: () => Iterable<PartitionLog>) {
    this.#host = host;
    this.#logs = logs;
    host.space.onLack = () => this.#makeRoomSoon();
    host.space.makesRoom = true;
  }

  /** Where the log begins once what is being written down is; its log start offset where nothing is. */
  startOf(log: PartitionLog): number {
    return Math.max(log.logStartOffset, this.#pending.get(log)?.toOffset ?? 0);
  }

  /** What has to stay of the log, by the topic's settings: nothing at or above this offset goes by itself. */
  keptFrom(log: PartitionLog): number {
    if (!log.config.keepUnforwarded) return Number.MAX_SAFE_INTEGER;
    return this.witness.forwardedEnd(log) ?? Number.MAX_SAFE_INTEGER;
  }

  /** Retention's. */
  retain(log: PartitionLog, decision: RetentionDecision): void {
    if (!this.witness.ready || this.#pending.has(log)) return;
    if (decision.rollFirst && !log.roll()) return;
    this.#begin(log, decision.logStartOffset, decision.reason);
  }

  /**
   * Takes a log's records below an offset once who has to know of it does, behind what is being taken already. `then` runs
   * when the log begins there, or can't any more; not where it is refused (false), since too many clients wait for that.
   */
  request(log: PartitionLog, toOffset: number, reason: DeletionReason, then: () => void): boolean {
    if (this.#pending.has(log)) {
      const behind = this.#behind.get(log) ?? [];
      if (reason === "delete-records" && behind.length >= MAX_BEHIND_PER_LOG) return false;
      behind.push(() => void this.request(log, toOffset, reason, then));
      this.#behind.set(log, behind);
    } else if (toOffset <= log.logStartOffset || log.deleted) then();
    else this.#begin(log, toOffset, reason, then);
    return true;
  }

  /** Whether somebody has to know before the log's topic is deleted, or is being told of what goes before. */
  isMissed(log: PartitionLog): boolean {
    return this.#pending.has(log) || this.witness.isMissed(log);
  }

  /** Takes what is oldest where there is too little space. */
  makeRoom(): void {
    const { space, failure } = this.#host;
    const { bytes, reason } = space.lack(this.#retiredBytes());
    this.#waits = false;
    if (bytes === 0 || !this.witness.ready || failure !== null) {
      if (bytes === 0) space.makesRoom = true;
      return;
    }
    let left = bytes;
    for (const pending of this.#pending.values()) left -= pending.bytes;
    if (left <= 0) return;
    const { drops, waiting } = chooseDrops(this.#droppable(), left);
    this.#waits = waiting.length > 0;
    space.makesRoom = drops.length + waiting.length + this.#pending.size + this.#emptying.size > 0;
    for (const { log, logStartOffset, rollFirst } of drops) {
      const start = log.segments.at(-1)?.baseOffset ?? 0;
      if (!rollFirst || this.#roll(log)) this.#begin(log, logStartOffset, reason);
      // There is no room for a new segment: there is once those before the active one are gone.
      else if (start > log.logStartOffset) this.#begin(log, start, reason);
    }
    // What is appended to an active segment all the time would never be durable as a whole.
    for (const { log, active } of waiting) if (active && !this.#pending.has(log)) this.#roll(log);
  }

  /** A commit round is over: what is below durable log start offsets gives its space back. */
  committed(): void {
    const emptied = this.#emptying.size > 0;
    for (const log of this.#emptying.keys()) {
      if (log.deleted || log.fault !== null) this.#emptying.delete(log);
      else if (log.durableLogStartOffset >= log.logStartOffset) {
        this.#emptying.delete(log);
        log.files.removeRetired(log.durableLogStartOffset);
      }
    }
    // What is pending wakes by itself those who wait for it.
    const waits = this.#waits && this.#pending.size === 0;
    if (waits || (emptied && this.#emptying.size === 0)) this.#makeRoomSoon();
  }

  /** So that the active segment can go. */
  #roll(log: PartitionLog): boolean {
    const isSmall = this.#isActiveSmall(log);
    try {
      const isRolled = log.roll();
      if (isRolled && isSmall) this.#tookSmall.set(log, this.#host.clock.monotonicMs());
      return isRolled;
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#host.report.warning?.(`${log.topic}-${log.partition} can't make room`, error);
      return false;
    }
  }

  #isActiveSmall(log: PartitionLog): boolean {
    return (log.segments.at(-1)?.sizeBytes ?? 0) < SMALL_SEGMENT_BYTES;
  }

  #keepsActive(log: PartitionLog): boolean {
    const tookMs = this.#tookSmall.get(log);
    if (tookMs === undefined || !this.#isActiveSmall(log)) return false;
    return this.#host.clock.monotonicMs() - tookMs < SMALL_SEGMENT_INTERVAL_MS;
  }

  #begin(log: PartitionLog, toOffset: number, reason: DeletionReason, then: () => void = () => {}): void {
    const goes = log.segments.filter(({ nextOffset }) => nextOffset <= toOffset);
    const bytes = goes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#pending.set(log, { toOffset, bytes });
    this.witness.witness(log, log.logStartOffset, toOffset, reason, () => {
      this.#pending.delete(log);
      if (!log.deleted && log.fault === null) {
        log.moveLogStart(toOffset, reason);
        if (reason === "disk-full" || reason === "log.max.bytes")
          this.#emptying.set(log, (this.#emptying.get(log) ?? 0) + bytes);
      }
      then();
      const behind = this.#behind.get(log) ?? [];
      this.#behind.delete(log);
      for (const request of behind) request();
      if (this.#waits) this.#makeRoomSoon();
    });
  }

  /** In files that are on their way out. */
  #retiredBytes(): number {
    if (this.#host.bugs.has("forget-retired-bytes")) return 0;
    return this.#emptying.values().reduce((sum, bytes) => sum + bytes, 0);
  }

  *#droppable(): Iterable<DroppableLog<PartitionLog>> {
    for (const log of this.#logs()) {
      if (log.internal || log.fault !== null) continue;
      const { config, segments, highWatermark } = log;
      const goingTo = this.#pending.get(log)?.toOffset ?? null;
      if (goingTo !== null && this.#host.bugs.has("drop-important-meanwhile")) continue;
      const forwardedEnd = this.witness.forwardedEnd(log);
      const keepsActive = this.#keepsActive(log);
      yield { log, config, segments, highWatermark, goingTo, keepsActive, forwardedEnd };
    }
  }

  #makeRoomSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    this.#host.clock.soon(() => {
      // Where there is nothing to take, or a log can't roll for want of space, it asks for space again: not at once.
      this.makeRoom();
      this.#soon = false;
    });
  }
}

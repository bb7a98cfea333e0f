import { assert } from "../base/assert.ts";
import { hasCode } from "../base/errors.ts";
import { type LeaderEpoch, type Offset, offset, type Uuid, uuidBytes } from "../base/ids.ts";
import { ERROR } from "../kafka/wire/generated/errors.ts";
import {
  batchLastOffsetDelta,
  batchSizeBytes,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
  setBatchLogAppendTime,
} from "../records/batch.ts";
import { type Admission, type AppendRefusal, admitFromBroker, admitFromClient } from "./admission.ts";
import {
  type Appended,
  type AppendOptions,
  type AppendResult,
  type CommitMark,
  duplicateOf,
  type LogFault,
  type ReadBatches,
  type ReadOptions,
  type ReadResult,
} from "./append-read.ts";
import type { LogState } from "./checkpoint.ts";
import type { Journal } from "./journal.ts";
import { type KeyReadOptions, type KeyReadResult, readByKey } from "./key-search.ts";
import { LeaderEpochs } from "./leader-epochs.ts";
import type { DeletionReason, LogConfig, LogIdentity } from "./log-config.ts";
import type { LogHost } from "./log-host.ts";
import { ProducerStates } from "./producer-state.ts";
import type { Segment } from "./segment.ts";
import { SegmentList } from "./segment-list.ts";
import { grownSizeBytes, mustRoll } from "./space-guard.ts";
import { findMaxTimestamp, findTimestamp, type TimestampedOffset } from "./time-search.ts";
import { damagedBy, findAborted, transactionsOf } from "./transaction-index.ts";
import type { AbortedTransaction } from "./transaction-state.ts";

/** Segments begin with the growth step where the one before was filled within this time. */
const BUSY_SEGMENT_MS = 60_000;

const NO_BYTES = new Uint8Array(0);

/**
 * One partition's log: segments, of which the last takes the appends. Appends are seen by readers once a commit
 * round has made them durable (see the room's README).
 */
export class PartitionLog {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly partition: number;
  /** Kept by the broker for itself: may use the reserve of free space. */
  readonly internal: boolean;
  readonly producers: ProducerStates;
  readonly epochs = new LeaderEpochs();
  /** Makes the log's files at the first append, durable with its commit round; null once they are there. */
  makeFiles: (() => void) | null = null;
  readonly #host: LogHost;
  readonly #topicIdBytes: Uint8Array;
  #config: LogConfig;
  readonly #segments: SegmentList;
  #logStartOffset = 0;
  /** The log start offset that a crash can't take. */
  #durableLogStartOffset = 0;
  #endOffset = 0;
  #durable: CommitMark;
  /** End of what readers saw while durability was "memory": the high watermark never goes back. */
  #shownEndOffset = 0;
  /** Who asked that a log which doesn't wait for the disk be synced, and up to where. */
  #syncAsked: { readonly endOffset: number; readonly then: () => void }[] = [];
  #appendedBytes = 0;
  #fault: LogFault | null = null;
  #deleted = false;
  #spareBytes = 0;

  constructor(host: LogHost, identity: LogIdentity, folder: string, config: LogConfig) {
    this.#host = host;
    this.topic = identity.topic;
    this.topicId = identity.topicId;
    this.partition = identity.partition;
    this.internal = identity.topic.startsWith("__");
    this.producers = new ProducerStates(host.limits.maxProducersPerLog);
    this.#topicIdBytes = uuidBytes(identity.topicId);
    this.#segments = new SegmentList(host, folder);
    this.#config = config;
    this.#durable = this.captureEnd();
  }

  get config(): LogConfig {
    return this.#config;
  }

  set config(config: LogConfig) {
    const wasMemory = this.#config.durability === "memory";
    // First: the commit round that is asked for below goes by it.
    this.#config = config;
    if (wasMemory && config.durability === "disk") {
      this.#shownEndOffset = this.#endOffset;
      this.#host.uncommittedBytes += this.pendingBytes;
      this.#host.needsCommit(this);
    } else if (!wasMemory && config.durability === "memory") {
      this.#host.uncommittedBytes -= this.pendingBytes;
    }
  }

  get folder(): string {
    return this.#segments.folder;
  }

  /** So much room is kept beyond the end while the disk has it: a full disk still takes that. */
  get spareBytes(): number {
    return this.#spareBytes;
  }

  /** Keeps so much room from now on, also before the first append, whose files it makes. Where the disk has none, later. */
  spare(bytes: number): void {
    if (this.#spareBytes === bytes) return;
    this.#spareBytes = bytes;
    if (this.#trouble() !== null) return;
    try {
      this.#prepare(0, this.#host.clock.nowMs());
    } catch (error) {
      this.#appendFailed(error);
    }
  }

  get logStartOffset(): Offset {
    return this.#logStartOffset as Offset;
  }

  /** The log start offset that no crash can move back: files below it may go. */
  get durableLogStartOffset(): number {
    return this.#durableLogStartOffset;
  }

  /** Readers see what is below. */
  get highWatermark(): Offset {
    if (this.#config.durability === "memory") return this.#endOffset as Offset;
    return Math.max(this.#durable.offset, this.#shownEndOffset) as Offset;
  }

  /**
   * Readers of committed records see what is below: every transaction that has records there was ended by a
   * marker that no crash can take.
   */
  get lastStableOffset(): Offset {
    const { highWatermark } = this;
    const trusting = this.#host.bugs.has("trust-volatile-markers");
    const unstable = this.producers.open.firstUnstable(trusting ? this.#endOffset : highWatermark);
    if (unstable === null) return highWatermark;
    return Math.min(Math.max(unstable, this.#logStartOffset), highWatermark) as Offset;
  }

  /** What a crash can't take. */
  get durableEndOffset(): Offset {
    return this.#durable.offset as Offset;
  }

  get logEndOffset(): Offset {
    return this.#endOffset as Offset;
  }

  /** Bytes of all batches at or above the log start offset, by whole segments. */
  get sizeBytes(): number {
    return this.#segments.sizeBytes;
  }

  get segments(): readonly Segment[] {
    return this.#segments.all;
  }

  /** For the store: syncs, trimming, files. */
  get files(): SegmentList {
    return this.#segments;
  }

  /** Why the log answers KAFKA_STORAGE_ERROR until the next start; null while it is well. */
  get fault(): LogFault | null {
    return this.#host.failure === null ? this.#fault : "fenced";
  }

  get deleted(): boolean {
    return this.#deleted;
  }

  /**
   * Appends one or more record batches v2 as they came off the wire. Base offsets and leader epochs (and
   * timestamps, where the topic says LogAppendTime) are written into `batches`; the bytes are copied before
   * this returns. Visible to readers after the commit round, which starts by itself.
   */
  append(batches: Uint8Array, start: number, end: number, options: AppendOptions): AppendResult {
    const trouble = this.#trouble();
    if (trouble !== null) return trouble;
    const admission: Admission =
      options.origin === "client"
        ? admitFromClient(batches, start, end, this.#config, options.nowMs, this.producers, options.guard)
        : admitFromBroker(batches, start, end, this.#config, this.producers, options.transactionVersion ?? 0);
    if (admission.kind === "refuse") return admission.refusal;
    if (admission.kind === "duplicate") return duplicateOf(admission.batch, this.logStartOffset);
    const stored = admission.stored ?? batches.subarray(start, end);
    try {
      const refusal = this.#prepare(stored.length, options.nowMs);
      return refusal ?? this.#store(stored, 0, stored.length, options);
    } catch (error) {
      return this.#appendFailed(error);
    }
  }

  /**
   * Aborted transactions with records in [fromOffset, toOffset), which is below the last stable offset, in the
   * order of their markers. Null where they can't be read: then nobody may read those records as committed.
   */
  abortedTransactions(fromOffset: number, toOffset: number): readonly AbortedTransaction[] | null {
    if (this.fault !== null || this.#deleted) return null;
    const segments = this.#segments.all;
    try {
      return findAborted(segments, this.#segments.indexOf(fromOffset), fromOffset, toOffset);
    } catch (error) {
      const damaged = damagedBy(error, segments);
      if (damaged === null || !this.#host.damaged(this, damaged, error)) return null;
      return this.abortedTransactions(fromOffset, toOffset);
    }
  }

  /** Reads from the batch that holds `fromOffset`, or the next one where offsets are missing. */
  read(fromOffset: Offset, maxBytes: number, options: ReadOptions): ReadResult {
    if (this.fault !== null || this.#deleted) return { ...this.#storageError(), bytes: NO_BYTES };
    if (fromOffset < this.#logStartOffset || fromOffset > this.#endOffset) {
      const range = `${this.#logStartOffset} to ${this.#endOffset}`;
      const message = `offset ${fromOffset} is not within ${range}`;
      return { error: ERROR.OFFSET_OUT_OF_RANGE, message, bytes: NO_BYTES };
    }
    const until = Math.min(options.until, this.#endOffset);
    const segments = this.#segments.all;
    for (let i = this.#segments.indexOf(fromOffset); i < segments.length && fromOffset < until; i++) {
      const segment = segments[i] as Segment;
      if (fromOffset >= segment.nextOffset) continue;
      if (segment.baseOffset >= until) break;
      try {
        const read = this.#readSegment(segment, fromOffset, maxBytes, options.minOneBatch, until);
        if (read !== null) return read;
      } catch (error) {
        if (!hasCode(error, "LOG_CORRUPT") && !hasCode(error, "DISK_IO")) throw error;
        if (this.#host.damaged(this, segment, error)) return this.read(fromOffset, maxBytes, options);
        return { ...this.#storageError(), bytes: NO_BYTES };
      }
    }
    return { error: 0, bytes: NO_BYTES, nextOffset: fromOffset };
  }

  /**
   * Batches below the high watermark that hold a record with this key, or may hold one (keys are matched by
   * hash, and by batch): from the key indexes of sealed segments, by a walk of what has none. Looks at a bounded
   * part of the log: `nextOffset` is where the search goes on.
   */
  readKey(key: Uint8Array, fromOffset: Offset, maxBytes: number, options?: KeyReadOptions): KeyReadResult {
    if (this.fault !== null || this.#deleted) return { ...this.#storageError(), batches: [] };
    try {
      return readByKey(this.#host, this, key, fromOffset, maxBytes, options);
    } catch (error) {
      if (!hasCode(error, "LOG_CORRUPT") && !hasCode(error, "DISK_IO")) throw error;
      return { ...this.#storageError(), batches: [] };
    }
  }

  /** The first record below the high watermark with this time or a later one; null where there is none. */
  offsetForTimestamp(timestampMs: number): TimestampedOffset | null {
    return this.#guardSearch(() => findTimestamp(this, timestampMs));
  }

  /** The first of the records with the latest timestamp, below the high watermark. */
  maxTimestamp(): TimestampedOffset | null {
    return this.#guardSearch(() => findMaxTimestamp(this));
  }

  /** Where the records of the largest leader epoch at or below this one end (KIP-101); -1 and -1 if unknown. */
  endOffsetFor(epoch: LeaderEpoch | number): { readonly leaderEpoch: number; readonly endOffset: number } {
    return this.epochs.endOffsetFor(epoch, this.#endOffset);
  }

  /**
   * Moves the log start offset up to `before`, at most to the high watermark (-1 stands for that). Durable with
   * the next commit round; files below go after it.
   */
  deleteRecordsBefore(
    before: Offset | -1,
  ): AppendRefusal | { readonly error: 0; readonly logStartOffset: Offset } {
    const trouble = this.#trouble();
    if (trouble !== null) return trouble;
    const target = before === -1 ? this.highWatermark : before;
    if (target > this.highWatermark) {
      const message = `offset ${target} is beyond the high watermark, ${this.highWatermark}`;
      return { error: ERROR.OFFSET_OUT_OF_RANGE, message };
    }
    this.moveLogStart(target, "delete-records");
    return { error: 0, logStartOffset: this.logStartOffset };
  }

  /**
   * Takes what a log with durability "memory" holds now into the next commit round, and calls back once it is
   * durable; never where the log fails or is deleted first. For readers who may not see what a power cut can take.
   */
  makeDurable(then: () => void): void {
    if (this.#durable.offset >= this.#endOffset) {
      then();
      return;
    }
    this.#syncAsked.push({ endOffset: this.#endOffset, then });
    this.#host.needsCommit(this);
  }

  /** Whether commit rounds have to make what is pending durable. */
  get awaitsSync(): boolean {
    return this.#config.durability === "disk" || this.#syncAsked.length > 0;
  }

  // What follows is for the store: commit rounds, background syncs, retention, recovery.

  /**
   * Moves the log start offset up. Segments below it are out of sight at once and removed once that is durable.
   * Without a reason, what it was for has been reported already.
   */
  moveLogStart(to: number, reason: DeletionReason | null): void {
    if (to <= this.#logStartOffset) return;
    const from = this.#logStartOffset;
    this.#logStartOffset = to;
    this.#segments.retireBelow(to);
    this.epochs.startAt(to);
    if (reason !== null) this.#host.report.deleted?.(this, from, to, reason);
    this.#host.needsCommit(this);
  }

  /** Bytes appended that no commit round has made durable. */
  get pendingBytes(): number {
    return this.#appendedBytes - this.#durable.appendedBytes;
  }

  get needsLogStartCommit(): boolean {
    return this.#durableLogStartOffset < this.#logStartOffset;
  }

  captureEnd(): CommitMark {
    const { active } = this.#segments;
    return {
      segment: active,
      position: active?.sizeBytes ?? 0,
      offset: this.#endOffset,
      appendedBytes: this.#appendedBytes,
      logStartOffset: this.#logStartOffset,
    };
  }

  /** How many journal entries the pending bytes take: one a segment, one for a log start offset. */
  pendingEntries(): number {
    return this.#pendingSegments().length + (this.needsLogStartCommit ? 1 : 0);
  }

  /** Adds what is pending to the round that the journal is building. */
  writePending(journal: Journal): void {
    for (const segment of this.#pendingSegments()) {
      const start = segment === this.#durable.segment ? this.#durable.position : 0;
      const base = segment === this.#durable.segment ? this.#durable.offset : segment.baseOffset;
      const bytes = segment.open().view(start, segment.sizeBytes - start);
      journal.addBatches(this.#topicIdBytes, this.partition, Math.max(base, segment.baseOffset), bytes);
    }
  }

  writeLogStart(journal: Journal): void {
    if (!this.needsLogStartCommit) return;
    journal.addLogStart(this.#topicIdBytes, this.partition, this.#logStartOffset);
  }

  /** A commit round, or a sync of all segments, has made this end durable. */
  committed(mark: CommitMark): void {
    if (mark.appendedBytes > this.#durable.appendedBytes) {
      if (this.#config.durability === "disk") {
        this.#host.uncommittedBytes -= mark.appendedBytes - this.#durable.appendedBytes;
      }
      this.#durable = mark;
    }
    if (this.#syncAsked.length === 0) return;
    const asked = this.#syncAsked;
    this.#syncAsked = asked.filter(({ endOffset }) => endOffset > this.#durable.offset);
    for (const { endOffset, then } of asked) if (endOffset <= this.#durable.offset) then();
  }

  /** A journal round, or a checkpoint, has made this log start offset durable. */
  logStartDurable(logStartOffset: number): void {
    this.#durableLogStartOffset = Math.max(this.#durableLogStartOffset, logStartOffset);
  }

  /**
   * Starts a new segment, so that the one before can be deleted or set aside. False where there is no room; with `keepsSpare`
   * also where the new one would not have what the log has to spare, and the one before has.
   */
  roll(keepsSpare = false): boolean {
    const { active } = this.#segments;
    if (active !== null && active.sizeBytes === 0 && active.baseOffset === this.#endOffset) return true;
    const { segmentFirstBytes } = this.#host.limits;
    const sizeBytes = keepsSpare ? Math.max(segmentFirstBytes, this.#spareBytes) : segmentFirstBytes;
    return this.#startSegment(sizeBytes) === null;
  }

  /** What a checkpoint says of the log: as far as the segments are synced. */
  checkpointState(monotonicMs: number): LogState {
    const segments = this.#segments.states();
    const recoveryPoint = segments.at(-1)?.nextOffset ?? this.#endOffset;
    return {
      topic: this.topic,
      topicId: this.topicId,
      partition: this.partition,
      logStartOffset: this.#logStartOffset,
      segments,
      epochs: this.epochs.startsBefore(recoveryPoint),
      producers: this.producers.snapshot(
        this.#host.bugs.has("late-producer-snapshot") ? Number.MAX_SAFE_INTEGER : recoveryPoint,
        monotonicMs,
      ),
    };
  }

  /** Takes the log over as a checkpoint or recovery left it: all of it durable. */
  restore(segments: Segment[], logStartOffset: number, endOffset: number): void {
    this.#segments.restore(segments);
    this.#logStartOffset = logStartOffset;
    this.#durableLogStartOffset = logStartOffset;
    this.#endOffset = endOffset;
    this.#durable = this.captureEnd();
  }

  /** Ends the log's life until the next start. `why` is a clause for people. */
  fence(error: unknown, why: string): void {
    if (this.#fault !== null || this.#deleted) return;
    this.#fault = "fenced";
    if (this.#config.durability === "disk") this.#host.uncommittedBytes -= this.pendingBytes;
    this.#host.report.fenced?.(this, error, why);
  }

  /** The log can't be read at all. */
  quarantine(): void {
    this.#fault = "quarantined";
  }

  /** A segment of this log that is not in it yet. */
  newSegment(baseOffset: number): Segment {
    return this.#segments.make(baseOffset, this.#config.indexIntervalBytes);
  }

  /** No more appends, syncs or files: the folder is going away. */
  markDeleted(): void {
    this.#deleted = true;
    if (this.#config.durability === "disk" && this.#fault === null) {
      this.#host.uncommittedBytes -= this.pendingBytes;
    }
    this.#segments.close();
  }

  #store(batches: Uint8Array, start: number, end: number, options: AppendOptions): Appended {
    const { active } = this.#segments;
    assert(active !== null, "room was made");
    const baseOffset = this.#endOffset;
    const isLogAppendTime = this.#config.timestampType === "LogAppendTime";
    let next = baseOffset;
    for (let at = start; at < end; at += batchSizeBytes(batches, at)) {
      setBatchBaseOffset(batches, at, next);
      setBatchLeaderEpoch(batches, at, options.leaderEpoch);
      if (isLogAppendTime) setBatchLogAppendTime(batches, at, options.nowMs);
      next += batchLastOffsetDelta(batches, at) + 1;
    }
    active.append(batches, start, end);
    active.firstAppendMs ??= options.nowMs;
    const monotonicMs = this.#host.clock.monotonicMs();
    for (let at = start; at < end; at += batchSizeBytes(batches, at)) {
      const ended = this.producers.note(batches, at, monotonicMs);
      if (ended?.outcome === "abort") active.transactions.add(ended);
    }
    if (this.producers.hasManyChanges) {
      this.producers.settle(this.#segments.states().at(-1)?.nextOffset ?? 0);
    }
    this.epochs.note(options.leaderEpoch, baseOffset);
    this.#endOffset = next;
    this.#noteAppended(active, end - start);
    return {
      error: 0,
      baseOffset: offset(baseOffset),
      lastOffset: offset(next - 1),
      logAppendTimeMs: isLogAppendTime ? options.nowMs : -1,
      logStartOffset: this.logStartOffset,
      duplicate: false,
    };
  }

  #noteAppended(active: Segment, bytes: number): void {
    this.#appendedBytes += bytes;
    this.#segments.noteAppended(active, bytes);
    this.#host.touched(bytes);
    if (this.#config.durability === "disk") this.#host.uncommittedBytes += bytes;
    this.#host.needsSync(this);
    this.#host.needsCommit(this);
  }

  #trouble(): AppendRefusal | null {
    if (this.#fault !== null || this.#deleted || this.#host.failure !== null) return this.#storageError();
    if (this.#host.uncommittedBytes > this.#host.limits.maxUncommittedBytes) {
      const message = `the disk is behind by ${this.#host.uncommittedBytes} bytes; try again`;
      return { error: ERROR.REQUEST_TIMED_OUT, message };
    }
    return null;
  }

  #storageError(): AppendRefusal {
    const why = this.#host.failure?.message ?? `the log of ${this.topic}-${this.partition} is ${this.#fault}`;
    return { error: ERROR.KAFKA_STORAGE_ERROR, message: why };
  }

  #appendFailed(error: unknown): AppendRefusal {
    if (hasCode(error, "DISK_FULL")) return this.#noSpace();
    if (!hasCode(error, "DISK_IO") && !hasCode(error, "LOG_CORRUPT")) throw error;
    // Part of the append may be in the file: nothing may follow it.
    this.fence(error, "an append failed");
    return this.#storageError();
  }

  #noSpace(): AppendRefusal {
    const isBound = this.#host.space.refused() === "log.max.bytes";
    const message = isBound
      ? "log.max.bytes is reached; raise it or lower retention"
      : "the disk is full; free some space or lower retention";
    // Of those that Kafka's clients retry by themselves, librdkafka and Java among them.
    return { error: ERROR.KAFKA_STORAGE_ERROR, message, diskFull: true };
  }

  /** Has the active segment's file there, with room for so much. Throws DISK_FULL, DISK_IO or LOG_CORRUPT. */
  #prepare(bytes: number, nowMs: number): AppendRefusal | null {
    this.makeFiles?.();
    this.makeFiles = null;
    return this.#leaveDamage() ?? this.#makeRoom(bytes, nowMs);
  }

  /** Where the active segment's file is damaged or gone, appends go on in a new one. Throws DISK_IO. */
  #leaveDamage(): AppendRefusal | null {
    const { active } = this.#segments;
    if (active === null) return null;
    try {
      if (!active.damaged) {
        active.prepare();
        if (!active.transactions.isHeld) active.takeTransactions(transactionsOf(this.#segments.all));
      }
    } catch (error) {
      const isMissing = hasCode(error, "DISK_IO") && !this.#host.disk.isFile(active.path);
      if (!isMissing && !hasCode(error, "LOG_CORRUPT")) throw error;
      if (this.#host.damaged(this, active, error)) return null;
    }
    // It can't be salvaged yet: that waits for space, or for a sync.
    return active.damaged && active === this.#segments.active && !this.roll() ? this.#noSpace() : null;
  }

  /** Makes sure that the active segment takes `bytes` more. */
  #makeRoom(bytes: number, nowMs: number): AppendRefusal | null {
    const { limits } = this.#host;
    const { active } = this.#segments;
    const wantedBytes = bytes + this.#spareBytes;
    if (active === null || mustRoll(active, bytes, this.#endOffset, this.#config, limits)) {
      const startedMs = active?.firstAppendMs ?? null;
      const busy = startedMs !== null && nowMs - startedMs < BUSY_SEGMENT_MS;
      const wanted = busy ? limits.segmentGrowthBytes : limits.segmentFirstBytes;
      const refused = this.#startSegment(Math.max(Math.min(wanted, this.#config.segmentBytes), wantedBytes));
      return this.#spareBytes > 0 && active?.sealed === false && active.roomBytes >= bytes ? null : refused;
    }
    // The file may have been closed, and is measured when it is opened.
    active.open();
    if (active.roomBytes >= wantedBytes) return null;
    const target = grownSizeBytes(active, wantedBytes, this.#config.segmentBytes, limits);
    const isAllowed = this.#host.space.allows(target - active.allocatedBytes, this);
    if (!isAllowed) return active.roomBytes >= bytes ? null : this.#noSpace();
    active.allocate(target);
    return null;
  }

  #startSegment(allocateBytes: number): AppendRefusal | null {
    if (!this.#host.space.allows(allocateBytes, this)) return this.#noSpace();
    this.#segments.start(this.#endOffset, allocateBytes, this.#config.indexIntervalBytes);
    this.#segments.active?.transactions.begin(this.producers.open.all());
    this.#host.needsSync(this);
    return null;
  }

  /** Segments with bytes above the durable end. */
  #pendingSegments(): readonly Segment[] {
    return this.pendingBytes === 0 ? [] : this.#segments.beyond(this.#durable.offset);
  }

  #readSegment(
    segment: Segment,
    fromOffset: number,
    maxBytes: number,
    minOneBatch: boolean,
    until: number,
  ): ReadBatches | null {
    const start = segment.locate(fromOffset);
    const limit = this.#limitIn(segment, until);
    if (start >= limit.position) return null;
    const end = segment.endOfRun(start, maxBytes, minOneBatch, limit);
    if (end.position === start) return { error: 0, bytes: NO_BYTES, nextOffset: fromOffset as Offset };
    const bytes = segment.open().view(start, end.position - start);
    segment.hint(end.offset, end.position);
    this.#host.touched(bytes.length);
    return { error: 0, bytes, nextOffset: end.offset as Offset };
  }

  /** The end of the batches in a segment that lie wholly below `until`. */
  #limitIn(segment: Segment, until: number): { position: number; offset: number } {
    if (until >= segment.nextOffset) return { position: segment.sizeBytes, offset: segment.nextOffset };
    if (segment === this.#durable.segment && until === this.#durable.offset) {
      return { position: this.#durable.position, offset: until };
    }
    return { position: segment.locate(until), offset: until };
  }

  #guardSearch<Result>(search: () => Result | null): Result | null {
    if (this.fault !== null || this.#deleted) return null;
    try {
      return search();
    } catch (error) {
      // Damage is found and set aside by the check of segments; a search answers "none" meanwhile.
      if (hasCode(error, "LOG_CORRUPT") || hasCode(error, "DISK_IO")) return null;
      throw error;
    }
  }
}

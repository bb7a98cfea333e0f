import { assert } from "../base/assert.ts";
import { HeadwaterError } from "../base/errors.ts";
import type { Uuid } from "../base/ids.ts";
import type { Clock } from "../io/clock.ts";
import type { Disk, FolderLock } from "../io/disk.ts";
import type { Random } from "../io/random.ts";
import { Background } from "./background.ts";
import { captureLogs, type StoreCapture } from "./capture.ts";
import type { CheckpointSlots, LogState } from "./checkpoint.ts";
import { type CommitStatus, Commits } from "./commit.ts";
import type { CompactionStatus } from "./compaction.ts";
import { Deletions } from "./deletions.ts";
import { makeDurableFolder } from "./durable-folder.ts";
import {
  CLEAN_SHUTDOWN_FILE,
  doomedFolderName,
  PARTITION_METADATA_FILE,
  partitionFolderName,
} from "./folder-names.ts";
import { FolderSync } from "./folder-sync.ts";
import { type GoneLogs, logKey } from "./gone-logs.ts";
import { IndexBudget } from "./index-budget.ts";
import type { Journal } from "./journal.ts";
import { KeyIndexCache } from "./key-search.ts";
import { BirthQueue, LogBirth } from "./log-birth.ts";
import {
  DEFAULT_LOG_CONFIG,
  DEFAULT_LOG_LIMITS,
  type DeletionWitness,
  type LogBug,
  type LogConfig,
  type LogIdentity,
  type LogLimits,
  type LogReport,
  NO_BUGS,
} from "./log-config.ts";
import type { LogHost } from "./log-host.ts";
import type { LogTimes } from "./log-times.ts";
import { Maintenance } from "./maintenance.ts";
import { OpenFiles } from "./open-files.ts";
import { PartitionLog } from "./partition-log.ts";
import { encodePartitionMetadata } from "./partition-metadata.ts";
import { Quarantine } from "./quarantine.ts";
import type { Segment } from "./segment.ts";
import type { CheckpointedFiles } from "./segment-list.ts";
import { newSecret } from "./sip-hash.ts";
import { SpaceGuard, withinBound } from "./space-guard.ts";
import { type OpenedStore, openStore } from "./store-opening.ts";

/** Files of deleted partitions removed with each deletion: more than a small partition leaves, so none pile up. */
const REMOVALS_PER_DELETION = 8;

export interface LogStoreOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random?: Random;
  readonly folder: string;
  readonly limits?: Partial<LogLimits>;
  readonly report?: LogReport;
  /** Settings of a topic that is found on the disk; they can be set again at any time. */
  readonly configFor?: (topic: string) => LogConfig;
  /** Deliberate bugs, for tests. */
  readonly bugs?: ReadonlySet<LogBug>;
}

export interface LogStoreStatus extends CommitStatus {
  readonly logs: number;
  readonly faultyLogs: number;
  /** Damaged files and ranges found since the start. */
  readonly quarantines: number;
  readonly openFiles: number;
  readonly mappedBytes: number;
  readonly freeBytes: number;
  readonly fullLimit: SpaceGuard["full"];
  readonly uncommittedBytes: number;
  /** Logs with segments that are not synced. */
  readonly unsyncedLogs: number;
  readonly checkpoints: number;
  readonly compaction: CompactionStatus;
}

/**
 * All logs under one data folder, and what they share: the journal and its commit rounds, open files, free
 * space, checkpoints, recovery. One event loop owns a store.
 */
export class LogStore {
  readonly #options: LogStoreOptions;
  readonly #host: StoreHost;
  readonly #lock: FolderLock;
  readonly #logs = new Map<string, PartitionLog>();
  readonly #folders = new Set<string>();
  readonly #quarantine: Quarantine;
  readonly #slots: CheckpointSlots;
  readonly #journal: Journal;
  readonly #commits: Commits;
  readonly #background: Background;
  readonly #maintenance: Maintenance;
  readonly #deletions: Deletions;
  readonly #storeId: Uint8Array;
  /** For logs that are born; whoever makes or removes folders for good at once syncs for himself. */
  readonly #dataFolder: FolderSync;
  readonly #births = new BirthQueue();
  #sequence: number;
  #floorGeneration: number;
  #lastCheckpointMs: number;
  /** Logs that could not be recovered keep what the checkpoint said of them. */
  readonly #frozen = new Map<PartitionLog, LogState>();
  readonly #gone: GoneLogs;
  readonly #committedListeners: (() => void)[] = [];
  readonly #fatalListeners: ((error: HeadwaterError) => void)[] = [];
  #closed = false;

  /**
   * Opens the data folder and recovers what is in it. One corrupt partition is set aside and reported. Throws
   * DATA_FOLDER_LOCKED, DATA_FORMAT_UNKNOWN, DISK_FULL or DISK_IO of the folder itself.
   */
  static async open(options: LogStoreOptions): Promise<LogStore> {
    const { disk, clock, folder } = options;
    const limits = withinBound({ ...DEFAULT_LOG_LIMITS, ...options.limits });
    makeDurableFolder(disk, folder);
    const lock = disk.lock(folder);
    try {
      const host = new StoreHost(disk, clock, limits, options);
      const quarantine = new Quarantine(host, folder);
      const opened = await openStore({
        host,
        folder,
        quarantine,
        random: options.random ?? null,
        configFor: options.configFor ?? (() => DEFAULT_LOG_CONFIG),
      });
      return new LogStore(options, host, lock, quarantine, opened);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private constructor(
    options: LogStoreOptions,
    host: StoreHost,
    lock: FolderLock,
    quarantine: Quarantine,
    opened: OpenedStore,
  ) {
    this.#options = options;
    this.#host = host;
    this.#lock = lock;
    this.#quarantine = quarantine;
    this.#slots = opened.slots;
    this.#journal = opened.journal;
    this.#storeId = opened.storeId;
    this.#dataFolder = new FolderSync(host, options.folder);
    this.#sequence = opened.sequence;
    this.#gone = opened.gone;
    this.#floorGeneration = opened.journal.generation;
    this.#lastCheckpointMs = host.clock.monotonicMs();
    for (const log of opened.logs) this.#add(log);
    for (const [log, state] of opened.frozen) this.#frozen.set(log, state);
    this.#background = new Background({
      limits: host.limits,
      report: host.report,
      keepJournal: (generation, fenced) => opened.keepJournal(generation, fenced),
      synced: (log, mark) => this.#commits.synced(log, mark),
      checkpoint: (floorGeneration) => this.#checkpoint(floorGeneration),
      release: (generation) => this.#journal.release(generation),
      skipSyncs: host.bugs.has("tail-before-segment-sync"),
    });
    this.#commits = new Commits({
      clock: host.clock,
      limits: host.limits,
      bugs: host.bugs,
      journal: this.#journal,
      drain: (generation) => void this.#background.request(generation),
      drained: () => this.#background.nextPass(),
      failed: (error) => this.#fail(error),
      committed: () => this.#committed(),
    });
    this.#deletions = new Deletions(host, () => this.#logs.values());
    this.#maintenance = new Maintenance({
      host,
      quarantine,
      journal: this.#journal,
      doomedFolders: opened.doomedFolders,
      deletions: this.#deletions,
      secret: () => newSecret(options.random ?? null, host.clock),
    });
    host.attach({
      needsCommit: (log) => this.#commits.add(log),
      needsSync: (log) => this.#background.add(log),
      damaged: (log, segment, cause) => this.#maintenance.mendNow(log, segment, cause),
      logBytes: () => this.#logBytes(),
    });
    for (const log of opened.logs) if (log.files.hasUntrimmed) this.#background.add(log);
  }

  get folder(): string {
    return this.#options.folder;
  }

  /** What the folder's file system holds, and what may still be written. */
  space(): { readonly totalBytes: number; readonly usableBytes: number } {
    const { disk, space } = this.#host;
    return { totalBytes: disk.totalBytes(this.folder), usableBytes: space.freeBytes };
  }

  logs(): Iterable<PartitionLog> {
    return this.#logs.values();
  }

  get(topicId: Uuid, partition: number): PartitionLog | null {
    return this.#logs.get(logKey({ topicId, partition })) ?? null;
  }

  /** Makes a log that is not there yet; its existence is durable when this returns. Throws DISK_FULL or DISK_IO. */
  create(identity: LogIdentity, config: LogConfig): PartitionLog {
    const [log] = this.createAll([identity], config);
    assert(log !== undefined, "one log was asked for");
    return log;
  }

  /** Makes several logs, of one topic say, with one sync of the data folder. */
  createAll(identities: readonly LogIdentity[], config: LogConfig): readonly PartitionLog[] {
    const failure = this.#host.failure;
    if (failure !== null) throw failure;
    const made: PartitionLog[] = [];
    try {
      for (const identity of identities) made.push(this.#make(identity, config));
      this.#host.disk.syncFolderNow(this.#options.folder);
    } catch (error) {
      for (const log of made) this.#unmake(log);
      throw error;
    }
    for (const log of made) this.#add(log);
    return made;
  }

  /**
   * Makes logs that have no files before their first append, and are gone after a restart if there was none:
   * for whoever writes down by other means which logs there are. Thousands cost a moment, and no sync.
   */
  createUnborn(identities: readonly LogIdentity[], config: LogConfig): readonly PartitionLog[] {
    const failure = this.#host.failure;
    if (failure !== null) throw failure;
    return identities.map((identity) => {
      if (this.#gone.has(identity)) return this.create(identity, config);
      const log = this.#newLog(identity, config);
      log.restore([], 0, 0);
      log.makeFiles = () => this.#bear(log);
      this.#add(log);
      return log;
    });
  }

  /** Takes a log away: durable when this returns, the files go later. Throws DISK_IO. */
  delete(log: PartitionLog): void {
    this.deleteAll([log]);
  }

  /** Takes several logs away with one sync of the data folder. Throws DISK_IO. */
  deleteAll(logs: readonly PartitionLog[]): void {
    const { folder } = this.#options;
    const doomed: string[] = [];
    for (const log of logs) {
      if (this.get(log.topicId, log.partition) !== log) continue;
      // A log that never had a record has no files, unless its first append failed half-way.
      if (log.makeFiles === null || log.segments.length > 0) {
        const path = `${folder}/${doomedFolderName(log.topicId, log.partition)}`;
        this.#host.disk.rename(log.folder, path);
        doomed.push(path);
      }
      this.#forget(log);
    }
    if (doomed.length === 0) return;
    this.#host.disk.syncFolderNow(folder);
    for (const path of doomed) this.#maintenance.removeLater(path);
    this.#maintenance.removeDoomed(REMOVALS_PER_DELETION, 0);
  }

  /** Takes a log away whose records nobody can place, and keeps its files for people to look at. Throws DISK_IO. */
  setAside(log: PartitionLog, why: string): void {
    if (this.get(log.topicId, log.partition) !== log) return;
    const { folder } = this.#options;
    this.#forget(log);
    const path = this.#quarantine.setAside(log.folder, folder, partitionFolderName(log.topic, log.partition));
    this.#host.report.quarantined?.(log, path, log.logStartOffset, log.logEndOffset, why);
  }

  /** Who is told of records before retention or a full disk take them, and says what has to stay. */
  set witness(witness: DeletionWitness) {
    this.#deletions.witness = witness;
  }

  /** Where a log begins, once what retention or a full disk are about to take is written down. */
  startOf(log: PartitionLog): number {
    return this.#deletions.startOf(log);
  }

  /** Takes records of logs on somebody's word. */
  get deletions(): Pick<Deletions, "isMissed" | "request"> {
    return this.#deletions;
  }

  /** `listener` runs after each commit round, once high watermarks have moved or logs were fenced. */
  onCommitted(listener: () => void): void {
    this.#committedListeners.push(listener);
  }

  /** `listener` runs when the journal fails: nothing was or will be acknowledged that is not durable. */
  onFatal(listener: (error: HeadwaterError) => void): void {
    this.#fatalListeners.push(listener);
  }

  /** From now on records are judged by these times. */
  useTimes(times: LogTimes): void {
    this.#maintenance.times = times;
  }

  /** Everything that time brings: rolling, retention, background syncs, key indexes. Called about once a second. */
  async maintain(nowMs: number): Promise<void> {
    if (this.#closed || this.#host.failure !== null) return;
    const { clock, limits } = this.#host;
    const changed = this.#maintenance.tick(this.#logs.values(), nowMs);
    const due = clock.monotonicMs() - this.#lastCheckpointMs >= limits.checkpointIntervalMs;
    if (changed || this.#background.overdue || (due && this.#background.pending > 0)) {
      await this.#background.request(null);
    }
  }

  /** Checks every byte of every log; damage is set aside and reported. Gives the bytes checked. For `doctor`. */
  verifyAll(): number {
    return this.#maintenance.verifyAll(this.#logs.values());
  }

  /** From now on commit rounds wait for so long, and retention looks so often. */
  setTimes(times: Pick<LogLimits, "lingerMs" | "retentionCheckIntervalMs">): void {
    Object.assign(this.#host.limits, times);
  }

  /** Gives back memory that can be had again from the disk. In a turn of its own: views of it end. Doesn't throw. */
  shrink(): void {
    const { files, indexBudget, keyIndexes, failure } = this.#host;
    if (this.#closed || failure !== null) return;
    indexBudget.shrink();
    keyIndexes.shrink();
    files.shrink();
  }

  /** All logs as they are at this moment, for a copy; see capture.ts. */
  capture(): StoreCapture {
    return captureLogs(this.#logs.values(), this.#storeId, this.#host.clock.monotonicMs());
  }

  /** Writes out everything and leaves the marker of a clean shutdown. Rejects with DISK_IO where it could not. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#maintenance.stop();
    await this.#commits.settled();
    this.#closed = true;
    try {
      if (this.#host.failure === null) await this.#writeClean();
    } finally {
      this.#host.failure ??= new HeadwaterError("LOG_FENCED", "the log store is closed");
      this.#commits.stop();
      this.#background.stop();
      this.#host.files.closeAll();
      this.#journal.close();
      this.#lock.release();
    }
  }

  status(): LogStoreStatus {
    let faultyLogs = 0;
    for (const log of this.#logs.values()) if (log.fault !== null) faultyLogs += 1;
    return {
      ...this.#commits.status(),
      logs: this.#logs.size,
      faultyLogs,
      quarantines: this.#host.quarantines,
      openFiles: this.#host.files.count,
      mappedBytes: this.#host.files.mappedBytes,
      freeBytes: this.#host.space.freeBytes,
      fullLimit: this.#host.space.full,
      uncommittedBytes: this.#host.uncommittedBytes,
      unsyncedLogs: this.#background.pending,
      checkpoints: this.#background.passes,
      compaction: this.#maintenance.compaction.status(),
    };
  }

  #add(log: PartitionLog): void {
    this.#logs.set(logKey(log), log);
    this.#folders.add(log.folder);
  }

  #forget(log: PartitionLog): void {
    this.#logs.delete(logKey(log));
    this.#folders.delete(log.folder);
    this.#frozen.delete(log);
    log.markDeleted();
    this.#background.forget(log);
  }

  #newLog(identity: LogIdentity, config: LogConfig): PartitionLog {
    const name = partitionFolderName(identity.topic, identity.partition);
    const folder = `${this.#options.folder}/${name}`;
    assert(this.get(identity.topicId, identity.partition) === null, `log ${name} is there already`);
    assert(!this.#folders.has(folder), `${name} is another topic's folder`);
    return new PartitionLog(this.#host, identity, folder, config);
  }

  #make(identity: LogIdentity, config: LogConfig): PartitionLog {
    const log = this.#newLog(identity, config);
    try {
      const startOffset = this.#gone.endOf(log);
      log.restore([], startOffset, startOffset);
      this.#makeFiles(log);
      this.#gone.tell(log, this.#host.report);
      return log;
    } catch (error) {
      this.#unmake(log);
      throw error;
    }
  }

  /** Durable some time later; whoever acknowledges an append waits for that. Throws DISK_FULL or DISK_IO. */
  #bear(log: PartitionLog): void {
    this.#makeFolder(log);
    try {
      log.files.beginBirth(new LogBirth(this.#host, log.folder, log.topicId, this.#dataFolder, this.#births));
      this.#makeSegment(log);
    } catch (error) {
      this.#host.disk.remove(log.folder);
      throw error;
    }
    // At once, since not every log waits for commit rounds.
    log.files.bear().catch((error) => log.fence(error, "its files could not be made"));
  }

  #makeFolder(log: PartitionLog): void {
    const { disk } = this.#host;
    const { folder } = log;
    // Something without a log in it: a folder that a crash left half made, or that nobody could read.
    if (log.segments.length === 0 && disk.exists(folder)) {
      const name = partitionFolderName(log.topic, log.partition);
      this.#quarantine.setAside(folder, this.#options.folder, name);
    }
    disk.makeFolder(folder);
  }

  #makeSegment(log: PartitionLog): void {
    if (log.roll()) return;
    throw new HeadwaterError("DISK_FULL", `no space for ${log.folder}`, { path: log.folder });
  }

  /** Durable but for the folder's own name. Throws DISK_FULL or DISK_IO. */
  #makeFiles(log: PartitionLog): void {
    const { disk } = this.#host;
    const { folder } = log;
    this.#makeFolder(log);
    this.#makeSegment(log);
    // This syncs the folder, and so makes the segment's name durable as well.
    disk.replaceFile(`${folder}/${PARTITION_METADATA_FILE}`, encodePartitionMetadata(log.topicId));
    log.files.noteFolderSynced();
  }

  #unmake(log: PartitionLog): void {
    log.markDeleted();
    this.#background.forget(log);
    this.#host.disk.remove(log.folder);
  }

  #logBytes(): number {
    let bytes = 0;
    for (const log of this.#logs.values()) bytes += log.sizeBytes;
    return bytes;
  }

  #committed(): void {
    this.#deletions.committed();
    for (const listener of this.#committedListeners) listener();
  }

  #fail(cause: unknown): void {
    if (this.#host.failure !== null) return;
    if (!(cause instanceof HeadwaterError)) throw cause;
    const message = `the journal can't be made durable, nothing is acknowledged any more: ${cause.message}`;
    const error = new HeadwaterError("LOG_FENCED", message, { cause });
    this.#host.failure = error;
    this.#background.stop();
    for (const listener of this.#fatalListeners) listener(error);
    this.#committed();
  }

  async #checkpoint(floorGeneration: number | null): Promise<void> {
    const monotonicMs = this.#host.clock.monotonicMs();
    const floor = Math.max(this.#floorGeneration, floorGeneration ?? 0);
    const logs: LogState[] = [];
    const captured: { log: PartitionLog; logStartOffset: number; files: CheckpointedFiles }[] = [];
    for (const log of this.#logs.values()) {
      if (log.makeFiles !== null || log.files.isNewborn) continue;
      const frozen = this.#frozen.get(log);
      logs.push(frozen ?? log.checkpointState(monotonicMs));
      captured.push({ log, logStartOffset: log.logStartOffset, files: log.files.beginCheckpoint() });
    }
    const sequence = this.#sequence + 1;
    await this.#slots.write({ storeId: this.#storeId, sequence, floorGeneration: floor, logs });
    this.#sequence = sequence;
    this.#floorGeneration = floor;
    this.#lastCheckpointMs = this.#host.clock.monotonicMs();
    for (const { log, logStartOffset, files } of captured) {
      log.logStartDurable(logStartOffset);
      log.files.endCheckpoint(files);
    }
  }

  /** The journal is not needed after this: the checkpoint has every log to its end. */
  async #writeClean(): Promise<void> {
    await this.#background.request(null);
    await this.#background.request(null);
    const whole = [...this.#logs.values()].every((log) => log.fault === null && !log.files.hasUnsynced);
    if (!whole || this.#host.failure !== null) return;
    for (const log of this.#logs.values()) for (const segment of log.segments) segment.giveUpIndexes();
    await this.#checkpoint(null);
    const marker = new TextEncoder().encode(`${this.#sequence}\n`);
    this.#host.disk.replaceFile(`${this.#options.folder}/${CLEAN_SHUTDOWN_FILE}`, marker);
  }
}

interface HostListeners {
  needsCommit(log: PartitionLog): void;
  needsSync(log: PartitionLog): void;
  damaged(log: PartitionLog, segment: Segment, cause: unknown): boolean;
  /** Bytes of all logs. */
  logBytes(): number;
}

/** What the store's logs see of it. Until the store is whole, during recovery, nothing is committed or synced. */
class StoreHost implements LogHost {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly limits: LogLimits;
  readonly report: LogReport;
  readonly bugs: ReadonlySet<LogBug>;
  readonly files: OpenFiles;
  readonly indexBudget: IndexBudget;
  readonly keyIndexes: KeyIndexCache;
  readonly space: SpaceGuard;
  failure: HeadwaterError | null = null;
  uncommittedBytes = 0;
  commitRequests = 0;
  quarantines = 0;
  #listeners: HostListeners | null = null;

  constructor(disk: Disk, clock: Clock, limits: LogLimits, options: LogStoreOptions) {
    this.disk = disk;
    this.clock = clock;
    this.limits = limits;
    const report = options.report ?? {};
    this.report = {
      recovered: (...details) => report.recovered?.(...details),
      tornTail: (...details) => report.tornTail?.(...details),
      cutBatches: (...details) => report.cutBatches?.(...details),
      fenced: (...details) => report.fenced?.(...details),
      deleted: (...details) => report.deleted?.(...details),
      diskFull: (...details) => report.diskFull?.(...details),
      warning: (...details) => report.warning?.(...details),
      quarantined: (...details) => {
        this.quarantines += 1;
        report.quarantined?.(...details);
      },
    };
    this.bugs = options.bugs ?? NO_BUGS;
    this.files = new OpenFiles(disk, limits);
    this.indexBudget = new IndexBudget(limits.indexBytes);
    this.keyIndexes = new KeyIndexCache(disk, limits.keyIndexCacheBytes);
    this.space = new SpaceGuard(
      disk,
      options.folder,
      limits,
      this.report,
      () => this.#listeners?.logBytes() ?? 0,
    );
  }

  attach(listeners: HostListeners): void {
    this.#listeners = listeners;
  }

  needsCommit(log: PartitionLog): void {
    this.commitRequests += 1;
    this.#listeners?.needsCommit(log);
  }

  needsSync(log: PartitionLog): void {
    this.#listeners?.needsSync(log);
  }

  damaged(log: PartitionLog, segment: Segment, cause: unknown): boolean {
    return this.#listeners?.damaged(log, segment, cause) ?? false;
  }

  touched(bytes: number): void {
    this.files.touched(bytes);
  }
}

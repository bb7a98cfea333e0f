import { HeadwaterError } from "../base/errors.ts";
import type { Uuid } from "../base/ids.ts";
import type { Disk, DiskFile } from "../io/disk.ts";
import type { Random } from "../io/random.ts";
import { CHECKPOINT_FILES, type Checkpoint, CheckpointSlots, type LogState } from "./checkpoint.ts";
import { refuseErased } from "./erasure-marker.ts";
import {
  CLEAN_SHUTDOWN_FILE,
  FORMAT_FILE,
  isDoomedFolderName,
  JOURNAL_FOLDER,
  LOG_SUFFIX,
  PARTITION_METADATA_FILE,
  parsePartitionFolderName,
  partitionFolderName,
} from "./folder-names.ts";
import { GoneLogs, logKey } from "./gone-logs.ts";
import {
  findStoreId,
  Journal,
  type JournalContents,
  type JournalEntry,
  readJournal,
  STORE_ID_BYTES,
} from "./journal.ts";
import type { LogConfig } from "./log-config.ts";
import type { LogHost } from "./log-host.ts";
import { PartitionLog } from "./partition-log.ts";
import {
  decodePartitionMetadata,
  encodePartitionMetadata,
  MAX_PARTITION_METADATA_BYTES,
} from "./partition-metadata.ts";
import type { Quarantine } from "./quarantine.ts";
import { LogRecovery } from "./recovery.ts";
import { endSwitch } from "./restore-switch.ts";
import type { Segment } from "./segment.ts";
import { decodeFormat, encodeFormat, MAX_FORMAT_BYTES } from "./store-format.ts";

/** Journal files kept for logs that could not be synced: `kept.<generation>`. */
const KEPT_PREFIX = "kept.";
/** Files in the data folder itself; the last is the broker's. */
export const OWN_FILES: readonly string[] = [
  FORMAT_FILE,
  CLEAN_SHUTDOWN_FILE,
  ...CHECKPOINT_FILES,
  "meta.properties",
];
const COPY_BYTES = 1024 * 1024;
/** Segments synced at a time at the end of recovery. */
const RECOVERY_SYNCS = 4;

export interface OpeningOptions {
  readonly host: LogHost;
  readonly folder: string;
  readonly quarantine: Quarantine;
  readonly random: Random | null;
  readonly configFor: (topic: string) => LogConfig;
}

export interface OpenedStore {
  readonly logs: readonly PartitionLog[];
  /** What the checkpoint said of logs that could not be recovered. */
  readonly frozen: ReadonlyMap<PartitionLog, LogState>;
  readonly journal: Journal;
  readonly slots: CheckpointSlots;
  readonly storeId: Uint8Array;
  /** Of the checkpoint in force. */
  readonly sequence: number;
  /** Folders of deleted partitions whose files are still there. */
  readonly doomedFolders: readonly string[];
  readonly gone: GoneLogs;
  /**
   * Copies the half of the journal with this generation to a file that the next recovery reads, if it has
   * something of these logs. Throws DISK_FULL or DISK_IO.
   */
  keepJournal(generation: number, fenced: readonly PartitionLog[]): void;
}

/** Opens the data folder: at once after a clean shutdown, else by recovery. See LogStore.open. */
export async function openStore(options: OpeningOptions): Promise<OpenedStore> {
  return new StoreOpening(options).run();
}

/** A partition's folder. */
interface FoundFolder {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly partition: number;
  readonly state: LogState | null;
}

class StoreOpening {
  readonly #options: OpeningOptions;
  readonly #slots: CheckpointSlots;
  readonly #logs: PartitionLog[] = [];
  readonly #frozen = new Map<PartitionLog, LogState>();
  readonly #toSync: Segment[] = [];
  readonly #foldersToSync: string[] = [];
  readonly #doomed: string[] = [];
  readonly #states = new Map<string, LogState>();
  readonly #gone = new GoneLogs();
  /** Whether the journal has something for a log that can't take it now. */
  #journalStillNeeded = false;
  #highestGeneration = -1;
  /** The journal's last, which may have been in flight. */
  #lastRound = { path: "", position: 0 };

  constructor(options: OpeningOptions) {
    this.#options = options;
    this.#slots = new CheckpointSlots(options.host.disk, options.folder);
  }

  async run(): Promise<OpenedStore> {
    const { folder, host } = this.#options;
    refuseErased(host.disk, folder);
    endSwitch(host.disk, folder);
    this.#setAsideOdd(folder, (name) => OWN_FILES.includes(name), "");
    this.#setAsideNoFolder();
    this.#setAsideOdd(this.#journalFolder, isJournalFile, `${JOURNAL_FOLDER}-`);
    const storedId = this.#readFormat();
    const checkpoint = this.#slots.read();
    for (const state of checkpoint?.logs ?? []) {
      this.#states.set(partitionFolderName(state.topic, state.partition), state);
    }
    const halves = this.#existingHalves();
    const storeId = storedId ?? checkpoint?.storeId ?? firstStoreId(halves) ?? this.#newStoreId();
    if (storedId === null) this.#disk.replaceFile(`${folder}/${FORMAT_FILE}`, encodeFormat(storeId));
    const isClean = checkpoint !== null && this.#readMarker() === checkpoint.sequence;
    if (isClean) {
      this.#openClean(checkpoint);
    } else {
      this.#settle(halves);
      this.#recover(storeId, checkpoint, halves);
    }
    await this.#sync();
    const generation = Math.max(this.#highestGeneration, (checkpoint?.floorGeneration ?? 0) - 1) + 1;
    const sequence = isClean ? checkpoint.sequence : (checkpoint?.sequence ?? 0) + 1;
    if (!isClean) await this.#startAnew(storeId, sequence, generation);
    const journal = this.#openJournal(halves, storeId, generation);
    // Before the first append: from now on a crash needs recovery.
    if (!host.bugs.has("keep-clean-marker")) this.#removeMarker();
    return {
      logs: this.#logs,
      frozen: this.#frozen,
      journal,
      slots: this.#slots,
      storeId,
      sequence,
      doomedFolders: this.#doomed,
      gone: this.#gone,
      keepJournal: (kept, fenced) => {
        const file = journal.fileOf(kept);
        if (file !== null && holdsEntriesOf(file, storeId, fenced)) this.#keep(file, kept);
      },
    };
  }

  get #disk(): Disk {
    return this.#options.host.disk;
  }

  get #journalFolder(): string {
    return `${this.#options.folder}/${JOURNAL_FOLDER}`;
  }

  /** Folders, pipes, and links to nothing, where a file has to be: they can be neither read nor replaced. */
  #setAsideOdd(parent: string, isFile: (name: string) => boolean, prefix: string): void {
    for (const name of this.#disk.list(parent)) {
      const path = `${parent}/${name}`;
      if (!isFile(name) || this.#disk.isFile(path)) continue;
      const target = this.#options.quarantine.setAside(path, parent, prefix + name);
      this.#options.host.report.quarantined?.(null, target, -1, -1, "a file was expected here");
    }
  }

  /** Something else in the place of the journal's folder. */
  #setAsideNoFolder(): void {
    const { folder, quarantine, host } = this.#options;
    if (!this.#disk.list(folder).includes(JOURNAL_FOLDER)) return;
    if (this.#disk.exists(this.#journalFolder) && isFolder(this.#disk, this.#journalFolder)) return;
    const target = quarantine.setAside(this.#journalFolder, folder, JOURNAL_FOLDER);
    host.report.quarantined?.(null, target, -1, -1, "a folder was expected here");
  }

  #readFormat(): Uint8Array | null {
    const path = `${this.#options.folder}/${FORMAT_FILE}`;
    const bytes = this.#readSmall(path, MAX_FORMAT_BYTES);
    return bytes === null ? null : decodeFormat(bytes, path);
  }

  /** Not a secret: it only has to be what no producer knows. Derived from the time where there is no random. */
  #newStoreId(): Uint8Array {
    const { random, host } = this.#options;
    if (random !== null) return random.bytes(STORE_ID_BYTES).slice();
    const id = new Uint8Array(STORE_ID_BYTES);
    new DataView(id.buffer).setFloat64(0, host.clock.nowMs() + host.clock.monotonicMs());
    return id;
  }

  /** Sequence of the checkpoint that a clean shutdown ended with, or null. */
  #readMarker(): number | null {
    const bytes = this.#readSmall(`${this.#options.folder}/${CLEAN_SHUTDOWN_FILE}`, MAX_FORMAT_BYTES);
    const text = bytes === null ? "" : new TextDecoder().decode(bytes);
    return /^\d{1,15}\n$/.test(text) ? Number(text) : null;
  }

  #removeMarker(): void {
    const path = `${this.#options.folder}/${CLEAN_SHUTDOWN_FILE}`;
    if (!this.#disk.exists(path)) return;
    this.#disk.remove(path);
    this.#disk.syncFolderNow(this.#options.folder);
  }

  /** A file's bytes; null where it is not there, too long, or can't be read. */
  #readSmall(path: string, maxBytes: number): Uint8Array | null {
    try {
      return this.#disk.readFile(path, maxBytes);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#options.host.report.warning?.(`${path} can't be read and is taken as missing`, error);
      return null;
    }
  }

  /** The journal's files as the last run left them. */
  #existingHalves(): DiskFile[] {
    const halves: DiskFile[] = [];
    for (const name of this.#disk.list(this.#journalFolder)) {
      if (!isJournalFile(name)) continue;
      halves.push(this.#disk.openFile(`${this.#journalFolder}/${name}`, "write"));
    }
    return halves;
  }

  /** After a clean shutdown the checkpoint is the whole truth; files are looked at when they are used. */
  #openClean(checkpoint: Checkpoint): void {
    const names = new Set(this.#disk.list(this.#options.folder));
    this.#findDoomed(names);
    for (const state of checkpoint.logs) {
      const name = partitionFolderName(state.topic, state.partition);
      if (names.has(name)) this.#restore(state);
      else this.#reportFolder(name, "the partition's folder is missing");
    }
    this.#noteGone(checkpoint.logs, new Map());
    // The journal is not read: everything in it is in the segments.
    this.#highestGeneration = checkpoint.floorGeneration;
  }

  #restore(state: LogState): void {
    const { host, configFor } = this.#options;
    const folder = `${this.#options.folder}/${partitionFolderName(state.topic, state.partition)}`;
    const log = new PartitionLog(host, state, folder, configFor(state.topic));
    const segments = state.segments.map((segmentState) => {
      const segment = log.newSegment(segmentState.baseOffset);
      segment.restore(segmentState);
      segment.transactions.restore(segmentState.transactions);
      segment.synced = segment.mark();
      segment.trimmed = true;
      return segment;
    });
    log.producers.restore(state.producers, host.clock.monotonicMs());
    log.epochs.restore(state.epochs);
    const endOffset = Math.max(state.logStartOffset, segments.at(-1)?.nextOffset ?? 0);
    log.restore(segments, state.logStartOffset, endOffset);
    this.#logs.push(log);
    this.#lookAtActive(log, state);
  }

  /** Appends need the active segment: where its file is gone or another, they go on behind it in a new one. */
  #lookAtActive(log: PartitionLog, state: LogState): void {
    const active = log.segments.at(-1);
    if (active === undefined) return;
    try {
      active.glance();
      active.close();
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      active.close();
      this.#mend(log, active, state);
    }
  }

  #mend(log: PartitionLog, segment: Segment, state: LogState): void {
    const { host, quarantine } = this.#options;
    try {
      if (quarantine.mend(log, segment)) return;
      // The first append, or a reader, comes to it once there is space.
      host.report.warning?.(`${segment.path} is damaged, and there is no space to go through it`);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#freeze(log, state, error.message);
    }
  }

  /** A log that can't be used keeps what the checkpoint said of it, for the next start. */
  #freeze(log: PartitionLog, state: LogState | null, why: string): void {
    log.quarantine();
    if (state !== null) this.#frozen.set(log, state);
    this.#options.host.report.quarantined?.(log, log.folder, -1, -1, why);
  }

  /**
   * A process that was killed leaves writes in the system's cache, where they are read like durable ones. What
   * recovery decides by, and what it finds by name, is made durable first: power may go next.
   */
  #settle(halves: readonly DiskFile[]): void {
    this.#disk.syncFolderNow(this.#options.folder);
    if (this.#disk.exists(this.#journalFolder)) this.#disk.syncFolderNow(this.#journalFolder);
    for (const half of halves) half.syncNow();
    this.#slots.syncNow();
  }

  #recover(storeId: Uint8Array, checkpoint: Checkpoint | null, halves: readonly DiskFile[]): void {
    const names = this.#disk.list(this.#options.folder);
    this.#findDoomed(names);
    const folders = names.map((name) => this.#findFolder(name)).filter((found) => found !== null);
    const entries = this.#readEntries(storeId, checkpoint, halves);
    for (const found of folders) {
      const own = entries.get(this.#fence(found)) ?? [];
      this.#recoverLog(found, own, checkpoint === null && !this.#isNew(names));
    }
    for (const [name] of this.#states) {
      if (!names.includes(name)) this.#reportMissing(name);
    }
    this.#noteGone(checkpoint?.logs ?? [], entries);
  }

  /**
   * Of logs that have no folder. A round that was in flight may tell of one whose folder had not been made yet: that
   * there was one is certain only where the checkpoint says so, or the journal in another round than its last.
   */
  #noteGone(states: readonly LogState[], entries: ReadonlyMap<string, readonly JournalEntry[]>): void {
    const there = new Set(this.#logs.map(logKey));
    for (const state of states) {
      const key = logKey(state);
      if (!there.has(key)) this.#gone.note(key, state.logStartOffset, state.segments.at(-1)?.nextOffset ?? 0);
    }
    for (const [key, own] of entries) {
      if (there.has(key) || own.every((entry) => this.#isInFlight(entry))) continue;
      this.#gone.noteEntries(key, own);
    }
  }

  #isInFlight({ file, position, kind }: JournalEntry): boolean {
    const { path, position: roundPosition } = this.#lastRound;
    return kind !== "synced" && file.path === path && position >= roundPosition;
  }

  /** A folder that never had a checkpoint has no journal either. */
  #isNew(names: readonly string[]): boolean {
    return !names.includes(JOURNAL_FOLDER);
  }

  /** A deleted topic's folder is gone before the next checkpoint forgets it: that is no loss. */
  #reportMissing(name: string): void {
    this.#options.host.report.warning?.(
      `${name} was in the last checkpoint and has no folder; it was deleted`,
    );
  }

  #findDoomed(names: Iterable<string>): void {
    for (const name of names) {
      if (isDoomedFolderName(name)) this.#doomed.push(`${this.#options.folder}/${name}`);
    }
  }

  /** The partition in a folder; null for what is none. A folder nobody can name is set aside. */
  #findFolder(name: string): FoundFolder | null {
    const parsed = parsePartitionFolderName(name);
    if (parsed === null) return null;
    const folder = `${this.#options.folder}/${name}`;
    const state = this.#states.get(name) ?? null;
    try {
      const bytes = this.#readSmall(`${folder}/${PARTITION_METADATA_FILE}`, MAX_PARTITION_METADATA_BYTES);
      let topicId = bytes === null ? null : decodePartitionMetadata(bytes);
      // A file that is missing was never there: this folder may be a successor of the one in the checkpoint.
      const isHalfMade = bytes === null && this.#isHalfMade(folder);
      if (topicId === null && state !== null && !isHalfMade) {
        topicId = state.topicId;
        this.#disk.replaceFile(`${folder}/${PARTITION_METADATA_FILE}`, encodePartitionMetadata(topicId));
      }
      if (topicId !== null) return { ...parsed, topicId, state: state?.topicId === topicId ? state : null };
      if (isHalfMade) this.#disk.remove(folder);
      else this.#setAside(folder, name, "partition.metadata is damaged");
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#reportFolder(name, error.message);
    }
    return null;
  }

  /** A crash before the topic's id was written leaves a folder with nothing but an empty segment. */
  #isHalfMade(folder: string): boolean {
    for (const name of this.#disk.list(folder)) {
      if (!name.endsWith(LOG_SUFFIX)) continue;
      const file = this.#disk.openFile(`${folder}/${name}`, "read");
      const start = file.view(0, Math.min(file.sizeBytes, 64)).slice();
      file.close();
      if (start.some((byte) => byte !== 0)) return false;
    }
    return true;
  }

  #setAside(folder: string, name: string, why: string): void {
    const target = this.#options.quarantine.setAside(folder, this.#options.folder, name);
    this.#options.host.report.quarantined?.(null, target, -1, -1, why);
  }

  #reportFolder(name: string, why: string): void {
    this.#options.host.report.quarantined?.(null, `${this.#options.folder}/${name}`, -1, -1, why);
  }

  /** The journal's entries by log, oldest first. */
  #readEntries(
    storeId: Uint8Array,
    checkpoint: Checkpoint | null,
    halves: readonly DiskFile[],
  ): Map<string, JournalEntry[]> {
    const { host } = this.#options;
    const contents: JournalContents[] = [];
    for (const half of halves) {
      const read = readJournal(half, storeId, !host.bugs.has("skip-recovery-crc"));
      this.#highestGeneration = Math.max(this.#highestGeneration, read.highestGeneration);
      if (read.missingRounds > 0) {
        host.report.warning?.(`${half.path}: ${read.missingRounds} rounds of the journal are damaged`);
      }
      const kept = half.path.includes(`/${KEPT_PREFIX}`);
      if (kept || read.highestGeneration >= (checkpoint?.floorGeneration ?? 0)) contents.push(read);
    }
    contents.sort((a, b) => a.highestGeneration - b.highestGeneration);
    const last = contents.at(-1)?.rounds.at(-1);
    const path = last?.entries[0]?.file.path;
    if (last !== undefined && path !== undefined) this.#lastRound = { path, position: last.position };
    const entries = new Map<string, JournalEntry[]>();
    for (const entry of contents.flatMap(({ rounds }) => rounds.flatMap((round) => round.entries))) {
      const key = this.#fence(entry);
      const own = entries.get(key);
      if (own === undefined) entries.set(key, [entry]);
      else own.push(entry);
    }
    return entries;
  }

  /** What an entry has to share with a log to be the log's: the id keeps out earlier topics of the same name. */
  #fence(log: { readonly topicId: Uuid; readonly partition: number }): string {
    const ignored = this.#options.host.bugs.has("skip-topic-id-fence");
    return ignored ? `${log.partition}` : `${log.topicId}:${log.partition}`;
  }

  #recoverLog(found: FoundFolder, entries: readonly JournalEntry[], checkpointLost: boolean): void {
    const { host, configFor, quarantine } = this.#options;
    const folder = `${this.#options.folder}/${partitionFolderName(found.topic, found.partition)}`;
    const log = new PartitionLog(host, found, folder, configFor(found.topic));
    this.#logs.push(log);
    try {
      const recovery = new LogRecovery(host, log, quarantine, {
        state: found.state,
        entries,
        checkpointLost,
      });
      const { toSync, folderUnsynced } = recovery.run();
      this.#toSync.push(...toSync);
      if (folderUnsynced) this.#foldersToSync.push(folder);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      if (entries.length > 0) this.#journalStillNeeded = true;
      this.#freeze(log, found.state, error.message);
    }
  }

  /** Makes durable what recovery read or wrote, before anybody is told of it. */
  async #sync(): Promise<void> {
    for (const folder of this.#foldersToSync) this.#disk.syncFolderNow(folder);
    const queue = [...this.#toSync];
    const work = async () => {
      for (let segment = queue.pop(); segment !== undefined; segment = queue.pop()) await segment.sync();
    };
    await Promise.all(Array.from({ length: RECOVERY_SYNCS }, work));
  }

  /** The end of a recovery: the journal's contents are in the segments now, and a checkpoint says so. */
  async #startAnew(storeId: Uint8Array, sequence: number, generation: number): Promise<void> {
    const monotonicMs = this.#options.host.clock.monotonicMs();
    if (this.#journalStillNeeded) this.#keepAll();
    this.#slots.prepare();
    const logs = this.#logs
      .filter((log) => log.fault === null || this.#frozen.has(log))
      .map((log) => this.#frozen.get(log) ?? log.checkpointState(monotonicMs));
    await this.#slots.write({ storeId, sequence, floorGeneration: generation, logs });
    if (this.#journalStillNeeded) return;
    for (const name of this.#disk.list(this.#journalFolder)) {
      if (name.startsWith(KEPT_PREFIX)) this.#disk.remove(`${this.#journalFolder}/${name}`);
    }
  }

  #keepAll(): void {
    for (const name of ["0", "1"]) {
      const path = `${this.#journalFolder}/${name}`;
      if (!this.#disk.exists(path)) continue;
      const file = this.#disk.openFile(path, "read");
      const { highestGeneration } = readJournal(file, null);
      if (highestGeneration >= 0) this.#keep(file, highestGeneration);
      file.close();
    }
  }

  /** Copies a half of the journal; durable when it returns. */
  #keep(half: DiskFile, generation: number): void {
    const path = `${this.#journalFolder}/${KEPT_PREFIX}${generation}`;
    this.#disk.remove(path);
    const copy = this.#disk.createFile(path, half.sizeBytes);
    try {
      for (let at = 0; at < half.sizeBytes; at += COPY_BYTES) {
        copy.write(at, half.view(at, Math.min(COPY_BYTES, half.sizeBytes - at)));
      }
      copy.syncNow();
    } finally {
      copy.close();
    }
    this.#disk.syncFolderNow(this.#journalFolder);
  }

  #openJournal(found: readonly DiskFile[], storeId: Uint8Array, generation: number): Journal {
    for (const file of found) file.close();
    const { limits } = this.#options.host;
    const isNew = !this.#disk.exists(this.#journalFolder);
    if (isNew) {
      this.#disk.makeFolder(this.#journalFolder);
      this.#disk.syncFolderNow(this.#options.folder);
    }
    const first = this.#openHalf("0", limits.journalBytes);
    const second = this.#openHalf("1", limits.journalBytes);
    const fresh = first.fresh || second.fresh;
    if (fresh) this.#disk.syncFolderNow(this.#journalFolder);
    return new Journal({
      files: [first.file, second.file],
      storeId,
      generation,
      maxRoundBytes: limits.journalRoundBytes,
      fresh,
    });
  }

  /** Opens a half, or makes it anew where it is missing or of another size: what was in it is not needed any more. */
  #openHalf(name: string, sizeBytes: number): { file: DiskFile; fresh: boolean } {
    const path = `${this.#journalFolder}/${name}`;
    if (this.#disk.exists(path)) {
      const file = this.#disk.openFile(path, "write");
      if (file.sizeBytes === sizeBytes) return { file, fresh: false };
      file.close();
      this.#disk.remove(path);
    }
    return { file: this.#disk.createFile(path, sizeBytes), fresh: true };
  }
}

function isJournalFile(name: string): boolean {
  return name === "0" || name === "1" || name.startsWith(KEPT_PREFIX);
}

/** Of a path that is there. */
function isFolder(disk: Disk, path: string): boolean {
  try {
    disk.list(path);
    return true;
  } catch {
    return false;
  }
}

function firstStoreId(halves: readonly DiskFile[]): Uint8Array | null {
  for (const half of halves) {
    const id = findStoreId(half);
    if (id !== null) return id;
  }
  return null;
}

function holdsEntriesOf(half: DiskFile, storeId: Uint8Array, logs: readonly PartitionLog[]): boolean {
  const { rounds } = readJournal(half, storeId);
  return rounds.some((round) =>
    round.entries.some((entry) =>
      logs.some((log) => log.topicId === entry.topicId && log.partition === entry.partition),
    ),
  );
}

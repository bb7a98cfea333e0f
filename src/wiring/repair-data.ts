import { HeadwaterError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { Broker } from "../broker/broker.ts";
import { GapLedger } from "../broker/gap-ledger.ts";
import { openIdentity } from "../broker/identity.ts";
import { LINEAGE_TOPIC, Lineages } from "../broker/lineages.ts";
import { Losses } from "../broker/losses.ts";
import type { RepairOutcome, SetAside } from "../cli/world.ts";
import { type Settings, topicDefaults } from "../config/options.ts";
import type { Clock } from "../io/clock.ts";
import type { Disk } from "../io/disk.ts";
import type { Random } from "../io/random.ts";
import {
  CLEAN_SHUTDOWN_FILE,
  JOURNAL_FOLDER,
  KEY_INDEX_SUFFIX,
  PARTITION_METADATA_FILE,
  QUARANTINE_FOLDER,
} from "../log/folder-names.ts";
import type { Damage } from "../log/inspection/damage.ts";
import { buildKeyIndex } from "../log/inspection/index-check.ts";
import type { LogReport } from "../log/log-config.ts";
import { LogStore } from "../log/log-store.ts";
import { type Segment, writeCacheFile } from "../log/segment.ts";
import { transactionsOf } from "../log/transaction-index.ts";
import { logLimits } from "./log-limits.ts";
import { DamageNotes } from "./log-report.ts";

/** How long the ledger may take to be written before that is given up: a full disk, say. */
const LEDGER_MS = 30_000;
const LOOK_MS = 20;

export interface RepairOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings: Settings;
  /** What an inspection has found, and whether the last shutdown was clean. */
  readonly damages: readonly Damage[];
  readonly isClean: boolean;
}

/**
 * Repairs a data folder that nobody has: what a start, the check after it and readers would do, all at once. Caches that
 * are damaged are built again, damaged segments go to the quarantine but for their sound batches, and what is lost is
 * written into the ledger. A power cut at any moment leaves a folder that a start or another repair goes on with. Rejects
 * with DATA_FOLDER_LOCKED, DATA_FORMAT_UNKNOWN, DISK_FULL or DISK_IO.
 */
export async function repairStore(options: RepairOptions): Promise<RepairOutcome> {
  prepare(options);
  const damage = new DamageNotes();
  const setAside: SetAside[] = [];
  const store = await LogStore.open({
    disk: options.disk,
    clock: options.clock,
    random: options.random,
    folder: options.settings.data,
    limits: logLimits(options.settings),
    report: reportTo(options.logger, setAside, damage),
  });
  let faulty: readonly string[] = [];
  try {
    await mendAll(store, damage, options);
    faulty = [...faultyLogs(store)];
  } finally {
    await store.close();
  }
  // What it had is in the segments now.
  if (options.disk.exists(`${options.settings.data}/${CLEAN_SHUTDOWN_FILE}`)) clearJournal(options);
  return { setAside, faulty };
}

/** Before the start: what is damaged and only a copy goes, and what a start would believe without a look. */
function prepare(options: RepairOptions): void {
  const { disk, settings, damages, isClean } = options;
  const lock = disk.lock(settings.data);
  try {
    for (const { part, path } of damages) if (part === "index") disk.remove(path);
    // Where the shutdown was not clean the journal may be the only copy of something.
    if (isClean) clearJournal(options);
    const metadataIsDamaged = damages.some(({ path }) => path.endsWith(`/${PARTITION_METADATA_FILE}`));
    if (isClean && metadataIsDamaged) disk.remove(`${settings.data}/${CLEAN_SHUTDOWN_FILE}`);
    disk.syncFolderNow(settings.data);
  } finally {
    lock.release();
  }
}

/** The next start makes the files anew. */
function clearJournal({ disk, settings, damages }: RepairOptions): void {
  const damaged = damages.filter(({ part }) => part === "journal");
  for (const { path } of damaged) disk.remove(path);
  if (damaged.length > 0) disk.syncFolderNow(`${settings.data}/${JOURNAL_FOLDER}`);
}

async function mendAll(store: LogStore, damage: DamageNotes, options: RepairOptions): Promise<void> {
  const { disk, clock, random, logger, settings } = options;
  const { clusterId, nodeId } = openIdentity(disk, settings.data, random);
  const broker = new Broker({
    ...{ store, clock, random, logger, nodeId, clusterId },
    topicDefaults: topicDefaults(settings),
    autoCreateTopics: false,
    defaultPartitions: settings["num.partitions"],
    maxPartitions: settings["max.partitions"],
  });
  // The ledger is carried to the centre as well, where a copy of this folder is told from the folder.
  if (settings.uplinks.length > 0 || broker.topics.get(LINEAGE_TOPIC) !== null) new Lineages(broker, random);
  const ledger = new GapLedger(broker, logger);
  const losses = new Losses(broker, ledger);
  damage.tellTo((log, fromOffset, toOffset) => losses.damaged(log, fromOffset, toOffset));
  // Before the damaged bytes are out of the way: a power cut in between must not leave a loss that nobody finds any more.
  for (const log of store.logs()) {
    for (const { part, topic, partition, fromOffset, toOffset } of options.damages) {
      if (part !== "segment" || fromOffset === null || toOffset === null) continue;
      if (topic === log.topic && partition === log.partition && toOffset <= log.logEndOffset)
        losses.damaged(log, Math.max(fromOffset, log.logStartOffset), toOffset);
    }
  }
  await written(losses, store, clock);
  store.verifyAll();
  for (const log of store.logs()) {
    if (log.fault !== null) continue;
    for (const [i, segment] of log.segments.entries())
      rebuild(disk, log.segments, i, segment, options.damages);
  }
  await written(losses, store, clock);
  losses.close();
  ledger.close();
}

/** Resolves once the ledger has what was lost, or rejects with DISK_FULL. */
async function written(losses: Losses, store: LogStore, clock: Clock): Promise<void> {
  const isWritten = (): boolean =>
    [...store.logs()].every(({ topicId, partition, logEndOffset }) =>
      losses.areWritten(topicId, partition, logEndOffset),
    );
  const endMs = clock.monotonicMs() + LEDGER_MS;
  do await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
  while (!isWritten() && clock.monotonicMs() < endMs);
  if (isWritten()) return;
  const message = "what is lost can't be written into the ledger: make room, and repair again";
  throw new HeadwaterError("DISK_FULL", message);
}

/** Indexes of a segment that had damaged ones; the store writes them down as it closes. */
function rebuild(
  disk: Disk,
  segments: readonly Segment[],
  index: number,
  segment: Segment,
  damages: readonly Damage[],
): void {
  const stem = segment.path.slice(0, segment.path.lastIndexOf("."));
  if (!damages.some(({ part, path }) => part === "index" && path.startsWith(`${stem}.`))) return;
  if (segment.damaged || segment.sizeBytes === 0) return;
  segment.prepare();
  transactionsOf(segments, index);
  if (!damages.some(({ path }) => path === stem + KEY_INDEX_SUFFIX)) return;
  writeCacheFile(disk, segment.keyIndexPath, buildKeyIndex(segment.open(), segment));
}

function* faultyLogs(store: LogStore): Generator<string> {
  for (const { fault, topic, partition } of store.logs()) if (fault !== null) yield `${topic}-${partition}`;
}

function reportTo(logger: Logger, setAside: SetAside[], damage: DamageNotes): LogReport {
  return {
    quarantined(log, path, fromOffset, toOffset, why) {
      if (log !== null && toOffset > fromOffset && fromOffset >= 0) damage.note(log, fromOffset, toOffset);
      const kept = path.includes(`/${QUARANTINE_FOLDER}/`) ? path : null;
      const offsets = fromOffset < 0 ? { fromOffset: null, toOffset: null } : { fromOffset, toOffset };
      setAside.push({
        topic: log?.topic ?? null,
        partition: log?.partition ?? null,
        path: kept,
        ...offsets,
        why,
      });
    },
    fenced: ({ topic, partition }, error, why) => logger.error(why, { topic, partition, error }),
    warning: (message, cause) => logger.warn(message, { cause }),
  };
}

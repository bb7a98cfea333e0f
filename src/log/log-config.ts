import { HeadwaterError } from "../base/errors.ts";
import type { Uuid } from "../base/ids.ts";
import type { PartitionLog } from "./partition-log.ts";

/** Which log: a folder of its own, fenced by the topic's id against an earlier topic of the same name. */
export interface LogIdentity {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly partition: number;
}

/** What a topic can choose. Every value may change while the log is open. Names are Kafka's where it has one. */
export interface LogConfig {
  /** `segment.bytes`: a batch that would go beyond it starts the next segment. */
  readonly segmentBytes: number;
  /** `segment.ms`: age, since its first append, at which a segment is sealed even if it is not full. */
  readonly segmentMs: number;
  /** `retention.ms`; -1 is for ever. */
  readonly retentionMs: number;
  /** `retention.bytes`; -1 is no bound. */
  readonly retentionBytes: number;
  /** `index.interval.bytes`: bytes of batches between two entries of the offset and time index. */
  readonly indexIntervalBytes: number;
  /** `max.message.bytes`: largest record batch, header included. */
  readonly maxMessageBytes: number;
  /** "disk": the high watermark is what is durable. "memory": it is the log's end, as in Kafka by default. */
  readonly durability: "disk" | "memory";
  /** `message.timestamp.type`. */
  readonly timestampType: "CreateTime" | "LogAppendTime";
  /** `message.timestamp.before.max.ms`: how far back a record's own time may be. */
  readonly timestampBeforeMaxMs: number;
  /** `message.timestamp.after.max.ms`: how far ahead it may be. */
  readonly timestampAfterMaxMs: number;
  /** `compression.type`: the code of a codec, to which clients' batches are brought; null: they stay as they are. */
  readonly compression: number | null;
  /** Of gzip or zstd; null is the codec's own. */
  readonly compressionLevel: number | null;
  /** Whether `cleanup.policy` has delete: clients may delete records, too. */
  readonly deletes: boolean;
  /** Whether `cleanup.policy` has compact: only the latest record of each key stays, and every record has a key. */
  readonly compact: boolean;
  /** `min.cleanable.dirty.ratio`: share of the log that was never compacted from which on it is. */
  readonly minCleanableDirtyRatio: number;
  /** `delete.retention.ms`: how long compaction leaves tombstones and transaction markers to readers. */
  readonly deleteRetentionMs: number;
  /** `min.compaction.lag.ms`: age below which records are not compacted. */
  readonly minCompactionLagMs: number;
  /** `max.compaction.lag.ms`: age from which on they are, whatever the ratio. */
  readonly maxCompactionLagMs: number;
  /** `headwater.full.policy`: what becomes of appends where the disk is full. */
  readonly fullPolicy: "drop-oldest" | "refuse-new";
  /** `headwater.priority`: 0 to 9; records of the largest number go first where the disk is full. */
  readonly priority: number;
  /** `headwater.keep.unforwarded`: neither retention nor a full disk take what an uplink has still to carry. */
  readonly keepUnforwarded: boolean;
  /** May use up the reserve of free space, as the broker's own topics do. */
  readonly usesReserve: boolean;
  /** `producer.id.expiration.ms`: silence after which an idempotent producer's state is forgotten. */
  readonly producerIdExpirationMs: number;
}

export const DEFAULT_LOG_CONFIG: LogConfig = {
  segmentBytes: 16 * 1024 * 1024,
  segmentMs: 7 * 24 * 3600 * 1000,
  retentionMs: 7 * 24 * 3600 * 1000,
  retentionBytes: -1,
  indexIntervalBytes: 4096,
  maxMessageBytes: 1048588,
  durability: "disk",
  timestampType: "CreateTime",
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: Number.MAX_SAFE_INTEGER,
  compression: null,
  compressionLevel: null,
  deletes: true,
  compact: false,
  minCleanableDirtyRatio: 0.5,
  deleteRetentionMs: 24 * 3600 * 1000,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  fullPolicy: "refuse-new",
  priority: 5,
  keepUnforwarded: false,
  usesReserve: false,
  producerIdExpirationMs: 24 * 3600 * 1000,
};

/** Bounds of the whole store, which no topic can stretch. */
export interface LogLimits {
  /** Size of each of the journal's two files. */
  readonly journalBytes: number;
  /** Most bytes that one commit round puts into the journal; what is left waits for the next round. */
  readonly journalRoundBytes: number;
  /** From this many bytes in a round on, a partition skips the journal and its segments are synced instead. */
  readonly directBytes: number;
  /** How long a commit round waits at most until as many appends have come as the one before had; 0: not at all. */
  readonly lingerMs: number;
  /** Appended but not yet durable bytes at which appends are refused until the disk has caught up. */
  readonly maxUncommittedBytes: number;
  /** Segment files that are open at a time. */
  readonly maxOpenFiles: number;
  /** Sum of the sizes of segment files that are open at a time: what may be mapped. */
  readonly maxMappedBytes: number;
  /** Bytes written or read after which open files are asked to give their memory back. */
  readonly residentBytes: number;
  /** First size of a segment file. It doubles as it fills, up to `segmentGrowthBytes` at a time. */
  readonly segmentFirstBytes: number;
  readonly segmentGrowthBytes: number;
  /** Free bytes of the file system that only internal topics may use up. */
  readonly reserveBytes: number;
  /** `log.max.bytes`: bytes of all logs together above which the disk counts as full; -1: only its own end counts. */
  readonly maxLogBytes: number;
  /** Producers remembered per partition; the one that was silent for longest is forgotten first. */
  readonly maxProducersPerLog: number;
  /** Aborted transactions that end in one segment; the next one starts a new segment. */
  readonly maxAbortedPerSegment: number;
  /** Longest time between two checkpoints: what bounds the scan after a crash. */
  readonly checkpointIntervalMs: number;
  /** `log.retention.check.interval.ms`: time between two looks for records older than `retention.ms`; 0: at every tick. */
  readonly retentionCheckIntervalMs: number;
  /** Segment syncs that run at a time in the background. */
  readonly backgroundSyncs: number;
  /** Bytes that the quarantine keeps of what recovery has cut. */
  readonly cutBytes: number;
  /** Bytes of sealed segments, decompressed, that one call of `maintain` may have indexed by key, in slices. */
  readonly keyIndexBytesPerTick: number;
  /** Bytes that one call of `maintain` checks for damage; 0 turns the check off. */
  readonly verifyBytesPerTick: number;
  /** Memory of the map of keys that a pass of compaction works with; a log with more keys takes more passes. */
  readonly compactionMapBytes: number;
  /** Compaction works for so long, or on so many bytes, and then leaves the event loop to others ... */
  readonly compactionSliceMs: number;
  readonly compactionSliceBytes: number;
  /** ... for so long, and longer while records come in. */
  readonly compactionPauseMs: number;
  /** Bytes of compacted batches that are written before they are synced. */
  readonly compactionSyncBytes: number;
  /** Bytes of offset and time indexes kept in memory. */
  readonly indexBytes: number;
  /** Bytes of key indexes kept in memory. */
  readonly keyIndexCacheBytes: number;
  /** Bytes that a search by key walks in segments without a key index before it returns. */
  readonly keyScanBytes: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const DEFAULT_LOG_LIMITS: LogLimits = {
  journalBytes: 16 * MIB,
  journalRoundBytes: 4 * MIB,
  directBytes: 64 * KIB,
  lingerMs: 0,
  maxUncommittedBytes: 64 * MIB,
  maxOpenFiles: 1024,
  maxMappedBytes: 4096 * MIB,
  residentBytes: 8 * MIB,
  segmentFirstBytes: 16 * KIB,
  segmentGrowthBytes: 4 * MIB,
  reserveBytes: 64 * MIB,
  maxLogBytes: -1,
  maxProducersPerLog: 5000,
  maxAbortedPerSegment: 1024,
  checkpointIntervalMs: 60_000,
  retentionCheckIntervalMs: 0,
  backgroundSyncs: 3,
  cutBytes: 64 * MIB,
  keyIndexBytesPerTick: 4 * MIB,
  verifyBytesPerTick: 1 * MIB,
  compactionMapBytes: 16 * MIB,
  compactionSliceMs: 1,
  compactionSliceBytes: 1 * MIB,
  compactionPauseMs: 2,
  compactionSyncBytes: 512 * KIB,
  indexBytes: 8 * MIB,
  keyIndexCacheBytes: 2 * MIB,
  keyScanBytes: 4 * MIB,
};

/** What leaves too little space: the end of the disk, or the bound of all logs together. */
export type SpaceLimit = "disk-full" | "log.max.bytes";

/** Why records are gone, or a file was set aside. */
export type DeletionReason =
  | "retention.ms"
  | "retention.bytes"
  | SpaceLimit
  | "delete-records"
  | "delete-topic"
  | "corruption";

/** Who has to know of records before retention or a full disk take them. Calls come from the store's event loop. */
export interface DeletionWitness {
  /**
   * Whether it can answer yet. Until then nothing goes, but what clients delete.
   */
  readonly ready: boolean;
  /** The offset below which everybody who carries the log elsewhere has done so for good; null where nobody does. */
  forwardedEnd(log: LogIdentity): number | null;
  /** Whether somebody would lose records of the log if its topic were deleted now. */
  isMissed(log: PartitionLog): boolean;
  /** Records [fromOffset, toOffset) are to go. They do once `then` is called, which may be within this call. */
  witness(
    log: PartitionLog,
    fromOffset: number,
    toOffset: number,
    reason: DeletionReason,
    then: () => void,
  ): void;
}

/** Where nobody carries anything, and nobody keeps a ledger. */
export const NO_WITNESS: DeletionWitness = {
  ready: true,
  forwardedEnd: () => null,
  isMissed: () => false,
  witness: (_log, _fromOffset, _toOffset, _reason, then) => then(),
};

/** What an operator, the metrics and the gap ledger have to hear. Callbacks don't throw and don't call back into the log. */
export interface LogReport {
  /** A partition's recovery after a crash is done. */
  recovered?(log: LogIdentity, details: RecoveryDetails): void;
  /** Bytes behind the last whole batch were cut: what had been written, not acknowledged, when power went. */
  tornTail?(log: LogIdentity, endOffset: number, bytes: number): void;
  /**
   * The same where whole batches stood behind what ends the log. Nothing says that they had been acknowledged; it can't be
   * ruled out either where that is damage.
   */
  cutBatches?(log: LogIdentity, cut: CutBatches): void;
  /** Something was corrupt and set aside. Offsets in [fromOffset, toOffset) are lost; -1 where not known. */
  quarantined?(
    log: LogIdentity | null,
    path: string,
    fromOffset: number,
    toOffset: number,
    why: string,
  ): void;
  /** Nothing is appended to the log or read from it until the process starts anew. `why` is a clause for people. */
  fenced?(log: LogIdentity, error: unknown, why: string): void;
  /** Records [fromOffset, toOffset) are no longer there. */
  deleted?(log: LogIdentity, fromOffset: number, toOffset: number, reason: DeletionReason): void;
  /** Appends are refused for want of space below that limit, or are taken again. At most once per change. */
  diskFull?(full: boolean, freeBytes: number, limit: SpaceLimit): void;
  /** Anything else worth a line in the log. */
  warning?(message: string, cause?: unknown): void;
}

export interface CutBatches {
  /** Where the log ends now. */
  readonly endOffset: number;
  /** Of the first batch that was cut, and after the last. */
  readonly fromOffset: number;
  readonly toOffset: number;
  readonly batches: number;
  readonly sizeBytes: number;
  /** The file that they were copied to; null where there was no room for it. */
  readonly path: string | null;
}

export interface RecoveryDetails {
  readonly endOffset: number;
  readonly scannedBytes: number;
  readonly journalBytes: number;
}

/**
 * Deliberate bugs for tests of the tests: each breaks one promise, and a test has to notice. Never set in
 * production.
 */
export type LogBug =
  | (typeof LOG_BUGS)[number]
  | (typeof COMPACTION_BUGS)[number]
  | (typeof SINGLE_BUGS)[number];

export const LOG_BUGS = [
  /** The high watermark moves before the sync. */
  "ack-before-sync",
  /** What is durable is read after the sync instead of before it. */
  "late-end-capture",
  /** Recovery believes lengths without checking sums. */
  "skip-recovery-crc",
  /** The journal is reused before the segments are synced. */
  "tail-before-segment-sync",
  /** A bulk partition's earlier segment is not synced when it rolled within the round. */
  "skip-rolled-segment-sync",
  /** New segment files are not made durable in their folder. */
  "skip-folder-sync",
  /** Journal entries are matched by partition without the topic's id. */
  "skip-topic-id-fence",
  /** A bulk partition is neither journaled nor synced. */
  "skip-direct-sync",
  /** The clean-shutdown marker stays while the broker runs. */
  "keep-clean-marker",
  /** Recovery takes the transactions that the checkpoint has open as ended. */
  "forget-open-transactions",
  /** Aborted transactions that end behind the checkpoint are not indexed by recovery. */
  "forget-aborted-transactions",
  /** A checkpoint has the producers as they are, and not as of its recovery point. */
  "late-producer-snapshot",
  /** The last stable offset passes transactions whose marker is not durable. */
  "trust-volatile-markers",
  /** The journal calls the log's end synced before it is. */
  "note-ends-early",
  /** Recovery takes a hole below what was synced for the end of what was. */
  "ignore-synced-ends",
] as const;

/** Those of compaction, which has a simulation of its own. */
export const COMPACTION_BUGS = [
  /** A compacted segment takes the originals' place before its bytes are synced. */
  "skip-compacted-sync",
  /** The originals go before it is durable that something else has their place. */
  "skip-swap-sync",
  /** What tells of a swap goes before a checkpoint knows of it. */
  "forget-swap-early",
  /** Tombstones go at once, whatever `delete.retention.ms` says. */
  "drop-fresh-tombstones",
] as const;

/** Those that a test of their own has to notice: the first needs what no simulation comes to often enough. */
export const SINGLE_BUGS = [
  /** Recovery leaves what stands behind the log's end where it stands. */
  "keep-torn-tail",
  /** The journal's twentieth sync fails, as on a disk that is dying. */
  "fail-journal-sync",
  /** It never ends. */
  "hang-journal-sync",
  /** Where the least important log's records are going already, others' go in place of its next. */
  "drop-important-meanwhile",
  /** Files of records that are gone count as if there were no room to come from them. */
  "forget-retired-bytes",
] as const;

export const NO_BUGS: ReadonlySet<LogBug> = new Set();

/** The bugs named in a list with commas, as an environment variable of a test has them. Unknown names are refused. */
export function parseLogBugs(text: string): ReadonlySet<LogBug> {
  const bugs = new Set<LogBug>();
  for (const name of text.split(",")) {
    if (name.trim() === "") continue;
    const bug = [...LOG_BUGS, ...COMPACTION_BUGS, ...SINGLE_BUGS].find((known) => known === name.trim());
    if (bug === undefined) throw new HeadwaterError("CONFIG_INVALID", `unknown deliberate bug ${name}`);
    bugs.add(bug);
  }
  return bugs;
}

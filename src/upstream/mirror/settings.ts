import type { HeaderCondition } from "../settings.ts";

/** A topic of the centre that is copied to the gateway: commands, configuration, reference data. */
export interface MirrorSettings {
  /** The uplink whose centre and link are used. */
  readonly uplink: string;
  /** Topic at the centre. */
  readonly centralTopic: string;
  /** Topic here. */
  readonly topic: string;
  /** Patterns of keys that are taken; none for all, null keys too. */
  readonly keys: readonly string[];
  /** All of them have to hold. */
  readonly headers: readonly HeaderCondition[];
  /** Where the first copy begins. */
  readonly from: "earliest" | "latest";
  /** Partitions of the topic here where it is missing; -1 for as many as the centre has. */
  readonly partitions: number;
  readonly limits: MirrorLimits;
}

export interface MirrorLimits {
  /** How long the centre waits for records before it answers a fetch with none. */
  readonly maxWaitMs: number;
  /** Bytes of one partition in one fetch. */
  readonly fetchBytes: number;
  /** Bytes of records in one batch here. */
  readonly batchBytes: number;
  /** How often the position is saved while records flow. */
  readonly saveMs: number;
  /** How often partitions and settings of the topic are looked up. */
  readonly refreshMs: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Memory for keys of a compacted topic, to find out which of ours are gone there. */
  readonly maxSnapshotBytes: number;
}

export const DEFAULT_MIRROR_LIMITS: MirrorLimits = {
  maxWaitMs: 20_000,
  fetchBytes: 256 * 1024,
  batchBytes: 128 * 1024,
  saveMs: 1_000,
  refreshMs: 5 * 60_000,
  backoffMs: 200,
  maxBackoffMs: 30_000,
  maxSnapshotBytes: 32 * 1024 * 1024,
};

/** What a mirror is doing; plain data, for HTTP and the command line. */
export interface MirrorStatus {
  readonly centralTopic: string;
  readonly topic: string;
  readonly state:
    | "connecting"
    | "held"
    | "missing"
    | "mirroring"
    | "snapshot"
    | "backing off"
    | "failed"
    | "stopped";
  readonly reason: string | null;
  /** Records of the centre's topic that were not looked at yet; null while that is not known. */
  readonly lagRecords: number | null;
  /** Since the start of the process. */
  readonly mirroredRecords: number;
  /** Those that keys and headers leave out. */
  readonly filteredRecords: number;
  /** Those that the centre deleted before they came here, and those that no batch here has room for. */
  readonly lostRecords: number;
  readonly flow: MirrorFlow;
  /** What the copy deletes that the central topic still has, in words; null where nothing. */
  readonly warning: string | null;
}

/** Times are in milliseconds from now. */
export interface MirrorFlow {
  /** Since it last came to the end of the central topic, or any further; not in time in which it may not use the link. */
  readonly quietForMs: number;
  /** Since all that the centre had was here; null before the first time. */
  readonly completeAgoMs: number | null;
  /** Age of the newest record that was looked at, by its timestamp; null before the first, and while the time is not known. */
  readonly freshnessMs: number | null;
  /** Central partitions that can't be read while others can. */
  readonly troubles: readonly {
    readonly partition: number;
    readonly reason: string;
    readonly forMs: number;
  }[];
}

import type { HeadwaterError } from "../base/errors.ts";
import type { Clock } from "../io/clock.ts";
import type { Disk } from "../io/disk.ts";
import type { IndexBudget } from "./index-budget.ts";
import type { KeyIndexCache } from "./key-search.ts";
import type { LogBug, LogLimits, LogReport } from "./log-config.ts";
import type { OpenFiles } from "./open-files.ts";
import type { PartitionLog } from "./partition-log.ts";
import type { Segment } from "./segment.ts";
import type { SpaceGuard } from "./space-guard.ts";

/** What the logs of a store share. */
export interface LogHost {
  readonly disk: Disk;
  readonly files: OpenFiles;
  readonly indexBudget: IndexBudget;
  readonly keyIndexes: KeyIndexCache;
  readonly clock: Clock;
  readonly limits: LogLimits;
  readonly report: LogReport;
  readonly bugs: ReadonlySet<LogBug>;
  readonly space: SpaceGuard;
  /** Set once the journal can't be synced, or the store is closed: nothing is appended any more. */
  readonly failure: HeadwaterError | null;
  /** Bytes appended to logs with durability "disk" that are not durable yet. */
  uncommittedBytes: number;
  /** How often logs had something for a commit round. */
  readonly commitRequests: number;
  /** The log has something for the next commit round. */
  needsCommit(log: PartitionLog): void;
  /** The log has segments that are not synced, or not trimmed. */
  needsSync(log: PartitionLog): void;
  /**
   * A segment was found to hold something else than batches. True where what is sound stands in its place now;
   * else that follows.
   */
  damaged(log: PartitionLog, segment: Segment, cause: unknown): boolean;
  /** Bytes of segments that were touched and may be resident. */
  touched(bytes: number): void;
}

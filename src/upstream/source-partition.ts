import type { OriginHeaders } from "./central-batch.ts";
import type { TopicRoute } from "./topic-route.ts";

/** One partition of a local log and how far it is. */
export class SourcePartition {
  readonly route: TopicRoute;
  readonly index: number;
  readonly origin: OriginHeaders;
  /** Next offset to read; -1 while the position is not known. */
  next = -1;
  /** Next offset to forward that a finished round vouches for; -1 while not known. */
  committed = -1;
  /** End of the log as last seen, for the lag. */
  highWatermark = 0;
  /** Waits in the ring of partitions with something to read. */
  queued = false;
  /** Records below these offsets, by central partition, are at the centre already. Null where there are none. */
  alreadyThere: AlreadyThere | null = null;
  /** The offset after the last record that was ever found at the centre by a look, not by its acknowledgement. */
  foundEnd = 0;
  /** Offsets of records that the centre will never take, until the position is past them. */
  readonly refused = new Set<number>();

  constructor(route: TopicRoute, index: number, origin: OriginHeaders) {
    this.route = route;
    this.index = index;
    this.origin = origin;
  }
}

/**
 * What a look at the centre found after a crash. Records of one source partition reach one central partition in
 * order, so the last one there vouches for those before it.
 */
export interface AlreadyThere {
  /** Count of central partitions when they were sent: the key's partition under it decides. */
  readonly partitionCount: number;
  /** By central partition: the offset after the last record found, 0 for none. */
  readonly next: readonly number[];
  /** The largest of `next`: from there on there is nothing to skip. */
  readonly end: number;
}

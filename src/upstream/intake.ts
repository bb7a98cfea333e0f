import { HeadwaterError } from "../base/errors.ts";
import { GAP_TOPIC } from "../broker/gap-ledger.ts";
import { AbortedTransactions } from "../records/aborted-transactions.ts";
import { batchBaseOffset, batchNextOffset, completeBatchSizeBytes } from "../records/batch.ts";
import { partitionForKey } from "../records/murmur2.ts";
import { RecordCursor } from "../records/reader.ts";
import type { Lane } from "./lane.ts";
import type { LinkGovernor } from "./link/governor.ts";
import { PartitionQueue } from "./link/partition-queue.ts";
import type { Outbox } from "./outbox.ts";
import type { GapCause, UplinkReports } from "./reports.ts";
import type { Round } from "./round.ts";
import type { UplinkSettings } from "./settings.ts";
import type { LocalSource, SourceBounds, SourceSlice } from "./source.ts";
import type { SourcePartition } from "./source-partition.ts";
import { TopicFilter } from "./topic-filter.ts";
import { TopicRoute } from "./topic-route.ts";

/** Asked of the source at a time. */
const READ_BYTES = 64 * 1024;

/** Reads the chosen local topics, a slice at a time and in turn, into the outbox. */
export class Intake {
  /** By local topic name. */
  readonly routes = new Map<string, TopicRoute>();
  readonly #settings: UplinkSettings;
  readonly #source: LocalSource;
  readonly #outbox: Outbox;
  readonly #reports: UplinkReports;
  readonly #filter: TopicFilter;
  readonly #cursor = new RecordCursor({ verifyCrc: true });
  readonly #link: LinkGovernor;
  readonly #queue: PartitionQueue;

  constructor(
    settings: UplinkSettings,
    source: LocalSource,
    outbox: Outbox,
    reports: UplinkReports,
    link: LinkGovernor,
  ) {
    this.#settings = settings;
    this.#link = link;
    this.#queue = new PartitionQueue(link.priority);
    this.#source = source;
    this.#outbox = outbox;
    this.#reports = reports;
    this.#filter = new TopicFilter(settings.topics);
  }

  /** Whether there is something to read that may be read. */
  get hasMore(): boolean {
    return this.#queue.has(this.#link.lastPriority);
  }

  /** Whether a local topic goes up. What tells of losses always does. */
  carries(topic: string): boolean {
    return topic === GAP_TOPIC || this.#filter.takes(topic);
  }

  /** The lanes of all routes. */
  *lanes(): Iterable<Lane> {
    for (const route of this.routes.values()) yield* route.lanes;
  }

  /**
   * Takes up what came and went among the local topics. Routes that are `stale` are replaced only while nothing
   * is on its way (`quiet`).
   */
  refresh(quiet: boolean): void {
    const seen = new Set<string>();
    for (const topic of this.#source.topics()) {
      if (!this.carries(topic.name)) continue;
      seen.add(topic.name);
      let route = this.routes.get(topic.name);
      if (route !== undefined && route.topicId !== topic.id) route.stale = true;
      if (route === undefined || (route.stale && quiet)) {
        if (route !== undefined) this.#reports.onRecreated(topic.name);
        route = new TopicRoute(topic.name, topic.id, this.#settings.gatewayId);
        this.routes.set(topic.name, route);
      }
      if (!route.stale) route.growSource(topic.partitions);
      if (route.state.kind === "ready") this.enqueueAll(route);
    }
    for (const [name, route] of this.routes) {
      if (seen.has(name)) continue;
      route.stale = true;
      if (quiet) this.routes.delete(name);
    }
    if (quiet) this.#queue.keep((partition) => !partition.route.stale);
  }

  /** A partition's high watermark moved. */
  appended(topic: string, partition: number): void {
    const found = this.routes.get(topic)?.partitions[partition];
    if (found !== undefined) this.#enqueue(found);
  }

  /** A route became ready, or new partitions of it. */
  enqueueAll(route: TopicRoute): void {
    for (const partition of route.partitions) this.#enqueue(partition);
  }

  /** Nothing is read any more until `enqueueAll`. */
  clear(): void {
    this.#queue.clear();
  }

  /** Brings the ends of logs up to date, for the lag in the status. */
  lookAtEnds(): void {
    for (const route of this.routes.values()) {
      for (const partition of route.partitions) {
        partition.highWatermark =
          this.#source.bounds(route.topic, partition.index)?.highWatermark ?? partition.highWatermark;
      }
    }
  }

  /** Reads up to a slice into `round`, as long as `roomLeft` says so. Returns the bytes read. */
  fill(round: Round, roomLeft: () => boolean): number {
    let readBytes = 0;
    while (readBytes < this.#settings.limits.sliceBytes && roomLeft()) {
      const partition = this.#queue.shift(this.#link.lastPriority);
      if (partition === undefined) break;
      partition.queued = false;
      if (partition.route.stale || partition.route.state.kind !== "ready") continue;
      const bytes = this.#read(partition, round, roomLeft);
      readBytes += bytes;
      if (bytes > 0 && partition.next < partition.highWatermark) this.#enqueue(partition);
    }
    return readBytes;
  }

  #enqueue(partition: SourcePartition): void {
    if (partition.queued || partition.next < 0) return;
    partition.queued = true;
    this.#queue.push(partition);
  }

  /** Reads one piece of a partition. Returns its size, 0 where there was nothing or it can't be read. */
  #read(partition: SourcePartition, round: Round, roomLeft: () => boolean): number {
    const { topic } = partition.route;
    const bounds = this.#source.bounds(topic, partition.index);
    if (bounds === null || bounds.topicId !== partition.route.topicId) {
      partition.route.stale = true;
      return 0;
    }
    partition.highWatermark = bounds.highWatermark;
    this.#stepOverLost(partition, bounds, round);
    if (partition.next >= bounds.highWatermark) return 0;
    let slice: SourceSlice;
    try {
      slice = this.#source.read(topic, partition.index, partition.next, READ_BYTES);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#reports.onTrouble(`${topic}-${partition.index} can't be read at ${partition.next}`, error);
      return 0;
    }
    const before = partition.next;
    try {
      this.#take(partition, slice, round, roomLeft, bounds.compacted);
      // Nothing is left below the end: the log lost its last batches.
      if (slice.bytes.length === 0) this.#stepOverHole(partition, slice.nextOffset, bounds.compacted);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#stepOverUnreadable(partition, slice.bytes, error);
    }
    if (partition.next === before) return 0;
    round.next.set(partition, partition.next);
    if (this.#link.priority.of(topic) < this.#link.priority.last) round.hasPriority = true;
    return slice.bytes.length;
  }

  /** Takes records batch by batch, as long as there is room. Throws MALFORMED. */
  #take(
    partition: SourcePartition,
    { bytes, aborted }: SourceSlice,
    round: Round,
    roomLeft: () => boolean,
    compacted: boolean,
  ): void {
    const cursor = this.#cursor;
    const transactions = aborted.length > 0 ? new AbortedTransactions(aborted) : null;
    for (let at = 0, sizeBytes = 0; at < bytes.length; at += sizeBytes) {
      sizeBytes = completeBatchSizeBytes(bytes, at, bytes.length);
      if (sizeBytes === 0) return;
      cursor.open(bytes, at, at + sizeBytes);
      const hasRecords = cursor.next();
      const hidden = transactions?.hides(bytes, at) ?? false;
      // A batch without records stands for those that were in it: nobody can write one.
      const start = hasRecords ? batchBaseOffset(bytes, at) : batchNextOffset(bytes, at);
      this.#stepOverHole(partition, start, compacted);
      if (hasRecords && !this.#takeRecords(partition, round, roomLeft, hidden)) return;
    }
  }

  /** Takes the batch at whose first record the cursor is. Returns whether there is room for another. */
  #takeRecords(partition: SourcePartition, round: Round, roomLeft: () => boolean, hidden: boolean): boolean {
    const cursor = this.#cursor;
    const { lanes } = partition.route;
    do {
      const wanted = cursor.offset >= partition.next && !cursor.isControl && !hidden;
      if (wanted && !this.#skips(partition, cursor)) {
        this.#outbox.add(laneOf(lanes, partition, cursor), cursor, partition, round);
      }
      if (cursor.nextOffset > partition.next) partition.next = cursor.nextOffset;
      if (!roomLeft()) return false;
    } while (cursor.next());
    return true;
  }

  /** Whether the record is at the centre already, or will never be. */
  #skips(partition: SourcePartition, cursor: RecordCursor): boolean {
    if (partition.refused.has(cursor.offset)) return true;
    const there = partition.alreadyThere;
    if (there === null) return false;
    if (cursor.offset >= there.end) {
      partition.alreadyThere = null;
      return false;
    }
    const key = cursor.key();
    const lane =
      key === null ? partition.index % there.partitionCount : partitionForKey(key, there.partitionCount);
    return cursor.offset < (there.next[lane] ?? 0);
  }

  /**
   * Offsets up to `to` have no records. Compaction leaves such holes; in a log that is not compacted what was there
   * is lost: the log set damaged batches aside.
   */
  #stepOverHole(partition: SourcePartition, to: number, compacted: boolean): void {
    if (to <= partition.next) return;
    const reason = "missing in the local log, which set damaged records aside";
    if (!compacted) this.#reportGap(partition, to, reason, "damaged");
    partition.next = to;
  }

  /** From the next offset to read up to `to`. */
  #reportGap(partition: SourcePartition, to: number, reason: string, cause: GapCause): void {
    const { route, index, next } = partition;
    this.#reports.onGap(route.topic, index, next, to, reason, cause);
  }

  /** Retention was quicker than the link. */
  #stepOverLost(partition: SourcePartition, bounds: SourceBounds, round: Round): void {
    if (partition.next >= bounds.logStartOffset) return;
    this.#reportGap(partition, bounds.logStartOffset, "deleted before it was forwarded", "deleted");
    partition.next = bounds.logStartOffset;
    round.next.set(partition, partition.next);
  }

  /** Steps over the batch that does not hold together, where its end can be told. */
  #stepOverUnreadable(partition: SourcePartition, bytes: Uint8Array, error: HeadwaterError): void {
    let position = 0;
    let size = completeBatchSizeBytes(bytes, position, bytes.length);
    while (size > 0 && batchNextOffset(bytes, position) <= partition.next) {
      position += size;
      size = completeBatchSizeBytes(bytes, position, bytes.length);
    }
    const end = size > 0 ? batchNextOffset(bytes, position) : -1;
    const { topic } = partition.route;
    if (end <= partition.next || end > partition.highWatermark) {
      this.#reports.onTrouble(`${topic}-${partition.index} is unreadable at ${partition.next}`, error);
      return;
    }
    this.#reportGap(partition, end, `unreadable: ${error.message}`, "damaged");
    partition.next = end;
  }
}

/** The central partition of a record: by its key as Kafka's own partitioner does, or by its source partition. */
function laneOf(lanes: readonly Lane[], partition: SourcePartition, cursor: RecordCursor): Lane {
  const key = cursor.key();
  const index = key === null ? partition.index % lanes.length : partitionForKey(key, lanes.length);
  return lanes[index] as Lane;
}

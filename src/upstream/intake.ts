import { HeadwaterError } from "../base/errors.ts";
import { AbortedTransactions } from "../records/aborted-transactions.ts";
import { batchNextOffset, completeBatchSizeBytes } from "../records/batch.ts";
import { partitionForKey } from "../records/murmur2.ts";
import { RecordCursor } from "../records/reader.ts";
import type { Lane } from "./lane.ts";
import type { Outbox } from "./outbox.ts";
import type { UplinkReports } from "./reports.ts";
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
  /** Partitions with something to read, in turn. */
  #ring: SourcePartition[] = [];

  constructor(settings: UplinkSettings, source: LocalSource, outbox: Outbox, reports: UplinkReports) {
    this.#settings = settings;
    this.#source = source;
    this.#outbox = outbox;
    this.#reports = reports;
    this.#filter = new TopicFilter(settings.topics);
  }

  /** Whether there is something to read that may be read. */
  get hasMore(): boolean {
    return this.#ring.length > 0;
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
      if (!this.#filter.takes(topic.name)) continue;
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
    if (quiet) this.#ring = this.#ring.filter((partition) => !partition.route.stale);
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
    this.#ring = [];
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
      const partition = this.#ring.shift();
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
    this.#ring.push(partition);
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
      this.#take(partition, slice, round, roomLeft);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#stepOverUnreadable(partition, slice.bytes, error);
    }
    if (partition.next === before) return 0;
    round.next.set(partition, partition.next);
    return slice.bytes.length;
  }

  #take(partition: SourcePartition, slice: SourceSlice, round: Round, roomLeft: () => boolean): void {
    const cursor = this.#cursor;
    const { lanes } = partition.route;
    const aborted = slice.aborted.length > 0 ? new AbortedTransactions(slice.aborted) : null;
    let batchPosition = -1;
    let hidden = false;
    cursor.open(slice.bytes);
    while (cursor.next()) {
      if (aborted !== null && cursor.batchPosition !== batchPosition) {
        batchPosition = cursor.batchPosition;
        hidden = aborted.hides(slice.bytes, batchPosition);
      }
      const wanted = cursor.offset >= partition.next && !cursor.isControl && !hidden;
      if (wanted && !this.#skips(partition, cursor)) {
        this.#outbox.add(laneOf(lanes, partition, cursor), cursor, partition, round);
      }
      if (cursor.nextOffset > partition.next) partition.next = cursor.nextOffset;
      if (!roomLeft()) return;
    }
    // A batch that compaction emptied moves the position, too.
    if (cursor.nextOffset > partition.next) partition.next = cursor.nextOffset;
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

  /** Retention was quicker than the link. */
  #stepOverLost(partition: SourcePartition, bounds: SourceBounds, round: Round): void {
    if (partition.next >= bounds.logStartOffset) return;
    const { topic } = partition.route;
    this.#reports.onGap(
      topic,
      partition.index,
      partition.next,
      bounds.logStartOffset,
      "deleted before it was forwarded",
    );
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
    this.#reports.onGap(topic, partition.index, partition.next, end, `unreadable: ${error.message}`);
    partition.next = end;
  }
}

/** The central partition of a record: by its key as Kafka's own partitioner does, or by its source partition. */
function laneOf(lanes: readonly Lane[], partition: SourcePartition, cursor: RecordCursor): Lane {
  const key = cursor.key();
  const index = key === null ? partition.index % lanes.length : partitionForKey(key, lanes.length);
  return lanes[index] as Lane;
}

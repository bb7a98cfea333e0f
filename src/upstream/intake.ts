import { HeadwaterError } from "../base/errors.ts";
import type { Uuid } from "../base/ids.ts";
import { GAP_TOPIC } from "../broker/gap-ledger.ts";
import { AbortedTransactions } from "../records/aborted-transactions.ts";
import { batchBaseOffset, batchNextOffset, completeBatchSizeBytes } from "../records/batch.ts";
import { partitionForKey } from "../records/murmur2.ts";
import { RecordCursor } from "../records/reader.ts";
import { CentralTopic } from "./central-topic.ts";
import type { Lane } from "./lane.ts";
import type { LinkGovernor } from "./link/governor.ts";
import { PartitionQueue } from "./link/partition-queue.ts";
import type { Outbox } from "./outbox.ts";
import type { GapCause, UplinkReports } from "./reports.ts";
import type { Round } from "./round.ts";
import { type Destination, Routing } from "./routing.ts";
import type { UplinkSettings } from "./settings.ts";
import type { LocalSource, SourceBounds, SourceSlice, SourceTopic } from "./source.ts";
import type { SourcePartition, Tally } from "./source-partition.ts";
import type { RecordTimes, Timing } from "./times/record-times.ts";
import { TopicRoute } from "./topic-route.ts";

/** Asked of the source at a time. */
const READ_BYTES = 32 * 1024;
/** What a record may become longer by, beside the names of its origin: their last value, and headers of its times. */
const ADDED_BYTES = 128;

/** Reads the chosen local topics, a slice at a time and in turn, into the outbox. */
export class Intake {
  /** By local topic name. */
  readonly routes = new Map<string, TopicRoute>();
  /** By their names at the centre. */
  readonly centralTopics = new Map<string, CentralTopic>();
  readonly #settings: UplinkSettings;
  readonly #source: LocalSource;
  readonly #outbox: Outbox;
  readonly #reports: UplinkReports;
  readonly #routing: Routing;
  /** Ids of all local logs, forwarded or not. */
  #localIds: ReadonlySet<Uuid> = new Set();
  readonly #cursor = new RecordCursor({ verifyCrc: true });
  readonly #link: LinkGovernor;
  readonly #times: RecordTimes;
  readonly #queue: PartitionQueue;
  /** A route of a topic that is gone was removed. */
  onRemoved: (route: TopicRoute) => void = () => {};
  /** In front of a gap that the ledger has to tell of first. */
  readonly #atGaps = new Set<SourcePartition>();

  constructor(
    settings: UplinkSettings,
    source: LocalSource,
    outbox: Outbox,
    reports: UplinkReports,
    link: LinkGovernor,
    times: RecordTimes,
  ) {
    this.#times = times;
    this.#settings = settings;
    this.#link = link;
    this.#queue = new PartitionQueue(link.priority);
    this.#source = source;
    this.#outbox = outbox;
    this.#reports = reports;
    this.#routing = new Routing(settings);
  }

  /** Whether there is something to read that may be read. */
  get hasMore(): boolean {
    return this.#queue.has(this.#link.lastPriority);
  }

  /** Whether a local topic goes up. What tells of losses always does. */
  carries(topic: string): boolean {
    return this.#routing.of(topic) !== null;
  }

  /** Names of the central topics that something goes to now. */
  get readyTopics(): readonly string[] {
    const all = [...this.centralTopics.values()];
    return all
      .filter(({ routes }) => [...routes].some(({ state }) => state.kind === "ready"))
      .map(({ name }) => name);
  }

  /** Whether there is a topic to forward, and nothing keeps any of them. */
  get isAllReady(): boolean {
    const routes = [...this.routes.values()];
    return routes.length > 0 && routes.every(({ state }) => state.kind === "ready");
  }

  /** The lanes of all central topics. */
  *lanes(): Iterable<Lane> {
    for (const topic of this.centralTopics.values()) yield* topic.lanes;
  }

  /** Whether there is a log of this id, forwarded or not. */
  isLocal(topicId: Uuid): boolean {
    return this.#localIds.has(topicId);
  }

  /**
   * Takes up what came and went among the local topics. Routes that are `stale` are replaced only while nothing
   * is on its way (`quiet`).
   */
  refresh(quiet: boolean): void {
    const seen = new Set<string>();
    const topics = this.#source.topics();
    this.#localIds = new Set(topics.map(({ id }) => id));
    for (const topic of topics) {
      const destination = this.#routing.of(topic.name);
      if (destination === null) continue;
      seen.add(topic.name);
      let route = this.routes.get(topic.name);
      if (route !== undefined && route.topicId !== topic.id) route.stale = true;
      if (route === undefined || (route.stale && quiet)) {
        if (route !== undefined) {
          this.#reports.onRecreated(topic.name);
          this.#remove(route);
        }
        route = this.#add(topic, destination);
      }
      if (!route.stale) route.growSource(topic.partitions);
      if (route.state.kind === "ready") this.enqueueAll(route);
    }
    for (const [name, route] of [...this.routes]) {
      if (seen.has(name)) continue;
      route.stale = true;
      if (quiet) this.#remove(route);
    }
    if (quiet) this.#queue.keep((partition) => !partition.route.stale);
  }

  #add({ name, id }: SourceTopic, destination: Destination): TopicRoute {
    let central = this.centralTopics.get(destination.topic);
    if (central === undefined) {
      central = new CentralTopic(destination.topic);
      this.centralTopics.set(destination.topic, central);
    }
    const uplink = name === GAP_TOPIC ? this.#settings.name : "";
    const route = new TopicRoute(name, id, this.#settings.gatewayId, destination, central, uplink);
    route.run = this.#source.run ?? "";
    this.routes.set(name, route);
    return route;
  }

  #remove(route: TopicRoute): void {
    const { central } = route;
    this.onRemoved(route);
    this.routes.delete(route.topic);
    central.routes.delete(route);
    if (central.routes.size === 0) this.centralTopics.delete(central.name);
  }

  /** A partition's high watermark moved. */
  appended(topic: string, partition: number): void {
    const found = this.routes.get(topic)?.partitions[partition];
    if (found !== undefined) this.#enqueue(found);
  }

  /** A route became ready, or new partitions of it. */
  enqueueAll(route: TopicRoute): void {
    for (const partition of route.partitions) {
      partition.hold = null;
      this.#enqueue(partition);
    }
  }

  /** Has partitions go on elsewhere; what is skipped is a gap. Nothing may be on its way. */
  moveTo(route: TopicRoute, positions: ReadonlyMap<number, number>, round: Round): void {
    for (const [index, position] of positions) {
      const partition = route.partitions[index];
      if (partition === undefined) continue;
      partition.alreadyThere = null;
      partition.foundEnd = 0;
      partition.refused.clear();
      partition.untimely.clear();
      const { committed } = partition;
      const logStartOffset = this.#source.bounds(route.topic, index)?.logStartOffset ?? 0;
      if (position > committed) {
        const words = "an operator had the uplink skip them";
        this.#reports.onGap(route.topic, index, committed, position, words, "skipped");
        round.tallyOf(partition).gapped += position - committed;
        partition.skipTo(position, logStartOffset);
      } else {
        if (position < committed) round.closed.add(partition.tally);
        partition.begin(position, logStartOffset);
      }
      round.next.set(partition, position);
    }
    this.enqueueAll(route);
  }

  /** Nothing is read any more until `enqueueAll`. */
  clear(): void {
    this.#queue.clear();
    this.#atGaps.clear();
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
      partition.goesFirst = round.isFull;
      const hasMore = bytes > 0 && partition.next < partition.highWatermark;
      if (round.isFull || hasMore) this.#enqueue(partition);
    }
    return readBytes;
  }

  #enqueue(partition: SourcePartition): void {
    if (partition.queued || partition.next < 0 || partition.hold !== null) return;
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
    partition.lineage = bounds.lineage ?? [];
    if (!this.#stepOverLost(partition, bounds, round)) return 0;
    if (partition.next >= bounds.highWatermark) return 0;
    // Else the whole round would wait for it.
    if (this.#reports.areGapsWritten?.(topic, partition.index, partition.next) === false) {
      this.#atGaps.add(partition);
      return 0;
    }
    let slice: SourceSlice;
    try {
      slice = this.#source.read(topic, partition.index, partition.next, READ_BYTES);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#reports.onTrouble(`${topic}-${partition.index} can't be read at ${partition.next}`, error);
      return 0;
    }
    const before = partition.next;
    this.#times.begin(partition);
    try {
      this.#take(partition, slice, round, roomLeft, bounds.compacted);
      // Nothing is left below the end: the log lost its last batches.
      if (slice.bytes.length === 0) this.#stepOverHole(partition, slice.nextOffset, bounds.compacted, round);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#stepOverUnreadable(partition, slice.bytes, error, round);
    }
    if (topic === GAP_TOPIC) this.#releaseGaps();
    if (partition.next === before) return 0;
    if (partition.next <= partition.resumeAt) return slice.bytes.length;
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
      if (!this.#stepOverHole(partition, start, compacted, round)) return;
      if (hasRecords && !this.#takeRecords(partition, round, roomLeft, hidden)) return;
    }
  }

  /** Takes the batch at whose first record the cursor is. Returns whether there is room for another. */
  #takeRecords(partition: SourcePartition, round: Round, roomLeft: () => boolean, hidden: boolean): boolean {
    const cursor = this.#cursor;
    const tally = round.tallyOf(partition);
    const isBudgeted = this.#link.isBudgeted(partition.route.topic);
    do {
      const from = Math.max(partition.next, partition.resumeAt);
      if (partition.refused.has(cursor.offset) && !this.#mayPass(partition, cursor.nextOffset)) return false;
      const isNew = cursor.offset >= from && !cursor.isControl && !hidden;
      if (isBudgeted && isNew && !this.#affords(partition, round)) {
        round.isFull = true;
        return false;
      }
      const timing = isNew ? this.#times.of(cursor) : null;
      if (timing !== null && timing.hold !== null) {
        partition.hold = timing.hold;
        return false;
      }
      if (cursor.nextOffset > from) tally.empty += cursor.nextOffset - from;
      if (cursor.offset >= partition.next && !cursor.isControl && !hidden) {
        this.#takeRecord(partition, round, tally, timing);
      }
      if (cursor.nextOffset > partition.next) partition.next = cursor.nextOffset;
      if (!roomLeft()) return false;
    } while (cursor.next());
    return true;
  }

  /** Whether the budgets have room for the record at which the cursor is. */
  #affords(partition: SourcePartition, round: Round): boolean {
    const { recordStart, headersEnd, offset } = this.#cursor;
    const sizeBytes = headersEnd - recordStart + partition.origin.prefix.length + ADDED_BYTES;
    const waits = partition.short?.offset === offset ? partition.short.since : null;
    if (this.#link.affords(sizeBytes, this.#outbox, waits)) return true;
    if (round.open.size > 0) {
      // What is open counts as if it did not shrink: once it is compressed there may be more room.
      this.#outbox.sealAll(round);
      if (this.#link.affords(sizeBytes, this.#outbox, waits)) return true;
    }
    partition.short = { offset, since: waits ?? this.#link.shortage };
    return false;
  }

  /** Takes the record at which the cursor is; its offset was counted as empty. */
  #takeRecord(partition: SourcePartition, round: Round, tally: Tally, timing: Timing | null): void {
    const cursor = this.#cursor;
    const isChosen = partition.selection?.takes(cursor) ?? true;
    if (cursor.offset < partition.resumeAt) return;
    tally.empty -= 1;
    if (!isChosen) {
      tally.filtered += 1;
      round.filteredRecords += 1;
    } else if (partition.refused.has(cursor.offset)) tally.gapped += 1;
    else {
      tally.forwarded += 1;
      if (this.#isThere(partition, cursor)) return;
      this.#outbox.add(laneOf(partition.route.lanes, partition, cursor), cursor, partition, round, timing);
    }
  }

  /** Whether the record is at the centre already. */
  #isThere(partition: SourcePartition, cursor: RecordCursor): boolean {
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
   * is lost: the log set damaged batches aside. False where that has to wait.
   */
  #stepOverHole(partition: SourcePartition, to: number, compacted: boolean, round: Round): boolean {
    if (to <= partition.next) return true;
    const reason = "missing in the local log, which set damaged records aside";
    if (!compacted) return this.#stepOverGap(partition, to, reason, "damaged", round);
    const from = Math.max(partition.next, partition.resumeAt);
    if (to > from) round.tallyOf(partition).empty += to - from;
    partition.next = to;
    return true;
  }

  /** From the next offset to read up to `to`, as far as that was not dealt with before. False where that has to wait. */
  #stepOverGap(
    partition: SourcePartition,
    to: number,
    reason: string,
    cause: GapCause,
    round: Round,
  ): boolean {
    const { route, index, next, resumeAt, toldTo } = partition;
    const from = Math.max(next, resumeAt);
    if (to > from) {
      partition.toldTo = Math.max(to, toldTo);
      if (to > toldTo) this.#reports.onGap(route.topic, index, Math.max(from, toldTo), to, reason, cause);
      if (!this.#mayPass(partition, to)) return false;
      round.tallyOf(partition).gapped += to - from;
    }
    partition.next = to;
    return true;
  }

  /** Retention was quicker than the link. False where that has to wait. */
  #stepOverLost(partition: SourcePartition, bounds: SourceBounds, round: Round): boolean {
    if (partition.next >= bounds.logStartOffset) return true;
    const reason = "deleted before it was forwarded";
    if (!this.#stepOverGap(partition, bounds.logStartOffset, reason, "deleted", round)) return false;
    if (partition.next > partition.resumeAt) round.next.set(partition, partition.next);
    return true;
  }

  /**
   * Whether a position may pass a gap that ends at an offset: it is written down, and the ledger goes up in the same round, or
   * went before. Else an older copy of the data folder could take its place between the two, and nobody would ever tell of
   * the gap.
   */
  #mayPass(partition: SourcePartition, to: number): boolean {
    const { index, route } = partition;
    const { topic } = route;
    const isWritten =
      this.#reports.areGapsWritten?.(topic, index, to) !== false &&
      this.#reports.areDeletionsWritten?.(topic, index, to) !== false;
    if (isWritten && (topic === GAP_TOPIC || this.#isLedgerRead())) return true;
    this.#atGaps.add(partition);
    return false;
  }

  #isLedgerRead(): boolean {
    const ledger = this.routes.get(GAP_TOPIC);
    if (ledger === undefined) return !this.#source.topics().some(({ name }) => name === GAP_TOPIC);
    // Where the centre does not take it, everything else goes on.
    if (ledger.state.kind === "missing" || ledger.state.kind === "blocked") return true;
    if (ledger.state.kind !== "ready" || ledger.stale) return false;
    return ledger.partitions.every(({ index, next }) => {
      const bounds = this.#source.bounds(GAP_TOPIC, index);
      return bounds === null || next >= (bounds.durableEnd ?? bounds.highWatermark);
    });
  }

  #releaseGaps(): void {
    if (this.#atGaps.size === 0 || !this.#isLedgerRead()) return;
    for (const partition of this.#atGaps) this.#enqueue(partition);
    this.#atGaps.clear();
  }

  /** Steps over the batch that does not hold together, where its end can be told. */
  #stepOverUnreadable(
    partition: SourcePartition,
    bytes: Uint8Array,
    error: HeadwaterError,
    round: Round,
  ): void {
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
    this.#stepOverGap(partition, end, `unreadable: ${error.message}`, "damaged", round);
  }
}

/** The central partition of a record: by its key as Kafka's own partitioner does, or by its source partition. */
function laneOf(lanes: readonly Lane[], partition: SourcePartition, cursor: RecordCursor): Lane {
  const key = cursor.key();
  const index = key === null ? partition.index % lanes.length : partitionForKey(key, lanes.length);
  return lanes[index] as Lane;
}

import { GAP_TOPIC } from "../../broker/gap-ledger.ts";
import type { KafkaCluster } from "../../kafka/client/cluster.ts";
import { SpanReader } from "../../kafka/client/span-reader.ts";
import type { RecordCursor } from "../../records/reader.ts";
import type { Flag } from "../command.ts";
import { locateSpans } from "./locate.ts";
import type { OffsetRange } from "./offset-set.ts";
import { OriginReader } from "./origin.ts";

/** A loss that a gateway has written down: an entry of `headwater.gaps` (see `broker/gap-ledger`). */
export interface GapEntry {
  /** Whose ledger it stands in; empty where the entry came over no uplink and does not say. */
  readonly gateway: string;
  readonly reason: string;
  /** The uplink that alone is concerned; null where the records are gone for all. */
  readonly uplink: string | null;
  readonly device: string | null;
  /** The local topic, and its id where the entry has it. */
  readonly topic: string;
  readonly topicId: string | null;
  readonly partition: number;
  /** -1 for records that never had one: they were refused. */
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** The whole of a loss that has an entry for each device, half-open; -1 where the entry stands alone. */
  readonly lossStart: number;
  readonly lossEnd: number;
  readonly count: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Reasons that begin so tell of somebody who read the log, not of the log. */
const READERS: readonly string[] = ["replay-", "downlink-", "bridge-", "mirror-"];
/** Entries of the topic in question that are kept; more are not told apart, and counted. */
const MAX_ENTRIES = 1_000_000;
const decoder = new TextDecoder();

/** The entries of one local topic. */
export class GapEntries {
  readonly entries: GapEntry[] = [];
  /** Entries beyond the bound. */
  skipped = 0;
  /** Groups of the uplinks that lead to the centre in question, as far as they are known. */
  readonly groups = new Set<string>();
  readonly #topic: string;
  readonly #origin = new OriginReader();

  constructor(topic: string) {
    this.#topic = topic;
  }

  take(record: RecordCursor): void {
    this.#origin.read(record);
    const { gateway, uplink } = this.#origin;
    if (uplink !== "") this.groups.add(groupOf(gateway, uplink));
    const entry = entryOf(record.value(), gateway);
    if (entry === null || entry.topic !== this.#topic) return;
    if (this.entries.length < MAX_ENTRIES) this.entries.push(entry);
    else this.skipped += 1;
  }

  /** Takes over what another ledger of the same losses has beyond this one. */
  merge(other: GapEntries): void {
    const known = new Set(this.entries.map(identityOf));
    this.entries.push(...other.entries.filter((entry) => !known.has(identityOf(entry))));
    for (const group of other.groups) this.groups.add(group);
    this.skipped += other.skipped;
  }

  /**
   * Entries of a log of a gateway, that are about all uplinks or one that leads here, `log` being `TOPIC_ID/PARTITION`. An entry without a gateway is of any. Of entries of one device
   * that begin alike, which tell of one loss, the one that reaches further.
   */
  ofLog(gateway: string, log: string): readonly GapEntry[] {
    const [topicId, partition] = log.split("/");
    const found = this.entries.filter(
      (entry) =>
        entry.firstOffset >= 0 &&
        (entry.uplink === null || this.groups.has(groupOf(gateway, entry.uplink))) &&
        entry.partition === Number(partition) &&
        (entry.gateway === gateway || entry.gateway === "") &&
        (entry.topicId === null || entry.topicId === topicId),
    );
    const losses = new Map<string, GapEntry>();
    for (const entry of found) {
      const key = JSON.stringify([entry.device, entry.firstOffset]);
      const known = losses.get(key);
      if (known === undefined || known.lastOffset < entry.lastOffset) losses.set(key, entry);
    }
    return [...losses.values()];
  }
}

/** Whether a loss may be of this time: one without a time may be of any. */
export function touches({ fromMs, toMs }: GapEntry, spanFromMs: number, spanToMs: number): boolean {
  return !(toMs < spanFromMs || fromMs >= spanToMs);
}

/** See positionGroup. */
function groupOf(gateway: string, uplink: string): string {
  return `headwater.${gateway}.${uplink}`;
}

function identityOf({
  reason,
  uplink,
  device,
  partition,
  firstOffset,
  lastOffset,
  count,
  fromMs,
  toMs,
}: GapEntry): string {
  return JSON.stringify([reason, uplink, device, partition, firstOffset, lastOffset, count, fromMs, toMs]);
}

/** Reads the ledger that a broker has in `ledgerTopic`; empty where it has none. Throws HeadwaterError. */
export async function readGapEntries(
  cluster: KafkaCluster,
  sourceTopic: string,
  ledgerTopic: string = GAP_TOPIC,
): Promise<GapEntries> {
  const found = new GapEntries(sourceTopic);
  const [topic] = await cluster.refresh([ledgerTopic]);
  if (topic === undefined || topic.error !== 0) return found;
  const partitions = topic.partitions.map((_, partition) => ({ topic: ledgerTopic, partition }));
  const everything = {
    ...{
      topic: ledgerTopic,
      devices: [],
      gateway: null,
      marginMs: 0,
      strictMargin: false,
      allPartitions: true,
    },
    ...{ fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY },
  };
  const reader = new SpanReader(cluster, await locateSpans(cluster, partitions, everything));
  while (!reader.done) {
    await reader.poll((_topic, _partition, record) => {
      found.take(record);
      return undefined;
    });
  }
  return found;
}

/** An entry as a gateway wrote it, or null where it is none, or of no topic. */
function entryOf(value: Uint8Array | null, gateway: string): GapEntry | null {
  const entry = parse(value);
  if (entry === null || typeof entry.topic !== "string" || typeof entry.reason !== "string") return null;
  const { reason } = entry;
  if (READERS.some((reader) => reason.startsWith(reader))) return null;
  const firstOffset = countOf(entry.firstOffset);
  return {
    gateway: typeof entry.gateway === "string" ? entry.gateway : gateway,
    reason,
    uplink: typeof entry.uplink === "string" ? entry.uplink : null,
    device: typeof entry.device === "string" ? entry.device : null,
    topic: entry.topic,
    topicId: typeof entry.topicId === "string" ? entry.topicId : null,
    partition: countOf(entry.partition),
    firstOffset,
    lastOffset: firstOffset < 0 ? -1 : Math.max(firstOffset, countOf(entry.lastOffset)),
    lossStart: countOf(entry.lossStart),
    lossEnd: countOf(entry.lossEnd),
    count: Math.max(0, countOf(entry.count)),
    fromMs: timeOf(entry.from),
    toMs: timeOf(entry.to),
  };
}

function parse(value: Uint8Array | null): Readonly<Record<string, unknown>> | null {
  if (value === null) return null;
  try {
    const entry: unknown = JSON.parse(decoder.decode(value));
    return typeof entry === "object" && entry !== null ? { ...entry } : null;
  } catch {
    return null;
  }
}

function countOf(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : -1;
}

function timeOf(value: unknown): number {
  return typeof value === "string" ? Date.parse(value) : Number.NaN;
}

/** Where the ledgers of gateways go at a centre. */
export const GAPS_TOPIC_FLAG: Flag = {
  name: "gaps-topic",
  value: "TOPIC",
  doc: `The centre's topic for the ledgers of gateways; ${GAP_TOPIC} where left out.`,
};

/** What of the missing offsets a ledger knows. */
export interface Explained {
  /** Entries that tell of any of them. */
  readonly entries: readonly GapEntry[];
  readonly knownCount: number;
  /** What no entry tells of: the first `MAX_LISTED_RANGES` of it. */
  readonly unknown: readonly OffsetRange[];
  /** All of that, and what is missing within entries beyond the records that these count. */
  readonly unknownCount: number;
}

/** Runs of offsets that a report lists. */
export const MAX_LISTED_RANGES = 100;

/**
 * Compares missing offsets, in order, with the entries of their log. An entry that stands alone may be of several gaps in one
 * second: from its first to its last offset there may be records that are not lost, so what is missing within entries that
 * overlap must not be more than they count together. Where an entry names the whole of its loss, all of that is gone.
 */
export function explain(missing: Iterable<OffsetRange>, entries: readonly GapEntry[]): Explained {
  const clusters = clustersOf(entries);
  const unknown: OffsetRange[] = [];
  let knownCount = 0;
  let unknownCount = 0;
  const isUnknown = (start: number, end: number): void => {
    unknownCount += end - start;
    if (unknown.length < MAX_LISTED_RANGES) unknown.push({ start, end });
  };
  let index = 0;
  for (const range of missing) {
    let at = range.start;
    while (index > 0 && (clusters[index - 1] as Cluster).end > at) index -= 1;
    for (; index < clusters.length && at < range.end; index += 1) {
      const cluster = clusters[index] as Cluster;
      if (cluster.start >= range.end) break;
      if (cluster.end <= at) continue;
      if (cluster.start > at) isUnknown(at, cluster.start);
      const from = Math.max(at, cluster.start);
      at = Math.min(range.end, cluster.end);
      cluster.missing += at - from;
      knownCount += at - from;
      if (cluster.end > range.end) break;
    }
    if (at < range.end) isUnknown(at, range.end);
  }
  const touched = clusters.filter((cluster) => cluster.missing > 0);
  const uncounted = touched.reduce(
    (sum, { missing: count, counted }) => sum + Math.max(0, count - counted),
    0,
  );
  return {
    entries: touched.flatMap((cluster) => cluster.entries),
    knownCount: knownCount - uncounted,
    unknown,
    unknownCount: unknownCount + uncounted,
  };
}

/** Entries that overlap, as one. */
interface Cluster {
  readonly start: number;
  end: number;
  counted: number;
  missing: number;
  readonly entries: GapEntry[];
}

function clustersOf(entries: readonly GapEntry[]): readonly Cluster[] {
  const clusters: Cluster[] = [];
  for (const part of entries.map(partOf).toSorted((a, b) => a.start - b.start)) {
    const last = clusters.at(-1);
    if (last !== undefined && part.start < last.end) {
      last.end = Math.max(last.end, part.end);
      last.counted += part.counted;
      last.entries.push(...part.entries);
    } else clusters.push(part);
  }
  return clusters;
}

function partOf(entry: GapEntry): Cluster {
  const { firstOffset, lastOffset, lossStart, lossEnd, count } = entry;
  const whole = lossStart >= 0 && lossEnd > lossStart;
  const start = whole ? Math.min(firstOffset, lossStart) : firstOffset;
  const end = whole ? Math.max(lastOffset + 1, lossEnd) : lastOffset + 1;
  return { start, end, counted: whole ? end - start : count, missing: 0, entries: [entry] };
}

/** Losses of a log as a time span sees them. */
export interface SpanLosses {
  /** The range of offsets with the losses that adjoin it. */
  readonly range: OffsetRange;
  /** Entries of losses that do not: what lies between may be of another time, or not have come yet. */
  readonly apart: readonly GapEntry[];
  readonly apartCount: number;
}

/**
 * Widens a range of offsets by what the entries of its log say was lost right before or behind it. Only entries of which every
 * offset is lost widen it: within others there may be records that are still to come. Without a range, that is the first
 * such loss; null where there is none.
 */
export function withLosses(range: OffsetRange | null, entries: readonly GapEntry[]): SpanLosses | null {
  const clusters = clustersOf(entries);
  const isWhole = ({ start, end, counted }: Cluster): boolean => counted >= end - start;
  const first = range ?? clusters.find(isWhole) ?? clusters[0];
  if (first === undefined) return null;
  let { start, end } = first;
  for (const cluster of clusters.toReversed()) {
    if (isWhole(cluster) && cluster.start < start && cluster.end >= start) start = cluster.start;
  }
  for (const cluster of clusters) {
    if (isWhole(cluster) && cluster.end > end && cluster.start <= end) end = cluster.end;
  }
  const apart = clusters.filter((cluster) => cluster.end <= start || cluster.start >= end);
  const apartCount = apart.reduce(
    (sum, cluster) => sum + Math.min(cluster.counted, cluster.end - cluster.start),
    0,
  );
  return { range: { start, end }, apart: apart.flatMap((cluster) => cluster.entries), apartCount };
}

import { encodeDeviceKey } from "../../base/device-name.ts";
import { HeadwaterError } from "../../base/errors.ts";
import { sleep } from "../../kafka/client/backoff.ts";
import type { KafkaCluster } from "../../kafka/client/cluster.ts";
import { type Isolation, LIST_OFFSET, listOffsets } from "../../kafka/client/offsets.ts";
import type { Span } from "../../kafka/client/span-reader.ts";
import { errorName } from "../../kafka/wire/generated/errors.ts";
import { partitionForKey } from "../../records/murmur2.ts";
import { DEFAULT_MARGIN_MS, type ReplayQuery } from "./query.ts";

/** What is to be read of one partition. */
export interface LocatedSpan extends Span {
  /** About where the time span ends: reading decides for itself. */
  readonly likelyEnd: number;
  /** Records from here on only fill holes: see `decidedEnds`. Equals `end` where that does not matter. */
  readonly countedEnd: number;
}

const DECIDE_TIMEOUT_MS = 30_000;
const DECIDE_POLL_MS = 100;

/**
 * The topics that a gateway makes of devices, `TOPIC/KEY`: just their records, under their own offsets. Null where the
 * broker has none, as Apache Kafka.
 */
export async function deviceViews(
  cluster: KafkaCluster,
  query: ReplayQuery,
): Promise<readonly string[] | null> {
  if (query.devices.length === 0) return null;
  const names = query.devices.map((device) => `${query.topic}/${encodeDeviceKey(device)}`);
  const topics = await cluster.refresh(names);
  const there = topics.filter(({ error, partitions }) => error === 0 && partitions.length === 1);
  return there.length === names.length ? names : null;
}

/** The partitions that records of these devices are in, by the partitioner of Kafka's own clients. */
export function partitionsOf(query: ReplayQuery, partitionCount: number): readonly number[] {
  if (query.allPartitions || query.devices.length === 0) {
    return Array.from({ length: partitionCount }, (_, index) => index);
  }
  const partitions = query.devices.map((device) => partitionForKey(device, partitionCount));
  return [...new Set(partitions)].sort((a, b) => a - b);
}

/** Finds where to read these partitions. Throws NETWORK. */
export async function locateSpans(
  cluster: KafkaCluster,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
  query: ReplayQuery,
): Promise<readonly LocatedSpan[]> {
  const { fromMs, toMs, marginMs } = query;
  // Where the end of the log is the margin, records may be late, but they are no earlier than ever.
  const startMs = fromMs - Math.min(marginMs, DEFAULT_MARGIN_MS);
  const likelyEndMs = toMs + marginMs;
  const ask = (timestampMs: number) => offsetsAt(cluster, partitions, timestampMs, "read_committed");
  const [firsts, ends, starts, likelyEnds] = await Promise.all([
    ask(LIST_OFFSET.earliest),
    ask(LIST_OFFSET.latest),
    startMs > 0 ? ask(startMs) : null,
    Number.isFinite(likelyEndMs) ? ask(Math.max(0, likelyEndMs)) : null,
  ]);
  return partitions.map(({ topic, partition }, index) => {
    const end = ends[index] as number;
    // Nothing is as late as that where there is no offset.
    const found = starts === null ? (firsts[index] as number) : (starts[index] as number);
    const start = found < 0 ? end : found;
    const likely = likelyEnds === null ? -1 : (likelyEnds[index] as number);
    return {
      ...{ topic, partition, start, end },
      likelyEnd: likely < 0 ? end : Math.max(start, Math.min(likely, end)),
      countedEnd: end,
    };
  });
}

/**
 * Ends that agree between partitions, for who looks for holes: a transaction comes to the partitions one after the
 * other. Whatever has a record below an end of the first look has all of its records below those of the second, and
 * the second ends are waited for until no open transaction is below them. Null where one stays open.
 */
export async function decidedEnds(
  cluster: KafkaCluster,
  spans: readonly LocatedSpan[],
): Promise<readonly LocatedSpan[] | null> {
  const { clock } = cluster.seams;
  const first = await offsetsAt(cluster, spans, LIST_OFFSET.latest, "read_uncommitted");
  const second = await offsetsAt(cluster, spans, LIST_OFFSET.latest, "read_uncommitted");
  const deadlineMs = clock.monotonicMs() + DECIDE_TIMEOUT_MS;
  for (;;) {
    const stable = await offsetsAt(cluster, spans, LIST_OFFSET.latest, "read_committed");
    if (stable.every((offset, index) => offset >= (second[index] as number))) break;
    if (clock.monotonicMs() > deadlineMs) return null;
    await sleep(clock, DECIDE_POLL_MS);
  }
  return spans.map((span, index) => ({
    ...span,
    end: second[index] as number,
    countedEnd: first[index] as number,
  }));
}

/** By ListOffsets, in the order of the partitions: -1 where no record is as late. Throws NETWORK. */
export async function offsetsAt(
  cluster: KafkaCluster,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
  timestampMs: number,
  isolation: Isolation,
): Promise<readonly number[]> {
  const queries = partitions.map(({ topic, partition }) => ({ topic, partition, timestampMs }));
  const found = await listOffsets(cluster, queries, isolation);
  const failed = found.find(({ error }) => error !== 0);
  if (failed !== undefined) {
    const { topic, partition, error } = failed;
    throw new HeadwaterError("NETWORK", `offsets of ${topic}-${partition}: ${errorName(error)}`, { topic });
  }
  return found.map(({ offset }) => offset);
}

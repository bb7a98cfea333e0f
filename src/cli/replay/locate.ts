import { encodeDeviceKey } from "../../base/device-name.ts";
import { HeadwaterError } from "../../base/errors.ts";
import { backoffMs, DEFAULT_BACKOFF, sleep } from "../../kafka/client/backoff.ts";
import type { KafkaCluster } from "../../kafka/client/cluster.ts";
import { type Isolation, LIST_OFFSET, listOffsets } from "../../kafka/client/offsets.ts";
import type { Span } from "../../kafka/client/span-reader.ts";
import { ERROR, errorName } from "../../kafka/wire/generated/errors.ts";
import { partitionForKey } from "../../records/murmur2.ts";
import { DEFAULT_MARGIN_MS, type ReplayQuery } from "./query.ts";

/** What is to be read of one partition. */
export interface LocatedSpan extends Span {
  /** About where the time span ends: reading decides for itself. */
  readonly likelyEnd: number;
  /** Of the first record that there is. */
  readonly logStart: number;
}

const DECIDE_TIMEOUT_MS = 30_000;
const DECIDE_POLL_MS = 100;
const MAX_LIST_FAILURES = 8;

/**
 * The topics that a gateway makes of devices, `TOPIC/KEY`: just their records, under their own offsets, in all their
 * partitions. Null where the broker has none, as Apache Kafka.
 */
export async function deviceViews(
  cluster: KafkaCluster,
  query: ReplayQuery,
): Promise<readonly { readonly topic: string; readonly partition: number }[] | null> {
  if (query.devices.length === 0) return null;
  const names = query.devices.map((device) => `${query.topic}/${encodeDeviceKey(device)}`);
  const topics = await cluster.refresh(names);
  const there = topics.filter(({ error, partitions }) => error === 0 && partitions.length > 0);
  if (there.length < names.length) return null;
  return there.flatMap(({ name, partitions }) =>
    partitions.map((_, partition) => ({ topic: name, partition })),
  );
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
      ...{ topic, partition, start, end, logStart: firsts[index] as number },
      likelyEnd: likely < 0 ? end : Math.max(start, Math.min(likely, end)),
    };
  });
}

/**
 * Where to read on for what a look at some partitions has not found. A transaction comes to its partitions one after
 * the other, so that a look sees it in one and not yet in another; but all its records are below the ends as they are
 * afterwards. Waits until no open transaction is below those. Null where one stays open.
 */
export async function decidedEnds(
  cluster: KafkaCluster,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
): Promise<readonly number[] | null> {
  const { clock } = cluster.seams;
  const ends = await offsetsAt(cluster, partitions, LIST_OFFSET.latest, "read_uncommitted");
  const deadlineMs = clock.monotonicMs() + DECIDE_TIMEOUT_MS;
  for (;;) {
    const stable = await offsetsAt(cluster, partitions, LIST_OFFSET.latest, "read_committed");
    if (stable.every((offset, index) => offset >= (ends[index] as number))) return ends;
    if (clock.monotonicMs() > deadlineMs) return null;
    await sleep(clock, DECIDE_POLL_MS);
  }
}

/**
 * By ListOffsets, in the order of the partitions: -1 where no record is as late. A leader that moves is followed, a
 * broker that does not answer asked again a few times. Throws NETWORK.
 */
export async function offsetsAt(
  cluster: KafkaCluster,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
  timestampMs: number,
  isolation: Isolation,
): Promise<readonly number[]> {
  const queries = partitions.map(({ topic, partition }) => ({ topic, partition, timestampMs }));
  const { clock, random } = cluster.seams;
  for (let failures = 1; ; failures += 1) {
    const found = await listOffsets(cluster, queries, isolation);
    const failed = found.find(({ error }) => error !== 0);
    if (failed === undefined) return found.map(({ offset }) => offset);
    const { topic, partition, error } = failed;
    if (failures >= MAX_LIST_FAILURES || error === ERROR.TOPIC_AUTHORIZATION_FAILED) {
      throw new HeadwaterError("NETWORK", `offsets of ${topic}-${partition}: ${errorName(error)}`, { topic });
    }
    await sleep(clock, backoffMs(failures, DEFAULT_BACKOFF, random));
    await cluster.refresh([...new Set(partitions.map((each) => each.topic))]).catch(() => []);
  }
}

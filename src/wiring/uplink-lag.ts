import { offset } from "../base/ids.ts";
import type { Broker } from "../broker/broker.ts";
import type { GatewayTime } from "../clock/gateway-time.ts";
import type { Clock } from "../io/clock.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import { BATCH_HEADER_BYTES, batchBaseOffset, batchBaseTimestampMs } from "../records/batch.ts";
import type { TopicLag } from "../upstream/flow/status.ts";
import type { UplinkStatus, UplinkTopicStatus } from "../upstream/status.ts";

export interface LagParts {
  readonly broker: Broker;
  readonly clock: Clock;
  /** Left out where the clock is always right. */
  readonly time?: GatewayTime;
}

/** What waits of each topic: records, bytes, and how old the oldest is. */
export function topicLags({ topics }: UplinkStatus, parts: LagParts): readonly TopicLag[] {
  return topics.map((topic) => topicLag(topic, parts));
}

/** Of all topics together: the oldest; null where one is not known. */
export function oldestLagMs(lags: readonly TopicLag[]): number | null {
  return lags.reduce<number | null>(
    (oldest, { lagMs }) => (oldest === null || lagMs === null ? null : Math.max(oldest, lagMs)),
    0,
  );
}

function topicLag({ topic, partitions }: UplinkTopicStatus, parts: LagParts): TopicLag {
  let lagRecords: number | null = 0;
  let lagBytes = 0;
  let lagMs: number | null = 0;
  for (const partition of partitions) {
    if (partition.lagRecords < 0) lagRecords = null;
    else if (lagRecords !== null) lagRecords += partition.lagRecords;
    const log = parts.broker.partition(topic, partition.partition)?.log;
    if (partition.lagRecords === 0 || log === undefined) continue;
    const position = Math.max(partition.position, log.logStartOffset);
    lagBytes += bytesFrom(log, position);
    const ageMs = partition.lagRecords < 0 ? null : ageOf(log, position, parts);
    lagMs = lagMs === null || ageMs === null ? null : Math.max(lagMs, ageMs);
  }
  return { topic, lagRecords, lagBytes: lagRecords === null ? null : lagBytes, lagMs };
}

/** As stored. Of the segment that it begins in, the share of its offsets. */
function bytesFrom(log: PartitionLog, from: number): number {
  let bytes = 0;
  for (const { baseOffset, nextOffset, sizeBytes } of log.segments) {
    if (nextOffset <= from) continue;
    const first = Math.max(from, baseOffset);
    bytes += (sizeBytes * (nextOffset - first)) / (nextOffset - baseOffset);
  }
  return Math.round(bytes);
}

function ageOf(log: PartitionLog, position: number, { clock, time }: LagParts): number | null {
  const read = log.read(offset(position), 0, { minOneBatch: true, until: log.highWatermark });
  if (read.bytes.length < BATCH_HEADER_BYTES) return 0;
  const stampedMs = batchBaseTimestampMs(read.bytes, 0);
  if (time === undefined) return Math.max(0, clock.nowMs() - stampedMs);
  const first = Math.max(position, batchBaseOffset(read.bytes, 0));
  const trueMs = time.trueTime(log, first, stampedMs)?.timeMs ?? null;
  const nowMs = time.trueNowMs();
  return trueMs === null || nowMs === null ? null : Math.max(0, nowMs - trueMs);
}

import type { Clock } from "../../io/clock.ts";
import type { RecordCursor } from "../../records/reader.ts";
import type { Topic } from "../topics.ts";
import { KeyScan } from "./key-scan.ts";
import { type HistoryPlace, TopicWalk, type Walk } from "./topic-walk.ts";
import type { Turns } from "./turns.ts";

/** A part of one device's history. */
export interface HistoryWant extends Pick<Walk, "maxMs" | "done"> {
  readonly topic: Topic;
  readonly key: Uint8Array;
  /** Records of this time or later; null: all. */
  readonly fromMs: number | null;
  /** Records before this time; null: all. */
  readonly toMs: number | null;
  readonly place: HistoryPlace | null;
  /** Takes a record of the place's partition, whose bytes are good during the call. False where it has enough. */
  readonly take: (record: RecordCursor, partition: number) => boolean;
}

/** A walk through one device's committed records of a time, in all partitions of a topic. */
export function deviceHistory(turns: Turns, clock: Clock, want: HistoryWant): TopicWalk {
  const { topic, key, fromMs, place, maxMs, done } = want;
  const begin = (index: number): KeyScan | null => {
    const partition = topic.partitions[index];
    if (partition === undefined || partition.deleted) return null;
    const { log } = partition;
    const found = fromMs === null ? log.logStartOffset : log.offsetForTimestamp(fromMs)?.offset;
    // No record of any device is so late.
    const from = found ?? log.highWatermark;
    const known = place?.partition === index ? place.offset : 0;
    const taker = { take: (record: RecordCursor) => !isOf(record, want) || want.take(record, index) };
    return new KeyScan(partition, { key, fromOffset: Math.max(from, known), readCommitted: true }, taker);
  };
  return new TopicWalk(turns, clock, { firstPartition: place?.partition ?? 0, begin, maxMs, done });
}

/** Whether a record is of a time. */
export function isOf(
  { timestampMs }: Pick<RecordCursor, "timestampMs">,
  { fromMs, toMs }: Pick<HistoryWant, "fromMs" | "toMs">,
): boolean {
  return (fromMs === null || timestampMs >= fromMs) && (toMs === null || timestampMs < toMs);
}

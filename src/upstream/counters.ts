import type { UplinkStatus, UplinkTopicStatus } from "./status.ts";

/**
 * What became of a topic's records, in offsets, also before this process: `stored = forwarded + filtered + gapped + empty +
 * waiting`. They begin at offset 0, but where what became of earlier ones is not known.
 */
export interface TopicCounters {
  readonly topic: string;
  /** Offsets that the log has given. */
  readonly stored: number;
  /** At the centre. */
  readonly forwarded: number;
  /** Left out by a route. */
  readonly filtered: number;
  /** Never to arrive; the ledger tells of them. */
  readonly gapped: number;
  /** Offsets without a record: compacted, of aborted transactions, marks of the log. */
  readonly empty: number;
  /** Not at the centre yet. */
  readonly waiting: number;
  /** Whether it adds up in every partition. Where not, something is wrong with the program. */
  readonly reconciled: boolean;
}

export type Counts = Omit<TopicCounters, "topic" | "reconciled">;

/** The counters of an uplink: topic by topic, and all together with what no topic tells of any more. */
export function countersOfAll({
  topics,
  closed,
  countersKnown,
}: Pick<UplinkStatus, "topics" | "closed" | "countersKnown">): {
  readonly reconciled: boolean;
  readonly topics: readonly TopicCounters[];
  readonly total: Counts;
  readonly known: boolean;
} {
  const counters = topics.map(countersOf);
  const { forwarded, filtered, gapped, empty } = closed;
  const total = { stored: forwarded + filtered + gapped + empty, waiting: 0, ...closed };
  for (const each of counters) {
    for (const name of COUNTS) total[name] += each[name];
  }
  return {
    reconciled: counters.every(({ reconciled }) => reconciled),
    topics: counters,
    total,
    known: countersKnown,
  };
}

const COUNTS = ["stored", "forwarded", "filtered", "gapped", "empty", "waiting"] as const;

/** The counters of one topic; of partitions whose position is not known yet nothing counts. */
export function countersOf({ topic, partitions }: UplinkTopicStatus): TopicCounters {
  const sum = { stored: 0, forwarded: 0, filtered: 0, gapped: 0, empty: 0, waiting: 0 };
  let reconciled = true;
  for (const { position, highWatermark, firstOffset, tally } of partitions) {
    if (firstOffset < 0 || position < 0) continue;
    const end = Math.max(highWatermark, position);
    sum.stored += end - firstOffset;
    sum.waiting += end - position;
    sum.forwarded += tally.forwarded;
    sum.filtered += tally.filtered;
    sum.gapped += tally.gapped;
    sum.empty += tally.empty;
    const dealtWith = tally.forwarded + tally.filtered + tally.gapped + tally.empty;
    if (firstOffset + dealtWith !== position) reconciled = false;
  }
  return { topic, ...sum, reconciled };
}

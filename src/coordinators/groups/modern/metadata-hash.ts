import type { Int64 } from "../../../base/ids.ts";
import type { TopicsView } from "../group-part.ts";

const MAX_INT64 = (1n << 63n) - 1n;

/**
 * A number that tells one state of these topics from another: which exist, their ids and partition counts. It
 * stands in the group's record, so that a change is noticed over a restart too. 0 where no topic exists.
 */
export function metadataHash(topicNames: Iterable<string>, topics: TopicsView): Int64 {
  const existing: string[] = [];
  for (const name of topicNames) {
    const topic = topics.get(name);
    if (topic !== null) existing.push(`${name} ${topic.id} ${topic.partitions.length}`);
  }
  if (existing.length === 0) return 0;
  const hash = Bun.hash.xxHash3(existing.sort().join("\n")) & MAX_INT64;
  return hash <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(hash) : hash;
}

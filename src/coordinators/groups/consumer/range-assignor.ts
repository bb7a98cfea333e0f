import type { Uuid } from "../../../base/ids.ts";
import type { Assignment } from "../modern/assignment.ts";
import type { AssignmentMember, AssignmentSpec, Assignor } from "../modern/assignor.ts";

/** What is left of a topic while it is dealt out, one run of partitions after the other. */
interface Deal {
  next: number;
  readonly share: number;
  /** Members that still get one more than the share. */
  extra: number;
}

/**
 * Kafka's "range": each topic is cut into runs, one for each of its subscribers, in the order of their ids. Topics
 * with the same subscribers and partition count are cut alike, so that partitions with the same number meet at
 * one member (co-partitioning).
 */
export const RANGE_ASSIGNOR: Assignor = {
  name: "range",
  assign({ members, partitionCounts }: AssignmentSpec): Map<string, Assignment> {
    const sorted = [...members].sort(byInstanceThenId);
    const subscribers = new Map<Uuid, number>();
    for (const { topicIds } of sorted) {
      for (const topicId of topicIds) subscribers.set(topicId, (subscribers.get(topicId) ?? 0) + 1);
    }
    const deals = new Map<Uuid, Deal>();
    for (const [topicId, count] of subscribers) {
      const partitionCount = partitionCounts.get(topicId) ?? 0;
      deals.set(topicId, {
        next: 0,
        share: Math.floor(partitionCount / count),
        extra: partitionCount % count,
      });
    }
    return new Map(sorted.map((member) => [member.memberId, dealTo(member, deals)]));
  },
};

function dealTo(member: AssignmentMember, deals: ReadonlyMap<Uuid, Deal>): Assignment {
  const assignment = new Map<Uuid, readonly number[]>();
  for (const topicId of member.topicIds) {
    const deal = deals.get(topicId);
    if (deal === undefined) continue;
    const length = deal.share + (deal.extra > 0 ? 1 : 0);
    if (deal.extra > 0) deal.extra -= 1;
    if (length > 0)
      assignment.set(
        topicId,
        Array.from({ length }, (_, index) => deal.next + index),
      );
    deal.next += length;
  }
  return assignment;
}

/** Static members come first, by their own name, so that a restart under a new member id changes nothing. */
function byInstanceThenId(a: AssignmentMember, b: AssignmentMember): number {
  if (a.instanceId !== null && b.instanceId !== null) return compare(a.instanceId, b.instanceId);
  if (a.instanceId !== null) return -1;
  if (b.instanceId !== null) return 1;
  return compare(a.memberId, b.memberId);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

import { assert } from "../../../base/assert.ts";
import type { Uuid } from "../../../base/ids.ts";
import type { Assignment } from "../modern/assignment.ts";
import type { AssignmentMember, AssignmentSpec, Assignor } from "../modern/assignor.ts";
import { type FreePartition, giveUp, type Holding, take } from "./holding.ts";
import { balanceMixed } from "./uniform-mixed.ts";

/**
 * Kafka's "uniform": members get the same number of partitions, give or take one, as far as their subscriptions
 * allow, and keep as many of those they had as that leaves them.
 */
export const UNIFORM_ASSIGNOR: Assignor = {
  name: "uniform",
  assign(spec: AssignmentSpec): Map<string, Assignment> {
    const holdings = spec.members.map(
      (member): Holding => ({ member, byTopic: new Map<Uuid, number[]>(), size: 0 }),
    );
    const free = keepWhatWasHeld(holdings, spec.partitionCounts);
    if (sameSubscriptions(spec.members)) shareEvenly(holdings, free);
    else balanceMixed(holdings, free);
    return new Map(holdings.map(({ member, byTopic }) => [member.memberId, sorted(byTopic)]));
  },
};

/** Whether all members subscribe to the same topics. */
function sameSubscriptions(members: readonly AssignmentMember[]): boolean {
  const first = members[0]?.topicIds;
  if (first === undefined) return true;
  return members.every(
    ({ topicIds }) =>
      topicIds === first || (topicIds.size === first.size && [...topicIds].every((id) => first.has(id))),
  );
}

/** Leaves members what they had where it exists and they subscribe to it. Returns what nobody has. */
function keepWhatWasHeld(
  holdings: readonly Holding[],
  partitionCounts: ReadonlyMap<Uuid, number>,
): FreePartition[] {
  const held = new Map<Uuid, Set<number>>();
  for (const holding of holdings) {
    const { topicIds, assignment } = holding.member;
    for (const [topicId, partitions] of assignment) {
      if (!topicIds.has(topicId)) continue;
      const taken = held.get(topicId) ?? new Set();
      held.set(topicId, taken);
      const count = partitionCounts.get(topicId) ?? 0;
      const kept = partitions.filter((partition) => partition < count && !taken.has(partition));
      for (const partition of kept) taken.add(partition);
      if (kept.length > 0) holding.byTopic.set(topicId, kept);
      holding.size += kept.length;
    }
  }
  const free: FreePartition[] = [];
  for (const [topicId, count] of partitionCounts) {
    const taken = held.get(topicId);
    for (let partition = 0; partition < count; partition++) {
      if (taken?.has(partition) !== true) free.push({ topicId, partition });
    }
  }
  return free;
}

/** Everybody may have everything: quotas decide, and whoever has more already gets the larger ones. */
function shareEvenly(holdings: readonly Holding[], free: FreePartition[]): void {
  const total = holdings.reduce((sum, { size }) => sum + size, free.length);
  const share = Math.floor(total / holdings.length);
  let extra = total % holdings.length;
  const byQuota = [...holdings].sort((a, b) => b.size - a.size);
  const open: { readonly holding: Holding; missing: number }[] = [];
  for (const holding of byQuota) {
    const quota = extra > 0 ? share + 1 : share;
    if (extra > 0) extra -= 1;
    while (holding.size > quota) free.push(giveUp(holding, largestTopic(holding)));
    if (holding.size < quota) open.push({ holding, missing: quota - holding.size });
  }
  // In turns, so that the partitions of one topic don't all go to one member.
  let turn = 0;
  for (const partition of free) {
    const taker = open[turn % open.length];
    if (taker === undefined) return;
    take(taker.holding, partition);
    taker.missing -= 1;
    if (taker.missing === 0) open.splice(turn % open.length, 1);
    else turn += 1;
    if (open.length > 0) turn %= open.length;
  }
}

/** The topic that the member has most of: to take from it keeps its mix of topics even. */
function largestTopic(holding: Holding): Uuid {
  let largest: Uuid | null = null;
  let length = 0;
  for (const [topicId, partitions] of holding.byTopic) {
    if (partitions.length <= length) continue;
    largest = topicId;
    length = partitions.length;
  }
  assert(largest !== null, "a member over its quota has no partition");
  return largest;
}

function sorted(byTopic: ReadonlyMap<Uuid, number[]>): Assignment {
  for (const partitions of byTopic.values()) partitions.sort((a, b) => a - b);
  return byTopic;
}

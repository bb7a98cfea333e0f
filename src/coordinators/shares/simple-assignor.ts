import type { Uuid } from "../../base/ids.ts";
import type { Assignment } from "../groups/modern/assignment.ts";
import type { AssignmentMember, AssignmentSpec, Assignor } from "../groups/modern/assignor.ts";

interface Slot {
  readonly topicId: Uuid;
  readonly partition: number;
  members: number;
}

/**
 * Kafka's assignor of share groups: every partition has a member, and every member a partition, as even as it
 * goes; a partition has several members where there are more of them than partitions. Who has something keeps
 * it as long as that is even. Members that subscribe to the same topics are dealt with together.
 */
export const SIMPLE_ASSIGNOR: Assignor = {
  name: "simple",
  assign(spec) {
    const assigned = new Map<string, Map<Uuid, number[]>>();
    for (const { memberId } of spec.members) assigned.set(memberId, new Map());
    if (sameTopics(spec.members)) {
      shareOut(spec, [...(spec.members[0]?.topicIds ?? [])], spec.members, assigned);
    } else {
      for (const topicId of spec.partitionCounts.keys()) {
        const members = spec.members.filter(({ topicIds }) => topicIds.has(topicId));
        shareOut(spec, [topicId], members, assigned);
      }
    }
    for (const assignment of assigned.values()) {
      for (const partitions of assignment.values()) partitions.sort((a, b) => a - b);
    }
    return assigned satisfies Map<string, Assignment>;
  },
};

function shareOut(
  spec: AssignmentSpec,
  topicIds: readonly Uuid[],
  members: readonly AssignmentMember[],
  assigned: ReadonlyMap<string, Map<Uuid, number[]>>,
): void {
  const slots = topicIds.toSorted().flatMap((topicId) =>
    Array.from(
      { length: spec.partitionCounts.get(topicId) ?? 0 },
      (_, partition): Slot => ({
        topicId,
        partition,
        members: 0,
      }),
    ),
  );
  if (slots.length === 0 || members.length === 0) return;
  const sorted = members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
  // One of the two is 1: members share a partition, or a member has several.
  const perSlot = quota(sorted.length, slots.length);
  const perMember = quota(slots.length, sorted.length);
  const held = new Map(sorted.map(({ memberId }) => [memberId, 0]));
  const give = (slot: Slot, memberId: string): void => {
    const assignment = assigned.get(memberId);
    const partitions = assignment?.get(slot.topicId);
    if (partitions === undefined) assignment?.set(slot.topicId, [slot.partition]);
    else partitions.push(slot.partition);
    slot.members += 1;
    held.set(memberId, (held.get(memberId) ?? 0) + 1);
    perSlot.note(slot.members);
    perMember.note(held.get(memberId) ?? 0);
  };
  const bySlot = new Map(slots.map((slot) => [`${slot.topicId}/${slot.partition}`, slot]));
  for (const { memberId, assignment } of sorted) {
    for (const [topicId, partitions] of assignment) {
      for (const partition of partitions) {
        const slot = bySlot.get(`${topicId}/${partition}`);
        if (slot === undefined || !perSlot.admits(slot.members)) continue;
        if (perMember.admits(held.get(memberId) ?? 0)) give(slot, memberId);
      }
    }
  }
  fillSlots(slots, sorted, held, give);
  fillMembers(slots, sorted, held, give);
}

type Give = (slot: Slot, memberId: string) => void;

/** Partitions that nobody has go to who has least. */
function fillSlots(
  slots: readonly Slot[],
  members: readonly AssignmentMember[],
  held: ReadonlyMap<string, number>,
  give: Give,
): void {
  const byLoad = members.map(({ memberId }) => ({ memberId, load: held.get(memberId) ?? 0 }));
  byLoad.sort((a, b) => a.load - b.load);
  let at = 0;
  for (const slot of slots) {
    if (slot.members > 0) continue;
    // The next one with as little as any: loads only ever differ by what was held before.
    const next = byLoad[at];
    if (next === undefined) return;
    give(slot, next.memberId);
    next.load += 1;
    const following = byLoad[at + 1];
    if (following !== undefined && following.load < next.load) at += 1;
    else {
      byLoad.sort((a, b) => a.load - b.load);
      at = 0;
    }
  }
}

/** Members without a partition go to those that have fewest members. */
function fillMembers(
  slots: readonly Slot[],
  members: readonly AssignmentMember[],
  held: ReadonlyMap<string, number>,
  give: Give,
): void {
  const byMembers = slots.toSorted((a, b) => a.members - b.members);
  let at = 0;
  for (const { memberId } of members) {
    if ((held.get(memberId) ?? 0) > 0) continue;
    const slot = byMembers[at];
    if (slot === undefined) return;
    give(slot, memberId);
    const following = byMembers[at + 1];
    if (following !== undefined && following.members < slot.members) at += 1;
    else {
      byMembers.sort((a, b) => a.members - b.members);
      at = 0;
    }
  }
}

/** How many of `total` each of `places` may have: an even share, and one more as often as there is a rest. */
function quota(total: number, places: number) {
  const even = Math.floor(total / places);
  let rest = total % places;
  if (even === 0) {
    // Fewer than places: one each is all there is, and who gets it is first come.
    return { admits: (has: number) => has < 1, note: () => {} };
  }
  return {
    admits: (has: number) => has < even || (has === even && rest > 0),
    note: (has: number) => {
      if (has > even) rest -= 1;
    },
  };
}

function sameTopics(members: readonly AssignmentMember[]): boolean {
  const [first] = members;
  if (first === undefined) return true;
  return members.every(({ topicIds }) => {
    if (topicIds === first.topicIds) return true;
    if (topicIds.size !== first.topicIds.size) return false;
    for (const id of topicIds) if (!first.topicIds.has(id)) return false;
    return true;
  });
}

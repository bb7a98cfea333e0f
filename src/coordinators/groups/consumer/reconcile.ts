import type { Uuid } from "../../../base/ids.ts";
import type { Assignment } from "../modern/assignment.ts";
import { type ConsumerMember, type EpochAssignment, type MemberState, NO_EPOCHS } from "./member.ts";

/** What a step of a member towards its target depends on. */
export interface ReconcileInput {
  readonly targetEpoch: number;
  readonly target: Assignment;
  /** Whether the member subscribes to this topic now, and it exists. */
  readonly subscribesTo: (topicId: Uuid) => boolean;
  /** Who has a partition or has yet to give it up; undefined for nobody. */
  readonly ownerOf: (topicId: Uuid, partition: number) => string | undefined;
  /** What the member says it has; null where it says nothing. */
  readonly owned: Assignment | null;
  /** Whether this heartbeat brought another subscription. */
  readonly subscriptionChanged: boolean;
}

/**
 * One step of a member towards its target (KIP-848): it first gives up what the target lacks, at its old epoch, and
 * only when it says that it has done so gets the new epoch, and of the target what nobody else holds. So no
 * partition ever has two members. Null where a member has to rejoin instead.
 */
export function reconcile(member: ConsumerMember, input: ReconcileInput): ConsumerMember | null {
  switch (member.state) {
    case "stable":
      if (member.epoch !== input.targetEpoch) return advance(member, member.epoch, input);
      return input.subscriptionChanged ? dropUnsubscribed(member, input) : member;
    case "unrevoked":
      if (!stillHas(input.owned, member.revoking)) return advance(member, member.epoch, input);
      return input.subscriptionChanged ? dropUnsubscribed(member, input) : member;
    case "unreleased":
      return advance(member, member.epoch, input);
    case "unknown":
      if (input.owned === null || input.owned.size > 0) return null;
      return advance(member, input.targetEpoch, input);
  }
}

/** Whether the member may still have one of these; one that does not say may. */
function stillHas(owned: Assignment | null, partitions: EpochAssignment): boolean {
  if (owned === null) return true;
  for (const [topicId, listed] of owned) {
    const asked = partitions.get(topicId);
    if (asked !== undefined && listed.some((partition) => asked.has(partition))) return true;
  }
  return false;
}

function advance(member: ConsumerMember, heldEpoch: number, input: ReconcileInput): ConsumerMember {
  const kept = new Map<Uuid, Map<number, number>>();
  const lost = new Map<Uuid, Map<number, number>>();
  const gained: [Uuid, number][] = [];
  let waiting = false;
  for (const topicId of new Set([...input.target.keys(), ...member.assigned.keys()])) {
    const target = input.subscribesTo(topicId) ? (input.target.get(topicId) ?? []) : [];
    const wanted = new Set(target);
    const assigned = member.assigned.get(topicId);
    for (const [partition, epoch] of assigned ?? []) {
      put(wanted.has(partition) ? kept : lost, topicId, partition, epoch);
    }
    for (const partition of wanted) {
      if (assigned?.has(partition) === true) continue;
      const free =
        input.ownerOf(topicId, partition) === undefined ||
        // It is the member's own, on its way out, so nobody else has it.
        member.revoking.get(topicId)?.has(partition) === true;
      if (free) gained.push([topicId, partition]);
      else waiting = true;
    }
  }
  if (lost.size > 0 && stillHas(input.owned, lost)) {
    return moved(member, { state: "unrevoked", epoch: heldEpoch, assigned: kept, revoking: lost });
  }
  for (const [topicId, partition] of gained) put(kept, topicId, partition, input.targetEpoch);
  const state = waiting ? "unreleased" : "stable";
  return moved(member, { state, epoch: input.targetEpoch, assigned: kept, revoking: NO_EPOCHS });
}

/** Takes back what the member no longer subscribes to, without waiting for a new target. */
function dropUnsubscribed(member: ConsumerMember, input: ReconcileInput): ConsumerMember {
  const kept = new Map<Uuid, ReadonlyMap<number, number>>();
  const revoking = new Map<Uuid, ReadonlyMap<number, number>>(member.revoking);
  for (const [topicId, partitions] of member.assigned) {
    if (input.subscribesTo(topicId)) kept.set(topicId, partitions);
    else revoking.set(topicId, new Map([...(revoking.get(topicId) ?? []), ...partitions]));
  }
  if (kept.size === member.assigned.size) return member;
  const { epoch, state } = member;
  if (stillHas(input.owned, revoking)) {
    return moved(member, { state: "unrevoked", epoch, assigned: kept, revoking });
  }
  return moved(member, { state, epoch, assigned: kept, revoking: member.revoking });
}

interface Step {
  readonly state: MemberState;
  readonly epoch: number;
  readonly assigned: EpochAssignment;
  readonly revoking: EpochAssignment;
}

function moved(member: ConsumerMember, step: Step): ConsumerMember {
  return { ...member, ...step, previousEpoch: member.epoch };
}

function put(into: Map<Uuid, Map<number, number>>, topicId: Uuid, partition: number, epoch: number): void {
  const partitions = into.get(topicId);
  if (partitions === undefined) into.set(topicId, new Map([[partition, epoch]]));
  else partitions.set(partition, epoch);
}

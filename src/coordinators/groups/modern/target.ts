import type { Uuid } from "../../../base/ids.ts";
import type { TopicsView } from "../group-part.ts";
import { type Assignment, NO_PARTITIONS, sameAssignment } from "./assignment.ts";
import type { AssignmentMember, Assignor } from "./assignor.ts";

/** A member to be given partitions. */
export interface TargetMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  /** Names it subscribes to, whether or not there are such topics. The same set may serve many members. */
  readonly topicNames: ReadonlySet<string>;
  /** What it was meant to have so far. */
  readonly previous: Assignment | undefined;
}

export interface NewTarget {
  /** What every member is to have. */
  readonly assignments: ReadonlyMap<string, Assignment>;
  /** Members whose assignment is new or another than before: what has to be written down. */
  readonly changed: readonly (readonly [memberId: string, assignment: Assignment])[];
}

/** Shares the partitions of the topics that exist out among members, and says what that changes. */
export function computeTarget(
  assignor: Assignor,
  members: readonly TargetMember[],
  topics: TopicsView,
): NewTarget {
  const partitionCounts = new Map<Uuid, number>();
  const resolved = new Map<ReadonlySet<string>, ReadonlySet<Uuid>>();
  const resolve = (names: ReadonlySet<string>): ReadonlySet<Uuid> => {
    const known = resolved.get(names);
    if (known !== undefined) return known;
    const ids = new Set<Uuid>();
    for (const name of names) {
      const topic = topics.get(name);
      if (topic === null) continue;
      ids.add(topic.id);
      partitionCounts.set(topic.id, topic.partitions.length);
    }
    resolved.set(names, ids);
    return ids;
  };
  const specified = members.map(
    ({ memberId, instanceId, topicNames, previous }): AssignmentMember => ({
      memberId,
      instanceId,
      topicIds: resolve(topicNames),
      assignment: previous ?? NO_PARTITIONS,
    }),
  );
  const assignments = assignor.assign({ members: specified, partitionCounts });
  const changed = members.flatMap(({ memberId, previous }) => {
    const assignment = assignments.get(memberId) ?? NO_PARTITIONS;
    const same = previous !== undefined && sameAssignment(previous, assignment);
    return same ? [] : [[memberId, assignment] as const];
  });
  return { assignments, changed };
}

/** Whether a new target may be worked out yet (`assignmentTimestampMs` 0: there is none, or nobody knows since when). */
export function mayAssign(assignmentTimestampMs: number, intervalMs: number, nowMs: number): boolean {
  if (assignmentTimestampMs === 0 || intervalMs === 0) return true;
  return nowMs >= assignmentTimestampMs + intervalMs;
}

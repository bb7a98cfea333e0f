import type { Uuid } from "../../../base/ids.ts";

/** Partitions by topic id. Partitions ascend, none stands twice, and no topic is without one. */
export type Assignment = ReadonlyMap<Uuid, readonly number[]>;

export const NO_PARTITIONS: Assignment = new Map();

/** How messages and records write an assignment. */
export interface TopicPartitions {
  readonly topicId: Uuid;
  readonly partitions: readonly number[];
}

/** Reads what a client or a record says, in whatever order and however often it says it. */
export function assignmentOf(listed: readonly TopicPartitions[]): Assignment {
  if (listed.length === 0) return NO_PARTITIONS;
  const assignment = new Map<Uuid, readonly number[]>();
  for (const { topicId, partitions } of listed) {
    const all = [...(assignment.get(topicId) ?? []), ...partitions].sort((a, b) => a - b);
    const distinct = all.filter((partition, index) => partition !== all[index - 1]);
    if (distinct.length > 0) assignment.set(topicId, distinct);
  }
  return assignment;
}

export function topicPartitionsOf(assignment: Assignment): TopicPartitions[] {
  return Array.from(assignment, ([topicId, partitions]) => ({ topicId, partitions }));
}

export function sameAssignment(a: Assignment, b: Assignment): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId);
    if (others === undefined || others.length !== partitions.length) return false;
    if (partitions.some((partition, index) => partition !== others[index])) return false;
  }
  return true;
}

/** Partitions of all topics together. */
export function partitionTotal(assignment: Assignment): number {
  let total = 0;
  for (const partitions of assignment.values()) total += partitions.length;
  return total;
}

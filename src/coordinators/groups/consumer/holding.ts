import type { Uuid } from "../../../base/ids.ts";
import type { AssignmentMember } from "../modern/assignor.ts";

/** What a member has while partitions are shared out. */
export interface Holding {
  readonly member: AssignmentMember;
  /** No topic is without a partition. */
  readonly byTopic: Map<Uuid, number[]>;
  size: number;
}

export interface FreePartition {
  readonly topicId: Uuid;
  readonly partition: number;
}

/** Takes one partition of this topic away, of which the member has some. */
export function giveUp(holding: Holding, topicId: Uuid): FreePartition {
  const partitions = holding.byTopic.get(topicId) as number[];
  const partition = partitions.pop() as number;
  if (partitions.length === 0) holding.byTopic.delete(topicId);
  holding.size -= 1;
  return { topicId, partition };
}

export function take(holding: Holding, { topicId, partition }: FreePartition): void {
  const partitions = holding.byTopic.get(topicId);
  if (partitions === undefined) holding.byTopic.set(topicId, [partition]);
  else partitions.push(partition);
  holding.size += 1;
}

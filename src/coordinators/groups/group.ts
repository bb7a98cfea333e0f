import type { Uuid } from "../../base/ids.ts";
import type { CoordinatorRecord } from "../runtime/coordinator-log.ts";

/** Which protocol a group's members speak. Group ids are one namespace over all kinds. */
export type GroupKind = "classic" | "consumer" | "share";

/** Who commits or reads offsets. Without a group (generation -1, no member) it is a program that assigns itself. */
export interface OffsetsCaller {
  /** Empty for one that is no member. */
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** The generation in a classic group, the member epoch in a consumer group; -1 for one that is no member. */
  readonly generationOrEpoch: number;
}

/** A group of any kind, as offsets, lists and deletion see it. Errors are Kafka's codes, 0 for none. */
export interface Group {
  readonly id: string;
  readonly kind: GroupKind;
  /** As Kafka prints it: Empty, Stable, PreparingRebalance, Assigning and so on. */
  readonly stateName: string;
  /** "consumer", "connect", "share"; empty for a group that holds offsets alone. */
  readonly protocolType: string;
  readonly memberCount: number;
  /** In a state that has no members. A group that holds offsets alone is. */
  readonly isEmpty: boolean;

  /** Whether members consume this topic, so that its offsets can't be deleted and don't expire. */
  subscribedTo(topic: string): boolean;
  /** Why this caller may not commit, or 0. */
  commitError(caller: OffsetsCaller, transactional: boolean, version: number): number;
  /** Why it may not commit for this partition, where that differs from partition to partition, or 0. */
  commitPartitionError?(caller: OffsetsCaller, topicId: Uuid, partition: number): number;
  /** Why this caller may not read offsets, or 0. */
  fetchError(caller: OffsetsCaller): number;
  /** Why no offset of the group may be deleted, or 0. */
  offsetDeleteError(): number;
  /** Why the group may not be deleted, or 0. */
  deleteError(): number;
  /** Adds what takes the group's own records back; its offsets are not among them. */
  tombstones(records: CoordinatorRecord[]): void;
  /**
   * From when on an offset of this topic counts as unused, in wall time, which is never before it was committed;
   * null while it is in use.
   */
  unusedSinceMs(topic: string, commitTimestampMs: number): number | null;
  /** Whether the group goes of itself once it has no offsets. */
  readonly expires: boolean;
  /** A member has committed: it lives. */
  committed(memberId: string): void;
  /**
   * What has to happen elsewhere before the group is deleted (a share group's state); `done` gets 0 or the error
   * that stops the deletion. Undefined where nothing has to.
   */
  readonly beforeDelete?: (done: (error: number) => void) => void;
}

/** A group in the answer to ListGroups. */
export interface ListedGroup {
  readonly groupId: string;
  readonly protocolType: string;
  readonly groupState: string;
  /** "classic", "consumer", "share". */
  readonly groupType: GroupKind;
}

import type { Int64, Uuid } from "../../base/ids.ts";
import { SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY } from "../../kafka/wire/generated/share-group-current-member-assignment-key.ts";
import { SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE } from "../../kafka/wire/generated/share-group-current-member-assignment-value.ts";
import { SHARE_GROUP_MEMBER_METADATA_KEY } from "../../kafka/wire/generated/share-group-member-metadata-key.ts";
import { SHARE_GROUP_MEMBER_METADATA_VALUE } from "../../kafka/wire/generated/share-group-member-metadata-value.ts";
import { SHARE_GROUP_METADATA_KEY } from "../../kafka/wire/generated/share-group-metadata-key.ts";
import { SHARE_GROUP_METADATA_VALUE } from "../../kafka/wire/generated/share-group-metadata-value.ts";
import { SHARE_GROUP_STATE_PARTITION_METADATA_KEY } from "../../kafka/wire/generated/share-group-state-partition-metadata-key.ts";
import { SHARE_GROUP_STATE_PARTITION_METADATA_VALUE } from "../../kafka/wire/generated/share-group-state-partition-metadata-value.ts";
import { SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY } from "../../kafka/wire/generated/share-group-target-assignment-member-key.ts";
import { SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE } from "../../kafka/wire/generated/share-group-target-assignment-member-value.ts";
import { SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_KEY } from "../../kafka/wire/generated/share-group-target-assignment-metadata-key.ts";
import { SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE } from "../../kafka/wire/generated/share-group-target-assignment-metadata-value.ts";
import { type Assignment, topicPartitionsOf } from "../groups/modern/assignment.ts";
import type { CoordinatorRecord } from "../runtime/coordinator-log.ts";
import { encodeRecord, encodeTombstone } from "../runtime/record-codec.ts";

/** A member of a share group. Never changed in place. */
export interface ShareMember {
  readonly memberId: string;
  readonly epoch: number;
  /** The one before: a member whose answer was lost still speaks of it. */
  readonly previousEpoch: number;
  readonly rackId: string | null;
  readonly clientId: string;
  /** Address with a slash before it, as Kafka shows it. */
  readonly clientHost: string;
  /** Names it subscribes to, sorted, none twice. */
  readonly topicNames: ReadonlySet<string>;
  readonly assigned: Assignment;
}

/** Partitions of a topic for which the group keeps state. */
export interface InitializedTopic {
  readonly name: string;
  readonly partitions: readonly number[];
}

const STABLE = 0;

export function memberRecord(groupId: string, member: ShareMember): CoordinatorRecord {
  const { memberId, rackId, clientId, clientHost, topicNames } = member;
  return encodeRecord(
    SHARE_GROUP_MEMBER_METADATA_KEY,
    { groupId, memberId },
    SHARE_GROUP_MEMBER_METADATA_VALUE,
    { rackId, clientId, clientHost, subscribedTopicNames: [...topicNames] },
    0,
  );
}

export function currentRecord(groupId: string, member: ShareMember): CoordinatorRecord {
  return encodeRecord(
    SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY,
    { groupId, memberId: member.memberId },
    SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE,
    {
      memberEpoch: member.epoch,
      previousMemberEpoch: member.previousEpoch,
      state: STABLE,
      assignedPartitions: topicPartitionsOf(member.assigned),
    },
    0,
  );
}

export function targetRecord(groupId: string, memberId: string, assignment: Assignment): CoordinatorRecord {
  return encodeRecord(
    SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY,
    { groupId, memberId },
    SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE,
    { topicPartitions: topicPartitionsOf(assignment) },
    0,
  );
}

export function targetEpochRecord(
  groupId: string,
  assignmentEpoch: number,
  assignmentTimestamp: number,
): CoordinatorRecord {
  return encodeRecord(
    SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_KEY,
    { groupId },
    SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE,
    { assignmentEpoch, assignmentTimestamp },
    0,
  );
}

export function groupRecord(groupId: string, epoch: number, metadataHash: Int64): CoordinatorRecord {
  return encodeRecord(
    SHARE_GROUP_METADATA_KEY,
    { groupId },
    SHARE_GROUP_METADATA_VALUE,
    { epoch, metadataHash },
    0,
  );
}

export function initializedRecord(
  groupId: string,
  topics: ReadonlyMap<Uuid, InitializedTopic>,
): CoordinatorRecord {
  const initializedTopics = Array.from(topics, ([topicId, { name, partitions }]) => ({
    topicId,
    topicName: name,
    partitions,
  }));
  return encodeRecord(
    SHARE_GROUP_STATE_PARTITION_METADATA_KEY,
    { groupId },
    SHARE_GROUP_STATE_PARTITION_METADATA_VALUE,
    { initializingTopics: [], initializedTopics, deletingTopics: [] },
    0,
  );
}

/** What takes a member back. */
export function memberTombstones(groupId: string, memberId: string): CoordinatorRecord[] {
  const key = { groupId, memberId };
  return [
    encodeTombstone(SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY, key),
    encodeTombstone(SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY, key),
    encodeTombstone(SHARE_GROUP_MEMBER_METADATA_KEY, key),
  ];
}

/** What takes a group without members back. */
export function groupTombstones(groupId: string): CoordinatorRecord[] {
  const key = { groupId };
  return [
    encodeTombstone(SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_KEY, key),
    encodeTombstone(SHARE_GROUP_STATE_PARTITION_METADATA_KEY, key),
    encodeTombstone(SHARE_GROUP_METADATA_KEY, key),
  ];
}

import { readShareGroupCurrentMemberAssignmentKey } from "../../kafka/wire/generated/share-group-current-member-assignment-key.ts";
import { readShareGroupCurrentMemberAssignmentValue } from "../../kafka/wire/generated/share-group-current-member-assignment-value.ts";
import { readShareGroupMemberMetadataKey } from "../../kafka/wire/generated/share-group-member-metadata-key.ts";
import { readShareGroupMemberMetadataValue } from "../../kafka/wire/generated/share-group-member-metadata-value.ts";
import { readShareGroupMetadataKey } from "../../kafka/wire/generated/share-group-metadata-key.ts";
import { readShareGroupMetadataValue } from "../../kafka/wire/generated/share-group-metadata-value.ts";
import { readShareGroupStatePartitionMetadataKey } from "../../kafka/wire/generated/share-group-state-partition-metadata-key.ts";
import { readShareGroupStatePartitionMetadataValue } from "../../kafka/wire/generated/share-group-state-partition-metadata-value.ts";
import { readShareGroupTargetAssignmentMemberKey } from "../../kafka/wire/generated/share-group-target-assignment-member-key.ts";
import { readShareGroupTargetAssignmentMemberValue } from "../../kafka/wire/generated/share-group-target-assignment-member-value.ts";
import { readShareGroupTargetAssignmentMetadataKey } from "../../kafka/wire/generated/share-group-target-assignment-metadata-key.ts";
import { readShareGroupTargetAssignmentMetadataValue } from "../../kafka/wire/generated/share-group-target-assignment-metadata-value.ts";
import type { Reader } from "../../kafka/wire/reader.ts";
import type { RecordValue } from "../groups/group-part.ts";
import { assignmentOf, NO_PARTITIONS } from "../groups/modern/assignment.ts";
import type { ShareGroup } from "./share-group.ts";
import type { ShareMember } from "./share-records.ts";

const TYPE = { MEMBER: 10, GROUP: 11, TARGET_EPOCH: 12, TARGET: 13, CURRENT: 14, INITIALIZED: 15 } as const;

/** The types of records that share groups consist of. */
export const SHARE_RECORD_TYPES: readonly number[] = Object.values(TYPE);

type FindGroup = (groupId: string) => ShareGroup | null;

/**
 * Puts one record into its group, which `find` gives: made where it is missing, unless the record takes something
 * back. Returns the group where the record was its end.
 */
export function replayRecord(
  type: number,
  key: Reader,
  value: RecordValue | null,
  find: FindGroup,
): ShareGroup | null {
  switch (type) {
    case TYPE.MEMBER:
      replayMember(key, value, find);
      return null;
    case TYPE.GROUP:
      return replayGroup(key, value, find);
    case TYPE.TARGET_EPOCH:
      replayTargetEpoch(key, value, find);
      return null;
    case TYPE.TARGET:
      replayTarget(key, value, find);
      return null;
    case TYPE.CURRENT:
      replayCurrent(key, value, find);
      return null;
    default:
      replayInitialized(key, value, find);
      return null;
  }
}

export function newMember(memberId: string): ShareMember {
  return {
    memberId,
    epoch: 0,
    previousEpoch: -1,
    rackId: null,
    clientId: "",
    clientHost: "",
    topicNames: new Set(),
    assigned: NO_PARTITIONS,
  };
}

function replayMember(key: Reader, value: RecordValue | null, find: FindGroup): void {
  const { groupId, memberId } = readShareGroupMemberMetadataKey(key, 0);
  const group = find(groupId);
  if (group === null) return;
  group.topicsMayHaveChanged = true;
  if (value === null) {
    group.members.delete(memberId);
    return;
  }
  const read = readShareGroupMemberMetadataValue(value.reader, value.version);
  const { rackId, clientId, clientHost, subscribedTopicNames } = read;
  const member = group.members.get(memberId) ?? newMember(memberId);
  const topicNames = new Set(subscribedTopicNames);
  group.members.set(memberId, { ...member, rackId, clientId, clientHost, topicNames });
}

function replayGroup(key: Reader, value: RecordValue | null, find: FindGroup): ShareGroup | null {
  const group = find(readShareGroupMetadataKey(key, 0).groupId);
  if (group === null || value === null) return group;
  const { epoch, metadataHash } = readShareGroupMetadataValue(value.reader, value.version);
  group.epoch = epoch;
  group.metadataHash = metadataHash;
  return null;
}

function replayTargetEpoch(key: Reader, value: RecordValue | null, find: FindGroup): void {
  const group = find(readShareGroupTargetAssignmentMetadataKey(key, 0).groupId);
  if (group === null || value === null) return;
  const read = readShareGroupTargetAssignmentMetadataValue(value.reader, value.version);
  group.assignmentEpoch = read.assignmentEpoch;
  group.assignmentTimestampMs = Number(read.assignmentTimestamp);
}

function replayTarget(key: Reader, value: RecordValue | null, find: FindGroup): void {
  const { groupId, memberId } = readShareGroupTargetAssignmentMemberKey(key, 0);
  const group = find(groupId);
  if (value === null) group?.targets.delete(memberId);
  else {
    const read = readShareGroupTargetAssignmentMemberValue(value.reader, value.version);
    group?.targets.set(memberId, assignmentOf(read.topicPartitions));
  }
}

function replayCurrent(key: Reader, value: RecordValue | null, find: FindGroup): void {
  const { groupId, memberId } = readShareGroupCurrentMemberAssignmentKey(key, 0);
  const group = find(groupId);
  if (group === null) return;
  const member = group.members.get(memberId);
  if (value === null) {
    if (member !== undefined) group.members.set(memberId, { ...member, assigned: NO_PARTITIONS });
    return;
  }
  const read = readShareGroupCurrentMemberAssignmentValue(value.reader, value.version);
  group.members.set(memberId, {
    ...(member ?? newMember(memberId)),
    epoch: read.memberEpoch,
    previousEpoch: read.previousMemberEpoch,
    assigned: assignmentOf(read.assignedPartitions),
  });
}

function replayInitialized(key: Reader, value: RecordValue | null, find: FindGroup): void {
  const group = find(readShareGroupStatePartitionMetadataKey(key, 0).groupId);
  if (group === null) return;
  if (value === null) {
    group.initialized = new Map();
    return;
  }
  const read = readShareGroupStatePartitionMetadataValue(value.reader, value.version);
  group.initialized = new Map(
    read.initializedTopics.map(({ topicId, topicName: name, partitions }) => [
      topicId,
      { name, partitions: [...partitions] },
    ]),
  );
}

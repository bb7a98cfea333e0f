import type { Int64 } from "../../../base/ids.ts";
import { CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY } from "../../../kafka/wire/generated/consumer-group-current-member-assignment-key.ts";
import {
  CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE,
  type ConsumerGroupCurrentMemberAssignmentValue,
} from "../../../kafka/wire/generated/consumer-group-current-member-assignment-value.ts";
import { CONSUMER_GROUP_MEMBER_METADATA_KEY } from "../../../kafka/wire/generated/consumer-group-member-metadata-key.ts";
import {
  CONSUMER_GROUP_MEMBER_METADATA_VALUE,
  type ConsumerGroupMemberMetadataValue,
} from "../../../kafka/wire/generated/consumer-group-member-metadata-value.ts";
import { CONSUMER_GROUP_METADATA_KEY } from "../../../kafka/wire/generated/consumer-group-metadata-key.ts";
import { CONSUMER_GROUP_METADATA_VALUE } from "../../../kafka/wire/generated/consumer-group-metadata-value.ts";
import { CONSUMER_GROUP_PARTITION_METADATA_KEY } from "../../../kafka/wire/generated/consumer-group-partition-metadata-key.ts";
import { CONSUMER_GROUP_REGULAR_EXPRESSION_KEY } from "../../../kafka/wire/generated/consumer-group-regular-expression-key.ts";
import { CONSUMER_GROUP_REGULAR_EXPRESSION_VALUE } from "../../../kafka/wire/generated/consumer-group-regular-expression-value.ts";
import { CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY } from "../../../kafka/wire/generated/consumer-group-target-assignment-member-key.ts";
import { CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE } from "../../../kafka/wire/generated/consumer-group-target-assignment-member-value.ts";
import { CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_KEY } from "../../../kafka/wire/generated/consumer-group-target-assignment-metadata-key.ts";
import { CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE } from "../../../kafka/wire/generated/consumer-group-target-assignment-metadata-value.ts";
import type { CoordinatorRecord } from "../../runtime/coordinator-log.ts";
import { encodeRecord, encodeTombstone } from "../../runtime/record-codec.ts";
import { type Assignment, topicPartitionsOf } from "../modern/assignment.ts";
import { type ConsumerMember, type EpochAssignment, type MemberState, topicNameSet } from "./member.ts";
import type { ResolvedRegex } from "./regex.ts";

type EpochPartitions = ConsumerGroupCurrentMemberAssignmentValue["assignedPartitions"][number];

const STATE_CODES: Readonly<Record<MemberState, number>> = {
  stable: 0,
  unrevoked: 1,
  unreleased: 2,
  unknown: 127,
};

/** Who the member is, and what it wants. */
export function memberRecord(groupId: string, member: ConsumerMember): CoordinatorRecord {
  const value: ConsumerGroupMemberMetadataValue = {
    instanceId: member.instanceId,
    rackId: member.rackId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: [...member.topicNames],
    subscribedTopicRegex: member.topicRegex,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    serverAssignor: member.assignor,
    classicMemberMetadata: member.classic,
  };
  const key = { groupId, memberId: member.memberId };
  return encodeRecord(
    CONSUMER_GROUP_MEMBER_METADATA_KEY,
    key,
    CONSUMER_GROUP_MEMBER_METADATA_VALUE,
    value,
    0,
  );
}

/** The member with what its record says; its bytes are copied. */
export function withMetadata(
  member: ConsumerMember,
  value: ConsumerGroupMemberMetadataValue,
): ConsumerMember {
  const { classicMemberMetadata: classic } = value;
  return {
    ...member,
    instanceId: value.instanceId,
    rackId: value.rackId,
    clientId: value.clientId,
    clientHost: value.clientHost,
    topicNames: topicNameSet(value.subscribedTopicNames),
    topicRegex: value.subscribedTopicRegex ?? "",
    rebalanceTimeoutMs: value.rebalanceTimeoutMs,
    assignor: value.serverAssignor,
    classic:
      classic === null
        ? null
        : {
            sessionTimeoutMs: classic.sessionTimeoutMs,
            supportedProtocols: classic.supportedProtocols.map(({ name, metadata }) => ({
              name,
              metadata: metadata.slice(),
            })),
          },
  };
}

/** What the member has, and since which epoch. */
export function currentRecord(groupId: string, member: ConsumerMember): CoordinatorRecord {
  const value: ConsumerGroupCurrentMemberAssignmentValue = {
    memberEpoch: member.epoch,
    previousMemberEpoch: member.previousEpoch,
    state: STATE_CODES[member.state],
    assignedPartitions: writeEpochs(member.assigned),
    partitionsPendingRevocation: writeEpochs(member.revoking),
  };
  const key = { groupId, memberId: member.memberId };
  return encodeRecord(
    CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY,
    key,
    CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE,
    value,
    0,
  );
}

export function withCurrent(
  member: ConsumerMember,
  value: ConsumerGroupCurrentMemberAssignmentValue,
): ConsumerMember {
  return {
    ...member,
    epoch: value.memberEpoch,
    previousEpoch: value.previousMemberEpoch,
    state: stateOf(value.state),
    assigned: readEpochs(value.assignedPartitions, value.memberEpoch),
    revoking: readEpochs(value.partitionsPendingRevocation, value.memberEpoch),
  };
}

function stateOf(code: number): MemberState {
  switch (code) {
    case STATE_CODES.stable:
      return "stable";
    case STATE_CODES.unrevoked:
      return "unrevoked";
    case STATE_CODES.unreleased:
      return "unreleased";
    default:
      return "unknown";
  }
}

function writeEpochs(assignment: EpochAssignment): EpochPartitions[] {
  return Array.from(assignment, ([topicId, epochs]) => {
    const partitions = [...epochs.keys()].sort((a, b) => a - b);
    return {
      topicId,
      partitions,
      assignmentEpochs: partitions.map((partition) => epochs.get(partition) ?? 0),
    };
  });
}

/** Records from before there were epochs of assignments count as of the member's own. */
function readEpochs(listed: readonly EpochPartitions[], memberEpoch: number): EpochAssignment {
  return new Map(
    listed.map(({ topicId, partitions, assignmentEpochs }) => {
      const epochs = assignmentEpochs?.length === partitions.length ? assignmentEpochs : null;
      const pairs = partitions.map(
        (partition, index) => [partition, epochs?.[index] ?? Math.max(memberEpoch, 0)] as const,
      );
      return [topicId, new Map(pairs)];
    }),
  );
}

/** What the member is to have. */
export function targetRecord(groupId: string, memberId: string, assignment: Assignment): CoordinatorRecord {
  return encodeRecord(
    CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY,
    { groupId, memberId },
    CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE,
    { topicPartitions: topicPartitionsOf(assignment) },
    0,
  );
}

/** The epoch that the targets of all members are of. */
export function targetEpochRecord(groupId: string, epoch: number, timestampMs: number): CoordinatorRecord {
  return encodeRecord(
    CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_KEY,
    { groupId },
    CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE,
    { assignmentEpoch: epoch, assignmentTimestamp: timestampMs },
    0,
  );
}

/** The group's epoch, and what its topics looked like then. */
export function groupRecord(groupId: string, epoch: number, metadataHash: Int64): CoordinatorRecord {
  return encodeRecord(
    CONSUMER_GROUP_METADATA_KEY,
    { groupId },
    CONSUMER_GROUP_METADATA_VALUE,
    { epoch, metadataHash },
    0,
  );
}

/** What a regular expression of the group's members matches. */
export function regexRecord(groupId: string, regex: string, resolved: ResolvedRegex): CoordinatorRecord {
  return encodeRecord(
    CONSUMER_GROUP_REGULAR_EXPRESSION_KEY,
    { groupId, regularExpression: regex },
    CONSUMER_GROUP_REGULAR_EXPRESSION_VALUE,
    { topics: [...resolved.topics], version: resolved.version, timestamp: resolved.timestampMs },
    0,
  );
}

export function regexTombstone(groupId: string, regex: string): CoordinatorRecord {
  return encodeTombstone(CONSUMER_GROUP_REGULAR_EXPRESSION_KEY, { groupId, regularExpression: regex });
}

/** Takes back all there is of a member. In this order: it has no partition when it goes. */
export function memberTombstones(groupId: string, memberId: string): CoordinatorRecord[] {
  const key = { groupId, memberId };
  return [
    encodeTombstone(CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY, key),
    encodeTombstone(CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY, key),
    encodeTombstone(CONSUMER_GROUP_MEMBER_METADATA_KEY, key),
  ];
}

/** Takes back all there is of a group but its offsets. */
export function groupTombstones(
  groupId: string,
  memberIds: readonly string[],
  regexes: Iterable<string>,
): CoordinatorRecord[] {
  return [
    ...memberIds.flatMap((memberId) => memberTombstones(groupId, memberId)),
    encodeTombstone(CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_KEY, { groupId }),
    ...Array.from(regexes, (regex) => regexTombstone(groupId, regex)),
    encodeTombstone(CONSUMER_GROUP_PARTITION_METADATA_KEY, { groupId }),
    encodeTombstone(CONSUMER_GROUP_METADATA_KEY, { groupId }),
  ];
}

/** What brokers before 4.1 kept of a group's topics, and what nobody reads any more. */
export function oldMetadataTombstone(groupId: string): CoordinatorRecord {
  return encodeTombstone(CONSUMER_GROUP_PARTITION_METADATA_KEY, { groupId });
}

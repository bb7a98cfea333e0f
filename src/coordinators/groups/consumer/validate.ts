import type { ConsumerGroupHeartbeatRequest } from "../../../kafka/wire/generated/consumer-group-heartbeat-request.ts";
import { ERROR } from "../../../kafka/wire/generated/errors.ts";
import type { Assignment } from "../modern/assignment.ts";
import { ASSIGNOR_NAMES, assignorNamed } from "./assignors.ts";
import {
  AWAY_EPOCH,
  type ConsumerMember,
  type EpochAssignment,
  JOINING_EPOCH,
  LEAVING_EPOCH,
} from "./member.ts";
import { type Refusal, refuse } from "./refusal.ts";

/** From this version on members choose their id themselves (KIP-1082). */
const CLIENT_MADE_ID_VERSION = 1;

/** What is wrong with a heartbeat, whoever sends it to whichever group; null for nothing. */
export function heartbeatFault(request: ConsumerGroupHeartbeatRequest, version: number): Refusal | null {
  const { memberEpoch, instanceId, rackId, serverAssignor } = request;
  const idNeeded = version >= CLIENT_MADE_ID_VERSION || memberEpoch > 0 || memberEpoch === LEAVING_EPOCH;
  if (idNeeded && isBlank(request.memberId)) return invalid("MemberId can't be empty.");
  if (isBlank(request.groupId)) return invalid("GroupId can't be empty.");
  if (instanceId !== null && isBlank(instanceId)) return invalid("InstanceId can't be empty.");
  if (rackId !== null && isBlank(rackId)) return invalid("RackId can't be empty.");
  if (memberEpoch === JOINING_EPOCH) {
    const fault = joinFault(request);
    if (fault !== null) return fault;
  } else if (memberEpoch === AWAY_EPOCH) {
    if (instanceId === null) return invalid("InstanceId can't be null.");
  } else if (memberEpoch < AWAY_EPOCH) return invalid("MemberEpoch is invalid.");
  if (serverAssignor !== null && assignorNamed(serverAssignor) === null) {
    const names = ASSIGNOR_NAMES.join(", ");
    const words = `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ${names}.`;
    return refuse(ERROR.UNSUPPORTED_ASSIGNOR, words);
  }
  return null;
}

/** The first heartbeat says everything; one that rejoins has nothing left. */
function joinFault(request: ConsumerGroupHeartbeatRequest): Refusal | null {
  if (request.rebalanceTimeoutMs === -1) {
    return invalid("RebalanceTimeoutMs must be provided in first request.");
  }
  if (request.topicPartitions === null || request.topicPartitions.length > 0) {
    return invalid("TopicPartitions must be empty when (re-)joining.");
  }
  if (request.subscribedTopicNames === null && request.subscribedTopicRegex === null) {
    return invalid("Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.");
  }
  return null;
}

function isBlank(text: string): boolean {
  return text.trim() === "";
}

function invalid(message: string): Refusal {
  return refuse(ERROR.INVALID_REQUEST, message);
}

/**
 * Why a member of this epoch has to give everything up and rejoin; null where it may go on. One epoch behind is
 * where an answer was lost: the member may catch up if it has nothing but what it was given.
 */
export function epochFault(
  member: ConsumerMember,
  receivedEpoch: number,
  owned: Assignment | null,
): Refusal | null {
  if (receivedEpoch === JOINING_EPOCH || receivedEpoch === member.epoch) return null;
  if (receivedEpoch > member.epoch) return fenced("greater", receivedEpoch, member.epoch);
  const missedAnswer = receivedEpoch === member.previousEpoch && isPartOf(owned, member.assigned);
  return missedAnswer ? null : fenced("smaller", receivedEpoch, member.epoch);
}

function fenced(order: string, received: number, known: number): Refusal {
  return refuse(
    ERROR.FENCED_MEMBER_EPOCH,
    `The consumer group member has a ${order} member epoch (${received}) than the one known by the group coordinator (${known}). The member must abandon all its partitions and rejoin.`,
  );
}

function isPartOf(owned: Assignment | null, assigned: EpochAssignment): boolean {
  if (owned === null) return false;
  for (const [topicId, partitions] of owned) {
    const known = assigned.get(topicId);
    if (known === undefined || partitions.some((partition) => !known.has(partition))) return false;
  }
  return true;
}

/** Another instance of a static member holds its place and has not left it; null where the place is free. */
export function unreleasedFault(holder: ConsumerMember, memberId: string): Refusal | null {
  if (holder.epoch === AWAY_EPOCH) return null;
  return refuse(
    ERROR.UNRELEASED_INSTANCE_ID,
    `Static member ${memberId} with instance id ${holder.instanceId} cannot join the group because the instance id is owned by ${holder.memberId} member.`,
  );
}

/** Another member has taken the static instance's place; null where this one holds it. */
export function instanceFault(holder: ConsumerMember, memberId: string): Refusal | null {
  if (holder.memberId === memberId) return null;
  return refuse(
    ERROR.FENCED_INSTANCE_ID,
    `Static member ${memberId} with instance id ${holder.instanceId} was fenced by member ${holder.memberId}.`,
  );
}

export function unknownMember(groupId: string, memberId: string): Refusal {
  return refuse(ERROR.UNKNOWN_MEMBER_ID, `Member ${memberId} is not a member of group ${groupId}.`);
}

export function unknownInstance(instanceId: string): Refusal {
  return refuse(ERROR.UNKNOWN_MEMBER_ID, `Instance id ${instanceId} is unknown.`);
}

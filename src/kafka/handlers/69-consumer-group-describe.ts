import { ACL_RESOURCE } from "../../broker/acl-entry.ts";
import type { ConsumerGroup } from "../../coordinators/groups/consumer/group.ts";
import { type ConsumerMember, partitionsOf } from "../../coordinators/groups/consumer/member.ts";
import type { TopicsView } from "../../coordinators/groups/group-part.ts";
import type { Assignment } from "../../coordinators/groups/modern/assignment.ts";
import { type Access, accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import { unique } from "../once.ts";
import type { KafkaServices } from "../services.ts";
import { readConsumerGroupDescribeRequest } from "../wire/generated/consumer-group-describe-request.ts";
import {
  type ConsumerGroupDescribeResponse,
  writeConsumerGroupDescribeResponse,
} from "../wire/generated/consumer-group-describe-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { GROUP_FEATURE } from "./68-consumer-group-heartbeat.ts";
import { HIDDEN_TOPICS, told } from "./acl-answers.ts";
import { GROUP_OPERATIONS, NO_OPERATIONS } from "./authorized-operations.ts";

type DescribedGroup = ConsumerGroupDescribeResponse["groups"][number];
type DescribedMember = DescribedGroup["members"][number];

/** Which protocol a member speaks, from version 1 on (KIP-1099). */
const CLASSIC_MEMBER = 0;
const CONSUMER_MEMBER = 1;

/** ConsumerGroupDescribe, 0 to 1 (KIP-848): groups of the consumer protocol, and what their members have. */
export const consumerGroupDescribe: ApiHandler<KafkaServices> = {
  apiKey: 69,
  minVersion: 0,
  maxVersion: 1,
  pipelined: false,
  handle(call, services) {
    const { broker, coordinators } = services;
    const { version } = call;
    const { groupIds, includeAuthorizedOperations } = readConsumerGroupDescribeRequest(call.reader, version);
    const access = accessOf(call, services);
    const enabled = broker.featureLevel(GROUP_FEATURE) > 0;
    const groups = unique(groupIds).map((groupId) => {
      if (!enabled) return { ...refused(groupId, ""), errorCode: ERROR.UNSUPPORTED_VERSION };
      if (!access.group(CAN.describe, groupId))
        return { ...refused(groupId, null), errorCode: ERROR.GROUP_AUTHORIZATION_FAILED };
      const group = coordinators.groups.registry.get(groupId);
      if (group === null) return refused(groupId, `Group ${groupId} not found.`);
      const found = coordinators.groups.consumers.get(groupId);
      if (found === null) return refused(groupId, `Group ${groupId} is not a consumer group.`);
      const operations = includeAuthorizedOperations
        ? access.operations(ACL_RESOURCE.group, groupId, GROUP_OPERATIONS)
        : NO_OPERATIONS;
      return shown(described(found, operations, broker.topics), access);
    });
    // Nobody is told of a state that a power cut could take back.
    coordinators.groups.whenDurable(() => {
      call.reply((writer) =>
        writeConsumerGroupDescribeResponse(writer, { throttleTimeMs: 0, groups }, version),
      );
    });
  },
};

function described(group: ConsumerGroup, operations: number, topics: TopicsView): DescribedGroup {
  return {
    errorCode: ERROR.NONE,
    errorMessage: null,
    groupId: group.id,
    groupState: group.stateName,
    groupEpoch: group.epoch,
    assignmentEpoch: group.targetEpoch,
    assignorName: group.preferredAssignor(),
    members: Array.from(group.members.values(), (member) => describedMember(group, member, topics)),
    authorizedOperations: operations,
  };
}

function describedMember(group: ConsumerGroup, member: ConsumerMember, topics: TopicsView): DescribedMember {
  return {
    memberId: member.memberId,
    instanceId: member.instanceId,
    rackId: member.rackId,
    memberEpoch: member.epoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: [...member.topicNames],
    subscribedTopicRegex: member.topicRegex,
    // What it was asked to give up is still its own until it has.
    assignment: named(partitionsOf(member.assigned, member.revoking), topics),
    targetAssignment: named(group.target(member.memberId), topics),
    memberType: member.classic === null ? CONSUMER_MEMBER : CLASSIC_MEMBER,
  };
}

function named(assignment: Assignment, topics: TopicsView): DescribedMember["assignment"] {
  const topicPartitions = Array.from(assignment, ([topicId, partitions]) => {
    const topic = topics.byId(topicId);
    return topic === null ? [] : [{ topicId, topicName: topic.name, partitions }];
  });
  return { topicPartitions: topicPartitions.flat() };
}

/** Whoever may not see one of the topics is not told of any. */
function shown(group: DescribedGroup, access: Access): DescribedGroup {
  const names = group.members.flatMap(({ assignment, targetAssignment }) =>
    [assignment, targetAssignment].flatMap(({ topicPartitions }) =>
      topicPartitions.map(({ topicName }) => topicName),
    ),
  );
  const hides = access.deniedTopics(CAN.describe, names).size > 0;
  return hides ? { ...refused(group.groupId, null), ...told(HIDDEN_TOPICS) } : group;
}

function refused(groupId: string, errorMessage: string | null): DescribedGroup {
  return {
    errorCode: ERROR.GROUP_ID_NOT_FOUND,
    errorMessage,
    groupId,
    groupState: "",
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: "",
    members: [],
    authorizedOperations: NO_OPERATIONS,
  };
}

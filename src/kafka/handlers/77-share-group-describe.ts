import { ACL_RESOURCE } from "../../broker/acl-entry.ts";
import type { Topics } from "../../broker/topics.ts";
import type { Assignment } from "../../coordinators/groups/modern/assignment.ts";
import type { ShareGroup } from "../../coordinators/shares/share-group.ts";
import { type Access, accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import { unique } from "../once.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readShareGroupDescribeRequest } from "../wire/generated/share-group-describe-request.ts";
import {
  DEFAULT_DESCRIBED_GROUP,
  type DescribedGroup,
  writeShareGroupDescribeResponse,
} from "../wire/generated/share-group-describe-response.ts";
import { HIDDEN_TOPICS, told } from "./acl-answers.ts";
import { GROUP_OPERATIONS, NO_OPERATIONS } from "./authorized-operations.ts";

/** ShareGroupDescribe, 1 (KIP-932). */
export const shareGroupDescribe: ApiHandler<KafkaServices> = {
  apiKey: 77,
  minVersion: 1,
  maxVersion: 1,
  pipelined: false,
  handle(call, services) {
    const { broker, coordinators } = services;
    const request = readShareGroupDescribeRequest(call.reader, call.version);
    const access = accessOf(call, services);
    const groups = unique(request.groupIds).map((groupId): DescribedGroup => {
      if (!access.group(CAN.describe, groupId))
        return { ...DEFAULT_DESCRIBED_GROUP, groupId, errorCode: ERROR.GROUP_AUTHORIZATION_FAILED };
      if (groupId === "") return { ...DEFAULT_DESCRIBED_GROUP, groupId, errorCode: ERROR.INVALID_GROUP_ID };
      const found = coordinators.shares.groups.find(groupId);
      if ("error" in found) {
        const { error: errorCode, message: errorMessage } = found;
        return { ...DEFAULT_DESCRIBED_GROUP, groupId, errorCode, errorMessage };
      }
      const authorizedOperations = request.includeAuthorizedOperations
        ? access.operations(ACL_RESOURCE.group, groupId, GROUP_OPERATIONS)
        : NO_OPERATIONS;
      return shown({ ...describe(found, broker.topics), authorizedOperations }, access);
    });
    const response = { throttleTimeMs: 0, groups };
    coordinators.groups.whenDurable(() =>
      call.reply((writer) => writeShareGroupDescribeResponse(writer, response, call.version)),
    );
  },
};

function describe(group: ShareGroup, topics: Topics): DescribedGroup {
  return {
    errorCode: ERROR.NONE,
    errorMessage: null,
    groupId: group.id,
    groupState: group.stateName,
    groupEpoch: group.epoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: "simple",
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.memberId,
      rackId: member.rackId,
      memberEpoch: member.epoch,
      clientId: member.clientId,
      clientHost: member.clientHost,
      subscribedTopicNames: [...member.topicNames],
      assignment: { topicPartitions: named(member.assigned, topics) },
    })),
    authorizedOperations: NO_OPERATIONS,
  };
}

/** Whoever may not see one of the topics is not told of any. */
function shown(group: DescribedGroup, access: Access): DescribedGroup {
  const names = group.members.flatMap(({ assignment }) =>
    assignment.topicPartitions.map(({ topicName }) => topicName),
  );
  const hides = access.deniedTopics(CAN.describe, names).size > 0;
  return hides ? { ...DEFAULT_DESCRIBED_GROUP, groupId: group.groupId, ...told(HIDDEN_TOPICS) } : group;
}

/** A topic that is gone has no name: it is left out, as in Kafka. */
function named(assigned: Assignment, topics: Topics) {
  return Array.from(assigned).flatMap(([topicId, partitions]) => {
    const topicName = topics.byId(topicId)?.name;
    return topicName === undefined ? [] : [{ topicId, topicName, partitions }];
  });
}

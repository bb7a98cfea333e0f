import { topicPartitionsOf } from "../../coordinators/groups/modern/assignment.ts";
import type { ShareHeartbeatAnswer } from "../../coordinators/shares/share-groups.ts";
import { accessOf } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import {
  readShareGroupHeartbeatRequest,
  type ShareGroupHeartbeatRequest,
} from "../wire/generated/share-group-heartbeat-request.ts";
import {
  DEFAULT_SHARE_GROUP_HEARTBEAT_RESPONSE,
  type ShareGroupHeartbeatResponse,
  writeShareGroupHeartbeatResponse,
} from "../wire/generated/share-group-heartbeat-response.ts";
import { memberRefusal, told } from "./acl-answers.ts";

const LEAVING_EPOCH = -1;

/**
 * ShareGroupHeartbeat, 1 (KIP-932). A member's first heartbeat brings its partitions at once: Kafka answers it
 * without any and begins their state meanwhile.
 */
export const shareGroupHeartbeat: ApiHandler<KafkaServices> = {
  apiKey: 76,
  minVersion: 1,
  maxVersion: 1,
  pipelined: false,
  handle(call, services) {
    const { coordinators } = services;
    const request = readShareGroupHeartbeatRequest(call.reader, call.version);
    const reply = (response: ShareGroupHeartbeatResponse) =>
      call.reply((writer) => writeShareGroupHeartbeatResponse(writer, response, call.version));
    const refused = memberRefusal(accessOf(call, services), request.groupId, request.subscribedTopicNames);
    if (refused !== null) {
      reply({ ...DEFAULT_SHARE_GROUP_HEARTBEAT_RESPONSE, ...told(refused) });
      return;
    }
    const fault = requestFault(request);
    if (fault !== null) {
      reply(refusal(ERROR.INVALID_REQUEST, fault));
      return;
    }
    const { groupId, memberId, memberEpoch, rackId, subscribedTopicNames: topicNames } = request;
    const { clientHost } = call;
    const clientId = call.clientId ?? "";
    coordinators.shares.groups.heartbeat(
      { groupId, memberId, memberEpoch, rackId, clientId, clientHost, topicNames },
      (answer) =>
        reply("error" in answer ? refusal(answer.error, answer.message) : goodAnswer(memberId, answer)),
    );
  },
};

function requestFault(request: ShareGroupHeartbeatRequest): string | null {
  if (request.memberId === "") return "MemberId can't be empty.";
  if (request.groupId === "") return "GroupId can't be empty.";
  if (request.rackId === "") return "RackId can't be empty.";
  if (request.memberEpoch < LEAVING_EPOCH) return "MemberEpoch is invalid.";
  if (request.memberEpoch === 0 && (request.subscribedTopicNames?.length ?? 0) === 0) {
    return "SubscribedTopicNames must be set in first request.";
  }
  return null;
}

function goodAnswer(memberId: string, answer: ShareHeartbeatAnswer): ShareGroupHeartbeatResponse {
  const { memberEpoch, heartbeatIntervalMs, assignment } = answer;
  return {
    throttleTimeMs: 0,
    errorCode: ERROR.NONE,
    errorMessage: null,
    memberId,
    memberEpoch,
    heartbeatIntervalMs,
    assignment: assignment === null ? null : { topicPartitions: topicPartitionsOf(assignment) },
  };
}

function refusal(errorCode: number, errorMessage: string): ShareGroupHeartbeatResponse {
  return { ...DEFAULT_SHARE_GROUP_HEARTBEAT_RESPONSE, errorCode, errorMessage };
}

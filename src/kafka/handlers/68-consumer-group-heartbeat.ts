import type { HeartbeatAnswer } from "../../coordinators/groups/consumer/heartbeats.ts";
import { topicPartitionsOf } from "../../coordinators/groups/modern/assignment.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readConsumerGroupHeartbeatRequest } from "../wire/generated/consumer-group-heartbeat-request.ts";
import {
  type ConsumerGroupHeartbeatResponse,
  DEFAULT_CONSUMER_GROUP_HEARTBEAT_RESPONSE,
  writeConsumerGroupHeartbeatResponse,
} from "../wire/generated/consumer-group-heartbeat-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { memberRefusal, told } from "./acl-answers.ts";

/** At level 0 of this feature an operator has switched the protocol off. */
export const GROUP_FEATURE = "group.version";

/**
 * ConsumerGroupHeartbeat, 0 to 1 (KIP-848; expressions and ids made by clients from 1, KIP-1082). What differs from
 * Kafka stands in coordinators/groups/consumer/README.md.
 */
export const consumerGroupHeartbeat: ApiHandler<KafkaServices> = {
  apiKey: 68,
  minVersion: 0,
  maxVersion: 1,
  pipelined: false,
  handle(call, services) {
    const { broker, coordinators } = services;
    const { version, clientHost } = call;
    const request = readConsumerGroupHeartbeatRequest(call.reader, version);
    const access = accessOf(call, services);
    const refusal =
      broker.featureLevel(GROUP_FEATURE) === 0
        ? { error: ERROR.UNSUPPORTED_VERSION, message: null }
        : memberRefusal(access, request.groupId, request.subscribedTopicNames);
    if (refusal !== null) {
      const response = { ...DEFAULT_CONSUMER_GROUP_HEARTBEAT_RESPONSE, ...told(refusal) };
      call.reply((writer) => writeConsumerGroupHeartbeatResponse(writer, response, version));
      return;
    }
    const maySee = (topic: string): boolean => access.seesTopic(CAN.describe, topic);
    const client = { clientId: call.clientId ?? "", clientHost, version, maySee };
    coordinators.groups.consumers.heartbeat(request, client, (answer) =>
      call.reply((writer) => writeConsumerGroupHeartbeatResponse(writer, responseOf(answer), version)),
    );
  },
};

function responseOf(answer: HeartbeatAnswer): ConsumerGroupHeartbeatResponse {
  const { memberId, memberEpoch, heartbeatIntervalMs, assignment } = answer;
  return {
    throttleTimeMs: 0,
    errorCode: answer.error,
    errorMessage: answer.message,
    memberId,
    memberEpoch,
    heartbeatIntervalMs,
    assignment: assignment === null ? null : { topicPartitions: topicPartitionsOf(assignment) },
  };
}

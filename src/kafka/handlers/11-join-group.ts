import type { JoinResult } from "../../coordinators/groups/classic/classic-protocol.ts";
import { joinError } from "../../coordinators/groups/classic/classic-protocol.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readJoinGroupRequest } from "../wire/generated/join-group-request.ts";
import { type JoinGroupResponse, writeJoinGroupResponse } from "../wire/generated/join-group-response.ts";

/** Before, the rebalance timeout is the session's. */
const FIRST_WITH_REBALANCE_TIMEOUT = 1;
/** KIP-394: one without id is given one, and comes back with it. */
const FIRST_WITH_REQUIRED_ID = 4;
/** Before, an answer without a protocol has an empty one. */
const FIRST_WITH_NO_PROTOCOL = 7;
/** KIP-814: the leader is told when it need not share out. */
const FIRST_WITH_SKIPPED_ASSIGNMENT = 9;

/**
 * JoinGroup, 0 to 9: the first half of a rebalance. Answered when all members have joined, or when the time for
 * that is over.
 */
export const joinGroup: ApiHandler<KafkaServices> = {
  apiKey: 11,
  minVersion: 0,
  maxVersion: 9,
  pipelined: false,
  handle(call, services) {
    const { coordinators } = services;
    const { version } = call;
    const request = readJoinGroupRequest(call.reader, version);
    const access = accessOf(call, services);
    if (!access.group(CAN.read, request.groupId)) {
      const response = responseOf(joinError(ERROR.GROUP_AUTHORIZATION_FAILED, ""), version);
      call.reply((writer) => writeJoinGroupResponse(writer, response, version));
      return;
    }
    const rebalanceTimeoutMs =
      version >= FIRST_WITH_REBALANCE_TIMEOUT ? request.rebalanceTimeoutMs : request.sessionTimeoutMs;
    coordinators.groups.classic.join(
      {
        groupId: request.groupId,
        memberId: request.memberId,
        groupInstanceId: request.groupInstanceId,
        clientId: call.clientId ?? "",
        clientHost: call.clientHost,
        maySee: (topic) => access.seesTopic(CAN.describe, topic),
        sessionTimeoutMs: request.sessionTimeoutMs,
        rebalanceTimeoutMs,
        protocolType: request.protocolType,
        // The group keeps them, and the request's bytes go with the request.
        protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: metadata.slice() })),
        requireKnownMemberId: version >= FIRST_WITH_REQUIRED_ID,
        supportsSkippingAssignment: version >= FIRST_WITH_SKIPPED_ASSIGNMENT,
      },
      (result) =>
        call.reply((writer) => writeJoinGroupResponse(writer, responseOf(result, version), version)),
    );
  },
};

function responseOf(result: JoinResult, version: number): JoinGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode: result.error,
    generationId: result.generationId,
    protocolType: result.protocolType,
    protocolName: version >= FIRST_WITH_NO_PROTOCOL ? result.protocolName : (result.protocolName ?? ""),
    leader: result.leader,
    skipAssignment: result.skipAssignment,
    memberId: result.memberId,
    members: result.members,
  };
}

import { type SyncResult, syncError } from "../../coordinators/groups/classic/classic-protocol.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readSyncGroupRequest } from "../wire/generated/sync-group-request.ts";
import { writeSyncGroupResponse } from "../wire/generated/sync-group-response.ts";

/** KIP-559: a member says which protocol it believes to be in. */
const FIRST_WITH_PROTOCOL = 5;

/**
 * SyncGroup, 0 to 5: the second half of a rebalance. The leader brings what it has shared out; everybody is
 * answered once that is durable.
 */
export const syncGroup: ApiHandler<KafkaServices> = {
  apiKey: 14,
  minVersion: 0,
  maxVersion: 5,
  pipelined: false,
  handle(call, services) {
    const { coordinators } = services;
    const { version } = call;
    const request = readSyncGroupRequest(call.reader, version);
    const answer = ({ error, protocolType, protocolName, assignment }: SyncResult): void => {
      const response = { throttleTimeMs: 0, errorCode: error, protocolType, protocolName, assignment };
      call.reply((writer) => writeSyncGroupResponse(writer, response, version));
    };
    const unsaid = request.protocolType === null || request.protocolName === null;
    if (version >= FIRST_WITH_PROTOCOL && unsaid) {
      answer(syncError(ERROR.INCONSISTENT_GROUP_PROTOCOL));
      return;
    }
    if (!accessOf(call, services).group(CAN.read, request.groupId)) {
      answer(syncError(ERROR.GROUP_AUTHORIZATION_FAILED));
      return;
    }
    const assignments = request.assignments.map(({ memberId, assignment }) => ({
      memberId,
      // The group keeps it, and the request's bytes go with the request.
      assignment: assignment.slice(),
    }));
    coordinators.groups.classic.sync({ ...request, assignments }, answer);
  },
};

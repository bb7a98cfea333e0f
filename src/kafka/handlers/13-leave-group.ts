import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readLeaveGroupRequest } from "../wire/generated/leave-group-request.ts";
import { writeLeaveGroupResponse } from "../wire/generated/leave-group-response.ts";

/** KIP-345: several members at a time, by id or by instance. */
const FIRST_WITH_MEMBERS = 3;

/** LeaveGroup, 0 to 5: members go, and the others share out anew. */
export const leaveGroup: ApiHandler<KafkaServices> = {
  apiKey: 13,
  minVersion: 0,
  maxVersion: 5,
  pipelined: false,
  handle(call, services) {
    const { coordinators } = services;
    const { version } = call;
    const request = readLeaveGroupRequest(call.reader, version);
    if (!accessOf(call, services).group(CAN.read, request.groupId)) {
      const response = { throttleTimeMs: 0, errorCode: ERROR.GROUP_AUTHORIZATION_FAILED, members: [] };
      call.reply((writer) => writeLeaveGroupResponse(writer, response, version));
      return;
    }
    const several = version >= FIRST_WITH_MEMBERS;
    const leaving = several ? request.members : [{ memberId: request.memberId, groupInstanceId: null }];
    const members = leaving.map(({ memberId, groupInstanceId }) => ({ memberId, groupInstanceId }));
    coordinators.groups.classic.leave({ groupId: request.groupId, members }, (result) => {
      const first = result.error === ERROR.NONE ? result.members[0]?.error : result.error;
      const response = {
        throttleTimeMs: 0,
        errorCode: several ? result.error : (first ?? ERROR.NONE),
        members: several
          ? result.members.map(({ memberId, groupInstanceId, error }) => ({
              memberId,
              groupInstanceId,
              errorCode: error,
            }))
          : [],
      };
      call.reply((writer) => writeLeaveGroupResponse(writer, response, version));
    });
  },
};

import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readHeartbeatRequest } from "../wire/generated/heartbeat-request.ts";
import { writeHeartbeatResponse } from "../wire/generated/heartbeat-response.ts";

/** Heartbeat, 0 to 4: a member lives, and is told when it has to join anew. */
export const heartbeat: ApiHandler<KafkaServices> = {
  apiKey: 12,
  minVersion: 0,
  maxVersion: 4,
  pipelined: false,
  handle(call, services) {
    const { coordinators } = services;
    const request = readHeartbeatRequest(call.reader, call.version);
    const answer = (errorCode: number): void =>
      call.reply((writer) => writeHeartbeatResponse(writer, { throttleTimeMs: 0, errorCode }, call.version));
    const mayRead = accessOf(call, services).group(CAN.read, request.groupId);
    if (mayRead) coordinators.groups.classic.heartbeat(request, answer);
    else answer(ERROR.GROUP_AUTHORIZATION_FAILED);
  },
};

import { accessOf, CAN } from "../access.ts";
import { noteChanges } from "../audit.ts";
import type { ApiHandler } from "../call.ts";
import { Gather } from "../gather.ts";
import type { KafkaServices } from "../services.ts";
import { readDeleteGroupsRequest } from "../wire/generated/delete-groups-request.ts";
import { writeDeleteGroupsResponse } from "../wire/generated/delete-groups-response.ts";
import { ERROR } from "../wire/generated/errors.ts";

/** DeleteGroups, 0 to 2: groups without members, with their offsets. Answered once they can't come back. */
export const deleteGroups: ApiHandler<KafkaServices> = {
  apiKey: 42,
  minVersion: 0,
  maxVersion: 2,
  pipelined: false,
  handle(call, services) {
    const { audit, coordinators } = services;
    const request = readDeleteGroupsRequest(call.reader, call.version);
    const gather = new Gather();
    const access = accessOf(call, services);
    // A name that stands there twice is deleted once, as in Kafka's set of results.
    const results = [...new Set(request.groupsNames)].map((groupId) => {
      const result = { groupId, errorCode: ERROR.NONE as number, errorMessage: null };
      if (!access.group(CAN.delete, groupId)) {
        result.errorCode = ERROR.GROUP_AUTHORIZATION_FAILED;
        return result;
      }
      const ended = gather.begin((error) => {
        result.errorCode = error;
      });
      coordinators.groups.delete(groupId, ended);
      return result;
    });
    gather.whenAll(() => {
      const changes = results.map(({ groupId, errorCode: error }) => ({
        resource: `group ${groupId}`,
        error,
      }));
      noteChanges(call, audit, "group.delete", changes);
      call.reply((writer) => writeDeleteGroupsResponse(writer, { throttleTimeMs: 0, results }, call.version));
    });
  },
};

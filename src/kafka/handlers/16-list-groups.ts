import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readListGroupsRequest } from "../wire/generated/list-groups-request.ts";
import { writeListGroupsResponse } from "../wire/generated/list-groups-response.ts";

/** ListGroups, 0 to 5: groups of every kind, by states (KIP-518) and kinds (KIP-848). */
export const listGroups: ApiHandler<KafkaServices> = {
  apiKey: 16,
  minVersion: 0,
  maxVersion: 5,
  pipelined: false,
  handle(call, services) {
    const { coordinators } = services;
    const request = readListGroupsRequest(call.reader, call.version);
    const access = accessOf(call, services);
    const all = coordinators.groups.list(request.statesFilter, request.typesFilter);
    const groups = access.seesCluster(CAN.describe)
      ? all
      : all.filter(({ groupId }) => access.seesGroup(CAN.describe, groupId));
    coordinators.groups.whenDurable((errorCode) => {
      const response = { throttleTimeMs: 0, errorCode, groups: errorCode === 0 ? groups : [] };
      call.reply((writer) => writeListGroupsResponse(writer, response, call.version));
    });
  },
};

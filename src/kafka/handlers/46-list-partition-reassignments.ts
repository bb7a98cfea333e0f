import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readListPartitionReassignmentsRequest } from "../wire/generated/list-partition-reassignments-request.ts";
import { writeListPartitionReassignmentsResponse } from "../wire/generated/list-partition-reassignments-response.ts";
import { CLUSTER_REFUSAL, told } from "./acl-answers.ts";

/** ListPartitionReassignments, 0 (KIP-455): with one broker none is ever under way. */
export const listPartitionReassignments: ApiHandler<KafkaServices> = {
  apiKey: 46,
  minVersion: 0,
  maxVersion: 0,
  pipelined: false,
  handle(call, services) {
    readListPartitionReassignmentsRequest(call.reader, call.version);
    const isAllowed = accessOf(call, services).cluster(CAN.describe);
    const fault = isAllowed ? { errorCode: ERROR.NONE, errorMessage: null } : told(CLUSTER_REFUSAL);
    const response = { throttleTimeMs: 0, ...fault, topics: [] };
    call.reply((writer) => writeListPartitionReassignmentsResponse(writer, response, call.version));
  },
};

import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readListPartitionReassignmentsRequest } from "../wire/generated/list-partition-reassignments-request.ts";
import { writeListPartitionReassignmentsResponse } from "../wire/generated/list-partition-reassignments-response.ts";

/** ListPartitionReassignments, 0 (KIP-455): with one broker none is ever under way. */
export const listPartitionReassignments: ApiHandler<KafkaServices> = {
  apiKey: 46,
  minVersion: 0,
  maxVersion: 0,
  pipelined: false,
  handle(call) {
    readListPartitionReassignmentsRequest(call.reader, call.version);
    const response = { throttleTimeMs: 0, errorCode: ERROR.NONE, errorMessage: null, topics: [] };
    call.reply((writer) => writeListPartitionReassignmentsResponse(writer, response, call.version));
  },
};

import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readDeleteAclsRequest } from "../wire/generated/delete-acls-request.ts";
import { writeDeleteAclsResponse } from "../wire/generated/delete-acls-response.ts";
import { NO_AUTHORIZER } from "./no-authorizer.ts";

/** DeleteAcls, 1 to 3: as Kafka answers where no authorizer is configured. */
export const deleteAcls: ApiHandler<KafkaServices> = {
  apiKey: 31,
  minVersion: 1,
  maxVersion: 3,
  pipelined: false,
  handle(call) {
    const { filters } = readDeleteAclsRequest(call.reader, call.version);
    const filterResults = filters.map(() => ({ ...NO_AUTHORIZER, matchingAcls: [] }));
    call.reply((writer) =>
      writeDeleteAclsResponse(writer, { throttleTimeMs: 0, filterResults }, call.version),
    );
  },
};

import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readCreateAclsRequest } from "../wire/generated/create-acls-request.ts";
import { writeCreateAclsResponse } from "../wire/generated/create-acls-response.ts";
import { NO_AUTHORIZER } from "./no-authorizer.ts";

/** CreateAcls, 1 to 3: as Kafka answers where no authorizer is configured. */
export const createAcls: ApiHandler<KafkaServices> = {
  apiKey: 30,
  minVersion: 1,
  maxVersion: 3,
  pipelined: false,
  handle(call) {
    const { creations } = readCreateAclsRequest(call.reader, call.version);
    const response = { throttleTimeMs: 0, results: creations.map(() => NO_AUTHORIZER) };
    call.reply((writer) => writeCreateAclsResponse(writer, response, call.version));
  },
};

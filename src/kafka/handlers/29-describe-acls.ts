import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readDescribeAclsRequest } from "../wire/generated/describe-acls-request.ts";
import { writeDescribeAclsResponse } from "../wire/generated/describe-acls-response.ts";
import { NO_AUTHORIZER } from "./no-authorizer.ts";

/** DescribeAcls, 1 to 3: as Kafka answers where no authorizer is configured. */
export const describeAcls: ApiHandler<KafkaServices> = {
  apiKey: 29,
  minVersion: 1,
  maxVersion: 3,
  pipelined: false,
  handle(call) {
    readDescribeAclsRequest(call.reader, call.version);
    const response = { throttleTimeMs: 0, ...NO_AUTHORIZER, resources: [] };
    call.reply((writer) => writeDescribeAclsResponse(writer, response, call.version));
  },
};

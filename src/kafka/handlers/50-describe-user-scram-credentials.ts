import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readDescribeUserScramCredentialsRequest } from "../wire/generated/describe-user-scram-credentials-request.ts";
import {
  type DescribeUserScramCredentialsResponse,
  writeDescribeUserScramCredentialsResponse,
} from "../wire/generated/describe-user-scram-credentials-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { CLUSTER_REFUSAL, told } from "./acl-answers.ts";
import { countOf } from "./placement.ts";

type Result = DescribeUserScramCredentialsResponse["results"][number];

/** DescribeUserScramCredentials, 0 (KIP-554): nobody has any. Tools ask for them beside the quotas of users. */
export const describeUserScramCredentials: ApiHandler<KafkaServices> = {
  apiKey: 50,
  minVersion: 0,
  maxVersion: 0,
  pipelined: false,
  handle(call, services) {
    const { users } = readDescribeUserScramCredentialsRequest(call.reader, call.version);
    const counts = countOf((users ?? []).map(({ name }) => name));
    if (!accessOf(call, services).cluster(CAN.describe)) {
      // Kafka puts the error beside each user, without saying who that is.
      const refused = { user: "", ...told(CLUSTER_REFUSAL), credentialInfos: [] };
      const results = (users ?? []).map(() => refused);
      const refusal = { throttleTimeMs: 0, ...told(CLUSTER_REFUSAL), results };
      call.reply((writer) => writeDescribeUserScramCredentialsResponse(writer, refusal, call.version));
      return;
    }
    const response: DescribeUserScramCredentialsResponse = {
      throttleTimeMs: 0,
      errorCode: ERROR.NONE,
      errorMessage: null,
      results: Array.from(counts, ([user, count]) => (count > 1 ? twice(user) : unknown(user))),
    };
    call.reply((writer) => writeDescribeUserScramCredentialsResponse(writer, response, call.version));
  },
};

function twice(user: string): Result {
  const errorMessage = "Cannot describe SCRAM credentials for the same user twice in a single request.";
  return { user, errorCode: ERROR.DUPLICATE_RESOURCE, errorMessage, credentialInfos: [] };
}

function unknown(user: string): Result {
  const errorMessage = "This user has no SCRAM credentials.";
  return { user, errorCode: ERROR.RESOURCE_NOT_FOUND, errorMessage, credentialInfos: [] };
}

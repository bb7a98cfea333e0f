import type { ScramCredentials } from "../../broker/scram-credentials.ts";
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

/**
 * DescribeUserScramCredentials, 0 (KIP-554): which users Kafka's tools have made, and by which mechanisms they may log
 * in. Those of the file of users are not told of, since these tools can't change them.
 */
export const describeUserScramCredentials: ApiHandler<KafkaServices> = {
  apiKey: 50,
  minVersion: 0,
  maxVersion: 0,
  pipelined: false,
  handle(call, services) {
    const { users } = readDescribeUserScramCredentialsRequest(call.reader, call.version);
    if (!accessOf(call, services).cluster(CAN.describe)) {
      // Kafka puts the error beside each user, without saying who that is.
      const refused = { user: "", ...told(CLUSTER_REFUSAL), credentialInfos: [] };
      const results = (users ?? []).map(() => refused);
      const refusal = { throttleTimeMs: 0, ...told(CLUSTER_REFUSAL), results };
      call.reply((writer) => writeDescribeUserScramCredentialsResponse(writer, refusal, call.version));
      return;
    }
    const { scram } = services.broker;
    const names = users === null || users.length === 0 ? [...scram.users] : users.map(({ name }) => name);
    const response: DescribeUserScramCredentialsResponse = {
      throttleTimeMs: 0,
      errorCode: ERROR.NONE,
      errorMessage: null,
      results: Array.from(countOf(names), ([user, count]) => described(scram, user, count)),
    };
    call.reply((writer) => writeDescribeUserScramCredentialsResponse(writer, response, call.version));
  },
};

function described(scram: ScramCredentials, user: string, count: number): Result {
  const refusal = (errorCode: number, errorMessage: string): Result => ({
    user,
    errorCode,
    errorMessage,
    credentialInfos: [],
  });
  if (count > 1) {
    const message = "Cannot describe SCRAM credentials for the same user twice in a single request.";
    return refusal(ERROR.DUPLICATE_RESOURCE, message);
  }
  const credentialInfos = scram.of(user).map(({ mechanism, iterations }) => ({ mechanism, iterations }));
  if (credentialInfos.length === 0)
    return refusal(ERROR.RESOURCE_NOT_FOUND, "This user has no SCRAM credentials.");
  return { user, errorCode: ERROR.NONE, errorMessage: null, credentialInfos };
}

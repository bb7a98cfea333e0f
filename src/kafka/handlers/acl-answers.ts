import type { Refusal } from "../../broker/broker.ts";
import { ERROR } from "../wire/generated/errors.ts";

/** Without an authorizer there are no rules, which tools that ask for them understand. */
export const NO_AUTHORIZER: Refusal = {
  error: ERROR.SECURITY_DISABLED,
  message: "No Authorizer is configured.",
};

export const CLUSTER_REFUSAL: Refusal = {
  error: ERROR.CLUSTER_AUTHORIZATION_FAILED,
  message: "Cluster authorization failed.",
};

/** Code 0 in any field is "unknown", which Kafka takes for a request that can't be read. */
export const UNKNOWN_CODE = 0;

export function told({ error, message }: Refusal) {
  return { errorCode: error, errorMessage: message };
}

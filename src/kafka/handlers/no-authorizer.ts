import { ERROR } from "../wire/generated/errors.ts";

/** Everybody may do everything, which tools that ask for rights understand as Kafka without an authorizer. */
export const NO_AUTHORIZER = {
  errorCode: ERROR.SECURITY_DISABLED,
  errorMessage: "No Authorizer is configured.",
} as const;

import type { Refusal } from "../../broker/broker.ts";
import { type ConfigResource, RESOURCE } from "../../broker/dynamic-configs.ts";
import { type Access, CAN } from "../access.ts";
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

export const GROUP_REFUSAL: Refusal = {
  error: ERROR.GROUP_AUTHORIZATION_FAILED,
  message: "Group authorization failed.",
};

export const TOPIC_REFUSAL: Refusal = {
  error: ERROR.TOPIC_AUTHORIZATION_FAILED,
  message: "Topic authorization failed.",
};

export const TRANSACTIONAL_ID_REFUSAL: Refusal = {
  error: ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  message: "Transactional Id authorization failed.",
};

/** The error of a resource with settings, for who may not do this with it; null for one that may, or that is none. */
export function configRefusal(
  { type, name }: ConfigResource,
  operation: number,
  access: Access,
): Refusal | null {
  switch (type) {
    case RESOURCE.topic:
      return access.topic(operation, name) ? null : TOPIC_REFUSAL;
    case RESOURCE.group:
      return access.group(operation, name) ? null : GROUP_REFUSAL;
    case RESOURCE.broker:
    case RESOURCE.brokerLogger:
    case RESOURCE.clientMetrics:
      return access.cluster(operation) ? null : CLUSTER_REFUSAL;
    default:
      return null;
  }
}

/** Why a member can't be in a group, or not with these topics. */
export function memberRefusal(
  access: Access,
  groupId: string,
  topicNames: readonly string[] | null,
): Refusal | { readonly error: number; readonly message: null } | null {
  if (!access.group(CAN.read, groupId)) return GROUP_REFUSAL;
  if (access.deniedTopics(CAN.describe, topicNames ?? []).size === 0) return null;
  return { error: ERROR.TOPIC_AUTHORIZATION_FAILED, message: null };
}

/** What is said of a group to who may see it, and not all topics that its members have. */
export const HIDDEN_TOPICS: Refusal = {
  error: ERROR.TOPIC_AUTHORIZATION_FAILED,
  message: "The group has described topic(s) that the client is not authorized to describe.",
};

/** Code 0 in any field is "unknown", which Kafka takes for a request that can't be read. */
export const UNKNOWN_CODE = 0;

export function told({ error, message }: { readonly error: number; readonly message: string | null }) {
  return { errorCode: error, errorMessage: message };
}

import type { AclEntry, AclFilter } from "../../broker/acl-entry.ts";
import { CREATE_ACLS_REQUEST } from "../wire/generated/create-acls-request.ts";
import { CREATE_ACLS_RESPONSE } from "../wire/generated/create-acls-response.ts";
import { DELETE_ACLS_REQUEST } from "../wire/generated/delete-acls-request.ts";
import { DELETE_ACLS_RESPONSE } from "../wire/generated/delete-acls-response.ts";
import { DESCRIBE_ACLS_REQUEST } from "../wire/generated/describe-acls-request.ts";
import { DESCRIBE_ACLS_RESPONSE } from "../wire/generated/describe-acls-response.ts";
import type { AdminOutcome } from "./admin.ts";
import type { KafkaCluster } from "./cluster.ts";

const DESCRIBE_ACLS = { request: DESCRIBE_ACLS_REQUEST, response: DESCRIBE_ACLS_RESPONSE };
const CREATE_ACLS = { request: CREATE_ACLS_REQUEST, response: CREATE_ACLS_RESPONSE };
const DELETE_ACLS = { request: DELETE_ACLS_REQUEST, response: DELETE_ACLS_RESPONSE };

const DONE: AdminOutcome = { error: 0, message: null };

/** The rules that a filter means. Throws HeadwaterError where no broker answers. */
export async function listAcls(
  cluster: KafkaCluster,
  filter: AclFilter,
): Promise<AdminOutcome & { readonly acls: readonly AclEntry[] }> {
  const reply = await cluster.request("any", DESCRIBE_ACLS, () => wireFilter(filter));
  if (reply.kind !== "answered") throw reply.error;
  const { errorCode: error, errorMessage: message, resources } = reply.response;
  const acls = resources.flatMap(({ resourceType, resourceName, patternType, acls: rules }) =>
    rules.map(({ principal, host, operation, permissionType }) => ({
      resourceType,
      resourceName,
      patternType,
      principal,
      host,
      operation,
      permissionType,
    })),
  );
  return { error, message, acls };
}

/** Makes rules; gives the first refusal, or none. Throws HeadwaterError where no broker answers. */
export async function createAcls(cluster: KafkaCluster, entries: readonly AclEntry[]): Promise<AdminOutcome> {
  const creations = entries.map(({ patternType, ...entry }) => ({
    ...entry,
    resourcePatternType: patternType,
  }));
  const reply = await cluster.request("any", CREATE_ACLS, () => ({ creations }));
  if (reply.kind !== "answered") throw reply.error;
  const failed = reply.response.results.find(({ errorCode }) => errorCode !== 0);
  return failed === undefined ? DONE : { error: failed.errorCode, message: failed.errorMessage };
}

/** Removes the rules that a filter means, and tells which those were. Throws HeadwaterError where no broker answers. */
export async function deleteAcls(
  cluster: KafkaCluster,
  filter: AclFilter,
): Promise<AdminOutcome & { readonly removed: readonly AclEntry[] }> {
  const reply = await cluster.request("any", DELETE_ACLS, () => ({ filters: [wireFilter(filter)] }));
  if (reply.kind !== "answered") throw reply.error;
  const [result] = reply.response.filterResults;
  const failed = result?.matchingAcls.find(({ errorCode }) => errorCode !== 0);
  const removed = (result?.matchingAcls ?? []).filter(({ errorCode }) => errorCode === 0);
  return {
    error: result?.errorCode || (failed?.errorCode ?? 0),
    message: result?.errorMessage ?? failed?.errorMessage ?? null,
    removed,
  };
}

function wireFilter(filter: AclFilter) {
  return {
    resourceTypeFilter: filter.resourceType,
    resourceNameFilter: filter.resourceName,
    patternTypeFilter: filter.patternType,
    principalFilter: filter.principal,
    hostFilter: filter.host,
    operation: filter.operation,
    permissionType: filter.permissionType,
  };
}

import {
  ACL_OPERATION,
  ACL_PATTERN,
  ACL_PERMISSION,
  ACL_RESOURCE,
  type AclFilter,
  aclMatches,
  aclText,
} from "../../broker/acl-entry.ts";
import type { Refusal } from "../../broker/broker.ts";
import { accessOf, CAN } from "../access.ts";
import { noteChanges } from "../audit.ts";
import type { ApiHandler } from "../call.ts";
import { Gather } from "../gather.ts";
import type { KafkaServices } from "../services.ts";
import { type DeleteAclsRequest, readDeleteAclsRequest } from "../wire/generated/delete-acls-request.ts";
import { type DeleteAclsResponse, writeDeleteAclsResponse } from "../wire/generated/delete-acls-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { CLUSTER_REFUSAL, NO_AUTHORIZER, told, UNKNOWN_CODE } from "./acl-answers.ts";

type Filter = DeleteAclsRequest["filters"][number];
type Result = DeleteAclsResponse["filterResults"][number];

/**
 * DeleteAcls, 1 to 3 (KIP-140, KIP-290): all rules that any of the filters means go together, at once; answered once
 * durable.
 */
export const deleteAcls: ApiHandler<KafkaServices> = {
  apiKey: 31,
  minVersion: 1,
  maxVersion: 3,
  pipelined: false,
  handle(call, services) {
    const { filters: asked } = readDeleteAclsRequest(call.reader, call.version);
    if (asked.some(hasUnknown)) {
      call.drop("filters of ACLs with unknown elements");
      return;
    }
    const reply = (filterResults: readonly Result[]): void =>
      call.reply((writer) =>
        writeDeleteAclsResponse(writer, { throttleTimeMs: 0, filterResults }, call.version),
      );
    const refuseAll = (refusal: Refusal): void => reply(asked.map(() => refused(refusal)));
    if (!accessOf(call, services).cluster(CAN.alter)) {
      refuseAll(CLUSTER_REFUSAL);
      return;
    }
    if (services.authorizer === null) {
      refuseAll(NO_AUTHORIZER);
      return;
    }
    const faults = asked.map(filterFault);
    const filters = asked.map(filterOf);
    const gather = new Gather();
    let failure = ERROR.NONE as number;
    const ended = gather.begin((error) => {
      failure = error;
    });
    const meant = filters.filter((_, index) => faults[index] === null);
    const removed = services.broker.acls.remove(meant, ended);
    if (typeof removed === "number") {
      refuseAll({ error: removed, message: "Not written." });
      return;
    }
    // A rule that several filters mean is told of at each, as in Kafka.
    const results = filters.map((filter, index): Result => {
      const fault = faults[index] ?? null;
      if (fault !== null) return refused({ error: ERROR.INVALID_REQUEST, message: fault });
      const matchingAcls = removed
        .filter((entry) => aclMatches(filter, entry))
        .map((entry) => ({ ...entry, errorCode: ERROR.NONE, errorMessage: null }));
      return { errorCode: ERROR.NONE, errorMessage: null, matchingAcls };
    });
    gather.whenAll(() => {
      const changes = removed.map((entry) => ({ resource: "acl", error: failure, detail: aclText(entry) }));
      noteChanges(call, services.audit, "acl.delete", changes);
      if (failure === ERROR.NONE) reply(results);
      else refuseAll({ error: failure, message: "Not written." });
    });
  },
};

function refused(refusal: Refusal): Result {
  return { ...told(refusal), matchingAcls: [] };
}

function hasUnknown({ resourceTypeFilter, patternTypeFilter, operation, permissionType }: Filter): boolean {
  return [resourceTypeFilter, patternTypeFilter, operation, permissionType].includes(UNKNOWN_CODE);
}

function filterOf(filter: Filter): AclFilter {
  return {
    resourceType: filter.resourceTypeFilter,
    resourceName: filter.resourceNameFilter,
    patternType: filter.patternTypeFilter,
    principal: filter.principalFilter,
    host: filter.hostFilter,
    operation: filter.operation,
    permissionType: filter.permissionType,
  };
}

/** A filter by a code that nobody knows is refused, since what it was to remove would stay. */
function filterFault({
  resourceTypeFilter,
  patternTypeFilter,
  operation,
  permissionType,
}: Filter): string | null {
  const isPattern = isCode(ACL_RESOURCE, resourceTypeFilter) && isCode(ACL_PATTERN, patternTypeFilter);
  if (!isPattern) return "Unknown patternFilter.";
  const isEntry = isCode(ACL_OPERATION, operation) && isCode(ACL_PERMISSION, permissionType);
  return isEntry ? null : "Unknown entryFilter.";
}

function isCode(codes: Readonly<Record<string, number>>, code: number): boolean {
  return Object.values(codes).includes(code);
}

import type { AclEntry } from "../../broker/acl-entry.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readDescribeAclsRequest } from "../wire/generated/describe-acls-request.ts";
import {
  type DescribeAclsResponse,
  writeDescribeAclsResponse,
} from "../wire/generated/describe-acls-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { CLUSTER_REFUSAL, NO_AUTHORIZER, told, UNKNOWN_CODE } from "./acl-answers.ts";

type Resource = DescribeAclsResponse["resources"][number];

/** DescribeAcls, 1 to 3 (KIP-140, KIP-290): the rules that a filter means, those about the same resources together. */
export const describeAcls: ApiHandler<KafkaServices> = {
  apiKey: 29,
  minVersion: 1,
  maxVersion: 3,
  pipelined: false,
  handle(call, services) {
    const request = readDescribeAclsRequest(call.reader, call.version);
    const codes = [
      request.resourceTypeFilter,
      request.patternTypeFilter,
      request.operation,
      request.permissionType,
    ];
    if (codes.includes(UNKNOWN_CODE)) {
      call.drop("a filter of ACLs with unknown elements");
      return;
    }
    const reply = (response: DescribeAclsResponse): void =>
      call.reply((writer) => writeDescribeAclsResponse(writer, response, call.version));
    if (!accessOf(call, services).cluster(CAN.describe))
      reply({ throttleTimeMs: 0, ...told(CLUSTER_REFUSAL), resources: [] });
    else if (services.authorizer === null)
      reply({ throttleTimeMs: 0, ...told(NO_AUTHORIZER), resources: [] });
    else {
      const entries = services.broker.acls.list({
        resourceType: request.resourceTypeFilter,
        resourceName: request.resourceNameFilter,
        patternType: request.patternTypeFilter,
        principal: request.principalFilter,
        host: request.hostFilter,
        operation: request.operation,
        permissionType: request.permissionType,
      });
      reply({ throttleTimeMs: 0, errorCode: ERROR.NONE, errorMessage: null, resources: byResource(entries) });
    }
  },
};

function byResource(entries: readonly AclEntry[]): Resource[] {
  const resources = new Map<string, Resource & { readonly acls: Resource["acls"][number][] }>();
  for (const { resourceType, resourceName, patternType, ...acl } of entries) {
    const key = `${resourceType} ${patternType} ${resourceName}`;
    const found = resources.get(key);
    if (found === undefined) resources.set(key, { resourceType, resourceName, patternType, acls: [acl] });
    else found.acls.push(acl);
  }
  return [...resources.values()];
}

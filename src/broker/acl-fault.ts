import {
  ACL_OPERATION,
  ACL_PATTERN,
  ACL_PERMISSION,
  ACL_RESOURCE,
  type AclEntry,
  CLUSTER_NAME,
} from "./acl-entry.ts";

/** What is wrong with a rule that somebody wants to add. */
export interface AclFault {
  readonly field: keyof AclEntry;
  /** In Kafka's words. */
  readonly message: string;
}

/** What Kafka would find wrong with a rule, in its order, or null. */
export function aclFault(entry: AclEntry): AclFault | null {
  const { resourceType, resourceName, patternType, operation, permissionType, principal } = entry;
  const fault = (field: keyof AclEntry, message: string): AclFault => ({ field, message });
  if (resourceType === ACL_RESOURCE.cluster && resourceName !== CLUSTER_NAME)
    return fault("resourceName", `The only valid name for the CLUSTER resource is ${CLUSTER_NAME}`);
  if (resourceName === "") return fault("resourceName", "Invalid empty resource name");
  if (resourceType === ACL_RESOURCE.any || !isKnown(ACL_RESOURCE, resourceType))
    return fault("resourceType", `Invalid resourceType ${nameOf(ACL_RESOURCE, resourceType)}`);
  if (patternType !== ACL_PATTERN.literal && patternType !== ACL_PATTERN.prefixed)
    return fault("patternType", `Invalid patternType ${nameOf(ACL_PATTERN, patternType)}`);
  if (operation === ACL_OPERATION.any || !isKnown(ACL_OPERATION, operation))
    return fault("operation", `Invalid operation ${nameOf(ACL_OPERATION, operation)}`);
  if (permissionType !== ACL_PERMISSION.deny && permissionType !== ACL_PERMISSION.allow)
    return fault("permissionType", `Invalid permissionType ${nameOf(ACL_PERMISSION, permissionType)}`);
  if (principal.includes(":")) return null;
  const why = "no colon is present separating the principal type from the principal name";
  return fault("principal", `Could not parse principal from \`${principal.slice(0, 100)}\` (${why})`);
}

function isKnown(codes: Readonly<Record<string, number>>, code: number): boolean {
  return Object.values(codes).includes(code);
}

/** Kafka's word for what a rule can't have: one that is for filters, or none. */
function nameOf(codes: Readonly<Record<string, number>>, code: number): string {
  const name = Object.keys(codes).find((key) => codes[key] === code);
  return name?.toUpperCase() ?? "UNKNOWN";
}

/** Codes of Kafka's ResourceType. `any` is for filters only. */
export const ACL_RESOURCE = {
  any: 1,
  topic: 2,
  group: 3,
  cluster: 4,
  transactionalId: 5,
  delegationToken: 6,
  user: 7,
} as const;

/** Codes of Kafka's PatternType. `any` and `match` are for filters only. */
export const ACL_PATTERN = { any: 1, match: 2, literal: 3, prefixed: 4 } as const;

/** Codes of Kafka's AclOperation. `any` is for filters only. */
export const ACL_OPERATION = {
  any: 1,
  all: 2,
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  clusterAction: 9,
  describeConfigs: 10,
  alterConfigs: 11,
  idempotentWrite: 12,
  createTokens: 13,
  describeTokens: 14,
  twoPhaseCommit: 15,
} as const;

/** Codes of Kafka's AclPermissionType. `any` is for filters only. */
export const ACL_PERMISSION = { any: 1, deny: 2, allow: 3 } as const;

/** The one name that a resource of type cluster has. */
export const CLUSTER_NAME = "kafka-cluster";
/** As the name of a resource (literally), and as a host: all of them. */
export const ACL_WILDCARD = "*";

/** One rule: who (`User:name`, `User:*`), from where (an address or `*`), may or may not do what with which resources. */
export interface AclEntry {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
}

/** Which rules are meant. Null and `any` stand for all; `match` for those that concern a resource of that name. */
export interface AclFilter extends Omit<AclEntry, "resourceName" | "principal" | "host"> {
  readonly resourceName: string | null;
  readonly principal: string | null;
  readonly host: string | null;
}

/** All rules. */
export const ANY_ACL: AclFilter = {
  resourceType: ACL_RESOURCE.any,
  resourceName: null,
  patternType: ACL_PATTERN.any,
  principal: null,
  host: null,
  operation: ACL_OPERATION.any,
  permissionType: ACL_PERMISSION.any,
};

export function aclMatches(filter: AclFilter, entry: AclEntry): boolean {
  return (
    isMeant(filter.resourceType, entry.resourceType, ACL_RESOURCE.any) &&
    matchesPattern(filter, entry) &&
    (filter.principal === null || filter.principal === entry.principal) &&
    (filter.host === null || filter.host === entry.host) &&
    isMeant(filter.operation, entry.operation, ACL_OPERATION.any) &&
    isMeant(filter.permissionType, entry.permissionType, ACL_PERMISSION.any)
  );
}

function isMeant(asked: number, code: number, any: number): boolean {
  return asked === any || asked === code;
}

function matchesPattern({ patternType, resourceName: name }: AclFilter, entry: AclEntry): boolean {
  const isOpen = patternType === ACL_PATTERN.any || patternType === ACL_PATTERN.match;
  if (!isOpen && patternType !== entry.patternType) return false;
  if (name === null) return true;
  if (patternType !== ACL_PATTERN.match) return name === entry.resourceName;
  if (entry.patternType === ACL_PATTERN.prefixed) return name.startsWith(entry.resourceName);
  return name === entry.resourceName || entry.resourceName === ACL_WILDCARD;
}

/** Two rules that say the same have the same key. */
export function aclKey(entry: AclEntry): string {
  const { resourceType, resourceName, patternType, principal, host, operation, permissionType } = entry;
  return JSON.stringify([
    resourceType,
    resourceName,
    patternType,
    principal,
    host,
    operation,
    permissionType,
  ]);
}

/** A rule in words: `User:anna may read topic orders from *`. */
export function aclText(entry: AclEntry): string {
  const { principal, resourceName, host } = entry;
  const verb = entry.permissionType === ACL_PERMISSION.deny ? "may not" : "may";
  const prefix = entry.patternType === ACL_PATTERN.prefixed ? "..." : "";
  const operation = wordOf(ACL_OPERATION, entry.operation);
  const type = wordOf(ACL_RESOURCE, entry.resourceType);
  return `${principal} ${verb} ${operation} ${type} ${resourceName}${prefix} from ${host}`;
}

/** The word of a code, or the code where there is none. */
export function wordOf(codes: Readonly<Record<string, number>>, code: number): string {
  return Object.keys(codes).find((name) => codes[name] === code) ?? String(code);
}

import { ACL_RESOURCE, CLUSTER_NAME } from "../../broker/acl-entry.ts";
import { type Access, CAN } from "../access.ts";

/** "Not asked for" (KIP-430). */
export const NO_OPERATIONS = -2147483648;

/** Bits of Kafka's AclOperation codes. Without an authorizer everybody may do everything that the resource knows. */
const READ = 3;
const WRITE = 4;
const CREATE = 5;
const DELETE = 6;
const ALTER = 7;
const DESCRIBE = 8;
const CLUSTER_ACTION = 9;
const DESCRIBE_CONFIGS = 10;
const ALTER_CONFIGS = 11;
const IDEMPOTENT_WRITE = 12;

function bits(...operations: readonly number[]): number {
  return operations.reduce((set, operation) => set | (1 << operation), 0);
}

export const TOPIC_OPERATIONS = bits(
  READ,
  WRITE,
  CREATE,
  DELETE,
  ALTER,
  DESCRIBE,
  DESCRIBE_CONFIGS,
  ALTER_CONFIGS,
);

/** Of a device's view, which nobody writes to. */
export const VIEW_OPERATIONS = bits(READ, DESCRIBE, DESCRIBE_CONFIGS);

/** Of the cluster, for who may see it (KIP-430). */
export function clusterOperations(access: Access): number {
  if (!access.cluster(CAN.describe)) return 0;
  return access.operations(ACL_RESOURCE.cluster, CLUSTER_NAME, CLUSTER_OPERATIONS);
}

const CLUSTER_OPERATIONS = bits(
  CREATE,
  ALTER,
  DESCRIBE,
  CLUSTER_ACTION,
  DESCRIBE_CONFIGS,
  ALTER_CONFIGS,
  IDEMPOTENT_WRITE,
);

export const GROUP_OPERATIONS = bits(READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS);

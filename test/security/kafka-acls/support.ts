import {
  ACL_OPERATION,
  ACL_PATTERN,
  ACL_PERMISSION,
  ACL_RESOURCE,
  type AclEntry,
} from "../../../src/broker/acl-entry.ts";
import { type AclRecord, Acls, AclTable } from "../../../src/broker/acls.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { type AuthorizerOptions, KafkaAuthorizer } from "../../../src/security/kafka-acls/authorizer.ts";

type Words<Codes> = keyof Codes & string;

/** `allow User:anna read topic orders`, from any host, with `orders*` for a prefix. */
export function rule(text: string, host = "*"): AclEntry {
  const [permission = "", principal = "", operation = "", type = "", name = ""] = text.split(" ");
  const isPrefix = name.length > 1 && name.endsWith("*");
  return {
    resourceType: ACL_RESOURCE[type as Words<typeof ACL_RESOURCE>],
    resourceName: isPrefix ? name.slice(0, -1) : name,
    patternType: isPrefix ? ACL_PATTERN.prefixed : ACL_PATTERN.literal,
    principal,
    host,
    operation: ACL_OPERATION[operation as Words<typeof ACL_OPERATION>],
    permissionType: ACL_PERMISSION[permission as Words<typeof ACL_PERMISSION>],
  };
}

/** Rules in memory, durable at once. */
export function memoryAcls(): Acls {
  const table = new AclTable();
  return new Acls(table, new SeededRandom(3), (records: readonly AclRecord[], durable) => {
    for (const record of records) {
      if (record.kind === "acl") table.add(record.id, record.entry);
      else table.remove(record.id);
    }
    durable(0);
    return 0;
  });
}

export function authorizerOf(rules: readonly AclEntry[], options: Partial<AuthorizerOptions> = {}) {
  const acls = memoryAcls();
  acls.add(rules, () => {});
  return { acls, authorizer: new KafkaAuthorizer({ acls, superUsers: [], allowIfNone: false, ...options }) };
}

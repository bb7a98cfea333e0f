import {
  ACL_OPERATION,
  ACL_PATTERN,
  ACL_PERMISSION,
  ACL_WILDCARD,
  type AclEntry,
  type AclFilter,
  ANY_ACL,
} from "../broker/acl-entry.ts";
import { createAcls, deleteAcls, listAcls } from "../kafka/client/acls.ts";
import type { AdminOutcome } from "../kafka/client/admin.ts";
import type { KafkaCluster } from "../kafka/client/cluster.ts";
import { ERROR, errorName } from "../kafka/wire/generated/errors.ts";
import {
  HOST_FLAG,
  OPERATION_NOTE,
  operationsOf,
  PATTERN_FLAGS,
  patternsOf,
  principalOf,
  shownAcl,
} from "./acl-words.ts";
import type { Command, Flag, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { columns } from "./help.ts";
import { exitCodeOfProtocol, KAFKA_FLAGS, withCluster } from "./kafka-session.ts";
import type { World } from "./world.ts";

const RULE_FLAGS: readonly Flag[] = [
  ...PATTERN_FLAGS,
  { name: "allow", value: "OPERATION,...", multiple: true, doc: "What is allowed, see below." },
  { name: "deny", value: "OPERATION,...", multiple: true, doc: "What is denied, whatever else allows it." },
  HOST_FLAG,
];

export const aclCommand: Command = {
  name: "acl",
  summary: "List, add and remove what users may do at the Kafka door",
  commands: [
    {
      name: "ls",
      summary: "List rules",
      positionals: "[USER]",
      maxPositionals: 1,
      flags: [
        ...KAFKA_FLAGS,
        ...PATTERN_FLAGS,
        { name: "concerning", doc: "Rules that concern what is named, not just those with its very name." },
      ],
      examples: [["headwater acl ls --topic telemetry --concerning", "who may do what with telemetry"]],
      run: (input, world) => withCluster(input, (cluster) => list(cluster, input, world)),
    },
    {
      name: "add",
      summary: "Allow or deny something",
      positionals: "USER",
      minPositionals: 1,
      maxPositionals: 1,
      flags: [...KAFKA_FLAGS, ...RULE_FLAGS],
      notes: [
        OPERATION_NOTE,
        "USER is a user's name, or '*' for everybody. Rules count where kafka.authorizer is acl.",
      ],
      examples: [
        ["headwater acl add anna --allow read --topic telemetry --group 'anna-*'", "a reader and its groups"],
        ["headwater acl add '*' --deny delete --topic '*'", "nobody deletes topics"],
        ["headwater acl add service --allow read --topic telemetry/pump-1", "one device's records"],
      ],
      run: (input, world) => withCluster(input, (cluster) => add(cluster, input, world)),
    },
    {
      name: "remove",
      summary: "Remove rules",
      positionals: "USER",
      minPositionals: 1,
      maxPositionals: 1,
      flags: [
        ...KAFKA_FLAGS,
        ...RULE_FLAGS,
        { name: "all", doc: "All rules of the user: nothing else is named then." },
      ],
      notes: [
        "Removes what is named as `add` would have made it; without --allow and --deny, all operations.",
      ],
      run: (input, world) => withCluster(input, (cluster) => remove(cluster, input, world)),
    },
  ],
};

async function list(cluster: KafkaCluster, input: Input, world: World): Promise<number> {
  const user = input.positionals[0];
  const principal = user === undefined ? null : principalOf(user);
  const patterns = patternsOf(input);
  const filters: readonly AclFilter[] =
    patterns.length === 0
      ? [{ ...ANY_ACL, principal }]
      : patterns.map((pattern) => ({
          ...ANY_ACL,
          ...pattern,
          principal,
          ...(input.on("concerning") ? { patternType: ACL_PATTERN.match } : {}),
        }));
  const found = new Map<string, AclEntry>();
  for (const filter of filters) {
    const outcome = await listAcls(cluster, filter);
    if (outcome.error !== 0) return refused(outcome, world);
    for (const entry of outcome.acls) found.set(JSON.stringify(shownAcl(entry)), entry);
  }
  show([...found.values()], input, world);
  return EXIT.ok;
}

async function add(cluster: KafkaCluster, input: Input, world: World): Promise<number> {
  const entries = entriesOf(input);
  if (entries.length === 0)
    throw new UsageError(
      "nothing is named: write --allow or --deny, and --topic, --group, --transactional-id or --cluster",
    );
  const outcome = await createAcls(cluster, entries);
  if (outcome.error !== 0) return refused(outcome, world);
  show(entries, input, world);
  return EXIT.ok;
}

async function remove(cluster: KafkaCluster, input: Input, world: World): Promise<number> {
  const filters = removals(input);
  const removed: AclEntry[] = [];
  for (const filter of filters) {
    const outcome = await deleteAcls(cluster, filter);
    if (outcome.error !== 0) return refused(outcome, world);
    removed.push(...outcome.removed);
  }
  show(removed, input, world);
  if (removed.length > 0) return EXIT.ok;
  world.err("there is no such rule\n");
  return EXIT.failed;
}

/** Each operation with each resource. */
function entriesOf(input: Input): readonly AclEntry[] {
  const principal = principalOf(input.positionals[0] ?? "");
  const host = input.value("host") ?? ACL_WILDCARD;
  return (["allow", "deny"] as const).flatMap((permission) =>
    operationsOf(input, permission).flatMap((operation) =>
      patternsOf(input).map((pattern) => ({
        ...pattern,
        principal,
        host,
        operation,
        permissionType: ACL_PERMISSION[permission],
      })),
    ),
  );
}

function removals(input: Input): readonly AclFilter[] {
  const principal = principalOf(input.positionals[0] ?? "");
  const host = input.value("host");
  const patterns = patternsOf(input);
  const isNamed = patterns.length > 0 || input.values("allow").length > 0 || input.values("deny").length > 0;
  if (input.on("all") === isNamed)
    throw new UsageError(
      isNamed ? "--all goes with nothing else" : "name a resource, or --all for all rules of the user",
    );
  const all = { resourceType: ANY_ACL.resourceType, resourceName: null, patternType: ANY_ACL.patternType };
  const about = patterns.length === 0 ? [all] : patterns;
  const what = (["allow", "deny"] as const).flatMap((permission) =>
    operationsOf(input, permission).map((operation) => ({
      operation,
      permissionType: ACL_PERMISSION[permission] as number,
    })),
  );
  const any = { operation: ACL_OPERATION.any as number, permissionType: ACL_PERMISSION.any as number };
  return about.flatMap((pattern) =>
    (what.length === 0 ? [any] : what).map((rights) => ({ ...pattern, ...rights, principal, host })),
  );
}

function show(entries: readonly AclEntry[], input: Input, world: World): void {
  const rows = entries.map(shownAcl);
  if (input.json) {
    world.out(`${JSON.stringify(rows)}\n`);
    return;
  }
  if (rows.length === 0) return;
  const head = ["PRINCIPAL", "PERMISSION", "OPERATION", "RESOURCE", "NAME", "HOST"];
  const table = rows.map((row) => [
    row.principal,
    row.permission,
    row.operation,
    row.resource,
    row.name,
    row.host,
  ]);
  world.out(columns([head, ...table]));
}

function refused({ error, message }: AdminOutcome, world: World): number {
  const words =
    error === ERROR.SECURITY_DISABLED
      ? "the broker has no authorizer: set kafka.authorizer to acl"
      : `${errorName(error)}${message === null ? "" : `: ${message}`}`;
  world.err(`rules: ${words}\n`);
  return exitCodeOfProtocol(error);
}

import {
  ACL_OPERATION,
  ACL_PATTERN,
  ACL_PERMISSION,
  ACL_RESOURCE,
  ACL_WILDCARD,
  type AclEntry,
  CLUSTER_NAME,
} from "../broker/acl-entry.ts";
import type { Flag, Input } from "./command.ts";
import { UsageError } from "./exit-codes.ts";

/** Operations as they are written on a command line: as Kafka's tools do, in small letters. */
const OPERATIONS: ReadonlyMap<string, number> = new Map(
  Object.entries(ACL_OPERATION)
    .filter(([, code]) => code !== ACL_OPERATION.any)
    .map(([name, code]) => [kebab(name), code]),
);

const RESOURCE_FLAGS = {
  topic: ACL_RESOURCE.topic,
  group: ACL_RESOURCE.group,
  "transactional-id": ACL_RESOURCE.transactionalId,
} as const;

/** What a rule is about, of which a command names one or several. */
export interface Pattern {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
}

export const PATTERN_FLAGS: readonly Flag[] = [
  {
    name: "topic",
    short: "t",
    value: "NAME",
    multiple: true,
    doc: "A topic, or a device's view (telemetry/pump-1). '*' is all, 'line-*' all that begin with line-. May be repeated.",
  },
  { name: "group", short: "g", value: "NAME", multiple: true, doc: "A consumer or share group, likewise." },
  { name: "transactional-id", value: "ID", multiple: true, doc: "A transactional id, likewise." },
  { name: "cluster", doc: "The cluster itself." },
];

export const HOST_FLAG: Flag = {
  name: "host",
  value: "ADDRESS",
  doc: "Only from this address; from all where left out.",
};

export const OPERATION_NOTE = `Operations: ${[...OPERATIONS.keys()].join(", ")}.`;

/** The resources that a command line names. */
export function patternsOf(input: Input): readonly Pattern[] {
  const named = Object.entries(RESOURCE_FLAGS).flatMap(([flag, resourceType]) =>
    input.values(flag).map((text) => ({ resourceType, ...patternOf(flag, text) })),
  );
  if (!input.on("cluster")) return named;
  const { cluster: resourceType } = ACL_RESOURCE;
  return [...named, { resourceType, resourceName: CLUSTER_NAME, patternType: ACL_PATTERN.literal }];
}

function patternOf(flag: string, text: string): Omit<Pattern, "resourceType"> {
  if (text === "") throw new UsageError(`--${flag} needs a name`);
  const isPrefix = text !== ACL_WILDCARD && text.endsWith(ACL_WILDCARD);
  if (!isPrefix) return { resourceName: text, patternType: ACL_PATTERN.literal };
  return { resourceName: text.slice(0, -1), patternType: ACL_PATTERN.prefixed };
}

/** The operations of `--allow` or `--deny`, by their codes. Throws UsageError. */
export function operationsOf(input: Input, flag: "allow" | "deny"): readonly number[] {
  return input.values(flag).flatMap((list) =>
    list.split(",").map((word) => {
      const code = OPERATIONS.get(word.trim().toLowerCase().replaceAll("_", "-"));
      if (code === undefined)
        throw new UsageError(`--${flag} ${word}: there is no such operation. ${OPERATION_NOTE}`);
      return code;
    }),
  );
}

/** `anna` and `User:anna` are the same; `*` is everybody. */
export function principalOf(text: string): string {
  return text.includes(":") ? text : `User:${text}`;
}

/** A rule as rows and JSON show it. */
export function shownAcl(entry: AclEntry) {
  const isPrefix = entry.patternType === ACL_PATTERN.prefixed;
  return {
    principal: entry.principal,
    permission: nameOf(ACL_PERMISSION, entry.permissionType),
    operation: nameOf(ACL_OPERATION, entry.operation),
    resource: nameOf(ACL_RESOURCE, entry.resourceType),
    name: isPrefix ? `${entry.resourceName}${ACL_WILDCARD}` : entry.resourceName,
    pattern: isPrefix ? "prefixed" : "literal",
    host: entry.host,
  };
}

function nameOf(codes: Readonly<Record<string, number>>, code: number): string {
  const name = Object.keys(codes).find((key) => codes[key] === code);
  return name === undefined ? String(code) : kebab(name);
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

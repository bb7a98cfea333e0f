import {
  ACL_OPERATION,
  ACL_PATTERN,
  ACL_PERMISSION,
  ACL_RESOURCE,
  type AclEntry,
  aclText,
  CLUSTER_NAME,
} from "../../broker/acl-entry.ts";
import { aclFault } from "../../broker/acl-fault.ts";
import { json, problem } from "../problem.ts";
import type { Gateway } from "./gateway.ts";
import type { AuditedCall, Call, Route } from "./route.ts";
import { flag, list, object, oneOf, type Schema, text } from "./schema.ts";

const MAX_BODY_BYTES = 16 * 1024;
const MAX_TEXT = 1_200;

const FIELDS: Readonly<Record<string, Schema>> = {
  resourceType: oneOf(...namesOf(ACL_RESOURCE)),
  resourceName: text({ minLength: 1, maxLength: MAX_TEXT, description: "* for all, literally." }),
  patternType: oneOf("literal", "prefixed"),
  principal: text({ minLength: 1, maxLength: MAX_TEXT, description: "User:NAME, or User:* for everybody." }),
  host: text({ minLength: 1, maxLength: MAX_TEXT, description: "An address, or * for all." }),
  operation: oneOf(...namesOf(ACL_OPERATION)),
  permission: oneOf("allow", "deny"),
};
const BODY = { maxBytes: MAX_BODY_BYTES, schema: object(FIELDS, ["patternType", "host"]) };

/** Rules of Kafka's door: who may do what with which resources. */
export const ACL_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "GET",
    path: "/api/acls",
    id: "listAcls",
    summary: "The rules of Kafka's door",
    needs: "admin",
    answer: {
      status: 200,
      type: "application/json",
      schema: object({ acls: list(object(FIELDS)) }),
    },
    handle: ({ parts: { broker } }) =>
      durable(broker, () => json(200, { acls: broker.acls.list().map(shown) })),
  },
  {
    method: "POST",
    path: "/api/acls",
    id: "addAcl",
    summary: "Add a rule; one that is there already stays",
    needs: "admin",
    audit: { action: "acl.create", on: () => "acl", detail: aclOf },
    body: BODY,
    answer: { status: 201, type: "application/json", schema: object(FIELDS) },
    handle: (call) => add(call),
  },
  {
    method: "DELETE",
    path: "/api/acls",
    id: "removeAcl",
    summary: "Remove a rule: the one that says just this",
    needs: "admin",
    audit: { action: "acl.delete", on: () => "acl", detail: aclOf },
    body: BODY,
    answer: { status: 200, type: "application/json", schema: object({ removed: flag() }) },
    handle: (call) => remove(call),
  },
];

interface SentAcl {
  readonly resourceType: string;
  readonly resourceName: string;
  readonly patternType?: string;
  readonly principal: string;
  readonly host?: string;
  readonly operation: string;
  readonly permission: string;
}

/** For the audit log; what can't be a rule has no text. */
function aclOf({ body }: AuditedCall): string {
  const entry = body === undefined ? null : entryOf(body as SentAcl);
  return entry === null || entry instanceof Response ? "" : aclText(entry);
}

function add({ body, parts: { broker } }: Call<Gateway>): Response | Promise<Response> {
  const entry = entryOf(body as SentAcl);
  if (entry instanceof Response) return entry;
  const fault = broker.acls.roomFault([entry]);
  if (fault !== null) {
    return problem(409, { message: fault, thing: "acls", value: null, remedy: "remove others first" });
  }
  return new Promise((resolve) => {
    const done = (error: number): void => resolve(error === 0 ? json(201, shown(entry)) : notWritten());
    const error = broker.acls.add([entry], done);
    if (error !== 0) done(error);
  });
}

function remove({ body, parts: { broker } }: Call<Gateway>): Response | Promise<Response> {
  const entry = entryOf(body as SentAcl);
  if (entry instanceof Response) return entry;
  return new Promise((resolve) => {
    let removed = 0;
    const found = broker.acls.remove([entry], (error) => {
      // Not before the count is known.
      queueMicrotask(() => resolve(error === 0 ? json(200, { removed: removed > 0 }) : notWritten()));
    });
    if (typeof found === "number") resolve(notWritten());
    else removed = found.length;
  });
}

function entryOf(sent: SentAcl): AclEntry | Response {
  const { resourceType, resourceName, patternType = "literal", principal, host = "*" } = sent;
  const entry: AclEntry = {
    resourceType: codeOf(ACL_RESOURCE, resourceType),
    ...{ resourceName, principal, host },
    patternType: codeOf(ACL_PATTERN, patternType),
    operation: codeOf(ACL_OPERATION, sent.operation),
    permissionType: codeOf(ACL_PERMISSION, sent.permission),
  };
  const fault = aclFault(entry);
  if (fault === null) return entry;
  const remedy = REMEDIES[fault.field] ?? "see GET /api/openapi.json";
  return bad(fault.field, String(entry[fault.field]), remedy);
}

/** Of what the form of a rule does not say; the rest was looked at by then. */
const REMEDIES: Readonly<Partial<Record<keyof AclEntry, string>>> = {
  principal: "write User:NAME",
  resourceName: `the cluster is ${CLUSTER_NAME}`,
};

function shown(entry: AclEntry): object {
  const { resourceName, principal, host } = entry;
  return {
    resourceType: nameOf(ACL_RESOURCE, entry.resourceType),
    resourceName,
    patternType: nameOf(ACL_PATTERN, entry.patternType),
    principal,
    host,
    operation: nameOf(ACL_OPERATION, entry.operation),
    permission: nameOf(ACL_PERMISSION, entry.permissionType),
  };
}

type Codes = Readonly<Record<string, number>>;

/** All but what is for filters. */
function namesOf(codes: Codes): readonly string[] {
  return Object.keys(codes).filter((name) => name !== "any");
}

function codeOf(codes: Codes, name: string): number {
  return codes[name] ?? 0;
}

function nameOf(codes: Codes, code: number): string {
  return Object.keys(codes).find((name) => codes[name] === code) ?? "";
}

/** Answers once what was looked at is durable. */
function durable({ metadata }: Gateway["broker"], answer: () => Response): Promise<Response> {
  return new Promise((resolve) => metadata.whenDurable(metadata.log.logEndOffset, () => resolve(answer())));
}

function notWritten(): Response {
  const remedy = "see /readyz, and send it again";
  return problem(503, { message: "the disk did not take it", thing: "acls", value: null, remedy });
}

function bad(thing: string, value: string, remedy: string): Response {
  return problem(400, {
    message: `${thing} is not as it must be`,
    thing,
    value: value.slice(0, 200),
    remedy,
  });
}

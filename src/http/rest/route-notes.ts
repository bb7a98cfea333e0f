import type { AuditNotes, AuditReason } from "../../security/audit/audit-event.ts";
import type { Visitor } from "../session/visitor.ts";
import type { Call, Route } from "./route.ts";

/** What the audit log is told of one request. */
export class RouteNotes<Parts> {
  /** Of the request, once it was read. */
  body: unknown;
  readonly #route: Route<Parts>;
  readonly #arrived: Pick<Call<Parts>, "path" | "arrival">;
  readonly #visitor: Visitor;
  readonly #audit: AuditNotes;

  constructor(
    route: Route<Parts>,
    arrived: Pick<Call<Parts>, "path" | "arrival">,
    visitor: Visitor,
    audit: AuditNotes,
  ) {
    this.#route = route;
    this.#arrived = arrived;
    this.#visitor = visitor;
    this.#audit = audit;
  }

  /** It may not. That who only looks has to log in first is no news: every page begins so. */
  refused(status: number, reason?: AuditReason): void {
    const { method, id } = this.#route;
    if (status === 401 && method === "GET") return;
    const why = reason === undefined ? {} : { reason };
    const event = { action: "denied", result: "refused", resource: `operation ${id}`, ...why } as const;
    this.#audit.note({ kind: "access", ...this.#actor, ...event });
  }

  answered(status: number): void {
    const { audit } = this.#route;
    if (audit === undefined || audit === null) return;
    const call = { path: this.#arrived.path, body: this.body };
    const isDone = status < 400;
    const action = typeof audit.action === "string" ? audit.action : audit.action(call);
    if (action === null) return;
    const resource = audit.on === undefined ? {} : { resource: audit.on(call) };
    const detail = isDone ? audit.detail?.(call) : `HTTP ${status}`;
    this.#audit.note({
      ...{ kind: "change", ...this.#actor, action, result: isDone ? "success" : "failure" },
      ...resource,
      ...(detail === undefined || detail === "" ? {} : { detail }),
      isRoutine: !isDone || audit.isRoutine === true,
    });
  }

  get #actor() {
    const { address, port = null } = this.#arrived.arrival;
    return { user: this.#visitor.user, door: "http", address, port } as const;
  }
}

/** A text of a body that was read by its schema; nothing where it is none. */
export function textIn(body: unknown, name: string): string {
  if (typeof body !== "object" || body === null) return "";
  const value = (body as Readonly<Record<string, unknown>>)[name];
  return typeof value === "string" ? value : "";
}

/** Whether a body asks only what would be done. */
export function isDryRun(body: unknown): boolean {
  return typeof body === "object" && body !== null && "dryRun" in body && body.dryRun === true;
}

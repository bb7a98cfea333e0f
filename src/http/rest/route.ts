import type { Role } from "../../config/role-option.ts";
import type { Arrival } from "../session/access.ts";
import type { Visitor } from "../session/visitor.ts";
import type { Schema } from "./schema.ts";

/**
 * Who may ask. "anybody": whoever reaches the door. "open": the same while nobody can log in, else who has a role.
 * "records": a viewer to whom records are shown, see the setting http.records.
 */
export type Need = "anybody" | "open" | "records" | Role;

/** A value of a query, read by its schema. */
export type QueryValue = string | number | boolean;

/** Stands for the answer to a request whose connection goes on as a WebSocket. */
export const UPGRADED = new Response(null);

/** One request, taken apart. */
export interface Call<Parts> {
  readonly request: Request;
  readonly url: URL;
  /** Parts of the path by name, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, QueryValue | undefined>>;
  /** JSON by its schema, or bytes; undefined where there is no body. */
  readonly body: unknown;
  readonly visitor: Visitor;
  readonly arrival: Arrival;
  readonly parts: Parts;
}

export interface RouteBody {
  /** What JSON has to be. */
  readonly schema: Schema;
  /** Whether bytes are taken as well (application/octet-stream). */
  readonly bytes?: boolean;
  readonly maxBytes: number;
  /** Whether it may be left out. */
  readonly optional?: boolean;
}

/** How an answer looks that is no error. */
export interface RouteAnswer {
  readonly status: number;
  readonly type:
    | "application/json"
    | "application/x-ndjson"
    | "application/octet-stream"
    | "text/event-stream"
    | "none";
  /** Of the whole, or of one line or event where there are many. */
  readonly schema?: Schema;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How the audit log tells of an operation. */
export interface RouteAudit {
  /** A thing and what is done to it: `topic.create`; null where a call changes nothing. */
  readonly action: string | ((call: AuditedCall) => string | null);
  /** With what: a type and a name. Never what is secret: of bodies names alone. */
  readonly on?: (call: AuditedCall) => string;
  readonly detail?: (call: AuditedCall) => string;
  /** Whether programs do it all the time. */
  readonly isRoutine?: boolean;
}

/** What of a call the audit log may tell of. The body is by its schema, where it was read; else undefined. */
export type AuditedCall = Pick<Call<unknown>, "path" | "body">;

/** An operation: what the door takes, what the OpenAPI document shows, what tests call. */
export interface Route<Parts> {
  readonly method: "GET" | "POST" | "DELETE";
  /** As OpenAPI has it: `/api/topics/{topic}`. */
  readonly path: string;
  /** A name for it, as clients that are generated call it. */
  readonly id: string;
  readonly summary: string;
  readonly needs: Need;
  /** Whether parts of the path are left encoded: keys need not be text. */
  readonly rawPath?: boolean;
  readonly query?: Readonly<Record<string, Schema>>;
  readonly body?: RouteBody;
  /** Headers of requests that mean something to it. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer: RouteAnswer;
  /** What the audit log says of it; null for what is no change of the gateway. Every operation that is no GET says it. */
  readonly audit?: RouteAudit | null;
  handle(call: Call<Parts>): Response | Promise<Response>;
}

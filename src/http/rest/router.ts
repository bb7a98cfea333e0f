import { isOfOurPages } from "../caller.ts";
import { json, problem } from "../problem.ts";
import type { Access, Arrival } from "../session/access.ts";
import type { Visitor } from "../session/visitor.ts";
import { readBody } from "./body.ts";
import { readQuery } from "./query.ts";
import type { Call, Route } from "./route.ts";
import { RouteNotes } from "./route-notes.ts";

/** What bodies of requests that are under way may have together. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

/** What a browser may not send across origins without asking us, and we say no. */
const CSRF_HEADER = "x-csrf-token";

interface Entry<Parts> {
  readonly route: Route<Parts>;
  /** Names of parts stand in braces. */
  readonly segments: readonly string[];
}

/** Finds the operation of a request, and sees to what all of them have in common. */
export class Router<Parts> {
  readonly routes: readonly Route<Parts>[];
  readonly #entries: readonly Entry<Parts>[];

  constructor(routes: readonly Route<Parts>[]) {
    this.routes = routes;
    this.#entries = routes.map((route) => ({ route, segments: route.path.split("/") }));
  }

  /** Whether there is anything at a path, whatever the method. */
  has(path: string): boolean {
    return this.#at(path.split("/")).length > 0;
  }

  /** Null where there is nothing at the path. */
  answer(
    request: Request,
    url: URL,
    arrival: Arrival,
    access: Access,
    parts: Parts,
  ): Response | Promise<Response> | null {
    const segments = url.pathname.split("/");
    const there = this.#at(segments);
    if (there.length === 0) return null;
    const method = request.method === "HEAD" ? "GET" : request.method;
    const entry = there.find(({ route }) => route.method === method);
    if (entry === undefined) return otherMethod(request.method, there);
    const path = pathOf(entry.segments, segments, entry.route.rawPath === true);
    if (path instanceof Response) return path;
    return answer(entry.route, { request, url, path, arrival, parts }, access);
  }

  /** Those whose path it is; of two that fit, the one that names more of it. */
  #at(segments: readonly string[]): readonly Entry<Parts>[] {
    const fits = this.#entries.filter(
      (entry) =>
        entry.segments.length === segments.length &&
        entry.segments.every((part, index) => part.startsWith("{") || part === segments[index]),
    );
    const plain = fits.filter((entry) => entry.segments.every((part) => !part.startsWith("{")));
    return plain.length > 0 ? plain : fits;
  }
}

/** What was found out of a request before anybody was asked for. */
export type Arrived<Parts> = Omit<Call<Parts>, "query" | "body" | "visitor">;

async function answer<Parts>(
  route: Route<Parts>,
  arrived: Arrived<Parts>,
  access: Access,
): Promise<Response> {
  const { request, arrival } = arrived;
  const visitor = await access.identify(request, arrival);
  if (visitor instanceof Response) return visitor;
  const notes = new RouteNotes(route, arrived, visitor, access.audit);
  const refusal = access.refusal(route.needs, visitor, request);
  if (refusal !== null) {
    notes.refused(refusal.status);
    return refusal;
  }
  const forgery = isChange(route) ? forged(request, visitor) : null;
  if (forgery !== null) {
    notes.refused(forgery.status, "forged");
    return forgery;
  }
  const response = await served(route, arrived, visitor, notes);
  notes.answered(response.status);
  return response;
}

async function served<Parts>(
  route: Route<Parts>,
  arrived: Arrived<Parts>,
  visitor: Visitor,
  notes: RouteNotes<Parts>,
): Promise<Response> {
  const { request, url } = arrived;
  const query = readQuery(route.query ?? {}, url.searchParams);
  if (query instanceof Response) return query;
  if (route.body === undefined) return route.handle({ ...arrived, query, body: undefined, visitor });
  const sizeBytes = announcedBytes(request, route.body.maxBytes);
  if (heldBytes + sizeBytes > MAX_HELD_BYTES) {
    const error = {
      message: "too many bodies are being answered",
      thing: "bodies",
      value: String(MAX_HELD_BYTES),
    };
    return problem(503, { ...error, remedy: "send it again" }, { "retry-after": "1" });
  }
  heldBytes += sizeBytes;
  try {
    const body = await readBody(request, route.body);
    if (body instanceof Response) return body;
    notes.body = body;
    return await route.handle({ ...arrived, query, body, visitor });
  } finally {
    heldBytes -= sizeBytes;
  }
}

/** Of all doors of this process together, from the first byte until the answer. */
let heldBytes = 0;

/** What a body may have, as its sender says, or at most where he does not. */
function announcedBytes(request: Request, maxBytes: number): number {
  const announced = request.headers.get("content-length");
  return announced !== null && /^\d{1,15}$/.test(announced)
    ? Math.min(Number(announced), maxBytes)
    : maxBytes;
}

function isChange({ method }: { readonly method: string }): boolean {
  return method !== "GET";
}

function otherMethod<Parts>(method: string, there: readonly Entry<Parts>[]): Response {
  const methods = there.flatMap(({ route }) => (route.method === "GET" ? ["GET", "HEAD"] : [route.method]));
  const allow = methods.join(", ");
  const error = {
    message: "this takes another method",
    thing: "method",
    value: method,
    remedy: `send ${allow}`,
  };
  return json(405, { error }, { allow });
}

function pathOf(
  template: readonly string[],
  segments: readonly string[],
  isRaw: boolean,
): Readonly<Record<string, string>> | Response {
  const path: Record<string, string> = {};
  for (const [index, part] of template.entries()) {
    if (!part.startsWith("{")) continue;
    const name = part.slice(1, -1);
    const raw = segments[index] ?? "";
    const value = isRaw ? raw : decoded(raw);
    if (value === null || value === "") {
      const remedy = "percent-encode it, as UTF-8";
      return problem(400, {
        message: `${name} can't be read`,
        thing: name,
        value: raw.slice(0, 200),
        remedy,
      });
    }
    path[name] = value;
  }
  return path;
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

/** What somebody's browser was made to send by a page of somebody else's. */
function forged(request: Request, visitor: Visitor): Response | null {
  if (!isOfOurPages(request)) {
    return problem(403, {
      message: "it was sent by a web page from elsewhere",
      thing: "origin",
      value: request.headers.get("origin"),
      remedy: "send it without an origin: no web page of somebody else's may",
    });
  }
  if (visitor.csrf === null || sameText(request.headers.get(CSRF_HEADER) ?? "", visitor.csrf)) return null;
  return problem(403, {
    message: "a request with a session's cookie has to carry the session's token",
    thing: CSRF_HEADER,
    value: null,
    remedy: `send the header ${CSRF_HEADER} with csrf of GET /api/me`,
  });
}

/** Takes as long whatever they have in common. */
function sameText(a: string, b: string): boolean {
  const left = new TextEncoder().encode(a);
  const right = new TextEncoder().encode(b);
  if (left.length !== right.length) return false;
  let difference = 0;
  for (const [index, byte] of left.entries()) difference |= byte ^ (right[index] ?? 0);
  return difference === 0;
}

import { act, type ControlSource } from "../controls.ts";
import { answerDevices, type DevicesSource } from "../devices.ts";
import { json, problem } from "../problem.ts";
import type { DeviceRecords } from "../records.ts";
import type { Access } from "../session/access.ts";
import type { StatusSource } from "../status.ts";
import type { Gateway } from "./gateway.ts";
import { documentOf } from "./openapi.ts";
import type { Route } from "./route.ts";
import {
  ANYTHING,
  flag,
  list,
  number,
  object,
  objectWithMore,
  oneOf,
  orNull,
  text,
  whole,
} from "./schema.ts";

/** What the door answers from; all but the status comes while the gateway starts. */
export interface DoorParts {
  readonly access: Access;
  readonly source: StatusSource;
  controls(): ControlSource | null;
  records(): DeviceRecords | null;
  devices(): DevicesSource | null;
  gateway(): Gateway | null;
}

/** Sessions that one answer tells of. */
const MAX_SESSIONS = 10_000;
const MAX_CONTROL_BYTES = 4 * 1024;
const MAX_LOGIN_BYTES = 4 * 1024;
const ANY_OBJECT = objectWithMore({});
const OPTIONAL_OBJECT = { maxBytes: MAX_CONTROL_BYTES, schema: ANY_OBJECT, optional: true };

const SESSION_ROUTES: readonly Route<DoorParts>[] = [
  {
    method: "POST",
    path: "/api/login",
    id: "logIn",
    summary: "Log in: sets a session's cookie",
    needs: "anybody",
    // Told of where names and passwords are looked at.
    audit: null,
    body: {
      maxBytes: MAX_LOGIN_BYTES,
      schema: object({ user: text({ minLength: 1, maxLength: 128 }), password: text({ maxLength: 1024 }) }),
    },
    answer: { status: 204, type: "none", headers: { "set-cookie": "The session's." } },
    handle: async ({ body, parts, arrival }) => {
      const { user, password } = body as { readonly user: string; readonly password: string };
      const result = await parts.access.logIn(user, password, arrival);
      return result instanceof Response ? result : empty({ "set-cookie": result.cookie });
    },
  },
  {
    method: "POST",
    path: "/api/logout",
    id: "logOut",
    summary: "End the session",
    needs: "anybody",
    audit: null,
    body: OPTIONAL_OBJECT,
    answer: { status: 204, type: "none" },
    handle: ({ request, parts, arrival }) => empty({ "set-cookie": parts.access.logOut(request, arrival) }),
  },
  {
    method: "GET",
    path: "/api/me",
    id: "getMe",
    summary: "Who asks, and what he may do",
    needs: "anybody",
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        user: orNull(text()),
        role: orNull(oneOf("viewer", "operator", "admin")),
        csrf: orNull(text({ description: "To be sent as x-csrf-token with whatever changes something." })),
        mode: oneOf("loopback", "session"),
        seesRecords: flag(),
        logins: flag({ description: "Whether anybody can log in." }),
      }),
    },
    handle: ({ visitor: { user, role, csrf, mode, seesRecords }, parts }) =>
      json(200, { user, role, csrf, mode, seesRecords, logins: parts.access.hasLogins }),
  },
];

const STATUS_ROUTES: readonly Route<DoorParts>[] = [
  {
    method: "GET",
    path: "/api/status",
    id: "getStatus",
    summary: "All of the gateway's state in one object",
    needs: "open",
    answer: {
      status: 200,
      type: "application/json",
      schema: objectWithMore({
        ready: flag(),
        reasons: list(text()),
        notes: list(text(), {
          description: "Files that are wrong by now: what they were before stands, until the next start.",
        }),
        version: text(),
        topics: list(ANYTHING),
      }),
    },
    handle: ({ parts: { source } }) => {
      const reasons = [...source.faults(), ...source.hindrances()];
      return json(200, { ready: reasons.length === 0, reasons, notes: source.notes(), ...source.status() });
    },
  },
  {
    method: "GET",
    path: "/api/sessions",
    id: "listSessions",
    summary: "MQTT clients by client id: who is connected, whose session is kept, and what waits for them",
    needs: "open",
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        sessions: list(
          object({
            clientId: text(),
            userName: orNull(text()),
            version: text(),
            remoteAddress: orNull(text()),
            awayMs: orNull(number()),
            expirySec: orNull(number()),
            subscriptions: whole(),
            queuedMessages: whole(),
            inFlightMessages: whole(),
            hasWill: flag(),
          }),
        ),
        more: flag(),
      }),
    },
    handle: ({ parts: { source } }) => {
      const all = source.sessions(MAX_SESSIONS + 1);
      return json(200, { sessions: all.slice(0, MAX_SESSIONS), more: all.length > MAX_SESSIONS });
    },
  },
];

const DEVICE_LIST = objectWithMore({ devices: list(objectWithMore({ key: text(), topic: text() })) });

const DEVICE_ROUTES: readonly Route<DoorParts>[] = [
  {
    method: "GET",
    path: "/api/devices",
    id: "listDevices",
    summary: "Devices by key; `next` is the path of the next part",
    needs: "records",
    query: {
      topic: text(),
      prefix: text({ description: "Of the key, percent-encoded." }),
      silent: oneOf("true", "false"),
      limit: ANYTHING,
      after: text(),
      waiting: text({ description: "true: count what of each waits for uplinks, which reads the logs." }),
    },
    answer: { status: 200, type: "application/json", schema: DEVICE_LIST },
    handle: ({ url, parts }) => answerDevices(url, parts.devices()),
  },
  {
    method: "GET",
    path: "/api/devices/{key}",
    id: "getDevice",
    summary: "One device in every topic that it sends to",
    needs: "records",
    rawPath: true,
    answer: { status: 200, type: "application/json", schema: DEVICE_LIST },
    handle: ({ url, parts }) => answerDevices(url, parts.devices()),
  },
  {
    method: "GET",
    path: "/api/topics/{topic}/devices/{key}/records",
    id: "listDeviceRecords",
    summary: "One device's committed records as lines of JSON; `Link` has the next part",
    needs: "records",
    rawPath: true,
    query: {
      from: text({ description: "ISO 8601, or milliseconds since 1970." }),
      to: text(),
      limit: ANYTHING,
      at: text(),
      values: text(),
    },
    answer: {
      status: 200,
      type: "application/x-ndjson",
      schema: objectWithMore({ partition: whole(), offset: whole(), timestamp: { type: "integer" } }),
    },
    handle: ({ request, url, parts }) => parts.records()?.answer(request, url) ?? starting(url),
  },
];

const CONTROLS = ["pause", "resume", "drain", "cap", "rewind"];
/** What a control may say of itself in the audit log, and how much of it. */
const CONTROL_FIELDS = ["bytesPerSecond", "topic", "partition", "offset", "to", "from", "apply"];
const MAX_CONTROL_TEXT = 60;

/** Names, numbers and times: nothing else of a body is told. */
function shownControl(body: unknown): string {
  if (typeof body !== "object" || body === null) return "";
  return Object.entries(body)
    .filter(([name, value]) => CONTROL_FIELDS.includes(name) && typeof value !== "object")
    .map(([name, value]) => `${name} ${String(value).slice(0, MAX_CONTROL_TEXT)}`)
    .join(", ");
}

const CONTROL_ROUTES: readonly Route<DoorParts>[] = [
  {
    method: "POST",
    path: "/api/uplinks/{name}/{action}",
    id: "controlUplink",
    summary: "pause, resume or drain an uplink, cap its rate, inspect or rewind its positions",
    needs: "operator",
    audit: {
      // To look at positions changes nothing; other words are no actions.
      action: ({ path: { action = "" } }) => (CONTROLS.includes(action) ? `uplink.${action}` : null),
      on: ({ path }) => `uplink ${path.name}`,
      detail: ({ body }) => shownControl(body),
    },
    body: OPTIONAL_OBJECT,
    answer: { status: 200, type: "application/json", schema: ANY_OBJECT },
    handle: ({ path, body, parts }) =>
      act("uplinks", path.name ?? "", path.action ?? "", body as Body, parts.controls()),
  },
  {
    method: "POST",
    path: "/api/sessions/{client}/{action}",
    id: "endSession",
    summary: "end: put an MQTT client out and end its session",
    needs: "operator",
    audit: { action: "session.end", on: ({ path }) => `session ${path.client}` },
    body: OPTIONAL_OBJECT,
    answer: { status: 200, type: "application/json", schema: object({ clientId: text(), ended: flag() }) },
    handle: ({ path, parts }) => act("sessions", path.client ?? "", path.action ?? "", {}, parts.controls()),
  },
];

type Body = Readonly<Record<string, unknown>>;

/** Every operation of the door: those that need no more than it has, and those of a gateway that has started. */
export function doorRoutes(gatewayRoutes: readonly Route<Gateway>[]): readonly Route<DoorParts>[] {
  const routes: Route<DoorParts>[] = [
    ...SESSION_ROUTES,
    ...STATUS_ROUTES,
    ...DEVICE_ROUTES,
    ...CONTROL_ROUTES,
    ...gatewayRoutes.map(onceStarted),
    {
      method: "GET",
      path: "/api/openapi.json",
      id: "getOpenApi",
      summary: "This interface as an OpenAPI document",
      needs: "anybody",
      answer: { status: 200, type: "application/json", schema: objectWithMore({ openapi: text() }) },
      handle: ({ parts }) => json(200, documentOf(routes, parts.source.status().version)),
    },
  ];
  return routes;
}

function onceStarted(route: Route<Gateway>): Route<DoorParts> {
  return {
    ...route,
    handle: (call) => {
      const gateway = call.parts.gateway();
      return gateway === null ? starting(call.url) : route.handle({ ...call, parts: gateway });
    },
  };
}

function starting(url: URL): Response {
  const error = {
    message: "the gateway is starting",
    thing: "path",
    value: url.pathname,
    remedy: "ask again",
  };
  return problem(503, error, { "retry-after": "1" });
}

function empty(headers: Readonly<Record<string, string>>): Response {
  return new Response(null, { status: 204, headers: { "cache-control": "no-store", ...headers } });
}

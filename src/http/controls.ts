import { HeadwaterError } from "../base/errors.ts";
import { isFromHere, isOfOurPages } from "./caller.ts";
import { json, problem } from "./problem.ts";

/** What a request that changes something may be about, and what does it. Whoever wires the gateway implements it. */
export interface ControlSource {
  /** From where such requests are taken; see the setting `http.control`. */
  readonly allowed: "loopback" | "any" | "off";
  uplinkNames(): readonly string[];
  /** By the last part of `/api/uplinks/NAME/ACTION`. */
  readonly uplinkActions: ReadonlyMap<string, UplinkAction>;
  /** Ends the session of an MQTT client and puts it out: `/api/sessions/CLIENT-ID/end`. False where there is none. */
  endSession(clientId: string): Promise<boolean>;
}

/** Does it to the uplink of that name, resolves when a power cut would not undo it, with the answer as JSON. */
export type UplinkAction = (name: string, body: Readonly<Record<string, unknown>>) => Promise<object>;

/** A field of a request is not as it must be: nothing was done. */
export class InvalidField extends HeadwaterError {
  readonly thing: string;
  readonly value: string;
  readonly remedy: string;

  constructor(thing: string, value: unknown, remedy: string) {
    const shown = JSON.stringify(value) ?? "nothing";
    super("CONFIG_INVALID", `${thing} ${shown}: ${remedy}`);
    this.thing = thing;
    this.value = shown;
    this.remedy = remedy;
  }
}

const PATH = /^\/api\/(uplinks|sessions)\/([^/]+)\/([^/]+)$/;
const MAX_BODY_BYTES = 4 * 1024;
const NOTHING_WIRED = "this gateway does not take it";

/** Whether a path is one of these. */
export function isControl(path: string): boolean {
  return PATH.test(path);
}

/**
 * Answers `POST /api/uplinks/NAME/ACTION` and `POST /api/sessions/CLIENT-ID/end`. The body is JSON, or empty. A
 * web page can't send such a request from somebody's browser: its origin is another one, it needs a content type that
 * browsers ask for leave for, and a host that is ours (which the door sees to).
 */
export async function control(
  request: Request,
  path: string,
  remoteAddress: string,
  source: ControlSource | null,
): Promise<Response> {
  const refusal = refuse(request, remoteAddress, source);
  if (refusal !== null) return refusal;
  const [, kind, rawName = "", action = ""] = PATH.exec(path) ?? [];
  const name = decoded(rawName);
  if (kind === "sessions") return endSession(name, action, source);
  const names = source?.uplinkNames() ?? [];
  if (!names.includes(name)) {
    const remedy = names.length === 0 ? "configure one" : `there are ${names.join(", ")}`;
    return problem(404, { message: "there is no such uplink", thing: "uplink", value: name, remedy });
  }
  const act = source?.uplinkActions.get(action);
  if (act === undefined) {
    const remedy = `there are ${[...(source?.uplinkActions.keys() ?? [])].join(", ")}`;
    return problem(404, { message: "there is no such action", thing: "action", value: action, remedy });
  }
  const body = await bodyOf(request);
  if (body === null) {
    const remedy = `send a JSON object of at most ${MAX_BODY_BYTES} bytes, or nothing`;
    return problem(400, { message: "the body is no JSON object", thing: "body", value: null, remedy });
  }
  return answered(action, name, async () => json(200, await act(name, body)));
}

function endSession(clientId: string, action: string, source: ControlSource | null): Promise<Response> {
  if (action !== "end") {
    const message = "there is no such action";
    return Promise.resolve(problem(404, { message, thing: "action", value: action, remedy: "there is end" }));
  }
  return answered(action, clientId, async () => {
    if ((await source?.endSession(clientId)) === true) return json(200, { clientId, ended: true });
    const message = "no MQTT client of this id is connected, and no session of it is kept";
    return problem(404, {
      message,
      thing: "session",
      value: clientId,
      remedy: "GET /api/sessions lists them",
    });
  });
}

/** What the work answers, or why it could not be done. */
async function answered(action: string, value: string, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InvalidField) {
      const { thing, remedy } = error;
      return problem(400, { message: `${thing} is not as it must be`, thing, value: error.value, remedy });
    }
    if (!(error instanceof HeadwaterError)) throw error;
    const remedy = "see what it did at /api/status, and send it again";
    return problem(409, { message: error.message, thing: action, value, remedy });
  }
}

function refuse(request: Request, remoteAddress: string, source: ControlSource | null): Response | null {
  if (request.method !== "POST") {
    const text = {
      message: "this takes POST",
      thing: "method",
      value: request.method,
      remedy: "send a POST",
    };
    return json(405, { error: text }, { allow: "POST" });
  }
  const allowed = source?.allowed ?? "off";
  if (allowed === "off" || (allowed === "loopback" && !isFromHere(request, remoteAddress))) {
    const remedy =
      source === null
        ? NOTHING_WIRED
        : 'send it from the gateway itself to 127.0.0.1, or set http.control = "any"';
    const message = "requests that change something are not taken from here";
    return problem(403, { message, thing: "http.control", value: allowed, remedy });
  }
  if (!isOfOurPages(request)) {
    const value = request.headers.get("origin");
    const remedy = "send it without an origin: no web page of somebody else's may";
    return problem(403, {
      message: "it was sent by a web page from elsewhere",
      thing: "origin",
      value,
      remedy,
    });
  }
  const type = request.headers.get("content-type") ?? "";
  if (type.split(";")[0]?.trim().toLowerCase() !== "application/json") {
    const remedy = "send content-type: application/json";
    return problem(415, {
      message: "the content type is another one",
      thing: "content-type",
      value: type,
      remedy,
    });
  }
  return null;
}

/** The JSON object of a body, an empty one where there is none; null where it is something else. */
async function bodyOf(request: Request): Promise<Readonly<Record<string, unknown>> | null> {
  const text = await request.text();
  if (text.trim() === "") return {};
  if (text.length > MAX_BODY_BYTES) return null;
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

import { decodeDeviceKey } from "../base/device-name.ts";
import { HeadwaterError } from "../base/errors.ts";
import type { DeviceStatus, DevicesAnswer } from "../http/devices.ts";
import type { GatewayStatus, SessionStatus, UplinkStatus } from "../http/status.ts";
import type { ReloadOutcome } from "./world.ts";

const TIMEOUT_MS = 5_000;
/** A thousand topics' status is a fraction of this. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Answer of a gateway's `GET /api/status`. */
export interface StatusAnswer extends GatewayStatus {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

/** Asks a gateway's HTTP door at host:port. Throws NETWORK, TIMED_OUT, MALFORMED. */
export async function fetchStatus(address: string): Promise<StatusAnswer> {
  const url = `http://${address}/api/status`;
  const text = await get(url);
  try {
    const body: unknown = JSON.parse(text);
    if (isStatus(body)) return body;
  } catch {
    // Falls through to the refusal below: text that is no JSON is as unusable as JSON that is no status.
  }
  throw new HeadwaterError(
    "MALFORMED",
    `${url} does not answer as headwater does; is it the HTTP door's address?`,
  );
}

/** Answer of a gateway's `GET /api/sessions`. */
export interface SessionsAnswer {
  readonly sessions: readonly SessionStatus[];
  /** Whether there are more. */
  readonly more: boolean;
}

/** Asks for the MQTT clients of a gateway. Throws as `fetchStatus` does. */
export async function fetchSessions(address: string): Promise<SessionsAnswer> {
  const url = `http://${address}/api/sessions`;
  const text = await get(url);
  try {
    const body: unknown = JSON.parse(text);
    if (isSessions(body)) return body;
  } catch {
    // As above.
  }
  throw new HeadwaterError("MALFORMED", `${url} does not answer as headwater does; is it a gateway of now?`);
}

/** Asks for a part of a gateway's devices; `path` has the filters. Throws as `postControl` does. */
export async function fetchDevices(address: string, path: string): Promise<DevicesAnswer> {
  const url = `http://${address}${path}`;
  const body = await devicesOf(url, await ask(url, {}));
  if (body !== null && "next" in body) return body as DevicesAnswer;
  throw new HeadwaterError("MALFORMED", `${url} does not answer as headwater does; is it a gateway of now?`);
}

/** Asks for a device, in every topic that it sends to; empty where there is none. Throws as `postControl` does. */
export async function fetchDevice(address: string, key: string): Promise<readonly DeviceStatus[]> {
  // As lists show it, or as it is.
  const spelling = decodeDeviceKey(key) === null ? encodeURIComponent(key.toWellFormed()) : key;
  const url = `http://${address}/api/devices/${spelling}`;
  const response = await ask(url, {});
  if (response.status === 404) {
    const { thing } = errorOf(
      await response
        .clone()
        .json()
        .catch(() => null),
    );
    if (thing === "device") return [];
  }
  return (await devicesOf(url, response))?.devices ?? [];
}

async function devicesOf(
  url: string,
  response: Response,
): Promise<{ readonly devices: readonly DeviceStatus[] } | null> {
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw refusal(url, response, body);
  const isAnswer = typeof body === "object" && body !== null && "devices" in body;
  return isAnswer && Array.isArray(body.devices) ? { ...body, devices: body.devices } : null;
}

/**
 * Has a gateway do something to an uplink; gives its status then. Throws NETWORK, TIMED_OUT, and UNSUPPORTED with the
 * gateway's own words where it refuses.
 */
export async function postControl(address: string, path: string): Promise<UplinkStatus> {
  return (await post(address, path)) as UplinkStatus;
}

/** Has a gateway end the session of an MQTT client. Throws as `postControl` does. */
export async function endSession(address: string, clientId: string): Promise<void> {
  await post(address, `/api/sessions/${encodeURIComponent(clientId)}/end`);
}

/** Has a gateway read its configuration again; gives what came of it. Throws as `postControl` does. */
export async function reloadConfig(address: string): Promise<ReloadOutcome> {
  return (await post(address, "/api/config/reload")) as ReloadOutcome;
}

/** Has a gateway do something to an uplink that needs to be told more; gives what it answers. Throws as `postControl` does. */
export function postUplink(address: string, name: string, action: string, body: object): Promise<object> {
  return post(address, `/api/uplinks/${encodeURIComponent(name)}/${action}`, body);
}

/**
 * Asks for a copy of a gateway's data folder: tar, as it comes, for as long as it takes. Throws as `postControl` does, and
 * NETWORK where it breaks off.
 */
export async function* fetchBackup(address: string): AsyncGenerator<Uint8Array> {
  const url = `http://${address}/api/backup`;
  const response = await ask(url, {}, null);
  if (!response.ok || response.body === null)
    throw refusal(url, response, await response.json().catch(() => null));
  try {
    yield* response.body;
  } catch (cause) {
    const message = `${url}: it broke off; the gateway's log says why, if it was the gateway`;
    throw new HeadwaterError("NETWORK", message, { cause });
  }
}

/** A page of a gateway as it is, whatever its status. Throws NETWORK, TIMED_OUT, and MALFORMED for one that is too long. */
export async function fetchPage(
  address: string,
  path: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const url = `http://${address}${path}`;
  const response = await ask(url, {});
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of response.body ?? []) {
      length += part.length;
      if (length > MAX_BODY_BYTES) break;
      parts.push(part);
    }
  } catch (cause) {
    throw new HeadwaterError("NETWORK", `${url}: its answer broke off`, { cause });
  }
  if (length <= MAX_BODY_BYTES) return { status: response.status, text: Buffer.concat(parts).toString() };
  throw new HeadwaterError("MALFORMED", `${url} answers with more than ${MAX_BODY_BYTES} bytes`);
}

/** A document of a gateway. Throws as `fetchPage` does, and UNSUPPORTED with the gateway's own words where it refuses. */
export async function fetchDocument(address: string, path: string): Promise<unknown> {
  const { status, text } = await fetchPage(address, path);
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {
    // What is no JSON is refused below, as what is no success.
  }
  if (status === 200 && typeof body === "object" && body !== null) return body;
  throw refusal(`http://${address}${path}`, { status }, body);
}

async function post(address: string, path: string, asked: object = {}): Promise<object> {
  const url = `http://${address}${path}`;
  const response = await ask(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(asked),
  });
  const body: unknown = await response.json().catch(() => null);
  if (response.ok && typeof body === "object" && body !== null) return body;
  throw refusal(url, response, body);
}

/** In the gateway's own words. */
function refusal(url: string, response: Pick<Response, "status">, body: unknown): HeadwaterError {
  const { message, thing, value, remedy } = errorOf(body);
  const what = value === null || value === undefined ? "" : ` (${thing} ${value})`;
  const why = message === undefined ? `it answers ${response.status}` : `${message}${what}; ${remedy}`;
  return new HeadwaterError("UNSUPPORTED", `${url}: ${why}`);
}

function errorOf(
  body: unknown,
): Readonly<Partial<Record<"message" | "thing" | "value" | "remedy", string | null>>> {
  return (typeof body === "object" && body !== null && "error" in body ? body.error : {}) as object;
}

async function get(url: string): Promise<string> {
  const response = await ask(url, {});
  const length = Number(response.headers.get("content-length") ?? 0);
  if (response.status === 403) throw refusal(url, response, await response.json().catch(() => null));
  if (!response.ok || length > MAX_BODY_BYTES) {
    throw new HeadwaterError("MALFORMED", `${url} answers ${response.status} with ${length} bytes`);
  }
  return await response.text();
}

/** `timeoutMs` null: for as long as it takes. */
async function ask(
  url: string,
  request: RequestInit,
  timeoutMs: number | null = TIMEOUT_MS,
): Promise<Response> {
  const limit = timeoutMs === null ? {} : { signal: AbortSignal.timeout(timeoutMs) };
  try {
    return await fetch(url, { ...request, ...limit, redirect: "error" });
  } catch (cause) {
    const timedOut = cause instanceof Error && cause.name === "TimeoutError";
    const why = timedOut ? `no answer within ${TIMEOUT_MS / 1000} s` : "nobody answers there";
    const remedy = "is the gateway running, and is this its http.listen? (--http HOST:PORT)";
    throw new HeadwaterError(timedOut ? "TIMED_OUT" : "NETWORK", `${url}: ${why}; ${remedy}`, { cause });
  }
}

function isSessions(body: unknown): body is SessionsAnswer {
  return typeof body === "object" && body !== null && "sessions" in body && Array.isArray(body.sessions);
}

function isStatus(body: unknown): body is StatusAnswer {
  if (typeof body !== "object" || body === null) return false;
  const { version, uplinks, topics } = body as Partial<Record<string, unknown>>;
  return typeof version === "string" && Array.isArray(uplinks) && Array.isArray(topics);
}

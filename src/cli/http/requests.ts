import { decodeDeviceKey } from "../../base/device-name.ts";
import { HeadwaterError } from "../../base/errors.ts";
import type { DeviceStatus, DevicesAnswer } from "../../http/devices.ts";
import type { GatewayStatus, SessionStatus, UplinkStatus } from "../../http/status.ts";
import type { ReloadOutcome } from "../world.ts";
import { errorOf, type HttpDoor, postOf, refusal } from "./door.ts";

/** Of what the gateway itself bounds to a few seconds. */
const SLOW_TIMEOUT_MS = 30_000;
/** A thousand topics' status is a fraction of this. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Answer of a gateway's `GET /api/status`. */
export interface StatusAnswer extends GatewayStatus {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  /** Left out by gateways of before. */
  readonly notes?: readonly string[];
}

/** Asks a gateway for its status. Throws as `HttpDoor.ask` does, MALFORMED, and UNSUPPORTED with its own words where it refuses. */
export async function fetchStatus(door: HttpDoor): Promise<StatusAnswer> {
  const path = "/api/status";
  const url = door.urlOf(path);
  const text = await get(door, path);
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
export async function fetchSessions(door: HttpDoor): Promise<SessionsAnswer> {
  const path = "/api/sessions";
  const url = door.urlOf(path);
  const text = await get(door, path);
  try {
    const body: unknown = JSON.parse(text);
    if (isSessions(body)) return body;
  } catch {
    // As above.
  }
  throw new HeadwaterError("MALFORMED", `${url} does not answer as headwater does; is it a gateway of now?`);
}

/** Asks for a part of a gateway's devices; `path` has the filters. Throws as `postControl` does. */
export async function fetchDevices(door: HttpDoor, path: string): Promise<DevicesAnswer> {
  const url = door.urlOf(path);
  const body = await devicesOf(url, await door.ask(path));
  if (body !== null && "next" in body) return body as DevicesAnswer;
  throw new HeadwaterError("MALFORMED", `${url} does not answer as headwater does; is it a gateway of now?`);
}

/** Asks for a device, in every topic that it sends to; empty where there is none. Throws as `postControl` does. */
export async function fetchDevice(door: HttpDoor, key: string): Promise<readonly DeviceStatus[]> {
  // As lists show it, or as it is.
  const spelling = decodeDeviceKey(key) === null ? encodeURIComponent(key.toWellFormed()) : key;
  const path = `/api/devices/${spelling}`;
  const url = door.urlOf(path);
  const response = await door.ask(path);
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
export async function postControl(door: HttpDoor, path: string): Promise<UplinkStatus> {
  return (await post(door, path)) as UplinkStatus;
}

/** Has a gateway end the session of an MQTT client. Throws as `postControl` does. */
export async function endSession(door: HttpDoor, clientId: string): Promise<void> {
  await post(door, `/api/sessions/${encodeURIComponent(clientId)}/end`);
}

/** Has a gateway read its configuration again; gives what came of it. Throws as `postControl` does. */
export async function reloadConfig(door: HttpDoor): Promise<ReloadOutcome> {
  return (await post(door, "/api/config/reload")) as ReloadOutcome;
}

/** Has a gateway do something to an uplink that needs to be told more; gives what it answers. Throws as `postControl` does. */
export function postUplink(door: HttpDoor, name: string, action: string, body: object): Promise<object> {
  return post(door, `/api/uplinks/${encodeURIComponent(name)}/${action}`, body);
}

/**
 * Asks for a copy of a gateway's data folder: tar, as it comes, for as long as it takes. Throws as `postControl` does, and
 * NETWORK where it breaks off.
 */
export async function* fetchBackup(door: HttpDoor): AsyncGenerator<Uint8Array> {
  const path = "/api/backup";
  const url = door.urlOf(path);
  const response = await door.ask(path, {}, null);
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
  door: HttpDoor,
  path: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const url = door.urlOf(path);
  const response = await door.ask(path);
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
export async function fetchDocument(door: HttpDoor, path: string): Promise<unknown> {
  const { status, text } = await fetchPage(door, path);
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {
    // What is no JSON is refused below, as what is no success.
  }
  if (status === 200 && typeof body === "object" && body !== null) return body;
  throw refusal(door.urlOf(path), { status }, body);
}

/** Has a gateway do something that is described by a document; gives what it answers. Throws as `postControl` does. */
export function postDocument(door: HttpDoor, path: string, body: object): Promise<unknown> {
  return post(door, path, body, SLOW_TIMEOUT_MS);
}

async function post(door: HttpDoor, path: string, asked: object = {}, timeoutMs?: number): Promise<object> {
  const response = await door.ask(path, postOf(asked), timeoutMs);
  const body: unknown = await response.json().catch(() => null);
  if (response.ok && typeof body === "object" && body !== null) return body;
  throw refusal(door.urlOf(path), response, body);
}

async function get(door: HttpDoor, path: string): Promise<string> {
  const response = await door.ask(path);
  const url = door.urlOf(path);
  const length = Number(response.headers.get("content-length") ?? 0);
  if (response.status === 403 || response.status === 429)
    throw refusal(url, response, await response.json().catch(() => null));
  if (!response.ok || length > MAX_BODY_BYTES) {
    throw new HeadwaterError("MALFORMED", `${url} answers ${response.status} with ${length} bytes`);
  }
  return await response.text();
}

function isSessions(body: unknown): body is SessionsAnswer {
  return typeof body === "object" && body !== null && "sessions" in body && Array.isArray(body.sessions);
}

function isStatus(body: unknown): body is StatusAnswer {
  if (typeof body !== "object" || body === null) return false;
  const { version, uplinks, topics } = body as Partial<Record<string, unknown>>;
  return typeof version === "string" && Array.isArray(uplinks) && Array.isArray(topics);
}

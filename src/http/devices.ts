import { encodeDeviceKey } from "../base/device-name.ts";
import type { Device } from "../broker/devices/device.ts";
import type { DeviceTable } from "../broker/devices/device-table.ts";
import type { CountLimits } from "../broker/views/waiting-count.ts";
import type { Clock } from "../io/clock.ts";
import type { DeviceWaits } from "./device-waits.ts";
import { percentDecoded } from "./records.ts";

const MAX_DEVICES = 1_000;
const DEFAULT_DEVICES = 100;
const PREFIX = "/api/devices";
const PARAMETERS = ["topic", "prefix", "silent", "limit", "after", "waiting"];
/** What counting for one device, and for a list of them, looks through at most. */
const ONE_LIMITS = { bytes: 64 * 1024 * 1024, maxMs: 2_000 };
const LIST_LIMITS = { bytes: 32 * 1024 * 1024, maxMs: 2_000 };

const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'",
  "content-type": "application/json",
} as const;

/** How far an uplink is with a device. */
export interface DeviceCarried {
  readonly uplink: string;
  /** Whether the device's last record is at the centre. */
  readonly carried: boolean;
  /** Offsets of the partition up to that record, other devices' too, that the centre does not have. */
  readonly offsetsBehind: number;
  /** The first offset that is not committed at the centre; -1 where that is not known. */
  readonly position: number;
}

/** What of a device waits for an uplink: its own records from the uplink's position to its last. */
export interface DeviceWaiting {
  readonly records: number;
  /** Of keys and values. */
  readonly bytes: number;
  /** Age of the first by its timestamp; null where it was not found. */
  readonly forMs: number | null;
  /** Whether all were counted; else there are so many at least. */
  readonly exact: boolean;
}

export interface DeviceUplink extends DeviceCarried {
  /** Null where it was not asked for, or the uplink's position is not known. */
  readonly waiting: DeviceWaiting | null;
}

/** Where the pages are from. */
export interface DevicesSource {
  readonly table: DeviceTable;
  readonly clock: Clock;
  /** Where an MQTT client is connected from; null where it is not. */
  addressOf(clientId: string): string | null;
  /** What counts the records that wait. */
  readonly waits: Pick<DeviceWaits, "count"> | null;
  /** The topics that devices are looked for in; `*` stands for anything. */
  readonly topics: readonly string[];
  /** Of the uplinks that carry the topic. */
  carried(topic: string, partition: number, lastOffset: number): readonly DeviceCarried[];
}

/** A device as it is shown. Times are ISO 8601. */
export interface DeviceStatus {
  /** Percent-encoded. */
  readonly key: string;
  readonly topic: string;
  readonly partition: number;
  readonly lastOffset: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly silentForMs: number;
  /** Whether it should have sent something by now. */
  readonly silent: boolean;
  /** The mean time between its records, where they are regular. */
  readonly expectedEveryMs: number | null;
  readonly records: number;
  /** Of keys and values. */
  readonly bytes: number;
  /** Whether those are all that there were; else there were so many at least. */
  readonly exact: boolean;
  readonly recordsPerSec: number;
  /** The beginning of the last value, as text, or in base64; null for a tombstone. */
  readonly value: string | null;
  readonly valueBase64?: string;
  readonly valueBytes: number;
  readonly gaps: { readonly records: number; readonly lastAt: string; readonly reason: string } | null;
  readonly clientId: string | null;
  readonly address: string | null;
  readonly uplinks: readonly DeviceUplink[];
}

/** Answer of `GET /api/devices`. */
export interface DevicesAnswer {
  readonly devices: readonly DeviceStatus[];
  /** Path of the next part; null where there is none. */
  readonly next: string | null;
  /** The topics that devices are looked for in, by `devices.topics`; `*` stands for anything. */
  readonly topics: readonly string[];
  readonly known: number;
  readonly max: number;
  readonly silent: number;
  /** Those that were forgotten since there were more than `max`. */
  readonly forgotten: number;
}

/**
 * Answers `GET /api/devices`, by key in parts, with `topic`, `prefix` (of the key, percent-encoded as everywhere), `silent`
 * (true or false), `limit`, and `waiting` (true: count what waits for uplinks, which reads the logs); and
 * `GET /api/devices/KEY`: the device in every topic that it sends to, with what waits.
 */
export function answerDevices(url: URL, source: DevicesSource | null): Response | Promise<Response> {
  if (source === null) {
    const remedy = "set devices.max above 0, or ask again once the gateway has started";
    return problem(404, "there is no registry of devices", "devices.max", null, remedy);
  }
  if (url.pathname === PREFIX) return list(url, source);
  const raw = url.pathname.slice(PREFIX.length + 1);
  const key = keyOf(raw);
  if (key === null) {
    return problem(400, "the key can't be read", "key", raw, "percent-encode the device's key");
  }
  const devices = source.table.sorted().filter(({ facts }) => facts.key === key);
  if (devices.length === 0) {
    const remedy = "GET /api/devices lists them; see devices.topics for where devices are looked for";
    return problem(404, "there is no such device", "device", raw, remedy);
  }
  return waitingOf(devices, source, ONE_LIMITS).then((shown) => json({ devices: shown }));
}

function list(url: URL, source: DevicesSource): Response | Promise<Response> {
  const { table } = source;
  for (const name of url.searchParams.keys()) {
    if (!PARAMETERS.includes(name)) return bad("parameter", name, `there are ${PARAMETERS.join(", ")}`);
  }
  const parameter = (name: string) => url.searchParams.get(name);
  const limitText = parameter("limit") ?? String(DEFAULT_DEVICES);
  const limit = /^\d{1,5}$/.test(limitText) ? Number(limitText) : 0;
  if (limit < 1 || limit > MAX_DEVICES) return bad("limit", limitText, `ask for 1 to ${MAX_DEVICES}`);
  const silent = parameter("silent");
  if (silent !== null && silent !== "true" && silent !== "false") {
    return bad("silent", silent, "write true or false");
  }
  const waiting = parameter("waiting") ?? "false";
  if (waiting !== "true" && waiting !== "false") return bad("waiting", waiting, "write true or false");
  // What stands in a parameter is decoded once already.
  const prefix = keyOf(parameter("prefix") ?? "");
  if (prefix === null) return bad("prefix", parameter("prefix"), "percent-encode it");
  const afterText = parameter("after");
  const slash = afterText?.lastIndexOf("/") ?? 0;
  const after = afterText === null ? null : keyOf(afterText.slice(0, slash));
  if (afterText !== null && (after === null || slash < 0)) {
    return bad("after", afterText, "take it from the part before");
  }
  const afterTopic = afterText?.slice(slash + 1) ?? "";
  const topic = parameter("topic");
  const found: Device[] = [];
  for (const device of table.sorted()) {
    const { facts } = device;
    if (after !== null && (facts.key < after || (facts.key === after && facts.topic <= afterTopic))) continue;
    if (topic !== null && facts.topic !== topic) continue;
    if (!facts.key.startsWith(prefix)) continue;
    if (silent !== null && facts.silent !== (silent === "true")) continue;
    found.push(device);
    if (found.length > limit) break;
  }
  const shown = found.slice(0, limit);
  const answer = (devices: readonly DeviceStatus[]) => {
    const next = found.length > limit ? nextPath(url, devices.at(-1)) : null;
    const { count: known, max, silentCount, forgotten } = table;
    const counts = { known, max, silent: silentCount, forgotten };
    return json({ devices, next, topics: source.topics, ...counts } satisfies DevicesAnswer);
  };
  if (waiting === "false") return answer(shown.map((device) => statusOf(device, source)));
  return waitingOf(shown, source, LIST_LIMITS).then(answer);
}

/** The devices as they are now, with what of them waits. */
async function waitingOf(
  devices: readonly Device[],
  source: DevicesSource,
  limits: CountLimits,
): Promise<readonly DeviceStatus[]> {
  const shown = devices.map((device) => ({ device, status: statusOf(device, source) }));
  const wants = shown.flatMap(({ device, status: { topic, partition, lastOffset, uplinks } }) =>
    uplinks.filter(isCountable).map(({ position }) => ({
      ...{ topic, partition, key: Buffer.from(device.facts.key, "latin1") },
      ...{ fromOffset: position, untilOffset: lastOffset + 1 },
    })),
  );
  const counts = wants.length === 0 ? [] : await source.waits?.count(wants, limits);
  const left = counts?.values();
  const nowMs = source.clock.nowMs();
  const withCount = (uplink: DeviceUplink): DeviceUplink => {
    const count = isCountable(uplink) ? left?.next().value : undefined;
    if (count === undefined) return uplink;
    const { records, bytes, firstMs, isComplete: exact } = count;
    const forMs = firstMs === null ? null : Math.max(0, nowMs - firstMs);
    return { ...uplink, waiting: { records, bytes, forMs, exact } };
  };
  return shown.map(({ status }) => ({ ...status, uplinks: status.uplinks.map(withCount) }));
}

function isCountable({ carried, position }: DeviceCarried): boolean {
  return !carried && position >= 0;
}

/** A device as it is now. */
export function statusOf(device: Device, { clock, carried, addressOf }: DevicesSource): DeviceStatus {
  const { facts } = device;
  const { topic, partition, lastOffset, records, bytes, exact, silent, gaps, clientId } = facts;
  const address = (clientId === null ? null : addressOf(clientId)) ?? facts.address;
  return {
    ...{ key: encodeDeviceKey(Buffer.from(facts.key, "latin1")), topic, partition, lastOffset },
    ...{ firstSeen: isoTime(facts.firstSeenMs), lastSeen: isoTime(facts.lastSeenMs) },
    ...{ silentForMs: Math.max(0, clock.nowMs() - facts.lastSeenMs), silent },
    ...{ expectedEveryMs: device.regularMs === null ? null : Math.round(device.regularMs) },
    ...{ records, bytes, exact },
    ...{ recordsPerSec: Math.round(device.rate(clock.monotonicMs()) * 1000) / 1000 },
    ...shownValue(facts.value, facts.valueSizeBytes),
    ...{ valueBytes: facts.valueSizeBytes },
    gaps:
      gaps === null ? null : { records: gaps.records, lastAt: isoTime(gaps.lastAtMs), reason: gaps.reason },
    ...{ clientId, address },
    uplinks: carried(topic, partition, lastOffset).map((uplink) => ({ ...uplink, waiting: null })),
  };
}

function shownValue(
  value: Uint8Array | null,
  sizeBytes: number,
): Pick<DeviceStatus, "value" | "valueBase64"> {
  if (value === null) return { value: null };
  try {
    // A character that was cut off at the end is waited for, and left out.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { value: text.decode(value, { stream: value.length < sizeBytes }) };
  } catch {
    return { value: null, valueBase64: value.toBase64() };
  }
}

/** The key of a spelling, a character for each byte. */
function keyOf(text: string): string | null {
  const encoded = /^[\x21-\x7e]*$/.test(text) ? text : encodeURIComponent(text.toWellFormed());
  const bytes = percentDecoded(encoded);
  return bytes === null ? null : Buffer.from(bytes).toString("latin1");
}

function nextPath(url: URL, last: DeviceStatus | undefined): string | null {
  if (last === undefined) return null;
  const next = new URL(url);
  next.searchParams.set("after", `${last.key}/${last.topic}`);
  return `${next.pathname}${next.search}`;
}

function isoTime(timeMs: number): string {
  const MAX_TIME_MS = 8_640_000_000_000_000;
  return new Date(Math.max(-MAX_TIME_MS, Math.min(MAX_TIME_MS, timeMs))).toISOString();
}

function bad(thing: string, value: string | null, remedy: string): Response {
  return problem(400, `${thing} can't be read`, thing, value, remedy);
}

function problem(
  status: number,
  message: string,
  thing: string,
  value: string | null,
  remedy: string,
): Response {
  return json({ error: { message, thing, value, remedy } }, status);
}

function json(body: object, status = 200): Response {
  return new Response(`${JSON.stringify(body)}\n`, { status, headers: { ...HEADERS } });
}

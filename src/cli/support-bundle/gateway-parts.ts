import type { HttpDoor } from "../http/door.ts";
import { fetchDocument, fetchPage } from "../http/requests.ts";
import type { Collected, Lack, Part } from "./part.ts";
import { whyOf } from "./part.ts";

const MAX_DEVICE_PAGES = 20;
const DEVICES_PER_PAGE = 1_000;
/** What answers where the gateway is ill: its words are wanted whatever the status is. */
const TEXTS: readonly (readonly [string, string])[] = [
  ["gateway/healthz.txt", "/healthz"],
  ["gateway/readyz.txt", "/readyz"],
];
const DOCUMENTS: readonly (readonly [string, string])[] = [
  ["gateway/status.json", "/api/status"],
  ["gateway/overview.json", "/api/overview"],
  ["gateway/topics.json", "/api/topics"],
  ["gateway/uplinks.json", "/api/uplinks"],
  ["gateway/storage.json", "/api/storage"],
  ["gateway/clock.json", "/api/clock"],
];

export interface GatewayCollected extends Collected {
  /** Devices and MQTT clients by name, as far as the gateway says. */
  readonly names: ReadonlySet<string>;
}

/** A device without what it sent, and without its address. */
const DEVICE_FIELDS = (
  "key topic partition lastOffset firstSeen lastSeen silentForMs silent expectedEveryMs records bytes exact " +
  "recordsPerSec valueBytes gaps uplinks"
).split(" ");

/** All that a gateway says of itself over HTTP but records; `withDevices`: each device, too. */
export async function gatewayParts(
  door: HttpDoor,
  withDevices: boolean,
  showsValues: boolean,
): Promise<GatewayCollected> {
  const parts: Part[] = [];
  const lacks: Lack[] = [];
  const names = new Set<string>();
  try {
    for (const [name, path] of TEXTS) {
      const { status, text } = await fetchPage(door, path);
      parts.push({ name, kind: "text", text: `HTTP ${status}\n${text}` });
    }
  } catch (error) {
    // The others would not answer either, each after its own while.
    return { parts, lacks: [{ what: "the running gateway", why: whyOf(error) }], names };
  }
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      lacks.push({ what, why: whyOf(error) });
    }
  };
  await attempt("gateway/metrics.txt", async () => {
    const { status, text } = await fetchPage(door, "/metrics");
    if (status !== 200) throw new Error(`it answers ${status}`);
    parts.push({ name: "gateway/metrics.txt", kind: "metrics", text });
  });
  for (const [name, path] of DOCUMENTS) {
    await attempt(name, async () => {
      parts.push({ name, kind: "json", value: await fetchDocument(door, path) });
    });
  }
  await attempt("names of devices", async () => {
    const devices = await allDevices(door, names);
    if (!withDevices) return;
    const value = showsValues ? devices : devices.map(withoutValue);
    parts.push({ name: "gateway/devices.json", kind: "json", value });
  });
  await attempt("names of MQTT clients", async () => {
    const { sessions } = (await fetchDocument(door, "/api/sessions")) as {
      readonly sessions: readonly { readonly clientId: string }[];
    };
    for (const { clientId } of sessions) names.add(clientId);
  });
  return { parts, lacks, names };
}

type Device = Readonly<Record<string, unknown>> & { readonly key: string };

async function allDevices(door: HttpDoor, names: Set<string>): Promise<readonly Device[]> {
  const devices: Device[] = [];
  let path: string | null = `/api/devices?limit=${DEVICES_PER_PAGE}`;
  for (let page = 0; path !== null; page++) {
    if (page === MAX_DEVICE_PAGES) throw new Error(`there are more than ${page * DEVICES_PER_PAGE} devices`);
    const answer = (await fetchDocument(door, path)) as {
      readonly devices: readonly Device[];
      readonly next: string | null;
    };
    for (const device of answer.devices) {
      devices.push(device);
      names.add(device.key);
    }
    path = answer.next;
  }
  return devices;
}

function withoutValue(device: Device): object {
  return Object.fromEntries(DEVICE_FIELDS.map((name) => [name, device[name]]));
}

import { formatAddress, isLoopback } from "./address.ts";
import { formatBridgeUrl } from "./bridge-options.ts";
import { readDownlinks } from "./downlink-section.ts";
import { checkKafkaDoor } from "./kafka-door-options.ts";
import { mirrorConflicts } from "./mirror-conflicts.ts";
import type { Option } from "./option.ts";
import {
  gatewayIdFromHost,
  OPTION_ENTRIES,
  OPTIONS,
  type SettingName,
  type Settings,
  type Values,
} from "./options.ts";
import { type ConfigProblem, excerpt, type Source } from "./problem.ts";
import { collect, type Layers, type LoadInput, readValue } from "./raw-values.ts";
import { readBridges, readRoutes, readUplinks } from "./sections.ts";
import { mirrorNamesSite } from "./uplink-mirror-options.ts";
import { namesSite } from "./uplink-route-options.ts";

/** Settings with their origins by dotted key, or every problem there is. */
export type LoadResult =
  | {
      readonly ok: true;
      readonly settings: Settings;
      readonly sources: ReadonlyMap<string, Source>;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

const MQTT_DOORS = [
  "mqtt.listen",
  "mqtt.websocket.listen",
  "mqtt.tls.listen",
  "mqtt.websocket.tls.listen",
] as const;
/** What a record may have beside the packet that it came in: its key and its topic twice, headers. */
const BATCH_MARGIN_BYTES = 128 * 1024;
const UNBOUNDED_LINE = Number.MAX_SAFE_INTEGER;

/** Reads and checks all settings. Precedence: flag, then --set, then environment, then file, then default. */
export function loadSettings(input: LoadInput): LoadResult {
  const layers = collect(input);
  const sources = new Map<string, Source>();
  const values = readValues(layers, sources, input.hostName);
  const uplinks = readUplinks(layers, sources);
  const bridges = readBridges(layers, sources);
  const mqttRoutes = readRoutes(layers, sources, bridges);
  const mqttDownlinks = readDownlinks(layers, sources, mqttRoutes);
  const settings: Settings = Object.freeze({ ...values, uplinks, bridges, mqttRoutes, mqttDownlinks });
  if (layers.problems.length === 0) checkTogether(settings, layers, sources);
  if (layers.problems.length === 0) checkBridges(settings, layers, sources);
  if (layers.problems.length === 0) checkSite(settings, layers, sources);
  if (layers.problems.length === 0) checkMirrors(settings, layers, sources);
  if (layers.problems.length > 0) return { ok: false, problems: layers.problems.toSorted(byPlace) };
  return { ok: true, settings, sources, warnings: [...layers.warnings, ...doubtful(settings)] };
}

function readValues(layers: Layers, sources: Map<string, Source>, hostName: string): Values {
  const values: Record<string, unknown> = {};
  for (const [name, option] of OPTION_ENTRIES) {
    const raw = layers.values.get(name);
    sources.set(name, raw?.source ?? { kind: "default" });
    values[name] =
      raw === undefined ? option.default : (readValue(option, name, raw, layers.problems) ?? option.default);
  }
  if (!layers.values.has("gateway.id")) values["gateway.id"] = gatewayIdFromHost(hostName);
  return values as unknown as Values;
}

/** Rules that more than one setting takes part in. */
function checkTogether(settings: Settings, layers: Layers, sources: ReadonlyMap<string, Source>): void {
  const blame = (key: string, fault: string, remedy: string) => {
    const source = sources.get(key) ?? { kind: "default" };
    const option = OPTIONS[key as SettingName] as Option<unknown>;
    layers.problems.push({ key, value: option.show(settings[key as SettingName]), source, fault, remedy });
  };
  const atLeast = (larger: SettingName, smaller: SettingName) => {
    if (Number(settings[larger]) >= Number(settings[smaller])) return;
    const shown = (OPTIONS[smaller] as Option<unknown>).show(settings[smaller]);
    const [key, verb] =
      sources.get(larger)?.kind === "default" ? [smaller, "lower it"] : [larger, "raise it"];
    blame(key, `${larger} is below ${smaller} (${shown})`, `${verb}, or set both`);
  };
  atLeast("kafka.max.queued.bytes", "fetch.max.bytes");
  atLeast("socket.request.max.bytes", "message.max.bytes");
  atLeast("kafka.max.pending.bytes", "socket.request.max.bytes");
  const doors = [
    "kafka.listen",
    "kafka.tls.listen",
    "mqtt.listen",
    "mqtt.websocket.listen",
    "mqtt.tls.listen",
    "mqtt.websocket.tls.listen",
    "http.listen",
    "http.tls.listen",
  ] as const;
  const taken = new Map<string, string>();
  for (const key of doors) {
    const address = settings[key];
    if (address === "off" || address.port === 0) continue;
    const text = formatAddress(address);
    const other = taken.get(text);
    if (other !== undefined) blame(key, `${other} has this address too`, "give each door its own port");
    taken.set(text, key);
  }
  checkTls(settings, blame);
  if (
    settings["storage.encryption.key.file"] !== "" &&
    settings["storage.encryption.key.credential"] !== ""
  ) {
    const fault = "storage.encryption.key.file is set too";
    blame("storage.encryption.key.credential", fault, "say once where the key is");
  }
  checkKafkaDoor(settings, blame);
  const served = doors.some((key) => key.startsWith("mqtt.") && settings[key] !== "off");
  if (settings.mqttDownlinks.length > 0 && !served) {
    blame("mqtt.listen", "a downlink publishes to MQTT clients, and none are served", "give them an address");
  }
}

/** What works, and is hardly what is wanted. */
function doubtful(settings: Settings): readonly string[] {
  return [...doubtfulPackets(settings), ...lockedOut(settings)];
}

/** Rules of the Kafka door that nobody can put right by that door. */
function lockedOut(settings: Settings): readonly string[] {
  if (settings["kafka.authorizer"] !== "acl" || settings["security.super.users"].length > 0) return [];
  const when = settings["kafka.acl.allow.if.none"]
    ? "the first rule about the cluster can lock everybody out of the Kafka door"
    : "nobody may do anything at the Kafka door that no rule allows, nor make rules there";
  return [
    `kafka.authorizer = "acl" without security.super.users: ${when}; name an administrator in security.super.users`,
  ];
}

function doubtfulPackets(settings: Settings): readonly string[] {
  const packetBytes = settings["mqtt.max.packet.bytes"];
  const batchBytes = settings["message.max.bytes"];
  const isServed = MQTT_DOORS.some((key) => settings[key] !== "off");
  if (!isServed || packetBytes + BATCH_MARGIN_BYTES <= batchBytes) return [];
  return [
    `mqtt.max.packet.bytes (${packetBytes}) is not ${BATCH_MARGIN_BYTES} below message.max.bytes (${batchBytes}): a topic may ` +
      "refuse what comes in the largest packets, and clients before MQTT 5 will send it again and again; " +
      "lower the first or raise the second",
  ];
}

/** What TLS can't do without. */
function checkTls(settings: Settings, blame: (key: string, fault: string, remedy: string) => void): void {
  const listens = (["mqtt.tls.listen", "mqtt.websocket.tls.listen", "http.tls.listen"] as const).find(
    (key) => settings[key] !== "off",
  );
  if (listens === undefined) return;
  for (const key of ["tls.certificate.file", "tls.key.file"] as const) {
    if (settings[key] === "") blame(listens, `${key} is missing`, `write ${key} = "...", a file in PEM`);
  }
  if (settings["mqtt.tls.client.auth"] !== "none" && settings["tls.ca.file"] === "") {
    blame(
      "mqtt.tls.client.auth",
      "tls.ca.file is missing",
      "name the authorities of client certificates there",
    );
  }
}

/** A bridge is a way in and out of the door for MQTT, and leads elsewhere. */
function checkBridges(settings: Settings, layers: Layers, sources: ReadonlyMap<string, Source>): void {
  const doors = MQTT_DOORS.map((key) => settings[key]).filter((door) => door !== "off");
  for (const { name, url } of settings.bridges) {
    const key = `bridge.${name}.url`;
    const source = sources.get(key) ?? { kind: "default" };
    const blame = (fault: string, remedy: string) =>
      layers.problems.push({ key, value: formatBridgeUrl(url), source, fault, remedy });
    if (doors.length === 0) blame("mqtt.listen is off", "give the door for MQTT an address");
    else if (isLoopback(url.host) && doors.some(({ port }) => port === url.port)) {
      blame("it is this gateway's own door", "name another broker");
    }
  }
}

/** Mirrors of all uplinks together, and with what goes up. */
function checkMirrors(settings: Settings, layers: Layers, sources: ReadonlyMap<string, Source>): void {
  for (const { uplink, topic, fault, remedy } of mirrorConflicts(settings)) {
    const key = `uplink.${uplink}.mirror`;
    const source = sources.get(key) ?? { kind: "default" };
    layers.problems.push({ key, value: topic, source, fault, remedy });
  }
}

/** A name at the centre may have the site in it. */
function checkSite(settings: Settings, layers: Layers, sources: ReadonlyMap<string, Source>): void {
  if (settings["gateway.site"] !== "") return;
  for (const { name, route, mirror, "gaps.topic": gapsTopic } of settings.uplinks) {
    const blame = (setting: string, where: string, topic: string): void => {
      const key = `uplink.${name}.${setting}`;
      const source = sources.get(key) ?? { kind: "default" };
      const rule = { fault: `${where}gateway.site is not set`, remedy: 'write gateway.site = "..."' };
      layers.problems.push({ key, value: excerpt(topic), source, ...rule });
    };
    const routed = route.findIndex(({ topic }) => namesSite(topic));
    const mirrored = mirror.findIndex(mirrorNamesSite);
    if (routed >= 0) blame("route", `route ${routed + 1}: topic: `, route[routed]?.topic ?? "");
    else if (mirrored >= 0) blame("mirror", `mirror ${mirrored + 1}: `, mirror[mirrored]?.topic ?? "");
    else if (namesSite(gapsTopic)) blame("gaps.topic", "", gapsTopic);
  }
}

/** Problems of the file in its own order, then those of other sources as they were found. */
function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  const line = ({ source }: ConfigProblem) => (source.kind === "file" ? (source.line ?? 0) : UNBOUNDED_LINE);
  return line(a) - line(b);
}

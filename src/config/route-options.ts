import { gatewayTopicFault } from "./gateway-topic.ts";
import { bad, boolean, choice, good, kindOf, type Option, option, type Reading, text } from "./option.ts";
import { namedLevels, parseRouteFilter, WHOLE_TOPIC } from "./route-filter.ts";
import {
  NO_PAYLOAD_SETTINGS,
  ROUTE_PAYLOAD_OPTIONS,
  type RouteConflict,
  type RoutePayloadSettings,
  type RoutePayloadValues,
  recordConflicts,
  routePayloadValues,
} from "./route-payload-options.ts";
import { parseTemplate, placeholders } from "./template.ts";

export type PayloadFormat = "auto" | "json" | "cbor";

/** A record's timestamp: when its message came, or what the payload says under a path of names joined by dots. */
export type TimestampSource = "arrival" | { readonly payload: string; readonly format: PayloadFormat };

/** How payloads become records. */
export type PayloadMode = "pass" | "json" | "cbor" | "senml+json" | "senml+cbor" | "sparkplug-b";

/** A record's key from its payload: names of fields joined by dots. */
export interface KeyPath {
  readonly payload: string;
}

/** A record's key from a Sparkplug message: its edge node or device, or the metric of that. */
export interface SparkplugKey {
  readonly sparkplug: "device" | "metric";
}

/** Which MQTT messages become records of which topic. Texts with `{name}` are templates (template.ts). */
export interface MqttRouteSettings extends RoutePayloadSettings {
  readonly filter: string;
  readonly topic: string;
  /** A template, or where in the payload the key stands. Null: records without a key. */
  readonly key: string | KeyPath | SparkplugKey | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether records carry the MQTT topic in a header. */
  readonly topicHeader: boolean;
  /** Whether records say in headers how their message was published. */
  readonly deliveryHeaders: boolean;
  readonly timestamp: TimestampSource;
  readonly payload: PayloadMode;
  /** Path of the array whose items become records, "" for the whole payload; null where nothing is split. */
  readonly split: string | null;
  /** Topic of messages whose payload can't be decoded. */
  readonly deadLetterTopic: string;
}

export const MAX_ROUTES = 256;
const MAX_HEADERS = 32;
const MAX_TOPIC_LENGTH = 249;
const PAYLOAD = "payload:";
const SPARKPLUG = "sparkplug:";
const DEAD_LETTER_TOPIC = "dlq.mqtt";
const WHOLE_PAYLOAD = "payload";
/** Fields of a resolved SenML record. */
const SENML_NAME = "n";
const SENML_TIME = "t";
/** Field of a Sparkplug record. */
const SPARKPLUG_TIME = "timestamp";

/** Settings of one `[[mqtt.route]]`. */
export const ROUTE_OPTIONS = {
  filter: text("an MQTT topic filter, for example devices/{key}/#", filterFault, {
    doc: "Messages whose topic matches are taken. Levels may be + and #, and {name}: any one level, whose text the other settings can use.",
  }),
  topic: text("a topic's name, for example telemetry or plant-{area}", topicFault, {
    doc: "Topic that the records go to.",
  }),
  key: text("a text, for example {key}, or payload:NAME for a field of the payload", keyFault, {
    default: "",
    defaultText:
      "the name of a SenML measurement, sparkplug:device, else {key} where the filter has it, else {topic}",
    doc: "Key of the records: order is kept per key. {topic} is the whole MQTT topic; none stands for no key. payload:NAME needs a payload that is decoded; a message without the field is a dead letter. sparkplug:device is GROUP/NODE/DEVICE, or GROUP/NODE for an edge node itself, with what stands in the topic before the GROUP where levels come before spBv1.0; sparkplug:metric is that and the metric's name.",
  }),
  headers: option<Readonly<Record<string, string>>>(
    "table",
    'a table of texts, for example { area = "{area}" }',
    { default: {}, doc: "Headers that every record gets, beside mqtt.topic." },
    showHeaders,
    readHeaders,
  ),
  "header.topic": boolean({
    default: true,
    doc: "Whether every record carries its MQTT topic in the header mqtt.topic.",
  }),
  "header.delivery": boolean({
    default: false,
    defaultText: "true where a bridge has rules in out, else false",
    doc: "Whether every record carries how its message was published: headers mqtt.qos (0, 1, 2), mqtt.retain (true, false) and, where it had one, mqtt.message-expiry in seconds. A bridge needs them to send a message on with its retain flag and its own QoS.",
  }),
  timestamp: option<string>(
    "text",
    "arrival, or payload:NAME for a field of the payload, payload:A.B for one inside another",
    {
      default: "",
      defaultText: "the time of a SenML measurement or a Sparkplug metric, else arrival",
      doc: "Timestamp of the records. From the payload: milliseconds or seconds since 1970, or an ISO 8601 text; a payload without it has its time of arrival.",
    },
    String,
    readTimestamp,
  ),
  format: choice(["auto", "json", "cbor"], {
    default: "auto",
    doc: "How payloads are read where the timestamp is in them and they are not decoded; auto tells by the first byte.",
  }),
  payload: choice(["pass", "json", "cbor", "senml+json", "senml+cbor", "sparkplug-b"], {
    default: "pass",
    doc: "How payloads become records. pass: as they are. json: as they are, if they are JSON. cbor: as JSON text. senml+json, senml+cbor (RFC 8428): every measurement a record of its own, resolved, as JSON text. sparkplug-b (Sparkplug 3.0, topics spBv1.0/...): every metric, birth and death a record of its own, aliases and types resolved from births, as JSON text. What can't be decoded goes to the dead letter topic.",
  }),
  split: option<string>(
    "text",
    "none, payload for an array, or payload:NAME for an array in a field",
    {
      default: "none",
      doc: "Where a json or cbor payload has an array whose items become records of their own, as JSON text; key and timestamp are then looked for in the items. All records of a message are in one batch and one partition, which {key}, else {topic}, decides: all are stored or none is.",
    },
    String,
    readSplit,
  ),
  ...ROUTE_PAYLOAD_OPTIONS,
  "errors.deadletterqueue.topic.name": text("a topic's name", deadLetterFault, {
    default: DEAD_LETTER_TOPIC,
    doc: "Topic of the messages that can't be decoded, bytes untouched, with headers that say why, which route, which MQTT topic and which client. Sent messages are acknowledged when they are there.",
  }),
} as const satisfies Record<string, Option<unknown>>;

/** In force where the configuration has no `[[mqtt.route]]`. */
export const DEFAULT_ROUTES: readonly MqttRouteSettings[] = [
  route("devices/{key}/#", "telemetry", "{key}"),
  route("#", "mqtt", "{topic}"),
];

/** The key template of a route that names none. */
function defaultKey(filter: string): string {
  const levels = parseRouteFilter(filter);
  return typeof levels !== "string" && namedLevels(levels).includes("key") ? "{key}" : "{topic}";
}

/** Names of placeholders in a template that a route's filter gives no value to. */
export function unknownPlaceholders(
  filter: string,
  template: string,
  wholeTopic: boolean,
): readonly string[] {
  const levels = parseRouteFilter(filter);
  const parts = parseTemplate(template);
  if (typeof levels === "string" || typeof parts === "string") return [];
  const known = new Set(namedLevels(levels));
  if (wholeTopic) known.add(WHOLE_TOPIC);
  return placeholders(parts).filter((name) => !known.has(name));
}

function route(filter: string, topic: string, key: string): MqttRouteSettings {
  return {
    filter,
    topic,
    key,
    headers: {},
    topicHeader: true,
    deliveryHeaders: false,
    timestamp: "arrival",
    payload: "pass",
    split: null,
    deadLetterTopic: DEAD_LETTER_TOPIC,
    ...NO_PAYLOAD_SETTINGS,
  };
}

function filterFault(value: string): string | null {
  const levels = parseRouteFilter(value);
  return typeof levels === "string" ? levels : null;
}

function templateFault(value: string): string | null {
  const parts = parseTemplate(value);
  return typeof parts === "string" ? parts : null;
}

function keyFault(value: string): string | null {
  if (value.startsWith(SPARKPLUG)) return isSparkplugKey(value) ? null : "it is no key of Sparkplug's";
  if (!value.startsWith(PAYLOAD)) return templateFault(value);
  return emptyNameFault(value);
}

function emptyNameFault(value: string): string | null {
  return value.slice(PAYLOAD.length).split(".").includes("") ? "a name in the path is empty" : null;
}

function deadLetterFault(value: string): string | null {
  return value.includes("{") ? "it is one topic for all messages of the route" : topicFault(value);
}

function topicFault(value: string): string | null {
  const parts = parseTemplate(value);
  if (typeof parts === "string") return parts;
  if (parts.length === 0) return "it is empty";
  if (value === "." || value === "..") return "no topic can have this name";
  if (value.length > MAX_TOPIC_LENGTH) return `it is longer than ${MAX_TOPIC_LENGTH} characters`;
  const literal = parts.map((part) => ("text" in part ? part.text : "")).join("");
  if (!/^[\w.-]*$/.test(literal)) return "topics have only letters, digits, '.', '_' and '-'";
  return gatewayTopicFault(value);
}

function readHeaders(raw: unknown): Reading<Readonly<Record<string, string>>> {
  const remedy = 'write a table of texts, for example { area = "{area}" }';
  const table = typeof raw === "string" ? headerPairs(raw) : raw;
  if (kindOf(table) !== "a table") return bad(`it is ${kindOf(raw)}`, remedy);
  const headers = Object.entries(table as Record<string, unknown>);
  if (headers.length > MAX_HEADERS)
    return bad(`${headers.length} headers are too many`, `write up to ${MAX_HEADERS}`);
  for (const [name, value] of headers) {
    if (typeof value !== "string") {
      return bad(`header ${name} is ${kindOf(value)}`, `${remedy}; a name with dots needs quotes`);
    }
    const fault = templateFault(value);
    if (fault !== null) return bad(`header ${name}: ${fault}`, remedy);
  }
  return good(table as Readonly<Record<string, string>>);
}

/** "a=x,b={y}", as in an environment variable. */
function headerPairs(text: string): unknown {
  const pairs = text.split(",").filter((pair) => pair.trim() !== "");
  if (pairs.some((pair) => !pair.includes("="))) return text;
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf("=")).trim(), pair.slice(pair.indexOf("=") + 1).trim()]),
  );
}

function showHeaders(headers: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(headers).map(
    ([name, value]) => `${JSON.stringify(name)} = ${JSON.stringify(value)}`,
  );
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

function readTimestamp(raw: unknown): Reading<string> {
  const remedy = 'write "arrival" or "payload:NAME", for example payload:ts';
  if (raw === "arrival") return good(raw);
  if (typeof raw !== "string" || !raw.startsWith(PAYLOAD)) return bad("it names no source", remedy);
  const fault = emptyNameFault(raw);
  return fault === null ? good(raw) : bad(fault, remedy);
}

function readSplit(raw: unknown): Reading<string> {
  const remedy = 'write "none", "payload" or "payload:NAME", for example payload:readings';
  if (raw === "none" || raw === WHOLE_PAYLOAD) return good(raw);
  if (typeof raw !== "string" || !raw.startsWith(PAYLOAD)) return bad("it names no array", remedy);
  const fault = emptyNameFault(raw);
  return fault === null ? good(raw) : bad(fault, remedy);
}

/** What a route says of keys, times and splitting, as its settings have it. */
export interface PayloadSettings extends RoutePayloadValues {
  readonly key: string;
  readonly timestamp: string;
  readonly format: PayloadFormat;
  readonly payload: PayloadMode;
  readonly split: string;
}

/** What of a route's settings needs its payload to be decoded, and is not; or splits what is split anyway. */
export function payloadConflicts(settings: PayloadSettings): readonly RouteConflict[] {
  const { key, payload, split } = settings;
  const conflicts: RouteConflict[] = [];
  const remedy = 'set payload = "json" or "cbor"';
  if (payload === "pass" && key.startsWith(PAYLOAD)) {
    conflicts.push({ name: "key", fault: 'payload is "pass": payloads are not looked into', remedy });
  }
  if (payload !== "sparkplug-b" && key.startsWith(SPARKPLUG)) {
    const fault = `payload is "${payload}"`;
    conflicts.push({ name: "key", fault, remedy: 'set payload = "sparkplug-b"' });
  }
  if (split !== "none" && payload === "pass") {
    conflicts.push({ name: "split", fault: 'payload is "pass": payloads are not looked into', remedy });
  } else if (split !== "none" && payload !== "json" && payload !== "cbor") {
    const fault = `payload is "${payload}", which is always split`;
    conflicts.push({ name: "split", fault, remedy: "leave it out" });
  }
  const isCompared = Object.keys(settings.deadband).length > 0;
  if (isCompared && split !== "none" && !key.startsWith(PAYLOAD)) {
    const fault = "split records have no key of their own to be compared by";
    conflicts.push({ name: "deadband", fault, remedy: 'set key = "payload:NAME"' });
  }
  return [...conflicts, ...recordConflicts(settings, payload)];
}

/** The timestamp's source as routes have it, from the settings `timestamp`, `format` and `payload`. */
export function timestampSource({ timestamp, format, payload }: PayloadSettings): TimestampSource {
  if (timestamp === "" && isSenml(payload)) return { payload: SENML_TIME, format };
  if (timestamp === "" && payload === "sparkplug-b") return { payload: SPARKPLUG_TIME, format };
  if (timestamp === "") return "arrival";
  return timestamp === "arrival" ? timestamp : { payload: timestamp.slice(PAYLOAD.length), format };
}

/** The key as routes have it, from the settings `key` and `payload`. */
export function keySource(
  { key, payload }: PayloadSettings,
  filter: string,
): string | KeyPath | SparkplugKey | null {
  if (key === "none") return null;
  if (isSparkplugKey(key)) return { sparkplug: key === `${SPARKPLUG}metric` ? "metric" : "device" };
  if (key.startsWith(PAYLOAD)) return { payload: key.slice(PAYLOAD.length) };
  if (key !== "") return key;
  if (isSenml(payload)) return { payload: SENML_NAME };
  return payload === "sparkplug-b" ? { sparkplug: "device" } : defaultKey(filter);
}

/** The array to split as routes have it. */
export function splitSource(split: string): string | null {
  if (split === "none") return null;
  return split === WHOLE_PAYLOAD ? "" : split.slice(PAYLOAD.length);
}

/** The settings of a route as they would be written: what the functions above read. */
export function payloadSettings(route: MqttRouteSettings): PayloadSettings {
  const { key, timestamp, payload, split } = route;
  return {
    key: keyText(key),
    timestamp: timestamp === "arrival" ? timestamp : `${PAYLOAD}${timestamp.payload}`,
    format: timestamp === "arrival" ? "auto" : timestamp.format,
    payload,
    split: split === null ? "none" : split === "" ? WHOLE_PAYLOAD : `${PAYLOAD}${split}`,
    ...routePayloadValues(route),
  };
}

function keyText(key: MqttRouteSettings["key"]): string {
  if (key === null) return "none";
  if (typeof key === "string") return key;
  return "payload" in key ? `${PAYLOAD}${key.payload}` : `${SPARKPLUG}${key.sparkplug}`;
}

function isSparkplugKey(key: string): boolean {
  return key === `${SPARKPLUG}device` || key === `${SPARKPLUG}metric`;
}

function isSenml(payload: PayloadMode): boolean {
  return payload === "senml+json" || payload === "senml+cbor";
}

import { bad, boolean, choice, good, kindOf, type Option, option, type Reading, text } from "./option.ts";
import { namedLevels, parseRouteFilter, WHOLE_TOPIC } from "./route-filter.ts";
import { parseTemplate, placeholders } from "./template.ts";

export type PayloadFormat = "auto" | "json" | "cbor";

/** A record's timestamp: when its message came, or what the payload says under a path of names joined by dots. */
export type TimestampSource = "arrival" | { readonly payload: string; readonly format: PayloadFormat };

/** Which MQTT messages become records of which topic. Texts with `{name}` are templates (template.ts). */
export interface MqttRouteSettings {
  readonly filter: string;
  readonly topic: string;
  /** Null: records without a key. */
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether records carry the MQTT topic in a header. */
  readonly topicHeader: boolean;
  readonly timestamp: TimestampSource;
}

export const MAX_ROUTES = 256;
const MAX_HEADERS = 32;
const MAX_TOPIC_LENGTH = 249;
const PAYLOAD = "payload:";

/** Settings of one `[[mqtt.route]]`. */
export const ROUTE_OPTIONS = {
  filter: text("an MQTT topic filter, for example devices/{key}/#", filterFault, {
    doc: "Messages whose topic matches are taken. Levels may be + and #, and {name}: any one level, whose text the other settings can use.",
  }),
  topic: text("a topic's name, for example telemetry or plant-{area}", topicFault, {
    doc: "Topic that the records go to.",
  }),
  key: text("a text, for example {key}", templateFault, {
    default: "",
    defaultText: "{key} where the filter has it, else {topic}",
    doc: "Key of the records: order is kept per key. {topic} is the whole MQTT topic; none stands for no key.",
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
  timestamp: option<string>(
    "text",
    "arrival, or payload:NAME for a field of the payload, payload:A.B for one inside another",
    {
      default: "arrival",
      doc: "Timestamp of the records. From the payload: milliseconds or seconds since 1970, or an ISO 8601 text; a payload without it has its time of arrival.",
    },
    String,
    readTimestamp,
  ),
  format: choice(["auto", "json", "cbor"], {
    default: "auto",
    doc: "How payloads are read where the timestamp is in them; auto tells by the first byte.",
  }),
} as const satisfies Record<string, Option<unknown>>;

/** In force where the configuration has no `[[mqtt.route]]`. */
export const DEFAULT_ROUTES: readonly MqttRouteSettings[] = [
  route("devices/{key}/#", "telemetry", "{key}"),
  route("#", "mqtt", "{topic}"),
];

/** The key template of a route that names none. */
export function defaultKey(filter: string): string {
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
  return { filter, topic, key, headers: {}, topicHeader: true, timestamp: "arrival" };
}

function filterFault(value: string): string | null {
  const levels = parseRouteFilter(value);
  return typeof levels === "string" ? levels : null;
}

function templateFault(value: string): string | null {
  const parts = parseTemplate(value);
  return typeof parts === "string" ? parts : null;
}

function topicFault(value: string): string | null {
  const parts = parseTemplate(value);
  if (typeof parts === "string") return parts;
  if (parts.length === 0) return "it is empty";
  if (value === "." || value === "..") return "no topic can have this name";
  if (value.length > MAX_TOPIC_LENGTH) return `it is longer than ${MAX_TOPIC_LENGTH} characters`;
  const literal = parts.map((part) => ("text" in part ? part.text : "")).join("");
  return /^[\w.-]*$/.test(literal) ? null : "topics have only letters, digits, '.', '_' and '-'";
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
  const names = raw.slice(PAYLOAD.length).split(".");
  return names.includes("") ? bad("a name in the path is empty", remedy) : good(raw);
}

/** The timestamp's source as routes have it, from the settings `timestamp` and `format`. */
export function timestampSource(timestamp: string, format: PayloadFormat): TimestampSource {
  return timestamp === "arrival" ? timestamp : { payload: timestamp.slice(PAYLOAD.length), format };
}

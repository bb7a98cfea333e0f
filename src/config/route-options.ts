import { bad, choice, good, kindOf, type Option, option, type Reading, text } from "./option.ts";
import { namedLevels, parseRouteFilter, ROUTE_NAMES } from "./route-filter.ts";
import { parseTemplate, placeholders } from "./template.ts";

/** A record's timestamp: when its message came, or what the payload says under a path of names. */
export type TimestampSource =
  | { readonly from: "arrival" }
  | { readonly from: "payload"; readonly path: readonly string[] };

/** Which MQTT messages become records of which topic. Texts with `{name}` are templates (template.ts). */
export interface MqttRouteSettings {
  readonly filter: string;
  readonly topic: string;
  /** Null: records without a key. */
  readonly key: string | null;
  readonly headers: ReadonlyMap<string, string>;
  readonly timestamp: TimestampSource;
  /** How payloads are read where the timestamp is in them. */
  readonly format: "json" | "cbor";
}

export const MAX_ROUTES = 256;
const MAX_HEADERS = 32;
const MAX_TOPIC_LENGTH = 249;

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
    doc: 'Key of the records: order is kept per key. {topic} is the whole MQTT topic, {client} the client id, "none" stands for no key.',
  }),
  headers: option<ReadonlyMap<string, string>>(
    "table",
    'a table of texts, for example { area = "{area}" }',
    { default: new Map(), doc: "Headers that every record gets." },
    showHeaders,
    readHeaders,
  ),
  timestamp: option<TimestampSource>(
    "text",
    "arrival, or payload:NAME for a field of the payload, payload:A.B for one inside another",
    {
      default: { from: "arrival" },
      doc: "Timestamp of the records. From the payload: milliseconds or seconds since 1970, or an ISO 8601 text; a payload without it has its time of arrival.",
    },
    showTimestamp,
    readTimestamp,
  ),
  format: choice(["json", "cbor"], {
    default: "json",
    doc: "How payloads are read where the timestamp is in them.",
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

/** Names of placeholders in a route's templates that nothing gives a value to. */
export function unknownPlaceholders(filter: string, template: string): readonly string[] {
  const levels = parseRouteFilter(filter);
  const parts = parseTemplate(template);
  if (typeof levels === "string" || typeof parts === "string") return [];
  const known = new Set<string>([...namedLevels(levels), ...ROUTE_NAMES]);
  return placeholders(parts).filter((name) => !known.has(name));
}

function route(filter: string, topic: string, key: string): MqttRouteSettings {
  return { filter, topic, key, headers: new Map(), timestamp: { from: "arrival" }, format: "json" };
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

function readHeaders(raw: unknown): Reading<ReadonlyMap<string, string>> {
  const remedy = 'write a table of texts, for example { area = "{area}" }';
  const table = typeof raw === "string" ? headerPairs(raw) : raw;
  if (kindOf(table) !== "a table") return bad(`it is ${kindOf(raw)}`, remedy);
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(table as Record<string, unknown>)) {
    if (typeof value !== "string") {
      return bad(`header ${name} is ${kindOf(value)}`, `${remedy}; a name with dots needs quotes`);
    }
    const fault = templateFault(value);
    if (fault !== null) return bad(`header ${name}: ${fault}`, remedy);
    headers.set(name, value);
  }
  if (headers.size > MAX_HEADERS)
    return bad(`${headers.size} headers are too many`, `write up to ${MAX_HEADERS}`);
  return good<ReadonlyMap<string, string>>(headers);
}

/** "a=x,b={y}", as in an environment variable. */
function headerPairs(text: string): unknown {
  const pairs = text.split(",").filter((pair) => pair.trim() !== "");
  if (pairs.some((pair) => !pair.includes("="))) return text;
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf("=")).trim(), pair.slice(pair.indexOf("=") + 1).trim()]),
  );
}

function showHeaders(headers: ReadonlyMap<string, string>): string {
  const pairs = [...headers].map(([name, value]) => `${JSON.stringify(name)} = ${JSON.stringify(value)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

function readTimestamp(raw: unknown): Reading<TimestampSource> {
  const remedy = 'write "arrival" or "payload:NAME", for example payload:ts';
  if (raw === "arrival") return good<TimestampSource>({ from: "arrival" });
  if (typeof raw !== "string" || !raw.startsWith("payload:")) return bad("it names no source", remedy);
  const path = raw.slice("payload:".length).split(".");
  if (path.some((name) => name === "")) return bad("a name in the path is empty", remedy);
  return good<TimestampSource>({ from: "payload", path });
}

function showTimestamp(source: TimestampSource): string {
  return source.from === "arrival" ? "arrival" : `payload:${source.path.join(".")}`;
}

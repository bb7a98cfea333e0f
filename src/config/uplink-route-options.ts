import {
  bad,
  count,
  duration,
  good,
  kindOf,
  list,
  type Option,
  option,
  type Reading,
  type SectionValues,
  text,
} from "./option.ts";
import { tableList } from "./table-list.ts";
import { parseTemplate, placeholders } from "./template.ts";

const MAX_UPLINK_ROUTES = 256;
const MAX_ITEMS = 256;
const MAX_HEADERS = 32;
const MAX_CONFIGS = 64;
const MAX_TEXT_LENGTH = 1024;
const DAY_MS = 86_400_000;
/** What a route's `topic` may name. */
const PLACEHOLDERS = ["topic", "gateway", "site"];

/** What a header has to be: this text, there (true) or not there (false). */
export type HeaderConditions = Readonly<Record<string, string | boolean>>;

/** Which records are taken by their headers. */
export const HEADER_CONDITIONS: Option<HeaderConditions> = option<HeaderConditions>(
  "table",
  'a table, for example { "mqtt.qos" = "1", alarm = true, test = false }',
  {
    default: {},
    doc: "Conditions of headers, all of which have to hold: a text is what the header's value has to be (the last of that name), true that it is there, false that it is not.",
  },
  showTable,
  (raw) => readTable(raw, MAX_HEADERS, "a header's condition", ["a text", "a boolean"]),
);

/** Settings of one `[[uplink.NAME.route]]`: which local topics go where at the centre, and which of their records. */
export const UPLINK_ROUTE_OPTIONS = {
  topics: list("topic names, * for any run of characters", readTopicPattern, String, {
    minItems: 1,
    maxItems: MAX_ITEMS,
    doc: "Local topics that are carried by this route: the first route that names a topic takes it. Internal ones, which begin with __, only where they are named in full.",
  }),
  topic: text("a topic's name, for example {site}.{topic}", templateFault, {
    default: "{topic}",
    doc: "Topic at the centre. {topic} is the local one, {gateway} is gateway.id, {site} is gateway.site. Several local topics may lead to one; order is kept per local topic and key.",
  }),
  keys: list("patterns of keys, * for any run of characters", readKeyPattern, String, {
    minItems: 0,
    maxItems: MAX_ITEMS,
    default: [],
    defaultText: "all, and records without a key",
    doc: "Records whose key matches none of these stay here. What stays here is counted as filtered, and is no gap.",
  }),
  headers: HEADER_CONDITIONS,
  "sample.every": count({
    default: 1,
    min: 1,
    max: 1_000_000,
    doc: "Of the records that keys and headers let pass, the first of each key goes up and then every Nth. It is counted per local partition, anew at each 262,144th offset, so that after a restart the same records are chosen.",
  }),
  "sample.interval.ms": duration({
    default: 0,
    min: 0,
    max: 366 * DAY_MS,
    doc: "Of those records at most one of each key in this time, by the records' timestamps; 0 for all. Begins anew as sample.every does.",
  }),
  "create.partitions": count({
    default: -1,
    min: 1,
    max: 100_000,
    minusOne: "the centre's default",
    doc: "Partitions of the topic where it is missing at the centre and create.topics.enable of the uplink has it made.",
  }),
  "create.replication.factor": count({
    default: -1,
    min: 1,
    max: 32_767,
    minusOne: "the centre's default",
    doc: "Its replication factor.",
  }),
  "create.configs": option<Readonly<Record<string, string>>>(
    "table",
    'a table of texts, for example { "retention.ms" = "604800000" }',
    { default: {}, doc: "Its topic configuration, by Kafka's names." },
    showTable,
    (raw) => readTable(raw, MAX_CONFIGS, "a configuration", ["a text"]) as Reading<Record<string, string>>,
  ),
} as const satisfies Record<string, Option<unknown>>;

/** One route, by the names of its settings. */
export type UplinkRouteSettings = SectionValues<typeof UPLINK_ROUTE_OPTIONS>;

/** The routes of an uplink: `[[uplink.NAME.route]]`, or a list of tables as text. */
export const UPLINK_ROUTES: Option<readonly UplinkRouteSettings[]> = tableList(UPLINK_ROUTE_OPTIONS, {
  what: "route",
  max: MAX_UPLINK_ROUTES,
  doc: "Which topics go where, and which of their records; see below. Without any, topics says it all.",
  fault: (route) =>
    route["sample.every"] > 1 && route["sample.interval.ms"] > 0
      ? { fault: "it has sample.every and sample.interval.ms", remedy: "keep one of them" }
      : null,
});

/** Whether a topic at the centre is named by the gateway's site. */
export function namesSite(topic: string): boolean {
  return topic.includes("{site}");
}

function readTable(
  raw: unknown,
  maxEntries: number,
  what: string,
  kinds: readonly string[],
): Reading<HeaderConditions> {
  if (kindOf(raw) !== "a table") return bad(`it is ${kindOf(raw)}`, "write a table");
  const entries = leaves(raw as Record<string, unknown>, "");
  if (entries.length > maxEntries) return bad(`${entries.length} are too many`, `keep at most ${maxEntries}`);
  for (const [name, value] of entries) {
    if (!kinds.includes(kindOf(value))) {
      return bad(`${name}: ${what} is ${kindOf(value)}`, `write ${kinds.join(" or ")}`);
    }
    if (name.length > MAX_TEXT_LENGTH || String(value).length > MAX_TEXT_LENGTH) {
      return bad(`${name.slice(0, 40)}: it is too long`, `write at most ${MAX_TEXT_LENGTH} characters`);
    }
  }
  return good(Object.fromEntries(entries) as HeaderConditions);
}

/** TOML takes `a.b = 1` for a table in a table. */
function leaves(
  table: Readonly<Record<string, unknown>>,
  before: string,
): readonly (readonly [string, unknown])[] {
  return Object.entries(table).flatMap(([name, value]) =>
    kindOf(value) === "a table"
      ? leaves(value as Record<string, unknown>, `${before}${name}.`)
      : [[before + name, value] as const],
  );
}

function showTable(table: HeaderConditions): string {
  const entries = Object.entries(table).map(
    ([name, value]) => `${JSON.stringify(name)} = ${JSON.stringify(value)}`,
  );
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/** A pattern of local topics. */
export function readTopicPattern(raw: string): Reading<string> {
  return /^[\w.*-]{1,249}$/.test(raw) && raw !== "." && raw !== ".."
    ? good(raw)
    : bad("it is not a topic's name", "write letters, digits, '.', '_' and '-', and * for any run of them");
}

export function readKeyPattern(raw: string): Reading<string> {
  if (raw.length > MAX_TEXT_LENGTH) return bad(`it has ${raw.length} characters`, "write a shorter one");
  return good(raw);
}

/** What is wrong with a topic's name at the centre, placeholders included, or null. */
export function templateFault(value: string): string | null {
  const parts = parseTemplate(value);
  if (typeof parts === "string") return parts;
  if (parts.length === 0) return "it is empty";
  if (value === "." || value === "..") return "no topic can have this name";
  const unknown = placeholders(parts).find((name) => !PLACEHOLDERS.includes(name));
  if (unknown !== undefined) return `there is no {${unknown}}: write {topic}, {gateway} or {site}`;
  const literal = parts.map((part) => ("text" in part ? part.text : "")).join("");
  return /^[\w.-]*$/.test(literal) ? null : "topics have only letters, digits, '.', '_' and '-'";
}

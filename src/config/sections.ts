import {
  BRIDGE_OPTIONS,
  type BridgeSettings,
  bridgeConflicts,
  bridgeNameFault,
  MAX_BRIDGES,
} from "./bridge-options.ts";
import { securityConflicts } from "./client-security-options.ts";
import type { SectionName } from "./named-sections.ts";
import { kindOf, type Option, type SectionValues } from "./option.ts";
import { type ConfigProblem, didYouMean, excerpt, type Source } from "./problem.ts";
import { type Layers, type RawValue, ROUTE_KEY, readValue, structured } from "./raw-values.ts";
import {
  DEFAULT_ROUTES,
  keySource,
  MAX_ROUTES,
  type MqttRouteSettings,
  payloadConflicts,
  ROUTE_OPTIONS,
  splitSource,
  timestampSource,
  unknownPlaceholders,
} from "./route-options.ts";
import { routePayloadSettings } from "./route-payload-options.ts";
import { MAX_UPLINKS, UPLINK_OPTIONS, type UplinkSettings, uplinkNameFault } from "./uplink-options.ts";

type Options = Readonly<Record<string, Option<unknown>>>;

/** Settings of a route whose names have dots: in the file they may be tables. */
const ROUTE_GROUPS = Object.keys(ROUTE_OPTIONS).filter((name) => name.includes("."));

type RouteValues = SectionValues<typeof ROUTE_OPTIONS>;

/** Every `[uplink.NAME]`, by name; what is wrong goes to the layers' problems. */
export function readUplinks(layers: Layers, sources: Map<string, Source>): readonly UplinkSettings[] {
  const read = readNamed("uplink", UPLINK_OPTIONS, uplinkNameFault, MAX_UPLINKS, layers, sources);
  return read.map(({ name, values, sourceOf }) => {
    const given = { name, ...(values as SectionValues<typeof UPLINK_OPTIONS>) };
    const saysTopics = sources.get(`uplink.${name}.topics`)?.kind !== "default";
    const uplink: UplinkSettings = given.route.length > 0 && !saysTopics ? { ...given, topics: [] } : given;
    if (uplink.route.length === 0 && uplink.topics.length === 0) {
      const rule = {
        fault: "nothing is forwarded",
        remedy: `name topics, or write [[uplink.${name}.route]]`,
      };
      layers.problems.push({
        key: `uplink.${name}.topics`,
        value: "[]",
        source: sourceOf("topics"),
        ...rule,
      });
    }
    if (uplink["retry.backoff.max.ms"] < uplink["retry.backoff.ms"]) {
      const key = `uplink.${name}.retry.backoff.max.ms`;
      const value = String(uplink["retry.backoff.max.ms"]);
      const source = sourceOf("retry.backoff.max.ms");
      const rule = { fault: "it is below retry.backoff.ms", remedy: "raise it" };
      layers.problems.push({ key, value, source, ...rule });
    }
    for (const { name: setting, fault, remedy } of securityConflicts(uplink)) {
      const option = UPLINK_OPTIONS[setting] as Option<unknown>;
      const value = excerpt(option.show(uplink[setting]));
      layers.problems.push({
        key: `uplink.${name}.${setting}`,
        value,
        source: sourceOf(setting),
        fault,
        remedy,
      });
    }
    return Object.freeze(uplink);
  });
}

/** Every `[bridge.NAME]`, by name. */
export function readBridges(layers: Layers, sources: Map<string, Source>): readonly BridgeSettings[] {
  const read = readNamed("bridge", BRIDGE_OPTIONS, bridgeNameFault, MAX_BRIDGES, layers, sources);
  return read.map(({ name, values, sourceOf }) => {
    const bridge: BridgeSettings = { name, ...(values as SectionValues<typeof BRIDGE_OPTIONS>) };
    for (const { name: setting, fault, remedy } of bridgeConflicts(bridge)) {
      const option = BRIDGE_OPTIONS[setting] as Option<unknown>;
      const key = `bridge.${name}.${setting}`;
      const value = excerpt(option.show(bridge[setting]));
      layers.problems.push({ key, value, source: sourceOf(setting), fault, remedy });
    }
    return Object.freeze(bridge);
  });
}

interface NamedSection {
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Where a setting was given, or else where the section was. */
  readonly sourceOf: (setting: string) => Source;
}

/** Sections of a kind that hold what they must, in the order of their names. */
function readNamed(
  kind: SectionName,
  options: Options,
  nameFault: (name: string) => string | null,
  maxCount: number,
  layers: Layers,
  sources: Map<string, Source>,
): readonly NamedSection[] {
  const byName = new Map<string, Map<string, RawValue>>();
  const pattern = new RegExp(`^${kind}\\.([^.]+)(?:\\.(.+))?$`);
  for (const section of layers.sections.keys()) {
    const name = pattern.exec(section)?.[1];
    if (name !== undefined) byName.set(name, new Map());
  }
  for (const [key, value] of layers.values) {
    const match = pattern.exec(key);
    if (match === null) continue;
    const [, name = "", option = ""] = match;
    byName.set(name, (byName.get(name) ?? new Map<string, RawValue>()).set(option, value));
  }
  const read: NamedSection[] = [];
  for (const [name, given] of [...byName].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const prefix = `${kind}.${name}`;
    const first = layers.sections.get(prefix) ?? [...given.values()][0]?.source ?? { kind: "default" };
    const fault = nameFault(name);
    if (fault !== null) {
      const remedy = `rename the ${kind}`;
      layers.problems.push({ key: prefix, value: null, source: first, fault, remedy });
    }
    const values = readTable(options, prefix, given, first, layers.problems, sources);
    if (values === null) continue;
    read.push({ name, values, sourceOf: (setting) => given.get(setting)?.source ?? first });
  }
  if (read.length > maxCount) {
    const rule = { fault: `${read.length} ${kind}s are too many`, remedy: `keep at most ${maxCount}` };
    layers.problems.push({ key: kind, value: null, source: { kind: "default" }, ...rule });
  }
  return read;
}

/**
 * The routes of `[[mqtt.route]]`, or the default ones where there are none. Where a bridge carries something out, they
 * note how messages were published unless they say otherwise: else retain flags would not cross it.
 */
export function readRoutes(
  layers: Layers,
  sources: Map<string, Source>,
  bridges: readonly BridgeSettings[],
): readonly MqttRouteSettings[] {
  const notesDelivery = bridges.some(({ out }) => out.length > 0);
  const tables = tablesOf(ROUTE_KEY, MAX_ROUTES, layers, sources);
  if (tables === null) return DEFAULT_ROUTES.map((route) => ({ ...route, deliveryHeaders: notesDelivery }));
  const source = sources.get(ROUTE_KEY) ?? { kind: "default" };
  const routes: MqttRouteSettings[] = [];
  for (const [index, table] of tables.entries()) {
    const route = readRoute(`${ROUTE_KEY}[${index}]`, table, source, layers, notesDelivery);
    if (route !== null) routes.push(route);
  }
  return routes;
}

/** The tables of a `[[section]]`, null where there is none; what is wrong with them as a whole is noted. */
export function tablesOf(
  key: string,
  maxTables: number,
  layers: Layers,
  sources: Map<string, Source>,
): readonly Readonly<Record<string, unknown>>[] | null {
  const given = layers.values.get(key);
  sources.set(key, given?.source ?? { kind: "default" });
  if (given === undefined) return null;
  const value = excerpt(given.raw);
  const problem = (fault: string, remedy: string) =>
    layers.problems.push({ key, value, source: given.source, fault, remedy });
  const items = structured({ type: "list" }, given);
  const what = key.slice(key.lastIndexOf(".") + 1);
  if (!Array.isArray(items) || items.some((item) => kindOf(item) !== "a table")) {
    problem("it is not a list of tables", `begin each ${what} with [[${key}]]`);
    return [];
  }
  if (items.length > maxTables) problem(`${items.length} ${what}s are too many`, `keep at most ${maxTables}`);
  return items;
}

function readRoute(
  prefix: string,
  table: Readonly<Record<string, unknown>>,
  whole: Source,
  layers: Layers,
  notesDelivery: boolean,
): MqttRouteSettings | null {
  const at = (key: string): Source =>
    whole.kind === "file" ? { ...whole, line: layers.lines.get(key) ?? whole.line } : whole;
  const given = new Map<string, RawValue>();
  for (const [name, raw] of flattened(table, ROUTE_GROUPS))
    given.set(name, { raw, source: at(`${prefix}.${name}`) });
  const values = readTable(ROUTE_OPTIONS, prefix, given, at(prefix), layers.problems, new Map());
  if (values === null) return null;
  const route = values as RouteValues;
  for (const { name, fault, remedy } of payloadConflicts(route)) {
    const key = `${prefix}.${name}`;
    const value = excerpt(route[name as keyof RouteValues]);
    layers.problems.push({ key, value, source: at(key), fault, remedy });
  }
  const key = keySource(route, route.filter);
  const templates: [string, string][] = [["topic", route.topic]];
  if (typeof key === "string") templates.push(["key", key]);
  for (const [name, template] of Object.entries(route.headers)) templates.push([`headers.${name}`, template]);
  for (const [name, template] of templates) {
    const [unknown] = unknownPlaceholders(route.filter, template, name !== "topic");
    if (unknown === undefined) continue;
    layers.problems.push({
      key: `${prefix}.${name}`,
      value: excerpt(template),
      source: at(`${prefix}.${name}`),
      fault: `{${unknown}} is not a level of the filter ${JSON.stringify(route.filter)}`,
      remedy: `name a level {${unknown}} there${name === "topic" ? "" : ", or use {topic}"}`,
    });
  }
  const { filter, topic, headers, payload } = route;
  return {
    filter,
    topic,
    key,
    headers,
    topicHeader: route["header.topic"],
    deliveryHeaders: given.has("header.delivery") ? route["header.delivery"] : notesDelivery,
    timestamp: timestampSource(route),
    payload,
    split: splitSource(route.split),
    ...routePayloadSettings(route),
    deadLetterTopic: route["errors.deadletterqueue.topic.name"],
  };
}

/** The settings of a table, dotted names put together again: `groups` are those that there are. */
export function flattened(
  table: Readonly<Record<string, unknown>>,
  groups: readonly string[],
  before = "",
): readonly (readonly [string, unknown])[] {
  return Object.entries(table).flatMap(([inner, raw]) => {
    const name = before + inner;
    const isGroup = kindOf(raw) === "a table" && groups.some((group) => group.startsWith(`${name}.`));
    return isGroup ? flattened(raw as Record<string, unknown>, groups, `${name}.`) : [[name, raw] as const];
  });
}

/** Values of a section's settings, or null where one that must be given is not, or is wrong. */
export function readTable(
  options: Options,
  prefix: string,
  given: ReadonlyMap<string, RawValue>,
  where: Source,
  problems: ConfigProblem[],
  sources: Map<string, Source>,
): Record<string, unknown> | null {
  const before = problems.length;
  for (const [name, { raw, source }] of given) {
    if (Object.hasOwn(options, name)) continue;
    const near = didYouMean(name, Object.keys(options));
    const remedy =
      near === null ? `write one of ${Object.keys(options).join(", ")}` : `did you mean ${near}?`;
    const fault = "there is no such setting";
    problems.push({ key: `${prefix}.${name}`, value: excerpt(raw), source, fault, remedy });
  }
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) {
    const key = `${prefix}.${name}`;
    const value = given.get(name);
    sources.set(key, value?.source ?? { kind: "default" });
    if (value !== undefined) values[name] = readValue(option, key, value, problems);
    else if (option.default !== undefined) values[name] = option.default;
    else {
      const remedy = `write ${name} = ..., ${option.range}`;
      problems.push({ key, value: null, source: where, fault: "it is missing", remedy });
    }
  }
  return problems.length > before ? null : values;
}

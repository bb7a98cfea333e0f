import { downlinkFilter, parseDownlinkTemplate } from "./downlink-template.ts";
import { meetFilters } from "./filter-overlap.ts";
import { gatewayTopicFault } from "./gateway-topic.ts";
import { boolean, choice, count, type Option, text } from "./option.ts";
import type { MqttRouteSettings } from "./route-options.ts";
import { parseTemplate } from "./template.ts";

export const DOWNLINK_KEY = "mqtt.downlink";
export const MAX_DOWNLINKS = 64;
const MAX_TOPIC_LENGTH = 249;
const DEAD_LETTER_TOPIC = "dlq.mqtt.downlink";

/** Which topic's records become MQTT messages to which MQTT topics. */
export interface MqttDownlinkSettings {
  /** Its position is kept under this name. */
  readonly name: string;
  readonly topic: string;
  /** See downlink-template.ts. */
  readonly target: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** Where it begins in a topic that is there when it is first started. */
  readonly from: "latest" | "earliest";
  /** Topic of the reports of what became of each record; null for none. */
  readonly reportsTopic: string | null;
  /** Topic of records that make no MQTT topic. */
  readonly deadLetterTopic: string;
}

/** Settings of one `[[mqtt.downlink]]`. */
export const DOWNLINK_OPTIONS = {
  topic: text("a topic's name, for example commands", topicFault, {
    doc: "Topic whose records are published to MQTT clients: those subscribed now, and the sessions of those that are away. Only committed ones, in the order of each partition.",
  }),
  target: text("an MQTT topic, for example devices/{key}/commands", targetFault, {
    doc: "MQTT topic that a record is published to. {key} is the record's key, {key:2} the second of its levels (pump-1 of plant-3/pump-1), {header:NAME} the value of a header; a record that has none of the name, or makes no topic that can be published to, goes to the dead letter topic.",
  }),
  name: text("1 to 64 letters, digits, '.', '_' and '-'", nameFault, {
    default: "",
    defaultText: "the name of the topic",
    doc: "The downlink's position is kept under this name, over restarts and changes of the other settings.",
  }),
  qos: count({
    default: 1,
    min: 0,
    max: 2,
    doc: "QoS of records without a header mqtt.qos; a subscription may lower it.",
  }),
  retain: boolean({
    default: false,
    doc: "Whether records without a header mqtt.retain are retained messages; a record without a value then takes back what is retained. A header mqtt.message-expiry gives a record so many seconds from its timestamp on; one that is no whole number of them makes a dead letter.",
  }),
  from: choice(["latest", "earliest"], {
    default: "latest",
    doc: "Where a new downlink begins in a topic that there is already: with records that come from now on, or with the oldest.",
  }),
  "reports.topic": text("a topic's name, or none", topicFault, {
    default: "none",
    doc: "Topic of delivery reports: a JSON record for each client that a record was for, under the key of the record, with topic, partition, offset, clientId, status (delivered, expired, dropped, nobody) and at. A crash may write a report twice, and seldom take one.",
  }),
  "errors.deadletterqueue.topic.name": text("a topic's name", topicFault, {
    default: DEAD_LETTER_TOPIC,
    doc: "Topic of records that make no MQTT topic, with headers that say why and where they stand.",
  }),
} as const satisfies Record<string, Option<unknown>>;

/** A setting of a downlink that does not go with others. */
export interface DownlinkConflict {
  /** Which of the downlinks. */
  readonly index: number;
  readonly name: keyof typeof DOWNLINK_OPTIONS;
  readonly fault: string;
  readonly remedy: string;
}

/**
 * What is wrong with downlinks together, and with the routes: two under one name, a message that would come to its
 * subscribers by a downlink and once more as a route's record, and records that would go round for ever.
 */
export function downlinkConflicts(
  downlinks: readonly MqttDownlinkSettings[],
  routes: readonly MqttRouteSettings[],
): readonly DownlinkConflict[] {
  const conflicts: DownlinkConflict[] = [];
  const names = new Set<string>();
  for (const [index, downlink] of downlinks.entries()) {
    const { name, topic } = downlink;
    if (names.has(name)) {
      const fault = `there are two downlinks ${JSON.stringify(name)}`;
      conflicts.push({ index, name: "name", fault, remedy: "give each a name of its own" });
    }
    names.add(name);
    const route = echoingRoute(downlink, routes);
    if (route !== null) {
      const fault = `the route ${JSON.stringify(route.filter)} puts what is published there into ${topic}, which this downlink publishes again`;
      conflicts.push({ index, name: "target", fault, remedy: "choose another topic for one of them" });
    }
    if (goesRound(downlink, downlinks)) {
      const fault = `reports or dead letters come back to ${topic}`;
      const which = downlink.reportsTopic === topic ? "reports.topic" : "errors.deadletterqueue.topic.name";
      conflicts.push({ index, name: which, fault, remedy: "choose topics that no downlink reads" });
    }
  }
  return conflicts;
}

/** The route that takes messages to a downlink's target into the topic that it reads. */
function echoingRoute(
  { topic, target }: MqttDownlinkSettings,
  routes: readonly MqttRouteSettings[],
): MqttRouteSettings | null {
  const parts = parseDownlinkTemplate(target);
  if (typeof parts === "string") return null;
  const filter = downlinkFilter(parts);
  for (const route of routes) {
    const meeting = meetFilters(route.filter, filter);
    if (meeting === null) continue;
    if (mayBe(route.topic, topic, meeting.names)) return route;
    if (meeting.coversAll) return null;
  }
  return null;
}

/** Whether a template of a route's topic can make this name. */
function mayBe(template: string, topic: string, names: ReadonlyMap<string, string>): boolean {
  const parts = parseTemplate(template);
  if (typeof parts === "string") return false;
  const source = parts.map((part) => {
    if ("text" in part) return RegExp.escape(part.text);
    const known = names.get(part.name);
    return known === undefined ? "[A-Za-z0-9._-]+" : RegExp.escape(known);
  });
  return new RegExp(`^${source.join("")}$`).test(topic);
}

/** Whether what a downlink writes is read by one, whose writings are read ..., back to its own topic. */
function goesRound(start: MqttDownlinkSettings, downlinks: readonly MqttDownlinkSettings[]): boolean {
  const reached = new Set<string>();
  const next = [start];
  for (let downlink = next.pop(); downlink !== undefined; downlink = next.pop()) {
    for (const topic of [downlink.reportsTopic, downlink.deadLetterTopic]) {
      if (topic === null || reached.has(topic)) continue;
      reached.add(topic);
      next.push(...downlinks.filter((other) => other.topic === topic));
    }
  }
  return reached.has(start.topic);
}

function topicFault(value: string): string | null {
  if (value === "") return "it is empty";
  if (value === "." || value === "..") return "no topic can have this name";
  if (value.length > MAX_TOPIC_LENGTH) return `it is longer than ${MAX_TOPIC_LENGTH} characters`;
  if (!/^[\w.-]+$/.test(value)) return "topics have only letters, digits, '.', '_' and '-'";
  return gatewayTopicFault(value);
}

function targetFault(value: string): string | null {
  const parts = parseDownlinkTemplate(value);
  return typeof parts === "string" ? parts : null;
}

function nameFault(value: string): string | null {
  return /^[\w.-]{1,64}$/.test(value) ? null : "it is not 1 to 64 letters, digits, '.', '_' and '-'";
}

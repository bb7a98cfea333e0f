import { topicNameFault } from "../broker/topic-name.ts";
import { gatewayTopicFault } from "../config/gateway-topic.ts";
import { DeliveryHeaders } from "./delivery-headers.ts";
import type { TimestampRule } from "./payload-timestamp.ts";
import type { DecodedPayload, Origin, Pipeline, SchemaCheck } from "./payloads/pipeline.ts";
import { placementOf, sparkplugTopic } from "./payloads/sparkplug/topic.ts";
import { type HeaderBlock, headerBlock, ROUTE_HEADER, TOPIC_HEADER, withCount } from "./record-headers.ts";
import { invalid, pipelineOf, timestampRule } from "./route-payloads.ts";
import { filterFault, isShared } from "./topics.ts";

/** One way from MQTT topics to a Kafka topic, as the configuration has it. */
export interface RouteConfig {
  /** An MQTT topic filter; a level `{name}` takes one level that is not empty, and gives it a name. */
  readonly filter: string;
  /** Kafka topic; `{name}` is replaced by the level of that name. */
  readonly topic: string;
  /**
   * Record key, with `{name}`s, or `{topic}` for the whole MQTT topic. Null for no key. Left out it is `{key}`
   * where the filter names such a level, else `{topic}`. In decoded payloads also the path of a field; in those of
   * Sparkplug the edge node or device, or its metric.
   */
  readonly key?: string | null | { readonly payload: string } | { readonly sparkplug: "device" | "metric" };
  /** Headers that every record gets beside `mqtt.topic`; values may have `{name}`s and `{topic}`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** False leaves the header `mqtt.topic` out. */
  readonly topicHeader?: boolean;
  /** True adds the headers `mqtt.qos`, `mqtt.retain` and `mqtt.message-expiry`, as the message was published. */
  readonly deliveryHeaders?: boolean;
  /** "arrival" (the default), or the path of a field of the payload, its names joined by dots. */
  readonly timestamp?: "arrival" | { readonly payload: string; readonly format?: "auto" | "json" | "cbor" };
  /** "pass" (the default) leaves payloads as they are; else they are decoded, and their records are JSON text. */
  readonly payload?: "pass" | DecodedPayload;
  /** Path of the array whose items become records of their own, "" for the payload itself. SenML always splits. */
  readonly split?: string | null;
  /** What records have to be like before they are shaped; what is not is a dead letter. */
  readonly schemaCheck?: SchemaCheck | null;
  /** Paths of the fields that records keep; left out or null for all. */
  readonly select?: readonly string[] | null;
  /** New names of fields by their paths. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Conversions of numbers by their paths: one, or in SenML one for each unit. */
  readonly convert?: Readonly<Record<string, readonly string[]>>;
  /** Widths (deadband-width.ts) by the paths of the fields that decide whether a record has changed. */
  readonly deadband?: Readonly<Record<string, string>>;
  /** Time after which an unchanged record is stored; -1 for never. */
  readonly maxSilenceMs?: number;
  readonly sparkplug?: {
    /** Time between two rebirths that an edge node is asked for; -1 for never asking. */
    readonly rebirthIntervalMs: number;
    /** Whether births are kept as retained messages, and deaths get the time of their delivery. */
    readonly isAware: boolean;
  };
  /** Topic of payloads that can't be decoded. */
  readonly deadLetterTopic?: string;
}

/** Where payloads go that can't be decoded, if the route says nothing else. */
const DEFAULT_DEAD_LETTER_TOPIC = "dlq.mqtt";

/** Where a publish to one MQTT topic goes. Shared by all messages of the topic: nobody writes to it. */
export interface Destination {
  readonly topic: string;
  readonly key: Uint8Array | null;
  readonly headers: HeaderBlock;
  /** The headers with their count, as a record without MQTT 5 properties has them. */
  readonly encodedHeaders: Uint8Array | null;
  /** Null for the time of arrival, and where payloads are decoded. */
  readonly timestamp: TimestampRule | null;
  /** Null where payloads are passed as they are. */
  readonly decoding: Decoding | null;
  /** The level that the route's filter names {key}; null where it names none. */
  readonly keyLevel: string | null;
  /** Gives the destination of each message where records say how it was published; else null. */
  readonly delivery: DeliveryHeaders | null;
}

/** What a destination has where payloads are decoded. */
export interface Decoding {
  readonly pipeline: Pipeline;
  readonly origin: Origin;
  /** Whether its messages are deaths that get the time of their delivery. */
  readonly isTimedDeath: boolean;
  /** Decides the partition where a message becomes several records: what the key would be without the payload. */
  readonly placement: Uint8Array;
  readonly deadLetterTopic: string;
  /** The destination's headers, `mqtt.topic` and the route's filter. */
  readonly deadLetterHeaders: HeaderBlock;
}

/** What takes everything that no other route takes. `$`-topics only go where a filter names them. */
export const FALLBACK_ROUTE: RouteConfig = { filter: "#", topic: "mqtt", key: "{topic}" };

/** The routes of a gateway that was not told otherwise. */
export const DEFAULT_ROUTES: readonly RouteConfig[] = [
  { filter: "devices/{key}/#", topic: "telemetry", key: "{key}" },
  FALLBACK_ROUTE,
];

/** Routes in their order; the first that matches takes the message. */
export class RouteTable {
  readonly #routes: readonly Route[];

  /** Throws CONFIG_INVALID with the route and the remedy. The list stands as it is: no fallback is added. */
  constructor(configs: readonly RouteConfig[]) {
    this.#routes = configs.map((config, index) => new Route(config, index));
  }

  /**
   * The destination of a valid MQTT topic. Null where no route takes it; a text says why the route that takes it
   * can't: its template does not make a legal Kafka topic.
   */
  resolve(mqttTopic: string): Destination | string | null {
    const levels = mqttTopic.split("/");
    for (const route of this.#routes) {
      const names = route.match(levels);
      if (names !== null) return route.destination(mqttTopic, names);
    }
    return null;
  }
}

const NAMED_LEVEL = /^\{([A-Za-z][A-Za-z0-9_]*)\}$/;
const PLACEHOLDER = /\{([^{}]*)\}/g;
const WHOLE_TOPIC = "topic";

const encoder = new TextEncoder();

class Route {
  readonly #levels: readonly string[];
  readonly #topic: string;
  readonly #key: string | null;
  readonly #headers: readonly (readonly [string, string])[];
  readonly #topicHeader: boolean;
  readonly #deliveryHeaders: boolean;
  readonly #timestamp: TimestampRule | null;
  readonly #filter: string;
  readonly #placement: string;
  readonly #pipeline: Pipeline | null;
  readonly #deadLetterTopic: string;
  readonly #isAware: boolean;

  constructor(config: RouteConfig, index: number) {
    this.#filter = config.filter;
    this.#levels = config.filter.split("/");
    const names = this.#levels.flatMap((level) => NAMED_LEVEL.exec(level)?.[1] ?? []);
    this.#topic = config.topic;
    const byDefault = names.includes("key") ? "{key}" : "{topic}";
    // Null is an object too: no key at all, as far as the MQTT topic goes.
    this.#key = typeof config.key === "object" ? null : (config.key ?? byDefault);
    this.#placement = this.#key ?? byDefault;
    this.#headers = Object.entries(config.headers ?? {});
    this.#topicHeader = config.topicHeader ?? true;
    this.#deliveryHeaders = config.deliveryHeaders ?? false;
    this.#pipeline = pipelineOf(config, index);
    this.#isAware = config.sparkplug?.isAware ?? false;
    this.#timestamp = this.#pipeline === null ? timestampRule(config) : null;
    this.#deadLetterTopic = config.deadLetterTopic ?? DEFAULT_DEAD_LETTER_TOPIC;
    checkFilter(config, names);
    checkTemplate(config, this.#topic, names);
    const allowed = [...names, WHOLE_TOPIC];
    if (this.#key !== null) checkTemplate(config, this.#key, allowed);
    for (const [, value] of this.#headers) checkTemplate(config, value, allowed);
    if (!this.#topic.includes("{")) {
      const fault = routedTopicFault(this.#topic);
      if (fault !== null) throw invalid(config, fault);
    }
    const fault = routedTopicFault(this.#deadLetterTopic);
    if (fault !== null) throw invalid(config, fault);
  }

  /** The named levels of a topic that this route takes, else null. */
  match(levels: readonly string[]): Map<string, string> | null {
    const names = new Map<string, string>();
    const dollar = levels[0]?.startsWith("$") === true;
    for (let index = 0; index < this.#levels.length; index++) {
      const wanted = this.#levels[index];
      // MQTT-4.7.2-1: no wildcard takes a `$`-topic's first level.
      if (wanted === "#") return dollar && index === 0 ? null : names;
      const level = levels[index];
      if (level === undefined || wanted === undefined) return null;
      const name = NAMED_LEVEL.exec(wanted)?.[1];
      if (name === undefined && wanted !== "+") {
        if (level !== wanted) return null;
        continue;
      }
      if (dollar && index === 0) return null;
      if (name === undefined) continue;
      if (level === "") return null;
      names.set(name, level);
    }
    return levels.length === this.#levels.length ? names : null;
  }

  destination(mqttTopic: string, names: ReadonlyMap<string, string>): Destination | string {
    const topic = fill(this.#topic, names, mqttTopic);
    const fault = routedTopicFault(topic);
    if (fault !== null) return fault;
    const headers = this.#headers.map(
      ([name, value]) => [name, encoder.encode(fill(value, names, mqttTopic))] as const,
    );
    const all = this.#topicHeader
      ? [[TOPIC_HEADER, encoder.encode(mqttTopic)] as const, ...headers]
      : headers;
    const block = headerBlock(all);
    const to: Destination = {
      topic,
      key: this.#key === null ? null : encoder.encode(fill(this.#key, names, mqttTopic)),
      headers: block,
      encodedHeaders: withCount(block),
      timestamp: this.#timestamp,
      decoding: this.#decoding(mqttTopic, names, headers),
      keyLevel: names.get("key") ?? null,
      delivery: null,
    };
    return this.#deliveryHeaders ? { ...to, delivery: new DeliveryHeaders(to) } : to;
  }

  #decoding(
    mqttTopic: string,
    names: ReadonlyMap<string, string>,
    headers: readonly (readonly [string, Uint8Array])[],
  ): Decoding | null {
    const pipeline = this.#pipeline;
    if (pipeline === null) return null;
    const sparkplug = sparkplugTopic(mqttTopic);
    const placement =
      pipeline.isSparkplug && sparkplug !== null
        ? placementOf(sparkplug)
        : fill(this.#placement, names, mqttTopic);
    return {
      pipeline,
      origin: { mqttTopic, sparkplug },
      isTimedDeath: this.#isAware && sparkplug?.kind === "node" && sparkplug.type === "NDEATH",
      placement: encoder.encode(placement),
      deadLetterTopic: this.#deadLetterTopic,
      deadLetterHeaders: headerBlock([
        [TOPIC_HEADER, encoder.encode(mqttTopic)],
        [ROUTE_HEADER, encoder.encode(this.#filter)],
        ...headers,
      ]),
    };
  }
}

/** Why no route can lead to a topic, or null. A device may have named it. */
function routedTopicFault(topic: string): string | null {
  return topicNameFault(topic) ?? gatewayTopicFault(topic);
}

function fill(template: string, names: ReadonlyMap<string, string>, mqttTopic: string): string {
  return template.replace(PLACEHOLDER, (_, name: string) => names.get(name) ?? mqttTopic);
}

function checkFilter(config: RouteConfig, names: readonly string[]): void {
  const plain = config.filter
    .split("/")
    .map((level) => (NAMED_LEVEL.test(level) ? "+" : level))
    .join("/");
  const fault = filterFault(plain);
  if (fault !== null) throw invalid(config, fault);
  if (/[{}]/.test(plain)) throw invalid(config, "a name in braces has to be a whole level, as in a/{name}/b");
  if (isShared(plain))
    throw invalid(config, "a route can't be a shared subscription; leave out '$share/...'");
  if (new Set(names).size < names.length) throw invalid(config, "two levels of the same name");
  if (names.includes(WHOLE_TOPIC))
    throw invalid(config, "a level can't be named {topic}: that is the MQTT topic");
}

function checkTemplate(config: RouteConfig, template: string, names: readonly string[]): void {
  for (const [, name] of template.matchAll(PLACEHOLDER)) {
    if (name !== undefined && names.includes(name)) continue;
    throw invalid(
      config,
      `'${template}' uses {${name ?? ""}}; there is ${names.map((n) => `{${n}}`).join(", ") || "none"}`,
    );
  }
}

import { boolean, type ConfigDefinition, int, listOf, long, ratio, valueFault } from "./config-definition.ts";
import { type ConfigResource, type DynamicConfigs, RESOURCE } from "./dynamic-configs.ts";
import { TOPIC_CONFIGS, topicConfigFault, topicConfigOfBroker } from "./topic-config.ts";

/**
 * Settings of Kafka brokers that its tools change while a broker runs and that mean nothing here: checked, stored
 * and shown. Those that are defaults of topics are in the table of topic settings, and obeyed.
 */
const STORED: readonly ConfigDefinition[] = [
  int("background.threads", "10", 1, null, "There are no threads of this kind."),
  long("log.cleaner.backoff.ms", "15000", 0, "Compaction looks for work once a second."),
  long("log.cleaner.dedupe.buffer.size", "134217728", null, "The map of keys has a bound of its own."),
  ratio("log.cleaner.io.buffer.load.factor", "0.9", "There is no buffer of this kind."),
  int("log.cleaner.io.buffer.size", "524288", 0, null, "There is no buffer of this kind."),
  int("log.cleaner.threads", "1", 0, null, "Compaction runs on the event loop."),
  int("max.connection.creation.rate", "2147483647", 0, null, "Connections are bounded by their number."),
  int("max.connections.per.ip", "2147483647", 0, null, "Connections are bounded by their number."),
  int("num.io.threads", "8", 1, null, "There are no threads of this kind."),
  int("num.network.threads", "3", 1, null, "There are no threads of this kind."),
  int("num.recovery.threads.per.data.dir", "2", 1, null, "There are no threads of this kind."),
  int("num.replica.fetchers", "1", 1, null, "For clusters."),
  boolean("transaction.partition.verification.enable", "true", "Partitions are always verified."),
  listOf("metric.reporters", "", [], "Metrics have a page of their own."),
];

/** Kafka's settings that no running broker takes, and that are none of ours. */
const FIXED = [
  "broker.id",
  "node.id",
  "broker.rack",
  "log.dir",
  "log.dirs",
  "listeners",
  "advertised.listeners",
  "listener.security.protocol.map",
  "controller.listener.names",
  "controller.quorum.voters",
  "default.replication.factor",
  "delete.topic.enable",
  "log.retention.hours",
  "log.retention.minutes",
  "log.roll.hours",
  "offsets.topic.num.partitions",
  "transaction.state.log.num.partitions",
] as const;

const storedByName = new Map(STORED.map((found) => [found.name, found]));
const fixed: ReadonlySet<string> = new Set(FIXED);

/** The definition of a setting that a running broker takes, under the broker's name for it, or null. */
export function dynamicBrokerConfig(name: string): ConfigDefinition | null {
  const topic = topicConfigOfBroker(name);
  return topic === null ? (storedByName.get(name) ?? null) : { ...topic, name };
}

/** All of them. */
export function dynamicBrokerConfigs(): readonly ConfigDefinition[] {
  const ofTopics = TOPIC_CONFIGS.flatMap((found) =>
    found.brokerName === null ? [] : [{ ...found, name: found.brokerName }],
  );
  return [...ofTopics, ...STORED];
}

/**
 * Why settings of a broker, or of all of them, are refused, in Kafka's words; null where they are taken. A name that
 * nobody knows is stored, as Kafka does for plugins; one of a setting that needs a restart is not.
 */
export function brokerConfigFault(
  configs: ReadonlyMap<string, string>,
  isStatic: (name: string) => boolean,
): string | null {
  const refused = [...configs.keys()].filter((name) => {
    const isOfSecurity = /(^|\.)(ssl|sasl)\./.test(name) || name.startsWith("listener.name.");
    return dynamicBrokerConfig(name) === null && (fixed.has(name) || isOfSecurity || isStatic(name));
  });
  if (refused.length > 0) return `Cannot update these configs dynamically: [${refused.join(", ")}]`;
  for (const [name, value] of configs) {
    const found = dynamicBrokerConfig(name);
    const fault = found === null ? null : valueFault(found, name, value);
    if (fault !== null) return fault;
  }
  return topicConfigFault(topicDefaultsOf(configs));
}

/** The settings of topics that a broker's are defaults of, by their own names. */
export function topicDefaultsOf(configs: ReadonlyMap<string, string>): Map<string, string> {
  const defaults = new Map<string, string>();
  for (const [name, value] of configs) {
    const topic = topicConfigOfBroker(name);
    if (topic !== null) defaults.set(topic.name, value);
  }
  return defaults;
}

/** Where a broker's setting can be from, the strongest first; by the broker's names. */
export interface BrokerConfigLayers {
  /** Of this broker, changed while it ran. */
  readonly node: ReadonlyMap<string, string>;
  /** Of all brokers, changed while they ran. */
  readonly cluster: ReadonlyMap<string, string>;
  /** From file, environment and flags: only of settings that are defaults of topics, by the topics' names. */
  readonly topicDefaults: ReadonlyMap<string, string>;
}

export function configLayers(
  stored: DynamicConfigs,
  nodeId: number,
  topicDefaults: ReadonlyMap<string, string>,
): BrokerConfigLayers {
  const of = (name: string) => stored.of({ type: RESOURCE.broker, name });
  return { node: of(String(nodeId)), cluster: of(""), topicDefaults };
}

/** What topics that say nothing themselves go by, by the topics' names. */
export function layeredTopicDefaults(layers: BrokerConfigLayers): ReadonlyMap<string, string> {
  return new Map([
    ...layers.topicDefaults,
    ...topicDefaultsOf(layers.cluster),
    ...topicDefaultsOf(layers.node),
  ]);
}

/** Whether a change of this resource changes what topics go by. */
export function isBrokerResource({ type }: ConfigResource): boolean {
  return type === RESOURCE.broker;
}

import type { Broker } from "../../broker/broker.ts";
import { dynamicBrokerConfig, dynamicBrokerConfigs } from "../../broker/broker-config.ts";
import { CLIENT_METRICS_CONFIGS } from "../../broker/client-metrics-config.ts";
import { type ConfigDefinition, shownValue } from "../../broker/config-definition.ts";
import { RESOURCE } from "../../broker/dynamic-configs.ts";
import { GROUP_CONFIGS } from "../../broker/group-config.ts";
import { TOPIC_CONFIGS, type TopicConfigDefinition } from "../../broker/topic-config.ts";
import type { BrokerConfig } from "../services.ts";
import type { DescribeConfigsResponse } from "../wire/generated/describe-configs-response.ts";

type Entry = DescribeConfigsResponse["results"][number]["configs"][number];
type Synonym = Entry["synonyms"][number];

/** DescribeConfigsResponse.ConfigSource. */
const SOURCE = {
  topic: 1,
  node: 2,
  cluster: 3,
  fixed: 4,
  default: 5,
  logger: 6,
  clientMetrics: 7,
  group: 8,
} as const;

/** DescribeConfigsResponse.ConfigType; 0 is one that nobody knows. */
const TYPE: Readonly<Record<ConfigDefinition["type"], number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  long: 5,
  double: 6,
  list: 7,
};

/** A topic's settings as Kafka's admin clients show them: value in force, where it is from, what it hides. */
export function describeTopicConfigs(own: ReadonlyMap<string, string>, broker: Broker): Entry[] {
  return TOPIC_CONFIGS.filter(({ hidden }) => !hidden).map((definition) => {
    const ownValue = own.get(definition.name);
    const inherited = inheritedBy(definition, broker);
    const synonyms =
      ownValue === undefined
        ? inherited
        : [synonym(definition.name, shownValue(definition, ownValue), SOURCE.topic), ...inherited];
    return entry(definition, synonyms);
  });
}

/** A topic's setting in the broker's layers, under the broker's name for it. */
function inheritedBy(definition: TopicConfigDefinition, broker: Broker): Synonym[] {
  const { brokerName } = definition;
  if (brokerName === null) return [];
  const { node, cluster, topicDefaults } = broker.configLayers;
  const fixed = topicDefaults.get(definition.name);
  const isSet = fixed !== undefined && fixed !== definition.default;
  return layered(definition, brokerName, [
    [node.get(brokerName), SOURCE.node],
    [cluster.get(brokerName), SOURCE.cluster],
    [isSet ? fixed : undefined, SOURCE.fixed],
    [definition.default, SOURCE.default],
  ]);
}

/** This broker's settings: those that it was started with, and those that can change while it runs. */
export function describeBrokerConfigs(configs: readonly BrokerConfig[], broker: Broker): Entry[] {
  const { node, cluster } = broker.configLayers;
  const names = new Set([
    ...configs.map(({ name }) => name),
    ...dynamicBrokerConfigs().map(({ name }) => name),
    ...cluster.keys(),
    ...node.keys(),
  ]);
  const started = new Map(configs.map((config) => [config.name, config]));
  return [...names].map((name) => {
    const definition = dynamicBrokerConfig(name);
    const config = started.get(name);
    if (definition === null) return config === undefined ? unknownEntry(name, broker) : fixedEntry(config);
    const fixed = config === undefined || config.isDefault ? undefined : (config.value ?? undefined);
    const byDefault = config?.isDefault === true ? (config.value ?? definition.default) : definition.default;
    const synonyms = layered(definition, name, [
      [node.get(name), SOURCE.node],
      [cluster.get(name), SOURCE.cluster],
      [fixed, SOURCE.fixed],
      [byDefault, SOURCE.default],
    ]);
    return entry({ ...definition, doc: config?.doc ?? definition.doc }, synonyms);
  });
}

/** Settings of all brokers that were changed while they ran. */
export function describeClusterConfigs(broker: Broker): Entry[] {
  return Array.from(broker.configLayers.cluster, ([name, value]) => {
    const definition = dynamicBrokerConfig(name);
    if (definition === null) return unknownEntry(name, broker);
    return entry(definition, [synonym(name, shownValue(definition, value), SOURCE.cluster)]);
  });
}

export function describeGroupConfigs(
  group: string,
  configs: readonly BrokerConfig[],
  broker: Broker,
): Entry[] {
  const own = broker.configs.of({ type: RESOURCE.group, name: group });
  const started = new Map(configs.map((config) => [config.name, config]));
  return GROUP_CONFIGS.map((definition) => {
    const { name, brokerName } = definition;
    const config = brokerName === null ? undefined : started.get(brokerName);
    const inherited = config?.value ?? definition.default;
    const source = config === undefined || config.isDefault ? SOURCE.default : SOURCE.fixed;
    const ownValue = own.get(name);
    const synonyms = [synonym(brokerName ?? name, inherited, source)];
    if (ownValue !== undefined)
      synonyms.unshift(synonym(name, shownValue(definition, ownValue), SOURCE.group));
    return entry(definition, synonyms);
  });
}

export function describeClientMetrics(subscription: string, broker: Broker): Entry[] {
  const own = broker.configs.of({ type: RESOURCE.clientMetrics, name: subscription });
  return CLIENT_METRICS_CONFIGS.map((definition) => {
    const value = own.get(definition.name);
    if (value !== undefined)
      return entry(definition, [
        synonym(definition.name, shownValue(definition, value), SOURCE.clientMetrics),
      ]);
    return { ...entry(definition, []), value: definition.default };
  });
}

/** The one logger there is, with the level that the broker was started with. */
export function describeLoggers(configs: readonly BrokerConfig[]): Entry[] {
  const level = configs.find(({ name }) => name === "log.level")?.value ?? "info";
  return [
    {
      name: "root",
      value: level.toUpperCase(),
      readOnly: false,
      configSource: SOURCE.logger,
      isSensitive: false,
      synonyms: [],
      configType: 0,
      documentation: null,
    },
  ];
}

/** Values of a setting by layer, the strongest first. */
function layered(
  definition: ConfigDefinition,
  name: string,
  layers: readonly (readonly [value: string | undefined, source: number])[],
): Synonym[] {
  return layers.flatMap(([value, source]) =>
    value === undefined ? [] : [synonym(name, shownValue(definition, value), source)],
  );
}

function synonym(name: string, value: string | null, source: number): Synonym {
  return { name, value, source };
}

function entry(definition: ConfigDefinition, synonyms: Synonym[]): Entry {
  return {
    name: definition.name,
    value: synonyms[0]?.value ?? definition.default,
    readOnly: false,
    configSource: synonyms[0]?.source ?? SOURCE.default,
    isSensitive: false,
    synonyms,
    configType: TYPE[definition.type],
    documentation: definition.doc,
  };
}

/** A setting that only a restart changes. */
function fixedEntry({ name, value, isDefault, isSensitive, type, doc }: BrokerConfig): Entry {
  const source = isDefault ? SOURCE.default : SOURCE.fixed;
  const shown = isSensitive ? null : value;
  return {
    name,
    value: shown,
    readOnly: true,
    configSource: source,
    isSensitive,
    synonyms: [synonym(name, shown, source)],
    configType: TYPE[type],
    documentation: doc,
  };
}

/** A setting that nobody knows may be a secret, as in Kafka. */
function unknownEntry(name: string, broker: Broker): Entry {
  const source = broker.configLayers.node.has(name) ? SOURCE.node : SOURCE.cluster;
  return {
    name,
    value: null,
    readOnly: true,
    configSource: source,
    isSensitive: true,
    synonyms: [synonym(name, null, source)],
    configType: 0,
    documentation: null,
  };
}

import {
  effectiveTopicConfig,
  TOPIC_CONFIGS,
  type TopicConfigDefinition,
} from "../../broker/topic-config.ts";
import type { BrokerConfig } from "../services.ts";
import type { DescribeConfigsResponse } from "../wire/generated/describe-configs-response.ts";

type Entry = DescribeConfigsResponse["results"][number]["configs"][number];

/** DescribeConfigsResponse.ConfigSource. */
const SOURCE_TOPIC = 1;
const SOURCE_STATIC_BROKER = 4;
const SOURCE_DEFAULT = 5;

/** DescribeConfigsResponse.ConfigType. */
const TYPE: Readonly<Record<TopicConfigDefinition["type"], number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  long: 5,
  double: 6,
  list: 7,
};

/** A topic's settings as Kafka's admin clients show them: value in force, where it is from, what it hides. */
export function describeTopicConfigs(
  own: ReadonlyMap<string, string>,
  defaults: ReadonlyMap<string, string>,
): Entry[] {
  return TOPIC_CONFIGS.map((definition) => {
    const { name } = definition;
    const synonyms: Entry["synonyms"][number][] = [];
    const ownValue = own.get(name);
    const defaultValue = defaults.get(name);
    if (ownValue !== undefined) synonyms.push({ name, value: ownValue, source: SOURCE_TOPIC });
    if (defaultValue !== undefined)
      synonyms.push({ name, value: defaultValue, source: SOURCE_STATIC_BROKER });
    synonyms.push({ name, value: definition.default, source: SOURCE_DEFAULT });
    return {
      name,
      value: effectiveTopicConfig(name, own, defaults),
      readOnly: false,
      configSource: synonyms[0]?.source ?? SOURCE_DEFAULT,
      isSensitive: false,
      synonyms,
      configType: TYPE[definition.type],
      documentation: definition.doc,
    };
  });
}

export function describeBrokerConfigs(configs: readonly BrokerConfig[]): Entry[] {
  return configs.map(({ name, value, isDefault, isSensitive, type, doc }) => {
    const source = isDefault ? SOURCE_DEFAULT : SOURCE_STATIC_BROKER;
    const shown = isSensitive ? null : value;
    return {
      name,
      value: shown,
      readOnly: true,
      configSource: source,
      isSensitive,
      synonyms: [{ name, value: shown, source }],
      configType: TYPE[type],
      documentation: doc,
    };
  });
}

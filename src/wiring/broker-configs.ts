import { OPTION_ENTRIES, type Settings } from "../config/options.ts";
import { settingText } from "../config/reference.ts";
import type { BrokerConfig } from "../kafka/services.ts";

/** The settings as Kafka's admin clients see a broker's. Those of sections (uplinks, routes) are not among them. */
export function brokerConfigs(settings: Settings): readonly BrokerConfig[] {
  return OPTION_ENTRIES.map(([name, option]) => ({
    name,
    value: settingText(settings, name),
    isDefault: option.default !== undefined && option.show(settings[name]) === option.show(option.default),
    isSensitive: false,
    type: TYPES[option.type] ?? "string",
    doc: option.doc,
  }));
}

/** Types of options as Kafka names them; what is not here is a string. */
const TYPES: Readonly<Record<string, BrokerConfig["type"]>> = {
  boolean: "boolean",
  number: "long",
  duration: "long",
  size: "long",
  list: "list",
};

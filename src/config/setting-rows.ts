import { BRIDGE_OPTIONS } from "./bridge-options.ts";
import { isLive } from "./live.ts";
import { DOWNLINK_KEY } from "./mqtt-downlink-options.ts";
import type { Option } from "./option.ts";
import { OPTION_ENTRIES, type Settings } from "./options.ts";
import { formatSource, type Source } from "./problem.ts";
import { ROUTE_KEY } from "./raw-values.ts";
import { UPLINK_OPTIONS } from "./uplink-options.ts";

/** A setting in force, one by one: routes and the like are one setting each. */
export interface SettingRow {
  readonly key: string;
  /** As it would be written in the file, without quotes; a secret is hidden. */
  readonly value: string;
  /** Null where the setting has to be given. */
  readonly default: string | null;
  readonly source: string;
  readonly doc: string;
  /** Whether a change is taken over at the next start only. */
  readonly restart: boolean;
}

type Values = Readonly<Record<string, unknown>>;

/** All settings in force, uplinks' and bridges' included, with where each is from. */
export function settingRows(settings: Settings, sources: ReadonlyMap<string, Source>): readonly SettingRow[] {
  const row = (key: string, option: Option<unknown>, value: unknown): SettingRow => ({
    key,
    value: option.show(value),
    default: option.defaultText ?? (option.default === undefined ? null : option.show(option.default)),
    source: formatSource(sources.get(key) ?? { kind: "default" }),
    doc: option.doc,
    restart: !isLive(key),
  });
  const section = (prefix: string, options: object, values: Values) =>
    (Object.entries(options) as (readonly [string, Option<unknown>])[]).map(([name, option]) =>
      row(`${prefix}.${name}`, option, values[name]),
    );
  const list = (key: string, doc: string, value: unknown): SettingRow => ({
    ...{ key, value: JSON.stringify(value), default: null, doc, restart: true },
    source: formatSource(sources.get(key) ?? { kind: "default" }),
  });
  return [
    ...OPTION_ENTRIES.map(([name, option]) => row(name, option, settings[name])),
    ...settings.uplinks.flatMap((uplink) => section(`uplink.${uplink.name}`, UPLINK_OPTIONS, { ...uplink })),
    ...settings.bridges.flatMap((bridge) => section(`bridge.${bridge.name}`, BRIDGE_OPTIONS, { ...bridge })),
    list(ROUTE_KEY, "Which MQTT messages become records of which topic.", settings.mqttRoutes),
    list(DOWNLINK_KEY, "Topics whose records are published to MQTT clients.", settings.mqttDownlinks),
  ];
}

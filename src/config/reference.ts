import { BRIDGE_OPTIONS, type BridgeSettings } from "./bridge-options.ts";
import { downlinkValues } from "./downlink-section.ts";
import { isLive } from "./live.ts";
import { DOWNLINK_KEY, DOWNLINK_OPTIONS } from "./mqtt-downlink-options.ts";
import { NAMED_SECTIONS } from "./named-sections.ts";
import type { Option } from "./option.ts";
import { OPTION_ENTRIES, OPTIONS, type SettingName, type Settings } from "./options.ts";
import { formatSource, type Source } from "./problem.ts";
import { environmentName, ROUTE_KEY } from "./raw-values.ts";
import { type MqttRouteSettings, payloadSettings, ROUTE_OPTIONS } from "./route-options.ts";
import { UPLINK_MIRROR_OPTIONS } from "./uplink-mirror-options.ts";
import { UPLINK_OPTIONS, type UplinkSettings } from "./uplink-options.ts";
import { UPLINK_ROUTE_OPTIONS } from "./uplink-route-options.ts";

const UPLINK_ROUTE_PREFIX = "uplink.NAME.route.";
const UPLINK_MIRROR_PREFIX = "uplink.NAME.mirror.";

/** A setting as the reference has it. */
export interface SettingDoc {
  readonly key: string;
  readonly type: string;
  readonly default: string | null;
  readonly range: string;
  readonly env: string | null;
  readonly flag: string | null;
  readonly doc: string;
  /** Whether a change is taken over at the next start only. */
  readonly restart: boolean;
}

/** All settings, sections' included (`uplink.NAME.bootstrap`, `mqtt.route.filter`). */
export function settingDocs(): readonly SettingDoc[] {
  const plain = OPTION_ENTRIES.map(([key, option]) => settingDoc(key, option, environmentName(key)));
  const named = Object.entries(NAMED_SECTIONS).flatMap(([section, options]) =>
    entries(options).map(([name, option]) =>
      settingDoc(`${section}.NAME.${name}`, option, environmentName(`${section}.NAME.${name}`)),
    ),
  );
  const route = entries(ROUTE_OPTIONS).map(([name, option]) =>
    settingDoc(`${ROUTE_KEY}.${name}`, option, null),
  );
  const downlink = entries(DOWNLINK_OPTIONS).map(([name, option]) =>
    settingDoc(`${DOWNLINK_KEY}.${name}`, option, null),
  );
  const uplinkRoute = entries(UPLINK_ROUTE_OPTIONS).map(([name, option]) =>
    settingDoc(`${UPLINK_ROUTE_PREFIX}${name}`, option, null),
  );
  const uplinkMirror = entries(UPLINK_MIRROR_OPTIONS).map(([name, option]) =>
    settingDoc(`${UPLINK_MIRROR_PREFIX}${name}`, option, null),
  );
  return [...plain, ...named, ...uplinkRoute, ...uplinkMirror, ...route, ...downlink];
}

const INTRODUCTION = `# Settings

Every setting has a default; a gateway runs without any file. A value is taken from the command line's own flag,
else from \`--set KEY=VALUE\`, else from the environment (\`${environmentName("kafka.listen")}\` is \`kafka.listen\`), else from the TOML
file that \`--config\` or \`HEADWATER_CONFIG\` names, else it is the default. \`headwater config print\` shows what is in
force and where it came from; \`headwater config check FILE\` checks a file. Names are Apache Kafka's where Kafka has
a setting for the same thing.

Durations are milliseconds or have units (\`500ms\`, \`30s\`, \`15m\`, \`12h\`, \`7d\`, \`1h30m\`), sizes are bytes or have units
(\`64KiB\`, \`16MiB\`, \`1GB\`); in the file a value with a unit stands in quotes. Lists are comma-separated where they
are text. Settings are read at the start; those marked
_live_ also when the gateway is told to read them again (SIGHUP, \`headwater config reload\`), and so are the contents of users, rules
and certificates.
`;

const UPLINK_INTRODUCTION = `## [uplink.NAME]

A central Apache Kafka that topics are carried to; there may be several, each with a name of a-z, 0-9, \`_\` and \`-\`.
In the environment the name is in capitals: \`${environmentName("uplink.central.bootstrap")}\`.
`;

const UPLINK_ROUTE_INTRODUCTION = `## [[uplink.NAME.route]]

Which local topics an uplink carries, what they are called at the centre, and which of their records go up. The first
route that names a topic takes it; what no route and no \`topics\` names stays here. What a route leaves out is counted as
filtered; positions move past it. \`headwater.gaps\` always goes up, whole. As text:
\`[{topics = ["telemetry"], topic = "{site}.telemetry", keys = ["press-*"]}]\`.
`;

const UPLINK_MIRROR_INTRODUCTION = `## [[uplink.NAME.mirror]]

A topic of the centre that is copied to the gateway, exactly once, through the uplink's link: commands, configuration, reference
data. A \`[[mqtt.downlink]]\` takes what comes to devices. As text: \`[{topic = "commands", keys = ["{gateway}/*"]}]\`.
`;

const BRIDGE_INTRODUCTION = `## [bridge.NAME]

Another MQTT broker that messages are carried from and to; there may be several, each with a name as uplinks have.
\`in\` and \`out\` are lists of rules: \`filter\`, \`qos\` (default 1), \`local.prefix\` and \`remote.prefix\` (default empty, plain text,
slash included), as in mosquitto's \`topic\`. For \`both\` write the rule in both lists.
`;

const ROUTE_INTRODUCTION = `## [[mqtt.route]]

Which MQTT messages become records of which topic. The first route whose filter matches takes the message; what no
route matches is refused, so that nothing is acknowledged that is nowhere kept: end with a route for \`#\` to take the rest.
Without any route in the configuration there are two:
\`devices/{key}/#\` to \`telemetry\` with key \`{key}\`, and \`#\` to \`mqtt\` with key \`{topic}\`. As text, in \`--set\` or the
environment (\`${environmentName(ROUTE_KEY)}\`): \`[{filter = "a/{key}", topic = "t"}]\`.
`;

const DOWNLINK_INTRODUCTION = `## [[mqtt.downlink]]

Topics whose records are published to MQTT clients, for example commands to devices. A record is delivered, not stored
again. Each downlink keeps its position, so that it goes on where it was: for sessions that outlive their connection
exactly once, whatever crashes. A downlink is refused where a route would bring what is published to its target into the
topic that it reads. As text (\`${environmentName(DOWNLINK_KEY)}\`): \`[{topic = "commands", target = "devices/{key}/commands"}]\`.
`;

/** The reference as Markdown. */
export function referenceMarkdown(): string {
  const docs = settingDocs();
  const of = (prefix: string) => docs.filter(({ key }) => key.startsWith(prefix));
  const uplinkRoute = of(UPLINK_ROUTE_PREFIX);
  const uplinkMirror = of(UPLINK_MIRROR_PREFIX);
  const uplink = of("uplink.NAME.").filter(
    (doc) => !uplinkRoute.includes(doc) && !uplinkMirror.includes(doc),
  );
  const bridge = of("bridge.NAME.");
  const route = of(`${ROUTE_KEY}.`);
  const downlink = of(`${DOWNLINK_KEY}.`);
  const sections = new Set([...uplink, ...uplinkRoute, ...uplinkMirror, ...bridge, ...route, ...downlink]);
  const plain = docs.filter((doc) => !sections.has(doc));
  return [
    INTRODUCTION,
    settingList(plain, ""),
    UPLINK_INTRODUCTION,
    settingList(uplink, "uplink.NAME."),
    UPLINK_ROUTE_INTRODUCTION,
    settingList(uplinkRoute, UPLINK_ROUTE_PREFIX),
    UPLINK_MIRROR_INTRODUCTION,
    settingList(uplinkMirror, UPLINK_MIRROR_PREFIX),
    BRIDGE_INTRODUCTION,
    settingList(bridge, "bridge.NAME."),
    ROUTE_INTRODUCTION,
    settingList(route, `${ROUTE_KEY}.`),
    DOWNLINK_INTRODUCTION,
    settingList(downlink, `${DOWNLINK_KEY}.`),
  ].join("\n");
}

/** The settings in force as a TOML file, each with where it came from. Read back, it gives the same settings but for secrets. */
export function settingsToml(settings: Settings, sources: ReadonlyMap<string, Source>): string {
  const line = (name: string, option: Option<unknown>, value: unknown, key: string) => {
    const source = sources.get(key);
    const comment = source === undefined ? "" : `  # ${formatSource(source)}`;
    // Nobody could read a secret back; and its name may be the beginning of another one's, which TOML refuses.
    return `${option.type === "secret" ? "# " : ""}${name} = ${tomlValue(option, value)}${comment}`;
  };
  const sections = [
    OPTION_ENTRIES.map(([name, option]) => line(name, option, settings[name], name)).join("\n"),
    ...settings.uplinks.map((uplink) => {
      const lines = entries(UPLINK_OPTIONS).map(([name, option]) =>
        line(name, option, uplink[name as keyof UplinkSettings], `uplink.${uplink.name}.${name}`),
      );
      return [`[uplink.${uplink.name}]`, ...lines].join("\n");
    }),
    ...settings.bridges.map((bridge) => {
      const lines = entries(BRIDGE_OPTIONS).map(([name, option]) =>
        line(name, option, bridge[name as keyof BridgeSettings], `bridge.${bridge.name}.${name}`),
      );
      return [`[bridge.${bridge.name}]`, ...lines].join("\n");
    }),
    ...settings.mqttRoutes.map((route, index) => {
      const source = index === 0 ? sources.get(ROUTE_KEY) : undefined;
      const comment = source === undefined ? "" : `  # ${formatSource(source)}`;
      const values = routeValues(route);
      const lines = entries(ROUTE_OPTIONS).map(([name, option]) => line(name, option, values[name], ""));
      return [`[[${ROUTE_KEY}]]${comment}`, ...lines].join("\n");
    }),
    ...settings.mqttDownlinks.map((downlink, index) => {
      const source = index === 0 ? sources.get(DOWNLINK_KEY) : undefined;
      const comment = source === undefined ? "" : `  # ${formatSource(source)}`;
      const values: Readonly<Record<string, unknown>> = downlinkValues(downlink);
      const lines = entries(DOWNLINK_OPTIONS).map(([name, option]) => line(name, option, values[name], ""));
      return [`[[${DOWNLINK_KEY}]]${comment}`, ...lines].join("\n");
    }),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** The settings in force as one JSON value: texts and numbers as they would be written, with their sources. */
export function settingsJson(settings: Settings, sources: ReadonlyMap<string, Source>): object {
  const shown = (option: Option<unknown>, value: unknown, key: string) => ({
    value: typeof value === "object" ? jsonValue(option, value) : value,
    source: formatSource(sources.get(key) ?? { kind: "default" }),
  });
  return {
    settings: Object.fromEntries(
      OPTION_ENTRIES.map(([name, option]) => [name, shown(option, settings[name], name)]),
    ),
    uplinks: Object.fromEntries(
      settings.uplinks.map((uplink) => [
        uplink.name,
        Object.fromEntries(
          entries(UPLINK_OPTIONS).map(([name, option]) => [
            name,
            shown(option, uplink[name as keyof UplinkSettings], `uplink.${uplink.name}.${name}`),
          ]),
        ),
      ]),
    ),
    bridges: Object.fromEntries(
      settings.bridges.map((bridge) => [
        bridge.name,
        Object.fromEntries(
          entries(BRIDGE_OPTIONS).map(([name, option]) => [
            name,
            shown(option, bridge[name as keyof BridgeSettings], `bridge.${bridge.name}.${name}`),
          ]),
        ),
      ]),
    ),
    [ROUTE_KEY]: {
      value: settings.mqttRoutes,
      source: formatSource(sources.get(ROUTE_KEY) ?? { kind: "default" }),
    },
    [DOWNLINK_KEY]: {
      value: settings.mqttDownlinks,
      source: formatSource(sources.get(DOWNLINK_KEY) ?? { kind: "default" }),
    },
  };
}

/** A setting's value as text, in the unit that Kafka's tools expect: plain numbers for sizes and times. */
export function settingText(settings: Settings, name: SettingName): string {
  const value = settings[name];
  return typeof value === "number" ? String(value) : (OPTIONS[name] as Option<unknown>).show(value);
}

function entries(options: object): readonly (readonly [string, Option<unknown>])[] {
  return Object.entries(options) as (readonly [string, Option<unknown>])[];
}

function settingDoc(key: string, option: Option<unknown>, env: string | null): SettingDoc {
  const shown = option.default === undefined ? null : option.show(option.default);
  return {
    key,
    type: option.type,
    default: option.defaultText ?? shown,
    range: option.range,
    env,
    flag: option.flag === undefined ? null : `--${option.flag}`,
    doc: option.doc,
    restart: !isLive(key),
  };
}

/** A list rather than a table: it is read on terminals too, and its lines stay as short as their texts. */
function settingList(docs: readonly SettingDoc[], prefix: string): string {
  const items = docs.map(({ key, default: byDefault, range, doc, flag, restart }) => {
    const name = `\`${key.slice(prefix.length)}\`${flag === null ? "" : ` (\`${flag}\`)`}`;
    const given = byDefault === null ? "must be given" : `default \`${byDefault}\``;
    return `- ${name}, ${given}; \`${range}\`${restart ? "" : "; live"}\n  ${doc}`;
  });
  return `${items.join("\n")}\n`;
}

function tomlValue(option: Option<unknown>, value: unknown): string {
  if (typeof value === "boolean") return String(value);
  const text = option.show(value);
  if (option.type === "list" || option.type === "table") return text;
  return typeof value === "number" && /^-?\d+$/.test(text) ? text : JSON.stringify(text);
}

function jsonValue(option: Option<unknown>, value: unknown): unknown {
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : option.show(value);
}

function routeValues(route: MqttRouteSettings): Readonly<Record<string, unknown>> {
  const { filter, topic, headers, topicHeader, deliveryHeaders, deadLetterTopic } = route;
  return {
    filter,
    topic,
    ...payloadSettings(route),
    headers,
    "header.topic": topicHeader,
    "header.delivery": deliveryHeaders,
    "errors.deadletterqueue.topic.name": deadLetterTopic,
  };
}

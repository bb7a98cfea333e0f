import {
  DOWNLINK_KEY,
  DOWNLINK_OPTIONS,
  downlinkConflicts,
  MAX_DOWNLINKS,
  type MqttDownlinkSettings,
} from "./mqtt-downlink-options.ts";
import type { SectionValues } from "./option.ts";
import { excerpt, type Source } from "./problem.ts";
import type { Layers, RawValue } from "./raw-values.ts";
import type { MqttRouteSettings } from "./route-options.ts";
import { flattened, readTable, tablesOf } from "./sections.ts";

type DownlinkValues = SectionValues<typeof DOWNLINK_OPTIONS>;

const NO_TOPIC = "none";
/** Names with dots: in the file they may be tables. */
const GROUPS = Object.keys(DOWNLINK_OPTIONS).filter((name) => name.includes("."));

/** The downlinks of `[[mqtt.downlink]]`; what is wrong goes to the layers' problems. */
export function readDownlinks(
  layers: Layers,
  sources: Map<string, Source>,
  routes: readonly MqttRouteSettings[],
): readonly MqttDownlinkSettings[] {
  const tables = tablesOf(DOWNLINK_KEY, MAX_DOWNLINKS, layers, sources) ?? [];
  const downlinks: MqttDownlinkSettings[] = [];
  const places: ((name: string) => Source)[] = [];
  const whole = sources.get(DOWNLINK_KEY) ?? { kind: "default" };
  for (const [index, table] of tables.entries()) {
    const prefix = `${DOWNLINK_KEY}[${index}]`;
    const at = (key: string): Source =>
      whole.kind === "file" ? { ...whole, line: layers.lines.get(key) ?? whole.line } : whole;
    const given = new Map<string, RawValue>();
    for (const [name, raw] of flattened(table, GROUPS))
      given.set(name, { raw, source: at(`${prefix}.${name}`) });
    const values = readTable(DOWNLINK_OPTIONS, prefix, given, at(prefix), layers.problems, new Map());
    if (values === null) continue;
    downlinks.push(downlinkOf(values as DownlinkValues));
    places.push((name) => given.get(name)?.source ?? at(prefix));
  }
  if (layers.problems.length > 0) return downlinks;
  for (const { index, name, fault, remedy } of downlinkConflicts(downlinks, routes)) {
    const downlink = downlinks[index];
    const value = downlink === undefined ? null : excerpt(downlinkValues(downlink)[name]);
    const source = places[index]?.(name) ?? whole;
    layers.problems.push({ key: `${DOWNLINK_KEY}[${index}].${name}`, value, source, fault, remedy });
  }
  return downlinks;
}

function downlinkOf(values: DownlinkValues): MqttDownlinkSettings {
  const reports = values["reports.topic"];
  return {
    name: values.name === "" ? values.topic : values.name,
    topic: values.topic,
    target: values.target,
    qos: values.qos === 0 ? 0 : values.qos === 1 ? 1 : 2,
    retain: values.retain,
    from: values.from,
    reportsTopic: reports === NO_TOPIC ? null : reports,
    deadLetterTopic: values["errors.deadletterqueue.topic.name"],
  };
}

/** The settings of a downlink as they would be written. */
export function downlinkValues(downlink: MqttDownlinkSettings): DownlinkValues {
  const { name, topic, target, qos, retain, from, reportsTopic, deadLetterTopic } = downlink;
  return {
    topic,
    target,
    name,
    qos,
    retain,
    from,
    "reports.topic": reportsTopic ?? NO_TOPIC,
    "errors.deadletterqueue.topic.name": deadLetterTopic,
  };
}

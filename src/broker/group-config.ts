import {
  boolean,
  type ConfigDefinition,
  definition,
  int,
  oneOf,
  shortened,
  valueFault,
} from "./config-definition.ts";
import { topicNameFault } from "./topic-name.ts";

/** A setting of a group (KIP-848, KIP-932, KIP-1071). */
export interface GroupConfigDefinition extends ConfigDefinition {
  /** The broker's setting for groups that say nothing themselves; null where there is none. */
  readonly brokerName: string | null;
  /** The broker's settings that bound it, and what they are where the broker has none of that name; null: no bound. */
  readonly min: Bound | null;
  readonly max: Bound | null;
}

interface Bound {
  readonly name: string;
  readonly default: number;
}

/** Finds a setting of the broker by name; null where it has none. */
export type BrokerSetting = (name: string) => string | null;

export const GROUP_CONFIGS: readonly GroupConfigDefinition[] = [
  bounded(
    "consumer",
    "assignment.interval.ms",
    "1000",
    0,
    0,
    15000,
    "Shortest time between two assignments.",
  ),
  bounded("consumer", "heartbeat.interval.ms", "5000", 1, 5000, 15000, "How often members send heartbeats."),
  bounded(
    "consumer",
    "session.timeout.ms",
    "45000",
    1,
    45000,
    60000,
    "Silence after which a member is taken for gone.",
  ),
  // Of Kafka 4.4 (KIP-1191); there the topic has to be prepared, and records are copied only where that is asked for.
  alone(
    boolean(
      "errors.deadletterqueue.copy.record.enable",
      "true",
      "Whether dead letters carry key, value and headers of the record, or its place alone.",
    ),
  ),
  alone(
    definition(
      "errors.deadletterqueue.topic.name",
      "string",
      "",
      "Topic for records that a share group gives up; made where it is missing. Empty: they are archived.",
      (value) => (value === "" ? null : deadLetterTopicFault(value)),
    ),
  ),
  bounded("share", "assignment.interval.ms", "1000", 0, 0, 15000, "Shortest time between two assignments."),
  alone(
    definition(
      "share.auto.offset.reset",
      "string",
      "latest",
      "Where a share group begins in a partition.",
      offsetResetFault,
    ),
  ),
  bounded(
    "share",
    "delivery.count.limit",
    "5",
    2,
    2,
    10,
    "Deliveries of a record after which it is given up.",
  ),
  bounded("share", "heartbeat.interval.ms", "5000", 1, 5000, 15000, "How often members send heartbeats."),
  alone(
    oneOf(
      "share.isolation.level",
      "read_uncommitted",
      ["read_committed", "read_uncommitted"],
      "Whether records of transactions that were not committed are delivered.",
    ),
  ),
  bounded(
    "share",
    "partition.max.record.locks",
    "2000",
    100,
    100,
    4000,
    "Records of a partition under way at once.",
  ),
  bounded(
    "share",
    "record.lock.duration.ms",
    "30000",
    1000,
    15000,
    60000,
    "How long a member may keep a record.",
  ),
  alone(
    boolean("share.renew.acknowledge.enable", "true", "Whether members may extend the time for a record."),
  ),
  bounded(
    "share",
    "session.timeout.ms",
    "45000",
    1,
    45000,
    60000,
    "Silence after which a member is taken for gone.",
  ),
  bounded(
    "streams",
    "assignment.interval.ms",
    "1000",
    0,
    0,
    15000,
    "For streams groups, which are not served.",
  ),
  bounded(
    "streams",
    "heartbeat.interval.ms",
    "5000",
    1,
    5000,
    15000,
    "For streams groups, which are not served.",
  ),
  {
    ...int(
      "streams.initial.rebalance.delay.ms",
      "3000",
      0,
      null,
      "For streams groups, which are not served.",
    ),
    brokerName: "group.streams.initial.rebalance.delay.ms",
    min: null,
    max: null,
  },
  {
    ...int("streams.num.standby.replicas", "0", 0, null, "For streams groups, which are not served."),
    brokerName: "group.streams.num.standby.replicas",
    min: null,
    max: { name: "group.streams.max.standby.replicas", default: 2 },
  },
  bounded(
    "streams",
    "session.timeout.ms",
    "45000",
    1,
    45000,
    60000,
    "For streams groups, which are not served.",
  ),
];

const byName = new Map(GROUP_CONFIGS.map((found) => [found.name, found]));

/** Says which setting of a group is refused and why, as Kafka's GroupConfig does, or null. */
export function groupConfigFault(configs: ReadonlyMap<string, string>, broker: BrokerSetting): string | null {
  for (const name of configs.keys()) {
    if (!byName.has(name)) return `Unknown group config name: ${shortened(name)}`;
  }
  for (const [name, value] of configs) {
    const found = byName.get(name);
    const fault = found === undefined ? null : valueFault(found, name, value);
    if (fault !== null) return fault;
  }
  for (const [name, value] of configs) {
    const found = byName.get(name);
    const fault = found === undefined ? null : boundFault(found, Number(value), broker);
    if (fault !== null) return fault;
  }
  return orderFault(configs, broker);
}

/** The value in force: the group's own, else the broker's, else Kafka's. */
export function effectiveGroupConfig(
  found: GroupConfigDefinition,
  own: ReadonlyMap<string, string>,
  broker: BrokerSetting,
): string {
  const inherited = found.brokerName === null ? null : broker(found.brokerName);
  return own.get(found.name) ?? inherited ?? found.default;
}

function boundFault(
  { name, min, max }: GroupConfigDefinition,
  value: number,
  broker: BrokerSetting,
): string | null {
  if (min !== null && value < Number(broker(min.name) ?? min.default)) {
    return `${name} must be greater than or equal to ${min.name}`;
  }
  if (max !== null && value > Number(broker(max.name) ?? max.default)) {
    return `${name} must be less than or equal to ${max.name}`;
  }
  return null;
}

/** A session lasts longer than the time between two heartbeats. */
function orderFault(configs: ReadonlyMap<string, string>, broker: BrokerSetting): string | null {
  for (const kind of ["consumer", "share", "streams"]) {
    const [session, heartbeat] = [`${kind}.session.timeout.ms`, `${kind}.heartbeat.interval.ms`];
    const value = (name: string) => {
      const found = byName.get(name);
      return found === undefined ? 0 : Number(effectiveGroupConfig(found, configs, broker));
    };
    if (value(session) <= value(heartbeat)) return `${session} must be greater than ${heartbeat}`;
  }
  return null;
}

function bounded(
  kind: "consumer" | "share" | "streams",
  name: string,
  byDefault: string,
  least: number,
  min: number,
  max: number,
  doc: string,
): GroupConfigDefinition {
  return {
    ...int(`${kind}.${name}`, byDefault, least, null, doc),
    brokerName: `group.${kind}.${name}`,
    min: { name: `group.${kind}.min.${name}`, default: min },
    max: { name: `group.${kind}.max.${name}`, default: max },
  };
}

function alone(found: ConfigDefinition): GroupConfigDefinition {
  return { ...found, brokerName: null, min: null, max: null };
}

function deadLetterTopicFault(value: string): string | null {
  const fault = topicNameFault(value) ?? (value.startsWith("__") ? "it is a name for internal topics" : null);
  if (fault === null) return null;
  return `Invalid value ${shortened(value)} for configuration errors.deadletterqueue.topic.name: ${fault}`;
}

function offsetResetFault(value: string): string | null {
  if (/^(earliest|latest)$/i.test(value.trim())) return null;
  if (/^by_duration:P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/i.test(value.trim()) && /\d/.test(value))
    return null;
  const form = "The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.";
  return `Invalid value \`${shortened(value)}\` for configuration share.auto.offset.reset. ${form}`;
}

import { assert } from "../base/assert.ts";
import { DEFAULT_LOG_CONFIG, type LogConfig } from "../log/log-config.ts";

/**
 * Settings of a topic, under Kafka's names (`TopicConfig`), and `durability`, which is ours. A definition that
 * is not `obeyed` is checked and stored, so that tools which set it go on, and changes nothing here.
 */
export interface TopicConfigDefinition {
  readonly name: string;
  readonly type: "boolean" | "double" | "int" | "list" | "long" | "string";
  readonly default: string;
  readonly obeyed: boolean;
  readonly doc: string;
  /** Says why a value is refused, or null. */
  readonly fault: (value: string) => string | null;
}

/** Longest value that is taken: no setting needs more, and what is stored has to fit Kafka's records. */
const MAX_VALUE_LENGTH = 4096;
/** How much of a refused text an error message repeats. */
const SHOWN_LENGTH = 100;
const INT_MAX = 0x7fffffff;
const LONG_MAX = 9223372036854775807n;
const WEEK_MS = "604800000";

export const TOPIC_CONFIGS: readonly TopicConfigDefinition[] = [
  {
    ...list("cleanup.policy", "delete", ["compact", "delete"]),
    obeyed: true,
    doc: "What happens to old segments. With compact alone nothing is deleted by age or size.",
  },
  int("compression.gzip.level", "-1", -1, 9, "Level of gzip where the broker compresses."),
  int("compression.lz4.level", "9", 1, 17, "Level of lz4 where the broker compresses."),
  oneOf(
    "compression.type",
    "producer",
    ["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"],
    "Batches are kept as the producer compressed them.",
  ),
  int("compression.zstd.level", "3", -131072, 22, "Level of zstd where the broker compresses."),
  long("delete.retention.ms", "86400000", 0n, "How long a compacted topic keeps tombstones."),
  {
    ...oneOf("durability", "disk", ["disk", "memory"], ""),
    obeyed: true,
    doc: "disk: acknowledged once synced to the disk. memory: acknowledged at once, as Kafka does by default.",
  },
  long("file.delete.delay.ms", "60000", 0n, "Files of deleted segments go at once here."),
  long("flush.messages", String(LONG_MAX), 1n, "Every acknowledged record is synced already."),
  long("flush.ms", String(LONG_MAX), 0n, "Every acknowledged record is synced already."),
  text("follower.replication.throttled.replicas", "", "For clusters."),
  {
    ...int("index.interval.bytes", "4096", 0, INT_MAX, ""),
    obeyed: true,
    doc: "Bytes between index entries.",
  },
  text("leader.replication.throttled.replicas", "", "For clusters."),
  long("local.retention.bytes", "-2", -2n, "For tiered storage."),
  long("local.retention.ms", "-2", -2n, "For tiered storage."),
  long("max.compaction.lag.ms", String(LONG_MAX), 1n, "For compaction."),
  {
    ...int("max.message.bytes", "1048588", 0, INT_MAX, ""),
    obeyed: true,
    doc: "Largest record batch that is taken, in bytes.",
  },
  {
    // Kafka's default is an hour. A gateway that boots without a clock must not refuse devices that have one.
    ...long("message.timestamp.after.max.ms", String(LONG_MAX), 0n, ""),
    obeyed: true,
    doc: "How far ahead of the broker's clock a record's timestamp may be, in milliseconds.",
  },
  {
    ...long("message.timestamp.before.max.ms", String(LONG_MAX), 0n, ""),
    obeyed: true,
    doc: "How far behind the broker's clock a record's timestamp may be, in milliseconds.",
  },
  {
    ...oneOf("message.timestamp.type", "CreateTime", ["CreateTime", "LogAppendTime"], ""),
    obeyed: true,
    doc: "Whether records keep their own time or get that of the append.",
  },
  double("min.cleanable.dirty.ratio", "0.5", "For compaction."),
  long("min.compaction.lag.ms", "0", 0n, "For compaction."),
  int("min.insync.replicas", "1", 1, INT_MAX, "For clusters."),
  bool("preallocate", "false", "Segments are always preallocated, in steps."),
  bool("remote.log.copy.disable", "false", "For tiered storage."),
  bool("remote.log.delete.on.disable", "false", "For tiered storage."),
  bool("remote.storage.enable", "false", "For tiered storage."),
  {
    ...long("retention.bytes", "-1", -1n, ""),
    obeyed: true,
    doc: "Bytes of a partition above which the oldest segments are deleted; -1: no bound.",
  },
  {
    ...long("retention.ms", WEEK_MS, -1n, ""),
    obeyed: true,
    doc: "Age above which segments are deleted, in milliseconds; -1: for ever.",
  },
  {
    ...int("segment.bytes", "16777216", 1048576, INT_MAX, ""),
    obeyed: true,
    doc: "Size at which a segment is sealed and the next begun.",
  },
  int("segment.index.bytes", "10485760", 4, INT_MAX, "Indexes are as large as they need to be."),
  long("segment.jitter.ms", "0", 0n, "Segments are rolled without jitter."),
  {
    ...long("segment.ms", WEEK_MS, 1n, ""),
    obeyed: true,
    doc: "Age at which a segment is sealed even if it is not full.",
  },
  bool("unclean.leader.election.enable", "false", "For clusters."),
];

const byName = new Map(TOPIC_CONFIGS.map((definition) => [definition.name, definition]));

export function topicConfigDefinition(name: string): TopicConfigDefinition | null {
  return byName.get(name) ?? null;
}

/** Says which entry of a topic's configuration is refused and why, or null. */
export function topicConfigFault(configs: ReadonlyMap<string, string>): string | null {
  for (const [name, value] of configs) {
    const definition = byName.get(name);
    if (definition === undefined) return `Unknown topic config name: ${shortened(name)}`;
    const tooLong = value.length > MAX_VALUE_LENGTH ? `more than ${MAX_VALUE_LENGTH} characters` : null;
    const fault = tooLong ?? definition.fault(value);
    if (fault !== null) return `Invalid value ${shortened(value)} for configuration ${name}: ${fault}`;
  }
  return null;
}

function shortened(text: string): string {
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}...` : text;
}

/** The value in force: the topic's own, else the broker's default, else Kafka's. */
export function effectiveTopicConfig(
  name: string,
  own: ReadonlyMap<string, string>,
  defaults: ReadonlyMap<string, string>,
): string {
  const definition = byName.get(name);
  assert(definition !== undefined, `no topic config ${name}`);
  return own.get(name) ?? defaults.get(name) ?? definition.default;
}

/**
 * A checked long as a number. Values beyond 2^53 stand for "no bound" wherever they are legal, and the largest
 * exact number bounds nothing either.
 */
export function configNumber(value: string): number {
  return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
}

/** What the log needs to know of a topic's configuration. */
export function logConfigOf(
  own: ReadonlyMap<string, string>,
  defaults: ReadonlyMap<string, string>,
): LogConfig {
  const text = (name: string) => effectiveTopicConfig(name, own, defaults);
  const number = (name: string) => configNumber(text(name));
  const deletes = text("cleanup.policy")
    .split(",")
    .some((policy) => policy.trim() === "delete");
  return {
    ...DEFAULT_LOG_CONFIG,
    segmentBytes: number("segment.bytes"),
    segmentMs: number("segment.ms"),
    retentionMs: deletes ? number("retention.ms") : -1,
    retentionBytes: deletes ? number("retention.bytes") : -1,
    indexIntervalBytes: number("index.interval.bytes"),
    maxMessageBytes: number("max.message.bytes"),
    durability: text("durability") === "memory" ? "memory" : "disk",
    timestampType: text("message.timestamp.type") === "LogAppendTime" ? "LogAppendTime" : "CreateTime",
    timestampBeforeMaxMs: number("message.timestamp.before.max.ms"),
    timestampAfterMaxMs: number("message.timestamp.after.max.ms"),
  };
}

function definition(
  name: string,
  type: TopicConfigDefinition["type"],
  defaultValue: string,
  doc: string,
  fault: (value: string) => string | null,
): TopicConfigDefinition {
  return { name, type, default: defaultValue, obeyed: false, doc, fault };
}

function int(name: string, byDefault: string, min: number, max: number, doc: string): TopicConfigDefinition {
  return definition(name, "int", byDefault, doc, (value) => {
    if (!/^-?\d{1,10}$/.test(value)) return "not a number of type INT";
    const number = Number(value);
    if (number > INT_MAX || number < -INT_MAX - 1) return "not a number of type INT";
    return number < min || number > max ? `Value must be between ${min} and ${max}` : null;
  });
}

function long(name: string, byDefault: string, min: bigint, doc: string): TopicConfigDefinition {
  return definition(name, "long", byDefault, doc, (value) => {
    if (!/^-?\d{1,19}$/.test(value)) return "not a number of type LONG";
    const number = BigInt(value);
    if (number > LONG_MAX || number < -LONG_MAX - 1n) return "not a number of type LONG";
    return number < min ? `Value must be at least ${min}` : null;
  });
}

function double(name: string, byDefault: string, doc: string): TopicConfigDefinition {
  return definition(name, "double", byDefault, doc, (value) => {
    const number = Number(value);
    if (value.trim() === "" || !Number.isFinite(number)) return "not a number of type DOUBLE";
    return number < 0 || number > 1 ? "Value must be between 0 and 1" : null;
  });
}

function bool(name: string, byDefault: string, doc: string): TopicConfigDefinition {
  return definition(name, "boolean", byDefault, doc, (value) =>
    value === "true" || value === "false" ? null : "Value must be true or false",
  );
}

function text(name: string, byDefault: string, doc: string): TopicConfigDefinition {
  return definition(name, "list", byDefault, doc, () => null);
}

function oneOf(name: string, byDefault: string, legal: string[], doc: string): TopicConfigDefinition {
  return definition(name, "string", byDefault, doc, (value) =>
    legal.includes(value) ? null : `String must be one of: ${legal.join(", ")}`,
  );
}

function list(name: string, byDefault: string, legal: string[]): TopicConfigDefinition {
  return definition(name, "list", byDefault, "", (value) => {
    const bad = value.split(",").find((part) => !legal.includes(part.trim()));
    return bad === undefined ? null : `String must be one of: ${legal.join(", ")}`;
  });
}

import { assert } from "../base/assert.ts";
import { DEFAULT_LOG_CONFIG, type LogConfig } from "../log/log-config.ts";
import { compressionByName } from "../records/compression/codecs.ts";
import {
  boolean,
  type ConfigDefinition,
  definition,
  int,
  LONG_MAX,
  listOf,
  long,
  oneOf,
  parts,
  ratio,
  shortened,
  shownValue,
  valueFault,
} from "./config-definition.ts";

/**
 * Settings of a topic, under Kafka's names (`TopicConfig`), and those of ours: `durability` and `headwater.*`. A definition that
 * is not `obeyed` is checked and stored, so that tools which set it go on, and changes nothing here.
 */
export interface TopicConfigDefinition extends ConfigDefinition {
  readonly obeyed: boolean;
  /** The broker's setting for topics that say nothing themselves; null where there is none. */
  readonly brokerName: string | null;
  /** Taken, and not shown: Kafka has it for tests. */
  readonly hidden: boolean;
}

const FOR_EVER = String(LONG_MAX);
const WEEK_MS = "604800000";
const COMPRESSIONS = ["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"] as const;

export const TOPIC_CONFIGS: readonly TopicConfigDefinition[] = [
  obeyed(
    listOf(
      "cleanup.policy",
      "delete",
      ["compact", "delete"],
      "What happens to old segments. delete: they go by age and size. compact: only the latest record of each key stays.",
    ),
    "log.cleanup.policy",
  ),
  obeyed(
    definition(
      "compression.gzip.level",
      "int",
      "-1",
      "Level of gzip where the broker compresses, 1 to 9; -1: the codec's own.",
      gzipLevelFault,
    ),
    "compression.gzip.level",
  ),
  stored(
    int("compression.lz4.level", "9", 1, 17, "Level of lz4. Our lz4 has one level."),
    "compression.lz4.level",
  ),
  obeyed(
    oneOf("compression.type", "producer", COMPRESSIONS, "How batches are stored. producer: as they come."),
    "compression.type",
  ),
  obeyed(
    int(
      "compression.zstd.level",
      "3",
      -131072,
      22,
      "Level of zstd where the broker compresses. Levels below 1 are taken for 1.",
    ),
    "compression.zstd.level",
  ),
  obeyed(
    long(
      "delete.retention.ms",
      "86400000",
      0,
      "How long a compacted topic keeps tombstones and transaction markers for readers.",
    ),
    "log.cleaner.delete.retention.ms",
  ),
  obeyed(
    oneOf(
      "durability",
      "disk",
      ["disk", "memory"],
      "disk: acknowledged once synced to the disk. memory: acknowledged at once, as Kafka does by default.",
    ),
    "log.durability",
  ),
  stored(
    long("file.delete.delay.ms", "60000", 0, "Files of deleted segments go at once here."),
    "log.segment.delete.delay.ms",
  ),
  stored(
    long("flush.messages", FOR_EVER, 1, "Every acknowledged record is synced already."),
    "log.flush.interval.messages",
  ),
  stored(
    long("flush.ms", FOR_EVER, 0, "Every acknowledged record is synced already."),
    "log.flush.interval.ms",
  ),
  stored(throttled("follower.replication.throttled.replicas"), null),
  obeyed(
    oneOf(
      "headwater.full.policy",
      "drop-oldest",
      ["drop-oldest", "refuse-new"],
      "What becomes of appends where the disk is full. drop-oldest: old records make room. refuse-new: they get an error that is retried.",
    ),
    "log.full.policy",
  ),
  obeyed(
    boolean(
      "headwater.keep.unforwarded",
      "false",
      "Whether retention and a full disk leave what an uplink that carries the topic has not forwarded yet.",
    ),
    "log.keep.unforwarded",
  ),
  obeyed(
    int(
      "headwater.priority",
      "5",
      0,
      9,
      "0 to 9: where the disk is full, records of topics with the largest number make room first.",
    ),
    null,
  ),
  obeyed(
    int("index.interval.bytes", "4096", 0, null, "Bytes of records between index entries."),
    "log.index.interval.bytes",
  ),
  {
    ...obeyed(
      definition(
        "internal.segment.bytes",
        "int",
        "",
        "Takes the place of segment.bytes, for tests.",
        internalSegmentFault,
      ),
      null,
    ),
    hidden: true,
  },
  stored(throttled("leader.replication.throttled.replicas"), null),
  stored(
    long("local.retention.bytes", "-2", -2, "For tiered storage, which there is none of."),
    "log.local.retention.bytes",
  ),
  stored(
    long("local.retention.ms", "-2", -2, "For tiered storage, which there is none of."),
    "log.local.retention.ms",
  ),
  obeyed(
    long(
      "max.compaction.lag.ms",
      FOR_EVER,
      1,
      "Age of records from which on they are compacted, whatever the ratio.",
    ),
    "log.cleaner.max.compaction.lag.ms",
  ),
  obeyed(
    int("max.message.bytes", "1048588", 0, null, "Largest record batch that is taken, in bytes."),
    "message.max.bytes",
  ),
  // Kafka's default is an hour. A gateway that boots without a clock must not refuse devices that have one.
  obeyed(
    long(
      "message.timestamp.after.max.ms",
      FOR_EVER,
      0,
      "How far ahead of the broker's clock a record's timestamp may be, in milliseconds.",
    ),
    "log.message.timestamp.after.max.ms",
  ),
  obeyed(
    long(
      "message.timestamp.before.max.ms",
      FOR_EVER,
      0,
      "How far behind the broker's clock a record's timestamp may be, in milliseconds.",
    ),
    "log.message.timestamp.before.max.ms",
  ),
  obeyed(
    oneOf(
      "message.timestamp.type",
      "CreateTime",
      ["CreateTime", "LogAppendTime"],
      "Whether records keep their own time or get that of the append.",
    ),
    "log.message.timestamp.type",
  ),
  obeyed(
    ratio(
      "min.cleanable.dirty.ratio",
      "0.5",
      "Share of a log's bytes that was not compacted yet above which it is.",
    ),
    "log.cleaner.min.cleanable.ratio",
  ),
  obeyed(
    long("min.compaction.lag.ms", "0", 0, "Age below which records are not compacted."),
    "log.cleaner.min.compaction.lag.ms",
  ),
  // As in Kafka never more than a partition has replicas, which is one here.
  stored(
    int(
      "min.insync.replicas",
      "1",
      1,
      null,
      "Replicas that have to have a record before it is acknowledged; there is one.",
    ),
    "min.insync.replicas",
  ),
  stored(
    boolean("preallocate", "false", "Segments are always allocated in advance, in steps."),
    "log.preallocate",
  ),
  stored(boolean("remote.log.copy.disable", "false", "For tiered storage, which there is none of."), null),
  stored(
    boolean("remote.log.delete.on.disable", "false", "For tiered storage, which there is none of."),
    null,
  ),
  stored(boolean("remote.storage.enable", "false", "There is no tiered storage; true is refused."), null),
  obeyed(
    long(
      "retention.bytes",
      "-1",
      null,
      "Bytes of a partition above which the oldest segments are deleted; -1: no bound.",
    ),
    "log.retention.bytes",
  ),
  obeyed(
    long("retention.ms", WEEK_MS, -1, "Age above which segments are deleted, in milliseconds; -1: for ever."),
    "log.retention.ms",
  ),
  obeyed(
    int("segment.bytes", "16777216", 1048576, null, "Size at which a segment is sealed and the next begun."),
    "log.segment.bytes",
  ),
  stored(
    int("segment.index.bytes", "10485760", 4, null, "Indexes are as large as they need to be."),
    "log.index.size.max.bytes",
  ),
  stored(long("segment.jitter.ms", "0", 0, "Segments are sealed without jitter."), "log.roll.jitter.ms"),
  obeyed(
    long("segment.ms", WEEK_MS, 1, "Age at which a segment is sealed even if it is not full."),
    "log.roll.ms",
  ),
  stored(
    boolean("unclean.leader.election.enable", "false", "For clusters."),
    "unclean.leader.election.enable",
  ),
];

const byName = new Map(TOPIC_CONFIGS.map((found) => [found.name, found]));
const byBrokerName = new Map(TOPIC_CONFIGS.map((found) => [found.brokerName ?? "", found]));

export function topicConfigDefinition(name: string): TopicConfigDefinition | null {
  return byName.get(name) ?? null;
}

/** The topic's setting that a broker's of this name is the default of, or null. */
export function topicConfigOfBroker(brokerName: string): TopicConfigDefinition | null {
  return brokerName === "" ? null : (byBrokerName.get(brokerName) ?? null);
}

/** Says which entry of a topic's configuration is refused and why, as Kafka's LogConfig does, or null. */
export function topicConfigFault(
  configs: ReadonlyMap<string, string>,
  defaults: ReadonlyMap<string, string> = new Map(),
): string | null {
  for (const name of configs.keys()) {
    if (!byName.has(name)) return `Unknown topic config name: ${shortened(name)}`;
  }
  for (const [name, value] of configs) {
    const found = byName.get(name);
    const fault = found === undefined ? null : valueFault(found, name, value);
    if (fault !== null) return fault;
  }
  const lag = (name: string) => BigInt(effectiveTopicConfig(name, configs, defaults));
  const [min, max] = [lag("min.compaction.lag.ms"), lag("max.compaction.lag.ms")];
  if (min > max) {
    return `conflict topic config setting min.compaction.lag.ms (${min}) > max.compaction.lag.ms (${max})`;
  }
  if (effectiveTopicConfig("remote.storage.enable", configs, defaults) === "true") {
    return "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.";
  }
  return null;
}

/** The value in force: the topic's own, else the broker's default, else Kafka's. */
export function effectiveTopicConfig(
  name: string,
  own: ReadonlyMap<string, string>,
  defaults: ReadonlyMap<string, string>,
): string {
  const found = byName.get(name);
  assert(found !== undefined, `no topic config ${name}`);
  return shownValue(found, own.get(name) ?? defaults.get(name) ?? found.default);
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
  const policies = parts(text("cleanup.policy"));
  const deletes = policies.includes("delete");
  const internalSegmentBytes = text("internal.segment.bytes");
  const compression = storedCompression(text("compression.type"));
  return {
    ...DEFAULT_LOG_CONFIG,
    segmentBytes: internalSegmentBytes === "" ? number("segment.bytes") : Number(internalSegmentBytes),
    segmentMs: number("segment.ms"),
    retentionMs: deletes ? number("retention.ms") : -1,
    retentionBytes: deletes ? number("retention.bytes") : -1,
    indexIntervalBytes: number("index.interval.bytes"),
    maxMessageBytes: number("max.message.bytes"),
    durability: text("durability") === "memory" ? "memory" : "disk",
    timestampType: text("message.timestamp.type") === "LogAppendTime" ? "LogAppendTime" : "CreateTime",
    timestampBeforeMaxMs: number("message.timestamp.before.max.ms"),
    timestampAfterMaxMs: number("message.timestamp.after.max.ms"),
    compression,
    compressionLevel: compressionLevel(compression, number),
    compact: policies.includes("compact"),
    deletes,
    minCleanableDirtyRatio: number("min.cleanable.dirty.ratio"),
    deleteRetentionMs: number("delete.retention.ms"),
    minCompactionLagMs: number("min.compaction.lag.ms"),
    maxCompactionLagMs: number("max.compaction.lag.ms"),
    fullPolicy: text("headwater.full.policy") === "refuse-new" ? "refuse-new" : "drop-oldest",
    priority: number("headwater.priority"),
    keepUnforwarded: text("headwater.keep.unforwarded") === "true",
  };
}

/** The code of a codec, or null where batches stay as their producer made them. */
function storedCompression(type: string): number | null {
  return type === "producer" ? null : compressionByName(type === "uncompressed" ? "none" : type);
}

/** Null where the codec has one level, or its own default counts. */
function compressionLevel(compression: number | null, number: (name: string) => number): number | null {
  if (compression === compressionByName("gzip")) {
    const level = number("compression.gzip.level");
    return level === -1 ? null : level;
  }
  return compression === compressionByName("zstd") ? Math.max(1, number("compression.zstd.level")) : null;
}

function obeyed(found: ConfigDefinition, brokerName: string | null): TopicConfigDefinition {
  return { ...found, obeyed: true, brokerName, hidden: false };
}

function stored(found: ConfigDefinition, brokerName: string | null): TopicConfigDefinition {
  return { ...found, obeyed: false, brokerName, hidden: false };
}

function gzipLevelFault(value: string): string | null {
  const asInt = int("", "", null, null, "").fault(value);
  const level = Number(value);
  return (
    asInt ??
    (level === -1 || (level >= 1 && level <= 9) ? null : "Value must be between 1 and 9 or equal to -1")
  );
}

/** As small as it likes, but not without end: a segment for each batch. */
function internalSegmentFault(value: string): string | null {
  return int("", "", 1, null, "").fault(value);
}

function throttled(name: string): ConfigDefinition {
  return definition(name, "list", "", "For clusters.", (value) => {
    const entries = parts(value);
    const isLegal = value.trim() === "*" || entries.every((entry) => /^\d+:\d+$/.test(entry));
    const form = "[partitionId]:[brokerId],[partitionId]:[brokerId],...";
    return isLegal
      ? null
      : `${name} must be the literal '*' or a list of replicas in the following format: ${form}`;
  });
}

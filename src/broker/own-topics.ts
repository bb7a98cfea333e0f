import type { Uuid } from "../base/ids.ts";
import { DEFAULT_LOG_CONFIG, type LogConfig } from "../log/log-config.ts";

/** Kafka's own id for the metadata topic. */
export const METADATA_TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAQ" as Uuid;
/** Size of the metadata log at which a snapshot takes its place. */
export const METADATA_LOG_MAX_BYTES = 4 * 1024 * 1024;

export const METADATA_LOG_CONFIG: LogConfig = {
  ...DEFAULT_LOG_CONFIG,
  segmentBytes: 1024 * 1024,
  retentionMs: -1,
};

/** Topics that are the broker's own, whether it has opened them or not, beside those that begin with `OWN_PREFIX`. */
const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  "__consumer_offsets",
  "__transaction_state",
  "__share_group_state",
  "__mqtt_retained",
  "__mqtt_sessions",
]);

const OWN_PREFIX = "__headwater_";

/** Who did what; see security/audit. Clients that may can read it, and nobody but the broker writes to it. */
export const AUDIT_TOPIC = "__headwater_audit";

/** Whether a topic of this name is the broker's own. Others that begin with `__` are once it opens them. */
export function isOwnTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name) || name.startsWith(OWN_PREFIX);
}

/** Of topics that hold state by key. */
export const STATE_CONFIGS: ReadonlyMap<string, string> = new Map([
  ["cleanup.policy", "compact"],
  ["segment.bytes", "1048576"],
  ["durability", "disk"],
]);

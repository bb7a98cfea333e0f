import { flowMetrics } from "./flow-metrics.ts";
import { linkMetrics } from "./link-metrics.ts";
import { type ListenerNames, listenerMetrics, NO_LISTENERS } from "./listener-metrics.ts";
import { mirrorMetrics } from "./mirror-metrics.ts";
import { processMetrics } from "./process-metrics.ts";
import { type Labels, Registry } from "./registry.ts";
import { storageMetrics } from "./storage-metrics.ts";
import { updateMetrics } from "./update-metrics.ts";
import { uplinkCounters } from "./uplink-counters.ts";

/** Doors that records and connections come through. */
export const DOORS = ["kafka", "mqtt", "http"] as const;
/** Those whose connections are counted when they are refused: of HTTP's, Bun tells nothing. */
const COUNTING_DOORS = ["kafka", "mqtt"] as const;
/** Kinds of Kafka requests that are told apart. */
const REQUESTS = ["Produce", "Fetch", "other"] as const;
/** Kinds of groups of Kafka clients. */
const GROUP_KINDS = ["classic", "consumer", "share"] as const;
/** What the gap ledger tells of, by its words for what becomes of records; all others are of single messages' ways. */
export const GAP_REASONS = [
  "retention",
  "disk-full",
  "deleted",
  "quarantine",
  "refused",
  "uplink-refused",
  "skipped",
  "centre-deleted",
  "other",
] as const;

/** Devices that have series of their own at a time. */
const TOP_DEVICES = 10;

export interface MetricsOptions {
  readonly version: string;
  /** Version of the runtime and architecture, for the build's info. */
  readonly build: Labels;
  readonly uplinks: readonly string[];
  /** The topics here that are copies of a centre's. */
  readonly mirrors: readonly string[];
  readonly bridges: readonly string[];
  /** Those that are open; none where left out. */
  readonly listeners?: ListenerNames;
  readonly dataFolder: string;
}

/** From half a millisecond, a good SSD, to seconds, a card that collects its garbage: as the log counts them. */
const COMMIT_BOUNDS_S = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5] as const;

/**
 * Every metric there is. Where Kafka's JMX exporter, a process exporter or the node exporter has a name for the
 * same thing, it is used, so that dashboards which exist work.
 */
export function createMetrics(options: MetricsOptions) {
  const registry = new Registry();
  registry
    .gauge("headwater_build_info", "Version that runs; always 1.", {
      version: options.version,
      ...options.build,
    })
    .set(1);
  return {
    registry,
    ready: registry.gauge("headwater_ready", "1 while everything serves, else 0."),
    securityFilesUnused: registry.gauge(
      "headwater_security_files_unused",
      "Files of users, rules or certificates, those counted as one, that are wrong by now: what they were before stands until the next start.",
    ),
    ...processMetrics(registry),
    ...doorMetrics(registry),
    ...mqttMetrics(registry),
    ...listenerMetrics(registry, options.listeners ?? NO_LISTENERS),
    ...storageMetrics(registry),
    ...mqttLogMetrics(registry),
    ...coordinatorMetrics(registry),
    ...logMetrics(registry, options.dataFolder),
    ...bridgeMetrics(registry, options.bridges),
    ...updateMetrics(registry),

    devices: registry.gauge("headwater_devices", "Devices that the registry knows."),
    devicesSilent: registry.gauge(
      "headwater_devices_silent",
      "Those of them that should have sent something by now.",
    ),
    devicesForgotten: registry.counter(
      "headwater_devices_forgotten_total",
      "Devices that were forgotten since there were more than devices.max.",
    ),
    deviceRates: registry.topGauges(
      "headwater_device_records_per_second",
      "Of those that send most, and of no others: records a second, of about the last minute.",
      ["device", "topic"],
      TOP_DEVICES,
    ),
    deviceSilence: registry.topGauges(
      "headwater_device_silent_seconds",
      "Of those that are silent, for longest first, and of no others: time since the last record.",
      ["device", "topic"],
      TOP_DEVICES,
    ),
    clockKnown: registry.gauge("headwater_clock_known", "1 while the wall clock is believed, else 0."),
    clockSteps: registry.counter("headwater_clock_steps_total", "How often the wall clock was set."),
    ...uplinkMetrics(registry, options.uplinks),
    ...mirrorMetrics(registry, options.mirrors),
  };
}

/** Handles for whoever counts. */
export type Metrics = ReturnType<typeof createMetrics>;

function uplinkMetrics(registry: Registry, uplinks: readonly string[]) {
  return {
    uplinkConnected: registry.gauges(
      "headwater_uplink_connected",
      "1 while the centre answers.",
      "uplink",
      uplinks,
    ),
    uplinkLagRecords: registry.gauges(
      "headwater_uplink_lag_records",
      "Durable records that the centre does not have yet.",
      "uplink",
      uplinks,
    ),
    ...flowMetrics(registry, uplinks),
    ...linkMetrics(registry, uplinks),
    uplinkLagSeconds: registry.gauges(
      "headwater_uplink_lag_seconds",
      "Age of the oldest record that the centre does not have yet.",
      "uplink",
      uplinks,
    ),
    ...uplinkCounters(registry, uplinks),
    uplinkBytes: registry.counters(
      "headwater_uplink_bytes_total",
      "Bytes of record batches that the centre has acknowledged, as sent.",
      "uplink",
      uplinks,
    ),
    uplinkTransactions: registry.counters(
      "headwater_uplink_transactions_total",
      "Transactions that were committed at the centre.",
      "uplink",
      uplinks,
    ),
    uplinkUnreconciled: registry.gauges(
      "headwater_uplink_unreconciled_topics",
      "Topics whose counters do not add up: stored = forwarded + filtered + gapped + empty + waiting. Above 0 the program is wrong.",
      "uplink",
      uplinks,
    ),
    uplinkFailures: registry.counters(
      "headwater_uplink_failures_total",
      "Failures after which an uplink began anew.",
      "uplink",
      uplinks,
    ),
  };
}

function doorMetrics(registry: Registry) {
  return {
    recordsIn: registry.counters(
      "kafka_server_brokertopicmetrics_messagesin_total",
      "Records that were appended, by the door they came through.",
      "door",
      DOORS,
    ),
    bytesIn: registry.counters(
      "kafka_server_brokertopicmetrics_bytesin_total",
      "Bytes that came in, by door: requests of Kafka clients, payloads of MQTT messages, records sent over HTTP.",
      "door",
      DOORS,
    ),
    bytesOut: registry.counters(
      "kafka_server_brokertopicmetrics_bytesout_total",
      "Bytes that went out, by door: responses to Kafka clients, payloads of MQTT messages, lines of records over HTTP.",
      "door",
      DOORS,
    ),
    requests: registry.counters(
      "kafka_network_requestmetrics_requests_total",
      "Requests of Kafka clients.",
      "request",
      REQUESTS,
    ),
    connections: registry.gauges(
      "headwater_connections",
      "Clients that are connected; of HTTP, requests and live streams that are being answered.",
      "door",
      DOORS,
    ),
    connectionsRefused: registry.counters(
      "headwater_connections_refused_total",
      "Connections that were refused or cut for what they sent.",
      "door",
      COUNTING_DOORS,
    ),
    certificateExpiry: registry.gauges(
      "headwater_certificate_expiry_timestamp_seconds",
      "When the first certificate expires that the door serves with, the gateway's or one between it and its authority's, in seconds since 1970; left out without TLS.",
      "door",
      DOORS,
    ),
    revocationListExpiry: registry.gauge(
      "headwater_revocation_list_expiry_timestamp_seconds",
      "When the first list of revoked client certificates is out of date (tls.crl.file), by which all certificates of its authority are refused, in seconds since 1970; left out without one, or where no door asks for certificates.",
    ),
  };
}

function mqttMetrics(registry: Registry) {
  return {
    mqttMessagesIn: registry.counter(
      "headwater_mqtt_messages_received_total",
      "PUBLISH packets that came in.",
    ),
    mqttMessagesOut: registry.counter("headwater_mqtt_messages_sent_total", "PUBLISH packets that went out."),
    mqttMessagesRefused: registry.counter(
      "headwater_mqtt_messages_refused_total",
      "PUBLISH packets that were not stored: no such topic, or the log refused them.",
    ),
    mqttMessagesDropped: registry.counter(
      "headwater_mqtt_messages_dropped_total",
      "Messages that a subscriber did not get because its queue was full.",
    ),
    mqttLoginsRefused: registry.counter(
      "headwater_mqtt_logins_refused_total",
      "MQTT clients that were not let in: wrong password or certificate, too many attempts, or nobody in particular.",
    ),
    mqttLoginsRevoked: registry.counter(
      "headwater_mqtt_logins_revoked_total",
      "MQTT connections that ended since their user, password or certificate held no longer.",
    ),
    mqttDeadLetters: registry.counter(
      "headwater_mqtt_dead_letters_total",
      "PUBLISH packets whose payload could not be decoded, and that were stored as dead letters.",
    ),
    mqttRecordsUnchanged: registry.counter(
      "headwater_mqtt_records_unchanged_total",
      "Records that were not stored, since nothing in them had changed by more than the route's deadband.",
    ),
    sparkplugGaps: registry.counter(
      "headwater_sparkplug_sequence_gaps_total",
      "Sparkplug messages whose sequence number did not follow the one before.",
    ),
    sparkplugUnknownAliases: registry.counter(
      "headwater_sparkplug_unknown_aliases_total",
      "Sparkplug metrics that were stored without a name, since no birth had told of their alias.",
    ),
    sparkplugRebirths: registry.counter(
      "headwater_sparkplug_rebirth_requests_total",
      "Births that Sparkplug edge nodes were asked for.",
    ),
    gapsNoted: registry.counter(
      "headwater_gap_ledger_noted_total",
      "Messages and records that are noted as lost in the topic headwater.gaps, with the reason.",
    ),
    mqttRetainedMessages: registry.gauge(
      "headwater_mqtt_retained_messages",
      "MQTT topics that have a retained message.",
    ),
    mqttRetainedBytes: registry.gauge(
      "headwater_mqtt_retained_bytes",
      "Topics, payloads and properties of retained MQTT messages.",
    ),
    mqttRetainedRefused: registry.counter(
      "headwater_mqtt_retained_refused_total",
      "MQTT messages that were not retained since there are too many; they were stored and delivered.",
    ),
    mqttSubscriptions: registry.gauge("headwater_mqtt_subscriptions", "Subscriptions of all clients."),
  };
}

/** Logs that are read for MQTT clients. */
function mqttLogMetrics(registry: Registry) {
  return {
    mqttReplays: registry.gauge(
      "headwater_mqtt_replays",
      "Subscriptions of MQTT clients to what was published before.",
    ),
    mqttMessagesReplayed: registry.counter(
      "headwater_mqtt_messages_replayed_total",
      "Messages that such subscriptions were sent.",
    ),
    mqttDownlinkMessages: registry.counter(
      "headwater_mqtt_downlink_messages_total",
      "Records that downlinks published to MQTT clients.",
    ),
    mqttDownlinkLag: registry.gauge(
      "headwater_mqtt_downlink_lag_records",
      "Records that downlinks have not published yet.",
    ),
    mqttDownlinkUnheard: registry.counter(
      "headwater_mqtt_downlink_unheard_total",
      "Those of them that no client was subscribed to.",
    ),
    mqttDownlinkDeadLetters: registry.counter(
      "headwater_mqtt_downlink_dead_letters_total",
      "Records that made no MQTT message, and became dead letters.",
    ),
    mqttDownlinkReportsRefused: registry.counter(
      "headwater_mqtt_downlink_reports_refused_total",
      "Delivery reports of downlinks that their topic did not take.",
    ),
  };
}

function coordinatorMetrics(registry: Registry) {
  return {
    groups: registry.gauges(
      "kafka_coordinator_group_groupmetadatamanager_numgroups",
      "Groups of Kafka clients, by kind.",
      "type",
      GROUP_KINDS,
    ),
    groupOffsets: registry.gauge(
      "kafka_coordinator_group_groupmetadatamanager_numoffsets",
      "Committed offsets of all groups.",
    ),
    transactionalIds: registry.gauge("headwater_transactional_ids", "Transactional ids that are known."),
    openTransactions: registry.gauge(
      "headwater_transactions_open",
      "Transactions that were begun and are not ended.",
    ),
    fetchSessions: registry.gauge(
      "kafka_server_fetchsessioncache_numincrementalfetchsessions",
      "Fetch sessions of Kafka clients.",
    ),
    fetchSessionEvictions: registry.counter(
      "kafka_server_fetchsessioncache_incrementalfetchsessionevictions_total",
      "Fetch sessions that had to make room for others.",
    ),
  };
}

function logMetrics(registry: Registry, dataFolder: string) {
  return {
    topics: registry.gauge("headwater_topics", "Topics, internal ones included."),
    partitions: registry.gauge("kafka_server_replicamanager_partitioncount", "Partitions of all topics."),
    offlineFolders: registry.gauge(
      "kafka_log_logmanager_offlinelogdirectorycount",
      "1 where the data folder can't be written any more, else 0.",
    ),
    commitRounds: registry.counter("headwater_commit_rounds_total", "Syncs that made appends durable."),
    commitBytes: registry.counter("headwater_commit_bytes_total", "Bytes of record batches made durable."),
    commitSeconds: registry.histogram(
      "headwater_commit_seconds",
      "How long a commit round took, from its write to the end of its sync.",
      COMMIT_BOUNDS_S,
    ),
    dirtyPercent: registry.gauge(
      "kafka_log_logcleanermanager_max_dirty_percent",
      "Largest share of a compacted log's bytes that waits for compaction, in percent.",
    ),
    compactionPasses: registry.counter(
      "headwater_compaction_passes_total",
      "Passes of compaction over a log that went through to their end.",
    ),
    compactionReadBytes: registry.counter(
      "headwater_compaction_read_bytes_total",
      "Bytes of segments that compaction went through.",
    ),
    compactionWrittenBytes: registry.counter(
      "headwater_compaction_written_bytes_total",
      "Bytes of segments that compaction wrote anew.",
    ),
    compactionRemovedRecords: registry.counter(
      "headwater_compaction_removed_records_total",
      "Records that compaction took out: superseded, aborted, or tombstones whose time was over.",
    ),
    gaps: registry.counters(
      "headwater_gap_records_total",
      "Records and messages that the topic headwater.gaps tells of since the start, by its reason. other: words of sessions, bridges and other readers.",
      "reason",
      GAP_REASONS,
    ),
    logBytes: registry.gauge("headwater_log_bytes", "Bytes of all segments."),
    freeBytes: registry.gauge("node_filesystem_avail_bytes", "Free bytes where the data is.", {
      mountpoint: dataFolder,
    }),
    reserveBytes: registry.gauge("headwater_disk_reserve_bytes", "Free bytes that records may not use."),
    diskFull: registry.gauge("headwater_disk_full", "1 while appends are refused for want of space, else 0."),
  };
}

function bridgeMetrics(registry: Registry, bridges: readonly string[]) {
  return {
    bridgeConnected: registry.gauges(
      "headwater_bridge_connected",
      "1 while the bridge is connected to its remote, else 0.",
      "bridge",
      bridges,
    ),
    bridgeLagRecords: registry.gauges(
      "headwater_bridge_lag_records",
      "Records that the bridge has not looked through, or whose messages the remote has not acknowledged.",
      "bridge",
      bridges,
    ),
    bridgeInFlight: registry.gauges(
      "headwater_bridge_in_flight",
      "Messages that are sent to the remote and not acknowledged.",
      "bridge",
      bridges,
    ),
    bridgeMessagesOut: registry.counters(
      "headwater_bridge_messages_out_total",
      "Messages that the remote has acknowledged, or was sent at QoS 0.",
      "bridge",
      bridges,
    ),
    bridgeMessagesIn: registry.counters(
      "headwater_bridge_messages_in_total",
      "Messages that came from the remote, without QoS 2 duplicates.",
      "bridge",
      bridges,
    ),
    bridgeGaps: registry.counters(
      "headwater_bridge_gaps_total",
      "Records that will never reach the remote, and messages of it that will never be in the log.",
      "bridge",
      bridges,
    ),
    bridgeLoops: registry.counters(
      "headwater_bridge_loops_total",
      "Messages left out because they had been here before, or because the bridge had brought them itself.",
      "bridge",
      bridges,
    ),
    bridgeFailures: registry.counters(
      "headwater_bridge_failures_total",
      "Connections to the remote that failed or ended.",
      "bridge",
      bridges,
    ),
  };
}

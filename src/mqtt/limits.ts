/** Every bound of the MQTT door. Bytes and counts are per connection or session unless the name says total. */
export interface MqttLimits {
  readonly maxConnections: number;
  /** Of one user. */
  readonly maxConnectionsOfUser: number;
  /** From the TCP connection to a whole CONNECT. */
  readonly connectTimeoutMs: number;
  /** Largest packet taken, fixed header included; a larger one is refused when it is announced. */
  readonly maxPacketBytes: number;
  /** Keep alive that a client of MQTT 5 gets where it asks for a longer one or for none. */
  readonly maxKeepAliveSec: number;
  readonly maxClientIdBytes: number;
  /** Whether the client id of a user has to be its name, or to begin with that and a slash. */
  readonly clientIds: "any" | "user";
  readonly maxTopicLevels: number;
  /** Properties in one packet, user properties included. */
  readonly maxProperties: number;
  /** Unacknowledged PUBLISHes of QoS 1 and 2 that a client may have under way; told to MQTT 5 clients. */
  readonly receiveMaximum: number;
  readonly topicAliasMaximum: number;
  /** Topic aliases that a client is sent, whatever more it takes; 0 for none. */
  readonly maxOutgoingAliases: number;
  /** What MQTT 5 clients that ask for response information are told, with `{client}` for their id; "" for nothing. */
  readonly responseInformation: string;
  readonly maxSubscriptions: number;
  readonly maxTotalSubscriptions: number;
  /** Replays of one client and of all, and the partitions that are read at once, by downlinks too. */
  readonly maxReplays: number;
  readonly maxTotalReplays: number;
  readonly maxReplayPartitions: number;
  readonly maxFiltersPerPacket: number;
  /** Received and not yet on the disk: above this the socket is paused. */
  readonly maxUnsettledBytes: number;
  readonly maxTotalUnsettledBytes: number;
  /** Bytes of packets that have not come to their end, two of the largest at least; beyond it who holds much is closed. */
  readonly maxTotalSplitBytes: number;
  /** Copies of messages that wait for the disk before subscribers get them; beyond it they are not delivered. */
  readonly maxTotalStagedBytes: number;
  /** Messages of QoS 1 and 2 sent and not acknowledged, whatever more the client would take. */
  readonly maxInFlight: number;
  /** Unsent bytes in a subscriber's socket at which messages wait in its queue instead. */
  readonly maxSocketBacklogBytes: number;
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
  readonly maxTotalQueuedBytes: number;
  /** Which message goes when a queue is full. */
  readonly queuePolicy: "drop-oldest" | "drop-newest";
  /** Sessions that outlive their connections. */
  readonly maxDurableSessions: number;
  /** Of one user; those of nobody in particular count in all of them only. */
  readonly maxDurableSessionsPerUser: number;
  /** How long a session outlives its connection at most; also how long one of 3.1.1, which can't ask for a time. */
  readonly maxSessionExpirySec: number;
  /** Messages that all durable sessions wait for, each counted once, and their bytes in the log. */
  readonly maxStoredMessages: number;
  readonly maxStoredBytes: number;
  readonly maxTotalWillBytes: number;
  /** How long after a start clients have to come back before their wills are published. */
  readonly willGraceMs: number;
  /** MQTT topics with a retained message, and what those messages weigh together. */
  readonly maxRetainedMessages: number;
  readonly maxRetainedBytes: number;
  /** Retained messages that are held in memory; the others are read back from the log. */
  readonly maxRetainedCacheBytes: number;
  /** How often figures under `$SYS` are sent anew; 0 for none of them. */
  readonly sysIntervalMs: number;
  /** MQTT topics whose route, key and headers are remembered. */
  readonly topicCacheEntries: number;
  /** Records whose last values are known where only changes are stored. */
  readonly maxLastValues: number;
  /** What is remembered of Sparkplug births, roughly. */
  readonly maxSparkplugBytes: number;
}

export const DEFAULT_MQTT_LIMITS: MqttLimits = {
  maxConnections: 10_000,
  maxConnectionsOfUser: Number.POSITIVE_INFINITY,
  connectTimeoutMs: 10_000,
  maxPacketBytes: 917_504,
  maxKeepAliveSec: 3_600,
  maxClientIdBytes: 256,
  clientIds: "any",
  maxTopicLevels: 64,
  maxProperties: 64,
  receiveMaximum: 1_024,
  topicAliasMaximum: 32,
  maxOutgoingAliases: 64,
  responseInformation: "",
  maxSubscriptions: 1_024,
  maxTotalSubscriptions: 200_000,
  maxReplays: 8,
  maxTotalReplays: 256,
  maxReplayPartitions: 4_096,
  maxFiltersPerPacket: 1_024,
  maxUnsettledBytes: 2_097_152,
  maxTotalUnsettledBytes: 33_554_432,
  maxTotalSplitBytes: 67_108_864,
  maxTotalStagedBytes: 33_554_432,
  maxInFlight: 256,
  maxSocketBacklogBytes: 262_144,
  maxQueuedMessages: 1_000,
  maxQueuedBytes: 4_194_304,
  maxTotalQueuedBytes: 67_108_864,
  queuePolicy: "drop-oldest",
  maxDurableSessions: 10_000,
  maxDurableSessionsPerUser: 5_000,
  maxSessionExpirySec: 604_800,
  maxStoredMessages: 2_000_000,
  maxStoredBytes: 1_073_741_824,
  maxTotalWillBytes: 8_388_608,
  willGraceMs: 10_000,
  maxRetainedMessages: 200_000,
  maxRetainedBytes: 268_435_456,
  maxRetainedCacheBytes: 4_194_304,
  sysIntervalMs: 10_000,
  topicCacheEntries: 16_384,
  maxLastValues: 32_768,
  maxSparkplugBytes: 16_777_216,
};

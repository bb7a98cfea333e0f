/**
 * What the console reads of the gateway's HTTP interface. Times that end in `Ms` are milliseconds, since 1970 or a
 * duration; sizes that end in `Bytes` are bytes. A field with `?` may be absent: a gateway without that part.
 */

export type Role = "viewer" | "operator" | "admin";

/** `GET /api/me`. */
export interface Me {
  /** Null for a request from the machine itself that nobody signed in for. */
  readonly user: string | null;
  /** Null for who may do nothing. */
  readonly role: Role | null;
  /** Goes back in the header `x-csrf-token` of whatever changes something; null where none is wanted. */
  readonly csrf: string | null;
  readonly mode: "loopback" | "session";
  /** Whether records are shown to who asks. */
  readonly seesRecords?: boolean;
  /** Whether anybody can log in. */
  readonly logins?: boolean;
}

/** `GET /api/overview`. */
export interface Overview {
  readonly version: string;
  readonly gatewayId: string;
  readonly uptimeMs: number;
  readonly nowMs: number;
  readonly health: { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Null in the first seconds after a start. */
  readonly rates: Rates | null;
  readonly topics: number;
  readonly connections: { readonly mqtt: number; readonly kafka: number };
  readonly uplinks: readonly OverviewUplink[];
  readonly devices: { readonly known: number; readonly silent: number } | null;
  /** Oldest first, of the last hour, one each ten seconds. */
  readonly history: readonly (Rates & { readonly atMs: number })[];
}

export interface Rates {
  readonly recordsInPerSecond: number;
  readonly bytesInPerSecond: number;
  readonly bytesOutPerSecond: number;
}

export interface OverviewUplink {
  readonly name: string;
  readonly state: string;
  readonly lagRecords: number | null;
  /** Age of the oldest record that the centre does not have. */
  readonly lagMs: number | null;
  readonly freshnessMs: number | null;
  readonly alarms: readonly string[];
}

/** `GET /api/topics`. */
export interface TopicList {
  readonly topics: readonly TopicRow[];
  readonly next: string | null;
}

export interface TopicRow {
  readonly name: string;
  readonly partitions: number;
  readonly records: number;
  readonly bytes: number;
  readonly keys: number | null;
  readonly internal: boolean;
  readonly cleanupPolicy: string;
  /** -1: for ever. */
  readonly retentionMs: number;
  /** -1: no bound. */
  readonly retentionBytes: number;
  readonly recordsPerSecond: number | null;
}

/** `GET /api/topics/T`. */
export interface TopicDetail extends Omit<TopicRow, "partitions"> {
  readonly id: string;
  readonly configs: Readonly<Record<string, string>>;
  readonly partitions: readonly PartitionRow[];
  readonly skew: Skew;
}

export interface PartitionRow {
  readonly partition: number;
  readonly start: number;
  readonly end: number;
  readonly bytes: number;
  readonly recordsPerSecond: number | null;
  readonly fault: string | null;
}

export interface Skew {
  /** Part of the records that the fullest partition has, 0 to 1; null where there are none. */
  readonly largestShare: number | null;
  /** Their keys are percent-encoded. */
  readonly hotKeys: readonly { readonly key: string; readonly share: number }[];
  readonly basis: string | null;
  readonly advice: string | null;
}

/** A line of `GET /api/topics/T/records` and of the device's records. */
export interface RecordLine {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key?: string | null;
  readonly keyBase64?: string;
  readonly value?: unknown;
  readonly valueBase64?: string;
  readonly headers?: readonly HeaderLine[];
}

export interface HeaderLine {
  readonly key: string;
  readonly value?: unknown;
  readonly valueBase64?: string;
}

/** `GET /api/devices`. */
export interface DeviceList {
  readonly devices: readonly DeviceRow[];
  readonly next: string | null;
  readonly topics: readonly string[];
  readonly known: number;
  readonly max: number;
  readonly silent: number;
  readonly forgotten: number;
}

export interface DeviceRow {
  /** Percent-encoded. */
  readonly key: string;
  readonly topic: string;
  readonly partition: number;
  readonly lastOffset: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly silentForMs: number;
  readonly silent: boolean;
  readonly expectedEveryMs: number | null;
  readonly records: number;
  readonly bytes: number;
  readonly exact: boolean;
  readonly recordsPerSec: number;
  readonly value: string | null;
  readonly valueBase64?: string;
  readonly valueBytes: number;
  readonly gaps: { readonly records: number; readonly lastAt: string; readonly reason: string } | null;
  readonly clientId: string | null;
  readonly address: string | null;
  readonly uplinks: readonly DeviceUplink[];
}

export interface DeviceUplink {
  readonly uplink: string;
  readonly carried: boolean;
  readonly offsetsBehind: number;
  readonly waiting: {
    readonly records: number;
    readonly bytes: number;
    readonly forMs: number | null;
    readonly exact: boolean;
  } | null;
}

/** `GET /api/groups`. */
export interface GroupList {
  readonly groups: readonly GroupRow[];
  readonly next: string | null;
}

export interface GroupRow {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly members: number;
  readonly topics: readonly string[];
  readonly lag: number | null;
}

/** `GET /api/groups/G`. */
export interface GroupDetail {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly members: readonly GroupMember[];
  readonly offsets: readonly GroupOffset[];
}

export interface GroupMember {
  readonly id: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly host: string;
  readonly partitions: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
}

export interface GroupOffset {
  readonly topic: string;
  readonly partition: number;
  readonly committed: number;
  readonly end: number | null;
  readonly lag: number | null;
}

/** Answer of `POST /api/groups/G/reset`. */
export interface GroupReset {
  /** False for a dry run. */
  readonly changed: boolean;
  readonly offsets: readonly {
    readonly partition: number;
    readonly from: number | null;
    readonly to: number;
  }[];
}

/** `GET /api/uplinks`. */
export interface UplinkList {
  readonly uplinks: readonly UplinkRow[];
}

export interface UplinkRow {
  readonly name: string;
  /** connecting, resolving, forwarding, idle, held, backing off, fenced, failed or stopped. */
  readonly state: string;
  readonly bootstrap: readonly string[];
  readonly delivery: string;
  readonly lagRecords: number | null;
  readonly lagBytes: number | null;
  readonly lagMs: number | null;
  readonly freshnessMs: number | null;
  /** What may pass a second now; null for all. */
  readonly rateBytesPerSecond: number | null;
  readonly forwardedRecords: number;
  readonly forwardedBytes: number;
  readonly failures: number;
  readonly gaps: number;
  readonly lastError: string | null;
  readonly lastErrorAgoMs: number | null;
  readonly link: UplinkLink;
  readonly budget: UplinkBudget | null;
  readonly flow: {
    readonly alarms: readonly { readonly topic: string | null; readonly reason: string }[];
    readonly paused: string | null;
    readonly topics: readonly UplinkTopic[];
  };
  readonly routes: readonly UplinkRoute[];
  readonly mirrors: readonly UplinkMirror[];
  readonly history: readonly UplinkPoint[];
}

export interface UplinkLink {
  /** flow, paused or draining. */
  readonly mode: string;
  readonly heldBecause: string | null;
  readonly heldForMs: number | null;
  /** What an operator lets pass a second, beside what is configured; null: as configured. */
  readonly capBytesPerSecond: number | null;
  readonly window: { readonly open: boolean; readonly changesInMs: number | null } | null;
  readonly goodputBytesPerSecond: number | null;
  readonly roundTripMs: number | null;
  readonly compressionRatio: number;
  readonly etaMs: number | null;
}

export interface UplinkTopic {
  readonly topic: string;
  readonly lagRecords: number | null;
  readonly lagBytes: number | null;
  readonly lagMs: number | null;
}

export interface UplinkRoute {
  readonly topic: string;
  readonly centralTopic: string;
  readonly state: string;
  readonly reason: string | null;
  readonly heldBecause: string | null;
}

export interface UplinkMirror {
  readonly centralTopic: string;
  readonly topic: string;
  readonly state: string;
  readonly reason: string | null;
  readonly lagRecords: number | null;
}

export interface UplinkBudget {
  readonly day: BudgetPeriod | null;
  readonly month: BudgetPeriod | null;
  readonly atEnd: string;
  readonly spent: boolean;
}

export interface BudgetPeriod {
  readonly limitBytes: number;
  readonly usedBytes: number;
  readonly resetsInMs: number | null;
}

export interface UplinkPoint {
  readonly atMs: number;
  readonly backlogRecords: number | null;
  readonly backlogBytes: number | null;
  readonly sentBytesPerSecond: number;
}

/** `GET /api/storage`. */
export interface Storage {
  readonly folder: string;
  readonly disk: {
    readonly total: number;
    readonly free: number;
    readonly reserve: number;
    readonly full: boolean;
  };
  readonly implementation: string;
  /** Of all topics. */
  readonly logBytes: number;
  /** Since the start. */
  readonly writtenBytes: number;
  /** By the pace since the start; null in the first minute. */
  readonly writtenBytesPerDay: number | null;
  readonly commitMedianMs: number | null;
  /** Of the device, with what everybody writes to it; null where nobody knows it. */
  readonly wear: {
    readonly disk: string;
    readonly writtenBytesPerDay: number | null;
    readonly lifeUsedShare: number | null;
    readonly basis: "configured" | "assumed" | null;
    readonly forecastSec: number | null;
  } | null;
  readonly quarantined: number;
  readonly topics: readonly StorageTopic[];
}

export interface StorageTopic {
  readonly name: string;
  readonly internal: boolean;
  readonly bytes: number;
  readonly oldestMs: number | null;
  readonly retention: { readonly cleanupPolicy: string; readonly ms: number; readonly bytes: number };
}

/** `GET /api/clock`. */
export interface ClockPage {
  readonly nowMs: number;
  readonly clock: {
    readonly known: boolean;
    /** unknown, plausible or confirmed. */
    readonly quality: string;
    readonly boot: string;
    readonly steps: number;
    readonly lastStepMs: number | null;
    readonly sinceMs: number | null;
  } | null;
}

/** `GET /api/connections`. */
export interface Connections {
  readonly kafka: { readonly count: number; readonly clients: readonly KafkaClient[] };
  readonly mqtt: { readonly count: number };
  readonly http: { readonly requests: number };
}

export interface KafkaClient {
  readonly user: string;
  /** How the client has said who it is; null where it did not. */
  readonly method: string | null;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** `GET /api/sessions`. */
export interface SessionList {
  readonly sessions: readonly MqttSession[];
  /** Whether there are more than one answer has. */
  readonly more: boolean;
}

/** An MQTT client: its connection, its session, or both. */
export interface MqttSession {
  readonly clientId: string;
  readonly userName: string | null;
  readonly version: string;
  readonly remoteAddress: string | null;
  readonly awayMs: number | null;
  readonly expirySec: number | null;
  readonly subscriptions: number;
  readonly queuedMessages: number;
  readonly inFlightMessages: number;
  readonly hasWill: boolean;
}

/** `GET /api/users`. */
export interface UserList {
  readonly users: readonly UserRow[];
}

export interface UserRow {
  readonly name: string;
  /** What the user may do over HTTP; null for nothing. */
  readonly role: Role | null;
  readonly groups: readonly string[];
}

/** `GET /api/acls`. */
export interface AclList {
  readonly acls: readonly AclRow[];
}

/** Words as Kafka's tools write them, in capitals. */
export interface AclRow {
  readonly resourceType: string;
  readonly resourceName: string;
  readonly patternType: string;
  readonly principal: string;
  readonly host: string;
  readonly operation: string;
  readonly permission: string;
}

/** `GET /api/config`. */
export interface SettingList {
  readonly settings: readonly SettingRow[];
}

export interface SettingRow {
  readonly key: string;
  readonly value: string;
  readonly default: string | null;
  /** "default", a file and line, a flag or a variable of the environment. */
  readonly source: string;
  readonly doc: string;
  /** Whether a change is taken over at the next start only. */
  readonly restart: boolean;
}

/** Answer of `POST /api/config/reload`: names of settings that have changed. */
export interface ConfigReload {
  /** Those that are in force. */
  readonly live: readonly string[];
  /** Those that take effect at the next start. */
  readonly restart: readonly string[];
}

/** Answer of `POST /api/config/validate`. */
export interface ConfigCheck {
  readonly changes: readonly {
    readonly key: string;
    readonly from: string | null;
    readonly to: string | null;
    readonly restart: boolean;
  }[];
  readonly problems: readonly {
    readonly key: string;
    readonly line: number | null;
    readonly fault: string;
    readonly remedy: string;
  }[];
}

/** `GET /api/audit`, newest first. */
export interface AuditList {
  readonly entries: readonly AuditRow[];
  readonly next: string | null;
}

export interface AuditRow {
  readonly id: string;
  readonly atMs: number;
  /** Of several, when the last was. */
  readonly toMs: number;
  /** How many there were that are alike. */
  readonly count: number;
  /** Whether they are alike in action, result, door and address alone. */
  readonly isSum: boolean;
  readonly user: string | null;
  readonly door: "kafka" | "mqtt" | "http" | "gateway";
  readonly address: string | null;
  readonly port: number | null;
  readonly action: string;
  readonly resource: string | null;
  readonly result: "success" | "failure" | "refused";
  readonly reason: string | null;
  readonly detail: string | null;
}

/** `GET /api/share-groups`. */
export interface ShareGroupList {
  readonly groups: readonly ShareGroupRow[];
  readonly next: string | null;
}

export interface ShareGroupRow {
  readonly id: string;
  readonly state: string;
  readonly members: number;
  readonly topics: readonly string[];
  /** Records that nobody has done with; null where none is known. */
  readonly lag: number | null;
  /** The topic that takes what is given up; null where none does. */
  readonly deadLetterTopic: string | null;
}

/** `GET /api/share-groups/G`. */
export interface ShareGroupDetail {
  readonly id: string;
  readonly state: string;
  readonly members: readonly Omit<GroupMember, "instanceId">[];
  readonly offsets: readonly {
    readonly topic: string;
    readonly partition: number;
    /** Where what is not finished begins. */
    readonly start: number | null;
    readonly end: number | null;
    readonly lag: number | null;
  }[];
  readonly lag: number | null;
  readonly deadLetterTopic: string | null;
}

/** `GET /api/status`, as far as it is read here. */
export interface GatewayState {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly version: string;
  readonly gatewayId: string;
  readonly clusterId: string;
  readonly startedAtMs: number;
  readonly uptimeMs: number;
  readonly addresses: Readonly<Record<string, string>>;
  readonly topics: readonly StateTopic[];
  readonly uplinks: readonly StateUplink[];
  readonly clock: { readonly known: boolean; readonly quality: string; readonly steps: number } | null;
  readonly log: {
    readonly folder: string;
    readonly disk: string;
    readonly freeBytes: number;
    readonly reserveBytes: number;
    readonly full: boolean;
    readonly partitions: number;
    readonly commitRounds: number;
    readonly commitMedianMs: number | null;
  };
  readonly mqtt: {
    readonly connections: number;
    readonly subscriptions: number;
    readonly messagesReceived: number;
    readonly messagesSent: number;
    readonly messagesDropped: number;
    readonly messagesRefused: number;
  } | null;
  readonly kafka: { readonly connections: number } | null;
}

export interface StateTopic {
  readonly name: string;
  readonly internal: boolean;
  readonly partitions: readonly {
    readonly partition: number;
    readonly logStartOffset: number;
    readonly highWatermark: number;
    readonly logEndOffset: number;
    readonly sizeBytes: number;
    readonly fault: string | null;
    readonly records: { readonly stored: number };
  }[];
}

export interface StateUplink {
  readonly name: string;
  readonly state: string;
  readonly lagRecords: number | null;
  readonly lagMs: number | null;
  readonly forwardedRecords: number;
  readonly lastError: string | null;
}

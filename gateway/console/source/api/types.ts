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

/** A row of `GET /api/groups`. */
export interface GroupRow {
  readonly group: string;
  readonly type?: string;
  readonly state: string;
  readonly members: number;
  readonly lagRecords: number | null;
}

/** `GET /api/groups/G`. */
export interface GroupDetail {
  readonly group: string;
  readonly type?: string;
  readonly state: string;
  readonly members: readonly GroupMember[];
  readonly offsets: readonly GroupOffset[];
}

export interface GroupMember {
  readonly memberId: string;
  readonly clientId: string;
  readonly host: string;
  readonly assigned: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
}

export interface GroupOffset {
  readonly topic: string;
  readonly partition: number;
  readonly committed: number | null;
  readonly end: number;
  readonly lag: number | null;
}

/** Answer of `POST /api/groups/G/reset`. */
export interface GroupReset {
  readonly dryRun: boolean;
  readonly offsets: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly from: number | null;
    readonly to: number;
  }[];
}

/** A row of `GET /api/uplinks`. */
export interface UplinkRow {
  readonly name: string;
  readonly state: string;
  readonly lagRecords: number | null;
  readonly lagBytes: number | null;
  readonly freshnessMs: number | null;
  readonly rateBytesPerSecond: number | null;
  readonly capBytesPerSecond: number | null;
  readonly budget: UplinkBudget | null;
  readonly lastError?: string | null;
  readonly heldBecause?: string | null;
  readonly bootstrap?: readonly string[];
  readonly history: readonly UplinkPoint[];
}

export interface UplinkBudget {
  readonly day: BudgetPeriod | null;
  readonly month: BudgetPeriod | null;
  readonly atEnd?: string;
  readonly spent: boolean;
}

export interface BudgetPeriod {
  readonly limitBytes: number;
  readonly usedBytes: number;
  readonly resetsInMs: number | null;
}

export interface UplinkPoint {
  readonly atMs: number;
  readonly backlogBytes: number | null;
  readonly sentBytesPerSecond: number;
}

/** `GET /api/storage`. */
export interface Storage {
  readonly disk: {
    readonly totalBytes: number;
    readonly freeBytes: number;
    readonly reserveBytes: number;
    readonly full?: boolean;
    readonly folder?: string;
  };
  readonly journalBytes: number;
  readonly topics: readonly StorageTopic[];
  readonly writtenBytesPerDay: number | null;
  readonly wear: Wear | null;
}

export interface StorageTopic {
  readonly name: string;
  readonly bytes: number;
  readonly oldestMs: number | null;
  readonly retentionMs: number | null;
  readonly retentionBytes: number | null;
}

export interface Wear {
  readonly ratedBytes?: number | null;
  readonly writtenBytes: number;
  readonly yearsLeft: number | null;
}

/** `GET /api/clock`. */
export interface Clock {
  readonly nowMs: number;
  readonly known: boolean;
  readonly quality: string;
  readonly steps: number;
  readonly lastStepMs: number | null;
  readonly sinceMs: number | null;
  readonly boot?: string;
}

/** A row of `GET /api/connections`. */
export interface ConnectionRow {
  readonly door: string;
  readonly remoteAddress: string;
  readonly user: string | null;
  readonly clientId: string | null;
  readonly software?: string | null;
  readonly tls?: boolean;
  readonly sinceMs: number | null;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
}

/** A row of `GET /api/sessions`: an MQTT client. */
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

/** A row of `GET /api/users`. */
export interface UserRow {
  readonly name: string;
  readonly role: Role | null;
  readonly mechanisms?: readonly string[];
}

/** A row of `GET /api/acls`. */
export interface AclRow {
  readonly resourceType: string;
  readonly resourceName: string;
  readonly patternType: string;
  readonly principal: string;
  readonly host: string;
  readonly operation: string;
  readonly permission: string;
}

/** A row of `GET /api/config`. */
export interface SettingRow {
  readonly key: string;
  readonly value: unknown;
  readonly default: unknown;
  readonly source: string;
  readonly doc: string;
  readonly restart: boolean;
}

/** Answer of `POST /api/config/validate` and of `apply`. */
export interface ConfigCheck {
  readonly changes: readonly {
    readonly key: string;
    readonly from: unknown;
    readonly to: unknown;
    readonly restart: boolean;
  }[];
  readonly problems: readonly (string | { readonly message: string; readonly remedy?: string })[];
}

/** A row of `GET /api/audit`, newest first. */
export interface AuditRow {
  readonly atMs: number;
  readonly who: string;
  readonly from: string | null;
  readonly action: string;
  readonly on: string | null;
  readonly result: string;
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

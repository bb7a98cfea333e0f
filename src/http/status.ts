import type { WearStatus } from "../metrics/wear-forecast.ts";
import type { FlowStatus } from "../upstream/flow/status.ts";
import type { BudgetStatus, LinkStatus } from "../upstream/link/status.ts";
import type { MirrorFlow } from "../upstream/mirror/settings.ts";
import type { TimesStatus } from "../upstream/times/settings.ts";

/** How the reason begins why a gateway is not ready that has not come to its uplinks and bridges yet. */
export const STARTING = "starting";

/**
 * What the HTTP door shows of a gateway. The broker is not asked for more than this, and whoever wires the
 * gateway implements it; every call is answered from memory, at once.
 */
export interface StatusSource {
  /** Why this process cannot go on (a failed sync, for one); empty while it can. */
  faults(): readonly string[];
  /** Why not everything serves yet or any more; empty when it does. */
  hindrances(): readonly string[];
  /** What serves on as it was, and would not after a start: files that are wrong by now. Empty where nothing is. */
  notes(): readonly string[];
  status(): GatewayStatus;
  /** MQTT clients by client id, at most so many of them. */
  sessions(limit: number): readonly SessionStatus[];
}

/** Answer of `GET /api/status`. Offsets and counts are numbers; times are milliseconds since 1970. */
export interface GatewayStatus {
  readonly version: string;
  readonly gatewayId: string;
  readonly clusterId: string;
  readonly startedAtMs: number;
  readonly uptimeMs: number;
  /** host:port of each door; a door that is off is left out. */
  readonly addresses: Addresses;
  readonly topics: readonly TopicStatus[];
  readonly uplinks: readonly UplinkStatus[];
  readonly bridges: readonly BridgeStatus[];
  readonly clock: ClockStatus | null;
  /** Null where nobody looks. */
  readonly memory: MemoryStatus | null;
  /** Of the device that the data is on; null where nobody knows it. */
  readonly wear: WearStatus | null;
  readonly log: LogStatus;
  readonly mqtt: MqttStatus | null;
  readonly kafka: { readonly connections: number } | null;
  /** Null where no launcher chose between versions. */
  readonly update: UpdateStatus | null;
}

/** Which version runs, and what came of the last update. */
export interface UpdateStatus {
  readonly slot: "a" | "b" | "packaged";
  /** Whether it has to prove itself still. */
  readonly trial: boolean;
  /** What it lacks of that, in words. */
  readonly waitsFor: string | null;
  /** What the centre wants to run here, and what this gateway makes of it; null where it wants nothing, or is not asked. */
  readonly desired: {
    readonly version: string;
    readonly state: "runs" | "stays" | "waiting" | "fetching" | "chosen" | "retrying" | "refused";
    readonly reason: string | null;
  } | null;
  readonly last: {
    readonly version: string;
    readonly result: "committed" | "failed";
    readonly reason: string | null;
    readonly atMs: number;
  } | null;
}

export interface Addresses {
  readonly kafka?: string;
  readonly mqtt?: string;
  readonly mqttWebSocket?: string;
  readonly mqttTls?: string;
  readonly kafkaTls?: string;
  readonly mqttWebSocketTls?: string;
  readonly http?: string;
  readonly httpTls?: string;
}

export interface TopicStatus {
  readonly name: string;
  readonly id: string;
  readonly internal: boolean;
  readonly partitions: readonly PartitionStatus[];
}

export interface PartitionStatus {
  readonly partition: number;
  readonly logStartOffset: number;
  /** First offset that consumers do not see yet: what is durable ends here. */
  readonly highWatermark: number;
  readonly logEndOffset: number;
  readonly sizeBytes: number;
  /** Null while the log works. */
  readonly fault: string | null;
  /** Since the start: `offered = stored + refused + duplicates`, as `reconciled` says. */
  readonly records: {
    readonly offered: number;
    readonly stored: number;
    readonly refused: number;
    readonly duplicates: number;
    readonly reconciled: boolean;
  };
}

export interface UplinkStatus {
  readonly name: string;
  /** connecting, resolving, forwarding, idle, held, backing off, fenced, failed or stopped. */
  readonly state: string;
  readonly bootstrap: readonly string[];
  readonly delivery: string;
  /** Durable records that the centre does not have yet; null where not known. */
  readonly lagRecords: number | null;
  /** Age of the oldest of them. */
  readonly lagMs: number | null;
  /** Also before this process, as are `gaps` and `counters`. */
  readonly forwardedRecords: number;
  /** Of record batches as they were sent, since the start. */
  readonly forwardedBytes: number;
  readonly transactions: number;
  /** Attempts that failed and began again. */
  readonly failures: number;
  /** Records that will never reach the centre: those of topics that were deleted, too. */
  readonly gaps: number;
  readonly lastError: string | null;
  /** Null before the first. */
  readonly lastErrorAgoMs: number | null;
  /** Whether records have gone up since, or there were none to send. True before the first, too. */
  readonly lastErrorOver: boolean;
  /** When it is tried again in a state that waits for that; null in others. */
  readonly retryInMs: number | null;
  readonly link: LinkStatus;
  /** Null where there is none. */
  readonly budget: BudgetStatus | null;
  readonly times: TimesStatus;
  readonly flow: FlowStatus;
  readonly counters: UplinkCounters;
  /** Of every local topic that it carries. */
  readonly routes: readonly UplinkRouteStatus[];
  /** Topics of the centre that it copies here. */
  readonly mirrors: readonly MirrorStatus[];
}

/** Counts are since the start of the process. */
export interface MirrorStatus {
  readonly centralTopic: string;
  readonly topic: string;
  /** connecting, held, missing, snapshot, mirroring, backing off, failed or stopped. */
  readonly state: string;
  readonly reason: string | null;
  /** Records of the centre's topic that were not looked at yet; null where not known. */
  readonly lagRecords: number | null;
  readonly mirroredRecords: number;
  /** Those that keys and headers leave out. */
  readonly filteredRecords: number;
  /** Those that the centre deleted before they came here, and those that no batch here has room for. */
  readonly lostRecords: number;
  readonly flow: MirrorFlow;
  /** What the copy deletes that the central topic still has, in words; null where nothing. */
  readonly warning: string | null;
}

/** Where a local topic goes. */
export interface UplinkRouteStatus {
  readonly topic: string;
  /** Its name at the centre. */
  readonly centralTopic: string;
  /** resolving, missing, blocked or forwarding. */
  readonly state: string;
  /** Why it is missing or blocked. */
  readonly reason: string | null;
  /** What was done when it was made again at the centre last, and when; null where it was not, in this process. */
  readonly madeAgain: { readonly decision: "refill" | "continue"; readonly agoMs: number } | null;
  /** Why the link is not for it now; null where it is. */
  readonly heldBecause: string | null;
}

/** Offsets since the start of the process, by topic: `stored = forwarded + filtered + gapped + empty + waiting`. */
export interface UplinkCounters {
  /** False where that is not so anywhere: something is wrong with the program. */
  readonly reconciled: boolean;
  readonly topics: readonly {
    readonly topic: string;
    readonly stored: number;
    readonly forwarded: number;
    readonly filtered: number;
    readonly gapped: number;
    readonly empty: number;
    readonly waiting: number;
    readonly reconciled: boolean;
  }[];
  /** All topics together, with those that are gone and what was counted before a position was moved back. */
  readonly total: UplinkTotal;
  /** Whether what was counted before this process is known; until then it is not in here. */
  readonly known: boolean;
}

/** `stored = forwarded + filtered + gapped + empty + waiting`, in offsets; an offset that is sent again counts again. */
export interface UplinkTotal {
  readonly stored: number;
  readonly forwarded: number;
  readonly filtered: number;
  readonly gapped: number;
  readonly empty: number;
  readonly waiting: number;
}

/** Counts are since the start of the process. */
export interface BridgeStatus {
  readonly name: string;
  /** connecting, connected, backing off, refused, failed or stopped. */
  readonly state: string;
  readonly url: string;
  readonly version: string;
  readonly connectedSinceMs: number | null;
  readonly retryInMs: number | null;
  readonly lastError: string | null;
  /** Connections that failed or ended. */
  readonly failures: number;
  readonly in: BridgeInStatus;
  readonly out: BridgeOutStatus;
}

export interface BridgeInStatus {
  readonly messages: number;
  /** Of payloads. */
  readonly bytes: number;
  /** Messages that wait for the disk. */
  readonly inFlight: number;
  readonly duplicates: number;
  /** Messages that had been here before, and were left out. */
  readonly looped: number;
  readonly dropped: number;
  /** Filters that the remote does not let the bridge have. */
  readonly refusedFilters: readonly string[];
}

export interface BridgeOutStatus {
  readonly messages: number;
  readonly bytes: number;
  /** Messages that the remote has not acknowledged. */
  readonly inFlight: number;
  /** Records to look through, at least as many as there are messages to carry; null where not known. */
  readonly lagRecords: number | null;
  /** Messages that the bridge brought in itself, and that don't go back. */
  readonly echoes: number;
  readonly gaps: number;
}

/** What is known of the machine's clock. */
export interface ClockStatus {
  /** Whether the wall clock is believed; else times are put right once it can be. */
  readonly known: boolean;
  readonly quality: "unknown" | "plausible" | "confirmed";
  /** Names the run of the machine. */
  readonly boot: string;
  /** How often the clock was set since the start of the process. */
  readonly steps: number;
  /** By how much it was set last, in milliseconds; null where it was not. */
  readonly lastStepMs: number | null;
  /** Since when it goes as it does now; null where that is not known. */
  readonly sinceMs: number | null;
}

/** How short memory is, by the bound that is nearest; figures are null where the kernel does not tell them. */
export interface MemoryStatus {
  readonly level: "normal" | "tight" | "critical";
  /** Whether it is the machine's memory, or what a group of processes may take, as a service or a container. */
  readonly bound: "machine" | "group" | null;
  readonly limitBytes: number | null;
  /** With pages of files that the kernel takes back by itself. */
  readonly availableBytes: number | null;
  /** How much of the last ten seconds somebody waited for memory: 0 to 1. */
  readonly stalledShare: number | null;
  /** How often caches were given back since the start. */
  readonly shrinks: number;
}

export interface LogStatus {
  readonly folder: string;
  readonly disk: string;
  readonly freeBytes: number;
  readonly reserveBytes: number;
  readonly full: boolean;
  readonly partitions: number;
  readonly commitRounds: number;
  readonly commitMedianMs: number | null;
}

/** An MQTT client: its connection, its session, or both. */
export interface SessionStatus {
  readonly clientId: string;
  /** Null for nobody in particular. */
  readonly userName: string | null;
  /** 3.1, 3.1.1 or 5. */
  readonly version: string;
  /** Null while it is away. */
  readonly remoteAddress: string | null;
  /** How long it has been away; null while it is connected. */
  readonly awayMs: number | null;
  /** Seconds that its session outlives its connection: 0 where it ends with it, null where it never ends. */
  readonly expirySec: number | null;
  readonly subscriptions: number;
  /** Messages that wait to be sent. */
  readonly queuedMessages: number;
  /** Messages that were sent and are not acknowledged. */
  readonly inFlightMessages: number;
  readonly hasWill: boolean;
}

export interface MqttStatus {
  readonly connections: number;
  readonly subscriptions: number;
  readonly messagesReceived: number;
  readonly messagesSent: number;
  readonly messagesDropped: number;
  readonly messagesRefused: number;
}

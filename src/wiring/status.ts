import type { Broker } from "../broker/broker.ts";
import type { DeviceTable } from "../broker/devices/device-table.ts";
import type { GapLedger } from "../broker/gap-ledger.ts";
import type { Settings } from "../config/options.ts";
import type { Coordinators } from "../coordinators/coordinators.ts";
import {
  type Addresses,
  type BridgeStatus,
  type ClockStatus,
  type GatewayStatus,
  type LogStatus,
  type MqttStatus,
  type SessionStatus,
  STARTING,
  type StatusSource,
  type TopicStatus,
  type UpdateStatus,
  type UplinkStatus,
} from "../http/status.ts";
import type { Disk } from "../io/disk.ts";
import type { ListenerTally } from "../io/network.ts";
import type { FetchSessions } from "../kafka/fetch-sessions.ts";
import type { ConnectedClient } from "../kafka/listener.ts";
import type { KafkaCounters } from "../kafka/services.ts";
import { LATENCY_BOUNDS_MS, type LatencyFigures } from "../log/commit.ts";
import type { MqttDoor } from "../mqtt/listener.ts";
import type { GatewayHttp } from "./http-door.ts";
import type { MemoryWatch } from "./memory-watch.ts";
import type { WearWatch } from "./wear-watch.ts";

/** What a gateway tells of itself; parts come as they start. */
export class GatewayState implements StatusSource {
  readonly settings: Settings;
  readonly startedAtMs: number;
  readonly version: string;
  readonly #faults: string[] = [];
  #hindrances: readonly string[] = [`${STARTING}: the log is being opened`];
  broker: Broker | null = null;
  ledger: Pick<GapLedger, "countOf" | "fault" | "lostCount"> | null = null;
  mqtt: MqttDoor | null = null;
  kafka: {
    readonly connections: () => number;
    readonly clients: (limit: number) => readonly ConnectedClient[];
    readonly certificateExpiresAtMs: () => number | null;
    readonly counters: KafkaCounters;
  } | null = null;
  httpCertificateExpiresAtMs: () => number | null = () => null;
  revocationListsExpireAtMs: () => number | null = () => null;
  /** What came over HTTP, and what is being answered there; null while that door is closed. */
  http: Pick<GatewayHttp, "tally" | "answering"> | null = null;
  /** What came to the listeners of the other doors, by their names. */
  listeners: ReadonlyMap<string, ListenerTally> = new Map();
  /** Null where nobody looks. */
  wear: Pick<WearWatch, "status"> | null = null;
  coordinators: Coordinators | null = null;
  fetchSessions: FetchSessions | null = null;
  /** Null where there is no registry of devices. */
  devices: DeviceTable | null = null;
  uplinks: () => readonly UplinkStatus[] = () => [];
  bridges: () => readonly BridgeStatus[] = () => [];
  clock: () => ClockStatus | null = () => null;
  /** Null where nobody looks. */
  memory: Pick<MemoryWatch, "status" | "hindrance"> | null = null;
  update: () => UpdateStatus | null = () => null;
  /** Why doors are closed that should be open. */
  closedDoors: () => readonly string[] = () => [];
  /** What is not used as it is now, while what it was before stands. */
  notes: () => readonly string[] = () => [];
  disk = "";
  dataDisk: Disk | null = null;
  addresses: Addresses = {};

  constructor(settings: Settings, version: string, startedAtMs: number) {
    this.settings = settings;
    this.version = version;
    this.startedAtMs = startedAtMs;
  }

  /** Something that this process can't get over. */
  fail(reason: string): void {
    this.#faults.push(reason);
  }

  /** Why not everything serves, or nothing where it does. */
  hinder(...reasons: readonly string[]): void {
    this.#hindrances = reasons;
  }

  faults(): readonly string[] {
    return this.#faults;
  }

  hindrances(): readonly string[] {
    const faults = this.#faultyPartitions();
    const ledgerFault = this.ledger?.fault ?? null;
    const memory = this.memory?.hindrance ?? null;
    const limit = this.broker?.store.status().fullLimit ?? null;
    const full = limit === "disk-full" ? "the disk is full" : `${limit} is reached`;
    return [
      ...this.#hindrances,
      ...this.closedDoors(),
      ...(faults > 0 ? [`${faults} partitions take no records: see the log, or /api/status`] : []),
      ...(limit === null ? [] : [`${full}: records are refused until there is space`]),
      ...(ledgerFault === null ? [] : [ledgerFault]),
      ...(memory === null ? [] : [memory]),
    ];
  }

  status(): GatewayStatus {
    const nowMs = this.broker?.clock.nowMs() ?? this.startedAtMs;
    return {
      version: this.version,
      gatewayId: this.settings["gateway.id"],
      clusterId: this.broker?.clusterId ?? "",
      startedAtMs: this.startedAtMs,
      uptimeMs: Math.max(0, nowMs - this.startedAtMs),
      addresses: this.addresses,
      topics: this.#topics(),
      uplinks: this.uplinks(),
      bridges: this.bridges(),
      clock: this.clock(),
      memory: this.memory?.status ?? null,
      wear: this.wear?.status ?? null,
      log: this.#log(),
      mqtt: this.#mqtt(),
      kafka: this.kafka === null ? null : { connections: this.kafka.connections() },
      update: this.update(),
    };
  }

  sessions(limit: number): readonly SessionStatus[] {
    return this.mqtt?.sessions(limit) ?? [];
  }

  #faultyPartitions(): number {
    let count = 0;
    for (const topic of this.broker?.topics.all() ?? []) {
      for (const { log } of topic.partitions) if (log.fault !== null) count += 1;
    }
    return count;
  }

  #topics(): TopicStatus[] {
    return Array.from(this.broker?.topics.all() ?? [], ({ name, id, internal, partitions }) => ({
      name,
      id,
      internal,
      partitions: partitions.map(({ index, log, counters }) => ({
        partition: index,
        logStartOffset: log.logStartOffset,
        highWatermark: log.highWatermark,
        logEndOffset: log.logEndOffset,
        sizeBytes: log.sizeBytes,
        fault: log.fault,
        records: {
          offered: counters.offered,
          stored: counters.stored,
          refused: counters.refused,
          duplicates: counters.duplicates,
          reconciled: counters.reconcile(log.logEndOffset),
        },
      })),
    }));
  }

  #log(): LogStatus {
    const status = this.broker?.store.status();
    return {
      folder: this.settings.data,
      disk: this.disk,
      freeBytes: status?.freeBytes ?? 0,
      reserveBytes: this.settings["disk.reserve.bytes"],
      full: (status?.fullLimit ?? null) !== null,
      partitions: this.broker?.topics.partitionCount ?? 0,
      commitRounds: status?.rounds ?? 0,
      commitMedianMs: status === undefined ? null : medianMs(status.roundMs),
    };
  }

  #mqtt(): MqttStatus | null {
    const stats = this.mqtt?.stats();
    if (stats === undefined) return null;
    return {
      connections: stats.connections,
      subscriptions: stats.subscriptions,
      messagesReceived: stats.publishesReceived,
      messagesSent: stats.messagesSent,
      messagesDropped: stats.messagesDropped,
      messagesRefused: stats.publishesRefused,
    };
  }
}

/** The bound below which half of the rounds stayed; null without any. */
function medianMs({ count, buckets }: LatencyFigures): number | null {
  let below = 0;
  for (const [index, bound] of LATENCY_BOUNDS_MS.entries()) {
    below += buckets[index] ?? 0;
    if (count > 0 && below * 2 >= count) return bound;
  }
  return null;
}

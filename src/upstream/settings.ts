import { DEFAULT_LINK_SETTINGS, type LinkSettings } from "./link/settings.ts";

/** What one `[uplink.NAME]` says, and the limits it works within. */
export interface UplinkSettings {
  readonly name: string;
  /** `gateway.id`: names the gateway at the centre. Letters, digits, `.`, `_`, `-`. */
  readonly gatewayId: string;
  /** Names or patterns with `*` of the local topics to forward; each goes to the topic of its name. */
  readonly topics: readonly string[];
  readonly delivery: Delivery;
  readonly compression: LinkCompression;
  /** Make central topics that are missing, with the centre's defaults; else wait for somebody to. */
  readonly createTopics: boolean;
  readonly limits: UplinkLimits;
  readonly link: LinkSettings;
}

/** Exactly once by transactions, or by an idempotent producer where the centre has none. */
export type Delivery = "transactional" | "idempotent";

export type LinkCompression = "none" | "zstd";

export interface UplinkLimits {
  /** Records that are read but not acknowledged, as held in memory: open batches whole, sealed ones compressed. */
  readonly maxBufferedBytes: number;
  /** Records in one transaction. */
  readonly maxRoundRecords: number;
  /** Bytes of records in one transaction, before compression. */
  readonly maxRoundBytes: number;
  /** Bytes of a batch before compression at which it is sealed. */
  readonly batchBytes: number;
  /** Source bytes read in one turn of the event loop, so that ingest gets its turn. */
  readonly sliceBytes: number;
  /** How long a transaction waits for more records once there are no more to read. */
  readonly lingerMs: number;
  /** How long a transaction is filled at most. */
  readonly maxFillMs: number;
  /** Produce requests per central partition that may wait for an answer; idempotence allows 5. */
  readonly maxInFlight: number;
  /** The centre aborts a transaction after this time; requests are retried for two thirds of it. */
  readonly transactionTimeoutMs: number;
  /** First back-off after a failure, doubled with every further one, with full jitter. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** How often topics and partition counts are looked up, at both ends. */
  readonly refreshMs: number;
  /** Positions are committed again at least this often, so that the centre does not forget them. */
  readonly keepAliveMs: number;
  /** How long a fenced copy waits before it looks again whether the other one still works. */
  readonly fencedMs: number;
  /** How often the position is saved locally while records flow. */
  readonly savePositionMs: number;
  /** Bytes of central partitions that are looked through for our own records after a crash. */
  readonly maxReconcileBytes: number;
}

export const DEFAULT_UPLINK_LIMITS: UplinkLimits = {
  maxBufferedBytes: 4 * 1024 * 1024,
  maxRoundRecords: 20_000,
  maxRoundBytes: 4 * 1024 * 1024,
  batchBytes: 256 * 1024,
  sliceBytes: 128 * 1024,
  lingerMs: 25,
  maxFillMs: 1_000,
  maxInFlight: 5,
  transactionTimeoutMs: 60_000,
  backoffMs: 200,
  maxBackoffMs: 30_000,
  refreshMs: 30_000,
  keepAliveMs: 10 * 60_000,
  fencedMs: 60_000,
  savePositionMs: 1_000,
  maxReconcileBytes: 64 * 1024 * 1024,
};

/** Settings with every default filled in. */
export function uplinkSettings(
  given: Pick<UplinkSettings, "name" | "gatewayId" | "topics"> &
    Partial<Pick<UplinkSettings, "delivery" | "compression" | "createTopics">> & {
      readonly limits?: Partial<UplinkLimits>;
      readonly link?: Partial<LinkSettings>;
    },
): UplinkSettings {
  return {
    delivery: "transactional",
    compression: "zstd",
    createTopics: true,
    ...given,
    limits: { ...DEFAULT_UPLINK_LIMITS, ...given.limits },
    link: { ...DEFAULT_LINK_SETTINGS, ...given.link },
  };
}

/** The transactional id of an uplink: one lane. Another uplink of the gateway has its own. */
export function transactionalId(settings: UplinkSettings): string {
  return `headwater.${settings.gatewayId}.${settings.name}`;
}

/** The group that positions are committed for. By gateway alone, so that an uplink may be renamed. */
export function positionGroup(settings: UplinkSettings): string {
  return `headwater.${settings.gatewayId}`;
}

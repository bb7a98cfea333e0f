import { GAP_TOPIC } from "../broker/gap-ledger.ts";
import { DEFAULT_LINK_SETTINGS, type LinkSettings } from "./link/settings.ts";
import { DEFAULT_TIMES_SETTINGS, type TimesSettings } from "./times/settings.ts";

/** What one `[uplink.NAME]` says, and the limits it works within. */
export interface UplinkSettings {
  readonly name: string;
  /** `gateway.id`: names the gateway at the centre. Letters, digits, `.`, `_`, `-`. */
  readonly gatewayId: string;
  /** `gateway.site`, for templates; may be empty where none uses it. */
  readonly site: string;
  /** The first that takes a local topic carries it; what none takes stays here. */
  readonly routes: readonly UplinkRoute[];
  /** Local topics that are copies of a centre's: they go up only where a route names them in full. */
  readonly mirrored: readonly string[];
  readonly delivery: Delivery;
  /** What is done about topics that were made again at the centre. */
  readonly recreatedTopics: RecreatedTopics;
  readonly compression: LinkCompression;
  /** Of zstd. */
  readonly compressionLevel: number;
  /** Template of the central topic for the gaps. */
  readonly gapsTopic: string;
  /** How topics of no route are made at the centre: those of the gaps. */
  readonly creation: TopicCreation;
  readonly limits: UplinkLimits;
  readonly link: LinkSettings;
  readonly times: TimesSettings;
}

/** Which local topics go where, and which of their records. */
export interface UplinkRoute {
  /** Names, and patterns with `*` for any run of characters. */
  readonly topics: readonly string[];
  /** Topic at the centre; `{topic}`, `{gateway}` and `{site}` stand for the local topic and this gateway. */
  readonly topic: string;
  /** Patterns of keys that are taken; none for all, null keys too. */
  readonly keys: readonly string[];
  /** All of them have to hold. */
  readonly headers: readonly HeaderCondition[];
  /** Of the records that keys and headers let pass. */
  readonly sampling: Sampling;
  readonly creation: TopicCreation;
}

export interface HeaderCondition {
  readonly name: string;
  /** The header's value as UTF-8, or whether it has to be there at all. */
  readonly value: string | boolean;
}

export type Sampling =
  | { readonly kind: "all" }
  /** The first of each key, and then each that is this many further. */
  | { readonly kind: "every"; readonly count: number }
  /** Of each key at most one in this time, by the records' timestamps. */
  | { readonly kind: "interval"; readonly intervalMs: number };

/** How a topic that the centre does not have is made there. */
export interface TopicCreation {
  /** Otherwise it is waited for. */
  readonly enabled: boolean;
  /** -1 for the centre's default. */
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Kafka's topic configuration, e.g. `retention.ms`. */
  readonly configs: Readonly<Record<string, string>>;
}

/** All that is stored here goes up again, or what had not gone up before. */
export type RecreatedTopics = "refill" | "continue";

/** Exactly once by transactions, or by an idempotent producer where the centre has none. */
export type Delivery = "transactional" | "idempotent";

export type LinkCompression = "none" | "lz4" | "zstd";

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
  sliceBytes: 32 * 1024,
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
  given: Pick<UplinkSettings, "name" | "gatewayId"> &
    Partial<
      Pick<
        UplinkSettings,
        | "delivery"
        | "recreatedTopics"
        | "compression"
        | "compressionLevel"
        | "site"
        | "gapsTopic"
        | "routes"
        | "mirrored"
      >
    > & {
      /** Topics that are forwarded whole, under their own names, behind all routes. */
      readonly topics?: readonly string[];
      readonly createTopics?: boolean;
      readonly limits?: Partial<UplinkLimits>;
      readonly link?: Partial<LinkSettings>;
      readonly times?: Partial<TimesSettings>;
    },
): UplinkSettings {
  const { topics = [], createTopics = true, routes = [], ...others } = given;
  const creation = { ...PLAIN_ROUTE.creation, enabled: createTopics };
  return {
    delivery: "transactional",
    recreatedTopics: "refill",
    compression: "zstd",
    compressionLevel: 3,
    site: "",
    mirrored: [],
    gapsTopic: GAP_TOPIC,
    ...others,
    creation,
    routes: topics.length === 0 ? routes : [...routes, { ...PLAIN_ROUTE, topics, creation }],
    limits: { ...DEFAULT_UPLINK_LIMITS, ...given.limits },
    link: { ...DEFAULT_LINK_SETTINGS, ...given.link },
    times: { ...DEFAULT_TIMES_SETTINGS, ...given.times },
  };
}

/** All records of a topic, under its own name. */
export const PLAIN_ROUTE: UplinkRoute = {
  topics: ["*"],
  topic: "{topic}",
  keys: [],
  headers: [],
  sampling: { kind: "all" },
  creation: { enabled: true, partitions: -1, replicationFactor: -1, configs: {} },
};

/** The transactional id of an uplink: one lane. Another uplink of the gateway has its own. */
export function transactionalId(settings: UplinkSettings): string {
  return `headwater.${settings.gatewayId}.${settings.name}`;
}

/** The group that positions are committed for: each uplink has its own, also where two lead to one centre. */
export function positionGroup(settings: UplinkSettings): string {
  return `headwater.${settings.gatewayId}.${settings.name}`;
}

import type { Broker } from "../broker/broker.ts";
import type { Coordinators } from "../coordinators/coordinators.ts";
import type { AuditNotes } from "../security/audit/audit-event.ts";
import type { KafkaAuthorizer } from "../security/kafka-acls/authorizer.ts";
import type { FetchSessions } from "./fetch-sessions.ts";
import type { VersionRange } from "./handlers/18-api-versions.ts";
import type { KafkaViews } from "./views/kafka-views.ts";

/** What handlers work with. */
export interface KafkaServices {
  readonly broker: Broker;
  readonly coordinators: Coordinators;
  readonly fetchSessions: FetchSessions;
  /** Null where everybody may do everything. */
  readonly authorizer: KafkaAuthorizer | null;
  /** Takes notes of who changes what. */
  readonly audit: AuditNotes;
  /** Topics of single devices. */
  readonly views: KafkaViews;
  /** What ApiVersions announces. */
  readonly versions: readonly VersionRange[];
  /** Broker settings as DescribeConfigs shows them, by Kafka's names where Kafka has the setting. */
  readonly brokerConfigs: () => readonly BrokerConfig[];
  readonly limits: { readonly maxFetchBytes: number };
  readonly counters: KafkaCounters;
}

export interface BrokerConfig {
  readonly name: string;
  readonly value: string | null;
  readonly isDefault: boolean;
  readonly isSensitive: boolean;
  readonly type: "boolean" | "double" | "int" | "list" | "long" | "string";
  readonly doc: string;
}

/** Counted on the hot path, read by the metrics. */
export interface KafkaCounters {
  requests: number;
  produceRequests: number;
  fetchRequests: number;
  recordsIn: number;
  bytesIn: number;
  bytesOut: number;
  refusedConnections: number;
}

export function newKafkaCounters(): KafkaCounters {
  return {
    requests: 0,
    produceRequests: 0,
    fetchRequests: 0,
    recordsIn: 0,
    bytesIn: 0,
    bytesOut: 0,
    refusedConnections: 0,
  };
}

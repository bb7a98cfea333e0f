import type { Logger } from "../base/logger.ts";
import type { Clock } from "../io/clock.ts";
import type { Random } from "../io/random.ts";
import type { LogStore } from "../log/log-store.ts";

export interface BrokerOptions {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly nodeId: number;
  readonly clusterId: string;
  /** Settings of topics that have none of their own, by Kafka's names. */
  readonly topicDefaults: ReadonlyMap<string, string>;
  readonly autoCreateTopics: boolean;
  readonly defaultPartitions: number;
  /** Partitions of all topics together. */
  readonly maxPartitions: number;
  /** How long an idle producer's sequence numbers are remembered. Default 1 day, as in Kafka. */
  readonly producerIdExpirationMs?: number;
}

/** Those of a broker's options that may change while it runs. */
export type BrokerDefaults = Pick<BrokerOptions, "topicDefaults" | "autoCreateTopics" | "defaultPartitions">;

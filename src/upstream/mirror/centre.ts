import type { Uuid } from "../../base/ids.ts";
import type { FetchedPartition } from "../../kafka/client/fetch.ts";

/** How a mirror reads: the centre, or a model of it in a test. Everything rejects with HeadwaterError. */
export interface MirrorCentre {
  /** Looks the topic up, over new connections where there are none; null where the centre has no such topic. */
  look(topic: string): Promise<CentralTopicFacts | null>;
  /** Partitions by who leads them: what can be fetched in one request. */
  leaders(topic: string, partitions: number): readonly (readonly number[])[];
  /** First or last offset of each partition that committed readers see. */
  offsets(topic: string, partitions: number, at: "earliest" | "latest"): Promise<readonly number[]>;
  /** Committed records of partitions that have one leader. Kafka's errors are in what it returns. */
  take(
    topic: string,
    positions: readonly { readonly partition: number; readonly offset: number }[],
    limits: { readonly maxWaitMs: number; readonly fetchBytes: number },
  ): Promise<readonly FetchedPartition[]>;
  /** Ends connections, and whatever waits for an answer. */
  close(): void;
}

export interface CentralTopicFacts {
  readonly clusterId: string;
  /** Zero where the centre is too old to have ids. */
  readonly id: Uuid;
  readonly partitions: number;
  /** Null where the centre does not say: not allowed, or too old. */
  readonly cleanupPolicy: string | null;
  readonly deleteRetentionMs: number | null;
}

import type { Uuid } from "../../base/ids.ts";
import type { FetchedPartition } from "../../kafka/client/fetch.ts";
import type { Keeping } from "./keeping.ts";

/** How a mirror reads: the centre, or a model of it in a test. Everything rejects with HeadwaterError. */
export interface MirrorCentre {
  /** Looks the topic up, over new connections where there are none; null where the centre has no such topic. */
  look(topic: string): Promise<CentralTopicFacts | null>;
  /** Who leads each partition, as of the last look; null for nobody. What one leads can be fetched in one request. */
  leaders(topic: string, partitions: number): readonly (string | null)[];
  /**
   * Who leads each partition now, over a connection that no request holds up; null where the topic is gone, or is not the one of
   * `facts` any more.
   */
  leadersNow(topic: string, facts: CentralTopicFacts): Promise<readonly (string | null)[] | null>;
  /** First or last offset of these partitions that committed readers see; null where its leader does not say. */
  offsets(
    topic: string,
    partitions: readonly number[],
    at: "earliest" | "latest",
  ): Promise<readonly (number | null)[]>;
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
  readonly keeping: Keeping | null;
}

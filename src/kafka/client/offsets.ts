import { ERROR } from "../wire/generated/errors.ts";
import {
  DEFAULT_LIST_OFFSETS_PARTITION,
  DEFAULT_LIST_OFFSETS_REQUEST,
} from "../wire/generated/list-offsets-request.ts";
import { LIST_OFFSETS } from "./client-apis.ts";
import type { KafkaCluster } from "./cluster.ts";
import type { Reply } from "./connection.ts";
import { offsetOf } from "./produce.ts";

/** Timestamps that ListOffsets gives a meaning of its own. */
export const LIST_OFFSET = { latest: -1, earliest: -2, maxTimestamp: -3 } as const;

export type Isolation = "read_uncommitted" | "read_committed";

export interface OffsetQuery {
  readonly topic: string;
  readonly partition: number;
  /** Milliseconds since 1970, or one of `LIST_OFFSET`. */
  readonly timestampMs: number;
}

export interface FoundOffset {
  readonly topic: string;
  readonly partition: number;
  /** Kafka's error code; NETWORK_EXCEPTION where the leader did not answer. */
  readonly error: number;
  /** First offset at or after the timestamp; -1 where there is none. */
  readonly offset: number;
  /** Of the record at that offset; -1 where it is not known. */
  readonly timestampMs: number;
}

/**
 * Looks offsets up at the partitions' leaders, in the order of the queries, each partition once. "latest" is the high watermark, or the
 * last stable offset with `read_committed`. Never rejects; `cluster.refresh` must have named the topics.
 */
export async function listOffsets(
  cluster: KafkaCluster,
  queries: readonly OffsetQuery[],
  isolation: Isolation,
): Promise<readonly FoundOffset[]> {
  const found = new Map<OffsetQuery, FoundOffset>();
  const byLeader = Map.groupBy(queries, ({ topic, partition }) => cluster.leaderOf(topic, partition));
  await Promise.all(
    [...byLeader].map(async ([leader, asked]) => {
      const reply =
        leader === null
          ? null
          : await cluster.request(leader, LIST_OFFSETS, (version) => ({
              ...DEFAULT_LIST_OFFSETS_REQUEST,
              replicaId: -1,
              // Brokers that only have version 1 know no transactions.
              isolationLevel: isolation === "read_committed" && version > 1 ? 1 : 0,
              timeoutMs: cluster.options.requestTimeoutMs,
              topics: [...Map.groupBy(asked, ({ topic }) => topic)].map(([name, partitions]) => ({
                name,
                partitions: partitions.map(({ partition, timestampMs }) => ({
                  ...DEFAULT_LIST_OFFSETS_PARTITION,
                  partitionIndex: partition,
                  timestamp: timestampMs,
                })),
              })),
            }));
      const fallback = leader === null ? ERROR.LEADER_NOT_AVAILABLE : unansweredError(reply);
      const topics = reply?.kind === "answered" ? reply.response.topics : [];
      for (const query of asked) {
        const answer = topics
          .find(({ name }) => name === query.topic)
          ?.partitions.find(({ partitionIndex }) => partitionIndex === query.partition);
        found.set(query, {
          topic: query.topic,
          partition: query.partition,
          error: answer?.errorCode ?? fallback,
          offset: answer === undefined ? -1 : offsetOf(answer.offset),
          timestampMs: answer === undefined ? -1 : offsetOf(answer.timestamp),
        });
      }
    }),
  );
  return queries.map((query) => found.get(query) as FoundOffset);
}

function unansweredError(reply: Reply<unknown> | null): number {
  const unsupported = reply !== null && reply.kind !== "answered" && reply.error.code === "UNSUPPORTED";
  return unsupported ? ERROR.UNSUPPORTED_VERSION : ERROR.NETWORK_EXCEPTION;
}

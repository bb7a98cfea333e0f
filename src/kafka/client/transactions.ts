import { type Int64, ZERO_UUID } from "../../base/ids.ts";
import { DEFAULT_ADD_OFFSETS_TO_TXN_REQUEST } from "../wire/generated/add-offsets-to-txn-request.ts";
import { DEFAULT_ADD_PARTITIONS_TO_TXN_REQUEST } from "../wire/generated/add-partitions-to-txn-request.ts";
import type { DescribeTransactionsResponse } from "../wire/generated/describe-transactions-response.ts";
import { DEFAULT_END_TXN_REQUEST } from "../wire/generated/end-txn-request.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { DEFAULT_INIT_PRODUCER_ID_REQUEST } from "../wire/generated/init-producer-id-request.ts";
import { DEFAULT_OFFSET_FETCH_REQUEST } from "../wire/generated/offset-fetch-request.ts";
import type { OffsetFetchResponse } from "../wire/generated/offset-fetch-response.ts";
import { DEFAULT_TXN_OFFSET_COMMIT_REQUEST } from "../wire/generated/txn-offset-commit-request.ts";
import { DEFAULT_WRITABLE_TXN_MARKER } from "../wire/generated/write-txn-markers-request.ts";
import type { WriteTxnMarkersResponse } from "../wire/generated/write-txn-markers-response.ts";
import {
  ADD_OFFSETS_TO_TXN,
  ADD_PARTITIONS_TO_TXN,
  DESCRIBE_PRODUCERS,
  DESCRIBE_TRANSACTIONS,
  END_TXN,
  INIT_PRODUCER_ID,
  OFFSET_FETCH,
  TXN_OFFSET_COMMIT,
  WRITE_TXN_MARKERS,
} from "./client-apis.ts";
import type { KafkaCluster } from "./cluster.ts";
import type { ClientApi, KafkaConnection } from "./connection.ts";
import {
  askCoordinator,
  type CallOutcome,
  errorCodeOf,
  firstError,
  nothing,
  outcomeOf,
} from "./coordinator-call.ts";
import { commitError, type GroupOffset, topicsToCommit } from "./group-offset.ts";
import { offsetOf } from "./produce.ts";

/**
 * Transactions and committed offsets, request by request. Nothing is repeated here: a coordinator that moved is
 * forgotten and its error handed back, so that the caller decides. Nothing rejects.
 *
 * Protocol 1 adds partitions and the group to a transaction before they are written; with protocol 2
 * (`transaction.version` 2, KIP-890) writing adds them, and EndTxn hands out the next epoch.
 */
export interface TransactionIdentity {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly protocol: 1 | 2;
}

export interface ProducerIdentity {
  /** -1 where the answer brings none. */
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** Versions from these on mean protocol 2. */
const FIRST_IMPLICIT = { endTxn: 5, txnOffsetCommit: 5 } as const;
/** The version from which a producer may say who it is, and be refused where somebody took over (KIP-360). */
const FIRST_INIT_WITH_IDENTITY = 3;
/** OffsetFetch from this version on takes several groups, and from `FIRST_STABLE` waits for open transactions. */
const FIRST_FETCH_BY_GROUPS = 8;
const FIRST_STABLE = 7;

/**
 * A producer id. With a transactional id its open transaction is over once this succeeds, and every holder of an
 * older epoch is fenced. `known` is the identity held so far, which a newer holder's coordinator refuses.
 */
export async function initProducerId(
  cluster: KafkaCluster,
  transactionalId: string | null,
  transactionTimeoutMs: number,
  known: ProducerIdentity,
): Promise<CallOutcome<ProducerIdentity>> {
  const body = (version: number) => ({
    ...DEFAULT_INIT_PRODUCER_ID_REQUEST,
    transactionalId,
    transactionTimeoutMs,
    ...(version >= FIRST_INIT_WITH_IDENTITY ? known : {}),
  });
  if (transactionalId !== null) {
    const call = { api: INIT_PRODUCER_ID, body, errorOf: errorCodeOf };
    return askCoordinator(cluster, { kind: "transaction", key: transactionalId, ...call }, identityIn);
  }
  return outcomeOf(await cluster.request("any", INIT_PRODUCER_ID, body), errorCodeOf, identityIn);
}

function identityIn(response: {
  readonly producerId: Int64;
  readonly producerEpoch: number;
}): ProducerIdentity {
  return { producerId: offsetOf(response.producerId), producerEpoch: response.producerEpoch };
}

/** Protocol 1 only. The first error of any partition counts. */
export async function addPartitionsToTransaction(
  cluster: KafkaCluster,
  who: TransactionIdentity,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
): Promise<CallOutcome<null>> {
  const topics = [...Map.groupBy(partitions, ({ topic }) => topic)].map(([name, entries]) => ({
    name,
    partitions: entries.map(({ partition }) => partition),
  }));
  const body = () => ({
    ...DEFAULT_ADD_PARTITIONS_TO_TXN_REQUEST,
    v3AndBelowTransactionalId: who.transactionalId,
    v3AndBelowProducerId: who.producerId,
    v3AndBelowProducerEpoch: who.producerEpoch,
    v3AndBelowTopics: topics,
  });
  const errorOf = (response: { readonly resultsByTopicV3AndBelow: readonly AddedTopic[] }): number =>
    firstError(
      response.resultsByTopicV3AndBelow.flatMap((topic) =>
        topic.resultsByPartition.map((partition) => partition.partitionErrorCode),
      ),
    );
  const api = ADD_PARTITIONS_TO_TXN;
  return askCoordinator(
    cluster,
    { kind: "transaction", key: who.transactionalId, api, body, errorOf },
    nothing,
  );
}

interface AddedTopic {
  readonly resultsByPartition: readonly { readonly partitionErrorCode: number }[];
}

/** Protocol 1 only. */
export async function addOffsetsToTransaction(
  cluster: KafkaCluster,
  who: TransactionIdentity,
  group: string,
): Promise<CallOutcome<null>> {
  const body = () => ({
    ...DEFAULT_ADD_OFFSETS_TO_TXN_REQUEST,
    transactionalId: who.transactionalId,
    producerId: who.producerId,
    producerEpoch: who.producerEpoch,
    groupId: group,
  });
  const versionOf = (connection: KafkaConnection): number =>
    Math.min(4, connection.versionOf(ADD_OFFSETS_TO_TXN));
  const call = { api: ADD_OFFSETS_TO_TXN, body, errorOf: errorCodeOf, versionOf };
  return askCoordinator(cluster, { kind: "transaction", key: who.transactionalId, ...call }, nothing);
}

/** Commits offsets as part of the transaction. The first error of any partition counts. */
export async function commitOffsetsInTransaction(
  cluster: KafkaCluster,
  who: TransactionIdentity,
  group: string,
  offsets: readonly GroupOffset[],
): Promise<CallOutcome<null>> {
  const topics = topicsToCommit(offsets);
  const body = () => ({
    ...DEFAULT_TXN_OFFSET_COMMIT_REQUEST,
    transactionalId: who.transactionalId,
    groupId: group,
    producerId: who.producerId,
    producerEpoch: who.producerEpoch,
    topics,
  });
  const versionOf = (connection: KafkaConnection): number =>
    versionFor(connection, TXN_OFFSET_COMMIT, who.protocol, FIRST_IMPLICIT.txnOffsetCommit);
  const call = { api: TXN_OFFSET_COMMIT, body, errorOf: commitError, versionOf };
  return askCoordinator(cluster, { kind: "group", key: group, ...call }, nothing);
}

/** Commits or aborts. With protocol 2 the answer brings the identity for the next transaction. */
export async function endTransaction(
  cluster: KafkaCluster,
  who: TransactionIdentity,
  commit: boolean,
): Promise<CallOutcome<ProducerIdentity>> {
  const body = () => ({
    ...DEFAULT_END_TXN_REQUEST,
    transactionalId: who.transactionalId,
    producerId: who.producerId,
    producerEpoch: who.producerEpoch,
    committed: commit,
  });
  const versionOf = (connection: KafkaConnection): number =>
    versionFor(connection, END_TXN, who.protocol, FIRST_IMPLICIT.endTxn);
  const call = { api: END_TXN, body, errorOf: errorCodeOf, versionOf };
  return askCoordinator(cluster, { kind: "transaction", key: who.transactionalId, ...call }, identityIn);
}

export interface LastEnd extends ProducerIdentity {
  /** How the last transaction ended, or is going to; null where one is open, or none has been since the id was taken. */
  readonly committed: boolean | null;
}

/** What a coordinator has written down of a transactional id (DescribeTransactions, KIP-664). */
export async function lastEnd(cluster: KafkaCluster, transactionalId: string): Promise<CallOutcome<LastEnd>> {
  const body = () => ({ transactionalIds: [transactionalId] });
  const errorOf = (response: DescribeTransactionsResponse): number =>
    firstError(response.transactionStates.map(({ errorCode }) => errorCode));
  const call = {
    kind: "transaction",
    key: transactionalId,
    api: DESCRIBE_TRANSACTIONS,
    body,
    errorOf,
  } as const;
  return askCoordinator(cluster, call, ({ transactionStates: [state] }) => ({
    producerId: offsetOf(state?.producerId ?? -1),
    producerEpoch: state?.producerEpoch ?? -1,
    committed: ENDS.get(state?.transactionState ?? "") ?? null,
  }));
}

/** States that are left for the ends they name only. */
const ENDS: ReadonlyMap<string, boolean> = new Map([
  ["PrepareCommit", true],
  ["CompleteCommit", true],
  ["PrepareAbort", false],
  ["CompleteAbort", false],
]);

/** Where groups keep their offsets. */
export const OFFSETS_TOPIC = "__consumer_offsets";

/** The partition of OFFSETS_TOPIC that a group's offsets are in, as Kafka's coordinator has it. */
export function partitionOfGroup(group: string, partitionCount: number): number {
  let hash = 0;
  for (let index = 0; index < group.length; index += 1) {
    hash = (Math.imul(hash, 31) + group.charCodeAt(index)) | 0;
  }
  // The smallest number has no absolute value in 32 bits; Kafka takes 0 for it.
  const positive = hash === -0x80000000 ? 0 : Math.abs(hash);
  return partitionCount === 0 ? -1 : positive % partitionCount;
}

export interface OpenTransaction {
  readonly topic: string;
  readonly partition: number;
  /** Offset of its first record. */
  readonly startOffset: number;
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
}

/**
 * Where this producer has a transaction open (DescribeProducers, KIP-664). A leader that does not answer, or has
 * partitions that it won't tell of, counts as having none. `cluster.refresh` must have named the topics.
 */
export async function openTransactions(
  cluster: KafkaCluster,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
  producerId: number,
): Promise<readonly OpenTransaction[]> {
  const byLeader = Map.groupBy(partitions, ({ topic, partition }) => cluster.leaderOf(topic, partition));
  const open = [...byLeader].map(async ([leader, asked]) => {
    if (leader === null) return [];
    const reply = await cluster.request(leader, DESCRIBE_PRODUCERS, () => ({
      topics: [...Map.groupBy(asked, ({ topic }) => topic)].map(([name, places]) => ({
        name,
        partitionIndexes: places.map(({ partition }) => partition),
      })),
    }));
    const topics = reply.kind === "answered" ? reply.response.topics : [];
    return topics.flatMap(({ name, partitions }) =>
      partitions.flatMap(({ partitionIndex, activeProducers }) =>
        activeProducers
          .filter((producer) => offsetOf(producer.producerId) === producerId)
          .map(({ currentTxnStartOffset, producerEpoch, coordinatorEpoch }) => ({
            topic: name,
            partition: partitionIndex,
            startOffset: offsetOf(currentTxnStartOffset),
            producerEpoch,
            coordinatorEpoch,
          }))
          .filter(({ startOffset }) => startOffset >= 0),
      ),
    );
  });
  return (await Promise.all(open)).flat();
}

/**
 * Ends a producer's transaction in these partitions, past its coordinator, as administrators do with transactions
 * that hang (KIP-664). Needs the right to alter the cluster. The first error of any partition counts.
 */
export async function writeMarkers(
  cluster: KafkaCluster,
  producerId: number,
  partitions: readonly OpenTransaction[],
  commit: boolean,
): Promise<CallOutcome<null>> {
  const byLeader = Map.groupBy(partitions, ({ topic, partition }) => cluster.leaderOf(topic, partition));
  const outcomes = [...byLeader].map(async ([leader, asked]): Promise<CallOutcome<null>> => {
    if (leader === null) return { kind: "refused", error: ERROR.LEADER_NOT_AVAILABLE, message: null };
    const markers = asked.map(({ topic, partition, producerEpoch, coordinatorEpoch }) => ({
      ...DEFAULT_WRITABLE_TXN_MARKER,
      producerId,
      producerEpoch,
      coordinatorEpoch: Math.max(0, coordinatorEpoch),
      transactionResult: commit,
      topics: [{ name: topic, partitionIndexes: [partition] }],
    }));
    const reply = await cluster.request(leader, WRITE_TXN_MARKERS, () => ({ markers }));
    const errorOf = (response: WriteTxnMarkersResponse): number =>
      firstError(
        response.markers.flatMap((marker) =>
          marker.topics.flatMap((topic) => topic.partitions.map((partition) => partition.errorCode)),
        ),
      );
    return outcomeOf(reply, errorOf, nothing);
  });
  const all = await Promise.all(outcomes);
  return all.find(({ kind }) => kind !== "done") ?? { kind: "done", value: null };
}

/**
 * The committed offsets of a group, of these topics or all (null), without the partitions that have none. While an
 * open transaction holds offsets of a partition the answer is UNSTABLE_OFFSET_COMMIT (brokers from 2.5 on).
 */
export async function committedOffsets(
  cluster: KafkaCluster,
  group: string,
  topics: readonly { readonly topic: string; readonly partitions: number }[] | null,
): Promise<CallOutcome<readonly GroupOffset[]>> {
  const wanted =
    topics?.map(({ topic, partitions }) => ({
      name: topic,
      topicId: ZERO_UUID,
      partitionIndexes: Array.from({ length: partitions }, (_, index) => index),
    })) ?? null;
  const body = (version: number) => ({
    ...DEFAULT_OFFSET_FETCH_REQUEST,
    ...(version >= FIRST_FETCH_BY_GROUPS
      ? { groups: [{ groupId: group, memberId: null, memberEpoch: -1, topics: wanted }] }
      : { groupId: group, topics: wanted }),
    requireStable: version >= FIRST_STABLE,
  });
  const call = { api: OFFSET_FETCH, body, errorOf: fetchError };
  return askCoordinator(cluster, { kind: "group", key: group, ...call }, fetchedOffsets);
}

function fetchedTopics(response: OffsetFetchResponse) {
  return response.groups[0]?.topics ?? response.topics;
}

function fetchError(response: OffsetFetchResponse): number {
  const error = response.groups[0]?.errorCode ?? response.errorCode;
  if (error !== 0) return error;
  return firstError(
    fetchedTopics(response).flatMap((topic) => topic.partitions.map((partition) => partition.errorCode)),
  );
}

function fetchedOffsets(response: OffsetFetchResponse): readonly GroupOffset[] {
  return fetchedTopics(response).flatMap(({ name, partitions }) =>
    partitions
      .map((partition) => ({
        topic: name,
        partition: partition.partitionIndex,
        offset: offsetOf(partition.committedOffset),
        metadata: partition.metadata ?? "",
      }))
      .filter(({ offset }) => offset >= 0),
  );
}

function versionFor<Request, Response>(
  connection: KafkaConnection,
  api: ClientApi<Request, Response>,
  protocol: 1 | 2,
  firstImplicit: number,
): number {
  const newest = connection.versionOf(api);
  return protocol === 2 ? newest : Math.min(newest, firstImplicit - 1);
}

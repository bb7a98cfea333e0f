import type { HeadwaterError } from "../../base/errors.ts";
import { type Int64, ZERO_UUID } from "../../base/ids.ts";
import { type Address, formatAddress } from "../../config/address.ts";
import { type AbortedRange, AbortedTransactions } from "../../records/aborted-transactions.ts";
import {
  BATCH_HEADER_BYTES,
  batchIsControl,
  batchNextOffset,
  completeBatchSizeBytes,
} from "../../records/batch.ts";
import { RecordCursor } from "../../records/reader.ts";
import { ERROR } from "../wire/generated/errors.ts";
import {
  DEFAULT_FETCH_PARTITION,
  DEFAULT_FETCH_REQUEST,
  type FetchTopic,
} from "../wire/generated/fetch-request.ts";
import type { FetchResponse, PartitionData } from "../wire/generated/fetch-response.ts";
import { sleep } from "./backoff.ts";
import { FETCH } from "./client-apis.ts";
import type { KafkaCluster } from "./cluster.ts";
import type { KafkaConnection, Reply } from "./connection.ts";
import type { Isolation } from "./offsets.ts";
import { offsetOf } from "./produce.ts";

export interface FetchOptions {
  readonly isolation: Isolation;
  /** How long the broker waits for `minBytes`. */
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly partitionMaxBytes: number;
}

export interface FetchPosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface FetchedPartition extends FetchPosition {
  /**
   * Kafka's error code; NETWORK_EXCEPTION where the leader did not answer, SASL_AUTHENTICATION_FAILED where it does not take us in,
   * THROTTLING_QUOTA_EXCEEDED where it wants to be left alone for longer than anybody waits.
   */
  readonly error: number;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  /** Batches back to back; the last may be cut off. A view of the response: nobody else writes to it. */
  readonly batches: Uint8Array;
  /** With read_committed, aborted transactions among them, by first offset. */
  readonly aborted: readonly AbortedRange[];
}

/** The first version that names topics by id. */
const FIRST_VERSION_BY_ID = 13;
const NO_BYTES = new Uint8Array(0);
/** Longest wait for a broker whose quota is used up. */
const MAX_THROTTLE_MS = 60_000;
/** While it waits, it looks this often whether the client was closed. */
const CLOSED_CHECK_MS = 250;

/**
 * Fetches from one broker what it leads, outside of any fetch session. A broker that says for how long it wants no more
 * (a quota) is left alone for that time; where it sent nothing, it is asked again then (KIP-219). Never rejects.
 */
export async function fetchFrom(
  cluster: KafkaCluster,
  leader: Address,
  positions: readonly FetchPosition[],
  options: FetchOptions,
): Promise<readonly FetchedPartition[]> {
  const name = formatAddress(leader);
  const { clock } = cluster.seams;
  const deadlineMs = clock.monotonicMs() + MAX_THROTTLE_MS;
  for (;;) {
    const untilMs = cluster.throttledUntilMs.get(name) ?? Number.NEGATIVE_INFINITY;
    if (untilMs > deadlineMs) return failedAll(positions, ERROR.THROTTLING_QUOTA_EXCEEDED);
    while (clock.monotonicMs() < untilMs && !cluster.closed)
      await sleep(clock, Math.min(CLOSED_CHECK_MS, untilMs - clock.monotonicMs()));
    const reply = await ask(cluster, leader, positions, options);
    if (reply.kind !== "answered") return failedAll(positions, unansweredError(reply.error));
    const { throttleTimeMs, errorCode, responses } = reply.response;
    if (throttleTimeMs > 0) cluster.throttledUntilMs.set(name, clock.monotonicMs() + throttleTimeMs);
    else cluster.throttledUntilMs.delete(name);
    if (throttleTimeMs <= 0 || errorCode !== 0 || responses.length > 0)
      return answersTo(cluster, positions, reply.response);
  }
}

function ask(
  cluster: KafkaCluster,
  leader: Address,
  positions: readonly FetchPosition[],
  options: FetchOptions,
): Promise<Reply<FetchResponse>> {
  return cluster.request(
    leader,
    FETCH,
    () => ({
      ...DEFAULT_FETCH_REQUEST,
      maxWaitMs: options.maxWaitMs,
      minBytes: options.minBytes,
      maxBytes: options.maxBytes,
      isolationLevel: options.isolation === "read_committed" ? 1 : 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: fetchTopics(cluster, positions, options),
    }),
    (connection) => fetchVersion(cluster, connection, positions),
  );
}

function unansweredError({ code }: HeadwaterError): number {
  if (code === "UNSUPPORTED") return ERROR.UNSUPPORTED_VERSION;
  return code === "AUTHENTICATION" ? ERROR.SASL_AUTHENTICATION_FAILED : ERROR.NETWORK_EXCEPTION;
}

function answersTo(
  cluster: KafkaCluster,
  positions: readonly FetchPosition[],
  { errorCode, responses }: FetchResponse,
): readonly FetchedPartition[] {
  const answers = new Map<string, PartitionData>();
  for (const { topic, topicId, partitions } of responses) {
    const name = topic === "" ? cluster.topicName(topicId) : topic;
    for (const answer of partitions) answers.set(`${answer.partitionIndex} ${name}`, answer);
  }
  return positions.map((position) => {
    const answer = answers.get(`${position.partition} ${position.topic}`);
    if (answer === undefined)
      return failed(position, errorCode === 0 ? ERROR.UNKNOWN_SERVER_ERROR : errorCode);
    return fetched(position, answer);
  });
}

/**
 * Walks the records that a consumer of this isolation level sees, from the fetch's offset on; `onRecord` gets a
 * cursor that it must not keep, and ends the walk by returning false. Returns the offset to go on from. Throws
 * HeadwaterError MALFORMED where a batch does not hold together.
 */
export function walkRecords(
  from: FetchedPartition,
  isolation: Isolation,
  onRecord: (record: RecordCursor) => boolean | undefined,
): number {
  const { batches } = from;
  const cursor = new RecordCursor({ verifyCrc: true });
  const aborted = new AbortedTransactions(isolation === "read_committed" ? from.aborted : []);
  let next = from.offset;
  let position = 0;
  for (;;) {
    const size = completeBatchSizeBytes(batches, position, batches.length);
    if (size === 0) return next;
    const hidden = aborted.hides(batches, position) || batchIsControl(batches, position);
    if (!hidden) {
      cursor.open(batches, position, position + size);
      while (cursor.next()) {
        if (cursor.offset < next) continue;
        next = cursor.offset + 1;
        if (onRecord(cursor) === false) return next;
      }
    }
    next = Math.max(next, batchNextOffset(batches, position));
    position += size;
  }
}

function fetchVersion(
  cluster: KafkaCluster,
  connection: KafkaConnection,
  positions: readonly FetchPosition[],
): number {
  const newest = connection.versionOf(FETCH);
  const idsKnown = positions.every(({ topic }) => (cluster.topic(topic)?.id ?? ZERO_UUID) !== ZERO_UUID);
  return idsKnown ? newest : Math.min(newest, FIRST_VERSION_BY_ID - 1);
}

function fetchTopics(
  cluster: KafkaCluster,
  positions: readonly FetchPosition[],
  options: FetchOptions,
): readonly FetchTopic[] {
  return [...Map.groupBy(positions, ({ topic }) => topic)].map(([topic, entries]) => ({
    topic,
    topicId: cluster.topic(topic)?.id ?? ZERO_UUID,
    partitions: entries.map(({ partition, offset }) => ({
      ...DEFAULT_FETCH_PARTITION,
      partition,
      fetchOffset: offset,
      partitionMaxBytes: Math.max(options.partitionMaxBytes, BATCH_HEADER_BYTES),
    })),
  }));
}

function fetched(position: FetchPosition, answer: PartitionData): FetchedPartition {
  return {
    ...position,
    error: answer.errorCode,
    logStartOffset: offsetOf(answer.logStartOffset),
    highWatermark: offsetOf(answer.highWatermark),
    lastStableOffset: offsetOf(answer.lastStableOffset),
    batches: answer.records ?? NO_BYTES,
    aborted: (answer.abortedTransactions ?? []).map(({ producerId, firstOffset }) => ({
      producerId: offsetOf(producerId as Int64),
      firstOffset: offsetOf(firstOffset),
    })),
  };
}

function failedAll(positions: readonly FetchPosition[], error: number): readonly FetchedPartition[] {
  return positions.map((position) => failed(position, error));
}

function failed(position: FetchPosition, error: number): FetchedPartition {
  const nothing = {
    logStartOffset: -1,
    highWatermark: -1,
    lastStableOffset: -1,
    batches: NO_BYTES,
    aborted: [],
  };
  return { ...position, error, ...nothing };
}

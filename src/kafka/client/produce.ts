import { type Int64, ZERO_UUID } from "../../base/ids.ts";
import type { Address } from "../../config/address.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { DEFAULT_PRODUCE_REQUEST, type TopicProduceData } from "../wire/generated/produce-request.ts";
import type { PartitionProduceResponse, ProduceResponse } from "../wire/generated/produce-response.ts";
import { PRODUCE } from "./client-apis.ts";
import type { KafkaCluster } from "./cluster.ts";
import type { KafkaConnection } from "./connection.ts";

/** One record batch for one partition. A request has at most one for each. */
export interface ProducedBatch {
  readonly topic: string;
  readonly partition: number;
  /** A whole record batch v2; it is copied or sent before the call returns to the event loop. */
  readonly batch: Uint8Array;
}

export interface ProduceOptions {
  readonly transactionalId: string | null;
  /**
   * 2 where the broker adds partitions to the transaction by itself (KIP-890), which is what versions from 12 on
   * mean; else 1. Without a transactional id it makes no difference.
   */
  readonly transactionProtocol: 1 | 2;
  /** Within which the broker has to have the replicas' acknowledgement. */
  readonly timeoutMs: number;
}

/** `error` is Kafka's code; a batch that was not sent has NETWORK_EXCEPTION, one whose fate is unknown is "lost". */
export type BatchOutcome =
  | {
      readonly kind: "answered";
      readonly error: number;
      readonly message: string | null;
      readonly baseOffset: number;
    }
  | { readonly kind: "lost"; readonly reason: string };

/** The highest version in which a transactional batch needs AddPartitionsToTxn before it. */
const LAST_EXPLICIT_VERSION = 11;
/** The first version that names topics by id. */
const FIRST_VERSION_BY_ID = 13;

/**
 * Sends batches that one broker leads, with acks=all, and resolves to an outcome for each, in their order. Never
 * rejects. `cluster.refresh` must have named the topics.
 */
export async function produce(
  cluster: KafkaCluster,
  leader: Address,
  batches: readonly ProducedBatch[],
  options: ProduceOptions,
): Promise<readonly BatchOutcome[]> {
  const reply = await cluster.request(
    leader,
    PRODUCE,
    () => ({
      ...DEFAULT_PRODUCE_REQUEST,
      transactionalId: options.transactionalId,
      acks: -1,
      timeoutMs: options.timeoutMs,
      topicData: topicData(cluster, batches),
    }),
    (connection) => produceVersion(cluster, connection, batches, options),
  );
  if (reply.kind === "unsent") return batches.map(() => unsent(reply.error.message));
  if (reply.kind === "lost") return batches.map(() => ({ kind: "lost", reason: reply.error.message }));
  const answers = answersByPartition(cluster, reply.response);
  return batches.map(({ topic, partition }) => {
    const answer = answers.get(`${partition} ${topic}`);
    // A batch that the answer leaves out may or may not be in the log.
    if (answer === undefined) return { kind: "lost", reason: `no answer for ${topic}-${partition}` };
    const { errorCode, errorMessage, baseOffset } = answer;
    return { kind: "answered", error: errorCode, message: errorMessage, baseOffset: offsetOf(baseOffset) };
  });
}

/** -1 for an offset that no number holds: the broker is confused. */
export function offsetOf(value: Int64): number {
  return typeof value === "number" ? value : -1;
}

function unsent(reason: string): BatchOutcome {
  return { kind: "answered", error: ERROR.NETWORK_EXCEPTION, message: reason, baseOffset: -1 };
}

function produceVersion(
  cluster: KafkaCluster,
  connection: KafkaConnection,
  batches: readonly ProducedBatch[],
  options: ProduceOptions,
): number {
  const newest = connection.versionOf(PRODUCE);
  if (options.transactionalId !== null && options.transactionProtocol === 1) {
    return Math.min(newest, LAST_EXPLICIT_VERSION);
  }
  const idsKnown = batches.every(({ topic }) => (cluster.topic(topic)?.id ?? ZERO_UUID) !== ZERO_UUID);
  return idsKnown ? newest : Math.min(newest, FIRST_VERSION_BY_ID - 1);
}

function topicData(cluster: KafkaCluster, batches: readonly ProducedBatch[]): readonly TopicProduceData[] {
  const topics = new Map<string, { index: number; records: Uint8Array }[]>();
  for (const { topic, partition, batch } of batches) {
    const partitions = topics.get(topic) ?? [];
    partitions.push({ index: partition, records: batch });
    topics.set(topic, partitions);
  }
  return [...topics].map(([name, partitionData]) => ({
    name,
    topicId: cluster.topic(name)?.id ?? ZERO_UUID,
    partitionData,
  }));
}

function answersByPartition(
  cluster: KafkaCluster,
  response: ProduceResponse,
): ReadonlyMap<string, PartitionProduceResponse> {
  const answers = new Map<string, PartitionProduceResponse>();
  for (const { name, topicId, partitionResponses } of response.responses) {
    const topic = name === "" ? cluster.topicName(topicId) : name;
    for (const answer of partitionResponses) answers.set(`${answer.index} ${topic}`, answer);
  }
  return answers;
}

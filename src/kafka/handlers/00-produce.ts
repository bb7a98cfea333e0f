import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import type { Broker } from "../../broker/broker.ts";
import type { Topic } from "../../broker/topics.ts";
import {
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_OVERHEAD_BYTES,
  batchCompression,
  batchSizeBytes,
  COMPRESSION_ZSTD,
  completeBatchSizeBytes,
} from "../../records/batch.ts";
import { type Access, accessOf, CAN } from "../access.ts";
import type { ApiHandler, Call } from "../call.ts";
import { Gather } from "../gather.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { type ProduceRequest, readProduceRequest } from "../wire/generated/produce-request.ts";
import { type ProduceResponse, writeProduceResponse } from "../wire/generated/produce-response.ts";
import { NO_BYTES } from "../wire/message.ts";
import {
  admitTransaction,
  hasTransactionalRecords,
  NO_VERDICTS,
  type Verdict,
  type Verdicts,
} from "./produce-transactions.ts";

type TopicResponse = ProduceResponse["responses"][number];
type PartitionResponse = TopicResponse["partitionResponses"][number];
type PartitionData = ProduceRequest["topicData"][number]["partitionData"][number];

/**
 * Produce, 3 to 13 (announced from 0 as Kafka does for old librdkafka, KIP-896). acks 1 and all are the same on
 * one broker: both wait for the disk, unless the topic has durability=memory.
 *
 * Deviations: the request's timeout is not watched, since nothing but the disk is waited for and a disk that
 * hangs can't be answered for.
 */
export const produce: ApiHandler<KafkaServices> = {
  apiKey: 0,
  minVersion: 3,
  maxVersion: 13,
  pipelined: true,
  handle(call, services) {
    const { broker, counters } = services;
    const request = readProduceRequest(call.reader, call.version);
    counters.produceRequests += 1;
    const refusal = requestFault(request);
    const access = accessOf(call, services);
    const isTransactional = hasTransactionalRecords(request);
    if (isTransactional && !mayWriteTransaction(request, access)) {
      refuseAll(call, request, ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
      return;
    }
    const denied = deniedTopics(request, access, broker);
    if (refusal !== ERROR.NONE || !isTransactional) {
      appendAll(call, services, request, refusal, NO_VERDICTS, denied);
      return;
    }
    const { topicData } = request;
    const allowed = { ...request, topicData: topicData.filter((data) => !denied.has(data)) };
    const error = admitTransaction(broker, allowed, call.version, (verdicts) =>
      appendAll(call, services, request, ERROR.NONE, verdicts, denied),
    );
    if (error !== ERROR.NONE) appendAll(call, services, request, error, NO_VERDICTS, denied);
  },
};

type TopicData = ProduceRequest["topicData"][number];

const NONE_DENIED: ReadonlySet<TopicData> = new Set();

function mayWriteTransaction({ transactionalId }: ProduceRequest, access: Access): boolean {
  return transactionalId !== null && access.transactionalId(CAN.write, transactionalId);
}

/** An id that is not known is told to everybody, as in Kafka. */
function deniedTopics(
  { topicData }: ProduceRequest,
  access: Access,
  { topics }: Broker,
): ReadonlySet<TopicData> {
  if (access.isOpen) return NONE_DENIED;
  let denied: Set<TopicData> | null = null;
  for (const data of topicData) {
    const name = data.topicId === ZERO_UUID ? data.name : topics.readable.byId(data.topicId)?.name;
    if (name === undefined || access.topic(CAN.write, name)) continue;
    denied ??= new Set();
    denied.add(data);
  }
  return denied ?? NONE_DENIED;
}

function refuseAll(call: Call, request: ProduceRequest, error: number): void {
  const responses = request.topicData.map(({ name, topicId, partitionData }) => ({
    name,
    topicId,
    partitionResponses: partitionData.map(({ index }) => refused(index, error, null)),
  }));
  answer(call, request, responses);
}

function appendAll(
  call: Call,
  services: KafkaServices,
  request: ProduceRequest,
  refusal: number,
  verdicts: Verdicts,
  denied: ReadonlySet<TopicData>,
): void {
  const { broker } = services;
  const gather = new Gather();
  const responses = request.topicData.map((data): TopicResponse => {
    const topic =
      data.topicId === ZERO_UUID ? broker.topics.get(data.name) : broker.topics.byId(data.topicId);
    const missing = topic === null ? absence(broker, data) : NOT_MISSING;
    const verdict = denied.has(data) ? ERROR.TOPIC_AUTHORIZATION_FAILED : refusal;
    return {
      name: data.name,
      topicId: data.topicId,
      partitionResponses: data.partitionData.map((partition) =>
        verdict === ERROR.NONE
          ? append(call.version, services, topic, missing, partition, verdicts.get(partition), gather)
          : refused(partition.index, verdict, null),
      ),
    };
  });
  // The log has copied the records, and what is left of the request are numbers and strings.
  call.requestRead();
  gather.whenAll(() => answer(call, request, responses));
}

interface Absence {
  readonly error: number;
  readonly message: string | null;
}

const NOT_MISSING: Absence = { error: ERROR.NONE, message: null };

/** Why there is no topic to write to. */
function absence(
  { topics }: Broker,
  { name, topicId }: { readonly name: string; readonly topicId: Uuid },
): Absence {
  const isById = topicId !== ZERO_UUID;
  const view = isById ? topics.readable.viewById(topicId) : topics.readable.view(name);
  if (view !== null) {
    const message = `'${view.name}' shows one device's records and is not written to; write to '${view.topic.name}'.`;
    return { error: ERROR.TOPIC_AUTHORIZATION_FAILED, message };
  }
  return { error: isById ? ERROR.UNKNOWN_TOPIC_ID : ERROR.UNKNOWN_TOPIC_OR_PARTITION, message: null };
}

function requestFault(request: ProduceRequest): number {
  if (request.acks < -1 || request.acks > 1) return ERROR.INVALID_REQUIRED_ACKS;
  return ERROR.NONE;
}

function append(
  version: number,
  { broker, counters }: KafkaServices,
  topic: Topic | null,
  missing: Absence,
  data: PartitionData,
  verdict: Verdict | undefined,
  gather: Gather,
): PartitionResponse {
  const { index, records } = data;
  const partition = topic?.partitions[index];
  if (topic === null) return refused(index, missing.error, missing.message);
  if (partition === undefined || partition.deleted)
    return refused(index, ERROR.UNKNOWN_TOPIC_OR_PARTITION, null);
  if (topic.internal)
    return refused(index, ERROR.INVALID_TOPIC_EXCEPTION, "This topic is written by the broker only.");
  const fault = batchFault(records, version);
  if (fault !== null) return refused(index, fault.error, fault.message);
  if (verdict !== undefined && verdict.error !== ERROR.NONE)
    return refused(index, verdict.error, verdict.message);
  const guard = verdict?.guard ?? 0;
  const bytes = records ?? NO_BYTES;
  const result = partition.append(bytes, 0, bytes.length, broker.clock.nowMs(), "client", guard);
  if ("message" in result) {
    const logStartOffset = WITHOUT_LOG_START.has(result.error) ? -1 : partition.log.logStartOffset;
    const recordErrors = (result.records ?? []).map((batchIndex) => ({
      batchIndex,
      batchIndexErrorMessage: result.message,
    }));
    return { ...refused(index, result.error, result.message), logStartOffset, recordErrors };
  }
  if (!result.duplicate) counters.recordsIn += result.lastOffset - result.baseOffset + 1;
  const response: PartitionResponse = {
    index,
    errorCode: ERROR.NONE,
    baseOffset: result.baseOffset,
    logAppendTimeMs: result.logAppendTimeMs,
    logStartOffset: result.logStartOffset,
    recordErrors: [],
    errorMessage: null,
    currentLeader: NO_LEADER,
  };
  const durable = gather.begin((error) => {
    if (error !== 0) Object.assign(response, refused(index, error, null));
  });
  partition.whenDurable(result.lastOffset + 1, durable);
  return response;
}

/** What a producer of this version may not send, seen without looking into the batch. */
function batchFault(
  records: Uint8Array | null,
  version: number,
): { readonly error: number; readonly message: string } | null {
  const size = records === null ? 0 : completeBatchSizeBytes(records, 0, records.length);
  if (records === null || (size === 0 && !isCorrupt(records)) || (size > 0 && size < records.length)) {
    return { error: ERROR.INVALID_RECORD, message: "A produce request has one record batch per partition." };
  }
  if (size > 0 && version < FIRST_WITH_ZSTD && batchCompression(records, 0) === COMPRESSION_ZSTD) {
    return {
      error: ERROR.UNSUPPORTED_COMPRESSION_TYPE,
      message: `Produce before version ${FIRST_WITH_ZSTD} has no zstd.`,
    };
  }
  return null;
}

/** Whether the bytes are no batch that was cut short, but none at all. */
function isCorrupt(records: Uint8Array): boolean {
  return records.length >= BATCH_LENGTH_OVERHEAD_BYTES && batchSizeBytes(records, 0) < BATCH_HEADER_BYTES;
}

/** Errors of an append that are told without where the log starts, as in Kafka. */
const WITHOUT_LOG_START: ReadonlySet<number> = new Set([
  ERROR.CORRUPT_MESSAGE,
  ERROR.MESSAGE_TOO_LARGE,
  ERROR.RECORD_LIST_TOO_LARGE,
  ERROR.KAFKA_STORAGE_ERROR,
]);

const FIRST_WITH_ZSTD = 7;
const NO_LEADER = { leaderId: -1, leaderEpoch: -1 };

function refused(index: number, errorCode: number, errorMessage: string | null): PartitionResponse {
  return {
    index,
    errorCode,
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    recordErrors: [],
    errorMessage,
    currentLeader: NO_LEADER,
  };
}

function answer(call: Call, request: ProduceRequest, responses: TopicResponse[]): void {
  if (request.acks !== 0) {
    const response: ProduceResponse = { responses, throttleTimeMs: 0, nodeEndpoints: [] };
    call.reply((writer) => writeProduceResponse(writer, response, call.version));
    return;
  }
  // Without acks there is no answer to carry an error: as in Kafka, the connection ends, so that the client notices.
  const failed = responses.some((topic) =>
    topic.partitionResponses.some((partition) => partition.errorCode !== 0),
  );
  if (failed) call.drop("records without acks were refused");
  else call.finish();
}

import { ZERO_UUID } from "../../base/ids.ts";
import type { Broker } from "../../broker/broker.ts";
import type { Partition } from "../../broker/partition.ts";
import {
  BATCH_HEADER_BYTES,
  batchIsTransactional,
  batchProducerEpoch,
  batchProducerId,
} from "../../records/batch.ts";
import { ERROR } from "../wire/generated/errors.ts";
import type { ProduceRequest } from "../wire/generated/produce-request.ts";

type PartitionData = ProduceRequest["topicData"][number]["partitionData"][number];

/** From here on writing to a partition adds it to the transaction (KIP-890, transaction version 2). */
const FIRST_IMPLICIT = 12;
/** From here on clients know TRANSACTION_ABORTABLE. */
const FIRST_ABORTABLE = 11;

/** What became of a partition's records before they were appended. */
export interface Verdict {
  /** Not 0: they are refused. */
  readonly error: number;
  readonly message: string | null;
  readonly guard: number;
}

export type Verdicts = ReadonlyMap<PartitionData, Verdict>;

export const NO_VERDICTS: Verdicts = new Map();

interface Asked {
  readonly data: PartitionData;
  readonly partition: Partition;
  readonly guard: number;
}

export function hasTransactionalRecords(request: ProduceRequest): boolean {
  for (const { partitionData } of request.topicData) {
    for (const { records } of partitionData) if (isTransactional(records)) return true;
  }
  return false;
}

/**
 * Asks whether the partitions of a request belong to the producer's transaction, where they have no records of it
 * yet, and goes on with what came out: in this call where nobody has to be asked. Gives the error that refuses
 * all of the request, and then calls nobody.
 */
export function admitTransaction(
  broker: Broker,
  request: ProduceRequest,
  version: number,
  then: (verdicts: Verdicts) => void,
): number {
  const { transactionalId } = request;
  if (transactionalId === null) return ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
  const implicit = version >= FIRST_IMPLICIT;
  const verdicts = new Map<PartitionData, Verdict>();
  const asked: Asked[] = [];
  let first: Uint8Array | null = null;
  for (const { data, partition } of targets(broker, request)) {
    const { records } = data;
    if (records === null || !isTransactional(records)) continue;
    first ??= records;
    if (batchProducerId(records, 0) !== batchProducerId(first, 0)) return ERROR.INVALID_PRODUCER_ID_MAPPING;
    if (batchProducerEpoch(records, 0) !== batchProducerEpoch(first, 0))
      return ERROR.INVALID_PRODUCER_ID_MAPPING;
    if (partition === null || batchProducerId(records, 0) < 0) continue;
    const guard = partition.verify(records, 0, implicit, broker.clock.monotonicMs());
    if (typeof guard !== "number") {
      verdicts.set(data, { error: ERROR[guard.error], message: guard.reason, guard: 0 });
    } else if (guard > 0) asked.push({ data, partition, guard });
  }
  if (asked.length === 0 || first === null) {
    then(verdicts);
    return ERROR.NONE;
  }
  if (broker.transactions === null) return ERROR.NOT_ENOUGH_REPLICAS;
  const partitions = asked.map(({ partition }) => ({ topic: partition.topic, partition: partition.index }));
  const producer = { producerId: batchProducerId(first, 0), producerEpoch: batchProducerEpoch(first, 0) };
  broker.transactions.admit({ transactionalId, ...producer, partitions, implicit }, (errors) => {
    asked.forEach(({ data, guard }, index) => {
      verdicts.set(data, { ...toVerdict(errors[index] ?? ERROR.NONE, version), guard });
    });
    then(verdicts);
  });
  return ERROR.NONE;
}

function* targets(
  broker: Broker,
  request: ProduceRequest,
): Iterable<{ readonly data: PartitionData; readonly partition: Partition | null }> {
  for (const { name, topicId, partitionData } of request.topicData) {
    const topic = topicId === ZERO_UUID ? broker.topics.get(name) : broker.topics.byId(topicId);
    for (const data of partitionData) {
      const partition = topic?.internal === true ? null : (topic?.partitions[data.index] ?? null);
      yield { data, partition };
    }
  }
}

/** A coordinator's errors as a producer of that version takes them, as Kafka translates them. */
function toVerdict(error: number, version: number): Pick<Verdict, "error" | "message"> {
  switch (error) {
    case ERROR.NONE:
      return { error, message: null };
    case ERROR.PRODUCER_FENCED:
      return { error: ERROR.INVALID_PRODUCER_EPOCH, message: null };
    case ERROR.TRANSACTION_ABORTABLE:
      if (version >= FIRST_ABORTABLE) return { error, message: null };
      return { error: ERROR.INVALID_TXN_STATE, message: NOT_ADDED };
    case ERROR.INVALID_TXN_STATE:
      return { error, message: NOT_ADDED };
    case ERROR.CONCURRENT_TRANSACTIONS:
      return version >= FIRST_IMPLICIT ? { error, message: null } : unverified(error);
    case ERROR.NETWORK_EXCEPTION:
    case ERROR.COORDINATOR_LOAD_IN_PROGRESS:
    case ERROR.COORDINATOR_NOT_AVAILABLE:
    case ERROR.NOT_COORDINATOR:
      return unverified(error);
    default:
      return { error, message: null };
  }
}

const NOT_ADDED = "Partition was not added to the transaction";

/** An error that every client sends its records again for, without asking for metadata first. */
function unverified(error: number): Pick<Verdict, "error" | "message"> {
  const message = `The coordinator could not say whether the partition is in the transaction (error ${error}).`;
  return { error: ERROR.NOT_ENOUGH_REPLICAS, message };
}

function isTransactional(records: Uint8Array | null): records is Uint8Array {
  return records !== null && records.length >= BATCH_HEADER_BYTES && batchIsTransactional(records, 0);
}

import { toProducerId } from "../../base/ids.ts";
import type { Broker } from "../../broker/broker.ts";
import {
  EPOCH_BUMP_VERSION,
  type TopicPartition,
  UNKNOWN_PRODUCER_ID,
} from "../../coordinators/transactions/transaction.ts";
import { type Access, accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import { Gather } from "../gather.ts";
import type { KafkaServices } from "../services.ts";
import {
  type AddPartitionsToTxnRequest,
  type AddPartitionsToTxnTopic,
  readAddPartitionsToTxnRequest,
} from "../wire/generated/add-partitions-to-txn-request.ts";
import {
  type AddPartitionsToTxnResponse,
  writeAddPartitionsToTxnResponse,
} from "../wire/generated/add-partitions-to-txn-response.ts";
import { ERROR } from "../wire/generated/errors.ts";

type Transaction = AddPartitionsToTxnRequest["transactions"][number];
type TopicResult = AddPartitionsToTxnResponse["resultsByTopicV3AndBelow"][number];

/** From this version on clients know PRODUCER_FENCED (KIP-588). */
const FIRST_WITH_FENCED = 2;
/** From this version on brokers send it, several transactions at a time, some to be verified only (KIP-890). */
const FIRST_OF_BROKERS = 4;

/**
 * AddPartitionsToTxn, 0 to 5: 0 to 3 as clients send it before they write, 4 and 5 as Kafka's brokers do. One
 * partition that does not exist keeps the others of its transaction out as well.
 */
export const addPartitionsToTxn: ApiHandler<KafkaServices> = {
  apiKey: 24,
  minVersion: 0,
  maxVersion: 5,
  pipelined: false,
  handle(call, services) {
    const request = readAddPartitionsToTxnRequest(call.reader, call.version);
    const access = accessOf(call, services);
    if (call.version >= FIRST_OF_BROKERS && !access.cluster(CAN.clusterAction)) {
      const errorCode = ERROR.CLUSTER_AUTHORIZATION_FAILED;
      const response = {
        throttleTimeMs: 0,
        errorCode,
        resultsByTransaction: [],
        resultsByTopicV3AndBelow: [],
      };
      call.reply((writer) => writeAddPartitionsToTxnResponse(writer, response, call.version));
      return;
    }
    const gather = new Gather();
    const results = transactionsOf(request, call.version).map((transaction) => {
      const result: { transactionalId: string; topicResults: readonly TopicResult[] } = {
        transactionalId: transaction.transactionalId,
        topicResults: [],
      };
      const finish = gather.begin(() => {});
      add(services, access, transaction, call.version, (errorOf) => {
        result.topicResults = topicResults(transaction.topics, errorOf);
        finish(ERROR.NONE);
      });
      return result;
    });
    gather.whenAll(() => {
      const ofBroker = call.version >= FIRST_OF_BROKERS;
      const response: AddPartitionsToTxnResponse = {
        throttleTimeMs: 0,
        errorCode: ERROR.NONE,
        resultsByTransaction: ofBroker ? results : [],
        resultsByTopicV3AndBelow: ofBroker ? [] : (results[0]?.topicResults ?? []),
      };
      call.reply((writer) => writeAddPartitionsToTxnResponse(writer, response, call.version));
    });
  },
};

function transactionsOf(request: AddPartitionsToTxnRequest, version: number): readonly Transaction[] {
  if (version >= FIRST_OF_BROKERS) return request.transactions;
  return [
    {
      transactionalId: request.v3AndBelowTransactionalId,
      producerId: request.v3AndBelowProducerId,
      producerEpoch: request.v3AndBelowProducerEpoch,
      verifyOnly: false,
      topics: request.v3AndBelowTopics,
    },
  ];
}

type ErrorOf = (partition: TopicPartition, position: number) => number;

function add(
  { broker, coordinators }: KafkaServices,
  access: Access,
  transaction: Transaction,
  version: number,
  done: (errorOf: ErrorOf) => void,
): void {
  const { transactionalId } = transaction;
  const partitions = transaction.topics.flatMap(({ name, partitions }) =>
    partitions.map((partition) => ({ topic: name, partition })),
  );
  const ofClient = version < FIRST_OF_BROKERS;
  if (ofClient && !access.transactionalId(CAN.write, transactionalId)) {
    done(() => ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    return;
  }
  const names = ofClient ? transaction.topics.map(({ name }) => name) : [];
  const denied = access.deniedTopics(CAN.write, names);
  const faultOf = (partition: TopicPartition) =>
    denied.has(partition.topic)
      ? ERROR.TOPIC_AUTHORIZATION_FAILED
      : partitionFault(broker, partition, version);
  if (partitions.some((partition) => faultOf(partition) !== ERROR.NONE)) {
    done((partition) => faultOf(partition) || ERROR.OPERATION_NOT_ATTEMPTED);
    return;
  }
  const producer = {
    producerId: toProducerId(transaction.producerId) ?? UNKNOWN_PRODUCER_ID,
    producerEpoch: transaction.producerEpoch,
  };
  const { transactions } = coordinators;
  if (transaction.verifyOnly) {
    transactions.verifyPartitions(transactionalId, producer, partitions, (errors) =>
      done((_, position) => errors[position] ?? ERROR.UNKNOWN_SERVER_ERROR),
    );
    return;
  }
  const clientTransactionVersion = version >= FIRST_OF_BROKERS ? EPOCH_BUMP_VERSION : 0;
  transactions.addPartitions(
    transactionalId,
    { ...producer, partitions, clientTransactionVersion },
    (error) => {
      const fenced = error === ERROR.PRODUCER_FENCED && version < FIRST_WITH_FENCED;
      done(() => (fenced ? ERROR.INVALID_PRODUCER_EPOCH : error));
    },
  );
}

/** Clients don't write to the broker's own topics, as its own offsets do, nor to views of devices. */
function partitionFault(broker: Broker, { topic, partition }: TopicPartition, version: number): number {
  if (version < FIRST_OF_BROKERS && broker.topics.get(topic)?.internal === true)
    return ERROR.TOPIC_AUTHORIZATION_FAILED;
  if (broker.topics.readable.view(topic) !== null) return ERROR.TOPIC_AUTHORIZATION_FAILED;
  return broker.partition(topic, partition) === null ? ERROR.UNKNOWN_TOPIC_OR_PARTITION : ERROR.NONE;
}

function topicResults(topics: readonly AddPartitionsToTxnTopic[], errorOf: ErrorOf): TopicResult[] {
  let position = 0;
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partition) => {
      const partitionErrorCode = errorOf({ topic: name, partition }, position);
      position += 1;
      return { partitionIndex: partition, partitionErrorCode };
    }),
  }));
}

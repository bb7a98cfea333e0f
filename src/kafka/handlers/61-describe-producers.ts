import { readableNameFault } from "../../broker/views/device-views.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import { once, unique } from "../once.ts";
import type { KafkaServices } from "../services.ts";
import { readDescribeProducersRequest } from "../wire/generated/describe-producers-request.ts";
import {
  type DescribeProducersResponse,
  writeDescribeProducersResponse,
} from "../wire/generated/describe-producers-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { TOPIC_REFUSAL } from "./acl-answers.ts";

type PartitionResponse = DescribeProducersResponse["topics"][number]["partitions"][number];

/**
 * DescribeProducers, 0 (KIP-664): the idempotent and transactional producers that a partition remembers, and where
 * their open transactions begin. By it an operator finds what holds the last stable offset back.
 */
export const describeProducers: ApiHandler<KafkaServices> = {
  apiKey: 61,
  minVersion: 0,
  maxVersion: 0,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const request = readDescribeProducersRequest(call.reader, call.version);
    const names = request.topics.map(({ name }) => name);
    const denied = accessOf(call, services).deniedTopics(CAN.read, names);
    const topics = once(request.topics, ({ name }) => name).map(({ name, partitionIndexes }) => {
      const nameFault = readableNameFault(name);
      return {
        name,
        partitions: unique(partitionIndexes).map((index): PartitionResponse => {
          if (denied.has(name)) return refused(index, TOPIC_REFUSAL.error, TOPIC_REFUSAL.message);
          if (nameFault !== null) return refused(index, ERROR.INVALID_TOPIC_EXCEPTION, nameFault);
          // Nobody writes to a view.
          const view = broker.topics.readable.view(name);
          if (view?.partitions[index] !== undefined) return refused(index, ERROR.NONE, null);
          const partition = broker.partition(name, index);
          if (partition === null) return refused(index, ERROR.UNKNOWN_TOPIC_OR_PARTITION, null);
          if (partition.log.fault !== null) return refused(index, ERROR.KAFKA_STORAGE_ERROR, null);
          const activeProducers = partition.log.producers.active().map((producer) => ({
            producerId: producer.producerId,
            producerEpoch: producer.producerEpoch,
            lastSequence: producer.lastSequence,
            lastTimestamp: producer.lastTimestampMs,
            coordinatorEpoch: producer.coordinatorEpoch,
            currentTxnStartOffset: producer.transactionOffset,
          }));
          return { ...refused(index, ERROR.NONE, null), activeProducers };
        }),
      };
    });
    const response = { throttleTimeMs: 0, topics };
    call.reply((writer) => writeDescribeProducersResponse(writer, response, call.version));
  },
};

function refused(partitionIndex: number, errorCode: number, errorMessage: string | null): PartitionResponse {
  return { partitionIndex, errorCode, errorMessage, activeProducers: [] };
}

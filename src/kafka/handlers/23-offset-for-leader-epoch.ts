import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readOffsetForLeaderEpochRequest } from "../wire/generated/offset-for-leader-epoch-request.ts";
import {
  type OffsetForLeaderEpochResponse,
  writeOffsetForLeaderEpochResponse,
} from "../wire/generated/offset-for-leader-epoch-response.ts";
import { epochFault } from "./leader-epoch.ts";

type PartitionResponse = OffsetForLeaderEpochResponse["topics"][number]["partitions"][number];

/**
 * OffsetForLeaderEpoch, 2 to 4 (KIP-101, KIP-320): where the records of a leader's epoch end, by which a consumer
 * finds out whether it has read what was lost since. An epoch that is not known ends at -1.
 */
export const offsetForLeaderEpoch: ApiHandler<KafkaServices> = {
  apiKey: 23,
  minVersion: 2,
  maxVersion: 4,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const request = readOffsetForLeaderEpochRequest(call.reader, call.version);
    const access = accessOf(call, services);
    const names = request.topics.map(({ topic }) => topic);
    const denied = access.deniedTopics(CAN.describe, access.seesCluster(CAN.clusterAction) ? [] : names);
    const topics = request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(
        ({ partition: index, currentLeaderEpoch, leaderEpoch }): PartitionResponse => {
          if (denied.has(topic)) return unknown(index, ERROR.TOPIC_AUTHORIZATION_FAILED);
          const partition = broker.topics.readable.get(topic)?.partitions[index];
          if (partition === undefined) return unknown(index, ERROR.UNKNOWN_TOPIC_OR_PARTITION);
          if (partition.log.fault !== null) return unknown(index, ERROR.KAFKA_STORAGE_ERROR);
          const fault = epochFault(partition, currentLeaderEpoch);
          if (fault !== ERROR.NONE) return unknown(index, fault);
          return { ...unknown(index, ERROR.NONE), ...partition.endOffsetFor(leaderEpoch) };
        },
      ),
    }));
    const response = { throttleTimeMs: 0, topics };
    call.reply((writer) => writeOffsetForLeaderEpochResponse(writer, response, call.version));
  },
};

function unknown(partition: number, errorCode: number): PartitionResponse {
  return { errorCode, partition, leaderEpoch: -1, endOffset: -1 };
}

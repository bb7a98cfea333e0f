import { ZERO_UUID } from "../../base/ids.ts";
import { type Broker, METADATA_TOPIC } from "../../broker/broker.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readDescribeQuorumRequest } from "../wire/generated/describe-quorum-request.ts";
import {
  type DescribeQuorumResponse,
  writeDescribeQuorumResponse,
} from "../wire/generated/describe-quorum-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { CLUSTER_REFUSAL } from "./acl-answers.ts";

type Described = DescribeQuorumResponse["topics"][number]["partitions"][number];

/** DescribeQuorum, 0 to 2 (KIP-595, KIP-836, KIP-853): this broker is the one voter of the metadata log. */
export const describeQuorum: ApiHandler<KafkaServices> = {
  apiKey: 55,
  minVersion: 0,
  maxVersion: 2,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const request = readDescribeQuorumRequest(call.reader, call.version);
    // Before version 2 there is no place for words and nodes.
    const words = call.version >= FIRST_WITH_NODES;
    if (!accessOf(call, services).cluster(CAN.describe)) {
      const { error: errorCode, message } = CLUSTER_REFUSAL;
      const refusal = { errorCode, errorMessage: words ? message : null, topics: [], nodes: [] };
      call.reply((writer) => writeDescribeQuorumResponse(writer, refusal, call.version));
      return;
    }
    let known = false;
    const topics = request.topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) => {
        if (topicName !== METADATA_TOPIC || partitionIndex !== 0) return unknown(partitionIndex, words);
        known = true;
        return describe(broker, words);
      }),
    }));
    const { host, port } = call.advertised;
    const nodes =
      known && words ? [{ nodeId: broker.nodeId, listeners: [{ name: "PLAINTEXT", host, port }] }] : [];
    const response = { errorCode: ERROR.NONE, errorMessage: words ? "" : null, topics, nodes };
    call.reply((writer) => writeDescribeQuorumResponse(writer, response, call.version));
  },
};

const FIRST_WITH_NODES = 2;

function describe(broker: Broker, words: boolean): Described {
  const { log, leaderEpoch } = broker.metadata;
  const nowMs = broker.clock.nowMs();
  return {
    partitionIndex: 0,
    errorCode: ERROR.NONE,
    errorMessage: words ? "" : null,
    leaderId: broker.nodeId,
    leaderEpoch,
    highWatermark: log.highWatermark,
    currentVoters: [
      {
        replicaId: broker.nodeId,
        replicaDirectoryId: ZERO_UUID,
        logEndOffset: log.logEndOffset,
        lastFetchTimestamp: nowMs,
        lastCaughtUpTimestamp: nowMs,
      },
    ],
    observers: [],
  };
}

function unknown(partitionIndex: number, words: boolean): Described {
  return {
    partitionIndex,
    errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION,
    errorMessage: words ? "This server does not host this topic-partition." : null,
    leaderId: 0,
    leaderEpoch: 0,
    highWatermark: 0,
    currentVoters: [],
    observers: [],
  };
}

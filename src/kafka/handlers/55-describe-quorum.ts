import { ZERO_UUID } from "../../base/ids.ts";
import { type Broker, METADATA_TOPIC } from "../../broker/broker.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readDescribeQuorumRequest } from "../wire/generated/describe-quorum-request.ts";
import {
  type DescribeQuorumResponse,
  writeDescribeQuorumResponse,
} from "../wire/generated/describe-quorum-response.ts";
import { ERROR } from "../wire/generated/errors.ts";

type Described = DescribeQuorumResponse["topics"][number]["partitions"][number];

/** DescribeQuorum, 0 to 2 (KIP-595, KIP-836, KIP-853): this broker is the one voter of the metadata log. */
export const describeQuorum: ApiHandler<KafkaServices> = {
  apiKey: 55,
  minVersion: 0,
  maxVersion: 2,
  pipelined: false,
  handle(call, { broker }) {
    const request = readDescribeQuorumRequest(call.reader, call.version);
    let known = false;
    const topics = request.topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) => {
        if (topicName !== METADATA_TOPIC || partitionIndex !== 0) return unknown(partitionIndex);
        known = true;
        return describe(broker);
      }),
    }));
    const { host, port } = call.advertised;
    const nodes = known ? [{ nodeId: broker.nodeId, listeners: [{ name: "PLAINTEXT", host, port }] }] : [];
    const response = { errorCode: ERROR.NONE, errorMessage: "", topics, nodes };
    call.reply((writer) => writeDescribeQuorumResponse(writer, response, call.version));
  },
};

function describe(broker: Broker): Described {
  const { log, leaderEpoch } = broker.metadata;
  const nowMs = broker.clock.nowMs();
  return {
    partitionIndex: 0,
    errorCode: ERROR.NONE,
    errorMessage: "",
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

function unknown(partitionIndex: number): Described {
  return {
    partitionIndex,
    errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION,
    errorMessage: "This server does not host this topic-partition.",
    leaderId: 0,
    leaderEpoch: 0,
    highWatermark: 0,
    currentVoters: [],
    observers: [],
  };
}

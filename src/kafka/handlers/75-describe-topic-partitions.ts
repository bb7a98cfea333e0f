import { ZERO_UUID } from "../../base/ids.ts";
import { ACL_RESOURCE } from "../../broker/acl-entry.ts";
import type { Broker } from "../../broker/broker.ts";
import type { Topic } from "../../broker/topics.ts";
import { type DeviceView, isDeviceView, readableNameFault } from "../../broker/views/device-views.ts";
import { type Access, accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { type ShownPartition, shownPartitions } from "../views/shown-partitions.ts";
import {
  type DescribeTopicPartitionsRequest,
  readDescribeTopicPartitionsRequest,
} from "../wire/generated/describe-topic-partitions-request.ts";
import {
  type DescribeTopicPartitionsResponse,
  writeDescribeTopicPartitionsResponse,
} from "../wire/generated/describe-topic-partitions-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { NO_OPERATIONS, TOPIC_OPERATIONS, VIEW_OPERATIONS } from "./authorized-operations.ts";

type Answer = DescribeTopicPartitionsResponse["topics"][number];
type Cursor = { readonly topicName: string; readonly partitionIndex: number };

/** Partitions in one answer at most, as Kafka's `max.request.partition.size.limit`. */
const MAX_PARTITIONS = 2000;

/**
 * DescribeTopicPartitions, 0 (KIP-966): topics in the order of their names, some partitions at a time, and where
 * to go on. The one replica is always in sync, so that no other is eligible.
 */
export const describeTopicPartitions: ApiHandler<KafkaServices> = {
  apiKey: 75,
  minVersion: 0,
  maxVersion: 0,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const request = readDescribeTopicPartitionsRequest(call.reader, call.version);
    const response = cursorIsValid(request)
      ? describe(request, broker, accessOf(call, services))
      : refuseAll(request);
    call.reply((writer) => writeDescribeTopicPartitionsResponse(writer, response, call.version));
  },
};

/** A list of topics has to hold the cursor's. */
function cursorIsValid({ cursor, topics }: DescribeTopicPartitionsRequest): boolean {
  if (cursor === null) return true;
  const listed = topics.length === 0 || topics.some(({ name }) => name === cursor.topicName);
  return listed && cursor.partitionIndex >= 0;
}

function refuseAll({ topics }: DescribeTopicPartitionsRequest): DescribeTopicPartitionsResponse {
  return {
    throttleTimeMs: 0,
    topics: topics.map(({ name }) => ({ ...unknown(name, ERROR.INVALID_REQUEST) })),
    nextCursor: null,
  };
}

function describe(
  request: DescribeTopicPartitionsRequest,
  broker: Broker,
  access: Access,
): DescribeTopicPartitionsResponse {
  const { cursor, responsePartitionLimit } = request;
  const all = request.topics.length === 0;
  const names = new Set((all ? [...broker.topics.all()] : request.topics).map(({ name }) => name));
  let room = Math.max(1, Math.min(MAX_PARTITIONS, responsePartitionLimit));
  const topics: Answer[] = [];
  const denied: Answer[] = [];
  let nextCursor: Cursor | null = null;
  for (const name of [...names].sort()) {
    if (cursor !== null && name < cursor.topicName) continue;
    if (all && !access.seesTopic(CAN.describe, name)) continue;
    if (!all && !access.topic(CAN.describe, name)) {
      denied.push(unknown(name, ERROR.TOPIC_AUTHORIZATION_FAILED));
      continue;
    }
    // Of those that may not be seen, all are told of.
    if (nextCursor !== null) continue;
    if (room === 0) {
      nextCursor = { topicName: name, partitionIndex: 0 };
      continue;
    }
    const topic = broker.topics.readable.get(name);
    if (topic === null) {
      const invalid = readableNameFault(name) !== null;
      topics.push({
        ...unknown(name, invalid ? ERROR.INVALID_TOPIC_EXCEPTION : ERROR.UNKNOWN_TOPIC_OR_PARTITION),
        topicAuthorizedOperations: access.operations(ACL_RESOURCE.topic, name, TOPIC_OPERATIONS),
      });
      continue;
    }
    const first = name === cursor?.topicName ? cursor.partitionIndex : 0;
    const partitions = shownPartitions(topic).slice(first, first + room);
    const operations = isDeviceView(topic) ? VIEW_OPERATIONS : TOPIC_OPERATIONS;
    topics.push({
      ...known(topic, partitions, broker.nodeId),
      topicAuthorizedOperations: access.operations(ACL_RESOURCE.topic, name, operations),
    });
    room -= partitions.length;
    if (first + partitions.length < topic.partitions.length) {
      nextCursor = { topicName: name, partitionIndex: first + partitions.length };
    }
  }
  return { throttleTimeMs: 0, topics: [...topics, ...denied], nextCursor };
}

function known(topic: Topic | DeviceView, partitions: readonly ShownPartition[], nodeId: number): Answer {
  const nodes = [nodeId];
  return {
    errorCode: ERROR.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.internal,
    partitions: partitions.map(({ index, leaderEpoch, isWell }) => ({
      errorCode: isWell ? ERROR.NONE : ERROR.KAFKA_STORAGE_ERROR,
      partitionIndex: index,
      leaderId: nodeId,
      leaderEpoch,
      replicaNodes: nodes,
      isrNodes: nodes,
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
      offlineReplicas: isWell ? [] : nodes,
    })),
    topicAuthorizedOperations: NO_OPERATIONS,
  };
}

function unknown(name: string, errorCode: number): Answer {
  return {
    errorCode,
    name,
    topicId: ZERO_UUID,
    isInternal: false,
    partitions: [],
    topicAuthorizedOperations: NO_OPERATIONS,
  };
}

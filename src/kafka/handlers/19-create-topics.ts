import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import type { Broker, Refusal, TopicSpec } from "../../broker/broker.ts";
import type { ApiHandler } from "../call.ts";
import { Gather } from "../gather.ts";
import type { KafkaServices } from "../services.ts";
import {
  type CreateTopicsRequest,
  readCreateTopicsRequest,
} from "../wire/generated/create-topics-request.ts";
import {
  type CreateTopicsResponse,
  writeCreateTopicsResponse,
} from "../wire/generated/create-topics-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { describeTopicConfigs } from "./config-entries.ts";

type Creatable = CreateTopicsRequest["topics"][number];
type Result = CreateTopicsResponse["topics"][number];

/**
 * CreateTopics, 2 to 7 (KIP-195, KIP-464, KIP-525). Answered once the topics are on the disk. Replication factor
 * and manual assignments may name this one broker only.
 */
export const createTopics: ApiHandler<KafkaServices> = {
  apiKey: 19,
  minVersion: 2,
  maxVersion: 7,
  pipelined: false,
  handle(call, { broker }) {
    const request = readCreateTopicsRequest(call.reader, call.version);
    const names = request.topics.map((topic) => topic.name);
    const gather = new Gather();
    const topics = request.topics.map((topic) => {
      if (names.indexOf(topic.name) !== names.lastIndexOf(topic.name)) {
        return refused(topic.name, { error: ERROR.INVALID_REQUEST, message: "Duplicate topic name." });
      }
      return create(topic, request.validateOnly, broker, gather);
    });
    // A name that came twice is answered once.
    const unique = topics.filter((topic, index) => names.indexOf(topic.name) === index);
    gather.whenAll(() =>
      call.reply((writer) =>
        writeCreateTopicsResponse(writer, { throttleTimeMs: 0, topics: unique }, call.version),
      ),
    );
  },
};

function create(topic: Creatable, validateOnly: boolean, broker: Broker, gather: Gather): Result {
  const fault = placementFault(topic, broker.nodeId);
  if (fault !== null) return refused(topic.name, fault);
  const configs = new Map<string, string>();
  for (const { name, value } of topic.configs) {
    if (value === null) {
      return refused(topic.name, {
        error: ERROR.INVALID_CONFIG,
        message: `Null value not supported for topic configs: ${name}`,
      });
    }
    configs.set(name, value);
  }
  const assigned = topic.assignments.length;
  const spec: TopicSpec = {
    name: topic.name,
    partitionCount: assigned > 0 ? assigned : topic.numPartitions,
    configs,
  };
  if (validateOnly) {
    const refusal = broker.createFault(spec);
    return refusal === null ? created(spec, ZERO_UUID, broker) : refused(topic.name, refusal);
  }
  let result: Result | null = null;
  const ended = gather.begin((error) => {
    if (result !== null && error !== 0)
      Object.assign(result, refused(topic.name, { error, message: "Not written." }));
  });
  const made = broker.createTopic(spec, ended);
  if ("error" in made) {
    ended(0);
    return refused(topic.name, made);
  }
  result = created(spec, made.id, broker);
  return result;
}

function placementFault(topic: Creatable, nodeId: number): Refusal | null {
  const { assignments, replicationFactor, numPartitions } = topic;
  if (assignments.length === 0) {
    if (replicationFactor === -1 || replicationFactor === 1) return null;
    const message =
      replicationFactor < 1
        ? "Replication factor must be larger than 0, or -1 to use the default value."
        : `Unable to replicate the partition ${replicationFactor} time(s): only 1 broker(s) are registered.`;
    return { error: ERROR.INVALID_REPLICATION_FACTOR, message };
  }
  if (replicationFactor !== -1 || numPartitions !== -1) {
    const message =
      "A manual partition assignment was specified, so partition count and replication factor must be -1.";
    return { error: ERROR.INVALID_REQUEST, message };
  }
  const indexes = assignments.map(({ partitionIndex }) => partitionIndex).sort((a, b) => a - b);
  const dense = indexes.every((value, position) => value === position);
  const here = assignments.every(({ brokerIds }) => brokerIds.length === 1 && brokerIds[0] === nodeId);
  if (dense && here) return null;
  const message = `Partitions must be numbered from 0 without gaps, each on broker ${nodeId} alone.`;
  return { error: ERROR.INVALID_REPLICA_ASSIGNMENT, message };
}

function created(spec: TopicSpec, topicId: Uuid, broker: Broker): Result {
  return {
    name: spec.name,
    topicId,
    errorCode: ERROR.NONE,
    errorMessage: null,
    topicConfigErrorCode: ERROR.NONE,
    numPartitions: broker.partitionCountOf(spec),
    replicationFactor: 1,
    configs: describeTopicConfigs(spec.configs, broker.topicDefaults).map((config) => ({
      name: config.name,
      value: config.value,
      readOnly: config.readOnly,
      configSource: config.configSource,
      isSensitive: config.isSensitive,
    })),
  };
}

function refused(name: string, refusal: Refusal): Result {
  return {
    name,
    topicId: ZERO_UUID,
    errorCode: refusal.error,
    errorMessage: refusal.message,
    topicConfigErrorCode: ERROR.NONE,
    numPartitions: -1,
    replicationFactor: -1,
    configs: null,
  };
}

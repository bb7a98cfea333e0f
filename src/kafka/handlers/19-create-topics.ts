import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import {
  type Broker,
  isInternalTopic,
  METADATA_TOPIC,
  type Refusal,
  type TopicSpec,
} from "../../broker/broker.ts";
import type { MutationQuota } from "../../broker/quotas.ts";
import { type Access, accessOf, CAN } from "../access.ts";
import { type NotedChange, noteChanges } from "../audit.ts";
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
import { countOf, MAX_PARTITIONS_PER_REQUEST, replicasFault } from "./placement.ts";

type Creatable = CreateTopicsRequest["topics"][number];
type Result = CreateTopicsResponse["topics"][number];

/** From here on a client that is over its quota for partitions is refused; before, it is only held back (KIP-599). */
const FIRST_STRICT_VERSION = 6;

/**
 * CreateTopics, 2 to 7 (KIP-195, KIP-464, KIP-525). Answered once the topics are on the disk; those of one
 * request share its sync. Replication factor and manual assignments may name this one broker only.
 *
 * Deviations: the topics that the broker makes for itself can't be made by clients; a request that only
 * validates is answered with the zero topic id.
 */
export const createTopics: ApiHandler<KafkaServices> = {
  apiKey: 19,
  minVersion: 2,
  maxVersion: 7,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const request = readCreateTopicsRequest(call.reader, call.version);
    const counts = countOf(request.topics.map(({ name }) => name));
    const unique = new Map(request.topics.map((topic) => [topic.name, topic]));
    const quota = broker.quotas.mutations(call.session);
    const access = accessOf(call, services);
    const mayCreate = access.seesCluster(CAN.create);
    const creation = new Creation(
      broker,
      quota,
      access,
      request.validateOnly,
      call.version >= FIRST_STRICT_VERSION,
    );
    const excessive = partitionsIn(request, broker) > MAX_PARTITIONS_PER_REQUEST;
    const topics = Array.from(unique.values(), (topic) => {
      if (counts.get(topic.name) !== 1) return refused(topic.name, DUPLICATE);
      // That nobody makes the broker's own topics is told to everybody, as in Kafka.
      const isClosed = topic.name === METADATA_TOPIC;
      if (!mayCreate && !isClosed && !access.topic(CAN.create, topic.name))
        return refused(topic.name, NOT_ALLOWED);
      return excessive ? refused(topic.name, EXCESSIVE) : creation.create(topic);
    });
    call.throttle(quota.throttleMs);
    creation.gather.whenAll(() => {
      if (!request.validateOnly) noteChanges(call, services.audit, "topic.create", topics.map(noted));
      call.reply((writer) => writeCreateTopicsResponse(writer, { throttleTimeMs: 0, topics }, call.version));
    });
  },
};

function noted({ name, errorCode: error }: Result): NotedChange {
  return { resource: `topic ${name}`, error };
}

const DUPLICATE: Refusal = { error: ERROR.INVALID_REQUEST, message: "Duplicate topic name." };
const NOT_ALLOWED: Refusal = {
  error: ERROR.TOPIC_AUTHORIZATION_FAILED,
  message: "Authorization failed.",
};
const EXCESSIVE: Refusal = {
  error: ERROR.POLICY_VIOLATION,
  message: "Excessively large number of partitions per request.",
};
const OVER_QUOTA: Refusal = {
  error: ERROR.THROTTLING_QUOTA_EXCEEDED,
  message: "The throttling quota has been exceeded.",
};

function partitionsIn(request: CreateTopicsRequest, broker: Broker): number {
  return request.topics.reduce((sum, { assignments, numPartitions }) => {
    const wanted = numPartitions === -1 ? broker.defaultPartitions : Math.max(0, numPartitions);
    return sum + (assignments.length > 0 ? assignments.length : wanted);
  }, 0);
}

/** The topics of one request. */
class Creation {
  readonly gather = new Gather();
  readonly #broker: Broker;
  readonly #quota: MutationQuota;
  readonly #access: Access;
  readonly #validateOnly: boolean;
  readonly #strict: boolean;
  /** What the answer says of topics without settings of their own, which many topics share. */
  #plainConfigs: Result["configs"] = null;

  constructor(broker: Broker, quota: MutationQuota, access: Access, validateOnly: boolean, strict: boolean) {
    this.#access = access;
    this.#broker = broker;
    this.#quota = quota;
    this.#validateOnly = validateOnly;
    this.#strict = strict;
  }

  create(topic: Creatable): Result {
    const spec = specOf(topic, this.#broker.nodeId);
    if ("error" in spec) return refused(topic.name, spec);
    const fault = this.#broker.createFault(spec);
    if (fault !== null) return refused(topic.name, fault);
    if (this.#strict && !this.#quota.open) return refused(topic.name, OVER_QUOTA);
    this.#quota.take(this.#broker.partitionCountOf(spec));
    if (this.#validateOnly) return this.#created(spec, ZERO_UUID);
    let result: Result | null = null;
    const ended = this.gather.begin((error) => {
      if (result !== null && error !== 0)
        Object.assign(result, refused(topic.name, { error, message: "Not written." }));
    });
    const made = this.#broker.createTopic(spec, ended);
    if ("error" in made) {
      ended(0);
      return refused(topic.name, made);
    }
    result = this.#created(spec, made.id);
    return result;
  }

  #created(spec: TopicSpec, topicId: Uuid): Result {
    const { name } = spec;
    const made = { name, topicId, errorCode: ERROR.NONE, errorMessage: null };
    if (!this.#access.seesTopic(CAN.describeConfigs, name)) {
      const topicConfigErrorCode = ERROR.TOPIC_AUTHORIZATION_FAILED;
      return { ...made, topicConfigErrorCode, numPartitions: -1, replicationFactor: -1, configs: [] };
    }
    return {
      ...made,
      topicConfigErrorCode: ERROR.NONE,
      numPartitions: this.#broker.partitionCountOf(spec),
      replicationFactor: 1,
      configs: this.#configsOf(spec),
    };
  }

  #configsOf({ configs }: TopicSpec): Result["configs"] {
    if (configs.size === 0 && this.#plainConfigs !== null) return this.#plainConfigs;
    const described = describeTopicConfigs(configs, this.#broker).map((config) => ({
      name: config.name,
      value: config.value,
      readOnly: config.readOnly,
      configSource: config.configSource,
      isSensitive: config.isSensitive,
    }));
    if (configs.size === 0) this.#plainConfigs = described;
    return described;
  }
}

/** What is to be made, checked as far as the broker is not asked. */
function specOf(topic: Creatable, nodeId: number): TopicSpec | Refusal {
  if (isInternalTopic(topic.name)) {
    const message = `Creation of internal topic ${topic.name} is prohibited.`;
    return { error: ERROR.INVALID_REQUEST, message };
  }
  const fault = placementFault(topic, nodeId);
  if (fault !== null) return fault;
  const configs = new Map<string, string>();
  for (const { name, value } of topic.configs) {
    if (value === null) {
      const message = `Null value not supported for topic configs: ${name.slice(0, 100)}`;
      return { error: ERROR.INVALID_CONFIG, message };
    }
    configs.set(name, value);
  }
  const assigned = topic.assignments.length;
  return { name: topic.name, partitionCount: assigned > 0 ? assigned : topic.numPartitions, configs };
}

function placementFault(topic: Creatable, nodeId: number): Refusal | null {
  const { assignments, replicationFactor, numPartitions } = topic;
  if (assignments.length > 0) return assignmentsFault(topic, nodeId);
  if (replicationFactor < -1 || replicationFactor === 0) {
    const message = "Replication factor must be larger than 0, or -1 to use the default value.";
    return { error: ERROR.INVALID_REPLICATION_FACTOR, message };
  }
  if (numPartitions < -1 || numPartitions === 0) {
    const message = "Number of partitions was set to an invalid non-positive value.";
    return { error: ERROR.INVALID_PARTITIONS, message };
  }
  if (replicationFactor <= 1) return null;
  const message = `Unable to replicate the partition ${replicationFactor} time(s): only 1 broker(s) are registered.`;
  return { error: ERROR.INVALID_REPLICATION_FACTOR, message };
}

function assignmentsFault(topic: Creatable, nodeId: number): Refusal | null {
  const { assignments, replicationFactor, numPartitions } = topic;
  const given =
    replicationFactor !== -1 ? "replication factor" : numPartitions !== -1 ? "numPartitions" : null;
  if (given !== null) {
    const message = `A manual partition assignment was specified, but ${given} was not set to -1.`;
    return { error: ERROR.INVALID_REQUEST, message };
  }
  const indexes = countOf(assignments.map(({ partitionIndex }) => partitionIndex));
  for (const { partitionIndex, brokerIds } of assignments) {
    if (indexes.get(partitionIndex) !== 1) {
      const message = `Found multiple manual partition assignments for partition ${partitionIndex}`;
      return { error: ERROR.INVALID_REPLICA_ASSIGNMENT, message };
    }
    const fault = replicasFault(brokerIds, nodeId);
    if (fault !== null) return fault;
  }
  if (assignments.every((_, index) => indexes.has(index))) return null;
  const message = "partitions should be a consecutive 0-based integer sequence";
  return { error: ERROR.INVALID_REPLICA_ASSIGNMENT, message };
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
    configs: [],
  };
}

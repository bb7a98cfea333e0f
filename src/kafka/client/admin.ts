import { ZERO_UUID } from "../../base/ids.ts";
import type { Address } from "../../config/address.ts";
import {
  DEFAULT_CREATABLE_TOPIC,
  DEFAULT_CREATE_TOPICS_REQUEST,
} from "../wire/generated/create-topics-request.ts";
import { DEFAULT_DELETE_TOPICS_REQUEST } from "../wire/generated/delete-topics-request.ts";
import { DEFAULT_DESCRIBE_CONFIGS_REQUEST } from "../wire/generated/describe-configs-request.ts";
import { ERROR } from "../wire/generated/errors.ts";
import {
  CREATE_PARTITIONS,
  CREATE_TOPICS,
  DELETE_TOPICS,
  DESCRIBE_CONFIGS,
  INCREMENTAL_ALTER_CONFIGS,
} from "./client-apis.ts";
import type { KafkaCluster, TopicMetadata } from "./cluster.ts";
import type { ClientApi } from "./connection.ts";

/** What became of one named thing. `error` 0 is success. */
export interface AdminOutcome {
  readonly error: number;
  /** The broker's own words, or null. */
  readonly message: string | null;
}

export interface NewTopic {
  readonly name: string;
  /** -1 takes the broker's default (brokers from 2.4 on). */
  readonly partitions: number;
  /** -1 takes the broker's default. */
  readonly replicationFactor: number;
  readonly configs?: Readonly<Record<string, string>>;
}

export interface TopicSettings {
  readonly name: string;
  readonly error: number;
  /** By their names. */
  readonly values: ReadonlyMap<string, string | null>;
}

export interface ClusterDescription {
  readonly clusterId: string;
  readonly controllerId: number;
  readonly brokers: readonly (Address & { readonly id: number })[];
  readonly transactionVersion: number;
}

export interface ConfigEntry {
  readonly name: string;
  /** Null where it is secret or unset. */
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly isDefault: boolean;
}

/** Kafka's DescribeConfigs `resourceType`. */
export const CONFIG_RESOURCE = { topic: 2, broker: 4 } as const;
/** Kafka's IncrementalAlterConfigs `configOperation`. */
const CONFIG_OPERATION = { set: 0, delete: 1 } as const;
/** Kafka's `DEFAULT_CONFIG` and `STATIC_BROKER_CONFIG`: where a value nobody set for the topic comes from. */
const DEFAULT_SOURCES = [4, 5];

/**
 * Administration. Each call throws HeadwaterError where no broker answers or an answer is lost, and returns what
 * the broker said otherwise.
 */
export class KafkaAdmin {
  readonly #cluster: KafkaCluster;

  constructor(cluster: KafkaCluster) {
    this.#cluster = cluster;
  }

  async describeCluster(): Promise<ClusterDescription> {
    await this.#cluster.refresh([]);
    return {
      clusterId: this.#cluster.clusterId ?? "",
      controllerId: this.#cluster.controllerId,
      brokers: [...this.#cluster.brokers].map(([id, address]) => ({ id, ...address })),
      transactionVersion: this.#cluster.transactionVersion,
    };
  }

  /** All topics, or those named (with error 3 where there is no such topic). */
  topics(names: readonly string[] | null): Promise<readonly TopicMetadata[]> {
    return this.#cluster.refresh(names);
  }

  async createTopic(topic: NewTopic, timeoutMs = 30_000): Promise<AdminOutcome> {
    const creatable = {
      ...DEFAULT_CREATABLE_TOPIC,
      name: topic.name,
      numPartitions: topic.partitions,
      replicationFactor: topic.replicationFactor,
      configs: Object.entries(topic.configs ?? {}).map(([name, value]) => ({ name, value })),
    };
    const body = () => ({ ...DEFAULT_CREATE_TOPICS_REQUEST, topics: [creatable], timeoutMs });
    const response = await this.#askController(
      CREATE_TOPICS,
      body,
      (answer) => answer.topics[0]?.errorCode ?? 0,
    );
    const result = response.topics[0];
    return { error: result?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR, message: result?.errorMessage ?? null };
  }

  async deleteTopic(name: string, timeoutMs = 30_000): Promise<AdminOutcome> {
    const body = (version: number) => ({
      ...DEFAULT_DELETE_TOPICS_REQUEST,
      ...(version >= 6 ? { topics: [{ name, topicId: ZERO_UUID }] } : { topicNames: [name] }),
      timeoutMs,
    });
    const response = await this.#askController(
      DELETE_TOPICS,
      body,
      (answer) => answer.responses[0]?.errorCode ?? 0,
    );
    const result = response.responses[0];
    return { error: result?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR, message: result?.errorMessage ?? null };
  }

  /** Raises a topic's partitions to `count`. */
  async createPartitions(topic: string, count: number, timeoutMs = 30_000): Promise<AdminOutcome> {
    const topics = [{ name: topic, count, assignments: null }];
    const body = () => ({ topics, timeoutMs, validateOnly: false });
    const response = await this.#askController(
      CREATE_PARTITIONS,
      body,
      (answer) => answer.results[0]?.errorCode ?? 0,
    );
    const result = response.results[0];
    return { error: result?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR, message: result?.errorMessage ?? null };
  }

  /** Sets settings of a topic; a value of null takes the topic's own away. All of them, or none. */
  async alterTopicConfigs(topic: string, values: ReadonlyMap<string, string | null>): Promise<AdminOutcome> {
    const configs = Array.from(values, ([name, value]) => ({
      name,
      configOperation: value === null ? CONFIG_OPERATION.delete : CONFIG_OPERATION.set,
      value,
    }));
    const resources = [{ resourceType: CONFIG_RESOURCE.topic, resourceName: topic, configs }];
    const response = await this.#askController(
      INCREMENTAL_ALTER_CONFIGS,
      () => ({ resources, validateOnly: false }),
      (answer) => answer.responses[0]?.errorCode ?? 0,
    );
    const result = response.responses[0];
    return { error: result?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR, message: result?.errorMessage ?? null };
  }

  /** The settings of a topic, or of a broker by its id, `names` null for all. */
  async describeConfigs(
    resource: "topic" | "broker",
    name: string,
    names: readonly string[] | null = null,
  ): Promise<AdminOutcome & { readonly configs: readonly ConfigEntry[] }> {
    const body = {
      ...DEFAULT_DESCRIBE_CONFIGS_REQUEST,
      resources: [{ resourceType: CONFIG_RESOURCE[resource], resourceName: name, configurationKeys: names }],
    };
    const reply = await this.#cluster.request("any", DESCRIBE_CONFIGS, () => body);
    if (reply.kind !== "answered") throw reply.error;
    const result = reply.response.results[0];
    return {
      error: result?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR,
      message: result?.errorMessage ?? null,
      configs: (result?.configs ?? []).map((config) => ({
        name: config.name,
        value: config.value,
        readOnly: config.readOnly,
        isDefault: DEFAULT_SOURCES.includes(config.configSource),
      })),
    };
  }

  /** Some settings of topics, all in one request. */
  async describeTopics(
    topics: readonly string[],
    names: readonly string[],
  ): Promise<readonly TopicSettings[]> {
    const resources = topics.map((resourceName) => ({
      resourceType: CONFIG_RESOURCE.topic,
      resourceName,
      configurationKeys: names,
    }));
    const body = { ...DEFAULT_DESCRIBE_CONFIGS_REQUEST, resources };
    const reply = await this.#cluster.request("any", DESCRIBE_CONFIGS, () => body);
    if (reply.kind !== "answered") throw reply.error;
    return reply.response.results.map(({ resourceName, errorCode, configs }) => ({
      name: resourceName,
      error: errorCode,
      values: new Map(configs.map(({ name, value }) => [name, value])),
    }));
  }

  /** Asks the controller, and once more the new one where it has moved. */
  async #askController<Request, Response>(
    api: ClientApi<Request, Response>,
    body: (version: number) => Request,
    errorOf: (response: Response) => number,
  ): Promise<Response> {
    for (let tries = 0; ; tries += 1) {
      await this.#cluster.refresh([]);
      const controller = this.#cluster.brokers.get(this.#cluster.controllerId);
      const reply = await this.#cluster.request(controller ?? "any", api, body);
      if (reply.kind !== "answered") throw reply.error;
      if (errorOf(reply.response) !== ERROR.NOT_CONTROLLER || tries > 0) return reply.response;
    }
  }
}

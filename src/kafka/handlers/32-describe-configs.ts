import type { Broker } from "../../broker/broker.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import {
  type DescribeConfigsRequest,
  readDescribeConfigsRequest,
} from "../wire/generated/describe-configs-request.ts";
import {
  type DescribeConfigsResponse,
  writeDescribeConfigsResponse,
} from "../wire/generated/describe-configs-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { describeBrokerConfigs, describeTopicConfigs } from "./config-entries.ts";

type Resource = DescribeConfigsRequest["resources"][number];
type Result = DescribeConfigsResponse["results"][number];

const TOPIC = 2;
const BROKER = 4;

/** DescribeConfigs, 1 to 4, for topics and this broker, with synonyms (KIP-226) and documentation (KIP-569). */
export const describeConfigs: ApiHandler<KafkaServices> = {
  apiKey: 32,
  minVersion: 1,
  maxVersion: 4,
  pipelined: false,
  handle(call, services) {
    const request = readDescribeConfigsRequest(call.reader, call.version);
    const results = request.resources.map((resource) => {
      const result = describe(resource, services);
      const keys = resource.configurationKeys ?? [];
      const configs = result.configs
        .filter(({ name }) => keys.length === 0 || keys.includes(name))
        .map((config) => ({
          ...config,
          synonyms: request.includeSynonyms ? config.synonyms : [],
          documentation: request.includeDocumentation ? config.documentation : null,
        }));
      return { ...result, configs };
    });
    call.reply((writer) =>
      writeDescribeConfigsResponse(writer, { throttleTimeMs: 0, results }, call.version),
    );
  },
};

function describe({ resourceType, resourceName }: Resource, services: KafkaServices): Result {
  const { broker } = services;
  const result: Result = {
    errorCode: ERROR.NONE,
    errorMessage: null,
    resourceType,
    resourceName,
    configs: [],
  };
  switch (resourceType) {
    case TOPIC: {
      const topic = broker.topics.get(resourceName);
      if (topic === null) return { ...result, errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION };
      return { ...result, configs: describeTopicConfigs(topic.configs, broker.topicDefaults) };
    }
    case BROKER:
      if (resourceName !== "" && resourceName !== String(broker.nodeId)) return unknownBroker(result, broker);
      return { ...result, configs: describeBrokerConfigs(services.brokerConfigs()) };
    default:
      return {
        ...result,
        errorCode: ERROR.INVALID_REQUEST,
        errorMessage: `Resource type ${resourceType} has no configuration here.`,
      };
  }
}

function unknownBroker(result: Result, broker: Broker): Result {
  const message = `Unexpected broker id, expected ${broker.nodeId}, but received ${result.resourceName.slice(0, 100)}`;
  return { ...result, errorCode: ERROR.INVALID_REQUEST, errorMessage: message };
}

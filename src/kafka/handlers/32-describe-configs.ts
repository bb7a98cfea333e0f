import { RESOURCE } from "../../broker/dynamic-configs.ts";
import { isDeviceView, readableNameFault } from "../../broker/views/device-views.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import { once } from "../once.ts";
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
import { configRefusal } from "./acl-answers.ts";
import {
  describeBrokerConfigs,
  describeClientMetrics,
  describeClusterConfigs,
  describeGroupConfigs,
  describeLoggers,
  describeTopicConfigs,
} from "./config-entries.ts";

type Resource = DescribeConfigsRequest["resources"][number];
type Result = DescribeConfigsResponse["results"][number];

/** Resources that one request is told of: each comes with some dozen settings and what they mean. */
const MAX_RESOURCES = 2_000;
const TOO_MANY = {
  error: ERROR.INVALID_REQUEST,
  message: `A request may ask for ${MAX_RESOURCES} resources.`,
} as const;

/**
 * DescribeConfigs, 1 to 4, of topics, this broker, all brokers, its logger, groups (KIP-848) and subscriptions to
 * metrics (KIP-714), with synonyms (KIP-226) and documentation (KIP-569).
 */
export const describeConfigs: ApiHandler<KafkaServices> = {
  apiKey: 32,
  minVersion: 1,
  maxVersion: 4,
  pipelined: false,
  handle(call, services) {
    const request = readDescribeConfigsRequest(call.reader, call.version);
    const resources = once(
      request.resources,
      (resource) => `${resource.resourceType} ${resource.resourceName}`,
    );
    const access = accessOf(call, services);
    const results = resources.map((resource, index) => {
      const result: Result = {
        errorCode: ERROR.NONE,
        errorMessage: "",
        resourceType: resource.resourceType,
        resourceName: resource.resourceName,
        configs: [],
      };
      const asked = { type: resource.resourceType, name: resource.resourceName };
      const refusal = index < MAX_RESOURCES ? configRefusal(asked, CAN.describeConfigs, access) : TOO_MANY;
      const described = refusal ?? describe(resource, services);
      if ("error" in described) {
        return { ...result, errorCode: described.error, errorMessage: described.message };
      }
      const keys = resource.configurationKeys ?? [];
      const configs = described
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

interface Refused {
  readonly error: number;
  readonly message: string;
}

function describe(
  { resourceType, resourceName: name }: Resource,
  { broker, brokerConfigs }: KafkaServices,
): Result["configs"] | Refused {
  const own = String(broker.nodeId);
  switch (resourceType) {
    case RESOURCE.topic: {
      const fault = readableNameFault(name);
      if (fault !== null) return { error: ERROR.INVALID_TOPIC_EXCEPTION, message: fault };
      const found = broker.topics.readable.get(name);
      const topic = found !== null && isDeviceView(found) ? found.topic : found;
      if (topic === null) return { error: ERROR.UNKNOWN_TOPIC_OR_PARTITION, message: "" };
      return describeTopicConfigs(topic.configs, broker);
    }
    case RESOURCE.broker:
      if (name === "") return describeClusterConfigs(broker);
      if (name === own) return describeBrokerConfigs(brokerConfigs(), broker);
      return unknownBroker(name, `${own} or empty string,`);
    case RESOURCE.brokerLogger:
      if (name === "") return invalid("Broker id must not be empty");
      return name === own ? describeLoggers(brokerConfigs()) : unknownBroker(name, own);
    case RESOURCE.clientMetrics:
      if (name === "") return invalid("Client metrics subscription name must not be empty");
      return describeClientMetrics(name, broker);
    case RESOURCE.group:
      if (name === "") return invalid("Group name must not be empty");
      return describeGroupConfigs(name, brokerConfigs(), broker);
    default:
      return invalid(`Unexpected resource type ${resourceType} for resource ${name.slice(0, 100)}`);
  }
}

function unknownBroker(name: string, expected: string): Refused {
  const shown = name.slice(0, 100);
  if (!/^[+-]?\d{1,10}$/.test(name)) return invalid(`Broker id must be an integer, but it is: ${shown}`);
  return invalid(`Unexpected broker id, expected ${expected} but received ${shown}`);
}

function invalid(message: string): Refused {
  return { error: ERROR.INVALID_REQUEST, message };
}

import type { Broker } from "../../broker/broker.ts";
import { RESOURCE } from "../../broker/dynamic-configs.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readListConfigResourcesRequest } from "../wire/generated/list-config-resources-request.ts";
import { writeListConfigResourcesResponse } from "../wire/generated/list-config-resources-response.ts";

/**
 * ListConfigResources, 0 and 1 (KIP-714, KIP-1142): all topics and this broker, and the groups and subscriptions to
 * metrics that have settings of their own. Version 0 knows the subscriptions only.
 */
export const listConfigResources: ApiHandler<KafkaServices> = {
  apiKey: 74,
  minVersion: 0,
  maxVersion: 1,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const { resourceTypes } = readListConfigResourcesRequest(call.reader, call.version);
    const all: readonly number[] = call.version === 0 ? [RESOURCE.clientMetrics] : Object.values(RESOURCE);
    const types = resourceTypes.length === 0 ? all : [...new Set(resourceTypes)];
    const isKnown = types.every((type) => all.includes(type));
    const isAllowed = accessOf(call, services).cluster(CAN.describeConfigs);
    const configResources =
      isKnown && isAllowed
        ? types.flatMap((resourceType) =>
            namesOf(resourceType, broker).map((resourceName) => ({ resourceName, resourceType })),
          )
        : [];
    const fault = isKnown ? ERROR.NONE : ERROR.UNSUPPORTED_VERSION;
    const errorCode = isAllowed ? fault : ERROR.CLUSTER_AUTHORIZATION_FAILED;
    const response = { throttleTimeMs: 0, errorCode, configResources };
    call.reply((writer) => writeListConfigResourcesResponse(writer, response, call.version));
  },
};

function namesOf(type: number, broker: Broker): readonly string[] {
  switch (type) {
    case RESOURCE.topic:
      return Array.from(broker.topics.all(), ({ name }) => name);
    case RESOURCE.broker:
    case RESOURCE.brokerLogger:
      return [String(broker.nodeId)];
    default:
      return broker.configs.names(type);
  }
}

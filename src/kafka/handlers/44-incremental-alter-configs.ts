import { accessOf } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import { Gather } from "../gather.ts";
import type { KafkaServices } from "../services.ts";
import { readIncrementalAlterConfigsRequest } from "../wire/generated/incremental-alter-configs-request.ts";
import { writeIncrementalAlterConfigsResponse } from "../wire/generated/incremental-alter-configs-response.ts";
import { alterConfigs, noteAlterations } from "./config-alterations.ts";

/**
 * IncrementalAlterConfigs, 0 and 1 (KIP-339): set, delete, append and subtract, of topics, this broker, all brokers,
 * groups and subscriptions to metrics; in force at once, answered once durable.
 *
 * Deviations: loggers keep the level that the broker was started with; an operation that does not exist is refused
 * with INVALID_REQUEST for topics and groups as well, where Kafka answers UNKNOWN_SERVER_ERROR.
 */
export const incrementalAlterConfigs: ApiHandler<KafkaServices> = {
  apiKey: 44,
  minVersion: 0,
  maxVersion: 1,
  pipelined: false,
  handle(call, services) {
    const { resources, validateOnly } = readIncrementalAlterConfigsRequest(call.reader, call.version);
    const alterations = resources.map(({ resourceType, resourceName, configs }) => ({
      resource: { type: resourceType, name: resourceName },
      operations: configs.map(({ name, configOperation, value }) => ({
        name,
        operation: configOperation,
        value,
      })),
      replaces: false,
    }));
    const gather = new Gather();
    const responses = alterConfigs(alterations, validateOnly, services, gather, accessOf(call, services));
    gather.whenAll(() => {
      if (!validateOnly) noteAlterations(call, services.audit, alterations, responses);
      call.reply((writer) =>
        writeIncrementalAlterConfigsResponse(writer, { throttleTimeMs: 0, responses }, call.version),
      );
    });
  },
};

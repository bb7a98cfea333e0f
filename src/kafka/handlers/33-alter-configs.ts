import { accessOf } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import { Gather } from "../gather.ts";
import type { KafkaServices } from "../services.ts";
import { readAlterConfigsRequest } from "../wire/generated/alter-configs-request.ts";
import { writeAlterConfigsResponse } from "../wire/generated/alter-configs-response.ts";
import { alterConfigs as alter, noteAlterations } from "./config-alterations.ts";

/**
 * AlterConfigs, 0 to 2, which replaces all settings of a resource (KIP-133); in force at once, answered once
 * durable.
 */
export const alterConfigs: ApiHandler<KafkaServices> = {
  apiKey: 33,
  minVersion: 0,
  maxVersion: 2,
  pipelined: false,
  handle(call, services) {
    const { resources, validateOnly } = readAlterConfigsRequest(call.reader, call.version);
    const alterations = resources.map(({ resourceType, resourceName, configs }) => ({
      resource: { type: resourceType, name: resourceName },
      operations: configs.map(({ name, value }) => ({ name, operation: 0, value })),
      replaces: true,
    }));
    const gather = new Gather();
    const responses = alter(alterations, validateOnly, services, gather, accessOf(call, services));
    gather.whenAll(() => {
      if (!validateOnly) noteAlterations(call, services.audit, alterations, responses);
      call.reply((writer) =>
        writeAlterConfigsResponse(writer, { throttleTimeMs: 0, responses }, call.version),
      );
    });
  },
};

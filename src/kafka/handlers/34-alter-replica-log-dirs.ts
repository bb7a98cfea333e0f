import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readAlterReplicaLogDirsRequest } from "../wire/generated/alter-replica-log-dirs-request.ts";
import { writeAlterReplicaLogDirsResponse } from "../wire/generated/alter-replica-log-dirs-response.ts";
import { ERROR } from "../wire/generated/errors.ts";

/** AlterReplicaLogDirs, 1 and 2 (KIP-113): there is one data folder, which every partition is in already. */
export const alterReplicaLogDirs: ApiHandler<KafkaServices> = {
  apiKey: 34,
  minVersion: 1,
  maxVersion: 2,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const request = readAlterReplicaLogDirsRequest(call.reader, call.version);
    const isAllowed = accessOf(call, services).cluster(CAN.alter);
    const results = new Map<string, Map<number, number>>();
    for (const { path, topics } of request.dirs) {
      for (const { name, partitions } of topics) {
        const codes = results.get(name) ?? new Map<number, number>();
        for (const index of partitions) {
          const known = broker.partition(name, index) !== null;
          const here = known ? ERROR.NONE : ERROR.UNKNOWN_TOPIC_OR_PARTITION;
          if (!isAllowed) codes.set(index, ERROR.CLUSTER_AUTHORIZATION_FAILED);
          else codes.set(index, path === broker.store.folder ? here : ERROR.LOG_DIR_NOT_FOUND);
        }
        results.set(name, codes);
      }
    }
    const response = {
      throttleTimeMs: 0,
      results: Array.from(results, ([topicName, codes]) => ({
        topicName,
        partitions: Array.from(codes, ([partitionIndex, errorCode]) => ({ partitionIndex, errorCode })),
      })),
    };
    call.reply((writer) => writeAlterReplicaLogDirsResponse(writer, response, call.version));
  },
};

import type { Broker } from "../../broker/broker.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import {
  type AlterPartitionReassignmentsRequest,
  readAlterPartitionReassignmentsRequest,
} from "../wire/generated/alter-partition-reassignments-request.ts";
import {
  type AlterPartitionReassignmentsResponse,
  writeAlterPartitionReassignmentsResponse,
} from "../wire/generated/alter-partition-reassignments-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { CLUSTER_REFUSAL, told } from "./acl-answers.ts";
import { replicasFault } from "./placement.ts";

type Wanted = AlterPartitionReassignmentsRequest["topics"][number]["partitions"][number];
type Result = AlterPartitionReassignmentsResponse["responses"][number]["partitions"][number];

/** AlterPartitionReassignments, 0 and 1 (KIP-455, KIP-860): a partition can be put where it is, and nowhere else. */
export const alterPartitionReassignments: ApiHandler<KafkaServices> = {
  apiKey: 45,
  minVersion: 0,
  maxVersion: 1,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const request = readAlterPartitionReassignmentsRequest(call.reader, call.version);
    const isAllowed = accessOf(call, services).cluster(CAN.alter);
    const fault = isAllowed ? { errorCode: ERROR.NONE, errorMessage: null } : told(CLUSTER_REFUSAL);
    const response: AlterPartitionReassignmentsResponse = {
      throttleTimeMs: 0,
      allowReplicationFactorChange: request.allowReplicationFactorChange,
      ...fault,
      responses: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map((partition) =>
          isAllowed
            ? resultOf(name, partition, broker)
            : { partitionIndex: partition.partitionIndex, ...fault },
        ),
      })),
    };
    call.reply((writer) => writeAlterPartitionReassignmentsResponse(writer, response, call.version));
  },
};

function resultOf(topic: string, { partitionIndex, replicas }: Wanted, broker: Broker): Result {
  const result = (errorCode: number, errorMessage: string | null): Result => ({
    partitionIndex,
    errorCode,
    errorMessage,
  });
  const shown = topic.slice(0, 249);
  if (broker.topics.get(topic) === null)
    return result(ERROR.UNKNOWN_TOPIC_OR_PARTITION, `Unable to find a topic named ${shown}.`);
  if (broker.partition(topic, partitionIndex) === null)
    return result(ERROR.UNKNOWN_TOPIC_OR_PARTITION, `Unable to find partition ${shown}:${partitionIndex}.`);
  // null ends a reassignment that is under way.
  if (replicas === null) return result(ERROR.NO_REASSIGNMENT_IN_PROGRESS, null);
  const fault = replicasFault(replicas, broker.nodeId);
  return fault === null ? result(ERROR.NONE, null) : result(fault.error, fault.message);
}

import type { Broker } from "../../broker/broker.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import {
  type ElectLeadersRequest,
  readElectLeadersRequest,
} from "../wire/generated/elect-leaders-request.ts";
import {
  type ElectLeadersResponse,
  writeElectLeadersResponse,
} from "../wire/generated/elect-leaders-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { CLUSTER_REFUSAL, told } from "./acl-answers.ts";

type Result = ElectLeadersResponse["replicaElectionResults"][number];
type PartitionResult = Result["partitionResult"][number];

const PREFERRED = 0;
const UNCLEAN = 1;

/** ElectLeaders, 0 to 2 (KIP-183, KIP-460): the one broker leads every partition, so that none is ever needed. */
export const electLeaders: ApiHandler<KafkaServices> = {
  apiKey: 43,
  minVersion: 0,
  maxVersion: 2,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const request = readElectLeadersRequest(call.reader, call.version);
    if (!accessOf(call, services).cluster(CAN.alter)) {
      const refusal = {
        throttleTimeMs: 0,
        errorCode: CLUSTER_REFUSAL.error,
        replicaElectionResults: refuse(request),
      };
      call.reply((writer) => writeElectLeadersResponse(writer, refusal, call.version));
      return;
    }
    const known = request.electionType === PREFERRED || request.electionType === UNCLEAN;
    const response: ElectLeadersResponse = {
      throttleTimeMs: 0,
      errorCode: known ? ERROR.NONE : ERROR.INVALID_REQUEST,
      replicaElectionResults: elect(request, known, broker),
    };
    call.reply((writer) => writeElectLeadersResponse(writer, response, call.version));
  },
};

function refuse({ topicPartitions }: ElectLeadersRequest): Result[] {
  return (topicPartitions ?? []).map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partitionId) => ({ partitionId, ...told(CLUSTER_REFUSAL) })),
  }));
}

/** Where all topics are meant, what did not change is left out of the answer. */
function elect(
  { topicPartitions, electionType }: ElectLeadersRequest,
  known: boolean,
  broker: Broker,
): Result[] {
  if (topicPartitions === null)
    return known ? Array.from(broker.topics.all(), ({ name }) => ({ topic: name, partitionResult: [] })) : [];
  return topicPartitions.map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partitionId): PartitionResult => {
      if (known) return resultOf(topic, partitionId, broker);
      const errorMessage = `Unknown election type ${electionType}`;
      return { partitionId, errorCode: ERROR.INVALID_REQUEST, errorMessage };
    }),
  }));
}

function resultOf(topic: string, partitionId: number, broker: Broker): PartitionResult {
  if (broker.partition(topic, partitionId) !== null) {
    const errorMessage = "Leader election not needed for topic partition.";
    return { partitionId, errorCode: ERROR.ELECTION_NOT_NEEDED, errorMessage };
  }
  const shown = topic.slice(0, 249);
  const errorMessage =
    broker.topics.get(topic) === null
      ? `No such topic as ${shown}`
      : `No such partition as ${shown}-${partitionId}`;
  return { partitionId, errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION, errorMessage };
}

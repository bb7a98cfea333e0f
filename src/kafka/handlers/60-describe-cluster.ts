import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readDescribeClusterRequest } from "../wire/generated/describe-cluster-request.ts";
import { writeDescribeClusterResponse } from "../wire/generated/describe-cluster-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { CLUSTER_OPERATIONS, NO_OPERATIONS } from "./authorized-operations.ts";

const BROKERS = 1;

/** DescribeCluster, 0 to 2 (KIP-700, KIP-919, KIP-1073): one broker, never fenced. Controllers can't be asked for here. */
export const describeCluster: ApiHandler<KafkaServices> = {
  apiKey: 60,
  minVersion: 0,
  maxVersion: 2,
  pipelined: false,
  handle(call, { broker }) {
    const request = readDescribeClusterRequest(call.reader, call.version);
    const known = request.endpointType === BROKERS;
    const { host, port } = call.advertised;
    const response = {
      throttleTimeMs: 0,
      errorCode: known ? ERROR.NONE : ERROR.MISMATCHED_ENDPOINT_TYPE,
      errorMessage: known ? null : `This listener serves brokers, not endpoint type ${request.endpointType}.`,
      endpointType: BROKERS,
      clusterId: broker.clusterId,
      controllerId: broker.nodeId,
      brokers: known ? [{ brokerId: broker.nodeId, host, port, rack: null, isFenced: false }] : [],
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? CLUSTER_OPERATIONS
        : NO_OPERATIONS,
    };
    call.reply((writer) => writeDescribeClusterResponse(writer, response, call.version));
  },
};

import { accessOf } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readDescribeClusterRequest } from "../wire/generated/describe-cluster-request.ts";
import {
  type DescribeClusterResponse,
  writeDescribeClusterResponse,
} from "../wire/generated/describe-cluster-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { clusterOperations, NO_OPERATIONS } from "./authorized-operations.ts";

const BROKERS = 1;
const CONTROLLERS = 2;

/** DescribeCluster, 0 to 2 (KIP-700, KIP-919, KIP-1073): one broker, never fenced. Controllers can't be asked for here. */
export const describeCluster: ApiHandler<KafkaServices> = {
  apiKey: 60,
  minVersion: 0,
  maxVersion: 2,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const request = readDescribeClusterRequest(call.reader, call.version);
    const { host, port } = call.advertised;
    const response: DescribeClusterResponse =
      request.endpointType === BROKERS
        ? {
            throttleTimeMs: 0,
            errorCode: ERROR.NONE,
            errorMessage: null,
            endpointType: BROKERS,
            clusterId: broker.clusterId,
            controllerId: broker.nodeId,
            brokers: [{ brokerId: broker.nodeId, host, port, rack: null, isFenced: false }],
            clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
              ? clusterOperations(accessOf(call, services))
              : NO_OPERATIONS,
          }
        : refusal(request.endpointType);
    call.reply((writer) => writeDescribeClusterResponse(writer, response, call.version));
  },
};

function refusal(endpointType: number): DescribeClusterResponse {
  const known = endpointType === CONTROLLERS;
  return {
    throttleTimeMs: 0,
    errorCode: known ? ERROR.MISMATCHED_ENDPOINT_TYPE : ERROR.UNSUPPORTED_ENDPOINT_TYPE,
    errorMessage: known
      ? "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER"
      : `Unsupported endpoint type ${endpointType}`,
    endpointType: BROKERS,
    clusterId: "",
    controllerId: -1,
    brokers: [],
    clusterAuthorizedOperations: NO_OPERATIONS,
  };
}

import type { ApiHandler, Call } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readFindCoordinatorRequest } from "../wire/generated/find-coordinator-request.ts";
import { writeFindCoordinatorResponse } from "../wire/generated/find-coordinator-response.ts";

const GROUP = 0;
const TRANSACTION = 1;
const SHARE = 2;

/**
 * FindCoordinator, 0 to 6. This broker is every group's coordinator. Transactions are not served: a client that
 * asks for their coordinator is told so in words and keeps asking, as of a cluster that is starting.
 */
export const findCoordinator: ApiHandler<KafkaServices> = {
  apiKey: 10,
  minVersion: 0,
  maxVersion: 6,
  pipelined: false,
  handle(call, { broker }) {
    const request = readFindCoordinatorRequest(call.reader, call.version);
    const keys = call.version >= 4 ? request.coordinatorKeys : [request.key];
    const coordinators = keys.map((key) => locate(call, key, request.keyType, broker.nodeId));
    const first = coordinators[0] ?? locate(call, "", GROUP, broker.nodeId);
    const { errorCode, errorMessage, nodeId, host, port } = first;
    const response = { throttleTimeMs: 0, errorCode, errorMessage, nodeId, host, port, coordinators };
    call.reply((writer) => writeFindCoordinatorResponse(writer, response, call.version));
  },
};

function locate(call: Call, key: string, keyType: number, nodeId: number) {
  const { host, port } = call.advertised;
  const none = { key, nodeId: -1, host: "", port: -1 };
  switch (keyType) {
    case GROUP:
      if (key === "")
        return { ...none, errorCode: ERROR.INVALID_GROUP_ID, errorMessage: "An empty group id." };
      return { key, nodeId, host, port, errorCode: ERROR.NONE, errorMessage: null };
    case TRANSACTION:
    case SHARE:
      return {
        ...none,
        errorCode: ERROR.COORDINATOR_NOT_AVAILABLE,
        errorMessage: "This broker does not serve transactions or share groups.",
      };
    default:
      return {
        ...none,
        errorCode: ERROR.INVALID_REQUEST,
        errorMessage: `Unknown coordinator type ${keyType}.`,
      };
  }
}

import type { ApiHandler, Call } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readFindCoordinatorRequest } from "../wire/generated/find-coordinator-request.ts";
import {
  DEFAULT_FIND_COORDINATOR_RESPONSE,
  writeFindCoordinatorResponse,
} from "../wire/generated/find-coordinator-response.ts";

/** KIP-699: several keys at a time. */
const FIRST_WITH_KEYS = 4;

const GROUP = 0;
const TRANSACTION = 1;
const SHARE = 2;

/**
 * FindCoordinator, 0 to 6. This broker is the coordinator of every group and every transactional id.
 */
export const findCoordinator: ApiHandler<KafkaServices> = {
  apiKey: 10,
  minVersion: 0,
  maxVersion: 6,
  pipelined: false,
  handle(call, { broker }) {
    const request = readFindCoordinatorRequest(call.reader, call.version);
    const nodeId = broker.nodeId;
    const response =
      call.version >= FIRST_WITH_KEYS
        ? {
            ...DEFAULT_FIND_COORDINATOR_RESPONSE,
            coordinators: request.coordinatorKeys.map((key) => locate(call, key, request.keyType, nodeId)),
          }
        : { ...DEFAULT_FIND_COORDINATOR_RESPONSE, ...locate(call, request.key, request.keyType, nodeId) };
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
      return { key, nodeId, host, port, errorCode: ERROR.NONE, errorMessage: null };
    case SHARE:
      return {
        ...none,
        errorCode: ERROR.COORDINATOR_NOT_AVAILABLE,
        errorMessage: "This broker does not serve share groups.",
      };
    default:
      return {
        ...none,
        errorCode: ERROR.INVALID_REQUEST,
        errorMessage: `Unknown coordinator type ${keyType}.`,
      };
  }
}

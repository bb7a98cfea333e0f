import type { Refusal } from "../../broker/broker.ts";
import { type Access, accessOf, CAN } from "../access.ts";
import type { ApiHandler, Call } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readFindCoordinatorRequest } from "../wire/generated/find-coordinator-request.ts";
import {
  DEFAULT_FIND_COORDINATOR_RESPONSE,
  writeFindCoordinatorResponse,
} from "../wire/generated/find-coordinator-response.ts";

import { CLUSTER_REFUSAL, GROUP_REFUSAL, TRANSACTIONAL_ID_REFUSAL } from "./acl-answers.ts";

/** KIP-699: several keys at a time. */
const FIRST_WITH_KEYS = 4;

const GROUP = 0;
const TRANSACTION = 1;
const SHARE = 2;

/** KIP-932: share groups' partitions have a coordinator, too. */
const FIRST_WITH_SHARES = 6;

/**
 * FindCoordinator, 0 to 6. This broker is the coordinator of every group, every transactional id and every
 * partition of a share group.
 */
export const findCoordinator: ApiHandler<KafkaServices> = {
  apiKey: 10,
  minVersion: 0,
  maxVersion: 6,
  pipelined: false,
  handle(call, services) {
    const request = readFindCoordinatorRequest(call.reader, call.version);
    const { nodeId } = services.broker;
    const access = accessOf(call, services);
    const response =
      call.version >= FIRST_WITH_KEYS
        ? {
            ...DEFAULT_FIND_COORDINATOR_RESPONSE,
            coordinators: request.coordinatorKeys.map((key) =>
              locate(call, access, key, request.keyType, nodeId),
            ),
          }
        : {
            ...DEFAULT_FIND_COORDINATOR_RESPONSE,
            ...locate(call, access, request.key, request.keyType, nodeId),
          };
    call.reply((writer) => writeFindCoordinatorResponse(writer, response, call.version));
  },
};

function locate(call: Call, access: Access, key: string, keyType: number, nodeId: number) {
  const { host, port } = call.advertised;
  const fault = refusalOf(access, key, keyType) ?? keyFault(key, keyType, call.version);
  if (fault === null) return { key, nodeId, host, port, errorCode: ERROR.NONE, errorMessage: "" };
  const refusal = typeof fault === "string" ? { error: ERROR.INVALID_REQUEST, message: fault } : fault;
  return { key, nodeId: -1, host: "", port: -1, errorCode: refusal.error, errorMessage: refusal.message };
}

function refusalOf(access: Access, key: string, keyType: number): Refusal | null {
  switch (keyType) {
    case GROUP:
      return access.group(CAN.describe, key) ? null : GROUP_REFUSAL;
    case TRANSACTION:
      return access.transactionalId(CAN.describe, key) ? null : TRANSACTIONAL_ID_REFUSAL;
    case SHARE:
      return access.cluster(CAN.clusterAction) ? null : CLUSTER_REFUSAL;
    default:
      return null;
  }
}

function keyFault(key: string, keyType: number, version: number): string | null {
  switch (keyType) {
    case GROUP:
    case TRANSACTION:
      return null;
    case SHARE:
      if (version < FIRST_WITH_SHARES) return "Coordinators of share groups are known from version 6 on.";
      return isSharePartition(key) ? null : "The key is not group:topicId:partition.";
    default:
      return `Unknown coordinator type ${keyType}.`;
  }
}

/** Whether it is `group:topicId:partition`, as Kafka spells a partition of a share group. */
function isSharePartition(key: string): boolean {
  return /^.+:[A-Za-z0-9_-]{22}:-?\d{1,9}$/s.test(key);
}

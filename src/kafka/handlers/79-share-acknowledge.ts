import { FINAL_EPOCH, INITIAL_EPOCH } from "../../coordinators/shares/share-sessions.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readShareAcknowledgeRequest } from "../wire/generated/share-acknowledge-request.ts";
import {
  DEFAULT_LEADER_ID_AND_EPOCH,
  DEFAULT_SHARE_ACKNOWLEDGE_RESPONSE,
  type ShareAcknowledgeResponse,
  writeShareAcknowledgeResponse,
} from "../wire/generated/share-acknowledge-response.ts";
import { GROUP_REFUSAL } from "./acl-answers.ts";
import { acknowledgeAll, byTopic, isMemberId } from "./share-acknowledgements.ts";

/** ShareAcknowledge, 1 to 2 (KIP-932; renewing locks by KIP-1222). Answered once the disk has it. */
export const shareAcknowledge: ApiHandler<KafkaServices> = {
  apiKey: 79,
  minVersion: 1,
  maxVersion: 2,
  pipelined: false,
  handle(call, services) {
    const request = readShareAcknowledgeRequest(call.reader, call.version);
    const { shares } = services.coordinators;
    const { groupId, memberId, shareSessionEpoch: epoch, isRenewAck } = request;
    const reply = (response: ShareAcknowledgeResponse) =>
      call.reply((writer) => writeShareAcknowledgeResponse(writer, response, call.version));
    const refuse = (errorCode: number, errorMessage: string | null = null) =>
      reply({ ...DEFAULT_SHARE_ACKNOWLEDGE_RESPONSE, errorCode, errorMessage });
    if (groupId === null || !isMemberId(memberId)) {
      refuse(ERROR.INVALID_REQUEST, "Invalid group id or member id in the request.");
      return;
    }
    const access = accessOf(call, services);
    if (!access.group(CAN.read, groupId)) {
      refuse(GROUP_REFUSAL.error, GROUP_REFUSAL.message);
      return;
    }
    if (epoch === INITIAL_EPOCH) {
      refuse(ERROR.INVALID_SHARE_SESSION_EPOCH);
      return;
    }
    const ends = epoch === FINAL_EPOCH;
    const sessionError = ends
      ? shares.sessions.get(groupId, memberId) === null
        ? ERROR.SHARE_SESSION_NOT_FOUND
        : ERROR.NONE
      : shares.sessions.continue(groupId, memberId, epoch);
    if (sessionError !== ERROR.NONE) {
      refuse(sessionError);
      return;
    }
    const wanted = request.topics.flatMap(({ topicId, partitions }) =>
      partitions.map(({ partitionIndex, acknowledgementBatches: batches }) => ({
        topicId,
        partitionIndex,
        batches,
      })),
    );
    const by = { groupId, memberId, version: call.version, isRenewAck };
    acknowledgeAll(services, access, by, wanted, (results) => {
      if (ends) {
        const session = shares.sessions.get(groupId, memberId);
        if (session !== null) call.onDisconnected(session.name, null);
        shares.endSession(groupId, memberId);
      }
      reply({
        throttleTimeMs: 0,
        errorCode: ERROR.NONE,
        errorMessage: null,
        acquisitionLockTimeoutMs: shares.settings.recordLockMs(groupId),
        responses: byTopic(results).map(({ topicId, entries }) => ({
          topicId,
          partitions: entries.map(({ partitionIndex, error: errorCode }) => ({
            partitionIndex,
            errorCode,
            errorMessage: null,
            currentLeader: DEFAULT_LEADER_ID_AND_EPOCH,
          })),
        })),
        nodeEndpoints: [],
      });
    });
  },
};

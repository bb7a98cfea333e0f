import type { Uuid } from "../../base/ids.ts";
import { FINAL_EPOCH, INITIAL_EPOCH, type ShareSession } from "../../coordinators/shares/share-sessions.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler, Call } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readShareFetchRequest, type ShareFetchRequest } from "../wire/generated/share-fetch-request.ts";
import {
  DEFAULT_SHARE_FETCH_RESPONSE,
  writeShareFetchResponse,
} from "../wire/generated/share-fetch-response.ts";
import { GROUP_REFUSAL } from "./acl-answers.ts";
import { acknowledgeAll, FIRST_WITH_RENEWAL, isMemberId } from "./share-acknowledgements.ts";
import { replyShareFetch, SharePoll } from "./share-poll.ts";

/**
 * ShareFetch, 1 to 2 (KIP-932; modes of acquiring by KIP-1206, renewing by KIP-1222). Acknowledgements that come
 * with it are durable before records are acquired, so an answer waits for the disk and then for records.
 *
 * Deviations: markers and records of aborted transactions are no part of what is acquired, so nobody has to
 * acknowledge them; where a group begins is written down with its first read (Kafka: with its first
 * acknowledgement), so that a crash in between does not make "latest" skip what was delivered.
 */
export const shareFetch: ApiHandler<KafkaServices> = {
  apiKey: 78,
  minVersion: 1,
  maxVersion: 2,
  pipelined: false,
  handle(call, services) {
    const request = readShareFetchRequest(call.reader, call.version);
    services.counters.fetchRequests += 1;
    const { groupId, memberId } = request;
    if (groupId === null || !isMemberId(memberId)) {
      refuse(call, ERROR.INVALID_REQUEST, "Invalid group id or member id in the request.");
      return;
    }
    const access = accessOf(call, services);
    if (!access.group(CAN.read, groupId)) {
      refuse(call, GROUP_REFUSAL.error, GROUP_REFUSAL.message);
      return;
    }
    const renews = call.version >= FIRST_WITH_RENEWAL && request.isRenewAck;
    if (renews && wantsRecords(request)) {
      refuse(call, ERROR.INVALID_REQUEST, "A request that renews locks can't ask for records as well.");
      return;
    }
    const session = openSession(call, services, request, groupId, memberId);
    if (session === null) return;
    const by = { groupId, memberId, version: call.version, isRenewAck: renews };
    acknowledgeAll(services, access, by, acknowledgements(request), (acknowledged) => {
      if (request.shareSessionEpoch === FINAL_EPOCH) {
        services.coordinators.shares.endSession(groupId, memberId);
        call.onDisconnected(session.name, null);
        replyShareFetch(call, services, groupId, [], acknowledged);
      } else if (renews || request.maxRecords === 0 || request.maxBytes === 0) {
        replyShareFetch(call, services, groupId, [], acknowledged);
      } else new SharePoll(call, services, access, request, session, acknowledged).start();
    });
  },
};

function wantsRecords(request: ShareFetchRequest): boolean {
  const { maxBytes, minBytes, maxRecords, maxWaitMs } = request;
  return maxBytes !== 0 || minBytes !== 0 || maxRecords !== 0 || maxWaitMs !== 0;
}

/** The member's session, begun, continued or about to end; null where the request was answered with its fault. */
function openSession(
  call: Call,
  services: KafkaServices,
  request: ShareFetchRequest,
  groupId: string,
  memberId: string,
): ShareSession | null {
  const { sessions } = services.coordinators.shares;
  const { shareSessionEpoch: epoch } = request;
  if (epoch === INITIAL_EPOCH) return beginSession(call, services, request, groupId, memberId);
  if (epoch !== FINAL_EPOCH) {
    const error = sessions.continue(groupId, memberId, epoch);
    if (error !== ERROR.NONE) {
      refuse(call, error);
      return null;
    }
  }
  const session = sessions.get(groupId, memberId);
  if (session === null) {
    refuse(call, ERROR.SHARE_SESSION_NOT_FOUND);
    return null;
  }
  const forgotten = request.forgottenTopicsData.flatMap(({ topicId, partitions }) =>
    partitions.map((partition) => ({ topicId, partition })),
  );
  sessions.update(session, partitionsOf(request), forgotten);
  return session;
}

function beginSession(
  call: Call,
  services: KafkaServices,
  request: ShareFetchRequest,
  groupId: string,
  memberId: string,
): ShareSession | null {
  if (acknowledgements(request).length > 0) {
    refuse(call, ERROR.INVALID_REQUEST);
    return null;
  }
  const { shares } = services.coordinators;
  const session = shares.sessions.begin(groupId, memberId, partitionsOf(request));
  if (session === null) {
    // As in Kafka after the wait that was asked for: the client asks again at once.
    const timer = services.broker.clock.after(Math.max(0, request.maxWaitMs), () =>
      refuse(call, ERROR.SHARE_SESSION_LIMIT_REACHED),
    );
    call.onAbandoned(() => timer.cancel());
    return null;
  }
  // A member that is cut off gives back at once what it holds, as in Kafka.
  call.onDisconnected(session.name, () => {
    if (shares.sessions.isCurrent(session)) shares.endSession(groupId, memberId);
  });
  return session;
}

function partitionsOf({ topics }: ShareFetchRequest): { topicId: Uuid; partition: number }[] {
  return topics.flatMap(({ topicId, partitions }) =>
    partitions.map(({ partitionIndex: partition }) => ({ topicId, partition })),
  );
}

function acknowledgements({ topics }: ShareFetchRequest) {
  return topics.flatMap(({ topicId, partitions }) =>
    partitions.flatMap(({ partitionIndex, acknowledgementBatches: batches }) =>
      batches.length === 0 ? [] : [{ topicId, partitionIndex, batches }],
    ),
  );
}

function refuse(call: Call, errorCode: number, errorMessage: string | null = null): void {
  const response = { ...DEFAULT_SHARE_FETCH_RESPONSE, errorCode, errorMessage };
  call.reply((writer) => writeShareFetchResponse(writer, response, call.version));
}

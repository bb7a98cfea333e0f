import { toProducerId } from "../../base/ids.ts";
import { type Access, accessOf, CAN } from "../access.ts";
import type { ApiHandler, Call } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import {
  readTxnOffsetCommitRequest,
  type TxnOffsetCommitRequest,
} from "../wire/generated/txn-offset-commit-request.ts";
import { writeTxnOffsetCommitResponse } from "../wire/generated/txn-offset-commit-response.ts";
import { KnownPartitions, type KnownTopic } from "./known-partitions.ts";

/** KIP-890: the offsets become part of the transaction by being committed. */
const FIRST_IMPLICIT = 5;
/** Producers before this take loading for an error that ends them. */
const FIRST_WITH_LOADING = 2;
/** Where committed offsets of every group are. */
const OFFSETS = [{ topic: "__consumer_offsets", partition: 0 }];

type Asked = TxnOffsetCommitRequest["topics"][number]["partitions"][number];
type Answer = (errors: readonly (readonly number[])[]) => void;

/**
 * TxnOffsetCommit, 0 to 5: offsets that count once the producer's transaction commits. The transaction coordinator
 * has to know of them first, so that its end reaches them.
 */
export const txnOffsetCommit: ApiHandler<KafkaServices> = {
  apiKey: 28,
  minVersion: 0,
  maxVersion: 5,
  pipelined: false,
  handle(call, services) {
    const { version } = call;
    const request = readTxnOffsetCommitRequest(call.reader, version);
    const access = accessOf(call, services);
    const refusal = refusalOf(request, access);
    const partitions = new KnownPartitions(
      services.broker,
      (topic) => refusal !== ERROR.NONE || access.topic(CAN.read, topic),
      request.topics,
      false,
      ({ partitionIndex }: Asked) => partitionIndex,
    );
    const answer = (): void => {
      const topics = request.topics.map(({ name, topicId, partitions: asked }, topic) => ({
        name,
        topicId,
        partitions: asked.map(({ partitionIndex }, place) => ({
          partitionIndex,
          errorCode: refusal || partitions.errorAt(topic, place),
        })),
      }));
      call.reply((writer) => writeTxnOffsetCommitResponse(writer, { throttleTimeMs: 0, topics }, version));
    };
    if (refusal !== ERROR.NONE || partitions.known.length === 0) {
      answer();
      return;
    }
    commit(call, services, request, partitions.known, (errors) => {
      partitions.settle(errors);
      answer();
    });
  },
};

function refusalOf({ transactionalId, groupId }: TxnOffsetCommitRequest, access: Access): number {
  if (!access.transactionalId(CAN.write, transactionalId)) return ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
  return access.group(CAN.read, groupId) ? ERROR.NONE : ERROR.GROUP_AUTHORIZATION_FAILED;
}

function commit(
  call: Call,
  { broker, coordinators }: KafkaServices,
  request: TxnOffsetCommitRequest,
  known: readonly KnownTopic<Asked>[],
  answer: Answer,
): void {
  const refuse = (error: number): void => {
    const told =
      error === ERROR.COORDINATOR_LOAD_IN_PROGRESS && call.version < FIRST_WITH_LOADING
        ? ERROR.COORDINATOR_NOT_AVAILABLE
        : error;
    answer(known.map(({ partitions }) => partitions.map(() => told)));
  };
  const { transactionalId, producerEpoch, groupId } = request;
  const producerId = toProducerId(request.producerId);
  if (groupId === "") refuse(ERROR.INVALID_GROUP_ID);
  else if (producerId === null || producerId < 0) refuse(ERROR.INVALID_PRODUCER_ID_MAPPING);
  else if (broker.transactions === null) refuse(ERROR.COORDINATOR_NOT_AVAILABLE);
  else {
    const implicit = call.version >= FIRST_IMPLICIT;
    const admission = { transactionalId, producerId, producerEpoch, partitions: OFFSETS, implicit };
    broker.transactions.admit(admission, ([error = ERROR.UNKNOWN_SERVER_ERROR]) => {
      if (error !== ERROR.NONE) {
        refuse(error);
        return;
      }
      const topics = known.map(({ name, id, partitions }) => ({
        name,
        id,
        partitions: partitions.map((partition) => ({
          partition: partition.partitionIndex,
          offset: partition.committedOffset,
          leaderEpoch: partition.committedLeaderEpoch,
          metadata: partition.committedMetadata,
        })),
      }));
      const caller = {
        memberId: request.memberId,
        groupInstanceId: request.groupInstanceId,
        generationOrEpoch: request.generationIdOrMemberEpoch,
      };
      const wanted = { groupId, caller, version: call.version, retentionMs: -1, topics };
      coordinators.groups.offsets.commitTransactional({ producerId, producerEpoch }, wanted, answer);
    });
  }
}

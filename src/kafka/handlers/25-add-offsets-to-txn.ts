import { toProducerId } from "../../base/ids.ts";
import { UNKNOWN_PRODUCER_ID } from "../../coordinators/transactions/transaction.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readAddOffsetsToTxnRequest } from "../wire/generated/add-offsets-to-txn-request.ts";
import { writeAddOffsetsToTxnResponse } from "../wire/generated/add-offsets-to-txn-response.ts";
import { ERROR } from "../wire/generated/errors.ts";

/** Where committed offsets of every group are: the partition that takes part in the transaction. */
const OFFSETS = [{ topic: "__consumer_offsets", partition: 0 }];
/** From this version on clients know PRODUCER_FENCED (KIP-588). */
const FIRST_WITH_FENCED = 2;

/** AddOffsetsToTxn, 0 to 4: the committed offsets of a group become part of the producer's transaction. */
export const addOffsetsToTxn: ApiHandler<KafkaServices> = {
  apiKey: 25,
  minVersion: 0,
  maxVersion: 4,
  pipelined: false,
  handle(call, services) {
    const { coordinators } = services;
    const request = readAddOffsetsToTxnRequest(call.reader, call.version);
    const answer = (errorCode: number): void =>
      call.reply((writer) =>
        writeAddOffsetsToTxnResponse(writer, { throttleTimeMs: 0, errorCode }, call.version),
      );
    const access = accessOf(call, services);
    if (!access.transactionalId(CAN.write, request.transactionalId)) {
      answer(ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
      return;
    }
    if (!access.group(CAN.read, request.groupId)) {
      answer(ERROR.GROUP_AUTHORIZATION_FAILED);
      return;
    }
    const addition = {
      producerId: toProducerId(request.producerId) ?? UNKNOWN_PRODUCER_ID,
      producerEpoch: request.producerEpoch,
      partitions: OFFSETS,
      clientTransactionVersion: 0,
    };
    coordinators.transactions.addPartitions(request.transactionalId, addition, (error) => {
      const fenced = error === ERROR.PRODUCER_FENCED && call.version < FIRST_WITH_FENCED;
      answer(fenced ? ERROR.INVALID_PRODUCER_EPOCH : error);
    });
  },
};

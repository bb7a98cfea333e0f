import { toProducerId } from "../../base/ids.ts";
import { EPOCH_BUMP_VERSION, UNKNOWN_PRODUCER_ID } from "../../coordinators/transactions/transaction.ts";
import type { EndRequest } from "../../coordinators/transactions/transitions.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readEndTxnRequest } from "../wire/generated/end-txn-request.ts";
import { writeEndTxnResponse } from "../wire/generated/end-txn-response.ts";
import { ERROR } from "../wire/generated/errors.ts";

/** From this version on clients know PRODUCER_FENCED (KIP-588). */
const FIRST_WITH_FENCED = 2;
/** From this version on the producer goes on with the epoch that is answered (KIP-890). */
const FIRST_WITH_BUMP = 5;

/** EndTxn, 0 to 5. Answered once the end is decided on the disk; the markers follow by themselves. */
export const endTxn: ApiHandler<KafkaServices> = {
  apiKey: 26,
  minVersion: 0,
  maxVersion: 5,
  pipelined: false,
  handle(call, services) {
    const { coordinators } = services;
    const request = readEndTxnRequest(call.reader, call.version);
    if (!accessOf(call, services).transactionalId(CAN.write, request.transactionalId)) {
      const errorCode = ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
      const response = { throttleTimeMs: 0, errorCode, producerId: -1, producerEpoch: -1 };
      call.reply((writer) => writeEndTxnResponse(writer, response, call.version));
      return;
    }
    const end: EndRequest = {
      producerId: toProducerId(request.producerId) ?? UNKNOWN_PRODUCER_ID,
      producerEpoch: request.producerEpoch,
      outcome: request.committed ? "commit" : "abort",
      clientTransactionVersion: call.version >= FIRST_WITH_BUMP ? EPOCH_BUMP_VERSION : 0,
    };
    coordinators.transactions.endTransaction(request.transactionalId, end, (error, after) => {
      const fenced = error === ERROR.PRODUCER_FENCED && call.version < FIRST_WITH_FENCED;
      const bumped = call.version >= FIRST_WITH_BUMP;
      const response = {
        throttleTimeMs: 0,
        errorCode: fenced ? ERROR.INVALID_PRODUCER_EPOCH : error,
        producerId: bumped ? after.producerId : -1,
        producerEpoch: bumped ? after.producerEpoch : -1,
      };
      call.reply((writer) => writeEndTxnResponse(writer, response, call.version));
    });
  },
};

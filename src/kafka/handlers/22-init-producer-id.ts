import { type Int64, toProducerId } from "../../base/ids.ts";
import { NOBODY, UNKNOWN_PRODUCER_ID } from "../../coordinators/transactions/transaction.ts";
import { type Access, accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readInitProducerIdRequest } from "../wire/generated/init-producer-id-request.ts";
import { writeInitProducerIdResponse } from "../wire/generated/init-producer-id-response.ts";

/** From this version on clients know PRODUCER_FENCED (KIP-588). */
const FIRST_WITH_FENCED = 4;

/**
 * InitProducerId, 0 to 5 (KIP-98, KIP-360). An idempotent producer gets an id that nobody had, at epoch 0,
 * written down before it is handed out; a transactional id gets its next epoch. Version 6, for transactions that
 * a coordinator outside decides (KIP-939), is not served, as by Kafka 4.3.
 */
export const initProducerId: ApiHandler<KafkaServices> = {
  apiKey: 22,
  minVersion: 0,
  maxVersion: 5,
  pipelined: false,
  handle(call, services) {
    const { broker, coordinators } = services;
    const request = readInitProducerIdRequest(call.reader, call.version);
    const { transactionalId, transactionTimeoutMs: timeoutMs } = request;
    const answer = (error: number, { producerId, producerEpoch } = NOBODY): void => {
      const fenced = error === ERROR.PRODUCER_FENCED && call.version < FIRST_WITH_FENCED;
      const response = {
        throttleTimeMs: 0,
        errorCode: fenced ? ERROR.INVALID_PRODUCER_EPOCH : error,
        producerId,
        producerEpoch,
        ongoingTxnProducerId: -1,
        ongoingTxnProducerEpoch: -1,
      };
      call.reply((writer) => writeInitProducerIdResponse(writer, response, call.version));
    };
    const expected = expectedProducer(request.producerId, request.producerEpoch);
    const refusal = refusalOf(transactionalId, accessOf(call, services));
    if (refusal !== ERROR.NONE) answer(refusal);
    else if (expected === "half a producer") answer(ERROR.INVALID_REQUEST);
    else if (transactionalId !== null) {
      coordinators.transactions.initProducerId({ transactionalId, timeoutMs, expected }, answer);
    } else {
      broker.newProducerId((error, producerId) =>
        answer(error, error === ERROR.NONE ? { producerId, producerEpoch: 0 } : NOBODY),
      );
    }
  },
};

/** Who may write to any topic may have an id to do it once with (KIP-679). */
function refusalOf(transactionalId: string | null, access: Access): number {
  if (transactionalId !== null) {
    const mayWrite = access.transactionalId(CAN.write, transactionalId);
    return mayWrite ? ERROR.NONE : ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
  }
  const mayWrite = access.seesCluster(CAN.idempotentWrite) || access.someTopic(CAN.write);
  return mayWrite ? ERROR.NONE : ERROR.CLUSTER_AUTHORIZATION_FAILED;
}

function expectedProducer(producerId: Int64, producerEpoch: number) {
  if (producerId === -1 && producerEpoch === -1) return null;
  if (producerId === -1 || producerEpoch === -1) return "half a producer";
  return { producerId: toProducerId(producerId) ?? UNKNOWN_PRODUCER_ID, producerEpoch };
}

import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readInitProducerIdRequest } from "../wire/generated/init-producer-id-request.ts";
import { writeInitProducerIdResponse } from "../wire/generated/init-producer-id-response.ts";

/**
 * InitProducerId, 0 to 5, for idempotent producers (KIP-98, KIP-360): each call gets an id that nobody had, at
 * epoch 0, written down before it is handed out. A transactional id is refused until transactions are served.
 */
export const initProducerId: ApiHandler<KafkaServices> = {
  apiKey: 22,
  minVersion: 0,
  maxVersion: 5,
  pipelined: false,
  handle(call, { broker }) {
    const request = readInitProducerIdRequest(call.reader, call.version);
    const answer = (errorCode: number, producerId: number): void => {
      const response = {
        throttleTimeMs: 0,
        errorCode,
        producerId,
        producerEpoch: errorCode === ERROR.NONE ? 0 : -1,
        ongoingTxnProducerId: -1,
        ongoingTxnProducerEpoch: -1,
      };
      call.reply((writer) => writeInitProducerIdResponse(writer, response, call.version));
    };
    if (request.transactionalId === "") answer(ERROR.INVALID_REQUEST, -1);
    else if (request.transactionalId !== null) answer(ERROR.COORDINATOR_NOT_AVAILABLE, -1);
    else broker.newProducerId(answer);
  },
};

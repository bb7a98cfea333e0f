import { compileIdPattern } from "../../coordinators/transactions/id-pattern.ts";
import { STATE_NAMES, TRANSIENT_STATE_NAMES } from "../../coordinators/transactions/transaction.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readListTransactionsRequest } from "../wire/generated/list-transactions-request.ts";
import {
  type ListTransactionsResponse,
  writeListTransactionsResponse,
} from "../wire/generated/list-transactions-response.ts";

const KNOWN_STATES: ReadonlySet<string> = new Set([...STATE_NAMES, ...TRANSIENT_STATE_NAMES]);

/**
 * ListTransactions, 0 to 2 (KIP-664, KIP-994, KIP-1152). Patterns are RE2's, where Kafka takes Java's: what looks
 * behind or ahead, and what would take long over all ids, is refused.
 */
export const listTransactions: ApiHandler<KafkaServices> = {
  apiKey: 66,
  minVersion: 0,
  maxVersion: 2,
  pipelined: false,
  handle(call, services) {
    const { coordinators } = services;
    const request = readListTransactionsRequest(call.reader, call.version);
    const answer = (response: Partial<ListTransactionsResponse>): void => {
      const whole = {
        throttleTimeMs: 0,
        errorCode: ERROR.NONE,
        unknownStateFilters: [],
        transactionStates: [],
        ...response,
      };
      call.reply((writer) => writeListTransactionsResponse(writer, whole, call.version));
    };
    // Empty is all, as in Kafka.
    const text = request.transactionalIdPattern ?? "";
    const pattern = text === "" ? null : compileIdPattern(text);
    if (text !== "" && pattern === null) {
      answer({ errorCode: ERROR.INVALID_REGULAR_EXPRESSION });
      return;
    }
    const filter = {
      states: request.stateFilters,
      producerIds: new Set(request.producerIdFilters.map(Number)),
      durationMs: Number(request.durationFilter),
      pattern,
    };
    const access = accessOf(call, services);
    coordinators.transactions.list(filter, (errorCode, transactions) =>
      answer({
        errorCode,
        unknownStateFilters: [...new Set(request.stateFilters)].filter((state) => !KNOWN_STATES.has(state)),
        transactionStates: transactions
          .filter(({ transactionalId }) => access.transactionalId(CAN.describe, transactionalId))
          .map(({ transactionalId, producerId, state }) => ({
            transactionalId,
            producerId,
            transactionState: state,
          })),
      }),
    );
  },
};

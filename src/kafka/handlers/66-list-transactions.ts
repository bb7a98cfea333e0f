import { RE2JS, RE2JSException } from "re2js";
import { STATE_NAMES, TRANSIENT_STATE_NAMES } from "../../coordinators/transactions/transaction.ts";
import type { TextPattern } from "../../coordinators/transactions/transaction-coordinator.ts";
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
 * behind or ahead is refused, since it can take any time.
 */
export const listTransactions: ApiHandler<KafkaServices> = {
  apiKey: 66,
  minVersion: 0,
  maxVersion: 2,
  pipelined: false,
  handle(call, { coordinators }) {
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
    const pattern = compile(request.transactionalIdPattern);
    if (pattern === "no pattern") {
      answer({ errorCode: ERROR.INVALID_REGULAR_EXPRESSION });
      return;
    }
    const filter = {
      states: request.stateFilters,
      producerIds: new Set(request.producerIdFilters.map(Number)),
      durationMs: Number(request.durationFilter),
      pattern,
    };
    coordinators.transactions.list(filter, (errorCode, transactions) =>
      answer({
        errorCode,
        unknownStateFilters: [...new Set(request.stateFilters)].filter((state) => !KNOWN_STATES.has(state)),
        transactionStates: transactions.map(({ transactionalId, producerId, state }) => ({
          transactionalId,
          producerId,
          transactionState: state,
        })),
      }),
    );
  },
};

function compile(text: string | null): TextPattern | null | "no pattern" {
  if (text === null || text === "") return null;
  try {
    return RE2JS.compile(text);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return "no pattern";
  }
}

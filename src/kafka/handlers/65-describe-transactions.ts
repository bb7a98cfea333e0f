import type { TransactionCoordinator } from "../../coordinators/transactions/transaction-coordinator.ts";
import type { ApiHandler } from "../call.ts";
import { Gather } from "../gather.ts";
import { unique } from "../once.ts";
import type { KafkaServices } from "../services.ts";
import { readDescribeTransactionsRequest } from "../wire/generated/describe-transactions-request.ts";
import {
  DEFAULT_TRANSACTION_STATE,
  type TransactionState,
  writeDescribeTransactionsResponse,
} from "../wire/generated/describe-transactions-response.ts";
import { ERROR } from "../wire/generated/errors.ts";

/** DescribeTransactions, 0 (KIP-664). */
export const describeTransactions: ApiHandler<KafkaServices> = {
  apiKey: 65,
  minVersion: 0,
  maxVersion: 0,
  pipelined: false,
  handle(call, { coordinators }) {
    const request = readDescribeTransactionsRequest(call.reader, call.version);
    const gather = new Gather();
    const states: TransactionState[] = [];
    unique(request.transactionalIds).forEach((transactionalId, index) => {
      const finish = gather.begin(() => {});
      describe(coordinators.transactions, transactionalId, (state) => {
        states[index] = state;
        finish(ERROR.NONE);
      });
    });
    gather.whenAll(() =>
      call.reply((writer) =>
        writeDescribeTransactionsResponse(
          writer,
          { throttleTimeMs: 0, transactionStates: states },
          call.version,
        ),
      ),
    );
  },
};

function describe(
  transactions: TransactionCoordinator,
  transactionalId: string,
  done: (state: TransactionState) => void,
): void {
  const failed = (errorCode: number) => done({ ...DEFAULT_TRANSACTION_STATE, transactionalId, errorCode });
  if (transactionalId === "") {
    failed(ERROR.INVALID_REQUEST);
    return;
  }
  transactions.describe(transactionalId, (error, transaction) => {
    if (error !== ERROR.NONE) failed(error);
    else if (transaction === null) failed(ERROR.TRANSACTIONAL_ID_NOT_FOUND);
    else {
      done({
        errorCode: ERROR.NONE,
        transactionalId,
        transactionState: transaction.state,
        transactionTimeoutMs: transaction.timeoutMs,
        transactionStartTimeMs: transaction.startTimestampMs,
        producerId: transaction.producerId,
        producerEpoch: transaction.producerEpoch,
        topics: [...transaction.partitions].map(([topic, partitions]) => ({
          topic,
          partitions: [...partitions],
        })),
      });
    }
  });
}

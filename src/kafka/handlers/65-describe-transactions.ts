import type { TransactionCoordinator } from "../../coordinators/transactions/transaction-coordinator.ts";
import { type Access, accessOf, CAN } from "../access.ts";
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
  handle(call, services) {
    const { coordinators } = services;
    const request = readDescribeTransactionsRequest(call.reader, call.version);
    const gather = new Gather();
    const access = accessOf(call, services);
    const states: TransactionState[] = [];
    unique(request.transactionalIds).forEach((transactionalId, index) => {
      const finish = gather.begin(() => {});
      describe(coordinators.transactions, access, transactionalId, (state) => {
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
  access: Access,
  transactionalId: string,
  done: (state: TransactionState) => void,
): void {
  const failed = (errorCode: number) => done({ ...DEFAULT_TRANSACTION_STATE, transactionalId, errorCode });
  if (!access.transactionalId(CAN.describe, transactionalId)) {
    failed(ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    return;
  }
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
        topics: [...transaction.partitions]
          .filter(([topic]) => access.topic(CAN.describe, topic))
          .map(([topic, partitions]) => ({ topic, partitions: [...partitions] })),
      });
    }
  });
}

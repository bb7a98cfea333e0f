import { expect, test } from "bun:test";
import { silentLogger } from "../../../src/base/logger.ts";
import { Deadlines } from "../../../src/coordinators/runtime/deadlines.ts";
import { Completion } from "../../../src/coordinators/transactions/completion.ts";
import { NO_PARTITIONS, withPartitions } from "../../../src/coordinators/transactions/transaction.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";

const TRANSACTION = {
  transactionalId: "x",
  producerId: 1,
  producerEpoch: 1,
  previousProducerId: 1,
  nextProducerId: -1,
  lastProducerEpoch: -1,
  timeoutMs: 1000,
  state: "PrepareCommit" as const,
  partitions: withPartitions(NO_PARTITIONS, [{ topic: "t", partition: 0 }]),
  startTimestampMs: 0,
  lastUpdateTimestampMs: 0,
  clientTransactionVersion: 2,
};

/** How often a partition that answers so is asked within a minute, and whether the transaction is complete then. */
function askedFor(error: number): { readonly asked: number; readonly done: boolean } {
  const clock = new ManualClock();
  let asked = 0;
  let done = false;
  const completion = new Completion({
    writeMarker: (_partition, _marker, answer) => {
      asked += 1;
      answer(error);
    },
    deadlines: new Deadlines(clock),
    logger: silentLogger,
    coordinatorEpoch: 0,
  });
  completion.start(TRANSACTION, () => {
    done = true;
  });
  clock.advance(60_000);
  return { asked, done };
}

test.each([
  ERROR.NONE,
  ERROR.UNKNOWN_TOPIC_OR_PARTITION,
  ERROR.INVALID_PRODUCER_EPOCH,
  ERROR.TRANSACTION_COORDINATOR_FENCED,
])("a partition that answers %d is asked once", (error) => {
  expect(askedFor(error)).toEqual({ asked: 1, done: true });
});

test("a partition that can't take its marker yet is asked until it can", () => {
  const { asked, done } = askedFor(ERROR.KAFKA_STORAGE_ERROR);
  expect(asked).toBeGreaterThan(10);
  expect(done).toBe(false);
});

import type { Logger } from "../../base/logger.ts";
import type { Broker } from "../../broker/broker.ts";
import { writeMarker } from "../../broker/transactions.ts";
import { type InternalTopic, InternalTopicLog } from "../runtime/internal-log.ts";
import {
  type OpenTransaction,
  TransactionCoordinator,
  type TransactionSettings,
} from "./transaction-coordinator.ts";

/** Transactional ids, under Kafka's own name. */
const TRANSACTIONS_TOPIC: InternalTopic = {
  name: "__transaction_state",
  configs: new Map([
    ["cleanup.policy", "compact"],
    ["compression.type", "uncompressed"],
    ["segment.bytes", "4194304"],
    ["durability", "disk"],
  ]),
};

/** Of the one broker there is, which leads the transaction log since its first record. */
const COORDINATOR_EPOCH = 0;

/**
 * Replays `__transaction_state`, goes on where its transactions stood, and becomes the broker's gate for
 * transactional records. Whoever owns an internal topic that takes markers is known to the broker before this.
 */
export function openTransactions(
  broker: Broker,
  settings: TransactionSettings,
  logger: Logger,
): TransactionCoordinator {
  const transactions = new TransactionCoordinator({
    openLog: (state) => new InternalTopicLog(broker, TRANSACTIONS_TOPIC, state),
    newProducerId: (done) => broker.newProducerId(done),
    writeMarker: ({ topic, partition }, marker, done) => writeMarker(broker, topic, partition, marker, done),
    clock: broker.clock,
    logger,
    settings,
    coordinatorEpoch: COORDINATOR_EPOCH,
    transactionVersion: () => broker.featureLevel("transaction.version"),
  });
  transactions.load();
  transactions.endOrphans(openIn(broker));
  broker.transactions = transactions;
  return transactions;
}

/** What all partitions hold open. */
function* openIn(broker: Broker): IterableIterator<OpenTransaction> {
  for (const { name, partitions } of broker.topics.all()) {
    for (const { log, index } of partitions) {
      for (const { producerId, producerEpoch, transactionOffset } of log.producers.active()) {
        if (transactionOffset >= 0) yield { topic: name, partition: index, producerId, producerEpoch };
      }
    }
  }
}

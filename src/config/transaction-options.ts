import { duration } from "./option.ts";

const INT_MAX = 0x7fffffff;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Settings of transactions: Kafka's names, defaults and bounds. */
export const TRANSACTION_OPTIONS = {
  "transaction.max.timeout.ms": duration({
    default: 15 * MINUTE_MS,
    min: 1,
    max: INT_MAX,
    doc: "Longest timeout that a transactional producer may ask for; a transaction that takes longer than its own is aborted.",
  }),
  "transactional.id.expiration.ms": duration({
    default: 7 * DAY_MS,
    min: 1,
    max: INT_MAX,
    doc: "Time without a transaction after which a transactional id is forgotten.",
  }),
  "transaction.remove.expired.transaction.cleanup.interval.ms": duration({
    default: HOUR_MS,
    min: 1,
    max: INT_MAX,
    doc: "How often transactional ids that are to be forgotten are looked for.",
  }),
  "add.partitions.to.txn.retry.backoff.max.ms": duration({
    default: 100,
    min: 0,
    max: INT_MAX,
    doc: "How long the first records of a transaction wait for the one before it to be complete.",
  }),
} as const;

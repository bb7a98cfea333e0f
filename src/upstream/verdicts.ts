import { ERROR } from "../kafka/wire/generated/errors.ts";

/**
 * What a Kafka error code means to the forwarder, whatever request it answered.
 *
 * - "retry": the request had no effect, or can be repeated with the same sequence; the cluster moves or is busy.
 * - "fence": the producer id has a newer epoch. Another copy of the gateway, or a transaction that timed out.
 * - "refused": the centre will never take these records.
 * - "topic": this topic can't be written; others may.
 * - "fatal": nothing will work until somebody changes the centre or the settings.
 * - "reset": the producer's state and the centre's differ: begin again from the committed position.
 */
export type Verdict = "ok" | "retry" | "fence" | "refused" | "topic" | "fatal" | "reset";

const VERDICTS: ReadonlyMap<number, Verdict> = new Map<number, Verdict>([
  [0, "ok"],
  [ERROR.DUPLICATE_SEQUENCE_NUMBER, "ok"],
  [ERROR.CORRUPT_MESSAGE, "retry"],
  [ERROR.UNKNOWN_TOPIC_OR_PARTITION, "retry"],
  [ERROR.LEADER_NOT_AVAILABLE, "retry"],
  [ERROR.NOT_LEADER_OR_FOLLOWER, "retry"],
  [ERROR.REQUEST_TIMED_OUT, "retry"],
  [ERROR.REPLICA_NOT_AVAILABLE, "retry"],
  [ERROR.NETWORK_EXCEPTION, "retry"],
  [ERROR.COORDINATOR_LOAD_IN_PROGRESS, "retry"],
  [ERROR.COORDINATOR_NOT_AVAILABLE, "retry"],
  [ERROR.NOT_COORDINATOR, "retry"],
  [ERROR.NOT_ENOUGH_REPLICAS, "retry"],
  [ERROR.NOT_ENOUGH_REPLICAS_AFTER_APPEND, "retry"],
  [ERROR.CONCURRENT_TRANSACTIONS, "retry"],
  [ERROR.KAFKA_STORAGE_ERROR, "retry"],
  [ERROR.FENCED_LEADER_EPOCH, "retry"],
  [ERROR.UNKNOWN_LEADER_EPOCH, "retry"],
  [ERROR.UNSTABLE_OFFSET_COMMIT, "retry"],
  [ERROR.THROTTLING_QUOTA_EXCEEDED, "retry"],
  [ERROR.UNKNOWN_TOPIC_ID, "retry"],
  [ERROR.INCONSISTENT_TOPIC_ID, "retry"],
  [ERROR.INVALID_PRODUCER_EPOCH, "fence"],
  [ERROR.PRODUCER_FENCED, "fence"],
  [ERROR.MESSAGE_TOO_LARGE, "refused"],
  [ERROR.RECORD_LIST_TOO_LARGE, "refused"],
  [ERROR.INVALID_TIMESTAMP, "refused"],
  [ERROR.INVALID_RECORD, "refused"],
  [ERROR.TOPIC_AUTHORIZATION_FAILED, "topic"],
  [ERROR.INVALID_TOPIC_EXCEPTION, "topic"],
  [ERROR.POLICY_VIOLATION, "topic"],
  [ERROR.GROUP_AUTHORIZATION_FAILED, "fatal"],
  [ERROR.CLUSTER_AUTHORIZATION_FAILED, "fatal"],
  [ERROR.UNSUPPORTED_VERSION, "fatal"],
  [ERROR.UNSUPPORTED_FOR_MESSAGE_FORMAT, "fatal"],
  [ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "fatal"],
  [ERROR.SASL_AUTHENTICATION_FAILED, "fatal"],
  [ERROR.UNSUPPORTED_COMPRESSION_TYPE, "fatal"],
]);

/** Whether the centre may not have the topic, or no longer, and not just be busy. */
export function deniesTopic(error: number): boolean {
  return (
    error === ERROR.UNKNOWN_TOPIC_OR_PARTITION ||
    error === ERROR.UNKNOWN_TOPIC_ID ||
    error === ERROR.INCONSISTENT_TOPIC_ID
  );
}

export function verdictOf(error: number): Verdict {
  return VERDICTS.get(error) ?? "reset";
}

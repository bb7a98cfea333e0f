import type { PendingBatch } from "../broker/ingest.ts";
import { Reason } from "./packets/codes.ts";

/** Kafka's error code of records that a topic's batches have no room for. */
export const MESSAGE_TOO_LARGE = 10;
// Others that a refused batch may have and MQTT can tell apart.
const INVALID_TOPIC = 17;
const RECORD_LIST_TOO_LARGE = 18;
const TOPIC_AUTHORIZATION_FAILED = 29;
const CLUSTER_AUTHORIZATION_FAILED = 31;
const POLICY_VIOLATION = 44;
const KAFKA_STORAGE_ERROR = 56;
const THROTTLING_QUOTA_EXCEEDED = 89;

/** Stand-ins for a batch in the order of acknowledgements, where nothing was appended: topics that are refused. */
export const REFUSED_NOT_AUTHORIZED: PendingBatch = {
  state: "refused",
  error: TOPIC_AUTHORIZATION_FAILED,
  sizeBytes: 0,
};
export const REFUSED_TOPIC_NAME: PendingBatch = { state: "refused", error: INVALID_TOPIC, sizeBytes: 0 };

/** The MQTT 5 reason for a batch that the log refused. */
export function refusalReason(error: number): number {
  switch (error) {
    case TOPIC_AUTHORIZATION_FAILED:
    case CLUSTER_AUTHORIZATION_FAILED:
      return Reason.NOT_AUTHORIZED;
    case INVALID_TOPIC:
      return Reason.TOPIC_NAME_INVALID;
    case MESSAGE_TOO_LARGE:
    case RECORD_LIST_TOO_LARGE:
    case POLICY_VIOLATION:
    case THROTTLING_QUOTA_EXCEEDED:
      return Reason.QUOTA_EXCEEDED;
    case KAFKA_STORAGE_ERROR:
      return Reason.IMPLEMENTATION_SPECIFIC_ERROR;
    default:
      return Reason.UNSPECIFIED_ERROR;
  }
}

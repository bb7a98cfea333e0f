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
const INVALID_RECORD = 87;
const THROTTLING_QUOTA_EXCEEDED = 89;

/** Stands for a batch in the order of acknowledgements, where nothing was appended: a topic that is refused. */
export class RefusedTopic implements PendingBatch {
  readonly state = "refused";
  readonly sizeBytes = 0;
  readonly error: number;
  /** For the log of the gateway: which topic, why, and what can be done. */
  readonly why: string;

  constructor(error: number, why: string) {
    this.error = error;
    this.why = why;
  }
}

/** The same for one that the client may not publish to. */
export class ForbiddenTopic extends RefusedTopic {
  readonly topic: string;

  constructor(topic: string) {
    const why = `no rule lets the client publish to ${shown(topic)}: see security.acl.file`;
    super(TOPIC_AUTHORIZATION_FAILED, why);
    this.topic = topic;
  }
}

export function notRouted(topic: string): RefusedTopic {
  const why = `no route takes the topic ${shown(topic)}: add a [[mqtt.route]] with a filter for it, for example "#"`;
  return new RefusedTopic(TOPIC_AUTHORIZATION_FAILED, why);
}

export function reservedTopic(topic: string): RefusedTopic {
  return new RefusedTopic(TOPIC_AUTHORIZATION_FAILED, `${shown(topic)} is the broker's own to publish`);
}

export function impossibleTopic(topic: string, fault: string): RefusedTopic {
  return new RefusedTopic(INVALID_TOPIC, `${shown(topic)}: ${fault}`);
}

function shown(topic: string): string {
  return topic.length <= MAX_SHOWN_TOPIC ? topic : `${topic.slice(0, MAX_SHOWN_TOPIC)}...`;
}

const MAX_SHOWN_TOPIC = 128;

/** Whether a batch that was refused with this error may be taken later, as it is. */
export function mayPass(error: number): boolean {
  switch (error) {
    case MESSAGE_TOO_LARGE:
    case INVALID_TOPIC:
    case RECORD_LIST_TOO_LARGE:
    case TOPIC_AUTHORIZATION_FAILED:
    case CLUSTER_AUTHORIZATION_FAILED:
    case POLICY_VIOLATION:
    case INVALID_RECORD:
      return false;
    default:
      return true;
  }
}

/** What a line of the log says of a refused batch, beside its error: why, and what can be done. */
export function refusalFields({ error, why }: PendingBatch): { readonly reason?: string } {
  if (why === undefined) return {};
  return { reason: error === MESSAGE_TOO_LARGE ? `${why}: ${TOO_LARGE_REMEDY}` : why };
}

const TOO_LARGE_REMEDY = "raise that setting of the topic, or lower mqtt.max.packet.bytes";

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

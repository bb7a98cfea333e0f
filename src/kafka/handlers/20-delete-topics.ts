import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import type { Broker, Refusal } from "../../broker/broker.ts";
import type { MutationQuota } from "../../broker/quotas.ts";
import { deleteFault } from "../../broker/topic-deletions.ts";
import { type Access, accessOf, CAN, OPEN_ACCESS } from "../access.ts";
import { noteChanges } from "../audit.ts";
import type { ApiHandler } from "../call.ts";
import { Gather } from "../gather.ts";
import type { KafkaServices } from "../services.ts";
import { readDeleteTopicsRequest } from "../wire/generated/delete-topics-request.ts";
import {
  type DeleteTopicsResponse,
  writeDeleteTopicsResponse,
} from "../wire/generated/delete-topics-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import type { Mutable } from "../wire/message.ts";
import { TOPIC_REFUSAL } from "./acl-answers.ts";
import { countOf } from "./placement.ts";

type Result = DeleteTopicsResponse["responses"][number];

const FIRST_WITH_IDS = 6;
/** From here on a client that is over its quota for partitions is refused; before, it is only held back (KIP-599). */
const FIRST_STRICT_VERSION = 5;

interface Wanted {
  readonly name: string | null;
  readonly topicId: Uuid;
}

/**
 * DeleteTopics, 1 to 6, by name or by id (KIP-516). Answered once the topics can't come back.
 *
 * Deviations: the broker's own topics stay, and the one that tells of losses; Kafka lets its own be deleted. What an
 * uplink has not carried yet is told of there before the answer, however long that takes.
 */
export const deleteTopics: ApiHandler<KafkaServices> = {
  apiKey: 20,
  minVersion: 1,
  maxVersion: 6,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const request = readDeleteTopicsRequest(call.reader, call.version);
    const wanted: readonly Wanted[] =
      call.version >= FIRST_WITH_IDS
        ? request.topics
        : request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
    const access = accessOf(call, services);
    const rights = access.seesCluster(CAN.delete) ? OPEN_ACCESS : access;
    const keys = wanted.map(({ name, topicId }) => keyOf(name, topicId, broker, rights));
    const counts = countOf(keys);
    const gather = new Gather();
    const quota = broker.quotas.mutations(call.session);
    const strict = call.version >= FIRST_STRICT_VERSION;
    const results = new Map<string, Result>();
    wanted.forEach((topic, index) => {
      const key = keys[index] ?? "";
      if (results.has(key)) return;
      const result =
        counts.get(key) === 1 ? remove(topic, broker, { gather, quota, strict, rights }) : duplicate(topic);
      results.set(key, result);
    });
    call.throttle(quota.throttleMs);
    const responses = [...results.values()];
    gather.whenAll(() => {
      const changes = responses.map(({ name, topicId, errorCode: error }) => ({
        resource: `topic ${name ?? topicId}`,
        error,
      }));
      noteChanges(call, services.audit, "topic.delete", changes);
      call.reply((writer) =>
        writeDeleteTopicsResponse(writer, { throttleTimeMs: 0, responses }, call.version),
      );
    });
  },
};

/** The same for a topic's name and its id, which who may not delete the topic is not told. */
function keyOf(name: string | null, topicId: Uuid, broker: Broker, rights: Access): string {
  if (name !== null && topicId !== ZERO_UUID) return `both:${topicId}:${name}`;
  const known = name === null ? broker.topics.byId(topicId)?.name : name;
  const isTold = known !== undefined && (name !== null || rights.seesTopic(CAN.delete, known));
  return !isTold ? `id:${topicId}` : `name:${known}`;
}

function duplicate({ name, topicId }: Wanted): Result {
  const message = name === null ? "Duplicate topic id." : "Duplicate topic name.";
  return refused(name, topicId, { error: ERROR.INVALID_REQUEST, message });
}

interface Removal {
  readonly gather: Gather;
  readonly quota: MutationQuota;
  readonly strict: boolean;
  readonly rights: Access;
}

function remove({ name, topicId }: Wanted, broker: Broker, removal: Removal): Result {
  const { gather, quota, strict, rights } = removal;
  const topic = name === null ? broker.topics.byId(topicId) : broker.topics.get(name);
  const fault = askFault(name, topicId);
  if (fault !== null) return refused(name, topicId, fault);
  const asked = name ?? topic?.name ?? null;
  if (asked !== null && !rights.seesTopic(CAN.describe, asked)) {
    rights.topic(CAN.delete, asked);
    return refused(name, topicId, TOPIC_REFUSAL);
  }
  if (topic === null) {
    const byId = name === null;
    const error = byId ? ERROR.UNKNOWN_TOPIC_ID : ERROR.UNKNOWN_TOPIC_OR_PARTITION;
    const message = `This server does not host this topic${byId ? " ID" : "-partition"}.`;
    return refused(name, topicId, { error, message });
  }
  if (!rights.topic(CAN.delete, topic.name)) return refused(topic.name, topicId, TOPIC_REFUSAL);
  const kept = deleteFault(topic);
  if (kept !== null) return refused(topic.name, topic.id, kept);
  if (strict && !quota.open) {
    const message = "The throttling quota has been exceeded.";
    return refused(topic.name, topic.id, { error: ERROR.THROTTLING_QUOTA_EXCEEDED, message });
  }
  quota.take(topic.partitions.length);
  const result: Mutable<Result> = {
    name: topic.name,
    topicId: topic.id,
    errorCode: ERROR.NONE,
    errorMessage: null,
  };
  const ended = gather.begin((error) => {
    if (error !== 0) result.errorCode = error;
  });
  const refusal = broker.deleteTopic(topic.name, ended);
  if (refusal === null) return result;
  ended(0);
  return refused(topic.name, topic.id, refusal);
}

function askFault(name: string | null, topicId: Uuid): Refusal | null {
  if (name !== null && topicId !== ZERO_UUID)
    return { error: ERROR.INVALID_REQUEST, message: "You may not specify both topic name and topic id." };
  if (name === null && topicId === ZERO_UUID)
    return { error: ERROR.INVALID_REQUEST, message: "Neither topic name nor id were specified." };
  return null;
}

function refused(name: string | null, topicId: Uuid, refusal: Refusal): Result {
  return { name, topicId, errorCode: refusal.error, errorMessage: refusal.message };
}

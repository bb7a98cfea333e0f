import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import type { Broker, Refusal } from "../../broker/broker.ts";
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

type Result = DeleteTopicsResponse["responses"][number];

/** DeleteTopics, 1 to 6, by name or by id (KIP-516). Answered once the topics can't come back. */
export const deleteTopics: ApiHandler<KafkaServices> = {
  apiKey: 20,
  minVersion: 1,
  maxVersion: 6,
  pipelined: false,
  handle(call, { broker }) {
    const request = readDeleteTopicsRequest(call.reader, call.version);
    const wanted =
      call.version >= 6 ? request.topics : request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
    const gather = new Gather();
    const responses = wanted.map(({ name, topicId }) => remove(name, topicId, broker, gather));
    gather.whenAll(() =>
      call.reply((writer) =>
        writeDeleteTopicsResponse(writer, { throttleTimeMs: 0, responses }, call.version),
      ),
    );
  },
};

function remove(name: string | null, topicId: Uuid, broker: Broker, gather: Gather): Result {
  if (name !== null && topicId !== ZERO_UUID) {
    return refused(name, topicId, {
      error: ERROR.INVALID_REQUEST,
      message: "A topic has a name or an id, not both.",
    });
  }
  const topic = name === null ? broker.topics.byId(topicId) : broker.topics.get(name);
  if (topic === null) {
    const error = name === null ? ERROR.UNKNOWN_TOPIC_ID : ERROR.UNKNOWN_TOPIC_OR_PARTITION;
    return refused(name, topicId, { error, message: "This server does not host this topic." });
  }
  if (topic.internal) {
    const message = `Topic '${topic.name}' belongs to the broker.`;
    return refused(topic.name, topic.id, { error: ERROR.INVALID_TOPIC_EXCEPTION, message });
  }
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

function refused(name: string | null, topicId: Uuid, refusal: Refusal): Result {
  return { name, topicId, errorCode: refusal.error, errorMessage: refusal.message };
}

import type { Broker, Refusal } from "../../broker/broker.ts";
import type { MutationQuota } from "../../broker/quotas.ts";
import type { Topic } from "../../broker/topics.ts";
import { accessOf, CAN } from "../access.ts";
import { noteChanges } from "../audit.ts";
import type { ApiHandler } from "../call.ts";
import { Gather } from "../gather.ts";
import type { KafkaServices } from "../services.ts";
import {
  type CreatePartitionsRequest,
  readCreatePartitionsRequest,
} from "../wire/generated/create-partitions-request.ts";
import {
  type CreatePartitionsResponse,
  writeCreatePartitionsResponse,
} from "../wire/generated/create-partitions-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import type { Mutable } from "../wire/message.ts";
import { countOf, replicasFault } from "./placement.ts";

type Wanted = CreatePartitionsRequest["topics"][number];
type Result = CreatePartitionsResponse["results"][number];

/** From here on a client that is over its quota for partitions is refused; before, it is only held back (KIP-599). */
const FIRST_STRICT_VERSION = 3;

/**
 * CreatePartitions, 0 to 3 (KIP-195). Answered once the partitions are on the disk; clients can use them from
 * the moment they ask for metadata again.
 *
 * Deviation: the broker's own topics have one partition each, and stay so.
 */
export const createPartitions: ApiHandler<KafkaServices> = {
  apiKey: 37,
  minVersion: 0,
  maxVersion: 3,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const request = readCreatePartitionsRequest(call.reader, call.version);
    const counts = countOf(request.topics.map(({ name }) => name));
    const unique = new Map(request.topics.map((topic) => [topic.name, topic]));
    const quota = broker.quotas.mutations(call.session);
    const growth = {
      gather: new Gather(),
      quota,
      strict: call.version >= FIRST_STRICT_VERSION,
      validateOnly: request.validateOnly,
    };
    const denied = accessOf(call, services).deniedTopics(CAN.alter, unique.keys());
    const results = Array.from(unique.values(), (topic) => {
      if (counts.get(topic.name) !== 1) return refused(topic.name, DUPLICATE);
      return denied.has(topic.name) ? refused(topic.name, NOT_ALLOWED) : grow(topic, broker, growth);
    });
    call.throttle(quota.throttleMs);
    growth.gather.whenAll(() => {
      const changes = results.map(({ name, errorCode: error }) => ({
        ...{ resource: `topic ${name}`, error, detail: `${unique.get(name)?.count} partitions` },
      }));
      if (!request.validateOnly) noteChanges(call, services.audit, "topic.grow", changes);
      call.reply((writer) =>
        writeCreatePartitionsResponse(writer, { throttleTimeMs: 0, results }, call.version),
      );
    });
  },
};

const NOT_ALLOWED = { error: ERROR.TOPIC_AUTHORIZATION_FAILED, message: null };
const DUPLICATE: Refusal = { error: ERROR.INVALID_REQUEST, message: "Duplicate topic name." };

interface Growth {
  readonly gather: Gather;
  readonly quota: MutationQuota;
  readonly strict: boolean;
  readonly validateOnly: boolean;
}

function grow(wanted: Wanted, broker: Broker, { gather, quota, strict, validateOnly }: Growth): Result {
  const { name, count } = wanted;
  const topic = broker.topics.get(name);
  if (topic === null) return { name, errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: null };
  const fault = broker.addPartitionsFault(topic, count) ?? assignmentsFault(wanted, topic, broker.nodeId);
  if (fault !== null) return refused(name, fault);
  if (strict && !quota.open) {
    const message = "The throttling quota has been exceeded.";
    return refused(name, { error: ERROR.THROTTLING_QUOTA_EXCEEDED, message });
  }
  quota.take(count - topic.partitions.length);
  const result: Mutable<Result> = { name, errorCode: ERROR.NONE, errorMessage: null };
  if (validateOnly) return result;
  const ended = gather.begin((error) => {
    if (error !== 0) result.errorCode = error;
  });
  const refusal = broker.addPartitions(topic, count, ended);
  if (refusal === null) return result;
  ended(0);
  return refused(name, refusal);
}

/** Where clients want the new partitions: null leaves it to the broker. */
function assignmentsFault({ assignments, count }: Wanted, topic: Topic, nodeId: number): Refusal | null {
  if (assignments === null) return null;
  const added = count - topic.partitions.length;
  if (assignments.length !== added) {
    const message = `Attempted to add ${added} additional partition(s), but only ${assignments.length} assignment(s) were specified.`;
    return { error: ERROR.INVALID_REPLICA_ASSIGNMENT, message };
  }
  for (const { brokerIds } of assignments) {
    const fault = replicasFault(brokerIds, nodeId);
    if (fault !== null) return fault;
  }
  return null;
}

function refused(name: string, refusal: Refusal | typeof NOT_ALLOWED): Result {
  return { name, errorCode: refusal.error, errorMessage: refusal.message };
}

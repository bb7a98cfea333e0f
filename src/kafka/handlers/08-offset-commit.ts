import { accessOf, CAN } from "../access.ts";
import { noteChanges } from "../audit.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readOffsetCommitRequest } from "../wire/generated/offset-commit-request.ts";
import { writeOffsetCommitResponse } from "../wire/generated/offset-commit-response.ts";
import { KnownPartitions } from "./known-partitions.ts";

/** KIP-848: topics by their ids. */
const FIRST_WITH_IDS = 10;

/** Far beyond any life of a broker, and exact after it is added to the time of day. */
const MAX_RETENTION_MS = 2 ** 52;

/**
 * OffsetCommit, 2 to 10: by members of classic and consumer groups, and by programs that assign themselves
 * (generation -1). Answered once the offsets are durable; only for partitions that there are.
 */
export const offsetCommit: ApiHandler<KafkaServices> = {
  apiKey: 8,
  minVersion: 2,
  maxVersion: 10,
  pipelined: false,
  handle(call, services) {
    const { broker, coordinators } = services;
    const { version } = call;
    const request = readOffsetCommitRequest(call.reader, version);
    const access = accessOf(call, services);
    if (!access.group(CAN.read, request.groupId)) {
      const topics = request.topics.map(({ name, topicId, partitions: asked }) => ({
        name,
        topicId,
        partitions: asked.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: ERROR.GROUP_AUTHORIZATION_FAILED,
        })),
      }));
      call.reply((writer) => writeOffsetCommitResponse(writer, { throttleTimeMs: 0, topics }, version));
      return;
    }
    const partitions = new KnownPartitions(
      broker,
      (topic) => access.topic(CAN.read, topic),
      request.topics,
      version >= FIRST_WITH_IDS,
      ({ partitionIndex }) => partitionIndex,
    );
    const answer = (): void => {
      const all = request.topics.map(({ name, topicId, partitions: asked }, topic) => ({
        name,
        topicId,
        partitions: asked.map(({ partitionIndex }, place) => ({
          partitionIndex,
          errorCode: partitions.errorAt(topic, place),
        })),
      }));
      // A topic without partitions is not answered, as in Kafka.
      const topics = all.filter(({ partitions: answered }) => answered.length > 0);
      call.reply((writer) => writeOffsetCommitResponse(writer, { throttleTimeMs: 0, topics }, version));
    };
    if (partitions.known.length === 0) {
      answer();
      return;
    }
    const commit = {
      groupId: request.groupId,
      caller: {
        memberId: request.memberId,
        groupInstanceId: request.groupInstanceId,
        generationOrEpoch: request.generationIdOrMemberEpoch,
      },
      version,
      retentionMs: Math.max(-1, Math.min(Number(request.retentionTimeMs), MAX_RETENTION_MS)),
      topics: partitions.known.map(({ name, id, partitions: known }) => ({
        name,
        id,
        partitions: known.map((partition) => ({
          partition: partition.partitionIndex,
          offset: partition.committedOffset,
          leaderEpoch: partition.committedLeaderEpoch,
          metadata: partition.committedMetadata,
        })),
      })),
    };
    coordinators.groups.offsets.commit(commit, (errors) => {
      partitions.settle(errors);
      // Who is no member sets offsets: a reset by an operator's tool, or a program that keeps its own assignment.
      if (request.memberId === "" && request.generationIdOrMemberEpoch < 0) {
        const error = errors.flat().find((one) => one !== ERROR.NONE) ?? ERROR.NONE;
        const detail = partitions.known.map(({ name }) => name).join(", ");
        const change = { resource: `group ${request.groupId}`, error, detail };
        noteChanges(call, services.audit, "group.set-offsets", [change], true);
      }
      answer();
    });
  },
};

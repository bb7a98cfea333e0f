import type { Partition } from "../../broker/partition.ts";
import { isDeviceView } from "../../broker/views/device-views.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import { Gather } from "../gather.ts";
import type { KafkaServices } from "../services.ts";
import { type OffsetQuestion, ViewOffsets } from "../views/view-offsets.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { type ListOffsetsRequest, readListOffsetsRequest } from "../wire/generated/list-offsets-request.ts";
import {
  type ListOffsetsResponse,
  writeListOffsetsResponse,
} from "../wire/generated/list-offsets-response.ts";
import type { Mutable } from "../wire/message.ts";
import { epochFault } from "./leader-epoch.ts";

type PartitionResponse = ListOffsetsResponse["topics"][number]["partitions"][number];

const FIRST_WITH_EPOCH = 4;
const NO_EPOCH = -1;

const CONSUMER = -1;
const READ_COMMITTED = 1;

const LATEST = -1;
const EARLIEST = -2;
const MAX_TIMESTAMP = -3;
const EARLIEST_LOCAL = -4;
const LATEST_TIERED = -5;
const EARLIEST_PENDING_UPLOAD = -6;

/**
 * ListOffsets, 1 to 11: by timestamp, earliest, latest, max timestamp (KIP-734), earliest local (KIP-405), with
 * isolation levels: for those who read committed records the log ends at the last stable offset. There is no tiered
 * storage, so the latest tiered and earliest pending offsets are unknown (-1), as in Kafka without it.
 */
export const listOffsets: ApiHandler<KafkaServices> = {
  apiKey: 2,
  minVersion: 1,
  maxVersion: 11,
  pipelined: false,
  handle(call, services) {
    const { broker, views } = services;
    const request = readListOffsetsRequest(call.reader, call.version);
    const names = request.topics.map(({ name }) => name);
    const denied = accessOf(call, services).deniedTopics(CAN.describe, names);
    const twice = namedTwice(request);
    const refused = new Set<string>();
    const questions: OffsetQuestion[] = [];
    const gather = new Gather();
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.flatMap((wanted): PartitionResponse | [] => {
        const index = wanted.partitionIndex;
        if (denied.has(name)) return unknown(index, ERROR.TOPIC_AUTHORIZATION_FAILED);
        const timestamp = Number(wanted.timestamp);
        const key = `${name}:${index}`;
        if (twice.has(key)) {
          if (refused.has(key)) return [];
          refused.add(key);
          return unknown(index, ERROR.INVALID_REQUEST);
        }
        if (timestamp < 0 && call.version < (FIRST_VERSION.get(timestamp) ?? Number.POSITIVE_INFINITY)) {
          return unknown(index, ERROR.UNSUPPORTED_VERSION);
        }
        const topic = broker.topics.readable.get(name);
        const partition = topic?.partitions[index];
        if (topic === null || partition === undefined)
          return unknown(index, ERROR.UNKNOWN_TOPIC_OR_PARTITION);
        const fault = epochFault(partition, wanted.currentLeaderEpoch);
        if (fault !== ERROR.NONE) return unknown(index, fault);
        const sought = isDeviceView(topic) ? soughtBy(timestamp) : null;
        if (isDeviceView(topic) && sought !== null) {
          const response = { ...unknown(index, ERROR.NONE) };
          const isCareful = request.isolationLevel === READ_COMMITTED;
          const question = { view: topic, index, partition, wanted: sought, readCommitted: isCareful };
          questions.push({ ...question, answer: viewAnswer(partition, response, call.version, gather) });
          return response;
        }
        const response = lookUp(partition, timestamp, endFor(request, partition));
        const leaderEpoch = call.version < FIRST_WITH_EPOCH ? NO_EPOCH : response.leaderEpoch;
        // A view has numbers of its own.
        return { ...response, leaderEpoch, partitionIndex: index };
      }),
    }));
    const search = new ViewOffsets(views, questions);
    call.onAbandoned(() => search.stop());
    search.start();
    gather.whenAll(() =>
      call.reply((writer) => writeListOffsetsResponse(writer, { throttleTimeMs: 0, topics }, call.version)),
    );
  },
};

/** Puts what was found out about a view into its response. */
function viewAnswer(
  { leaderEpoch }: Partition,
  response: Mutable<PartitionResponse>,
  version: number,
  gather: Gather,
): OffsetQuestion["answer"] {
  const ended = gather.begin(() => {});
  return ({ error, record, endOffset }) => {
    const told = record ?? (endOffset === null ? null : { offset: endOffset, timestampMs: -1 });
    response.errorCode = error;
    if (told !== null && error === ERROR.NONE) {
      response.offset = told.offset;
      response.timestamp = told.timestampMs;
      if (version >= FIRST_WITH_EPOCH) response.leaderEpoch = leaderEpoch;
    }
    ended(0);
  };
}

/** What has to be looked for to answer for a view; null where it is as its partition. */
function soughtBy(timestamp: number): OffsetQuestion["wanted"] | null {
  if (timestamp >= 0) return { timestampMs: timestamp };
  if (timestamp === LATEST) return "end";
  return timestamp === MAX_TIMESTAMP ? "latest-time" : null;
}

/** The first version in which a special timestamp means something. */
const FIRST_VERSION: ReadonlyMap<number, number> = new Map([
  [LATEST, 1],
  [EARLIEST, 1],
  [MAX_TIMESTAMP, 7],
  [EARLIEST_LOCAL, 8],
  [LATEST_TIERED, 9],
  [EARLIEST_PENDING_UPLOAD, 11],
]);

/** Partitions that a request names more than once are refused. */
function namedTwice(request: ListOffsetsRequest): ReadonlySet<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { name, partitions } of request.topics) {
    for (const { partitionIndex } of partitions) {
      const key = `${name}:${partitionIndex}`;
      if (seen.has(key)) twice.add(key);
      seen.add(key);
    }
  }
  return twice;
}

/** Where the log ends for who asks: a consumer by its isolation level, else a replica or somebody who debugs one. */
function endFor({ replicaId, isolationLevel }: ListOffsetsRequest, { log }: Partition): number {
  if (replicaId !== CONSUMER) return log.logEndOffset;
  return isolationLevel === READ_COMMITTED ? log.lastStableOffset : log.highWatermark;
}

function lookUp(partition: Partition, timestamp: number, endOffset: number): PartitionResponse {
  const { log, index } = partition;
  if (log.fault !== null) return unknown(index, ERROR.KAFKA_STORAGE_ERROR);
  switch (timestamp) {
    case LATEST:
      return found(partition, -1, endOffset);
    case EARLIEST:
    case EARLIEST_LOCAL:
      return found(partition, -1, log.logStartOffset);
    case LATEST_TIERED:
    case EARLIEST_PENDING_UPLOAD:
      return unknown(index, ERROR.NONE);
    default: {
      const record = timestamp === MAX_TIMESTAMP ? log.maxTimestamp() : log.offsetForTimestamp(timestamp);
      if (record === null || record.offset >= endOffset) return unknown(index, ERROR.NONE);
      return found(partition, record.timestampMs, record.offset);
    }
  }
}

function found(partition: Partition, timestamp: number, offset: number): PartitionResponse {
  return {
    partitionIndex: partition.index,
    errorCode: ERROR.NONE,
    timestamp,
    offset,
    leaderEpoch: partition.leaderEpoch,
  };
}

function unknown(partitionIndex: number, errorCode: number): PartitionResponse {
  return { partitionIndex, errorCode, timestamp: -1, offset: -1, leaderEpoch: NO_EPOCH };
}

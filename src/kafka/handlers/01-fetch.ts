import { type Offset, toOffset, ZERO_UUID } from "../../base/ids.ts";
import type { Broker } from "../../broker/broker.ts";
import type { Partition } from "../../broker/partition.ts";
import type { ReadWaiter } from "../../broker/waiting.ts";
import type { Timer } from "../../io/clock.ts";
import type { ApiHandler, Call } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { type FetchRequest, readFetchRequest } from "../wire/generated/fetch-request.ts";
import { type FetchResponse, writeFetchResponse } from "../wire/generated/fetch-response.ts";
import { epochFault } from "./leader-epoch.ts";

type TopicResponse = FetchResponse["responses"][number];
type PartitionResponse = TopicResponse["partitions"][number];

const READ_COMMITTED = 1;
const NO_SESSION = 0;
const NO_RECORDS = new Uint8Array(0);

/**
 * Fetch, 4 to 18: long poll until minBytes or maxWaitMs, at least one batch however small the limits (KIP-74),
 * topic ids, divergence by epoch (KIP-595). Records leave as views of the log, up to the high watermark.
 *
 * Deviations: no fetch sessions (KIP-227), so every request is a full one; one response carries at most
 * `limits.maxFetchBytes` (after the first batch), however much was asked for.
 */
export const fetch: ApiHandler<KafkaServices> = {
  apiKey: 1,
  minVersion: 4,
  maxVersion: 18,
  pipelined: false,
  handle(call, services) {
    const request = readFetchRequest(call.reader, call.version);
    services.counters.fetchRequests += 1;
    if (request.sessionId !== NO_SESSION) {
      reply(call, { ...EMPTY_RESPONSE, errorCode: ERROR.FETCH_SESSION_ID_NOT_FOUND });
      return;
    }
    new Poll(call, request, services.broker, services.limits.maxFetchBytes).start();
  },
};

const EMPTY_RESPONSE: FetchResponse = {
  throttleTimeMs: 0,
  errorCode: ERROR.NONE,
  sessionId: NO_SESSION,
  responses: [],
  nodeEndpoints: [],
};

interface Target {
  readonly partition: Partition | null;
  readonly index: number;
  readonly fetchOffset: Offset | null;
  readonly maxBytes: number;
  readonly currentLeaderEpoch: number;
  readonly lastFetchedEpoch: number;
  readonly missing: number;
}

interface TopicTargets {
  readonly topic: string;
  readonly topicId: TopicResponse["topicId"];
  readonly targets: readonly Target[];
}

/** One fetch while it waits. */
class Poll implements ReadWaiter {
  readonly #call: Call;
  readonly #broker: Broker;
  readonly #topics: readonly TopicTargets[];
  readonly #minBytes: number;
  readonly #maxFetchBytes: number;
  readonly #maxWaitMs: number;
  readonly #readCommitted: boolean;
  #timer: Timer | null = null;

  constructor(call: Call, request: FetchRequest, broker: Broker, maxFetchBytes: number) {
    this.#call = call;
    this.#broker = broker;
    this.#topics = request.topics.map((topic) => resolve(topic, broker));
    this.#minBytes = request.minBytes;
    this.#maxFetchBytes = Math.max(0, Math.min(request.maxBytes, maxFetchBytes));
    this.#maxWaitMs = Math.max(0, request.maxWaitMs);
    this.#readCommitted = request.isolationLevel === READ_COMMITTED;
  }

  start(): void {
    if (this.#tryAnswer(this.#maxWaitMs === 0)) return;
    for (const partition of this.#partitions()) partition.addReader(this);
    this.#timer = this.#broker.clock.after(this.#maxWaitMs, () => this.#tryAnswer(true));
    this.#call.onAbandoned(() => this.#stop());
  }

  wake(): void {
    this.#tryAnswer(false);
  }

  /** Answers where there is enough, something is wrong, or `now`. */
  #tryAnswer(now: boolean): boolean {
    const maxBytes = Math.min(this.#maxFetchBytes, this.#call.responseBudget);
    let bytes = 0;
    let failed = false;
    const responses = this.#topics.map(({ topic, topicId, targets }) => ({
      topic,
      topicId,
      partitions: targets.map((target) => {
        const response = this.#read(target, maxBytes - bytes, bytes === 0);
        bytes += response.records?.length ?? 0;
        if (response.errorCode !== ERROR.NONE || response.divergingEpoch.endOffset !== -1) failed = true;
        return response;
      }),
    }));
    if (!now && !failed && bytes < this.#minBytes && responses.length > 0) return false;
    this.#stop();
    reply(this.#call, { ...EMPTY_RESPONSE, responses });
    return true;
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    for (const partition of this.#partitions()) partition.removeReader(this);
  }

  #partitions(): Partition[] {
    return this.#topics.flatMap(({ targets }) => targets.flatMap(({ partition }) => partition ?? []));
  }

  #read(target: Target, maxBytes: number, first: boolean): PartitionResponse {
    const { partition, index, fetchOffset } = target;
    if (partition === null) return failure(index, target.missing);
    if (partition.deleted) return failure(index, ERROR.UNKNOWN_TOPIC_OR_PARTITION);
    const { log } = partition;
    if (log.fault !== null) return failure(index, ERROR.KAFKA_STORAGE_ERROR);
    const epochError = epochFault(partition, target.currentLeaderEpoch);
    if (epochError !== ERROR.NONE) return failure(index, epochError);
    if (fetchOffset === null || fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset) {
      return { ...failure(index, ERROR.OFFSET_OUT_OF_RANGE), logStartOffset: log.logStartOffset };
    }
    const response: PartitionResponse = {
      ...failure(index, ERROR.NONE),
      highWatermark: log.highWatermark,
      lastStableOffset: log.highWatermark,
      logStartOffset: log.logStartOffset,
      abortedTransactions: this.#readCommitted ? [] : null,
    };
    if (target.lastFetchedEpoch >= 0) {
      const end = log.endOffsetFor(target.lastFetchedEpoch);
      if (end.endOffset < fetchOffset || end.leaderEpoch < target.lastFetchedEpoch) {
        return { ...response, divergingEpoch: { epoch: end.leaderEpoch, endOffset: end.endOffset } };
      }
    }
    const limit = Math.min(target.maxBytes, maxBytes);
    if (fetchOffset >= log.highWatermark || (limit <= 0 && !first)) return response;
    const read = log.read(fetchOffset, limit, { minOneBatch: first, until: log.highWatermark });
    if (read.error !== 0) return failure(index, read.error);
    return { ...response, records: read.bytes };
  }
}

function resolve(topic: FetchRequest["topics"][number], broker: Broker): TopicTargets {
  const byId = topic.topicId !== ZERO_UUID;
  const found = byId ? broker.topics.byId(topic.topicId) : broker.topics.get(topic.topic);
  const noTopic = byId ? ERROR.UNKNOWN_TOPIC_ID : ERROR.UNKNOWN_TOPIC_OR_PARTITION;
  return {
    topic: topic.topic,
    topicId: topic.topicId,
    targets: topic.partitions.map((wanted) => ({
      partition: found?.partitions[wanted.partition] ?? null,
      index: wanted.partition,
      fetchOffset: toOffset(wanted.fetchOffset),
      maxBytes: wanted.partitionMaxBytes,
      currentLeaderEpoch: wanted.currentLeaderEpoch,
      lastFetchedEpoch: wanted.lastFetchedEpoch,
      missing: found === null ? noTopic : ERROR.UNKNOWN_TOPIC_OR_PARTITION,
    })),
  };
}

const NO_DIVERGENCE = { epoch: -1, endOffset: -1 };
const NO_LEADER = { leaderId: -1, leaderEpoch: -1 };
const NO_SNAPSHOT = { endOffset: -1, epoch: -1 };

function failure(partitionIndex: number, errorCode: number): PartitionResponse {
  return {
    partitionIndex,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    divergingEpoch: NO_DIVERGENCE,
    currentLeader: NO_LEADER,
    snapshotId: NO_SNAPSHOT,
    abortedTransactions: null,
    preferredReadReplica: -1,
    records: NO_RECORDS,
  };
}

function reply(call: Call, response: FetchResponse): void {
  call.reply((writer) => writeFetchResponse(writer, response, call.version));
}

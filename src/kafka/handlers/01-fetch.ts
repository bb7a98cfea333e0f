import type { Offset } from "../../base/ids.ts";
import { ZERO_UUID } from "../../base/ids.ts";
import type { Partition } from "../../broker/partition.ts";
import type { ReadWaiter } from "../../broker/waiting.ts";
import type { Timer } from "../../io/clock.ts";
import type { PartitionLog } from "../../log/partition-log.ts";
import { type Access, accessOf, CAN } from "../access.ts";
import type { ApiHandler, Call } from "../call.ts";
import type { FetchPartition, FetchPartitionResponse, FetchTopicResponse } from "../fetch-partition.ts";
import { type FetchContext, type FetchResult, isFollower } from "../fetch-sessions.ts";
import type { KafkaServices } from "../services.ts";
import { ViewReads } from "../views/view-reads.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { type FetchRequest, readFetchRequest } from "../wire/generated/fetch-request.ts";
import { type FetchResponse, writeFetchResponse } from "../wire/generated/fetch-response.ts";
import { epochFault } from "./leader-epoch.ts";

type Response = FetchPartitionResponse;

const READ_COMMITTED = 1;
const NO_RECORDS = new Uint8Array(0);
/** Up to here clients don't know KAFKA_STORAGE_ERROR and would not ask again. */
const LAST_WITHOUT_STORAGE_ERROR = 5;
/** From here on the answer says who leads where it is not the one that was asked. */
const FIRST_WITH_LEADER = 16;

/**
 * Fetch, 4 to 18: long poll until minBytes or maxWaitMs, at least one batch however small the limits (KIP-74),
 * sessions (KIP-227), topic ids (KIP-516), isolation levels, divergence by epoch (KIP-595). Records leave as views
 * of the log, up to the high watermark, or to the last stable offset for those who read committed records.
 *
 * Views of single devices (`<topic>/<key>`) are read like topics; see kafka/views.
 *
 * One broker has no followers: who fetches as one is answered as by a leader that doesn't know the replica, and
 * there is no replica to prefer. Deviation: one response carries at most `limits.maxFetchBytes` (after the first
 * batch), however much was asked for.
 */
export const fetch: ApiHandler<KafkaServices> = {
  apiKey: 1,
  minVersion: 4,
  maxVersion: 18,
  pipelined: false,
  handle(call, services) {
    const request = readFetchRequest(call.reader, call.version);
    services.counters.fetchRequests += 1;
    const context = services.fetchSessions.open(request, call.version);
    new Poll(call, request, context, services).start();
  },
};

const EMPTY_RESPONSE: FetchResponse = {
  throttleTimeMs: 0,
  errorCode: ERROR.NONE,
  sessionId: 0,
  responses: [],
  nodeEndpoints: [],
};

interface Refused {
  readonly target: FetchPartition;
  readonly error: number;
}

/** Why a partition is not read, before anything is told about it; followers may read all. */
function refusalOf(target: FetchPartition, access: Access, isFollower: boolean): number {
  const { topic } = target;
  if (topic !== null && !isFollower && !access.topic(CAN.read, topic))
    return ERROR.TOPIC_AUTHORIZATION_FAILED;
  const isThere = target.partition !== null || target.view !== null;
  return isThere || target.missing === ERROR.INCONSISTENT_TOPIC_ID ? ERROR.NONE : target.missing;
}

/** One fetch while it waits. */
class Poll implements ReadWaiter {
  readonly #call: Call;
  readonly #services: KafkaServices;
  readonly #context: FetchContext;
  /** What can be read. */
  readonly #targets: readonly FetchPartition[];
  /** What is not there, or not for this client: nobody waits for it. */
  readonly #refused: readonly Refused[];
  readonly #minBytes: number;
  readonly #maxFetchBytes: number;
  readonly #maxWaitMs: number;
  readonly #readCommitted: boolean;
  readonly #isFollower: boolean;
  readonly #views: ViewReads;
  #watched: readonly Partition[] = [];
  #timer: Timer | null = null;
  #woken = false;
  #done = false;

  constructor(call: Call, request: FetchRequest, context: FetchContext, services: KafkaServices) {
    this.#call = call;
    this.#services = services;
    this.#context = context;
    this.#isFollower = isFollower(request);
    const access = accessOf(call, services);
    const mayFollow = !this.#isFollower || access.cluster(CAN.clusterAction);
    const targets: FetchPartition[] = [];
    const denied: Refused[] = [];
    for (const target of context.targets) {
      target.resolve(services.broker);
      const error = mayFollow
        ? refusalOf(target, access, this.#isFollower)
        : ERROR.TOPIC_AUTHORIZATION_FAILED;
      if (error === ERROR.NONE) targets.push(target);
      else denied.push({ target, error });
    }
    this.#targets = targets;
    this.#refused = denied;
    this.#maxFetchBytes = Math.max(0, Math.min(request.maxBytes, services.limits.maxFetchBytes));
    this.#minBytes = Math.min(request.minBytes, this.#maxFetchBytes);
    this.#maxWaitMs = Math.max(0, request.maxWaitMs);
    this.#readCommitted = request.isolationLevel === READ_COMMITTED;
    const maxViewBytes = Math.min(this.#maxFetchBytes, call.responseBudget);
    this.#views = new ViewReads(targets, this.#readCommitted, maxViewBytes, services.views, () =>
      this.wake(),
    );
  }

  start(): void {
    if (this.#tryAnswer(this.#maxWaitMs === 0)) return;
    const partitions = this.#targets.flatMap(({ partition }) => partition ?? []);
    this.#watched = this.#views.isEmpty ? partitions : [...partitions, ...this.#views.partitions()];
    for (const partition of this.#watched) partition.addReader(this);
    this.#timer = this.#services.broker.clock.after(this.#maxWaitMs, () => this.#tryAnswer(true));
    this.#call.onAbandoned(() => this.#stop());
  }

  /** Many partitions may have news in one turn: they are looked at once. */
  wake(): void {
    if (this.#watched.length === 1) this.#tryAnswer(false);
    else if (!this.#woken) {
      this.#woken = true;
      this.#services.broker.clock.soon(() => {
        this.#woken = false;
        if (!this.#done) this.#tryAnswer(false);
      });
    }
  }

  /** Answers where there is enough, something is wrong, or `now`. */
  #tryAnswer(now: boolean): boolean {
    const maxBytes = Math.min(this.#maxFetchBytes, this.#call.responseBudget);
    this.#views.advance();
    let bytes = this.#views.sizeBytes;
    const viewBytes = bytes;
    let urgent = this.#targets.length === 0 || this.#views.isUrgent;
    const results: FetchResult[] = [];
    for (const target of this.#targets) {
      const response = this.#read(target, maxBytes - bytes, bytes === 0);
      bytes += response.records?.length ?? 0;
      urgent ||= response.errorCode !== ERROR.NONE || response.divergingEpoch.endOffset !== -1;
      results.push({ target, response });
    }
    // A view that is still looked through has more in a moment; what else there is does not wait for it.
    const settled = this.#views.isSearching ? bytes - viewBytes : bytes;
    const isEnough = settled > 0 || !this.#views.isSearching ? settled >= this.#minBytes : false;
    if (!now && !urgent && !isEnough) return false;
    const answered = results.map(({ target, response }) =>
      target.viewPartition === null || response.errorCode !== ERROR.NONE
        ? { target, response }
        : { target, response: this.#viewAnswer(target, target.viewPartition) },
    );
    this.#stop();
    for (const { target, error } of this.#refused) {
      const response = { ...failure(target.index, error), abortedTransactions: [] };
      answered.push({ target, response });
    }
    this.#reply(answered);
    return true;
  }

  #stop(): void {
    this.#done = true;
    this.#timer?.cancel();
    this.#timer = null;
    this.#views.stop();
    for (const partition of this.#watched) partition.removeReader(this);
  }

  #reply(all: readonly FetchResult[]): void {
    const { version, advertised } = this.#call;
    const { error, sessionId, results } = this.#context.answer(all);
    const responses = byTopic(results);
    const tellsLeader =
      !this.#isFollower && results.some(({ response }) => response.currentLeader.leaderId >= 0);
    const { nodeId } = this.#services.broker;
    const nodeEndpoints = tellsLeader ? [{ nodeId, ...advertised, rack: null }] : [];
    const response = { ...EMPTY_RESPONSE, errorCode: error, sessionId, responses, nodeEndpoints };
    this.#call.reply((writer) => writeFetchResponse(writer, response, version));
  }

  #read(target: FetchPartition, maxBytes: number, first: boolean): Response {
    const { partition, viewPartition, index, fetchOffset } = target;
    if (viewPartition !== null) return this.#viewFault(target, viewPartition);
    if (partition === null) return failure(index, target.missing);
    if (partition.deleted) return failure(index, ERROR.UNKNOWN_TOPIC_OR_PARTITION);
    const { log } = partition;
    if (log.fault !== null) return this.#storageError(index);
    const epochError = epochFault(partition, target.currentLeaderEpoch);
    if (epochError !== ERROR.NONE) return this.#withLeader(index, partition, epochError);
    if (this.#isFollower) {
      const known = target.currentLeaderEpoch >= 0;
      const error = known ? ERROR.UNKNOWN_LEADER_EPOCH : ERROR.NOT_LEADER_OR_FOLLOWER;
      return this.#withLeader(index, partition, error);
    }
    const diverging = target.lastFetchedEpoch < 0 ? null : divergence(partition, target);
    if (diverging === OUT_OF_RANGE) return failure(index, ERROR.OFFSET_OUT_OF_RANGE);
    if (diverging !== null) {
      return { ...this.#header(log, index), divergingEpoch: diverging, abortedTransactions: null };
    }
    if (fetchOffset === null || fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset) {
      return failure(index, ERROR.OFFSET_OUT_OF_RANGE);
    }
    return this.#records(log, index, fetchOffset, Math.min(target.maxBytes, maxBytes), first);
  }

  /** What keeps a view from being read; else its answer without records, which come last. */
  #viewFault(target: FetchPartition, partition: Partition): Response {
    const { index, fetchOffset } = target;
    if (fetchOffset === null) return failure(index, ERROR.OFFSET_OUT_OF_RANGE);
    if (partition.deleted) return failure(index, ERROR.UNKNOWN_TOPIC_OR_PARTITION);
    if (partition.log.fault !== null) return this.#storageError(index);
    const epochError = epochFault(partition, target.currentLeaderEpoch);
    if (epochError !== ERROR.NONE) return this.#withLeader(index, partition, epochError);
    if (this.#isFollower) return this.#withLeader(index, partition, ERROR.NOT_LEADER_OR_FOLLOWER);
    return failure(index, ERROR.NONE);
  }

  #viewAnswer(target: FetchPartition, { log }: Partition): Response {
    const { index } = target;
    const { error, records, endOffset } = this.#views.answer(target);
    if (error === ERROR.KAFKA_STORAGE_ERROR) return this.#storageError(index);
    if (error !== ERROR.NONE) return failure(index, error);
    return {
      ...failure(index, ERROR.NONE),
      highWatermark: endOffset,
      lastStableOffset: Math.min(endOffset, log.lastStableOffset),
      logStartOffset: log.logStartOffset,
      abortedTransactions: this.#readCommitted ? [] : null,
      records,
    };
  }

  #records(log: PartitionLog, index: number, fetchOffset: Offset, limit: number, first: boolean): Response {
    const header = this.#header(log, index);
    const until = this.#readCommitted ? log.lastStableOffset : log.highWatermark;
    if (fetchOffset >= until || (limit <= 0 && !first)) return header;
    const read = log.read(fetchOffset, limit, { minOneBatch: first, until });
    if (!("nextOffset" in read)) {
      return read.error === ERROR.KAFKA_STORAGE_ERROR
        ? this.#storageError(index)
        : failure(index, read.error);
    }
    if (!this.#readCommitted || read.bytes.length === 0) return { ...header, records: read.bytes };
    const abortedTransactions = log.abortedTransactions(fetchOffset, read.nextOffset);
    if (abortedTransactions === null) return this.#storageError(index);
    return { ...header, records: read.bytes, abortedTransactions };
  }

  #header(log: PartitionLog, index: number): Response {
    return {
      ...failure(index, ERROR.NONE),
      highWatermark: log.highWatermark,
      lastStableOffset: log.lastStableOffset,
      logStartOffset: log.logStartOffset,
      abortedTransactions: this.#readCommitted ? [] : null,
    };
  }

  #storageError(index: number): Response {
    const isOld = this.#call.version <= LAST_WITHOUT_STORAGE_ERROR;
    return failure(index, isOld ? ERROR.NOT_LEADER_OR_FOLLOWER : ERROR.KAFKA_STORAGE_ERROR);
  }

  #withLeader(index: number, { leaderEpoch }: Partition, error: number): Response {
    const isTold = error === ERROR.NOT_LEADER_OR_FOLLOWER || error === ERROR.FENCED_LEADER_EPOCH;
    if (this.#call.version < FIRST_WITH_LEADER || !isTold) return failure(index, error);
    const leaderId = this.#services.broker.nodeId;
    return { ...failure(index, error), currentLeader: { leaderId, leaderEpoch } };
  }
}

const OUT_OF_RANGE = "out of range";

/** Where the client's log parts from this one by the epoch of its last record; null where it doesn't. */
function divergence(
  partition: Partition,
  target: FetchPartition,
): Response["divergingEpoch"] | typeof OUT_OF_RANGE | null {
  const { leaderEpoch, endOffset } = partition.endOffsetFor(target.lastFetchedEpoch);
  if (leaderEpoch < 0 || endOffset < 0) return OUT_OF_RANGE;
  const diverges =
    leaderEpoch < target.lastFetchedEpoch || (target.fetchOffset !== null && endOffset < target.fetchOffset);
  return diverges ? { epoch: leaderEpoch, endOffset } : null;
}

/** Partitions of one topic that follow each other stand together, as in Kafka. */
function byTopic(results: readonly FetchResult[]): FetchTopicResponse[] {
  const topics: { topic: string; topicId: FetchTopicResponse["topicId"]; partitions: Response[] }[] = [];
  for (const { target, response } of results) {
    const topic = target.topic ?? "";
    const topicId = target.topicId ?? ZERO_UUID;
    const last = topics.at(-1);
    if (last !== undefined && last.topic === topic && last.topicId === topicId)
      last.partitions.push(response);
    else topics.push({ topic, topicId, partitions: [response] });
  }
  return topics;
}

const NO_DIVERGENCE = { epoch: -1, endOffset: -1 };
const NO_LEADER = { leaderId: -1, leaderEpoch: -1 };
const NO_SNAPSHOT = { endOffset: -1, epoch: -1 };

function failure(partitionIndex: number, errorCode: number): Response {
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

import type { Uuid } from "../base/ids.ts";
import type { Clock } from "../io/clock.ts";
import type { Random } from "../io/random.ts";
import { FetchPartition, type FetchPartitionResponse } from "./fetch-partition.ts";
import { ERROR } from "./wire/generated/errors.ts";
import type { FetchRequest } from "./wire/generated/fetch-request.ts";

/** Kafka's `max.incremental.fetch.session.cache.slots`. */
export const MAX_FETCH_SESSIONS = 1000;
/** Partitions of all sessions together; whoever would bring more fetches without a session. */
export const MAX_SESSION_PARTITIONS = 200_000;
/** A session that was not used for longer makes room for any other; a younger one is not replaced by size. */
export const MIN_EVICTION_MS = 120_000;

export const NO_SESSION = 0;
const INITIAL_EPOCH = 0;
const FINAL_EPOCH = -1;
const MAX_EPOCH = 0x7fffffff;
/** From this version on clients name topics by id. */
const FIRST_WITH_TOPIC_IDS = 13;

/** One partition's part of an answer. */
export interface FetchResult {
  readonly target: FetchPartition;
  readonly response: FetchPartitionResponse;
}

/** What leaves. */
export interface FetchAnswer {
  readonly error: number;
  readonly sessionId: number;
  readonly results: readonly FetchResult[];
}

/** What one request fetches, and how it is answered. */
export interface FetchContext {
  /** Not 0: that is the whole answer. */
  readonly error: number;
  readonly targets: Iterable<FetchPartition>;
  /** Once: takes down what is sent, and leaves out what the client knows. */
  answer(results: readonly FetchResult[]): FetchAnswer;
}

interface Session {
  readonly id: number;
  /** Of a follower. */
  readonly privileged: boolean;
  readonly byTopicId: boolean;
  readonly createdMs: number;
  lastUsedMs: number;
  /** Of the request that is due. */
  epoch: number;
  /** In the order in which they are read: those that had records go to the end. */
  readonly partitions: Map<string, FetchPartition>;
}

export interface FetchSessionLimits {
  readonly maxSessions: number;
  readonly maxPartitions: number;
}

const LIMITS: FetchSessionLimits = { maxSessions: MAX_FETCH_SESSIONS, maxPartitions: MAX_SESSION_PARTITIONS };

/**
 * Incremental fetch sessions (KIP-227): a client names its partitions once, after that only what changes, and is
 * answered only where there is news. A session has its place until a larger or a younger one needs it, as in
 * Kafka's FetchSessionCache; who finds its session gone makes a full request.
 */
export class FetchSessions {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limits: FetchSessionLimits;
  readonly #sessions = new Map<number, Session>();
  #partitionCount = 0;
  evictions = 0;

  constructor(clock: Clock, random: Random, limits = LIMITS) {
    this.#clock = clock;
    this.#random = random;
    this.#limits = limits;
  }

  get count(): number {
    return this.#sessions.size;
  }

  get partitionCount(): number {
    return this.#partitionCount;
  }

  /** The context of a request; a session that it continues is changed by it at once. */
  open(request: FetchRequest, version: number): FetchContext {
    const byTopicId = version >= FIRST_WITH_TOPIC_IDS;
    const { sessionId, sessionEpoch } = request;
    if (sessionEpoch === FINAL_EPOCH || sessionEpoch === INITIAL_EPOCH) {
      this.#close(this.#sessions.get(sessionId));
      const targets = named(request, byTopicId);
      const isLast = sessionEpoch === FINAL_EPOCH;
      return isLast ? withoutSession(targets) : this.#newSession(targets, isFollower(request), byTopicId);
    }
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return refusal(ERROR.FETCH_SESSION_ID_NOT_FOUND);
    if (session.epoch !== sessionEpoch) return refusal(ERROR.INVALID_FETCH_SESSION_EPOCH);
    if (session.byTopicId !== byTopicId) return refusal(ERROR.FETCH_SESSION_TOPIC_ID_ERROR);
    return this.#continue(session, request);
  }

  #newSession(targets: Map<string, FetchPartition>, privileged: boolean, byTopicId: boolean): FetchContext {
    return {
      error: ERROR.NONE,
      targets: targets.values(),
      answer: (results) => {
        for (const { target, response } of results) target.told(response);
        const sessionId = this.#create(targets, privileged, byTopicId);
        return { error: ERROR.NONE, sessionId, results };
      },
    };
  }

  #continue(session: Session, request: FetchRequest): FetchContext {
    const before = session.partitions.size;
    const changed = this.#update(session, request);
    this.#partitionCount += session.partitions.size - before;
    if (session.partitions.size === 0) {
      this.#close(session);
      return withoutSession(changed);
    }
    if (this.#partitionCount > this.#limits.maxPartitions && session.partitions.size > before) {
      this.#close(session);
      return refusal(ERROR.FETCH_SESSION_ID_NOT_FOUND);
    }
    session.lastUsedMs = this.#clock.monotonicMs();
    session.epoch = nextEpoch(session.epoch);
    const { epoch } = session;
    return {
      error: ERROR.NONE,
      targets: session.partitions.values(),
      answer: (results) => {
        // The same request may have come twice, over two connections.
        if (session.epoch !== epoch) {
          return { error: ERROR.INVALID_FETCH_SESSION_EPOCH, sessionId: session.id, results: [] };
        }
        return { error: ERROR.NONE, sessionId: session.id, results: takeNews(session, results) };
      },
    };
  }

  /** Gives the partitions that the request names. */
  #update(session: Session, request: FetchRequest): Map<string, FetchPartition> {
    const changed = named(request, session.byTopicId);
    for (const topic of request.topics) {
      for (const wanted of topic.partitions) {
        const key = keyOf(session.byTopicId ? topic.topicId : topic.topic, wanted.partition);
        const known = session.partitions.get(key);
        if (known !== undefined) known.want(wanted);
        else session.partitions.set(key, changed.get(key) as FetchPartition);
      }
    }
    for (const { topic, topicId, partitions } of request.forgottenTopicsData) {
      for (const index of partitions) {
        session.partitions.delete(keyOf(session.byTopicId ? topicId : topic, index));
      }
    }
    return changed;
  }

  /** Gives the id of the new session, or 0 where there is no room for it. */
  #create(partitions: Map<string, FetchPartition>, privileged: boolean, byTopicId: boolean): number {
    const { maxSessions, maxPartitions } = this.#limits;
    const nowMs = this.#clock.monotonicMs();
    if (this.#partitionCount + partitions.size > maxPartitions) return NO_SESSION;
    if (this.#sessions.size >= maxSessions && !this.#evict(privileged, partitions.size, nowMs)) {
      return NO_SESSION;
    }
    const id = this.#newId();
    const epoch = nextEpoch(INITIAL_EPOCH);
    const times = { createdMs: nowMs, lastUsedMs: nowMs };
    this.#sessions.set(id, { id, privileged, byTopicId, ...times, epoch, partitions });
    this.#partitionCount += partitions.size;
    return id;
  }

  /**
   * Makes room for one: by a session that was not used for long, else by the smallest of those that are less than
   * the new one, which a young one or a follower's never is (but for a follower).
   */
  #evict(privileged: boolean, size: number, nowMs: number): boolean {
    let oldest: Session | null = null;
    let smallest: Session | null = null;
    for (const session of this.#sessions.values()) {
      if (oldest === null || session.lastUsedMs < oldest.lastUsedMs) oldest = session;
      const isOld = session.lastUsedMs - session.createdMs > MIN_EVICTION_MS;
      if (!isOld && !(privileged && !session.privileged)) continue;
      if (smallest === null || isLess(session, smallest)) smallest = session;
    }
    if (oldest === null) return false;
    if (nowMs - oldest.lastUsedMs > MIN_EVICTION_MS) {
      this.#close(oldest);
    } else {
      if (smallest === null) return false;
      if (Number(privileged) < Number(smallest.privileged)) return false;
      if (privileged === smallest.privileged && size <= smallest.partitions.size) return false;
      this.#close(smallest);
    }
    this.evictions += 1;
    return true;
  }

  #close(session: Session | undefined): void {
    if (session === undefined || !this.#sessions.delete(session.id)) return;
    this.#partitionCount -= session.partitions.size;
  }

  #newId(): number {
    for (;;) {
      const bytes = this.#random.bytes(4);
      const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) & MAX_EPOCH;
      if (id !== NO_SESSION && !this.#sessions.has(id)) return id;
    }
  }
}

/** What the client does not know yet. Partitions with records are read last the next time (KIP-227). */
function takeNews(session: Session, results: readonly FetchResult[]): FetchResult[] {
  const news: FetchResult[] = [];
  for (const result of results) {
    const { target, response } = result;
    const isNews = target.isNews(response);
    target.told(response);
    if (!isNews) continue;
    news.push(result);
    if ((response.records?.length ?? 0) === 0) continue;
    const key = keyOf(target.topicId ?? (target.topic as string), target.index);
    if (session.partitions.delete(key)) session.partitions.set(key, target);
  }
  return news;
}

function isLess(a: Session, b: Session): boolean {
  if (a.privileged !== b.privileged) return !a.privileged;
  if (a.partitions.size !== b.partitions.size) return a.partitions.size < b.partitions.size;
  return a.id < b.id;
}

export function isFollower(request: FetchRequest): boolean {
  return Math.max(request.replicaId, request.replicaState.replicaId) >= 0;
}

function withoutSession(targets: Map<string, FetchPartition>): FetchContext {
  return {
    error: ERROR.NONE,
    targets: targets.values(),
    answer: (results) => ({ error: ERROR.NONE, sessionId: NO_SESSION, results }),
  };
}

function refusal(error: number): FetchContext {
  return { error, targets: [], answer: () => ({ error, sessionId: NO_SESSION, results: [] }) };
}

/** The partitions that a request names; of one that is named twice the last. */
function named(request: FetchRequest, byTopicId: boolean): Map<string, FetchPartition> {
  const targets = new Map<string, FetchPartition>();
  for (const { topic, topicId, partitions } of request.topics) {
    for (const wanted of partitions) {
      const key = keyOf(byTopicId ? topicId : topic, wanted.partition);
      const known = targets.get(key);
      if (known !== undefined) known.want(wanted);
      else {
        const target = byTopicId
          ? new FetchPartition(null, topicId, wanted)
          : new FetchPartition(topic, null, wanted);
        targets.set(key, target);
      }
    }
  }
  return targets;
}

function keyOf(topic: string | Uuid, index: number): string {
  return `${topic}:${index}`;
}

function nextEpoch(epoch: number): number {
  return epoch === MAX_EPOCH ? 1 : epoch + 1;
}

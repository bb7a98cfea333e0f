import type { Uuid } from "../../base/ids.ts";
import type { ReadWaiter } from "../../broker/waiting.ts";
import type { LivePartition, ShareWaiter } from "../../coordinators/shares/share-partitions.ts";
import {
  partitionKey,
  type SessionPartition,
  type ShareSession,
} from "../../coordinators/shares/share-sessions.ts";
import type { Timer } from "../../io/clock.ts";
import { type Access, CAN } from "../access.ts";
import type { Call } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import type { ShareFetchRequest } from "../wire/generated/share-fetch-request.ts";
import {
  DEFAULT_PARTITION_DATA,
  DEFAULT_SHARE_FETCH_RESPONSE,
  type PartitionData,
  writeShareFetchResponse,
} from "../wire/generated/share-fetch-response.ts";
import { type AcknowledgedPartition, byTopic } from "./share-acknowledgements.ts";

/** Never more records than asked for; otherwise a batch is acquired whole (KIP-1206). */
const RECORD_LIMIT = 1;

type Fetched = PartitionData & { readonly topicId: Uuid };

/** One share fetch while it waits for records. They are acquired in the moment in which the answer leaves. */
export class SharePoll implements ReadWaiter, ShareWaiter {
  readonly #call: Call;
  readonly #services: KafkaServices;
  readonly #request: ShareFetchRequest;
  readonly #session: ShareSession;
  readonly #acknowledged: readonly AcknowledgedPartition[];
  /** Topics that the member may not read. */
  readonly #denied = new Set<Uuid>();
  readonly #watched = new Set<LivePartition>();
  #timer: Timer | null = null;
  #answered = false;
  #answering = false;
  /** Nothing is waited for any more but the disk. */
  #overdue = false;

  constructor(
    call: Call,
    services: KafkaServices,
    access: Access,
    request: ShareFetchRequest,
    session: ShareSession,
    acknowledged: readonly AcknowledgedPartition[],
  ) {
    this.#call = call;
    this.#services = services;
    this.#request = request;
    this.#session = session;
    this.#acknowledged = acknowledged;
    const topicIds = new Set(turned(session).map(({ topicId }) => topicId));
    for (const topicId of access.isOpen ? [] : topicIds) {
      const name = services.broker.topics.byId(topicId)?.name;
      if (name !== undefined && !access.topic(CAN.read, name)) this.#denied.add(topicId);
    }
  }

  start(): void {
    // It may have been closed while its acknowledgements were on their way to the disk.
    if (this.#call.closed) return;
    const maxWaitMs = Math.max(0, this.#request.maxWaitMs);
    this.#tryAnswer(maxWaitMs === 0);
    if (this.#answered) return;
    this.#timer = this.#services.broker.clock.after(maxWaitMs, () => this.#tryAnswer(true));
    this.#call.onAbandoned(() => this.#stop());
  }

  wake(): void {
    // A reader of the same partition is woken by what this one does to it.
    if (!this.#answering) this.#tryAnswer(this.#overdue);
  }

  #tryAnswer(now: boolean): void {
    if (this.#answered || this.#call.closed) return;
    const { shares } = this.#services.coordinators;
    if (!shares.sessions.isCurrent(this.#session)) {
      this.#stop();
      const response = { ...DEFAULT_SHARE_FETCH_RESPONSE, errorCode: ERROR.SHARE_SESSION_NOT_FOUND };
      this.#call.reply((writer) => writeShareFetchResponse(writer, response, this.#call.version));
      return;
    }
    this.#answering = true;
    const { live, failed } = this.#open();
    this.#overdue = now;
    // Where a group begins is being written: however short the wait, it covers that.
    const begins = live.some(({ ready }) => !ready);
    const waits = live.length > 0 && (now ? begins : !this.#enough(live));
    const fetched = waits ? [] : this.#acquire(live, failed);
    this.#answering = false;
    if (waits) return;
    const brings = fetched.some(({ acquiredRecords }) => acquiredRecords.length > 0);
    if (!now && live.length > 0 && !brings) return;
    this.#stop();
    const told = [...fetched, ...failed, ...this.#owed([...fetched, ...failed])];
    replyShareFetch(this.#call, this.#services, this.#session.groupId, told, this.#acknowledged);
  }

  /** What the session names, each from its turn on; watched from the first time it is there. */
  #open(): { live: LivePartition[]; failed: Fetched[] } {
    const { partitions } = this.#services.coordinators.shares;
    const live: LivePartition[] = [];
    const failed: Fetched[] = [];
    for (const { topicId, partition } of turned(this.#session)) {
      if (this.#denied.has(topicId)) {
        const errorCode = ERROR.TOPIC_AUTHORIZATION_FAILED;
        failed.push({ ...DEFAULT_PARTITION_DATA, topicId, partitionIndex: partition, errorCode });
        continue;
      }
      const opened = partitions.open(this.#session.groupId, topicId, partition);
      if ("error" in opened) {
        failed.push({
          ...DEFAULT_PARTITION_DATA,
          topicId,
          partitionIndex: partition,
          errorCode: opened.error,
        });
        continue;
      }
      live.push(opened);
      if (this.#watched.has(opened)) continue;
      this.#watched.add(opened);
      opened.waiters.add(this);
      opened.partition.addReader(this);
    }
    return { live, failed };
  }

  /** Whether there is as much to read as was asked for. */
  #enough(live: readonly LivePartition[]): boolean {
    const { minBytes } = this.#request;
    if (minBytes <= 1) return true;
    const { partitions } = this.#services.coordinators.shares;
    let bytes = 0;
    for (const one of live) {
      const read = partitions.read(one, this.#services.limits.maxFetchBytes, true);
      if ("bytes" in read) bytes += read.bytes.length;
      if (bytes >= minBytes) return true;
    }
    return false;
  }

  #acquire(live: readonly LivePartition[], failed: Fetched[]): Fetched[] {
    const { partitions } = this.#services.coordinators.shares;
    const { maxRecords, batchSize, shareAcquireMode } = this.#request;
    const { maxFetchBytes } = this.#services.limits;
    let bytesLeft = Math.max(0, Math.min(this.#request.maxBytes, maxFetchBytes, this.#call.responseBudget));
    let recordsLeft = maxRecords;
    const share = Math.max(1, Math.floor(bytesLeft / Math.max(1, live.length)));
    const fetched: Fetched[] = [];
    for (const one of live) {
      const first = fetched.length === 0;
      if (recordsLeft <= 0 || (bytesLeft <= 0 && !first)) break;
      const limits = {
        maxRecords: recordsLeft,
        batchSize: Math.max(1, batchSize),
        strict: shareAcquireMode === RECORD_LIMIT,
      };
      const { memberId } = this.#session;
      const acquired = partitions.acquire(one, memberId, limits, Math.min(share, bytesLeft), first);
      const { topicId, partition: partitionIndex } = one.id;
      if ("error" in acquired) {
        failed.push({ ...DEFAULT_PARTITION_DATA, topicId, partitionIndex, errorCode: acquired.error });
        continue;
      }
      if (acquired.recordCount === 0) continue;
      bytesLeft -= acquired.bytes.length;
      recordsLeft -= acquired.recordCount;
      fetched.push({
        ...DEFAULT_PARTITION_DATA,
        topicId,
        partitionIndex,
        records: acquired.bytes,
        acquiredRecords: acquired.ranges,
      });
    }
    if (fetched.length > 0) this.#session.turn += 1;
    return fetched;
  }

  /** Partitions that are new to the session are answered once even where they bring nothing. */
  #owed(told: readonly Fetched[]): Fetched[] {
    const { unanswered, partitions } = this.#session;
    if (unanswered.size === 0) return [];
    for (const { topicId, partitionIndex } of told) {
      unanswered.delete(partitionKey({ topicId, partition: partitionIndex }));
    }
    const owed = [...unanswered].flatMap((key): Fetched[] => {
      const named = partitions.get(key);
      if (named === undefined) return [];
      return [{ ...DEFAULT_PARTITION_DATA, topicId: named.topicId, partitionIndex: named.partition }];
    });
    unanswered.clear();
    return owed;
  }

  #stop(): void {
    this.#answered = true;
    this.#timer?.cancel();
    this.#timer = null;
    for (const live of this.#watched) {
      live.waiters.delete(this);
      live.partition.removeReader(this);
    }
    this.#watched.clear();
  }
}

/** The session's partitions, beginning with another one each time. */
function turned(session: ShareSession): SessionPartition[] {
  const all = [...session.partitions.values()];
  const from = all.length === 0 ? 0 : session.turn % all.length;
  return from === 0 ? all : [...all.slice(from), ...all.slice(0, from)];
}

/** Answers with what was fetched and with what became of the acknowledgements. */
export function replyShareFetch(
  call: Call,
  services: KafkaServices,
  groupId: string,
  fetched: readonly Fetched[],
  acknowledged: readonly AcknowledgedPartition[],
): void {
  const told = new Map(
    fetched.map((partition) => [`${partition.topicId}/${partition.partitionIndex}`, partition]),
  );
  for (const { topicId, partitionIndex, error: acknowledgeErrorCode } of acknowledged) {
    const key = `${topicId}/${partitionIndex}`;
    const partition = told.get(key) ?? { ...DEFAULT_PARTITION_DATA, topicId, partitionIndex };
    told.set(key, { ...partition, acknowledgeErrorCode });
  }
  const response = {
    throttleTimeMs: 0,
    errorCode: ERROR.NONE,
    errorMessage: null,
    acquisitionLockTimeoutMs: services.coordinators.shares.settings.recordLockMs(groupId),
    responses: byTopic([...told.values()]).map(({ topicId, entries }) => ({ topicId, partitions: entries })),
    nodeEndpoints: [],
  };
  call.reply((writer) => writeShareFetchResponse(writer, response, call.version));
}

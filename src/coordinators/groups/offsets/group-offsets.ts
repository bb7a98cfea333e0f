import { type Int64, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { ERROR } from "../../../kafka/wire/generated/errors.ts";
import { readOffsetCommitKey } from "../../../kafka/wire/generated/offset-commit-key.ts";
import type { Reader } from "../../../kafka/wire/reader.ts";
import type {
  CoordinatorRecord,
  LoggedRecord,
  TransactionalProducer,
} from "../../runtime/coordinator-log.ts";
import { coordinatorError } from "../../runtime/internal-log.ts";
import type { Group, OffsetsCaller } from "../group.ts";
import type { GroupContext, GroupPart, RecordValue } from "../group-part.ts";
import { decodeOffset, encodeOffset, encodeOffsetTombstone, OFFSET_TYPES } from "./offset-records.ts";
import { type CommittedOffset, OffsetStore } from "./offset-store.ts";

/** Characters of all metadata texts together. */
const MAX_METADATA_LENGTH = 64 * 1024 * 1024;
/** Records of one batch where many are taken back. */
const MAX_BATCH_RECORDS = 10_000;
/** From this version of OffsetCommit on a group that is not there is said to be so. */
const FIRST_WITH_GROUP_ID_NOT_FOUND = 9;
/** Retention that an old client did not ask for. */
const NO_RETENTION_MS = -1;
const MINUTE_MS = 60_000;
const EXPIRY = "offsets/expiry";

export interface OffsetToCommit {
  readonly partition: number;
  readonly offset: Int64;
  readonly leaderEpoch: number;
  readonly metadata: string | null;
}

export interface CommitRequest {
  readonly groupId: string;
  readonly caller: OffsetsCaller;
  /** Of the request, since what a caller is told depends on it. */
  readonly version: number;
  /** Of versions before 5: how long to keep the offsets; -1: as the broker is set. */
  readonly retentionMs: number;
  /** Topics and partitions that there are. */
  readonly topics: readonly {
    readonly name: string;
    readonly id: Uuid;
    readonly partitions: readonly OffsetToCommit[];
  }[];
}

/** An error for each partition, in the order of the request. */
export type CommitAnswer = (errors: readonly (readonly number[])[]) => void;

/** An offset, or none, as OffsetFetch tells it. */
export interface FetchedOffset {
  readonly error: number;
  /** -1: none. */
  readonly offset: Int64;
  readonly leaderEpoch: number;
  readonly metadata: string;
}

/** Where a commit's offsets go. */
interface Target {
  /** What an offset takes the place of, or null. */
  readonly replaces: (topic: string, partition: number) => CommittedOffset | null;
  readonly append: (records: readonly CoordinatorRecord[], done: (error: number) => void) => void;
}

const NO_OFFSET: FetchedOffset = { error: ERROR.NONE, offset: -1, leaderEpoch: -1, metadata: "" };
const UNSTABLE: FetchedOffset = { ...NO_OFFSET, error: ERROR.UNSTABLE_OFFSET_COMMIT };

/**
 * Offsets of groups of every kind, and of programs in none. Offsets of a transaction wait beside until a marker
 * ends it. What nobody uses any more goes after `offsets.retention.minutes` (KIP-211).
 */
export class GroupOffsets implements GroupPart {
  readonly recordTypes = OFFSET_TYPES;
  readonly #context: GroupContext;
  readonly #addSimple: (groupId: string) => Group;
  readonly #store = new OffsetStore();

  /** `addSimple` begins a group that holds offsets alone. */
  constructor(context: GroupContext, addSimple: (groupId: string) => Group) {
    this.#context = context;
    this.#addSimple = addSimple;
  }

  /** Offsets of all groups, those of open transactions included. */
  get size(): number {
    return this.#store.size;
  }

  /** Whether there are offsets of this group, those of open transactions included. */
  has(groupId: string): boolean {
    return this.#store.committed.has(groupId) || this.#store.hasPending(groupId);
  }

  /** What was committed for a partition, or null. */
  get(groupId: string, topic: string, partition: number): CommittedOffset | null {
    const committed = this.#store.committed.get(groupId, topic, partition);
    return committed !== null && this.#isOfTopic(committed, topic) ? committed : null;
  }

  /** Answers once the offsets are durable. */
  commit(request: CommitRequest, answer: CommitAnswer): void {
    const group = this.#context.registry.get(request.groupId);
    const error = this.#commitError(group, request);
    if (error !== ERROR.NONE) {
      answer(errorsOf(request, () => error));
      return;
    }
    group?.committed(request.caller.memberId);
    const nowMs = this.#context.clock.nowMs();
    const expireTimestampMs = request.retentionMs === NO_RETENTION_MS ? -1 : nowMs + request.retentionMs;
    const times = { commitTimestampMs: nowMs, expireTimestampMs };
    const { committed } = this.#store;
    this.#append(request, times, answer, {
      replaces: (topic, partition) => committed.get(request.groupId, topic, partition),
      append: (records, done) => this.#context.log.append(records, done),
    });
  }

  /** The same for offsets that count once the producer's transaction commits; who may is known already. */
  commitTransactional(producer: TransactionalProducer, request: CommitRequest, answer: CommitAnswer): void {
    const group = this.#context.registry.get(request.groupId);
    const error = this.#transactionalCommitError(group, request);
    if (error !== ERROR.NONE) {
      answer(errorsOf(request, () => error));
      return;
    }
    const times = { commitTimestampMs: this.#context.clock.nowMs(), expireTimestampMs: -1 };
    this.#append(request, times, answer, {
      replaces: (topic, partition) =>
        this.#store.getPending(producer.producerId, request.groupId, topic, partition),
      append: (records, done) => this.#context.log.appendTransactional(producer, records, done),
    });
  }

  /** Why this caller may not read the group's offsets, or 0. A group that is not there has none to hide. */
  fetchError(groupId: string, caller: OffsetsCaller): number {
    const error = this.#context.registry.get(groupId)?.fetchError(caller) ?? ERROR.NONE;
    return error === ERROR.GROUP_ID_NOT_FOUND ? ERROR.NONE : error;
  }

  /** A partition's offset. With `stable` one that a transaction is about to change is not told (KIP-447). */
  fetchOffset(groupId: string, topic: string, partition: number, stable: boolean): FetchedOffset {
    if (stable && this.#store.isPending(groupId, topic, partition)) return UNSTABLE;
    return this.get(groupId, topic, partition) === null
      ? NO_OFFSET
      : this.#shown(groupId, topic, partition, stable);
  }

  /** All that a group has, by topic and partition. */
  *fetchAll(
    groupId: string,
    stable: boolean,
  ): Iterable<{
    readonly topic: string;
    readonly partitions: readonly (FetchedOffset & { readonly partition: number })[];
  }> {
    for (const [topic, partitions] of this.#store.committed.ofGroup(groupId)) {
      const shown = [];
      for (const [partition, committed] of partitions) {
        if (this.#isOfTopic(committed, topic)) {
          shown.push({ partition, ...this.#shown(groupId, topic, partition, stable) });
        }
      }
      if (shown.length > 0) yield { topic, partitions: shown };
    }
  }

  /**
   * Forgets offsets of topics and partitions that there are (KIP-496). Answers once that is durable: with an
   * error for all, or one for each.
   */
  delete(
    groupId: string,
    topics: readonly { readonly name: string; readonly partitions: readonly number[] }[],
    answer: (error: number, errors: readonly (readonly number[])[]) => void,
  ): void {
    const group = this.#context.registry.get(groupId);
    const refused = group === null ? ERROR.GROUP_ID_NOT_FOUND : group.offsetDeleteError();
    if (group === null || refused !== ERROR.NONE) {
      answer(refused, []);
      return;
    }
    const records: CoordinatorRecord[] = [];
    const errors = topics.map(({ name, partitions }) => {
      const inUse = group.subscribedTo(name);
      return partitions.map((partition) => {
        if (inUse) return ERROR.GROUP_SUBSCRIBED_TO_TOPIC;
        if (this.#isKnown(groupId, name, partition))
          records.push(encodeOffsetTombstone(groupId, name, partition));
        return ERROR.NONE;
      });
    });
    this.#appendAll(records, (error) => answer(coordinatorError(error), errors));
  }

  /** Adds what forgets every offset of a group, waiting ones included. */
  tombstones(groupId: string, records: CoordinatorRecord[]): void {
    for (const [topic, partition] of this.#store.positions(groupId)) {
      records.push(encodeOffsetTombstone(groupId, topic, partition));
    }
  }

  /** Deletes a group with all of its offsets. `done` gets 0 once that is durable. */
  deleteGroup(group: Group, done: (error: number) => void): void {
    const records: CoordinatorRecord[] = [];
    this.tombstones(group.id, records);
    group.tombstones(records);
    this.#appendAll(records, (error) => done(coordinatorError(error)));
  }

  apply(_type: number, key: Reader, value: RecordValue | null, record: LoggedRecord): void {
    const { group, topic, partition } = readOffsetCommitKey(key, 0);
    if (value === null) {
      this.#store.delete(group, topic, partition);
      return;
    }
    const committed = this.#shareTopicId(decodeOffset(value, record.offset), topic);
    if (this.#context.registry.get(group) === null) this.#addSimple(group);
    if (record.producerId === -1) this.#store.committed.set(group, topic, partition, committed);
    else this.#store.setPending(record.producerId, group, topic, partition, committed);
  }

  endTransaction(producerId: number, outcome: "commit" | "abort"): void {
    this.#store.endTransaction(producerId, outcome);
  }

  loaded(): void {
    const records: CoordinatorRecord[] = [];
    for (const groupId of this.#store.groupIds()) {
      // The group's own record may have been taken back before others of its offsets were written.
      if (this.#context.registry.get(groupId) === null) this.#addSimple(groupId);
      // A topic was deleted, and made again, and the power went before its offsets were forgotten.
      for (const [topic, partitions] of this.#store.committed.ofGroup(groupId)) {
        for (const [partition, committed] of partitions) {
          if (!this.#isOfTopic(committed, topic))
            records.push(encodeOffsetTombstone(groupId, topic, partition));
        }
      }
    }
    this.#appendAll(records, () => {});
    this.#scheduleExpiry();
  }

  /** Offsets of a topic that is gone go, too, and those of the views of its devices. */
  topicChanged(topic: string): void {
    const records: CoordinatorRecord[] = [];
    for (const name of this.#store.topics()) {
      const isOf = name === topic || name.startsWith(`${topic}/`) || name.startsWith(`${topic}--`);
      if (!isOf || this.#context.topics.get(name) !== null) continue;
      for (const [groupId, partition] of this.#store.positionsOfTopic(name)) {
        records.push(encodeOffsetTombstone(groupId, name, partition));
      }
    }
    this.#appendAll(records, () => {});
  }

  #commitError(group: Group | null, request: CommitRequest): number {
    const { caller, version } = request;
    if (group !== null) return group.commitError(caller, false, version) || partitionsError(group, request);
    if (caller.generationOrEpoch >= 0) {
      const known = version >= FIRST_WITH_GROUP_ID_NOT_FOUND;
      return known ? ERROR.GROUP_ID_NOT_FOUND : ERROR.ILLEGAL_GENERATION;
    }
    return this.#context.registry.full ? ERROR.GROUP_MAX_SIZE_REACHED : ERROR.NONE;
  }

  #transactionalCommitError(group: Group | null, request: CommitRequest): number {
    const { caller, version } = request;
    if (group === null) {
      if (caller.generationOrEpoch >= 0) return ERROR.ILLEGAL_GENERATION;
      return this.#context.registry.full ? ERROR.GROUP_MAX_SIZE_REACHED : ERROR.NONE;
    }
    const error = group.commitError(caller, true, version) || partitionsError(group, request);
    // Transactional producers know nothing of member epochs.
    return error === ERROR.STALE_MEMBER_EPOCH ? ERROR.ILLEGAL_GENERATION : error;
  }

  #append(
    request: CommitRequest,
    times: { readonly commitTimestampMs: number; readonly expireTimestampMs: number },
    answer: CommitAnswer,
    { replaces, append }: Target,
  ): void {
    const maxLength = this.#context.settings["offset.metadata.max.bytes"];
    const records: CoordinatorRecord[] = [];
    let added = 0;
    let addedLength = 0;
    // One that the request names twice is replaced once.
    const replaced = new Set<CommittedOffset>();
    for (const { name, id, partitions } of request.topics) {
      for (const { partition, offset, leaderEpoch, metadata } of partitions) {
        const text = metadata ?? "";
        if (text.length > maxLength) continue;
        if (!this.#isKnown(request.groupId, name, partition)) added += 1;
        addedLength += text.length;
        const before = replaces(name, partition);
        if (before !== null && !replaced.has(before)) {
          replaced.add(before);
          addedLength -= before.metadata.length;
        }
        const committed = { offset, leaderEpoch, metadata: text, topicId: id, ...times };
        records.push(encodeOffset(request.groupId, name, partition, committed));
      }
    }
    const answerWith = (error: number): void =>
      answer(
        errorsOf(request, ({ metadata }) =>
          (metadata?.length ?? 0) > maxLength ? ERROR.OFFSET_METADATA_TOO_LARGE : error,
        ),
      );
    if (records.length === 0) answerWith(ERROR.NONE);
    else if (!this.#hasRoom(added, addedLength)) answerWith(ERROR.INVALID_COMMIT_OFFSET_SIZE);
    else append(records, (error) => answerWith(commitErrorOf(error)));
  }

  #hasRoom(added: number, addedLength: number): boolean {
    if (added > 0 && this.#store.size + added > this.#context.settings["offsets.topic.max.offsets"])
      return false;
    return addedLength <= 0 || this.#store.metadataLength + addedLength <= MAX_METADATA_LENGTH;
  }

  /** `stable` is known to be refused elsewhere where nothing is committed yet. */
  #shown(groupId: string, topic: string, partition: number, stable: boolean): FetchedOffset {
    if (stable && this.#store.isPending(groupId, topic, partition)) return UNSTABLE;
    const committed = this.#store.committed.get(groupId, topic, partition);
    if (committed === null) return NO_OFFSET;
    const { offset, leaderEpoch, metadata } = committed;
    return { error: ERROR.NONE, offset, leaderEpoch, metadata };
  }

  #isKnown(groupId: string, topic: string, partition: number): boolean {
    const { committed } = this.#store;
    return (
      committed.get(groupId, topic, partition) !== null || this.#store.isPending(groupId, topic, partition)
    );
  }

  /** One text for all offsets of a topic, rather than one for each. */
  #shareTopicId(committed: CommittedOffset, topic: string): CommittedOffset {
    const id = this.#context.topics.get(topic)?.id;
    return id === committed.topicId ? { ...committed, topicId: id } : committed;
  }

  /** Whether it was committed for the topic that has the name now. */
  #isOfTopic(committed: CommittedOffset, topic: string): boolean {
    if (committed.topicId === ZERO_UUID) return true;
    const now = this.#context.topics.get(topic);
    return now === null || now.id === committed.topicId;
  }

  #scheduleExpiry(): void {
    const { deadlines, settings } = this.#context;
    deadlines.set(EXPIRY, settings["offsets.retention.check.interval.ms"], () => {
      this.#expire();
      this.#scheduleExpiry();
    });
  }

  /** Forgets what nobody uses, and groups that have nothing left. */
  #expire(): void {
    const records: CoordinatorRecord[] = [];
    for (const group of this.#context.registry.all()) {
      const allGone = this.#expireOf(group, records);
      if (allGone && group.isEmpty && group.expires) group.tombstones(records);
    }
    this.#appendAll(records, () => {});
  }

  /** Says whether the group has no offset left. */
  #expireOf(group: Group, records: CoordinatorRecord[]): boolean {
    const nowMs = this.#context.clock.nowMs();
    const retentionMs = this.#context.settings["offsets.retention.minutes"] * MINUTE_MS;
    let allGone = !this.#store.hasPending(group.id);
    for (const [topic, partitions] of this.#store.committed.ofGroup(group.id)) {
      for (const [partition, committed] of partitions) {
        const sinceMs = group.unusedSinceMs(topic, committed.commitTimestampMs);
        const dueMs =
          committed.expireTimestampMs === -1 ? (sinceMs ?? 0) + retentionMs : committed.expireTimestampMs;
        const expired = sinceMs !== null && nowMs >= dueMs;
        if (expired && !this.#store.isPending(group.id, topic, partition))
          records.push(encodeOffsetTombstone(group.id, topic, partition));
        else allGone = false;
      }
    }
    return allGone;
  }

  /** In batches; `done` gets the first error, or 0, once all of them are durable. */
  #appendAll(records: readonly CoordinatorRecord[], done: (error: number) => void): void {
    if (records.length === 0) {
      this.#context.log.whenDurable(done);
      return;
    }
    let failed: number = ERROR.NONE;
    for (let at = 0; at < records.length; at += MAX_BATCH_RECORDS) {
      const last = at + MAX_BATCH_RECORDS >= records.length;
      this.#context.log.append(records.slice(at, at + MAX_BATCH_RECORDS), (error) => {
        if (failed === ERROR.NONE) failed = error;
        if (last) done(failed);
      });
    }
  }
}

/** One partition that the caller may not commit for is enough to refuse all, as in Kafka. */
function partitionsError(group: Group, { caller, topics }: CommitRequest): number {
  for (const { id, partitions } of topics) {
    for (const { partition } of partitions) {
      const error = group.commitPartitionError?.(caller, id, partition) ?? ERROR.NONE;
      if (error !== ERROR.NONE) return error;
    }
  }
  return ERROR.NONE;
}

function errorsOf(
  request: CommitRequest,
  errorOf: (offset: OffsetToCommit) => number,
): readonly (readonly number[])[] {
  return request.topics.map(({ partitions }) => partitions.map(errorOf));
}

/** What a client that commits is told where its record could not be written, as Kafka translates it. */
function commitErrorOf(error: number): number {
  switch (error) {
    case ERROR.MESSAGE_TOO_LARGE:
    case ERROR.RECORD_LIST_TOO_LARGE:
    case ERROR.INVALID_FETCH_SIZE:
      return ERROR.INVALID_COMMIT_OFFSET_SIZE;
    default:
      return coordinatorError(error);
  }
}

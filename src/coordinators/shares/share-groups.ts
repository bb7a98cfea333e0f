import type { Int64, Uuid } from "../../base/ids.ts";
import type { AckCallback } from "../../broker/waiting.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import type { Reader } from "../../kafka/wire/reader.ts";
import type { GroupContext, GroupPart, RecordValue, TopicView } from "../groups/group-part.ts";
import { type Assignment, NO_PARTITIONS, sameAssignment } from "../groups/modern/assignment.ts";
import { MemberTimers } from "../groups/modern/member-timers.ts";
import { metadataHash } from "../groups/modern/metadata-hash.ts";
import { computeTarget, mayAssign } from "../groups/modern/target.ts";
import type { CoordinatorRecord } from "../runtime/coordinator-log.ts";
import { coordinatorError } from "../runtime/internal-log.ts";
import { ShareGroup } from "./share-group.ts";
import {
  currentRecord,
  groupRecord,
  type InitializedTopic,
  initializedRecord,
  memberRecord,
  memberTombstones,
  type ShareMember,
  targetEpochRecord,
  targetRecord,
} from "./share-records.ts";
import { newMember, replayRecord, SHARE_RECORD_TYPES } from "./share-replay.ts";
import type { ShareSettings } from "./share-settings.ts";
import type { SharePartitionId, ShareState } from "./share-state.ts";
import { SIMPLE_ASSIGNOR } from "./simple-assignor.ts";

const LEAVING_EPOCH = -1;
const UNINITIALIZED = -1;

export interface ShareHeartbeat {
  readonly groupId: string;
  readonly memberId: string;
  /** 0 joins, -1 leaves. */
  readonly memberEpoch: number;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  /** Null: as before. */
  readonly topicNames: readonly string[] | null;
}

export interface ShareHeartbeatAnswer {
  readonly memberEpoch: number;
  readonly heartbeatIntervalMs: number;
  /** Null: as before. */
  readonly assignment: Assignment | null;
}

export interface ShareGroupFault {
  readonly error: number;
  readonly message: string;
}

export type HeartbeatDone = (answer: ShareHeartbeatAnswer | ShareGroupFault) => void;

export interface ShareGroupsParts {
  readonly context: GroupContext;
  readonly settings: ShareSettings;
  readonly state: ShareState;
  /** A member is gone: what it holds goes to others. */
  readonly onMemberGone: (groupId: string, memberId: string) => void;
  /** Nobody is left. */
  readonly onGroupEmpty: (groupId: string) => void;
  /** State was begun anew or removed: nothing in memory is to outlive it. */
  readonly onStateChanged: (groupId: string) => void;
}

/** Members of share groups and what they are assigned (KIP-932), kept in `__consumer_offsets`. */
export class ShareGroups implements GroupPart {
  readonly recordTypes = SHARE_RECORD_TYPES;
  readonly #context: GroupContext;
  readonly #settings: ShareSettings;
  readonly #state: ShareState;
  readonly #onMemberGone: (groupId: string, memberId: string) => void;
  readonly #onGroupEmpty: (groupId: string) => void;
  readonly #onStateChanged: (groupId: string) => void;
  readonly #sessions: MemberTimers;

  constructor(parts: ShareGroupsParts) {
    this.#context = parts.context;
    this.#settings = parts.settings;
    this.#state = parts.state;
    this.#onMemberGone = parts.onMemberGone;
    this.#onGroupEmpty = parts.onGroupEmpty;
    this.#onStateChanged = parts.onStateChanged;
    this.#sessions = new MemberTimers(parts.context.deadlines, "share/session");
  }

  get(groupId: string): ShareGroup | null {
    return this.#context.registry.ofKind<ShareGroup>(groupId, "share");
  }

  /** Why there is no share group of this id to describe or change, or the group. */
  find(groupId: string): ShareGroup | ShareGroupFault {
    const group = this.#context.registry.get(groupId);
    if (group === null) return fault(ERROR.GROUP_ID_NOT_FOUND, `Group ${groupId} not found.`);
    return this.get(groupId) ?? fault(ERROR.GROUP_ID_NOT_FOUND, `Group ${groupId} is not a share group.`);
  }

  /** One heartbeat of a member. `done` runs once what it says is durable. */
  heartbeat(beat: ShareHeartbeat, done: HeartbeatDone): void {
    if (beat.memberEpoch === LEAVING_EPOCH) {
      this.#leave(beat, done);
      return;
    }
    const found = this.#groupAndMember(beat);
    if ("error" in found) {
      done(found);
      return;
    }
    const { group, member } = found;
    const records: CoordinatorRecord[] = [];
    const updated = withBeat(member, beat);
    if (!group.members.has(beat.memberId) || !sameMetadata(member, updated)) {
      records.push(memberRecord(group.id, updated));
    }
    const names = this.#subscribed(group, updated);
    const begun = this.#uninitialized(group, names);
    const epoch = this.#groupEpoch(group, member, updated, names, begun.length > 0, records);
    const target = this.#target(group, epoch, updated, records);
    const assigned = assignedOf(updated, target, sameNames(member.topicNames, updated.topicNames), (id) =>
      this.#context.topics.byId(id),
    );
    const settled: ShareMember = {
      ...updated,
      epoch: target.epoch,
      previousEpoch: updated.epoch === target.epoch ? updated.previousEpoch : updated.epoch,
      assigned,
    };
    if (settled.epoch !== member.epoch || !sameAssignment(settled.assigned, member.assigned)) {
      records.push(currentRecord(group.id, settled));
    }
    const changed = !sameAssignment(settled.assigned, member.assigned);
    const answer: ShareHeartbeatAnswer = {
      memberEpoch: settled.epoch,
      heartbeatIntervalMs: this.#settings.heartbeatIntervalMs(group.id),
      assignment: beat.memberEpoch === 0 || beat.topicNames !== null || changed ? settled.assigned : null,
    };
    if (begun.length > 0) records.push(initializedRecord(group.id, this.#withInitialized(group, begun)));
    // A crash may leave state that the group does not know of: it is taken over as it is.
    const fresh = begun.filter((id) => this.#state.get(id) === null);
    bothDurable(
      (durable) => this.#begin(fresh, epoch, durable),
      (durable) => this.#write(records, durable),
      (error) => {
        if (error === 0) done(answer);
        else {
          group.topicsMayHaveChanged = true;
          done(fault(error, "The group's change can't be written."));
        }
      },
    );
    this.#startSession(group.id, beat.memberId);
  }

  /** Sets where partitions begin. The group has no members; it is made where it is missing. */
  alterOffsets(
    groupId: string,
    partitions: readonly { readonly id: SharePartitionId; readonly startOffset: number }[],
    done: AckCallback,
  ): ShareGroupFault | null {
    const taken = this.#context.registry.get(groupId);
    if (taken !== null && taken.kind !== "share") {
      return fault(ERROR.GROUP_ID_NOT_FOUND, `Group ${groupId} is not a share group.`);
    }
    const group = this.get(groupId);
    if (group !== null && !group.isEmpty) {
      return fault(ERROR.NON_EMPTY_GROUP, "The group is not empty.");
    }
    if (group === null && this.#context.registry.full) {
      return fault(ERROR.GROUP_MAX_SIZE_REACHED, "There are as many groups as may be.");
    }
    const topics = this.#withInitialized(
      group,
      partitions.map(({ id }) => id),
    );
    const records = [initializedRecord(groupId, topics)];
    // As in Kafka, a group that begins with its offsets begins in epoch 1, without anybody to assign to.
    if (group === null) records.unshift(groupRecord(groupId, 1, 0), targetEpochRecord(groupId, 1, 0));
    bothDurable(
      (durable) => this.#state.initialize(partitions, group?.epoch ?? 1, durable),
      (durable) => this.#write(records, durable),
      done,
    );
    this.#onStateChanged(groupId);
    return null;
  }

  /** Forgets what the group has done with these topics. It has no members. */
  deleteOffsets(group: ShareGroup, topicIds: ReadonlySet<Uuid>, done: AckCallback): void {
    const ids = this.#state.ofGroup(group.id).flatMap(({ id }) => (topicIds.has(id.topicId) ? [id] : []));
    const left = new Map([...group.initialized].filter(([topicId]) => !topicIds.has(topicId)));
    bothDurable(
      (durable) => this.#state.remove(ids, durable),
      (durable) => this.#write([initializedRecord(group.id, left)], durable),
      done,
    );
    this.#onStateChanged(group.id);
  }

  /** A topic has come, gone or grown: members hear of it at their next heartbeat; state of one that is gone goes. */
  topicChanged(topic: string): void {
    const existing = this.#context.topics.get(topic);
    for (const group of this.#all()) {
      if (group.subscribedTo(topic)) group.topicsMayHaveChanged = true;
      for (const [topicId, { name }] of group.initialized) {
        if (name === topic && topicId !== existing?.id) this.#forgetTopic(group, topicId);
      }
    }
  }

  loaded(): void {
    for (const group of this.#all()) {
      for (const memberId of group.members.keys()) this.#startSession(group.id, memberId);
      for (const topicId of group.initialized.keys()) {
        if (this.#context.topics.byId(topicId) === null) this.#forgetTopic(group, topicId);
      }
    }
  }

  apply(type: number, key: Reader, value: RecordValue | null): void {
    const group = replayRecord(type, key, value, (groupId) => this.#made(groupId, value));
    if (group !== null) this.#context.registry.remove(group);
  }

  /** The group that a record is of: made where it is missing, but not by a record that takes something back. */
  #made(groupId: string, value: RecordValue | null): ShareGroup | null {
    const known = this.get(groupId);
    if (known !== null || value === null) return known;
    const group = new ShareGroup(groupId, (id, done) => this.#removeState(id, done));
    this.#context.registry.set(group);
    return group;
  }

  #removeState(groupId: string, done: (error: number) => void): void {
    const ids = this.#state.ofGroup(groupId).map(({ id }) => id);
    this.#state.remove(ids, (error) => done(error === 0 ? 0 : coordinatorError(error)));
    this.#onStateChanged(groupId);
  }

  *#all(): Iterable<ShareGroup> {
    for (const { id } of this.#context.registry.all()) {
      const group = this.get(id);
      if (group !== null) yield group;
    }
  }

  #groupAndMember(
    beat: ShareHeartbeat,
  ): { readonly group: ShareGroup; readonly member: ShareMember } | ShareGroupFault {
    const { groupId, memberId, memberEpoch } = beat;
    const joins = memberEpoch === 0;
    const taken = this.#context.registry.get(groupId);
    if (taken === null && !joins) {
      return fault(ERROR.GROUP_ID_NOT_FOUND, `Share group ${groupId} not found.`);
    }
    if (taken !== null && taken.kind !== "share") {
      return fault(ERROR.GROUP_ID_NOT_FOUND, `Group ${groupId} is not a share group.`);
    }
    if (taken === null && this.#context.registry.full) {
      return fault(ERROR.GROUP_MAX_SIZE_REACHED, "There are as many groups as may be.");
    }
    const group = this.get(groupId) ?? new ShareGroup(groupId, (id, done) => this.#removeState(id, done));
    const member = group.members.get(memberId);
    const { maxGroupSize } = this.#settings;
    if (member === undefined && group.members.size >= maxGroupSize) {
      const words = `The share group has reached its maximum capacity of ${maxGroupSize} members.`;
      return fault(ERROR.GROUP_MAX_SIZE_REACHED, words);
    }
    if (member === undefined && !joins) {
      return fault(ERROR.UNKNOWN_MEMBER_ID, `Member ${memberId} is not a member of share group ${groupId}.`);
    }
    if (member !== undefined && !joins) {
      const known = memberEpoch === member.epoch || memberEpoch === member.previousEpoch;
      if (!known) {
        const words = `The member's epoch is ${member.epoch}, not ${memberEpoch}: it has to join again.`;
        return fault(ERROR.FENCED_MEMBER_EPOCH, words);
      }
    }
    return { group, member: member ?? newMember(memberId) };
  }

  #leave(beat: ShareHeartbeat, done: HeartbeatDone): void {
    const found = this.find(beat.groupId);
    if ("error" in found) {
      done(found);
      return;
    }
    if (!found.members.has(beat.memberId)) {
      const words = `Member ${beat.memberId} is not a member of share group ${beat.groupId}.`;
      done(fault(ERROR.UNKNOWN_MEMBER_ID, words));
      return;
    }
    this.#remove(found, beat.memberId, (error) => {
      if (error !== 0) done(fault(error, "The member's leaving can't be written."));
      else done({ memberEpoch: LEAVING_EPOCH, heartbeatIntervalMs: 0, assignment: null });
    });
  }

  #remove(group: ShareGroup, memberId: string, done: AckCallback): void {
    this.#sessions.cancel(group.id, memberId);
    const names = new Set<string>();
    for (const member of group.members.values()) {
      if (member.memberId !== memberId) for (const name of member.topicNames) names.add(name);
    }
    const hash = metadataHash(names, this.#context.topics);
    const records = [...memberTombstones(group.id, memberId), groupRecord(group.id, group.epoch + 1, hash)];
    this.#write(records, (error) => done(coordinatorError(error)));
    // Gone from the group or not, it was silent or said that it goes: nothing waits for it.
    this.#onMemberGone(group.id, memberId);
    if (group.isEmpty) this.#onGroupEmpty(group.id);
  }

  #startSession(groupId: string, memberId: string): void {
    this.#sessions.set(groupId, memberId, this.#settings.sessionTimeoutMs(groupId), () => {
      const group = this.get(groupId);
      if (group?.members.has(memberId) !== true) return;
      this.#context.logger.info("a member of a share group was silent for too long", { groupId, memberId });
      this.#remove(group, memberId, (error) => {
        // The disk is full, say: it is looked at again when it would have been silent once more.
        if (error !== 0) this.#startSession(groupId, memberId);
      });
    });
  }

  #subscribed(group: ShareGroup, updated: ShareMember): ReadonlySet<string> {
    const names = new Set(updated.topicNames);
    for (const member of group.members.values()) {
      if (member.memberId !== updated.memberId) for (const name of member.topicNames) names.add(name);
    }
    return names;
  }

  /** Partitions that members subscribe to and that the group has no state of yet. */
  #uninitialized(group: ShareGroup, names: ReadonlySet<string>): SharePartitionId[] {
    const missing: SharePartitionId[] = [];
    for (const name of names) {
      const topic = this.#context.topics.get(name);
      if (topic === null) continue;
      const count = topic.partitions.length;
      const known = group.initialized.get(topic.id);
      if (known !== undefined && known.partitions.length >= count) continue;
      for (let partition = 0; partition < count; partition++) {
        if (known?.partitions.includes(partition) !== true) {
          missing.push({ groupId: group.id, topicId: topic.id, partition });
        }
      }
    }
    return missing;
  }

  #begin(ids: readonly SharePartitionId[], epoch: number, done: AckCallback): void {
    if (ids.length === 0) done(0);
    else
      this.#state.initialize(
        ids.map((id) => ({ id, startOffset: UNINITIALIZED })),
        epoch,
        done,
      );
  }

  #withInitialized(
    group: ShareGroup | null,
    ids: readonly SharePartitionId[],
  ): ReadonlyMap<Uuid, InitializedTopic> {
    const topics = new Map(group?.initialized ?? []);
    for (const { topicId, partition } of ids) {
      const name = this.#context.topics.byId(topicId)?.name ?? "";
      const known = topics.get(topicId)?.partitions ?? [];
      if (known.includes(partition)) continue;
      topics.set(topicId, { name, partitions: [...known, partition].sort((a, b) => a - b) });
    }
    return topics;
  }

  #groupEpoch(
    group: ShareGroup,
    member: ShareMember,
    updated: ShareMember,
    names: ReadonlySet<string>,
    begun: boolean,
    records: CoordinatorRecord[],
  ): number {
    const subscriptionChanged =
      !group.members.has(updated.memberId) || !sameNames(member.topicNames, updated.topicNames);
    if (!subscriptionChanged && !group.topicsMayHaveChanged && !begun) return group.epoch;
    group.topicsMayHaveChanged = false;
    const hash: Int64 = metadataHash(names, this.#context.topics);
    if (!subscriptionChanged && !begun && hash === group.metadataHash) return group.epoch;
    records.push(groupRecord(group.id, group.epoch + 1, hash));
    return group.epoch + 1;
  }

  /** The target of the group's epoch, worked out anew where it may be; else the one there is. */
  #target(
    group: ShareGroup,
    epoch: number,
    updated: ShareMember,
    records: CoordinatorRecord[],
  ): { readonly epoch: number; readonly assignment: Assignment } {
    const { memberId } = updated;
    const kept = { epoch: group.assignmentEpoch, assignment: group.targets.get(memberId) ?? NO_PARTITIONS };
    if (group.assignmentEpoch >= epoch) return kept;
    const nowMs = this.#context.clock.nowMs();
    const intervalMs = this.#settings.assignmentIntervalMs(group.id);
    const clockWentBack = group.assignmentTimestampMs > nowMs;
    if (!clockWentBack && !mayAssign(group.assignmentTimestampMs, intervalMs, nowMs)) return kept;
    const members = [...group.members.values()].filter((member) => member.memberId !== memberId);
    const { assignments, changed } = computeTarget(
      SIMPLE_ASSIGNOR,
      [...members, updated].map((member) => ({
        memberId: member.memberId,
        instanceId: null,
        topicNames: member.topicNames,
        previous: group.targets.get(member.memberId),
      })),
      this.#context.topics,
    );
    for (const [id, assignment] of changed) records.push(targetRecord(group.id, id, assignment));
    records.push(targetEpochRecord(group.id, epoch, nowMs));
    return { epoch, assignment: assignments.get(memberId) ?? NO_PARTITIONS };
  }

  #write(records: readonly CoordinatorRecord[], done: AckCallback): void {
    if (records.length === 0) this.#context.log.whenDurable(done);
    else this.#context.log.append(records, done);
  }

  #forgetTopic(group: ShareGroup, topicId: Uuid): void {
    this.deleteOffsets(group, new Set([topicId]), (error) => {
      if (error === 0) return;
      this.#context.logger.warn("a deleted topic's share group state stays until the next start", {
        groupId: group.id,
        topicId,
      });
    });
  }
}

function withBeat(member: ShareMember, beat: ShareHeartbeat): ShareMember {
  return {
    ...member,
    rackId: beat.rackId ?? member.rackId,
    clientId: beat.clientId,
    clientHost: beat.clientHost,
    topicNames: beat.topicNames === null ? member.topicNames : new Set([...beat.topicNames].sort()),
  };
}

/** What the member has from now on: its target, or, until there is one, what it still subscribes to. */
function assignedOf(
  member: ShareMember,
  target: { readonly epoch: number; readonly assignment: Assignment },
  sameSubscription: boolean,
  topicOf: (id: Uuid) => TopicView | null,
): Assignment {
  if (member.epoch !== target.epoch) return target.assignment;
  if (sameSubscription) return member.assigned;
  return new Map([...member.assigned].filter(([id]) => member.topicNames.has(topicOf(id)?.name ?? "")));
}

function sameMetadata(a: ShareMember, b: ShareMember): boolean {
  return (
    a.rackId === b.rackId &&
    a.clientId === b.clientId &&
    a.clientHost === b.clientHost &&
    sameNames(a.topicNames, b.topicNames)
  );
}

function sameNames(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false;
  for (const name of a) if (!b.has(name)) return false;
  return true;
}

/**
 * Writes to two logs in one turn, the second only where the first took it; `done` gets 0 once both are durable.
 */
function bothDurable(
  first: (done: AckCallback) => void,
  second: (done: AckCallback) => void,
  done: AckCallback,
): void {
  let open = 2;
  let failed = 0;
  const finish: AckCallback = (error) => {
    open -= 1;
    if (failed === 0) failed = error;
    if (open === 0) done(coordinatorError(failed));
  };
  first(finish);
  if (failed === 0) second(finish);
  else finish(failed);
}

function fault(error: number, message: string): ShareGroupFault {
  return { error, message };
}

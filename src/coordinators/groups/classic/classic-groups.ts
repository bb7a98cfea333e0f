import { ERROR } from "../../../kafka/wire/generated/errors.ts";
import { readGroupMetadataKey } from "../../../kafka/wire/generated/group-metadata-key.ts";
import { readGroupMetadataValue } from "../../../kafka/wire/generated/group-metadata-value.ts";
import type { Reader } from "../../../kafka/wire/reader.ts";
import type { CoordinatorRecord } from "../../runtime/coordinator-log.ts";
import { coordinatorError } from "../../runtime/internal-log.ts";
import type { GroupContext, GroupPart, RecordValue } from "../group-part.ts";
import { ClassicGroup } from "./classic-group.ts";
import {
  ClassicMember,
  type MemberBudget,
  type MemberIdentity,
  memberBytes,
  protocolBytes,
} from "./classic-member.ts";
import type {
  Answer,
  ClassicProtocol,
  HeartbeatRequest,
  JoinRequest,
  JoinResult,
  LeaveRequest,
  LeaveResult,
  LeavingMember,
  SyncRequest,
  SyncResult,
} from "./classic-protocol.ts";
import { joinError, syncError } from "./classic-protocol.ts";
import { encodeGroup, GROUP_METADATA_TYPE } from "./classic-records.ts";
import { Joins } from "./joins.ts";
import { Outbox } from "./outbox.ts";
import { Rebalances } from "./rebalances.ts";

/** Members of all classic groups together, those to come included. */
const MAX_MEMBERS = 100_000;
/** What all members say about themselves and are assigned, together. */
const MAX_MEMBER_BYTES = 64 * 1024 * 1024;

/** A consumer group's members as the classic group gets them that takes its place (KIP-848). */
export interface Downgrade {
  readonly groupId: string;
  /** The consumer group's epoch. */
  readonly generationId: number;
  readonly members: readonly (MemberIdentity & { readonly assignment: Uint8Array })[];
  /** What takes the consumer group's own records back. */
  readonly tombstones: readonly CoordinatorRecord[];
  /** Whether members have to join anew, since one has left; not where one has only come in another's place. */
  readonly rebalance: boolean;
}

/**
 * Groups of the classic protocol: consumers before KIP-848, Connect, schema registries. A rebalance waits for
 * members and so for time; what comes out of it is a record of the group with its members and assignments.
 */
export class ClassicGroups implements GroupPart, ClassicProtocol {
  readonly recordTypes = [GROUP_METADATA_TYPE];
  readonly #context: GroupContext;
  readonly #outbox = new Outbox();
  readonly #rebalances: Rebalances;
  readonly #joins: Joins;
  /** What all members hold, for whoever watches over the memory. */
  readonly budget: MemberBudget = { members: 0, heldBytes: 0 };
  readonly #hasOffsets: (groupId: string) => boolean;
  #modern: ClassicProtocol | null = null;
  #loaded = false;

  /** `hasOffsets` says whether offsets of a group are kept, waiting ones included. */
  constructor(context: GroupContext, hasOffsets: (groupId: string) => boolean) {
    this.#context = context;
    this.#hasOffsets = hasOffsets;
    this.#rebalances = new Rebalances(context, this.#outbox, this.#forgetUnused);
    this.#joins = new Joins(context, this.#rebalances, this.budget);
  }

  /** Whoever answers classic members of consumer groups. */
  serveConsumerGroups(modern: ClassicProtocol): void {
    this.#modern = modern;
  }

  join(request: JoinRequest, answer: Answer<JoinResult>): void {
    const error = this.#joinRequestError(request);
    if (error !== ERROR.NONE) {
      answer(joinError(error, request.memberId));
      return;
    }
    const found = this.#context.registry.get(request.groupId);
    if (found?.kind === "consumer" && !found.isEmpty && this.#modern !== null) {
      this.#modern.join(request, answer);
      return;
    }
    this.#outbox.run(() => {
      const later: Answer<JoinResult> = (result) => this.#outbox.give(() => answer(result));
      const group = this.#groupToJoin(request);
      if (typeof group === "number") {
        later(joinError(group, request.memberId));
        return;
      }
      if (this.#overBudget(group, request)) later(joinError(ERROR.GROUP_MAX_SIZE_REACHED, ""));
      else this.#joins.join(group, request, later);
      this.#forgetUnused(group);
    });
  }

  sync(request: SyncRequest, answer: Answer<SyncResult>): void {
    if (request.groupId === "") {
      answer(syncError(ERROR.INVALID_GROUP_ID));
      return;
    }
    const group = this.#context.registry.get(request.groupId);
    if (group === null || group.isEmpty) answer(syncError(ERROR.UNKNOWN_MEMBER_ID));
    else if (group instanceof ClassicGroup) {
      this.#outbox.run(() =>
        this.#syncMember(group, request, (result) => this.#outbox.give(() => answer(result))),
      );
    } else if (group.kind === "consumer" && this.#modern !== null) this.#modern.sync(request, answer);
    else answer(syncError(ERROR.UNKNOWN_MEMBER_ID));
  }

  heartbeat(request: HeartbeatRequest, answer: Answer<number>): void {
    if (request.groupId === "") {
      answer(ERROR.INVALID_GROUP_ID);
      return;
    }
    const group = this.#context.registry.get(request.groupId);
    if (group instanceof ClassicGroup) answer(this.#heartbeatError(group, request));
    else if (group?.kind === "consumer" && this.#modern !== null) this.#modern.heartbeat(request, answer);
    else answer(ERROR.UNKNOWN_MEMBER_ID);
  }

  leave(request: LeaveRequest, answer: Answer<LeaveResult>): void {
    if (request.groupId === "") {
      answer({ error: ERROR.INVALID_GROUP_ID, members: [] });
      return;
    }
    const group = this.#context.registry.get(request.groupId);
    if (group instanceof ClassicGroup) {
      this.#outbox.run(() => {
        const result = this.#leaveMembers(group, request);
        // Whoever was the last is told once the empty group is written down.
        this.#context.log.whenDurable((error) => {
          const told = error === ERROR.NONE ? result : { error: coordinatorError(error), members: [] };
          this.#outbox.give(() => answer(told));
        });
      });
    } else if (group?.kind === "consumer" && this.#modern !== null) this.#modern.leave(request, answer);
    else {
      const error = ERROR.UNKNOWN_MEMBER_ID;
      answer({ error: ERROR.NONE, members: request.members.map((member) => ({ ...member, error })) });
    }
  }

  /** The classic group of this id, or null. */
  get(groupId: string): ClassicGroup | null {
    const group = this.#context.registry.get(groupId);
    return group instanceof ClassicGroup ? group : null;
  }

  /** A group that holds offsets alone, for a program that assigns itself. */
  addSimple(groupId: string): ClassicGroup {
    const group = this.#newGroup(groupId, this.#context.clock.nowMs());
    this.#context.registry.set(group);
    return group;
  }

  /**
   * Puts a classic group in the place of a consumer group, with all of its members. `done` gets 0 once that is
   * durable, or what a client is told; where it is refused at once, nothing has changed.
   */
  takeOver(downgrade: Downgrade, done: (error: number) => void): void {
    const nowMs = this.#context.clock.nowMs();
    const group = this.#newGroup(downgrade.groupId, nowMs);
    const members = downgrade.members.map((said) => {
      const member = new ClassicMember(said, this.budget);
      member.assignment = said.assignment;
      return member;
    });
    const protocolType = members[0]?.protocolType ?? "consumer";
    const facts = { protocolType, generationId: downgrade.generationId, leaderId: null, members };
    group.restore("Stable", { ...facts, protocolName: null });
    group.protocolName = group.selectProtocol();
    group.readSubscriptions();
    this.#outbox.run(() => {
      const records = [...downgrade.tombstones, encodeGroup(group, null)];
      this.#context.log.append(records, (error) => this.#outbox.give(() => done(coordinatorError(error))));
      // What was applied is a group of the same content; this one knows all that its members can speak.
      const applied = this.get(group.id);
      this.#release(applied === null ? group : applied);
      if (applied === null) return;
      this.#context.registry.set(group);
      for (const member of group.members.values()) this.#rebalances.keepAlive(group, member);
      if (downgrade.rebalance) this.#rebalances.prepare(group);
    });
  }

  apply(_type: number, key: Reader, value: RecordValue | null): void {
    if (this.#rebalances.writing) return;
    const { group: groupId } = readGroupMetadataKey(key, 0);
    const known = this.get(groupId);
    if (value === null) {
      if (known === null) return;
      this.#release(known);
      this.#context.registry.remove(known);
      return;
    }
    const said = readGroupMetadataValue(value.reader, value.version);
    const since = Number(said.currentStateTimestamp);
    const group = this.#newGroup(groupId, since === -1 ? null : since);
    const members = said.members.map((member) => {
      const protocols = [{ name: said.protocol ?? "", metadata: member.subscription.slice() }];
      const { memberId, groupInstanceId, clientId, clientHost } = member;
      const timeouts = {
        rebalanceTimeoutMs: member.rebalanceTimeout,
        sessionTimeoutMs: member.sessionTimeout,
      };
      const identity = { memberId, groupInstanceId, clientId, clientHost, protocols, ...timeouts };
      const loaded = new ClassicMember({ ...identity, protocolType: said.protocolType }, this.budget);
      loaded.assignment = member.assignment.slice();
      if (loaded.rebalanceTimeoutMs === -1) loaded.rebalanceTimeoutMs = loaded.sessionTimeoutMs;
      return loaded;
    });
    if (known !== null) this.#release(known);
    group.restore(members.length === 0 ? "Empty" : "Stable", {
      protocolType: said.protocolType,
      protocolName: said.protocol,
      generationId: said.generation,
      leaderId: said.leader,
      members,
    });
    this.#context.registry.set(group);
  }

  /** Members that the log tells of have a session's time to be heard of. */
  loaded(): void {
    this.#loaded = true;
    const maxSize = this.#context.settings["group.max.size"];
    for (const group of [...this.#context.registry.all()]) {
      if (!(group instanceof ClassicGroup)) continue;
      for (const member of group.members.values()) this.#rebalances.keepAlive(group, member);
      if (group.members.size > maxSize) this.#outbox.run(() => this.#rebalances.prepare(group));
    }
  }

  #newGroup(groupId: string, sinceMs: number | null): ClassicGroup {
    return new ClassicGroup(groupId, sinceMs, this.budget, this.#committed);
  }

  /** A group that was begun for a member who never came must not stand in the way of others. */
  readonly #forgetUnused = (group: ClassicGroup): void => {
    if (group.isUnused && !this.#hasOffsets(group.id)) this.#context.registry.remove(group);
  };

  /** In the classic protocol a commit keeps its member's session alive. */
  readonly #committed = (group: ClassicGroup, memberId: string): void => {
    const member = group.members.get(memberId);
    if (member === undefined || group.state === "CompletingRebalance") return;
    this.#rebalances.keepAlive(group, member);
  };

  #release(group: ClassicGroup | null): void {
    if (group === null) return;
    if (this.#loaded) this.#rebalances.endAll(group);
    group.release();
  }

  #joinRequestError(request: JoinRequest): number {
    if (request.groupId === "") return ERROR.INVALID_GROUP_ID;
    const { settings } = this.#context;
    const tooShort = request.sessionTimeoutMs < settings["group.min.session.timeout.ms"];
    const tooLong = request.sessionTimeoutMs > settings["group.max.session.timeout.ms"];
    return tooShort || tooLong ? ERROR.INVALID_SESSION_TIMEOUT : ERROR.NONE;
  }

  /** The group that this request is for, begun where it is a first member's; or why not. */
  #groupToJoin(request: JoinRequest): ClassicGroup | number {
    const { registry } = this.#context;
    const found = registry.get(request.groupId);
    if (found instanceof ClassicGroup) return found;
    if (found?.kind === "share") return ERROR.INCONSISTENT_GROUP_PROTOCOL;
    if (request.memberId !== "") return ERROR.UNKNOWN_MEMBER_ID;
    if (found === null && registry.full) return ERROR.GROUP_MAX_SIZE_REACHED;
    if (found !== null) {
      const tombstones: CoordinatorRecord[] = [];
      found.tombstones(tombstones);
      this.#context.log.append(tombstones, () => {});
      registry.remove(found);
    }
    return this.addSimple(request.groupId);
  }

  #overBudget(group: ClassicGroup, request: JoinRequest): boolean {
    const { members, heldBytes } = this.budget;
    const { memberId, clientId, groupInstanceId, clientHost, protocols } = request;
    const bytes =
      memberBytes(memberId, clientId, groupInstanceId ?? "", clientHost) + protocolBytes(protocols);
    if (heldBytes + bytes > MAX_MEMBER_BYTES) return true;
    return members >= MAX_MEMBERS && !group.members.has(memberId) && !group.pendingJoins.has(memberId);
  }

  #syncMember(group: ClassicGroup, request: SyncRequest, answer: Answer<SyncResult>): void {
    const error = syncRequestError(group, request);
    const member = group.members.get(request.memberId);
    if (error !== ERROR.NONE || member === undefined) answer(syncError(error));
    else if (group.state === "PreparingRebalance") answer(syncError(ERROR.REBALANCE_IN_PROGRESS));
    else if (group.state === "Stable") {
      this.#rebalances.synced(group, member.memberId);
      const { protocolType, protocolName } = group;
      answer({ error: ERROR.NONE, protocolType, protocolName, assignment: member.assignment });
    } else {
      const assignments = new Map(
        request.assignments.map(({ memberId, assignment }) => [memberId, assignment]),
      );
      let bytes = 0;
      for (const assignment of assignments.values()) bytes += assignment.length;
      if (this.budget.heldBytes + bytes > MAX_MEMBER_BYTES) {
        answer(syncError(ERROR.UNKNOWN_SERVER_ERROR));
        return;
      }
      // One that asks twice gets its answer where it asked last; the other wait ends.
      group.answerSync(member, syncError(ERROR.REBALANCE_IN_PROGRESS));
      member.syncing = answer;
      this.#rebalances.synced(group, member.memberId);
      if (group.isLeader(member.memberId)) this.#rebalances.assign(group, assignments);
    }
  }

  #heartbeatError(group: ClassicGroup, request: HeartbeatRequest): number {
    const error = group.memberError(request.memberId, request.groupInstanceId);
    if (error !== ERROR.NONE) return error;
    if (request.generationId !== group.generationId) return ERROR.ILLEGAL_GENERATION;
    const member = group.members.get(request.memberId);
    if (member === undefined || group.isEmpty) return ERROR.UNKNOWN_MEMBER_ID;
    this.#rebalances.keepAlive(group, member);
    return group.state === "PreparingRebalance" ? ERROR.REBALANCE_IN_PROGRESS : ERROR.NONE;
  }

  #leaveMembers(group: ClassicGroup, request: LeaveRequest): LeaveResult {
    const members = request.members.map((member) => ({ ...member, error: this.#leaveError(group, member) }));
    if (members.some(({ error }) => error === ERROR.NONE)) {
      if (group.state === "Stable" || group.state === "CompletingRebalance")
        this.#rebalances.prepareOrComplete(group);
      else this.#rebalances.completeIfAllJoined(group);
      this.#forgetUnused(group);
    }
    return { error: ERROR.NONE, members };
  }

  /** Takes a member out, by its id or, as administrators do, by its instance. Says why not, or 0. */
  #leaveError(group: ClassicGroup, { memberId, groupInstanceId }: LeavingMember): number {
    if (memberId !== "" && group.pendingJoins.has(memberId)) {
      group.remove(memberId);
      this.#rebalances.endSession(group, memberId);
      return ERROR.NONE;
    }
    let leaving = memberId;
    if (memberId === "")
      leaving = groupInstanceId === null ? "" : (group.staticMemberId(groupInstanceId) ?? "");
    else {
      const error = group.memberError(memberId, groupInstanceId);
      if (error !== ERROR.NONE) return error;
    }
    const member = group.members.get(leaving);
    if (member === undefined) return ERROR.UNKNOWN_MEMBER_ID;
    this.#rebalances.endSession(group, leaving);
    this.#rebalances.removeMember(group, member);
    return ERROR.NONE;
  }
}

function syncRequestError(group: ClassicGroup, request: SyncRequest): number {
  const error = group.memberError(request.memberId, request.groupInstanceId);
  if (error !== ERROR.NONE) return error;
  if (request.generationId !== group.generationId) return ERROR.ILLEGAL_GENERATION;
  const otherType = request.protocolType !== null && request.protocolType !== group.protocolType;
  const { protocolName } = group;
  const otherName =
    request.protocolName !== null && protocolName !== null && request.protocolName !== protocolName;
  return otherType || otherName ? ERROR.INCONSISTENT_GROUP_PROTOCOL : ERROR.NONE;
}

import { assert } from "../../../base/assert.ts";
import { ERROR } from "../../../kafka/wire/generated/errors.ts";
import { coordinatorError } from "../../runtime/internal-log.ts";
import type { GroupContext } from "../group-part.ts";
import type { ClassicGroup } from "./classic-group.ts";
import { type ClassicMember, NO_ASSIGNMENT } from "./classic-member.ts";
import { joinError, syncError } from "./classic-protocol.ts";
import { encodeGroup } from "./classic-records.ts";
import type { Outbox } from "./outbox.ts";

/** How long a new member's join may wait for others: it has no session yet, and may be gone. Kafka's figure. */
const NEW_MEMBER_TIMEOUT_MS = 5 * 60 * 1000;

/** Drives classic groups from generation to generation: by joins and syncs, and by time. */
export class Rebalances {
  readonly #context: GroupContext;
  readonly #outbox: Outbox;
  readonly #forgetUnused: (group: ClassicGroup) => void;
  #writing = false;

  /** `forgetUnused` hears of groups that may have nothing left, once a member to come has not come in time. */
  constructor(context: GroupContext, outbox: Outbox, forgetUnused: (group: ClassicGroup) => void) {
    this.#context = context;
    this.#outbox = outbox;
    this.#forgetUnused = forgetUnused;
  }

  /** Whether a record that is being applied is one that the group, as it is, has just become. */
  get writing(): boolean {
    return this.#writing;
  }

  /** Begins a member's session anew. */
  keepAlive(group: ClassicGroup, member: ClassicMember): void {
    this.#expireMember(group, member.memberId, member.sessionTimeoutMs);
  }

  /** The same for one who has just come. */
  awaitFirstRebalance(group: ClassicGroup, member: ClassicMember): void {
    this.#expireMember(group, member.memberId, NEW_MEMBER_TIMEOUT_MS);
  }

  /** A member id was handed out and has to come back in time. */
  awaitReturn(group: ClassicGroup, memberId: string, sessionTimeoutMs: number): void {
    this.#expireMember(group, memberId, sessionTimeoutMs);
  }

  endSession(group: ClassicGroup, memberId: string): void {
    this.#context.deadlines.delete(memberKey(group.id, memberId));
  }

  /** The group is no classic group any more. */
  endAll(group: ClassicGroup): void {
    const { deadlines } = this.#context;
    deadlines.delete(joinKey(group.id));
    deadlines.delete(syncKey(group.id));
    for (const memberId of group.members.keys()) this.endSession(group, memberId);
    for (const memberId of group.pendingJoins) this.endSession(group, memberId);
  }

  /** Something has changed that all members have to hear of. */
  prepareOrComplete(group: ClassicGroup): void {
    if (group.canRebalance) this.prepare(group);
    else this.completeIfAllJoined(group);
  }

  prepare(group: ClassicGroup): void {
    if (group.state === "CompletingRebalance") this.#failSyncs(group, ERROR.REBALANCE_IN_PROGRESS);
    group.pendingSyncs.clear();
    this.#context.deadlines.delete(syncKey(group.id));
    const initial = group.isEmpty;
    group.transitionTo("PreparingRebalance", this.#context.clock.nowMs());
    if (initial) {
      const delayMs = this.#context.settings["group.initial.rebalance.delay.ms"];
      this.#awaitOthers(group, delayMs, Math.max(group.rebalanceTimeoutMs - delayMs, 0));
    } else if (group.allJoined) this.#completeJoin(group);
    else this.#awaitJoins(group);
  }

  /** Ends the wait for joins where nobody is missing; the first rebalance of a group waits its time all the same. */
  completeIfAllJoined(group: ClassicGroup): void {
    if (group.state !== "PreparingRebalance" || group.previousState === "Empty") return;
    if (group.allJoined) this.#completeJoin(group);
  }

  /** Takes a member out who is gone. Whoever waits under its name is told to begin anew. */
  removeMember(group: ClassicGroup, member: ClassicMember): void {
    group.answerJoin(member, joinError(ERROR.UNKNOWN_MEMBER_ID, ""));
    group.answerSync(member, syncError(ERROR.UNKNOWN_MEMBER_ID));
    group.remove(member.memberId);
  }

  /** The leader has shared out: the members get theirs once it is written down. */
  assign(group: ClassicGroup, assignments: ReadonlyMap<string, Uint8Array>): void {
    const { generationId } = group;
    this.store(group, assignments, (error) => {
      if (group.state !== "CompletingRebalance" || group.generationId !== generationId) return;
      if (error === ERROR.NONE) this.#stabilize(group, assignments);
      else {
        this.#failSyncs(group, error);
        this.prepareOrComplete(group);
      }
    });
  }

  /** A member that the group waited for has asked for its assignment. */
  synced(group: ClassicGroup, memberId: string): void {
    group.pendingSyncs.delete(memberId);
    if (group.pendingSyncs.size === 0) this.#context.deadlines.delete(syncKey(group.id));
  }

  /** Writes the group down as it is; `done` gets 0 once that is durable, or what a client is told. */
  store(
    group: ClassicGroup,
    assignments: ReadonlyMap<string, Uint8Array> | null,
    done: (error: number) => void,
  ): void {
    const record = encodeGroup(group, assignments);
    assert(!this.#writing, "a group is written down while another is");
    this.#writing = true;
    try {
      this.#context.log.append([record], (error) => this.#outbox.run(() => done(coordinatorError(error))));
    } finally {
      this.#writing = false;
    }
  }

  /** The first members of a group wait for others, longer with each that comes. */
  #awaitOthers(group: ClassicGroup, delayMs: number, remainingMs: number): void {
    this.#later(joinKey(group.id), delayMs, group, () => {
      if (group.newMemberAdded && remainingMs > 0) {
        group.newMemberAdded = false;
        const { settings } = this.#context;
        const nextMs = Math.min(settings["group.initial.rebalance.delay.ms"], remainingMs);
        this.#awaitOthers(group, nextMs, Math.max(remainingMs - delayMs, 0));
      } else this.#completeJoin(group);
    });
  }

  #awaitJoins(group: ClassicGroup): void {
    this.#later(joinKey(group.id), group.rebalanceTimeoutMs, group, () => this.#completeJoin(group));
  }

  /** Whoever has not joined by now is out, unless it is static; the others begin the next generation. */
  #completeJoin(group: ClassicGroup): void {
    if (group.state !== "PreparingRebalance") return;
    this.#context.deadlines.delete(joinKey(group.id));
    for (const member of [...group.members.values()]) {
      if (member.joining !== null || member.isStatic) continue;
      this.endSession(group, member.memberId);
      group.remove(member.memberId);
    }
    if (!group.electJoinedLeader() && group.members.size > 0) {
      // Static members alone, none of which has come back: they are waited for until their sessions end.
      this.#awaitJoins(group);
      return;
    }
    group.beginGeneration(this.#context.clock.nowMs());
    if (group.isEmpty) this.#storeEmpty(group);
    else this.#announceGeneration(group);
  }

  #storeEmpty(group: ClassicGroup): void {
    this.store(group, null, (error) => {
      if (error === ERROR.NONE) return;
      // After a crash the last generation's members would be there again, and time out.
      this.#context.logger.warn("an empty group could not be written down", { group: group.id, error });
    });
  }

  #announceGeneration(group: ClassicGroup): void {
    for (const member of group.members.values()) {
      group.answerJoin(member, {
        error: ERROR.NONE,
        memberId: member.memberId,
        generationId: group.generationId,
        protocolType: group.protocolType,
        protocolName: group.protocolName,
        leader: group.leaderId ?? "",
        skipAssignment: false,
        members: group.isLeader(member.memberId) ? group.joinedMembers() : [],
      });
      this.keepAlive(group, member);
      member.isNew = false;
      group.pendingSyncs.add(member.memberId);
    }
    const { generationId } = group;
    this.#later(syncKey(group.id), group.rebalanceTimeoutMs, group, () => {
      if (group.generationId === generationId) this.#expireSyncs(group);
    });
  }

  /** Members that have not asked for their assignment in time are out. */
  #expireSyncs(group: ClassicGroup): void {
    if (group.state !== "CompletingRebalance" && group.state !== "Stable") return;
    if (group.pendingSyncs.size === 0) return;
    for (const memberId of [...group.pendingSyncs]) {
      this.endSession(group, memberId);
      group.remove(memberId);
    }
    this.prepare(group);
  }

  #stabilize(group: ClassicGroup, assignments: ReadonlyMap<string, Uint8Array>): void {
    group.transitionTo("Stable", this.#context.clock.nowMs());
    for (const member of group.members.values()) {
      member.assignment = assignments.get(member.memberId) ?? NO_ASSIGNMENT;
      const { protocolType, protocolName } = group;
      const result = { error: ERROR.NONE, protocolType, protocolName, assignment: member.assignment };
      if (group.answerSync(member, result)) this.keepAlive(group, member);
    }
  }

  #failSyncs(group: ClassicGroup, error: number): void {
    for (const member of group.members.values()) {
      member.assignment = NO_ASSIGNMENT;
      if (group.answerSync(member, syncError(error))) this.keepAlive(group, member);
    }
  }

  #expireMember(group: ClassicGroup, memberId: string, timeoutMs: number): void {
    this.#later(memberKey(group.id, memberId), timeoutMs, group, () => {
      const member = group.members.get(memberId);
      if (member === undefined) {
        if (!group.dropPending(memberId)) return;
        if (group.state === "PreparingRebalance" && group.allJoined) this.#completeJoin(group);
        this.#forgetUnused(group);
        return;
      }
      if (member.waits) return;
      this.#context.logger.info("a group's member is gone", { group: group.id, member: memberId });
      this.removeMember(group, member);
      if (group.state === "PreparingRebalance") {
        if (group.allJoined) this.#completeJoin(group);
      } else this.prepareOrComplete(group);
    });
  }

  /** Does this when the time comes, unless the group has given way to another of its name, or to none. */
  #later(key: string, delayMs: number, group: ClassicGroup, work: () => void): void {
    this.#context.deadlines.set(key, Math.max(0, delayMs), () => {
      if (this.#context.registry.get(group.id) === group) this.#outbox.run(work);
    });
  }
}

function joinKey(groupId: string): string {
  return `classic/join/${groupId}`;
}

function syncKey(groupId: string): string {
  return `classic/sync/${groupId}`;
}

/** The length keeps ids that hold slashes apart. */
function memberKey(groupId: string, memberId: string): string {
  return `classic/member/${groupId.length}/${groupId}/${memberId}`;
}

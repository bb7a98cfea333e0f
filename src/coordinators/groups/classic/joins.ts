import { ERROR } from "../../../kafka/wire/generated/errors.ts";
import type { GroupContext } from "../group-part.ts";
import type { ClassicGroup } from "./classic-group.ts";
import { ClassicMember, type MemberBudget } from "./classic-member.ts";
import {
  type Answer,
  type JoinRequest,
  type JoinResult,
  joinError,
  type MemberProtocol,
} from "./classic-protocol.ts";
import type { Rebalances } from "./rebalances.ts";

/** What JoinGroup does to a classic group, by the group's state and by who asks. */
export class Joins {
  readonly #context: GroupContext;
  readonly #rebalances: Rebalances;
  readonly #budget: MemberBudget;

  constructor(context: GroupContext, rebalances: Rebalances, budget: MemberBudget) {
    this.#context = context;
    this.#rebalances = rebalances;
    this.#budget = budget;
  }

  join(group: ClassicGroup, said: JoinRequest, answer: Answer<JoinResult>): void {
    const request = { ...said, protocols: firstOfEachName(said.protocols) };
    if (!this.#hasRoom(group, request.memberId)) {
      group.remove(request.memberId);
      this.#rebalances.endSession(group, request.memberId);
      answer(joinError(ERROR.GROUP_MAX_SIZE_REACHED, ""));
      this.#rebalances.completeIfAllJoined(group);
    } else if (!group.supports(request.protocolType, request.protocols)) {
      answer(joinError(ERROR.INCONSISTENT_GROUP_PROTOCOL, request.memberId));
    } else if (request.memberId === "") this.#joinNew(group, request, answer);
    else this.#joinKnown(group, request, answer);
  }

  #joinNew(group: ClassicGroup, request: JoinRequest, answer: Answer<JoinResult>): void {
    const { groupInstanceId, clientId } = request;
    const memberId = `${groupInstanceId ?? clientId}-${this.#uuid()}`;
    const replacedId = groupInstanceId === null ? null : group.staticMemberId(groupInstanceId);
    const replaced = replacedId === null ? undefined : group.members.get(replacedId);
    if (replaced !== undefined) this.#replaceStatic(group, request, replaced, memberId, answer);
    else if (groupInstanceId === null && request.requireKnownMemberId) {
      group.awaitReturn(memberId);
      this.#rebalances.awaitReturn(group, memberId, request.sessionTimeoutMs);
      answer(joinError(ERROR.MEMBER_ID_REQUIRED, memberId));
    } else this.#add(group, request, memberId, answer);
  }

  #joinKnown(group: ClassicGroup, request: JoinRequest, answer: Answer<JoinResult>): void {
    const { memberId, groupInstanceId, protocols } = request;
    if (group.pendingJoins.has(memberId)) {
      // An id that was handed out belongs to one without an instance.
      if (groupInstanceId !== null) answer(joinError(ERROR.UNKNOWN_SERVER_ERROR, memberId));
      else this.#add(group, request, memberId, answer);
      return;
    }
    const error = group.memberError(memberId, groupInstanceId);
    const member = group.members.get(memberId);
    if (error !== ERROR.NONE || member === undefined) {
      answer(joinError(error, memberId));
      return;
    }
    switch (group.state) {
      case "PreparingRebalance":
        this.#update(group, member, request, answer);
        return;
      case "CompletingRebalance":
        // It may have missed the answer to its join.
        if (member.matches(protocols)) answer(generationAs(group, memberId, group.isLeader(memberId)));
        else this.#update(group, member, request, answer);
        return;
      case "Stable":
        // A leader that comes again wants to share out anew: it has seen something that members don't say.
        if (group.isLeader(memberId) || !member.matches(protocols))
          this.#update(group, member, request, answer);
        else answer(generationAs(group, memberId, false));
        return;
      default:
        answer(joinError(ERROR.UNKNOWN_MEMBER_ID, memberId));
    }
  }

  #add(group: ClassicGroup, request: JoinRequest, memberId: string, answer: Answer<JoinResult>): void {
    const member = new ClassicMember({ ...request, memberId }, this.#budget);
    member.isNew = true;
    if (group.state === "PreparingRebalance" && group.previousState === "Empty") group.newMemberAdded = true;
    group.add(member, answer);
    this.#rebalances.awaitFirstRebalance(group, member);
    this.#rebalances.prepareOrComplete(group);
  }

  #update(
    group: ClassicGroup,
    member: ClassicMember,
    request: JoinRequest,
    answer: Answer<JoinResult>,
  ): void {
    group.update(member, request, answer);
    this.#rebalances.prepareOrComplete(group);
  }

  /** A static member has come back without its id, as after a restart: it goes on where it was (KIP-345, 814). */
  #replaceStatic(
    group: ClassicGroup,
    request: JoinRequest,
    old: ClassicMember,
    memberId: string,
    answer: Answer<JoinResult>,
  ): void {
    const leaderBefore = group.leaderId ?? "";
    const member = new ClassicMember(
      {
        memberId,
        groupInstanceId: old.groupInstanceId,
        clientId: old.clientId,
        clientHost: old.clientHost,
        protocolType: old.protocolType,
        rebalanceTimeoutMs: old.rebalanceTimeoutMs,
        sessionTimeoutMs: old.sessionTimeoutMs,
        protocols: old.protocols,
      },
      this.#budget,
    );
    member.assignment = old.assignment;
    group.replace(old, member);
    this.#rebalances.endSession(group, old.memberId);
    this.#rebalances.keepAlive(group, member);
    group.update(member, request, answer);
    if (group.state === "CompletingRebalance") this.#rebalances.prepare(group);
    else if (group.state !== "Stable") this.#rebalances.completeIfAllJoined(group);
    else if (group.selectProtocol() !== group.protocolName) this.#rebalances.prepareOrComplete(group);
    else this.#storeReplaced(group, request, member, leaderBefore);
  }

  /** Nothing that others know has changed: the new id is written down, and there is no rebalance. */
  #storeReplaced(
    group: ClassicGroup,
    request: JoinRequest,
    member: ClassicMember,
    leaderBefore: string,
  ): void {
    this.#rebalances.store(group, null, (error) => {
      const { memberId } = member;
      if (error !== ERROR.NONE) group.answerJoin(member, joinError(error, ""));
      else if (!request.supportsSkippingAssignment)
        // Told that another leads, an old leader does not share out again.
        group.answerJoin(member, { ...generationAs(group, memberId, false), leader: leaderBefore });
      else {
        const leads = group.isLeader(memberId);
        group.answerJoin(member, { ...generationAs(group, memberId, leads), skipAssignment: leads });
      }
    });
  }

  /**
   * Whether the group takes this member. While it waits for joins those who have come count, so that a group that
   * is too large since the setting changed gets rid of the last ones.
   */
  #hasRoom(group: ClassicGroup, memberId: string): boolean {
    const maxSize = this.#context.settings["group.max.size"];
    const member = group.members.get(memberId);
    switch (group.state) {
      case "Empty":
        return true;
      case "PreparingRebalance":
        return (member !== undefined && member.joining !== null) || group.joiningCount < maxSize;
      default:
        return member !== undefined || group.members.size < maxSize;
    }
  }

  #uuid(): string {
    const bytes = this.#context.random.bytes(16);
    // Version 4, variant 1 of RFC 9562.
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
    return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }
}

function generationAs(group: ClassicGroup, memberId: string, withMembers: boolean): JoinResult {
  return {
    error: ERROR.NONE,
    memberId,
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? "",
    skipAssignment: false,
    members: withMembers ? group.joinedMembers() : [],
  };
}

/** A protocol that is said twice would be counted twice. */
function firstOfEachName(protocols: readonly MemberProtocol[]): readonly MemberProtocol[] {
  const names = new Set<string>();
  return protocols.filter(({ name }) => !names.has(name) && names.add(name));
}

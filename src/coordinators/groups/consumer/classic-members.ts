import { hasCode } from "../../../base/errors.ts";
import { uuidFromBytes } from "../../../base/ids.ts";
import type { ConsumerProtocolSubscription } from "../../../kafka/wire/generated/consumer-protocol-subscription.ts";
import { ERROR } from "../../../kafka/wire/generated/errors.ts";
import {
  type Answer,
  type ClassicProtocol,
  type HeartbeatRequest,
  type JoinRequest,
  type JoinResult,
  joinError,
  type LeaveRequest,
  type LeaveResult,
  type LeavingMember,
  type SyncRequest,
  type SyncResult,
  syncError,
} from "../classic/classic-protocol.ts";
import type { ConsumerGroup } from "./group.ts";
import { replaceStatic } from "./heartbeats.ts";
import { type ConsumerMember, newMember, partitionsOf, topicNameSet } from "./member.ts";
import { classicAssignment, namedAssignment, readSubscription } from "./migration.ts";
import { type PlanInput, reconcileMember, retarget, type Subscribed, subscribe } from "./plan.ts";
import { isRefusal, type Refusal, refuse } from "./refusal.ts";
import type { ConsumerRuntime, OpenDraft } from "./runtime.ts";
import { instanceFault, unknownInstance, unknownMember } from "./validate.ts";

const CONSUMER_PROTOCOL = "consumer";

/**
 * Answers members of the classic protocol that are in a consumer group (KIP-848): each of them reaches its target by
 * joins and syncs of its own, told by its heartbeats, and nobody waits for the others. The member's epoch is its
 * generation.
 */
export class ClassicMembers implements ClassicProtocol {
  readonly #runtime: ConsumerRuntime;

  constructor(runtime: ConsumerRuntime) {
    this.#runtime = runtime;
  }

  join(request: JoinRequest, answer: Answer<JoinResult>): void {
    const { outbox } = this.#runtime;
    outbox.run(() => {
      const later: Answer<JoinResult> = (result) => outbox.give(() => answer(result));
      const refusal = this.#join(request, later);
      if (refusal !== null) later(joinError(refusal.error, request.memberId));
    });
  }

  sync(request: SyncRequest, answer: Answer<SyncResult>): void {
    const found = this.#findMember(request);
    if (isRefusal(found)) {
      answer(syncError(found.error));
      return;
    }
    const { group, member } = found;
    const error = syncFault(group, member, request);
    if (error !== ERROR.NONE) {
      if (error === ERROR.REBALANCE_IN_PROGRESS) this.#runtime.awaitJoin(group.id, member);
      answer(syncError(error));
      return;
    }
    const { sessionTimeoutMs, supportedProtocols } = classicOf(member);
    this.#runtime.syncs.cancel(group.id, member.memberId);
    this.#runtime.keepSession(group.id, member.memberId, sessionTimeoutMs);
    const assignment = classicAssignment(
      partitionsOf(member.assigned),
      supportedProtocols[0]?.metadata ?? new Uint8Array(2),
      this.#runtime.context.topics,
    );
    const { protocolType, protocolName } = request;
    this.#runtime.context.log.whenDurable((failed) =>
      answer(
        failed === ERROR.NONE
          ? { error: ERROR.NONE, protocolType, protocolName, assignment }
          : syncError(failed),
      ),
    );
  }

  heartbeat(request: HeartbeatRequest, answer: Answer<number>): void {
    const found = this.#findMember(request);
    if (isRefusal(found)) {
      answer(found.error);
      return;
    }
    const { group, member } = found;
    if (member.classic === null) answer(ERROR.UNKNOWN_MEMBER_ID);
    else if (member.epoch !== request.generationId) answer(ERROR.ILLEGAL_GENERATION);
    else {
      this.#runtime.keepSession(group.id, member.memberId, member.classic.sessionTimeoutMs);
      const mustRejoin =
        member.epoch < group.targetEpoch ||
        needsTarget(group) ||
        member.state === "unrevoked" ||
        (member.state === "unreleased" && !waitsForOthers(group, member));
      if (mustRejoin) this.#runtime.awaitJoin(group.id, member);
      answer(mustRejoin ? ERROR.REBALANCE_IN_PROGRESS : ERROR.NONE);
    }
  }

  leave(request: LeaveRequest, answer: Answer<LeaveResult>): void {
    const { outbox } = this.#runtime;
    outbox.run(() => {
      const group = this.#runtime.group(request.groupId);
      const leaving = new Set<string>();
      const members = request.members.map((said) => {
        const member = group === null ? unknownMember(request.groupId, said.memberId) : leaver(group, said);
        if (!isRefusal(member)) leaving.add(member.memberId);
        return { ...said, error: isRefusal(member) ? member.error : ERROR.NONE };
      });
      const done = (error: number): void =>
        outbox.give(() => answer(error === ERROR.NONE ? { error, members } : { error, members: [] }));
      if (group === null) done(ERROR.NONE);
      else this.#runtime.remove(group, leaving, done);
    });
  }

  #findMember(request: {
    readonly groupId: string;
    readonly memberId: string;
    readonly groupInstanceId: string | null;
  }): { readonly group: ConsumerGroup; readonly member: ConsumerMember } | Refusal {
    const { groupId, memberId, groupInstanceId } = request;
    const group = this.#runtime.group(groupId);
    if (group === null) return unknownMember(groupId, memberId);
    if (groupInstanceId === null) {
      const member = group.members.get(memberId);
      return member === undefined ? unknownMember(groupId, memberId) : { group, member };
    }
    const holder = group.staticMember(groupInstanceId);
    if (holder === null) return unknownInstance(groupInstanceId);
    return instanceFault(holder, memberId) ?? { group, member: holder };
  }

  #join(request: JoinRequest, answer: Answer<JoinResult>): Refusal | null {
    const runtime = this.#runtime;
    const { groupId, groupInstanceId } = request;
    const draft = runtime.openDraft(groupId, false);
    if (isRefusal(draft)) return unknownMember(groupId, request.memberId);
    const { group } = draft;
    if (runtime.context.settings["group.consumer.migration.policy"] === "disabled") {
      const words = `Cannot join the consumer group ${groupId} with the classic protocol because the group migration is disabled.`;
      return refuse(ERROR.INCONSISTENT_GROUP_PROTOCOL, words);
    }
    const unknown = request.memberId === "";
    const memberId = unknown ? uuidFromBytes(runtime.context.random.bytes(16)) : request.memberId;
    const full = runtime.memberRefusal(group, memberId);
    if (full !== null) return full;
    if (!supports(group, request)) {
      const words = `Member ${memberId}'s protocols are not supported.`;
      return refuse(ERROR.INCONSISTENT_GROUP_PROTOCOL, words);
    }
    if (unknown && groupInstanceId === null && request.requireKnownMemberId) {
      answer(joinError(ERROR.MEMBER_ID_REQUIRED, memberId));
      return null;
    }
    const subscription = subscriptionOf(request);
    if (isRefusal(subscription)) return subscription;
    const found = this.#memberToJoin(draft, memberId, groupInstanceId, unknown);
    if (isRefusal(found)) return found;
    const { member, replaced } = found;
    const said = withJoin(member, request, subscription);
    const noRoom = runtime.roomRefusal(group, said);
    if (noRoom !== null) return noRoom;
    const input = { ...runtime.planInput(groupId), maySee: request.maySee };
    const subscribed = subscribe(draft, member, said, input);
    if (isRefusal(subscribed)) return subscribed;
    const result = (error: number, generationId: number): void => {
      const protocolName = request.protocols[0]?.name ?? "";
      const joined = { generationId, protocolType: CONSUMER_PROTOCOL, protocolName };
      answer(error === ERROR.NONE ? { ...NO_LEADER, memberId, ...joined } : joinError(error, memberId));
    };
    if (replaced !== null && runtime.mayDowngrade(group, new Set([replaced.memberId]), 1)) {
      const leaving = new Set([replaced.memberId]);
      const stale = subscribed.groupEpoch > group.targetEpoch;
      runtime.downgrade(group, leaving, said, stale, (error) => result(error, group.epoch));
      return null;
    }
    return this.#reconcileJoined(draft, said, subscribed, input, subscription, result);
  }

  /** Brings a member that has joined a step on, and waits for its sync. */
  #reconcileJoined(
    draft: OpenDraft,
    said: ConsumerMember,
    subscribed: Subscribed,
    input: PlanInput,
    subscription: ConsumerProtocolSubscription,
    result: (error: number, generationId: number) => void,
  ): Refusal | null {
    const runtime = this.#runtime;
    const target = retarget(draft, said, subscribed, input);
    const owned = namedAssignment(subscription.ownedPartitions, input.topics);
    const next = reconcileMember(draft, said, target, subscribed, owned, input.topics);
    if (isRefusal(next)) return next;
    const { memberId } = next;
    const groupId = draft.group.id;
    runtime.write(
      draft,
      () => {
        runtime.noteTopics(groupId, subscribed, input);
        runtime.rebalances.cancel(groupId, memberId);
        runtime.joins.cancel(groupId, memberId);
        runtime.keepSession(groupId, memberId, classicOf(next).sessionTimeoutMs);
        runtime.awaitSync(groupId, memberId, next.rebalanceTimeoutMs);
      },
      (error) => result(error, next.epoch),
    );
    return null;
  }

  #memberToJoin(
    draft: OpenDraft,
    memberId: string,
    groupInstanceId: string | null,
    unknown: boolean,
  ): { readonly member: ConsumerMember; readonly replaced: ConsumerMember | null } | Refusal {
    const { group } = draft;
    if (groupInstanceId === null) {
      return { member: group.members.get(memberId) ?? newMember(memberId), replaced: null };
    }
    const holder = group.staticMember(groupInstanceId);
    if (unknown) {
      if (holder === null) return { member: newMember(memberId), replaced: null };
      return { member: replaceStatic(draft, holder, memberId), replaced: holder };
    }
    if (holder === null) return unknownInstance(groupInstanceId);
    return instanceFault(holder, memberId) ?? { member: holder, replaced: null };
  }
}

const NO_LEADER = { error: ERROR.NONE, leader: "", skipAssignment: false, members: [] } as const;

/** Whether the classic members of the group could speak one protocol with this one. */
function supports(group: ConsumerGroup, request: JoinRequest): boolean {
  if (request.protocolType !== CONSUMER_PROTOCOL) return false;
  if (group.isEmpty) return request.protocols.length > 0;
  const classic = [...group.members.values()].filter((member) => member.classic !== null);
  return request.protocols.some(({ name }) =>
    classic.every((member) => classicOf(member).supportedProtocols.some((other) => other.name === name)),
  );
}

function subscriptionOf(request: JoinRequest): ConsumerProtocolSubscription | Refusal {
  try {
    return readSubscription(request.protocols[0]?.metadata ?? new Uint8Array(0));
  } catch (error) {
    if (!hasCode(error, "MALFORMED") && !hasCode(error, "UNSUPPORTED")) throw error;
    const words = "The subscription of the consumer protocol can't be read.";
    return refuse(ERROR.INCONSISTENT_GROUP_PROTOCOL, words);
  }
}

function withJoin(
  member: ConsumerMember,
  request: JoinRequest,
  subscription: ConsumerProtocolSubscription,
): ConsumerMember {
  const { rebalanceTimeoutMs } = request;
  return {
    ...member,
    instanceId: request.groupInstanceId ?? member.instanceId,
    rackId: subscription.rackId ?? member.rackId,
    rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : rebalanceTimeoutMs,
    topicNames: topicNameSet(subscription.topics),
    topicRegex: "",
    clientId: request.clientId,
    clientHost: request.clientHost,
    classic: { sessionTimeoutMs: request.sessionTimeoutMs, supportedProtocols: [...request.protocols] },
  };
}

function classicOf(member: ConsumerMember) {
  return member.classic ?? { sessionTimeoutMs: 0, supportedProtocols: [] };
}

function syncFault(group: ConsumerGroup, member: ConsumerMember, request: SyncRequest): number {
  if (member.classic === null) return ERROR.UNKNOWN_MEMBER_ID;
  if (member.epoch !== request.generationId) return ERROR.ILLEGAL_GENERATION;
  const { protocolType, protocolName } = request;
  if (protocolType !== null && protocolType !== CONSUMER_PROTOCOL) return ERROR.INCONSISTENT_GROUP_PROTOCOL;
  if (protocolName !== null && protocolName !== member.classic.supportedProtocols[0]?.name) {
    return ERROR.INCONSISTENT_GROUP_PROTOCOL;
  }
  // One that still has to give partitions up gets its assignment first, and rejoins when it has done so.
  const behind = group.targetEpoch > member.epoch && member.state !== "unrevoked";
  return behind ? ERROR.REBALANCE_IN_PROGRESS : ERROR.NONE;
}

/**
 * Whether only a join can bring the target that the group's epoch asks for: nobody is left whose heartbeats would.
 * Apache Kafka waits for somebody to come.
 */
function needsTarget(group: ConsumerGroup): boolean {
  if (group.epoch <= group.targetEpoch) return false;
  for (const { classic } of group.members.values()) if (classic === null) return false;
  return true;
}

/** Whether a partition of the member's target is still with somebody else. */
function waitsForOthers(group: ConsumerGroup, member: ConsumerMember): boolean {
  for (const [topicId, partitions] of group.target(member.memberId)) {
    const assigned = member.assigned.get(topicId);
    for (const partition of partitions) {
      if (assigned?.has(partition) !== true && group.ownerOf(topicId, partition) !== undefined) return true;
    }
  }
  return false;
}

function leaver(group: ConsumerGroup, said: LeavingMember): ConsumerMember | Refusal {
  if (said.groupInstanceId === null) {
    return group.members.get(said.memberId) ?? unknownMember(group.id, said.memberId);
  }
  const holder = group.staticMember(said.groupInstanceId);
  if (holder === null) return unknownInstance(said.groupInstanceId);
  // An administrator knows the instance alone.
  return (said.memberId === "" ? null : instanceFault(holder, said.memberId)) ?? holder;
}

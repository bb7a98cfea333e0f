import { uuidFromBytes } from "../../../base/ids.ts";
import type { ConsumerGroupHeartbeatRequest } from "../../../kafka/wire/generated/consumer-group-heartbeat-request.ts";
import { ERROR } from "../../../kafka/wire/generated/errors.ts";
import { type Assignment, assignmentOf } from "../modern/assignment.ts";
import {
  AWAY_EPOCH,
  type ConsumerMember,
  JOINING_EPOCH,
  LEAVING_EPOCH,
  NO_EPOCHS,
  newMember,
  partitionsOf,
  sameEpochs,
  topicNameSet,
  withEpoch,
} from "./member.ts";
import { type Draft, reconcileMember, retarget, subscribe } from "./plan.ts";
import { currentRecord, memberRecord, memberTombstones, targetRecord } from "./records.ts";
import { isRefusal, type Refusal, refuse } from "./refusal.ts";
import type { ConsumerRuntime, OpenDraft } from "./runtime.ts";
import {
  epochFault,
  heartbeatFault,
  instanceFault,
  unknownInstance,
  unknownMember,
  unreleasedFault,
} from "./validate.ts";

/** Who sends a heartbeat. */
export interface ConsumerClient {
  readonly clientId: string;
  /** With a slash before it. */
  readonly clientHost: string;
  /** Of the request. */
  readonly version: number;
  /** Topics that an expression may bring to this client; all where it is left out. */
  readonly maySee?: (topic: string) => boolean;
}

export interface HeartbeatAnswer {
  /** Kafka's code; with one, everything else but the words is empty. */
  readonly error: number;
  readonly message: string | null;
  readonly memberId: string | null;
  readonly memberEpoch: number;
  readonly heartbeatIntervalMs: number;
  /** What the member is to have; null where that is what it was told before. */
  readonly assignment: Assignment | null;
}

/** Answers heartbeats of the consumer protocol: they join, leave, go on, and bring members to their targets. */
export class Heartbeats {
  readonly #runtime: ConsumerRuntime;

  constructor(runtime: ConsumerRuntime) {
    this.#runtime = runtime;
  }

  heartbeat(
    request: ConsumerGroupHeartbeatRequest,
    client: ConsumerClient,
    answer: (answer: HeartbeatAnswer) => void,
  ): void {
    const fault = heartbeatFault(request, client.version);
    if (fault !== null) {
      answer(failed(fault));
      return;
    }
    const { outbox } = this.#runtime;
    outbox.run(() => {
      const later = (result: HeartbeatAnswer): void => outbox.give(() => answer(result));
      const leaves = request.memberEpoch === LEAVING_EPOCH || request.memberEpoch === AWAY_EPOCH;
      const refusal = leaves ? this.#leave(request, later) : this.#beat(request, client, later);
      if (refusal !== null) later(failed(refusal));
    });
  }

  #beat(
    request: ConsumerGroupHeartbeatRequest,
    client: ConsumerClient,
    answer: (answer: HeartbeatAnswer) => void,
  ): Refusal | null {
    const runtime = this.#runtime;
    const { groupId } = request;
    const draft = runtime.openDraft(groupId, request.memberEpoch === JOINING_EPOCH);
    if (isRefusal(draft)) return draft;
    const memberId =
      request.memberId === "" ? uuidFromBytes(runtime.context.random.bytes(16)) : request.memberId;
    const full = runtime.memberRefusal(draft.group, memberId);
    if (full !== null) return full;
    const owned = request.topicPartitions === null ? null : assignmentOf(request.topicPartitions);
    const member = findMember(draft, request, memberId, owned);
    if (isRefusal(member)) return member;
    const said = withRequest(member, request, client);
    const noRoom = runtime.roomRefusal(draft.group, said);
    if (noRoom !== null) return noRoom;
    const input = { ...runtime.planInput(groupId), maySee: client.maySee };
    const subscribed = subscribe(draft, member, said, input);
    if (isRefusal(subscribed)) return subscribed;
    const target = retarget(draft, said, subscribed, input);
    const next = reconcileMember(draft, said, target, subscribed, owned, input.topics);
    if (isRefusal(next)) return next;
    const times = runtime.times(groupId);
    runtime.write(
      draft,
      () => {
        runtime.noteTopics(groupId, subscribed, input);
        runtime.keepSession(groupId, memberId, times.sessionTimeoutMs);
        // One that has moved to this protocol is no longer waited for in the other.
        runtime.joins.cancel(groupId, memberId);
        runtime.syncs.cancel(groupId, memberId);
        if (next === said) return;
        if (next.state === "unrevoked") runtime.awaitRevocation(groupId, next);
        else runtime.rebalances.cancel(groupId, memberId);
      },
      (error) => {
        if (error !== ERROR.NONE) {
          answer(failed({ error, message: null }));
          return;
        }
        const tellsAll = saysEverything(request) || !sameEpochs(member.assigned, next.assigned);
        answer({
          error: ERROR.NONE,
          message: null,
          memberId,
          memberEpoch: next.epoch,
          heartbeatIntervalMs: times.heartbeatIntervalMs,
          assignment: tellsAll ? partitionsOf(next.assigned) : null,
        });
      },
    );
    return null;
  }

  #leave(request: ConsumerGroupHeartbeatRequest, answer: (answer: HeartbeatAnswer) => void): Refusal | null {
    const runtime = this.#runtime;
    const { groupId, memberId, instanceId, memberEpoch } = request;
    if (runtime.context.registry.get(groupId) === null) {
      return refuse(ERROR.GROUP_ID_NOT_FOUND, `Group ${groupId} not found.`);
    }
    const draft = runtime.openDraft(groupId, false);
    if (isRefusal(draft)) return draft;
    const { group } = draft;
    const member = instanceId === null ? group.members.get(memberId) : group.staticMember(instanceId);
    if (member === undefined) return unknownMember(groupId, memberId);
    if (member === null) return unknownInstance(instanceId ?? "");
    const fenced = instanceId === null ? null : instanceFault(member, memberId);
    if (fenced !== null) return fenced;
    const done = (error: number): void => {
      if (error !== ERROR.NONE) answer(failed({ error, message: null }));
      else answer({ ...NOTHING, memberId, memberEpoch });
    };
    if (instanceId !== null && memberEpoch === AWAY_EPOCH) this.#goAway(draft, member, done);
    else runtime.remove(group, new Set([member.memberId]), done);
    return null;
  }

  /**
   * A static member goes, and means to come back: nobody else gets its partitions until its session ends. Its epochs
   * begin anew, so that what its old self commits from here on is refused.
   */
  #goAway(draft: OpenDraft, member: ConsumerMember, done: (error: number) => void): void {
    const assigned = withEpoch(partitionsOf(member.assigned), 0);
    const away = { ...member, epoch: AWAY_EPOCH, assigned, revoking: NO_EPOCHS };
    draft.records.push(currentRecord(draft.group.id, away));
    this.#runtime.write(draft, () => {}, done);
  }
}

const NOTHING: HeartbeatAnswer = {
  error: ERROR.NONE,
  message: null,
  memberId: null,
  memberEpoch: 0,
  heartbeatIntervalMs: 0,
  assignment: null,
};

function failed({ error, message }: { readonly error: number; readonly message: string | null }) {
  return { ...NOTHING, error, message };
}

/** A member that says all of this has lost its place or an answer, and is told everything. */
function saysEverything(request: ConsumerGroupHeartbeatRequest): boolean {
  if (request.memberEpoch === JOINING_EPOCH) return true;
  const subscription = request.subscribedTopicNames !== null || request.subscribedTopicRegex !== null;
  return request.rebalanceTimeoutMs !== -1 && subscription && request.topicPartitions !== null;
}

/** The member that a heartbeat is of, or a new one, or why it can't go on. */
function findMember(
  draft: Draft,
  request: ConsumerGroupHeartbeatRequest,
  memberId: string,
  owned: Assignment | null,
): ConsumerMember | Refusal {
  const { group } = draft;
  const { instanceId, memberEpoch } = request;
  const joins = memberEpoch === JOINING_EPOCH;
  if (instanceId === null) {
    const known = group.members.get(memberId);
    if (known === undefined) return joins ? newMember(memberId) : unknownMember(group.id, memberId);
    return epochFault(known, memberEpoch, owned) ?? known;
  }
  const holder = group.staticMember(instanceId);
  if (joins) {
    if (holder === null) return group.members.get(memberId) ?? newMember(memberId);
    const unreleased = holder.classic === null ? unreleasedFault(holder, memberId) : null;
    return unreleased ?? replaceStatic(draft, holder, memberId);
  }
  if (holder === null) return unknownInstance(instanceId);
  return instanceFault(holder, memberId) ?? epochFault(holder, memberEpoch, owned) ?? holder;
}

/** Puts a new member in the place of a static one, with what that had. */
export function replaceStatic(
  { group, records }: Draft,
  holder: ConsumerMember,
  memberId: string,
): ConsumerMember {
  const member: ConsumerMember = { ...holder, memberId, epoch: 0, previousEpoch: 0 };
  records.push(
    ...memberTombstones(group.id, holder.memberId),
    memberRecord(group.id, member),
    targetRecord(group.id, memberId, group.target(holder.memberId)),
    currentRecord(group.id, member),
  );
  return member;
}

/** The member with what the heartbeat says; what it leaves out stays. */
function withRequest(
  member: ConsumerMember,
  request: ConsumerGroupHeartbeatRequest,
  client: ConsumerClient,
): ConsumerMember {
  const { rebalanceTimeoutMs, subscribedTopicNames } = request;
  return {
    ...member,
    instanceId: request.instanceId ?? member.instanceId,
    rackId: request.rackId ?? member.rackId,
    rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : rebalanceTimeoutMs,
    assignor: request.serverAssignor ?? member.assignor,
    topicNames: subscribedTopicNames === null ? member.topicNames : topicNameSet(subscribedTopicNames),
    topicRegex: request.subscribedTopicRegex ?? member.topicRegex,
    clientId: client.clientId,
    clientHost: client.clientHost,
    classic: null,
  };
}

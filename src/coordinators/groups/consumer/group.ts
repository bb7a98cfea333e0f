import type { Int64, Uuid } from "../../../base/ids.ts";
import { ERROR } from "../../../kafka/wire/generated/errors.ts";
import type { CoordinatorRecord } from "../../runtime/coordinator-log.ts";
import type { Group, OffsetsCaller } from "../group.ts";
import { type Assignment, NO_PARTITIONS } from "../modern/assignment.ts";
import { DEFAULT_ASSIGNOR } from "./assignors.ts";
import { type ConsumerMember, type EpochAssignment, isReconciledTo } from "./member.ts";
import { groupTombstones } from "./records.ts";
import type { ResolvedRegex } from "./regex.ts";

export type ConsumerGroupState = "Empty" | "Assigning" | "Reconciling" | "Stable";

/** The first OffsetCommit version that carries member epochs (KIP-848). */
const EPOCH_COMMIT_VERSION = 9;

/** What a member costs beside its texts and bytes, roughly. */
const MEMBER_BYTES = 1024;

/** What the members of all consumer groups hold, so that it can be bounded. */
export interface MemberBudget {
  members: number;
  heldBytes: number;
}

/**
 * A group of KIP-848. Its epoch grows with every change of who subscribes to what; a target is worked out for an
 * epoch, and each member moves to the target's epoch by itself. All of it is what the records say: nothing but
 * their replay changes it.
 */
export class ConsumerGroup implements Group {
  readonly kind = "consumer";
  readonly protocolType = "consumer";
  readonly expires = true;
  readonly id: string;
  /** From 1 on, so that no member is ever at the epoch of one that joins. */
  epoch = 1;
  /** Of the topics as they were when the epoch began; see `metadataHash`. */
  metadataHash: Int64 = 0;
  /** The epoch that the targets are of; -1 where there are none. */
  targetEpoch = -1;
  /** Wall time of the targets; 0 where it is not known. */
  targetTimestampMs = 0;
  readonly targets = new Map<string, Assignment>();
  readonly regexes = new Map<string, ResolvedRegex>();
  /** The log holds what brokers before 4.1 wrote of the group's topics. */
  hasOldMetadata = false;
  /** The state of all topics that `metadataHash` was last compared with, and the expressions were resolved for. */
  seenTopicsVersion = -1;
  resolvedTopicsVersion = -1;
  readonly #members = new Map<string, ConsumerMember>();
  readonly #instances = new Map<string, string>();
  /** Who has each partition, or has yet to give it up. */
  readonly #owners = new Map<Uuid, Map<number, string>>();

  readonly #budget: MemberBudget;

  /** A group that is only drafted counts in nobody's budget. */
  constructor(id: string, budget: MemberBudget = { members: 0, heldBytes: 0 }) {
    this.id = id;
    this.#budget = budget;
  }

  get members(): ReadonlyMap<string, ConsumerMember> {
    return this.#members;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  get state(): ConsumerGroupState {
    if (this.#members.size === 0) return "Empty";
    if (this.epoch > this.targetEpoch) return "Assigning";
    for (const member of this.#members.values()) {
      if (!isReconciledTo(member, this.targetEpoch)) return "Reconciling";
    }
    return "Stable";
  }

  get stateName(): string {
    return this.state;
  }

  /** The member that holds a static instance, or null. */
  staticMember(instanceId: string | null): ConsumerMember | null {
    const memberId = instanceId === null ? undefined : this.#instances.get(instanceId);
    return memberId === undefined ? null : (this.#members.get(memberId) ?? null);
  }

  target(memberId: string): Assignment {
    return this.targets.get(memberId) ?? NO_PARTITIONS;
  }

  /** Who has this partition or has yet to give it up, or undefined. */
  readonly ownerOf = (topicId: Uuid, partition: number): string | undefined =>
    this.#owners.get(topicId)?.get(partition);

  putMember(member: ConsumerMember): void {
    const old = this.#members.get(member.memberId);
    if (old !== undefined) this.#release(old);
    this.#budget.members += old === undefined ? 1 : 0;
    this.#budget.heldBytes += heldBytes(member) - (old === undefined ? 0 : heldBytes(old));
    this.#members.set(member.memberId, member);
    if (member.instanceId !== null) this.#instances.set(member.instanceId, member.memberId);
    this.#claim(member, member.assigned);
    this.#claim(member, member.revoking);
  }

  removeMember(memberId: string): void {
    const member = this.#members.get(memberId);
    if (member === undefined) return;
    this.#release(member);
    this.#budget.members -= 1;
    this.#budget.heldBytes -= heldBytes(member);
    this.#members.delete(memberId);
    if (member.instanceId !== null && this.#instances.get(member.instanceId) === memberId) {
      this.#instances.delete(member.instanceId);
    }
  }

  /** The assignor that most members ask for, with those of `members` in place of the group's. */
  preferredAssignor(members: Iterable<ConsumerMember> = this.#members.values()): string {
    const votes = new Map<string, number>();
    for (const { assignor } of members) {
      if (assignor !== null) votes.set(assignor, (votes.get(assignor) ?? 0) + 1);
    }
    let best: string | null = null;
    for (const [name, count] of votes) if (best === null || count > (votes.get(best) ?? 0)) best = name;
    return best ?? DEFAULT_ASSIGNOR.name;
  }

  subscribedTo(topic: string): boolean {
    for (const { topicNames } of this.#members.values()) if (topicNames.has(topic)) return true;
    for (const { topics } of this.regexes.values()) if (topics.has(topic)) return true;
    return false;
  }

  commitError(caller: OffsetsCaller, transactional: boolean, version: number): number {
    const { memberId, groupInstanceId, generationOrEpoch: epoch } = caller;
    if (epoch < 0 && this.isEmpty) return ERROR.NONE;
    if (transactional && epoch === -1 && memberId === "" && groupInstanceId === null) return ERROR.NONE;
    const member = this.#members.get(memberId);
    if (member === undefined) return ERROR.UNKNOWN_MEMBER_ID;
    if (!transactional && member.classic === null && version < EPOCH_COMMIT_VERSION) {
      return ERROR.UNSUPPORTED_VERSION;
    }
    return epoch > member.epoch ? staleError(member) : ERROR.NONE;
  }

  /**
   * A member that has not heard of its newest epoch may still commit what it has had without a break since the
   * epoch that it knows (KIP-1251).
   */
  commitPartitionError(caller: OffsetsCaller, topicId: Uuid, partition: number): number {
    const member = this.#members.get(caller.memberId);
    if (member === undefined || caller.generationOrEpoch >= member.epoch) return ERROR.NONE;
    const sinceEpoch =
      member.assigned.get(topicId)?.get(partition) ?? member.revoking.get(topicId)?.get(partition);
    const held = sinceEpoch !== undefined && caller.generationOrEpoch >= sinceEpoch;
    return held ? ERROR.NONE : staleError(member);
  }

  fetchError({ memberId, generationOrEpoch }: OffsetsCaller): number {
    if (memberId === "" && generationOrEpoch < 0) return ERROR.NONE;
    const member = this.#members.get(memberId);
    if (member === undefined) return ERROR.UNKNOWN_MEMBER_ID;
    return generationOrEpoch === member.epoch ? ERROR.NONE : staleError(member);
  }

  offsetDeleteError(): number {
    return ERROR.NONE;
  }

  deleteError(): number {
    return this.isEmpty ? ERROR.NONE : ERROR.NON_EMPTY_GROUP;
  }

  tombstones(records: CoordinatorRecord[]): void {
    records.push(...groupTombstones(this.id, [...this.#members.keys()], this.regexes.keys()));
  }

  unusedSinceMs(topic: string, commitTimestampMs: number): number | null {
    return this.subscribedTo(topic) ? null : commitTimestampMs;
  }

  /** A commit keeps no member of this protocol alive: heartbeats do. */
  committed(): void {}

  #claim(member: ConsumerMember, assignment: EpochAssignment): void {
    for (const [topicId, epochs] of assignment) {
      const owners = this.#owners.get(topicId) ?? new Map<number, string>();
      this.#owners.set(topicId, owners);
      for (const partition of epochs.keys()) owners.set(partition, member.memberId);
    }
  }

  #release(member: ConsumerMember): void {
    for (const assignment of [member.assigned, member.revoking]) {
      for (const [topicId, epochs] of assignment) {
        const owners = this.#owners.get(topicId);
        if (owners === undefined) continue;
        for (const partition of epochs.keys()) {
          if (owners.get(partition) === member.memberId) owners.delete(partition);
        }
        if (owners.size === 0) this.#owners.delete(topicId);
      }
    }
  }
}

/** What a member says about itself takes this much; its partitions are bounded elsewhere. */
export function heldBytes({ topicNames, topicRegex, classic }: ConsumerMember): number {
  let bytes = MEMBER_BYTES + topicRegex.length;
  for (const name of topicNames) bytes += name.length;
  for (const { name, metadata } of classic?.supportedProtocols ?? []) bytes += name.length + metadata.length;
  return bytes;
}

function staleError(member: ConsumerMember): number {
  return member.classic === null ? ERROR.STALE_MEMBER_EPOCH : ERROR.ILLEGAL_GENERATION;
}

/** All names that these members subscribe to, by name or by expression. */
export function subscribedNames(
  members: Iterable<ConsumerMember>,
  regexes: ReadonlyMap<string, ResolvedRegex>,
): Set<string> {
  const names = new Set<string>();
  const seen = new Set<string>();
  for (const { topicNames, topicRegex } of members) {
    for (const name of topicNames) names.add(name);
    if (topicRegex === "" || seen.has(topicRegex)) continue;
    seen.add(topicRegex);
    for (const name of regexes.get(topicRegex)?.topics ?? []) names.add(name);
  }
  return names;
}

/** The names that one member subscribes to; the same set for the same expression alone. */
export function namesOf(
  member: ConsumerMember,
  regexes: ReadonlyMap<string, ResolvedRegex>,
): ReadonlySet<string> {
  const matched = regexes.get(member.topicRegex)?.topics;
  if (matched === undefined || matched.size === 0) return member.topicNames;
  if (member.topicNames.size === 0) return matched;
  return new Set([...member.topicNames, ...matched]);
}

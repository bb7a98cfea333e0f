import { assert } from "../../../base/assert.ts";
import { hasCode } from "../../../base/errors.ts";
import { readConsumerProtocolSubscription } from "../../../kafka/wire/generated/consumer-protocol-subscription.ts";
import { ERROR } from "../../../kafka/wire/generated/errors.ts";
import { Reader } from "../../../kafka/wire/reader.ts";
import type { CoordinatorRecord } from "../../runtime/coordinator-log.ts";
import type { Group, OffsetsCaller } from "../group.ts";
import { type ClassicMember, type MemberBudget, memberBytes } from "./classic-member.ts";
import {
  type Answer,
  type JoinedMember,
  type JoinResult,
  joinError,
  type MemberProtocol,
  type SyncResult,
  syncError,
} from "./classic-protocol.ts";
import { encodeGroupTombstone } from "./classic-records.ts";

export type ClassicState = "Empty" | "PreparingRebalance" | "CompletingRebalance" | "Stable";

/** The states that each state is reached from. */
const REACHED_FROM: Readonly<Record<ClassicState, readonly ClassicState[]>> = {
  Empty: ["PreparingRebalance"],
  PreparingRebalance: ["Stable", "CompletingRebalance", "Empty"],
  CompletingRebalance: ["PreparingRebalance"],
  Stable: ["CompletingRebalance"],
};

/** The protocol type of consumers, whose members say what they subscribe to in a form that is known. */
const CONSUMER_PROTOCOL = "consumer";

/**
 * A group of the classic protocol: who is in it, and in which phase of a rebalance it is.
 *
 *     Empty -> PreparingRebalance -> CompletingRebalance -> Stable -> PreparingRebalance ...
 *
 * It knows no time and writes nothing: `Rebalances` drives it.
 */
export class ClassicGroup implements Group {
  readonly kind = "classic";
  readonly id: string;
  readonly members = new Map<string, ClassicMember>();
  /** Members of this generation that have not asked for their assignment. */
  readonly pendingSyncs = new Set<string>();
  /** Since the first of an initial rebalance's waits: somebody else has come. */
  newMemberAdded = false;
  generationId = 0;
  protocolName: string | null = null;
  leaderId: string | null = null;
  /** Wall time of the last change of state; null where the log does not tell. */
  stateSinceMs: number | null;
  #protocolType: string | null = null;
  #state: ClassicState = "Empty";
  #previousState: ClassicState | null = null;
  #subscribedTopics: ReadonlySet<string> | null = null;
  #joiningCount = 0;
  #restored = false;
  /** Member ids by instance id. */
  readonly #instances = new Map<string, string>();
  /** How many members can speak each protocol. */
  readonly #support = new Map<string, number>();
  readonly #pendingJoins = new Set<string>();
  readonly #budget: MemberBudget;
  readonly #committed: (group: ClassicGroup, memberId: string) => void;

  /** `committed` hears of members that have committed. */
  constructor(
    id: string,
    stateSinceMs: number | null,
    budget: MemberBudget,
    committed: (group: ClassicGroup, memberId: string) => void,
  ) {
    this.id = id;
    this.stateSinceMs = stateSinceMs;
    this.#budget = budget;
    this.#committed = committed;
  }

  /** Ids that were handed out and that have not come back (KIP-394). */
  get pendingJoins(): ReadonlySet<string> {
    return this.#pendingJoins;
  }

  /** An id is handed out. */
  awaitReturn(memberId: string): void {
    if (this.#pendingJoins.has(memberId)) return;
    this.#pendingJoins.add(memberId);
    this.#budget.members += 1;
    this.#budget.heldBytes += memberBytes(memberId);
  }

  /** An id that was handed out has come back, or never will. Says whether it was waited for. */
  dropPending(memberId: string): boolean {
    if (!this.#pendingJoins.delete(memberId)) return false;
    this.#budget.members -= 1;
    this.#budget.heldBytes -= memberBytes(memberId);
    return true;
  }

  /** The group is gone: what it holds counts no more. Its members stay readable. */
  release(): void {
    for (const member of this.members.values()) member.release();
    for (const memberId of [...this.#pendingJoins]) this.dropPending(memberId);
  }

  get state(): ClassicState {
    return this.#state;
  }

  get previousState(): ClassicState | null {
    return this.#previousState;
  }

  get stateName(): string {
    return this.#state;
  }

  get protocolType(): string {
    return this.#protocolType ?? "";
  }

  get memberCount(): number {
    return this.members.size;
  }

  get isEmpty(): boolean {
    return this.#state === "Empty";
  }

  /** An id that was handed out may still come back. */
  get expires(): boolean {
    return this.#pendingJoins.size === 0;
  }

  /** Nothing but offsets: no member was ever in it. */
  get isSimple(): boolean {
    return this.#protocolType === null && this.isEmpty && this.#pendingJoins.size === 0;
  }

  /** Nobody has ever become a member, nobody is waited for, and no record tells of it. */
  get isUnused(): boolean {
    const empty = this.isEmpty && this.members.size === 0 && this.#pendingJoins.size === 0;
    return empty && this.generationId === 0 && !this.#restored;
  }

  get usesConsumerProtocol(): boolean {
    return this.#protocolType === CONSUMER_PROTOCOL;
  }

  get joiningCount(): number {
    return this.#joiningCount;
  }

  get allJoined(): boolean {
    return this.members.size === this.#joiningCount && this.#pendingJoins.size === 0;
  }

  /** The longest of the members' timeouts. */
  get rebalanceTimeoutMs(): number {
    let timeoutMs = 0;
    for (const member of this.members.values()) timeoutMs = Math.max(timeoutMs, member.rebalanceTimeoutMs);
    return timeoutMs;
  }

  get canRebalance(): boolean {
    return REACHED_FROM.PreparingRebalance.includes(this.#state);
  }

  staticMemberId(groupInstanceId: string): string | null {
    return this.#instances.get(groupInstanceId) ?? null;
  }

  isLeader(memberId: string): boolean {
    return this.leaderId === memberId;
  }

  /** Takes up what the log tells. */
  restore(
    state: "Empty" | "Stable",
    facts: {
      readonly protocolType: string;
      readonly protocolName: string | null;
      readonly generationId: number;
      readonly leaderId: string | null;
      readonly members: readonly ClassicMember[];
    },
  ): void {
    this.#restored = true;
    this.#state = state;
    this.generationId = facts.generationId;
    this.protocolName = facts.protocolName;
    this.leaderId = facts.leaderId;
    for (const member of facts.members) this.add(member, null);
    this.#protocolType = facts.protocolType === "" ? null : facts.protocolType;
    this.readSubscriptions();
  }

  add(member: ClassicMember, joining: Answer<JoinResult> | null): void {
    if (member.groupInstanceId !== null) {
      assert(!this.#instances.has(member.groupInstanceId), "two static members under one instance id");
      this.#instances.set(member.groupInstanceId, member.memberId);
    }
    if (this.members.size === 0) this.#protocolType = member.protocolType;
    this.leaderId ??= member.memberId;
    this.members.set(member.memberId, member);
    this.#countProtocols(member, 1);
    this.#setJoining(member, joining);
    this.dropPending(member.memberId);
  }

  remove(memberId: string): void {
    const member = this.members.get(memberId);
    if (member !== undefined) {
      this.members.delete(memberId);
      this.#countProtocols(member, -1);
      this.#setJoining(member, null);
      if (member.groupInstanceId !== null) this.#instances.delete(member.groupInstanceId);
      member.release();
    }
    if (this.leaderId === memberId) this.leaderId = this.members.keys().next().value ?? null;
    this.dropPending(memberId);
    this.pendingSyncs.delete(memberId);
  }

  /** Puts a member in the place of a static member whose instance it is (KIP-345). */
  replace(old: ClassicMember, member: ClassicMember): void {
    assert(
      old.groupInstanceId !== null && old.groupInstanceId === member.groupInstanceId,
      "another instance",
    );
    this.answerJoin(old, joinError(ERROR.FENCED_INSTANCE_ID, old.memberId));
    this.answerSync(old, syncError(ERROR.FENCED_INSTANCE_ID));
    const wasLeader = this.leaderId === old.memberId;
    this.members.delete(old.memberId);
    this.pendingSyncs.delete(old.memberId);
    this.#countProtocols(old, -1);
    old.release();
    this.members.set(member.memberId, member);
    this.#countProtocols(member, 1);
    this.#instances.set(old.groupInstanceId, member.memberId);
    if (wasLeader) this.leaderId = member.memberId;
  }

  /** A member has joined again, with what it says now. */
  update(
    member: ClassicMember,
    said: {
      readonly protocols: readonly MemberProtocol[];
      readonly rebalanceTimeoutMs: number;
      readonly sessionTimeoutMs: number;
    },
    joining: Answer<JoinResult> | null,
  ): void {
    this.#countProtocols(member, -1);
    member.protocols = said.protocols;
    member.rebalanceTimeoutMs = said.rebalanceTimeoutMs;
    member.sessionTimeoutMs = said.sessionTimeoutMs;
    this.#countProtocols(member, 1);
    // One that asks twice gets its answer where it asked last; the other wait ends.
    if (joining !== null) this.answerJoin(member, joinError(ERROR.REBALANCE_IN_PROGRESS, member.memberId));
    this.#setJoining(member, joining);
  }

  answerJoin(member: ClassicMember, result: JoinResult): void {
    const answer = member.joining;
    if (answer === null) return;
    this.#setJoining(member, null);
    answer(result);
  }

  /** Says whether somebody waited for it. */
  answerSync(member: ClassicMember, result: SyncResult): boolean {
    const answer = member.syncing;
    if (answer === null) return false;
    member.syncing = null;
    answer(result);
    return true;
  }

  /** Whether the leader has joined, or somebody who has can take its place. */
  electJoinedLeader(): boolean {
    const leader = this.leaderId === null ? undefined : this.members.get(this.leaderId);
    if (leader === undefined) return false;
    if (leader.joining !== null) return true;
    for (const member of this.members.values()) {
      if (member.joining === null) continue;
      this.leaderId = member.memberId;
      return true;
    }
    return false;
  }

  /** Whether all members could speak one protocol with somebody who says this. */
  supports(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.isEmpty) return protocolType !== "" && protocols.length > 0;
    if (this.#protocolType !== protocolType) return false;
    return protocols.some(({ name }) => this.#support.get(name) === this.members.size);
  }

  /** The protocol that all speak and most like best. */
  selectProtocol(): string {
    const candidates = new Set<string>();
    for (const [name, count] of this.#support) if (count === this.members.size) candidates.add(name);
    const votes = new Map<string, number>();
    let best = "";
    for (const member of this.members.values()) {
      const name = member.vote(candidates);
      if (name === null) continue;
      const count = (votes.get(name) ?? 0) + 1;
      votes.set(name, count);
      if (best === "" || count > (votes.get(best) ?? 0)) best = name;
    }
    return best;
  }

  beginGeneration(nowMs: number): void {
    this.generationId += 1;
    this.protocolName = this.members.size === 0 ? null : this.selectProtocol();
    this.readSubscriptions();
    this.pendingSyncs.clear();
    this.transitionTo(this.members.size === 0 ? "Empty" : "CompletingRebalance", nowMs);
  }

  transitionTo(state: ClassicState, nowMs: number): void {
    assert(REACHED_FROM[state].includes(this.#state), `a group went from ${this.#state} to ${state}`);
    this.#previousState = this.#state;
    this.#state = state;
    this.stateSinceMs = nowMs;
  }

  /** Learns from the members what they subscribe to, once they have a protocol. */
  readSubscriptions(): void {
    this.#subscribedTopics = this.#subscriptions();
  }

  /** Members as the leader gets to know them. */
  joinedMembers(): JoinedMember[] {
    return Array.from(this.members.values(), (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      metadata: member.metadata(this.protocolName),
    }));
  }

  /** Why this is no member of the group, or 0. */
  memberError(memberId: string, groupInstanceId: string | null): number {
    if (groupInstanceId !== null) {
      const known = this.#instances.get(groupInstanceId);
      if (known === undefined) return ERROR.UNKNOWN_MEMBER_ID;
      if (known !== memberId) return ERROR.FENCED_INSTANCE_ID;
    }
    return this.members.has(memberId) ? ERROR.NONE : ERROR.UNKNOWN_MEMBER_ID;
  }

  subscribedTo(topic: string): boolean {
    return this.#subscribedTopics?.has(topic) ?? this.usesConsumerProtocol;
  }

  commitError(caller: OffsetsCaller, transactional: boolean): number {
    const { memberId, groupInstanceId, generationOrEpoch } = caller;
    if (generationOrEpoch < 0 && this.isEmpty) return ERROR.NONE;
    if (generationOrEpoch >= 0 || memberId !== "" || groupInstanceId !== null) {
      const error = this.memberError(memberId, groupInstanceId);
      if (error !== ERROR.NONE) return error;
      if (generationOrEpoch !== this.generationId) return ERROR.ILLEGAL_GENERATION;
    } else if (!transactional && !this.isEmpty) return ERROR.UNKNOWN_MEMBER_ID;
    const tooEarly = !transactional && this.#state === "CompletingRebalance";
    return tooEarly ? ERROR.REBALANCE_IN_PROGRESS : ERROR.NONE;
  }

  fetchError(): number {
    return ERROR.NONE;
  }

  offsetDeleteError(): number {
    return this.isEmpty || this.usesConsumerProtocol ? ERROR.NONE : ERROR.NON_EMPTY_GROUP;
  }

  deleteError(): number {
    return this.isEmpty ? ERROR.NONE : ERROR.NON_EMPTY_GROUP;
  }

  tombstones(records: CoordinatorRecord[]): void {
    records.push(encodeGroupTombstone(this.id));
  }

  /** KIP-211: since the group is empty; with members, only what no consumer subscribes to, since its commit. */
  unusedSinceMs(topic: string, commitTimestampMs: number): number | null {
    if (this.#protocolType === null) return commitTimestampMs;
    if (this.isEmpty) return this.stateSinceMs ?? commitTimestampMs;
    const known = this.usesConsumerProtocol && this.#subscribedTopics !== null && this.#state === "Stable";
    return known && !this.subscribedTo(topic) ? commitTimestampMs : null;
  }

  committed(memberId: string): void {
    this.#committed(this, memberId);
  }

  #setJoining(member: ClassicMember, joining: Answer<JoinResult> | null): void {
    this.#joiningCount += (joining === null ? 0 : 1) - (member.joining === null ? 0 : 1);
    member.joining = joining;
  }

  #countProtocols(member: ClassicMember, change: number): void {
    for (const { name } of member.protocols) {
      const count = (this.#support.get(name) ?? 0) + change;
      if (count === 0) this.#support.delete(name);
      else this.#support.set(name, count);
    }
  }

  /** What consumers subscribe to; null where the members are no consumers, or say it in a way that is not known. */
  #subscriptions(): ReadonlySet<string> | null {
    if (!this.usesConsumerProtocol) return null;
    const topics = new Set<string>();
    if (this.members.size === 0) return topics;
    if (this.protocolName === null) return null;
    try {
      for (const member of this.members.values()) {
        const reader = new Reader(member.metadata(this.protocolName));
        // Every version begins as version 0 does, and the topics stand there.
        reader.int16();
        for (const topic of readConsumerProtocolSubscription(reader, 0).topics) topics.add(topic);
      }
      return topics;
    } catch (error) {
      if (!hasCode(error, "MALFORMED")) throw error;
      return null;
    }
  }
}

import { ERROR } from "../../../kafka/wire/generated/errors.ts";
import type { CoordinatorRecord } from "../../runtime/coordinator-log.ts";
import { coordinatorError } from "../../runtime/internal-log.ts";
import { ClassicGroup } from "../classic/classic-group.ts";
import type { ClassicGroups } from "../classic/classic-groups.ts";
import { joinError, syncError } from "../classic/classic-protocol.ts";
import { Outbox } from "../classic/outbox.ts";
import type { GroupContext } from "../group-part.ts";
import { MemberTimers } from "../modern/member-timers.ts";
import { type ConsumerGroupTimes, consumerGroupTimes } from "./config.ts";
import { ConsumerGroup, heldBytes, type MemberBudget } from "./group.ts";
import type { ConsumerMember } from "./member.ts";
import { downgrade, mayDowngrade, upgrade } from "./migration.ts";
import { type Draft, type PlanInput, removeMembers, type Subscribed } from "./plan.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { RegexResolver } from "./regex.ts";

/** Members of all consumer groups together. */
const MAX_MEMBERS = 100_000;
/** What all members say about themselves, together. */
const MAX_MEMBER_BYTES = 64 * 1024 * 1024;

/** A draft, and the classic group whose place it takes. */
export interface OpenDraft extends Draft {
  readonly retiring: ClassicGroup | null;
}

/** What heartbeats and classic members share: timers, writing, and members that go. */
export class ConsumerRuntime {
  readonly context: GroupContext;
  readonly budget: MemberBudget = { members: 0, heldBytes: 0 };
  readonly outbox = new Outbox();
  readonly sessions: MemberTimers;
  /** Members that have to give partitions up in time. */
  readonly rebalances: MemberTimers;
  /** Classic members that have to join, or to sync, in time. */
  readonly joins: MemberTimers;
  readonly syncs: MemberTimers;
  readonly #classic: ClassicGroups;
  readonly #regexes: RegexResolver;
  /** What is set for single groups, by Kafka's names. */
  readonly #ownSettings: (groupId: string) => ReadonlyMap<string, string>;
  #topicsVersion = 0;

  constructor(
    context: GroupContext,
    classic: ClassicGroups,
    ownSettings: (groupId: string) => ReadonlyMap<string, string>,
  ) {
    this.context = context;
    this.#classic = classic;
    this.#regexes = new RegexResolver(context.topics);
    this.#ownSettings = ownSettings;
    this.sessions = new MemberTimers(context.deadlines, "consumer/session");
    this.rebalances = new MemberTimers(context.deadlines, "consumer/rebalance");
    this.joins = new MemberTimers(context.deadlines, "consumer/join");
    this.syncs = new MemberTimers(context.deadlines, "consumer/sync");
  }

  topicsChanged(): void {
    this.#topicsVersion += 1;
  }

  group(groupId: string): ConsumerGroup | null {
    return this.context.registry.ofKind<ConsumerGroup>(groupId, "consumer");
  }

  times(groupId: string): ConsumerGroupTimes {
    return consumerGroupTimes(this.context.settings, this.#ownSettings(groupId));
  }

  planInput(groupId: string): PlanInput {
    return {
      topics: this.context.topics,
      regexes: this.#regexes,
      topicsVersion: this.#topicsVersion,
      nowMs: this.context.clock.nowMs(),
      assignmentIntervalMs: this.times(groupId).assignmentIntervalMs,
      regexRefreshIntervalMs: this.context.settings["group.consumer.regex.refresh.interval.ms"],
    };
  }

  /** The group of this id, or where `create` says so a new one, or one made of a classic group. */
  openDraft(groupId: string, create: boolean): OpenDraft | Refusal {
    const found = this.context.registry.get(groupId);
    if (found instanceof ConsumerGroup) return { group: found, records: [], retiring: null };
    if (found === null) {
      if (!create) return refuse(ERROR.GROUP_ID_NOT_FOUND, `Consumer group ${groupId} not found.`);
      if (this.context.registry.full) {
        return refuse(ERROR.GROUP_MAX_SIZE_REACHED, "There are as many groups as this broker takes.");
      }
      return { group: new ConsumerGroup(groupId), records: [], retiring: null };
    }
    if (!create || !(found instanceof ClassicGroup)) {
      return refuse(ERROR.GROUP_ID_NOT_FOUND, `Group ${groupId} is not a consumer group.`);
    }
    if (found.isEmpty) {
      const records: CoordinatorRecord[] = [];
      found.tombstones(records);
      return { group: new ConsumerGroup(groupId), records, retiring: found };
    }
    const policy = this.context.settings["group.consumer.migration.policy"];
    const rules = {
      allowed: policy === "upgrade" || policy === "bidirectional",
      maxMembers: this.context.settings["group.consumer.max.size"],
    };
    const draft = upgrade(found, rules, this.context.topics);
    return "error" in draft ? draft : { ...draft, retiring: found };
  }

  /** Why the group takes no such member, or null. */
  memberRefusal(group: ConsumerGroup, memberId: string): Refusal | null {
    if (group.members.has(memberId)) return null;
    const maxSize = this.context.settings["group.consumer.max.size"];
    if (group.memberCount >= maxSize) {
      const words = `The consumer group has reached its maximum capacity of ${maxSize} members.`;
      return refuse(ERROR.GROUP_MAX_SIZE_REACHED, words);
    }
    return null;
  }

  /** Why there is no room for what a member says about itself, or null. */
  roomRefusal(group: ConsumerGroup, updated: ConsumerMember): Refusal | null {
    const known = group.members.get(updated.memberId);
    const bytes = heldBytes(updated) - (known === undefined ? 0 : heldBytes(known));
    const full =
      (known === undefined && this.budget.members >= MAX_MEMBERS) ||
      (bytes > 0 && this.budget.heldBytes + bytes > MAX_MEMBER_BYTES);
    if (!full) return null;
    return refuse(ERROR.GROUP_MAX_SIZE_REACHED, "There are as many group members as this broker takes.");
  }

  /**
   * Writes what a request changes. `applied` runs once it counts, before anything else happens; `done` gets 0 once
   * it is durable, or what a client is told. Without records it waits for what the answer has seen.
   */
  write(draft: OpenDraft, applied: () => void, done: (error: number) => void): void {
    if (draft.records.length === 0) {
      applied();
      this.context.log.whenDurable((error) => this.outbox.give(() => done(coordinatorError(error))));
      return;
    }
    this.outbox.run(() => {
      let refused = false;
      let appended = false;
      this.context.log.append(draft.records, (error) => {
        if (!appended && error !== ERROR.NONE) refused = true;
        this.outbox.give(() => done(coordinatorError(error)));
      });
      appended = true;
      if (refused) return;
      this.#takeMembers(draft);
      applied();
    });
  }

  /** Whoever waited in a classic group that is a consumer group now has to join again, in time. */
  #takeMembers({ retiring, group }: OpenDraft): void {
    if (retiring === null) return;
    for (const member of retiring.members.values()) {
      retiring.answerJoin(member, joinError(ERROR.REBALANCE_IN_PROGRESS, member.memberId));
      retiring.answerSync(member, syncError(ERROR.REBALANCE_IN_PROGRESS));
    }
    for (const { memberId, classic } of group.members.values()) {
      if (classic !== null) this.keepSession(group.id, memberId, classic.sessionTimeoutMs);
    }
  }

  /** Remembers which topics the group, as it is now, has been compared with. */
  noteTopics(groupId: string, subscribed: Subscribed, input: PlanInput): void {
    const group = this.group(groupId);
    if (group === null) return;
    group.seenTopicsVersion = input.topicsVersion;
    if (subscribed.regexesRefreshed) group.resolvedTopicsVersion = input.topicsVersion;
  }

  keepSession(groupId: string, memberId: string, timeoutMs: number): void {
    this.sessions.set(groupId, memberId, timeoutMs, () =>
      this.fence(groupId, memberId, "its session expired"),
    );
  }

  awaitJoin(groupId: string, member: ConsumerMember): void {
    const { memberId, rebalanceTimeoutMs } = member;
    this.joins.setIfAbsent(groupId, memberId, rebalanceTimeoutMs, () =>
      this.fence(groupId, memberId, "it did not join within its rebalance timeout"),
    );
  }

  awaitSync(groupId: string, memberId: string, timeoutMs: number): void {
    this.syncs.set(groupId, memberId, timeoutMs, () =>
      this.fence(groupId, memberId, "it did not sync within its rebalance timeout"),
    );
  }

  /** A member has to say, in time, that it has given up what it was asked to. */
  awaitRevocation(groupId: string, member: ConsumerMember): void {
    const { memberId, epoch, rebalanceTimeoutMs } = member;
    this.rebalances.set(groupId, memberId, rebalanceTimeoutMs, () => {
      if (this.group(groupId)?.members.get(memberId)?.epoch !== epoch) return;
      this.fence(groupId, memberId, "it did not give its partitions up within its rebalance timeout");
    });
  }

  endTimers(groupId: string, memberId: string): void {
    for (const timers of [this.sessions, this.rebalances, this.joins, this.syncs]) {
      timers.cancel(groupId, memberId);
    }
  }

  /** Takes a member out that has not done what it had to. */
  fence(groupId: string, memberId: string, reason: string): void {
    const group = this.group(groupId);
    if (group === null || !group.members.has(memberId)) return;
    this.context.logger.info("member taken out of its group", { group: groupId, member: memberId, reason });
    this.remove(group, new Set([memberId]), (error) => {
      // It is still there: it has to go later.
      if (error !== ERROR.NONE) this.keepSession(groupId, memberId, this.times(groupId).sessionTimeoutMs);
    });
  }

  /** Takes members out. Where only members of the classic protocol are left, the group becomes one of theirs. */
  remove(group: ConsumerGroup, leaving: ReadonlySet<string>, done: (error: number) => void): void {
    if (this.mayDowngrade(group, leaving, 0)) {
      this.downgrade(group, leaving, null, true, done);
      return;
    }
    const draft: OpenDraft = { group, records: [], retiring: null };
    if (leaving.size > 0) removeMembers(draft, leaving, this.context.topics);
    this.write(
      draft,
      () => {
        for (const memberId of leaving) this.endTimers(group.id, memberId);
      },
      done,
    );
  }

  mayDowngrade(group: ConsumerGroup, leaving: ReadonlySet<string>, joining: number): boolean {
    const policy = this.context.settings["group.consumer.migration.policy"];
    return (
      leaving.size > 0 &&
      mayDowngrade(group, leaving, joining, {
        allowed: policy === "downgrade" || policy === "bidirectional",
        maxMembers: this.context.settings["group.max.size"],
      })
    );
  }

  /** Makes a classic group of it. `joining` takes the static place of one that leaves. */
  downgrade(
    group: ConsumerGroup,
    leaving: ReadonlySet<string>,
    joining: ConsumerMember | null,
    rebalance: boolean,
    done: (error: number) => void,
  ): void {
    const memberIds = [...group.members.keys()];
    const classic = downgrade(group, leaving, joining, this.context.topics);
    this.outbox.run(() => {
      this.#classic.takeOver({ ...classic, rebalance }, (error) => this.outbox.give(() => done(error)));
      if (this.group(group.id) !== null) return;
      for (const memberId of memberIds) this.endTimers(group.id, memberId);
      this.context.logger.info("consumer group is a classic group again", { group: group.id });
    });
  }
}

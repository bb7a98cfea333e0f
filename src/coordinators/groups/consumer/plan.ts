import type { Int64 } from "../../../base/ids.ts";
import { ERROR } from "../../../kafka/wire/generated/errors.ts";
import type { CoordinatorRecord } from "../../runtime/coordinator-log.ts";
import type { TopicsView } from "../group-part.ts";
import type { Assignment } from "../modern/assignment.ts";
import { metadataHash } from "../modern/metadata-hash.ts";
import { computeTarget, mayAssign } from "../modern/target.ts";
import { assignorNamed, DEFAULT_ASSIGNOR } from "./assignors.ts";
import { type ConsumerGroup, namesOf, subscribedNames } from "./group.ts";
import { type ConsumerMember, sameMetadata, sameNames } from "./member.ts";
import { reconcile } from "./reconcile.ts";
import {
  currentRecord,
  groupRecord,
  memberRecord,
  memberTombstones,
  oldMetadataTombstone,
  regexRecord,
  regexTombstone,
  targetEpochRecord,
  targetRecord,
} from "./records.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { type RegexResolver, type ResolvedRegex, regexFault } from "./regex.ts";

/** Epochs are int32s on the wire. */
const MAX_EPOCH = 0x7fffffff;
/** The expressions of one group are not matched against all topics more often than this. */
const REGEX_REFRESH_MIN_MS = 10_000;
/** Different expressions of one group. Most have one, or two while programs are replaced. */
const MAX_GROUP_REGEXES = 32;

/** What a plan depends on beside the group. */
export interface PlanInput {
  readonly topics: TopicsView;
  readonly regexes: RegexResolver;
  /** Grows with every topic that comes, goes or changes. */
  readonly topicsVersion: number;
  /** Wall time. */
  readonly nowMs: number;
  readonly assignmentIntervalMs: number;
  readonly regexRefreshIntervalMs: number;
  /** Whether who asks may see a topic: expressions are resolved to no other (all, where it is left out). */
  readonly maySee?: ((topic: string) => boolean) | undefined;
}

/** What a request changes, gathered before anything of it is written. The group may not exist yet. */
export interface Draft {
  readonly group: ConsumerGroup;
  readonly records: CoordinatorRecord[];
}

/** Where the group stands once a member's new subscription counts. */
export interface Subscribed {
  readonly groupEpoch: number;
  readonly regexes: ReadonlyMap<string, ResolvedRegex>;
  /** Whether all expressions were matched against the topics as they are now. */
  readonly regexesRefreshed: boolean;
  /** Whether this member wants something else than before. */
  readonly changed: boolean;
}

export interface Target {
  readonly epoch: number;
  readonly assignment: Assignment;
}

/**
 * Takes up what a member says about itself: writes it down where it is new, resolves expressions, and begins
 * another epoch of the group where its subscriptions or its topics are not what they were.
 */
export function subscribe(
  draft: Draft,
  member: ConsumerMember,
  updated: ConsumerMember,
  input: PlanInput,
): Subscribed | Refusal {
  const { group, records } = draft;
  if (!sameMetadata(member, updated)) records.push(memberRecord(group.id, updated));
  const namesChanged = !sameNames(member.topicNames, updated.topicNames);
  const regexChanged = member.topicRegex !== updated.topicRegex;
  const fault = regexChanged ? newRegexFault(group, updated.topicRegex) : null;
  if (fault !== null) return invalidRegex(updated.topicRegex, fault);
  const { regexes, matchesChanged, refreshed } = refreshRegexes(draft, updated, regexChanged, input);
  const changed = namesChanged || regexChanged;
  let groupEpoch = group.epoch;
  if (changed || matchesChanged || group.seenTopicsVersion !== input.topicsVersion) {
    const hash = metadataHash(subscribedNames(membersWith(group, updated), regexes), input.topics);
    if (changed || matchesChanged || !sameHash(hash, group.metadataHash)) {
      groupEpoch = nextEpoch(group);
      records.push(groupRecord(group.id, groupEpoch, hash));
    }
    if (group.hasOldMetadata) records.push(oldMetadataTombstone(group.id));
  }
  return { groupEpoch, regexes, regexesRefreshed: refreshed, changed };
}

function invalidRegex(regex: string, fault: string): Refusal {
  return refuse(
    ERROR.INVALID_REGULAR_EXPRESSION,
    `SubscribedTopicRegex \`${regex}\` is not a valid regular expression: ${fault}.`,
  );
}

function newRegexFault(group: ConsumerGroup, regex: string): string | null {
  if (regex === "" || group.regexes.has(regex)) return null;
  if (group.regexes.size >= MAX_GROUP_REGEXES) return `the group has ${MAX_GROUP_REGEXES} others`;
  return regexFault(regex);
}

interface RefreshedRegexes {
  readonly regexes: ReadonlyMap<string, ResolvedRegex>;
  readonly matchesChanged: boolean;
  readonly refreshed: boolean;
}

/**
 * Keeps what the expressions of the group match up to date: a new one at once, all of them again some time after
 * topics have come or gone. Forgets those that nobody has any more.
 */
function refreshRegexes(
  { group, records }: Draft,
  updated: ConsumerMember,
  regexChanged: boolean,
  input: PlanInput,
): RefreshedRegexes {
  const missing = updated.topicRegex !== "" && !group.regexes.has(updated.topicRegex);
  const due = (missing || group.regexes.size > 0) && refreshDue(group, input);
  if (!missing && !due && !regexChanged) {
    return { regexes: group.regexes, matchesChanged: false, refreshed: false };
  }
  const members = membersWith(group, updated);
  const wanted = new Set(members.map(({ topicRegex }) => topicRegex).filter((regex) => regex !== ""));
  const unresolved = [...wanted].filter((regex) => due || !group.regexes.has(regex));
  const resolved = input.regexes.resolve(unresolved, {
    version: input.topicsVersion,
    nowMs: input.nowMs,
  });
  const regexes = new Map(group.regexes);
  let matchesChanged = false;
  for (const regex of group.regexes.keys()) {
    if (wanted.has(regex)) continue;
    records.push(regexTombstone(group.id, regex));
    regexes.delete(regex);
  }
  for (const [regex, matched] of resolved) {
    const found = visible(matched, input.maySee);
    const before = group.regexes.get(regex);
    if (before === undefined || !sameNames(before.topics, found.topics)) matchesChanged = true;
    records.push(regexRecord(group.id, regex, found));
    regexes.set(regex, found);
  }
  return { regexes, matchesChanged, refreshed: due };
}

function visible(found: ResolvedRegex, maySee: PlanInput["maySee"]): ResolvedRegex {
  return maySee === undefined ? found : { ...found, topics: new Set([...found.topics].filter(maySee)) };
}

function refreshDue(group: ConsumerGroup, input: PlanInput): boolean {
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const { timestampMs } of group.regexes.values()) lastMs = Math.max(lastMs, timestampMs);
  const ageMs = input.nowMs - lastMs;
  // A wall clock that was set back must not keep topics hidden.
  if (ageMs < 0) return true;
  if (ageMs <= REGEX_REFRESH_MIN_MS) return false;
  return group.resolvedTopicsVersion !== input.topicsVersion || ageMs > input.regexRefreshIntervalMs;
}

/**
 * The target that this member has to reach, worked out anew where the group's epoch has outrun it. Members that
 * come within `assignmentIntervalMs` of the last one share the next.
 */
export function retarget(
  { group, records }: Draft,
  updated: ConsumerMember,
  { groupEpoch, regexes }: Subscribed,
  input: PlanInput,
): Target {
  const predecessor = group.staticMember(updated.instanceId)?.memberId ?? updated.memberId;
  const upToDate = group.targetEpoch >= groupEpoch;
  if (upToDate || !mayAssign(group.targetTimestampMs, input.assignmentIntervalMs, input.nowMs)) {
    return { epoch: group.targetEpoch, assignment: group.target(predecessor) };
  }
  const members = membersWith(group, updated);
  const { assignments, changed } = computeTarget(
    assignorNamed(group.preferredAssignor(members)) ?? DEFAULT_ASSIGNOR,
    members.map((member) => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      topicNames: namesOf(member, regexes),
      previous:
        member.memberId === updated.memberId && predecessor !== updated.memberId
          ? group.target(predecessor)
          : group.targets.get(member.memberId),
    })),
    input.topics,
  );
  for (const [memberId, assignment] of changed) {
    records.push(targetRecord(group.id, memberId, assignment));
  }
  records.push(targetEpochRecord(group.id, groupEpoch, input.nowMs));
  return { epoch: groupEpoch, assignment: assignments.get(updated.memberId) ?? new Map() };
}

/** One step of the member towards its target, written down where it is one. */
export function reconcileMember(
  { group, records }: Draft,
  member: ConsumerMember,
  target: Target,
  { regexes, changed }: Subscribed,
  owned: Assignment | null,
  topics: TopicsView,
): ConsumerMember | Refusal {
  if (!changed && member.state === "stable" && member.epoch === target.epoch) return member;
  const names = namesOf(member, regexes);
  const next = reconcile(member, {
    targetEpoch: target.epoch,
    target: target.assignment,
    subscribesTo: (topicId) => {
      const topic = topics.byId(topicId);
      return topic !== null && names.has(topic.name);
    },
    ownerOf: group.ownerOf,
    owned,
    subscriptionChanged: changed,
  });
  if (next === null) {
    const words =
      "The consumer group member is in a unknown state. The member must abandon all its partitions and rejoin.";
    return refuse(ERROR.FENCED_MEMBER_EPOCH, words);
  }
  if (next !== member) records.push(currentRecord(group.id, next));
  return next;
}

/** Takes members out, and begins another epoch for those that stay. */
export function removeMembers(
  { group, records }: Draft,
  leaving: ReadonlySet<string>,
  topics: TopicsView,
): void {
  const staying = [...group.members.values()].filter(({ memberId }) => !leaving.has(memberId));
  for (const memberId of leaving) records.push(...memberTombstones(group.id, memberId));
  const regexes = new Map(group.regexes);
  const wanted = new Set(staying.map(({ topicRegex }) => topicRegex));
  for (const regex of group.regexes.keys()) {
    if (wanted.has(regex)) continue;
    records.push(regexTombstone(group.id, regex));
    regexes.delete(regex);
  }
  const hash = metadataHash(subscribedNames(staying, regexes), topics);
  records.push(groupRecord(group.id, nextEpoch(group), hash));
}

/** Members as they will be: with this one as it is now, and without the one whose static place it takes. */
export function membersWith(group: ConsumerGroup, updated: ConsumerMember): ConsumerMember[] {
  const predecessor = group.staticMember(updated.instanceId)?.memberId;
  const others = [...group.members.values()].filter(
    ({ memberId }) => memberId !== updated.memberId && memberId !== predecessor,
  );
  return [...others, updated];
}

function nextEpoch(group: ConsumerGroup): number {
  return Math.min(group.epoch + 1, MAX_EPOCH);
}

function sameHash(a: Int64, b: Int64): boolean {
  return BigInt(a) === BigInt(b);
}

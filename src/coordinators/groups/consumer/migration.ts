import { hasCode } from "../../../base/errors.ts";
import {
  CONSUMER_PROTOCOL_ASSIGNMENT,
  readConsumerProtocolAssignment,
  writeConsumerProtocolAssignment,
} from "../../../kafka/wire/generated/consumer-protocol-assignment.ts";
import {
  CONSUMER_PROTOCOL_SUBSCRIPTION,
  type ConsumerProtocolSubscription,
  readConsumerProtocolSubscription,
} from "../../../kafka/wire/generated/consumer-protocol-subscription.ts";
import { ERROR } from "../../../kafka/wire/generated/errors.ts";
import { Reader } from "../../../kafka/wire/reader.ts";
import { Writer } from "../../../kafka/wire/writer.ts";
import type { ClassicGroup } from "../classic/classic-group.ts";
import type { Downgrade } from "../classic/classic-groups.ts";
import type { ClassicMember } from "../classic/classic-member.ts";
import { encodeGroupTombstone } from "../classic/classic-records.ts";
import type { TopicsView } from "../group-part.ts";
import { type Assignment, assignmentOf } from "../modern/assignment.ts";
import { metadataHash } from "../modern/metadata-hash.ts";
import { ConsumerGroup, subscribedNames } from "./group.ts";
import { type ConsumerMember, topicNameSet, withEpoch } from "./member.ts";
import type { Draft } from "./plan.ts";
import { currentRecord, groupRecord, memberRecord, targetEpochRecord, targetRecord } from "./records.ts";
import { type Refusal, refuse } from "./refusal.ts";

/** Names of topics with partitions, as the consumers' own protocol writes them. */
interface NamedPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** What a consumer of the classic protocol says in its join. Throws MALFORMED or UNSUPPORTED. */
export function readSubscription(metadata: Uint8Array): ConsumerProtocolSubscription {
  const reader = new Reader(metadata);
  return readConsumerProtocolSubscription(reader, readVersion(reader, CONSUMER_PROTOCOL_SUBSCRIPTION));
}

/** Later versions only add to the end: they are read as the last that is known. */
function readVersion(reader: Reader, codec: { readonly maxVersion: number }): number {
  return Math.max(0, Math.min(reader.int16(), codec.maxVersion));
}

/** An assignment as consumers of the classic protocol read it, in the version that their subscription is in. */
export function classicAssignment(
  assignment: Assignment,
  subscription: Uint8Array,
  topics: TopicsView,
): Uint8Array {
  const version = readVersion(new Reader(subscription), CONSUMER_PROTOCOL_ASSIGNMENT);
  const assignedPartitions: NamedPartitions[] = [];
  for (const [topicId, partitions] of assignment) {
    const topic = topics.byId(topicId);
    if (topic !== null) assignedPartitions.push({ topic: topic.name, partitions });
  }
  const writer = new Writer();
  writer.int16(version);
  writeConsumerProtocolAssignment(writer, { assignedPartitions, userData: null }, version);
  return writer.toBytes();
}

/** Partitions that are known by the names of their topics; those of topics that are gone are left out. */
export function namedAssignment(named: readonly NamedPartitions[], topics: TopicsView): Assignment {
  return assignmentOf(
    named.flatMap(({ topic, partitions }) => {
      const found = topics.get(topic);
      return found === null ? [] : [{ topicId: found.id, partitions }];
    }),
  );
}

export interface UpgradeRules {
  /** By the migration policy. */
  readonly allowed: boolean;
  readonly maxMembers: number;
}

/**
 * A classic group with members as the consumer group that takes its place, and the records for that. All members
 * are as the last rebalance left them; the one that joins begins the next.
 */
export function upgrade(classic: ClassicGroup, rules: UpgradeRules, topics: TopicsView): Draft | Refusal {
  if (!rules.allowed) return cannotUpgrade(classic, "online upgrade is disabled");
  if (!classic.usesConsumerProtocol) {
    return cannotUpgrade(classic, "the group does not use the consumer embedded protocol");
  }
  if (classic.memberCount > rules.maxMembers) {
    return cannotUpgrade(classic, "the group size exceeds the consumer group maximum size");
  }
  const group = new ConsumerGroup(classic.id);
  group.epoch = classic.generationId;
  group.targetEpoch = classic.generationId;
  const records = [encodeGroupTombstone(classic.id)];
  const protocol = classic.protocolName ?? classic.selectProtocol();
  try {
    for (const member of classic.members.values()) {
      const assignment = heldBy(member, topics);
      if (assignment === null) {
        return cannotUpgrade(
          classic,
          "an unsupported custom assignor is in use. Please refer to the documentation or switch to a default assignor before re-attempting the upgrade",
        );
      }
      group.targets.set(member.memberId, assignment);
      group.putMember(
        upgradedMember(classic, member, readSubscription(member.metadata(protocol)), assignment),
      );
    }
  } catch (error) {
    if (!hasCode(error, "MALFORMED") && !hasCode(error, "UNSUPPORTED")) throw error;
    return cannotUpgrade(classic, "the embedded consumer protocol is malformed");
  }
  const members = [...group.members.values()];
  group.metadataHash = metadataHash(subscribedNames(members, group.regexes), topics);
  for (const member of members) records.push(memberRecord(group.id, member));
  records.push(groupRecord(group.id, group.epoch, group.metadataHash));
  for (const [memberId, target] of group.targets) records.push(targetRecord(group.id, memberId, target));
  records.push(targetEpochRecord(group.id, group.targetEpoch, group.targetTimestampMs));
  for (const member of members) records.push(currentRecord(group.id, member));
  return { group, records };
}

function cannotUpgrade(classic: ClassicGroup, reason: string): Refusal {
  const words = `Cannot upgrade classic group ${classic.id} to consumer group because ${reason}.`;
  return refuse(ERROR.GROUP_ID_NOT_FOUND, words);
}

/** What the member was last assigned; null where an assignor of its own said more than the protocol can keep. */
function heldBy(member: ClassicMember, topics: TopicsView): Assignment | null {
  if (member.assignment.length === 0) return new Map();
  const reader = new Reader(member.assignment);
  const version = readVersion(reader, CONSUMER_PROTOCOL_ASSIGNMENT);
  const { assignedPartitions, userData } = readConsumerProtocolAssignment(reader, version);
  if (userData !== null && userData.length > 0) return null;
  return namedAssignment(assignedPartitions, topics);
}

function upgradedMember(
  classic: ClassicGroup,
  member: ClassicMember,
  subscription: ConsumerProtocolSubscription,
  assignment: Assignment,
): ConsumerMember {
  return {
    memberId: member.memberId,
    epoch: classic.generationId,
    previousEpoch: classic.generationId,
    state: "stable",
    instanceId: member.groupInstanceId,
    rackId: subscription.rackId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    topicNames: topicNameSet(subscription.topics),
    topicRegex: "",
    assignor: null,
    assigned: withEpoch(assignment, classic.generationId),
    revoking: new Map(),
    classic: { sessionTimeoutMs: member.sessionTimeoutMs, supportedProtocols: [...member.protocols] },
  };
}

export interface DowngradeRules {
  /** By the migration policy. */
  readonly allowed: boolean;
  readonly maxMembers: number;
}

/**
 * Whether only members of the classic protocol stay, or come (`joining` of them), so that the group can be one of
 * that protocol again.
 */
export function mayDowngrade(
  group: ConsumerGroup,
  leaving: ReadonlySet<string>,
  joining: number,
  rules: DowngradeRules,
): boolean {
  const staying = [...group.members.values()].filter(({ memberId }) => !leaving.has(memberId));
  const count = staying.length + joining;
  if (!rules.allowed || count === 0 || count > rules.maxMembers) return false;
  return staying.every(({ classic }) => classic !== null);
}

/**
 * A consumer group as the classic group that takes its place. `joining` takes the static place of a member that is
 * among `leaving`.
 */
export function downgrade(
  group: ConsumerGroup,
  leaving: ReadonlySet<string>,
  joining: ConsumerMember | null,
  topics: TopicsView,
): Omit<Downgrade, "rebalance"> {
  const predecessor = joining === null ? null : group.staticMember(joining.instanceId);
  const members = [...group.members.values()].filter(({ memberId }) => !leaving.has(memberId));
  if (joining !== null) members.push(joining);
  const tombstones: Downgrade["tombstones"][number][] = [];
  group.tombstones(tombstones);
  return {
    groupId: group.id,
    generationId: group.epoch,
    tombstones,
    members: members.flatMap((member) => {
      if (member.classic === null) return [];
      const target = group.target((member === joining ? predecessor?.memberId : null) ?? member.memberId);
      const subscription = member.classic.supportedProtocols[0]?.metadata ?? new Uint8Array(2);
      return [
        {
          memberId: member.memberId,
          groupInstanceId: member.instanceId,
          clientId: member.clientId,
          clientHost: member.clientHost,
          protocolType: group.protocolType,
          rebalanceTimeoutMs: member.rebalanceTimeoutMs,
          sessionTimeoutMs: member.classic.sessionTimeoutMs,
          protocols: member.classic.supportedProtocols,
          assignment: classicAssignment(target, subscription, topics),
        },
      ];
    }),
  };
}

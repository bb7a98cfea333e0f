import {
  CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY,
  readConsumerGroupCurrentMemberAssignmentKey,
} from "../../../kafka/wire/generated/consumer-group-current-member-assignment-key.ts";
import { readConsumerGroupCurrentMemberAssignmentValue } from "../../../kafka/wire/generated/consumer-group-current-member-assignment-value.ts";
import {
  CONSUMER_GROUP_MEMBER_METADATA_KEY,
  readConsumerGroupMemberMetadataKey,
} from "../../../kafka/wire/generated/consumer-group-member-metadata-key.ts";
import { readConsumerGroupMemberMetadataValue } from "../../../kafka/wire/generated/consumer-group-member-metadata-value.ts";
import {
  CONSUMER_GROUP_METADATA_KEY,
  readConsumerGroupMetadataKey,
} from "../../../kafka/wire/generated/consumer-group-metadata-key.ts";
import { readConsumerGroupMetadataValue } from "../../../kafka/wire/generated/consumer-group-metadata-value.ts";
import {
  CONSUMER_GROUP_PARTITION_METADATA_KEY,
  readConsumerGroupPartitionMetadataKey,
} from "../../../kafka/wire/generated/consumer-group-partition-metadata-key.ts";
import {
  CONSUMER_GROUP_REGULAR_EXPRESSION_KEY,
  readConsumerGroupRegularExpressionKey,
} from "../../../kafka/wire/generated/consumer-group-regular-expression-key.ts";
import { readConsumerGroupRegularExpressionValue } from "../../../kafka/wire/generated/consumer-group-regular-expression-value.ts";
import {
  CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY,
  readConsumerGroupTargetAssignmentMemberKey,
} from "../../../kafka/wire/generated/consumer-group-target-assignment-member-key.ts";
import { readConsumerGroupTargetAssignmentMemberValue } from "../../../kafka/wire/generated/consumer-group-target-assignment-member-value.ts";
import {
  CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_KEY,
  readConsumerGroupTargetAssignmentMetadataKey,
} from "../../../kafka/wire/generated/consumer-group-target-assignment-metadata-key.ts";
import { readConsumerGroupTargetAssignmentMetadataValue } from "../../../kafka/wire/generated/consumer-group-target-assignment-metadata-value.ts";
import type { MessageCodec } from "../../../kafka/wire/message.ts";
import type { Reader } from "../../../kafka/wire/reader.ts";
import type { RecordValue } from "../group-part.ts";
import type { GroupRegistry } from "../group-registry.ts";
import { assignmentOf } from "../modern/assignment.ts";
import { ConsumerGroup, type MemberBudget } from "./group.ts";
import { LEAVING_EPOCH, NO_EPOCHS, newMember, topicNameSet } from "./member.ts";
import { withCurrent, withMetadata } from "./records.ts";

/** The groups that records are replayed into. */
export interface ConsumerState {
  readonly registry: GroupRegistry;
  readonly budget: MemberBudget;
}

type Replay = (state: ConsumerState, key: Reader, value: RecordValue | null) => void;

/** How each record changes the groups. A record that takes back what is not there changes nothing. */
const REPLAYS: ReadonlyMap<number, Replay> = new Map([
  entry(CONSUMER_GROUP_METADATA_KEY, replayGroup),
  entry(CONSUMER_GROUP_PARTITION_METADATA_KEY, replayOldMetadata),
  entry(CONSUMER_GROUP_MEMBER_METADATA_KEY, replayMember),
  entry(CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_KEY, replayTargetEpoch),
  entry(CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY, replayTarget),
  entry(CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY, replayCurrent),
  entry(CONSUMER_GROUP_REGULAR_EXPRESSION_KEY, replayRegex),
]);

export const CONSUMER_RECORD_TYPES: readonly number[] = [...REPLAYS.keys()];

/** Puts a record into the state. Throws MALFORMED or UNSUPPORTED for one that can't be read. */
export function replayConsumerRecord(
  type: number,
  state: ConsumerState,
  key: Reader,
  value: RecordValue | null,
): void {
  REPLAYS.get(type)?.(state, key, value);
}

function entry<Key>(codec: MessageCodec<Key>, replay: Replay): [number, Replay] {
  return [codec.apiKey ?? -1, replay];
}

/** The group, made where a record tells of it for the first time, in the place of what had its id. */
function openGroup(state: ConsumerState, id: string): ConsumerGroup {
  const known = findGroup(state, id);
  if (known !== null) return known;
  const group = new ConsumerGroup(id, state.budget);
  state.registry.set(group);
  return group;
}

function findGroup({ registry }: ConsumerState, id: string): ConsumerGroup | null {
  return registry.ofKind<ConsumerGroup>(id, "consumer");
}

function replayGroup(state: ConsumerState, key: Reader, value: RecordValue | null): void {
  const { groupId } = readConsumerGroupMetadataKey(key, 0);
  if (value === null) {
    const group = findGroup(state, groupId);
    if (group === null) return;
    for (const memberId of [...group.members.keys()]) group.removeMember(memberId);
    state.registry.remove(group);
    return;
  }
  const { epoch, metadataHash } = readConsumerGroupMetadataValue(value.reader, value.version);
  const group = openGroup(state, groupId);
  group.epoch = epoch;
  group.metadataHash = metadataHash;
}

function replayOldMetadata(state: ConsumerState, key: Reader, value: RecordValue | null): void {
  const { groupId } = readConsumerGroupPartitionMetadataKey(key, 0);
  const group = value === null ? findGroup(state, groupId) : openGroup(state, groupId);
  if (group !== null) group.hasOldMetadata = value !== null;
}

function replayMember(state: ConsumerState, key: Reader, value: RecordValue | null): void {
  const { groupId, memberId } = readConsumerGroupMemberMetadataKey(key, 0);
  if (value === null) {
    findGroup(state, groupId)?.removeMember(memberId);
    return;
  }
  const metadata = readConsumerGroupMemberMetadataValue(value.reader, value.version);
  const group = openGroup(state, groupId);
  group.putMember(withMetadata(group.members.get(memberId) ?? newMember(memberId), metadata));
}

function replayTargetEpoch(state: ConsumerState, key: Reader, value: RecordValue | null): void {
  const { groupId } = readConsumerGroupTargetAssignmentMetadataKey(key, 0);
  if (value === null) {
    const group = findGroup(state, groupId);
    if (group !== null) group.targetEpoch = -1;
    return;
  }
  const target = readConsumerGroupTargetAssignmentMetadataValue(value.reader, value.version);
  const group = openGroup(state, groupId);
  group.targetEpoch = target.assignmentEpoch;
  group.targetTimestampMs = Number(target.assignmentTimestamp);
}

function replayTarget(state: ConsumerState, key: Reader, value: RecordValue | null): void {
  const { groupId, memberId } = readConsumerGroupTargetAssignmentMemberKey(key, 0);
  if (value === null) {
    findGroup(state, groupId)?.targets.delete(memberId);
    return;
  }
  const target = readConsumerGroupTargetAssignmentMemberValue(value.reader, value.version);
  openGroup(state, groupId).targets.set(memberId, assignmentOf(target.topicPartitions));
}

function replayCurrent(state: ConsumerState, key: Reader, value: RecordValue | null): void {
  const { groupId, memberId } = readConsumerGroupCurrentMemberAssignmentKey(key, 0);
  if (value === null) {
    const group = findGroup(state, groupId);
    const member = group?.members.get(memberId);
    if (member === undefined) return;
    const gone = { epoch: LEAVING_EPOCH, previousEpoch: LEAVING_EPOCH };
    group?.putMember({ ...member, ...gone, assigned: NO_EPOCHS, revoking: NO_EPOCHS });
    return;
  }
  const current = readConsumerGroupCurrentMemberAssignmentValue(value.reader, value.version);
  const group = openGroup(state, groupId);
  group.putMember(withCurrent(group.members.get(memberId) ?? newMember(memberId), current));
}

function replayRegex(state: ConsumerState, key: Reader, value: RecordValue | null): void {
  const { groupId, regularExpression } = readConsumerGroupRegularExpressionKey(key, 0);
  if (value === null) {
    findGroup(state, groupId)?.regexes.delete(regularExpression);
    return;
  }
  const resolved = readConsumerGroupRegularExpressionValue(value.reader, value.version);
  openGroup(state, groupId).regexes.set(regularExpression, {
    topics: topicNameSet(resolved.topics),
    version: Number(resolved.version),
    timestampMs: Number(resolved.timestamp),
  });
}

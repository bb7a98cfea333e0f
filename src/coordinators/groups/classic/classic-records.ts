import { GROUP_METADATA_KEY } from "../../../kafka/wire/generated/group-metadata-key.ts";
import {
  GROUP_METADATA_VALUE,
  type GroupMetadataValue,
} from "../../../kafka/wire/generated/group-metadata-value.ts";
import type { CoordinatorRecord } from "../../runtime/coordinator-log.ts";
import { encodeRecord, encodeTombstone } from "../../runtime/record-codec.ts";
import type { ClassicGroup } from "./classic-group.ts";
import { NO_ASSIGNMENT } from "./classic-member.ts";

/** Record type of a classic group in `__consumer_offsets`. */
export const GROUP_METADATA_TYPE = 2;
/** What Kafka writes: the last version that is not flexible, which older tools read, too. */
const VALUE_VERSION = 3;

/**
 * A group with its members, and with what the leader has just assigned to each; without `assignments`, with what
 * they have.
 */
export function encodeGroup(
  group: ClassicGroup,
  assignments: ReadonlyMap<string, Uint8Array> | null,
): CoordinatorRecord {
  const value: GroupMetadataValue = {
    protocolType: group.protocolType,
    generation: group.generationId,
    protocol: group.protocolName,
    leader: group.leaderId,
    currentStateTimestamp: group.stateSinceMs ?? -1,
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: member.metadata(group.protocolName),
      assignment:
        assignments === null ? member.assignment : (assignments.get(member.memberId) ?? NO_ASSIGNMENT),
    })),
  };
  return encodeRecord(GROUP_METADATA_KEY, { group: group.id }, GROUP_METADATA_VALUE, value, VALUE_VERSION);
}

export function encodeGroupTombstone(groupId: string): CoordinatorRecord {
  return encodeTombstone(GROUP_METADATA_KEY, { group: groupId });
}

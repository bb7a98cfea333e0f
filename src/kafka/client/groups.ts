import { hasCode } from "../../base/errors.ts";
import { formatAddress } from "../../config/address.ts";
import type { DescribedGroup as ModernGroup } from "../wire/generated/consumer-group-describe-response.ts";
import { readConsumerProtocolAssignment } from "../wire/generated/consumer-protocol-assignment.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { DEFAULT_OFFSET_COMMIT_REQUEST } from "../wire/generated/offset-commit-request.ts";
import { Reader } from "../wire/reader.ts";
import {
  CONSUMER_GROUP_DESCRIBE,
  DELETE_GROUPS,
  DESCRIBE_GROUPS,
  LIST_GROUPS,
  OFFSET_COMMIT,
  OFFSET_DELETE,
  SHARE_GROUP_DESCRIBE,
} from "./client-apis.ts";
import type { KafkaCluster } from "./cluster.ts";
import { askCoordinator, type CallOutcome, errorCodeOf, nothing, outcomeOf } from "./coordinator-call.ts";
import { commitError, type GroupOffset, topicsToCommit } from "./group-offset.ts";

/** Groups as administrators see them. Nothing is repeated here; nothing rejects. */
export interface ListedGroup {
  readonly id: string;
  /** "classic", "consumer", "share", "streams"; "" where the broker is too old to tell. */
  readonly type: string;
  /** "consumer" for groups that share topics out, "connect" and others for groups of other kinds. */
  readonly protocolType: string;
  /** "" where the broker is too old to tell. */
  readonly state: string;
}

export interface DescribedGroup {
  readonly id: string;
  readonly type: string;
  readonly state: string;
  /** The assignor, or the protocol that the members agreed on. */
  readonly protocol: string;
  /** -1 where the protocol has none. */
  readonly epoch: number;
  readonly members: readonly DescribedMember[];
}

export interface DescribedMember {
  readonly id: string;
  /** Null for members that don't say who they are. */
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly host: string;
  /** By topic name. */
  readonly assignment: readonly AssignedTopic[];
}

export interface AssignedTopic {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** Who commits: a member by its generation, or nobody, for a group without members. */
export interface Committer {
  readonly memberId: string;
  readonly generationId: number;
}

export const NO_MEMBER: Committer = { memberId: "", generationId: -1 };

/** The groups of every broker. Throws HeadwaterError where no broker answers. */
export async function listGroups(cluster: KafkaCluster): Promise<CallOutcome<readonly ListedGroup[]>> {
  await cluster.refresh([]);
  const groups = new Map<string, ListedGroup>();
  for (const address of cluster.brokers.values()) {
    const reply = await cluster.request(address, LIST_GROUPS, () => ({ statesFilter: [], typesFilter: [] }));
    const outcome = outcomeOf(reply, errorCodeOf, (response) => response.groups);
    if (outcome.kind === "lost")
      return { kind: "lost", reason: `${formatAddress(address)}: ${outcome.reason}` };
    if (outcome.kind === "refused") return outcome;
    for (const { groupId, groupType, protocolType, groupState } of outcome.value) {
      groups.set(groupId, { id: groupId, type: groupType.toLowerCase(), protocolType, state: groupState });
    }
  }
  return { kind: "done", value: [...groups.values()] };
}

/** A group of any kind; an unknown one is refused with GROUP_ID_NOT_FOUND, or is "Dead" on older brokers. */
export async function describeGroup(cluster: KafkaCluster, id: string): Promise<CallOutcome<DescribedGroup>> {
  let outcome: CallOutcome<DescribedGroup> = await describeModern(cluster, id, "consumer");
  if (!isAnotherKind(outcome)) return outcome;
  const share = await describeModern(cluster, id, "share");
  if (!isAnotherKind(share)) return share;
  outcome = await describeClassic(cluster, id);
  return outcome;
}

/** The broker, or the group, does not know this way of asking. */
function isAnotherKind(outcome: CallOutcome<unknown>): boolean {
  return outcome.kind === "refused" && OTHER_KIND.has(outcome.error);
}

const OTHER_KIND: ReadonlySet<number> = new Set([ERROR.GROUP_ID_NOT_FOUND, ERROR.UNSUPPORTED_VERSION]);

function describeModern(
  cluster: KafkaCluster,
  id: string,
  type: "consumer" | "share",
): Promise<CallOutcome<DescribedGroup>> {
  const body = () => ({ groupIds: [id], includeAuthorizedOperations: false });
  const errorOf = (response: { readonly groups: readonly { readonly errorCode: number }[] }): number =>
    response.groups[0]?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR;
  const read = (response: { readonly groups: readonly Modern[] }): DescribedGroup =>
    modernGroup(id, type, response.groups[0] as Modern);
  const to = { kind: "group", key: id, body, errorOf } as const;
  return type === "consumer"
    ? askCoordinator(cluster, { ...to, api: CONSUMER_GROUP_DESCRIBE }, read)
    : askCoordinator(cluster, { ...to, api: SHARE_GROUP_DESCRIBE }, read);
}

/** What both kinds of groups with a server-side assignor have. */
type Modern = Pick<ModernGroup, "groupState" | "assignorName" | "groupEpoch"> & {
  readonly members: readonly (Pick<
    ModernGroup["members"][number],
    "memberId" | "clientId" | "clientHost" | "assignment"
  > & {
    readonly instanceId?: string | null;
  })[];
};

function modernGroup(id: string, type: string, group: Modern): DescribedGroup {
  return {
    id,
    type,
    state: group.groupState,
    protocol: group.assignorName,
    epoch: group.groupEpoch,
    members: group.members.map((member) => ({
      id: member.memberId,
      instanceId: member.instanceId ?? null,
      clientId: member.clientId,
      host: member.clientHost,
      assignment: member.assignment.topicPartitions.map(({ topicName, partitions }) => ({
        topic: topicName,
        partitions,
      })),
    })),
  };
}

function describeClassic(cluster: KafkaCluster, id: string): Promise<CallOutcome<DescribedGroup>> {
  const body = () => ({ groups: [id], includeAuthorizedOperations: false });
  const errorOf = (response: { readonly groups: readonly { readonly errorCode: number }[] }): number =>
    response.groups[0]?.errorCode ?? ERROR.UNKNOWN_SERVER_ERROR;
  return askCoordinator(
    cluster,
    { kind: "group", key: id, api: DESCRIBE_GROUPS, body, errorOf },
    (response) => {
      const [group] = response.groups;
      const isConsumer = group?.protocolType === "consumer" || group?.protocolType === "";
      return {
        id,
        type: "classic",
        state: group?.groupState ?? "",
        protocol: group?.protocolData ?? "",
        epoch: -1,
        members: (group?.members ?? []).map((member) => ({
          id: member.memberId,
          instanceId: member.groupInstanceId,
          clientId: member.clientId,
          host: member.clientHost,
          assignment: isConsumer ? assignedTopics(member.memberAssignment) : [],
        })),
      };
    },
  );
}

/** Partitions of a classic consumer's assignment; none where the bytes are of another protocol. */
export function assignedTopics(bytes: Uint8Array): readonly AssignedTopic[] {
  if (bytes.length < 2) return [];
  const reader = new Reader(bytes);
  try {
    const version = Math.min(reader.int16(), NEWEST_ASSIGNMENT);
    return readConsumerProtocolAssignment(reader, version).assignedPartitions;
  } catch (error) {
    if (!hasCode(error, "MALFORMED")) throw error;
    return [];
  }
}

/** Versions of the members' protocol only add fields at the end. */
const NEWEST_ASSIGNMENT = 3;

/** The first error of any partition counts; a group with members takes commits only of them (UNKNOWN_MEMBER_ID). */
export function commitGroupOffsets(
  cluster: KafkaCluster,
  group: string,
  offsets: readonly GroupOffset[],
  as: Committer = NO_MEMBER,
): Promise<CallOutcome<null>> {
  const topics = topicsToCommit(offsets);
  const body = () => ({
    ...DEFAULT_OFFSET_COMMIT_REQUEST,
    groupId: group,
    memberId: as.memberId,
    generationIdOrMemberEpoch: as.generationId,
    topics,
  });
  return askCoordinator(
    cluster,
    { kind: "group", key: group, api: OFFSET_COMMIT, body, errorOf: commitError },
    nothing,
  );
}

/** Forgets offsets of topics that no member of the group is subscribed to. The first error counts. */
export function deleteGroupOffsets(
  cluster: KafkaCluster,
  group: string,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
): Promise<CallOutcome<null>> {
  const topics = [...Map.groupBy(partitions, ({ topic }) => topic)].map(([name, entries]) => ({
    name,
    partitions: entries.map(({ partition }) => ({ partitionIndex: partition })),
  }));
  const body = () => ({ groupId: group, topics });
  const errorOf = (response: Parameters<typeof commitError>[0] & { readonly errorCode: number }): number =>
    response.errorCode !== 0 ? response.errorCode : commitError(response);
  return askCoordinator(cluster, { kind: "group", key: group, api: OFFSET_DELETE, body, errorOf }, nothing);
}

/** Deletes a group that has no members, with its offsets. */
export function deleteGroup(cluster: KafkaCluster, group: string): Promise<CallOutcome<null>> {
  const body = () => ({ groupsNames: [group] });
  const errorOf = (response: { readonly results: readonly { readonly errorCode: number }[] }): number =>
    response.results[0]?.errorCode ?? 0;
  return askCoordinator(cluster, { kind: "group", key: group, api: DELETE_GROUPS, body, errorOf }, nothing);
}

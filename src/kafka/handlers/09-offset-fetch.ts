import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import type { Broker } from "../../broker/broker.ts";
import type { FetchedOffset, GroupOffsets } from "../../coordinators/groups/offsets/group-offsets.ts";
import { type Access, accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import { once } from "../once.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { type OffsetFetchRequest, readOffsetFetchRequest } from "../wire/generated/offset-fetch-request.ts";
import {
  type OffsetFetchResponse,
  type OffsetFetchResponseGroup,
  writeOffsetFetchResponse,
} from "../wire/generated/offset-fetch-response.ts";

/** Errors of the group as a whole; before, they stand at each partition. */
const FIRST_WITH_ERROR = 2;
/** KIP-709: several groups at a time. */
const FIRST_WITH_GROUPS = 8;
/** KIP-848: topics by their ids. */
const FIRST_WITH_IDS = 10;

type AskedGroup = OffsetFetchRequest["groups"][number];
type Topic = OffsetFetchResponseGroup["topics"][number];
type Partition = Topic["partitions"][number];

/**
 * OffsetFetch, 1 to 10: of some or all partitions of one or several groups. What is told can't be taken back by a
 * power cut; with `require stable` (KIP-447) not by a transaction either.
 */
export const offsetFetch: ApiHandler<KafkaServices> = {
  apiKey: 9,
  minVersion: 1,
  maxVersion: 10,
  pipelined: false,
  handle(call, services) {
    const { broker, coordinators } = services;
    const { version } = call;
    const { groups } = coordinators;
    const request = readOffsetFetchRequest(call.reader, version);
    const asked =
      version >= FIRST_WITH_GROUPS
        ? once(request.groups, ({ groupId, topics }) => JSON.stringify([groupId, topics]))
        : [onlyGroup(request)];
    const access = accessOf(call, services);
    const found = asked.map((group) =>
      access.group(CAN.describe, group.groupId)
        ? fetchGroup(group, request.requireStable, { version, broker, access }, groups.offsets)
        : { groupId: group.groupId, topics: [], errorCode: ERROR.GROUP_AUTHORIZATION_FAILED },
    );
    groups.whenDurable((error) => {
      const told = error === ERROR.NONE ? found : found.map(notAvailable);
      call.reply((writer) => writeOffsetFetchResponse(writer, responseOf(told, asked, version), version));
    });
  },
};

function onlyGroup({ groupId, topics }: OffsetFetchRequest): AskedGroup {
  return {
    groupId,
    memberId: null,
    memberEpoch: -1,
    topics: topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null,
  };
}

function fetchGroup(
  { groupId, memberId, memberEpoch, topics }: AskedGroup,
  stable: boolean,
  { version, broker, access }: { version: number; broker: Broker; access: Access },
  offsets: GroupOffsets,
): OffsetFetchResponseGroup {
  const caller = { memberId: memberId ?? "", groupInstanceId: null, generationOrEpoch: memberEpoch };
  const errorCode = offsets.fetchError(groupId, caller);
  if (errorCode !== ERROR.NONE) return { groupId, topics: [], errorCode };
  const byId = version >= FIRST_WITH_IDS;
  if (topics === null) {
    const all: Topic[] = [];
    for (const { topic, partitions } of offsets.fetchAll(groupId, stable)) {
      if (!access.seesTopic(CAN.describe, topic)) continue;
      const topicId: Uuid = broker.topics.readable.get(topic)?.id ?? ZERO_UUID;
      // One that is gone can't be told by its id.
      if (byId && topicId === ZERO_UUID) continue;
      all.push({
        name: topic,
        topicId,
        partitions: partitions.map((offset) => told(offset.partition, offset)),
      });
    }
    return { groupId, topics: all, errorCode };
  }
  const answered = topics.map(({ name, topicId, partitionIndexes }) => {
    const known = byId ? (broker.topics.readable.byId(topicId)?.name ?? null) : name;
    const isDenied = known !== null && !access.topic(CAN.describe, known);
    const partitions = partitionIndexes.map((partition) => {
      if (known === null) return none(partition, ERROR.UNKNOWN_TOPIC_ID);
      if (isDenied) return none(partition, ERROR.TOPIC_AUTHORIZATION_FAILED);
      return told(partition, offsets.fetchOffset(groupId, known, partition, stable));
    });
    return { name, topicId, partitions };
  });
  return { groupId, topics: answered, errorCode };
}

function told(partitionIndex: number, { error, offset, leaderEpoch, metadata }: FetchedOffset): Partition {
  return {
    partitionIndex,
    committedOffset: offset,
    committedLeaderEpoch: leaderEpoch,
    metadata,
    errorCode: error,
  };
}

function none(partitionIndex: number, errorCode: number): Partition {
  return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: "", errorCode };
}

function notAvailable({ groupId }: OffsetFetchResponseGroup): OffsetFetchResponseGroup {
  return { groupId, topics: [], errorCode: ERROR.COORDINATOR_NOT_AVAILABLE };
}

function responseOf(
  groups: readonly OffsetFetchResponseGroup[],
  asked: readonly AskedGroup[],
  version: number,
): OffsetFetchResponse {
  if (version >= FIRST_WITH_GROUPS) return { throttleTimeMs: 0, topics: [], errorCode: ERROR.NONE, groups };
  const { topics = [], errorCode = ERROR.NONE } = groups[0] ?? {};
  if (errorCode === ERROR.NONE || version >= FIRST_WITH_ERROR)
    return { throttleTimeMs: 0, topics, errorCode, groups: [] };
  const refused = (asked[0]?.topics ?? []).map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partition) => none(partition, errorCode)),
  }));
  return { throttleTimeMs: 0, topics: refused, errorCode, groups: [] };
}

import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import type { Topic } from "../../broker/topics.ts";
import type { InitializedTopic } from "../../coordinators/shares/share-records.ts";
import { type Access, accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import { once } from "../once.ts";
import type { KafkaServices } from "../services.ts";
import {
  type DescribeShareGroupOffsetsRequest,
  readDescribeShareGroupOffsetsRequest,
} from "../wire/generated/describe-share-group-offsets-request.ts";
import {
  DEFAULT_DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_GROUP,
  type DescribeShareGroupOffsetsResponseGroup,
  type DescribeShareGroupOffsetsResponsePartition,
  type DescribeShareGroupOffsetsResponseTopic,
  writeDescribeShareGroupOffsetsResponse,
} from "../wire/generated/describe-share-group-offsets-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { GROUP_REFUSAL, TOPIC_REFUSAL, told } from "./acl-answers.ts";

type RequestGroup = DescribeShareGroupOffsetsRequest["groups"][number];

const UNKNOWN = -1;
const NO_OFFSET = {
  startOffset: UNKNOWN,
  leaderEpoch: 0,
  lag: UNKNOWN,
  errorCode: ERROR.NONE,
  errorMessage: null,
};
const NOTHING: ReadonlyMap<Uuid, InitializedTopic> = new Map();

/**
 * DescribeShareGroupOffsets, 0 to 1 (KIP-932, lag by KIP-1226). Start offsets are those in force: Kafka's are one
 * write behind. A partition that was never read from has none.
 */
export const describeShareGroupOffsets: ApiHandler<KafkaServices> = {
  apiKey: 90,
  minVersion: 0,
  maxVersion: 1,
  pipelined: false,
  handle(call, services) {
    const request = readDescribeShareGroupOffsetsRequest(call.reader, call.version);
    const access = accessOf(call, services);
    const groups = once(request.groups, ({ groupId }) => groupId).map((group) => {
      if (access.group(CAN.describe, group.groupId)) return describeGroup(group, services, access);
      const { groupId } = group;
      return { ...DEFAULT_DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_GROUP, groupId, ...told(GROUP_REFUSAL) };
    });
    services.coordinators.shares.state.whenDurable(() =>
      call.reply((writer) =>
        writeDescribeShareGroupOffsetsResponse(writer, { throttleTimeMs: 0, groups }, call.version),
      ),
    );
  },
};

function describeGroup(
  { groupId, topics }: RequestGroup,
  services: KafkaServices,
  access: Access,
): DescribeShareGroupOffsetsResponseGroup {
  const described = { ...DEFAULT_DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_GROUP, groupId };
  if (topics !== null) {
    return {
      ...described,
      topics: topics.map(({ topicName, partitions }) =>
        access.topic(CAN.describe, topicName)
          ? describeTopic(groupId, topicName, partitions, services)
          : refusedTopic(topicName, partitions),
      ),
    };
  }
  // As in Kafka, a group that there is not has nothing to tell, and that is no error.
  const initialized = services.coordinators.shares.groups.get(groupId)?.initialized ?? NOTHING;
  const known = Array.from(initialized).flatMap(([topicId, { partitions }]) => {
    const topic = services.broker.topics.byId(topicId);
    if (topic !== null && !access.seesTopic(CAN.describe, topic.name)) return [];
    return topic === null ? [] : [describeTopic(groupId, topic.name, partitions, services)];
  });
  return { ...described, topics: known };
}

function refusedTopic(
  topicName: string,
  partitions: readonly number[],
): DescribeShareGroupOffsetsResponseTopic {
  const refused = partitions.map((partitionIndex) => ({
    ...NO_OFFSET,
    partitionIndex,
    ...told(TOPIC_REFUSAL),
  }));
  return { topicName, topicId: ZERO_UUID, partitions: refused };
}

function describeTopic(
  groupId: string,
  topicName: string,
  partitions: readonly number[],
  services: KafkaServices,
): DescribeShareGroupOffsetsResponseTopic {
  const topic = services.broker.topics.get(topicName);
  return {
    topicName,
    topicId: topic?.id ?? ZERO_UUID,
    partitions: partitions.map((partition) =>
      describePartition(groupId, topic, topic?.id ?? ZERO_UUID, partition, services),
    ),
  };
}

function describePartition(
  groupId: string,
  topic: Topic | null,
  topicId: Uuid,
  partition: number,
  { coordinators }: KafkaServices,
): DescribeShareGroupOffsetsResponsePartition {
  const none = { ...NO_OFFSET, partitionIndex: partition };
  const source = topic?.partitions[partition];
  const kept = coordinators.shares.state.get({ groupId, topicId, partition });
  if (source === undefined || kept === null || kept.startOffset === UNKNOWN) return none;
  const live = coordinators.shares.partitions.inUse({ groupId, topicId, partition });
  const startOffset = Math.max(live?.state.startOffset ?? kept.startOffset, source.log.logStartOffset);
  const completed =
    live?.state.completedRecords ?? (startOffset === kept.startOffset ? kept.deliveryCompleteCount : 0);
  const lag = Math.max(0, source.log.highWatermark - startOffset - Math.max(0, completed));
  return { ...none, startOffset, leaderEpoch: kept.leaderEpoch, lag };
}

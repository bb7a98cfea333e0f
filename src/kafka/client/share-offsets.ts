import { ALTER_SHARE_GROUP_OFFSETS, DESCRIBE_SHARE_GROUP_OFFSETS } from "./client-apis.ts";
import type { KafkaCluster } from "./cluster.ts";
import { askCoordinator, type CallOutcome, errorCodeOf, firstError, nothing } from "./coordinator-call.ts";
import type { GroupOffset } from "./group-offset.ts";
import { offsetOf } from "./produce.ts";

/** Where a share group goes on (KIP-932), without the partitions that it has not begun. */
export function shareOffsets(
  cluster: KafkaCluster,
  group: string,
): Promise<CallOutcome<readonly GroupOffset[]>> {
  const body = () => ({ groups: [{ groupId: group, topics: null }] });
  const errorOf = (response: { readonly groups: readonly { readonly errorCode: number }[] }): number =>
    response.groups[0]?.errorCode ?? 0;
  const call = { kind: "group", key: group, api: DESCRIBE_SHARE_GROUP_OFFSETS, body, errorOf } as const;
  return askCoordinator(cluster, call, ({ groups }) =>
    (groups[0]?.topics ?? []).flatMap(({ topicName, partitions }) =>
      partitions
        .filter(({ errorCode, startOffset }) => errorCode === 0 && offsetOf(startOffset) >= 0)
        .map(({ partitionIndex, startOffset }) => ({
          topic: topicName,
          partition: partitionIndex,
          offset: offsetOf(startOffset),
          metadata: "",
        })),
    ),
  );
}

/** Sets where a share group without members goes on. The first error of any partition counts. */
export function alterShareOffsets(
  cluster: KafkaCluster,
  group: string,
  offsets: readonly GroupOffset[],
): Promise<CallOutcome<null>> {
  const topics = [...Map.groupBy(offsets, ({ topic }) => topic)].map(([topicName, entries]) => ({
    topicName,
    partitions: entries.map(({ partition, offset }) => ({ partitionIndex: partition, startOffset: offset })),
  }));
  const body = () => ({ groupId: group, topics });
  const errorOf = (response: {
    readonly errorCode: number;
    readonly responses: readonly { readonly partitions: readonly { readonly errorCode: number }[] }[];
  }): number => {
    const inPartitions = response.responses.flatMap(({ partitions }) => partitions.map(errorCodeOf));
    return response.errorCode !== 0 ? response.errorCode : firstError(inPartitions);
  };
  const call = { kind: "group", key: group, api: ALTER_SHARE_GROUP_OFFSETS, body, errorOf } as const;
  return askCoordinator(cluster, call, nothing);
}

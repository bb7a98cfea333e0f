import { ZERO_UUID } from "../../src/base/ids.ts";
import { OFFSET_COMMIT } from "../../src/kafka/client/client-apis.ts";
import type { KafkaCluster } from "../../src/kafka/client/cluster.ts";
import {
  DEFAULT_OFFSET_COMMIT_REQUEST,
  DEFAULT_OFFSET_COMMIT_REQUEST_PARTITION,
} from "../../src/kafka/wire/generated/offset-commit-request.ts";
import type { CommitOffsets } from "../../src/upstream/centre.ts";
import type { Centre } from "../../src/upstream/kafka-centre.ts";
import { InterceptedCentre } from "./rig.ts";

/** Commits positions by themselves, as a forwarder that has heard of groups but not of transactions. */
export function commitOutsideTransaction(centre: Centre, cluster: KafkaCluster): Centre {
  return new InterceptedCentre(centre, (call) => {
    if (call.kind !== "commit-offsets") return null;
    return commit(cluster, call.ask).then(() => ({ kind: "answered", answer: { error: 0, message: null } }));
  });
}

async function commit(cluster: KafkaCluster, { group, slots }: CommitOffsets): Promise<void> {
  const topics = [...Map.groupBy(slots, ({ topic }) => topic)].map(([name, entries]) => ({
    name,
    topicId: ZERO_UUID,
    partitions: entries.map(({ partition, offset, metadata }) => ({
      ...DEFAULT_OFFSET_COMMIT_REQUEST_PARTITION,
      partitionIndex: partition,
      committedOffset: offset,
      committedMetadata: metadata,
    })),
  }));
  for (let tries = 0; tries < 50; tries += 1) {
    const coordinator = await cluster.coordinator("group", group);
    if (coordinator.value !== null) {
      const body = {
        ...DEFAULT_OFFSET_COMMIT_REQUEST,
        groupId: group,
        generationIdOrMemberEpoch: -1,
        topics,
      };
      const reply = await cluster.request(coordinator.value, OFFSET_COMMIT, () => body);
      const errors =
        reply.kind === "answered" ? reply.response.topics.flatMap((topic) => topic.partitions) : [];
      if (errors.length > 0 && errors.every(({ errorCode }) => errorCode === 0)) return;
    }
    await Bun.sleep(50);
  }
  throw new Error("the offsets were not committed");
}

import type { KafkaCluster } from "../../kafka/client/cluster.ts";
import { listGroups } from "../../kafka/client/groups.ts";
import { committedOffsets } from "../../kafka/client/transactions.ts";
import { entriesInSlots, logsInSlots } from "../../upstream/positions.ts";

/** Groups of uplinks that are asked for what they have left out. */
const MAX_GROUPS = 1_000;

/**
 * How many records routes have left out of each source log on its way to a central topic, by `TOPIC_ID/PARTITION`: uplinks
 * commit that with their positions. A log that is not in here has no account, as where we may not read the groups' offsets.
 */
export async function leftOutOf(
  cluster: KafkaCluster,
  topic: string,
  partitions: number,
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  const groups = await listGroups(cluster);
  if (groups.kind !== "done") return found;
  const ours = groups.value.filter(({ id }) => id.startsWith("headwater.")).slice(0, MAX_GROUPS);
  for (const { id } of ours) {
    const committed = await committedOffsets(cluster, id, [{ topic, partitions }]);
    if (committed.kind !== "done") continue;
    for (const topicId of logsInSlots(committed.value)) {
      for (const [partition, { filtered }] of entriesInSlots(committed.value, topicId).accounts) {
        const log = `${topicId}/${partition}`;
        found.set(log, Math.max(filtered, found.get(log) ?? 0));
      }
    }
  }
  return found;
}

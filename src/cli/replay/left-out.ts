import type { KafkaCluster } from "../../kafka/client/cluster.ts";
import { listGroups } from "../../kafka/client/groups.ts";
import { committedOffsets } from "../../kafka/client/transactions.ts";
import type { Account } from "../../upstream/account.ts";
import { entriesInSlots, logsInSlots } from "../../upstream/positions.ts";

/** Groups of uplinks that are asked for what they have left out. */
const MAX_GROUPS = 1_000;

/** What an uplink says that its route has left out of a log. */
export interface LeftOut {
  readonly filtered: number;
  /**
   * What the route left out below this offset nobody has counted: an operator moved the position back to it, and counts began
   * anew. 0 where all is counted.
   */
  readonly countedFrom: number;
}

/**
 * What an account says of a log whose uplink has come as far as `position`. A route that has passed records since, and left none
 * out, is taken for one that never did: what is missing below is missing.
 */
export function leftOutBy({ firstOffset, filtered }: Account, position: number): LeftOut {
  return { filtered, countedFrom: filtered > 0 || position <= firstOffset ? firstOffset : 0 };
}

/**
 * How many records routes have left out of each source log on its way to a central topic, by `TOPIC_ID/PARTITION`: uplinks
 * commit that with their positions. A log that is not in here has no account, as where we may not read the groups' offsets.
 */
export async function leftOutOf(
  cluster: KafkaCluster,
  topic: string,
  partitions: number,
): Promise<ReadonlyMap<string, LeftOut>> {
  const found = new Map<string, LeftOut>();
  const groups = await listGroups(cluster);
  if (groups.kind !== "done") return found;
  const ours = groups.value.filter(({ id }) => id.startsWith("headwater.")).slice(0, MAX_GROUPS);
  for (const { id } of ours) {
    const committed = await committedOffsets(cluster, id, [{ topic, partitions }]);
    if (committed.kind !== "done") continue;
    for (const topicId of logsInSlots(committed.value)) {
      const { accounts, branches } = entriesInSlots(committed.value, topicId);
      for (const [partition, account] of accounts) {
        const log = `${topicId}/${partition}`;
        const leftOut = leftOutBy(account, branches.get(partition)?.[0]?.next ?? 0);
        if (leftOut.filtered >= (found.get(log)?.filtered ?? 0)) found.set(log, leftOut);
      }
    }
  }
  return found;
}

import type { Partition } from "../../broker/partition.ts";
import { ERROR } from "../wire/generated/errors.ts";

/** What a client's idea of the leader's epoch is worth (KIP-320): older is fenced, newer is not known here. */
export function epochFault(partition: Partition, currentLeaderEpoch: number): number {
  if (currentLeaderEpoch < 0 || currentLeaderEpoch === partition.leaderEpoch) return ERROR.NONE;
  return currentLeaderEpoch < partition.leaderEpoch ? ERROR.FENCED_LEADER_EPOCH : ERROR.UNKNOWN_LEADER_EPOCH;
}

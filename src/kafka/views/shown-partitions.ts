import type { Topic } from "../../broker/topics.ts";
import type { DeviceView } from "../../broker/views/device-views.ts";

/** A partition as requests for metadata show it. */
export interface ShownPartition {
  readonly index: number;
  readonly leaderEpoch: number;
  /** Whether its log can be read. */
  readonly isWell: boolean;
}

/** A view's partitions are led in the epochs of those that they show, under the view's own numbers. */
export function shownPartitions({ partitions }: Topic | DeviceView): readonly ShownPartition[] {
  return partitions.map(({ leaderEpoch, log }, index) => ({
    index,
    leaderEpoch,
    isWell: log.fault === null,
  }));
}

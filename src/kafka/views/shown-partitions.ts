import type { Topic } from "../../broker/topics.ts";
import { type DeviceView, isDeviceView } from "../../broker/views/device-views.ts";

/** A partition as requests for metadata show it. */
export interface ShownPartition {
  readonly index: number;
  readonly leaderEpoch: number;
  /** Whether its log can be read. */
  readonly isWell: boolean;
}

/** A view's only partition is led in the epoch of its topic's, and answers for itself whether it can be read. */
export function shownPartitions(topic: Topic | DeviceView): readonly ShownPartition[] {
  if (!isDeviceView(topic)) {
    return topic.partitions.map(({ index, leaderEpoch, log }) => ({
      index,
      leaderEpoch,
      isWell: log.fault === null,
    }));
  }
  const [first] = topic.topic.partitions;
  return [{ index: 0, leaderEpoch: first?.leaderEpoch ?? 0, isWell: true }];
}

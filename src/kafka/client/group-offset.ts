import { ZERO_UUID } from "../../base/ids.ts";
import { firstError } from "./coordinator-call.ts";

/** How far a group is in a partition, with what it says of that. */
export interface GroupOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

/** The topics of a commit request, in a transaction or not. */
export function topicsToCommit(offsets: readonly GroupOffset[]) {
  return [...Map.groupBy(offsets, ({ topic }) => topic)].map(([name, entries]) => ({
    name,
    topicId: ZERO_UUID,
    partitions: entries.map(({ partition, offset, metadata }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: -1,
      committedMetadata: metadata,
    })),
  }));
}

/** The first error of any partition in the answer to one. */
export function commitError(response: {
  readonly topics: readonly { readonly partitions: readonly { readonly errorCode: number }[] }[];
}): number {
  return firstError(
    response.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode)),
  );
}

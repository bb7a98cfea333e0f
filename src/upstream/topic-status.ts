import { forwardedOf } from "./account.ts";
import type { LinkGovernor } from "./link/governor.ts";
import type { LocalPosition } from "./local-position.ts";
import type { UplinkTopicStatus } from "./status.ts";
import type { TopicRoute } from "./topic-route.ts";

/** How far a topic is; as stored locally where the centre was not asked yet. */
export function topicStatus(
  route: TopicRoute,
  local: LocalPosition,
  link: LinkGovernor,
  nowMs: number,
): UplinkTopicStatus {
  const { state, madeAgain } = route;
  const kind = state.kind === "missing" || state.kind === "blocked" ? state.kind : null;
  return {
    topic: route.topic,
    centralTopic: route.central.name,
    state: kind ?? (state.kind === "ready" ? "forwarding" : "resolving"),
    reason: state.kind === "missing" || state.kind === "blocked" ? state.reason : null,
    madeAgain: madeAgain === null ? null : { decision: madeAgain.decision, agoMs: nowMs - madeAgain.atMs },
    heldBecause: link.holdOf(route.topic)?.reason ?? null,
    centralPartitions: route.lanes.length,
    partitions: route.partitions.map(({ index, committed, highWatermark, firstOffset, tally, hold }) => {
      const position = committed < 0 ? local.storedPosition(route, index) : committed;
      const stored = committed < 0 ? local.storedAccount(route, index) : null;
      const known = stored === null ? null : { ...stored, forwarded: forwardedOf(stored, position) };
      const lagRecords = position < 0 ? -1 : Math.max(0, highWatermark - position);
      return {
        partition: index,
        position,
        highWatermark,
        lagRecords,
        firstOffset: known?.firstOffset ?? firstOffset,
        tally: known ?? { ...tally },
        hold,
      };
    }),
  };
}

/** Records of all topics that are to go up yet; -1 while that is not known of one. */
export function lagOfAll(topics: readonly UplinkTopicStatus[]): number {
  const lags = topics.flatMap(({ partitions }) => partitions.map(({ lagRecords }) => lagRecords));
  return lags.includes(-1) ? -1 : lags.reduce((sum, lag) => sum + lag, 0);
}

import { type Uuid, ZERO_UUID } from "../base/ids.ts";
import { Lane } from "./lane.ts";
import type { LogPositions } from "./positions.ts";
import type { TopicRoute } from "./topic-route.ts";

/**
 * One topic at the centre, and the way to each of its partitions. Several local topics may lead to it: they share
 * its lanes, since sequences are one row for each producer and partition, and its slots.
 */
export class CentralTopic {
  readonly name: string;
  readonly lanes: Lane[] = [];
  /** The local topics that lead here. */
  readonly routes = new Set<TopicRoute>();
  id: Uuid = ZERO_UUID;
  /** A count of partitions that differs from that of `lanes`, to be taken over between two rounds. */
  nextLaneCount = 0;
  /**
   * Positions of logs that its slots held when they were read last, by topic id. A slot is written whole: what it says
   * of local topics that are not forwarded just now, or not yet, has to be written again.
   */
  readonly inherited = new Map<Uuid, LogPositions>();

  constructor(name: string) {
    this.name = name;
  }

  /** Whether records may be on their way by these lanes. */
  get inUse(): boolean {
    return [...this.routes].some(({ state }) => state.kind === "ready");
  }

  /**
   * Whether the positions of all that leads here are past what a look at the centre had found. Until then the ends at
   * the centre stay where that look began: the next one has to find the same records again, and so has the look for a
   * log whose turn has not come.
   */
  get hasPassedFound(): boolean {
    return [...this.routes].every(({ unsure, hasPassedFound }) => !unsure && hasPassedFound);
  }

  /** Takes up the count of partitions. Nothing may be on its way by the lanes that go. */
  setLaneCount(count: number): void {
    this.nextLaneCount = count;
    this.lanes.length = Math.min(this.lanes.length, count);
    while (this.lanes.length < count) this.lanes.push(new Lane(this.name, this.lanes.length));
  }
}

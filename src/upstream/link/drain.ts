import { CANARY_TOPIC } from "../flow/canary-topic.ts";
import type { Intake } from "../intake.ts";
import type { UplinkReports } from "../reports.ts";
import type { SourcePartition } from "../source-partition.ts";
import type { TopicRoute } from "../topic-route.ts";

/** What was stored when the operator asked to drain, and how much of it is still to go up. */
export class Drain {
  #targets: Map<SourcePartition, number> | null = null;
  /** Topics that the last one could not send, each with why. */
  leftBehind: readonly string[] = [];
  /** Whether the last one was done, and nobody has said anything since. */
  isOver = false;

  /** From what is stored now. */
  begin(intake: Intake): void {
    intake.lookAtEnds();
    this.leftBehind = [];
    const partitions = [...intake.routes.values()].flatMap((route) => route.partitions);
    this.isOver = false;
    this.#targets = new Map(partitions.map((partition) => [partition, partition.highWatermark]));
  }

  get begun(): boolean {
    return this.#targets !== null;
  }

  /** `isDone`: all has gone up that could. */
  end(isDone: boolean): void {
    this.#targets = null;
    this.isOver = isDone;
  }

  /** Whether all is there that can go up. What somebody has to do something about is left behind, and told of. */
  isDone(intake: Intake, reports: UplinkReports): boolean {
    if (this.leftRecords(intake) !== 0) return false;
    this.leftBehind = [...intake.routes.values()].flatMap((route) => {
      const why = obstacle(route);
      const waits = route.topic !== CANARY_TOPIC && route.partitions.some((one) => this.#left(one) !== 0);
      return why !== null && waits ? [`${route.topic} (${why})`] : [];
    });
    if (this.leftBehind.length > 0)
      reports.onState("warn", `the drain is done but for what can't go up: ${this.leftBehind.join(", ")}`);
    return true;
  }

  /** Records that are to go up and can, -1 while that is not known. */
  leftRecords(intake: Intake): number {
    let left = 0;
    for (const route of intake.routes.values()) {
      if (obstacle(route) !== null) continue;
      for (const partition of route.partitions) {
        const records = this.#left(partition);
        if (records < 0) return -1;
        left += records;
      }
    }
    return left;
  }

  #left(partition: SourcePartition): number {
    const target = this.#targets?.get(partition) ?? 0;
    if (partition.committed < 0 && target > 0) return -1;
    return Math.max(0, target - Math.max(0, partition.committed));
  }
}

/** Why nothing of a topic can go up until somebody changes something at the centre or in the settings; null where it can. */
function obstacle({ state }: TopicRoute): string | null {
  return state.kind === "missing" || state.kind === "blocked" ? `${state.kind}: ${state.reason}` : null;
}

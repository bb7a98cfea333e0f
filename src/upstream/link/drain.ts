import type { Intake } from "../intake.ts";
import type { SourcePartition } from "../source-partition.ts";

/** What was stored when the operator asked to drain, and how much of it is still to go up. */
export class Drain {
  #targets: Map<SourcePartition, number> | null = null;

  /** From what is stored now. */
  begin(intake: Intake): void {
    intake.lookAtEnds();
    this.#targets = new Map(partitionsOf(intake).map((partition) => [partition, partition.highWatermark]));
  }

  get begun(): boolean {
    return this.#targets !== null;
  }

  end(): void {
    this.#targets = null;
  }

  /** Records that are to go up, -1 while that is not known. */
  leftRecords(intake: Intake): number {
    let left = 0;
    for (const partition of partitionsOf(intake)) {
      const target = this.#targets?.get(partition) ?? 0;
      if (partition.committed < 0 && target > 0) return -1;
      left += Math.max(0, target - Math.max(0, partition.committed));
    }
    return left;
  }
}

function partitionsOf(intake: Intake): readonly SourcePartition[] {
  return [...intake.routes.values()].flatMap((route) => route.partitions);
}

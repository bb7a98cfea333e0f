import type { SourcePartition } from "../source-partition.ts";
import type { TopicPriority } from "./topic-priority.ts";

/** Partitions with something to read: those of more important topics first, in turn among their like. */
export class PartitionQueue {
  readonly #priority: TopicPriority;
  readonly #rings: SourcePartition[][];

  constructor(priority: TopicPriority) {
    this.#priority = priority;
    this.#rings = Array.from({ length: priority.last + 1 }, () => []);
  }

  push(partition: SourcePartition): void {
    const ring = this.#rings[this.#priority.of(partition.route.topic)];
    if (partition.goesFirst) ring?.unshift(partition);
    else ring?.push(partition);
  }

  /** Takes the next one whose priority is `last` or before it. */
  shift(last: number): SourcePartition | undefined {
    return this.#rings.find((ring, priority) => priority <= last && ring.length > 0)?.shift();
  }

  has(last: number): boolean {
    return this.#rings.some((ring, priority) => priority <= last && ring.length > 0);
  }

  keep(wanted: (partition: SourcePartition) => boolean): void {
    for (const [index, ring] of this.#rings.entries()) this.#rings[index] = ring.filter(wanted);
  }

  clear(): void {
    for (const index of this.#rings.keys()) this.#rings[index] = [];
  }
}

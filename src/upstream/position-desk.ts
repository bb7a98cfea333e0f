import type { LogIdentity } from "../log/log-config.ts";
import type { Intake } from "./intake.ts";
import { type Branch, lineageBelow } from "./lineage.ts";
import type { LocalPosition } from "./local-position.ts";
import type { RoundPipeline } from "./round-pipeline.ts";

/** A partition's position, for people. */
export interface PartitionPosition {
  readonly topic: string;
  readonly partition: number;
  /** Next offset to forward as the centre vouches for; -1 while not known. */
  readonly position: number;
  /** The same as the local store has it, which may be behind; -1 for none. */
  readonly storedPosition: number;
  /** Next offset to read: what is between it and the position is on its way. */
  readonly nextOffset: number;
  readonly highWatermark: number;
  /** Which of the partition's histories is in force, its runs, and the others that the centre knows: see lineage.ts. */
  readonly epoch: number;
  readonly lineage: Branch["lineage"];
  readonly others: readonly Branch[];
}

/** Runs of a history that are shown. */
const SHOWN_RUNS = 8;

/** What can be asked and told from outside about how far logs are. */
export class PositionDesk {
  readonly #intake: Intake;
  readonly #pipeline: RoundPipeline;
  readonly #local: LocalPosition;

  constructor(intake: Intake, pipeline: RoundPipeline, local: LocalPosition) {
    this.#intake = intake;
    this.#pipeline = pipeline;
    this.#local = local;
  }

  /** How far a local log is; see Carrier in broker/losses.ts. */
  progress({ topic, topicId, partition }: LogIdentity): { next: number; committed: number } | null {
    if (!this.#intake.carries(topic)) return null;
    const route = this.#intake.routes.get(topic);
    const found = route?.topicId === topicId ? route.partitions[partition] : undefined;
    if (route === undefined || found === undefined) return { next: -1, committed: -1 };
    const committed = found.committed < 0 ? this.#local.storedPosition(route, partition) : found.committed;
    return { next: route.state.kind === "ready" ? found.next : -1, committed };
  }

  /** A log goes with its topic, and ends there; see Carrier in broker/losses.ts. */
  gone({ topic, topicId, partition }: LogIdentity, endOffset: number): void {
    const route = this.#intake.routes.get(topic);
    const found = route?.topicId === topicId ? route.partitions[partition] : undefined;
    if (found !== undefined) found.goneEnd = endOffset;
  }

  inspect(): readonly PartitionPosition[] {
    this.#intake.lookAtEnds();
    return [...this.#intake.routes.values()].flatMap((route) =>
      route.partitions.map(({ index, committed, next, highWatermark, epoch, lineage, others }) => ({
        ...{ topic: route.topic, partition: index, position: committed, nextOffset: next, highWatermark },
        ...{ storedPosition: this.#local.storedPosition(route, index), epoch, others },
        lineage: lineageBelow(lineage, highWatermark, SHOWN_RUNS),
      })),
    );
  }

  /**
   * Has partitions go on elsewhere, once what is on its way has ended: `done` hears whether the centre has the
   * new positions. False where the topic is not being forwarded now.
   */
  rewind(topic: string, positions: ReadonlyMap<number, number>, done: (ok: boolean) => void): boolean {
    const route = this.#intake.routes.get(topic);
    if (route?.state.kind !== "ready") return false;
    this.#pipeline.rewinds.push({ route, positions, done });
    return true;
  }
}

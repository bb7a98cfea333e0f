import { ZERO_UUID } from "../../base/ids.ts";
import type { CentralTopicFacts } from "./centre.ts";
import { encodeMirrorPosition, type MirrorPosition } from "./position.ts";
import type { OpenTarget } from "./target.ts";

/**
 * Where a mirror is, at both ends. Chunks of several central partitions are under way at once; what is written down is
 * right for each of them: the next offset behind its last finished chunk, and ends of the local log from before any
 * chunk began that has not finished.
 */
export class PositionBook {
  readonly next: number[];
  caughtUpMs: number;
  readonly #centre: CentralTopicFacts;
  readonly #target: OpenTarget;
  readonly #ends: () => readonly number[];
  /** Of chunks under way: ends of the local log when they began. */
  readonly #begun = new Set<readonly number[]>();
  /** Ends that a start looked from, and by central partition how far what it found there reaches. */
  #found: { readonly ends: readonly number[]; readonly until: readonly number[] } | null = null;

  constructor(
    centre: CentralTopicFacts,
    target: OpenTarget,
    next: readonly number[],
    caughtUpMs: number,
    ends: () => readonly number[],
  ) {
    this.#centre = centre;
    this.#target = target;
    this.next = [...next];
    this.caughtUpMs = caughtUpMs;
    this.#ends = ends;
  }

  /** Before the first record of a chunk is appended. Call what it returns once all of it is durable. */
  begin(partition: number): (next: number) => void {
    const ends = this.#ends();
    this.#begun.add(ends);
    return (next) => {
      this.#begun.delete(ends);
      this.next[partition] = next;
    };
  }

  /**
   * What a start found behind `ends` reaches to `until`, by central partition. As long as the position is not past all of
   * it, another start has to find the same.
   */
  keepFound(ends: readonly number[], until: readonly number[]): void {
    this.#found = { ends, until };
  }

  /** Whether this is about these two logs. */
  isAbout(centre: CentralTopicFacts, target: OpenTarget): boolean {
    return isSameLog(this.#centre, centre) && this.#target.topicId === target.topicId;
  }

  /** What a start may go by. */
  encoded(): Uint8Array {
    const ends = [...this.#ends()];
    const found = this.#found;
    if (found?.until.every((until, partition) => (this.next[partition] ?? 0) >= until) === true)
      this.#found = null;
    for (const begun of this.#found === null ? this.#begun : [...this.#begun, this.#found.ends]) {
      for (const [index, end] of ends.entries()) ends[index] = Math.min(end, begun[index] ?? 0);
    }
    return encodeMirrorPosition({
      centre: this.#centre.clusterId,
      centralId: this.#centre.id,
      topicId: this.#target.topicId,
      next: this.next,
      localEnds: ends,
      caughtUpMs: this.caughtUpMs,
    });
  }
}

/** Whether a stored position is about these two logs. */
export function isPositionOf(
  position: MirrorPosition,
  centre: CentralTopicFacts,
  target: OpenTarget,
): boolean {
  return isSameLog(position, centre) && position.topicId === target.topicId;
}

/** Whether a stored position, or other facts, are about this log of the centre. */
export function isSameLog(
  a: CentralTopicFacts | MirrorPosition,
  b: Pick<CentralTopicFacts, "clusterId" | "id">,
): boolean {
  const [clusterId, id] = "centre" in a ? [a.centre, a.centralId] : [a.clusterId, a.id];
  if (clusterId !== b.clusterId) return false;
  return id === b.id || id === ZERO_UUID || b.id === ZERO_UUID;
}

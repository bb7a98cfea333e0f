/** From which offset on a leader epoch's records stand in the log (KIP-101). */
export interface EpochStart {
  readonly epoch: number;
  readonly startOffset: number;
}

/**
 * The leader epochs of one log, both rising. Kept with the checkpoint, and replayed from the batches behind it:
 * every batch carries its epoch.
 */
export class LeaderEpochs {
  #starts: EpochStart[] = [];

  /** Called for every append. Records an epoch that is new; older ones change nothing. */
  note(epoch: number, startOffset: number): void {
    const last = this.#starts.at(-1);
    if (epoch < 0 || (last !== undefined && epoch <= last.epoch)) return;
    this.#starts.push({ epoch, startOffset });
  }

  /** Forgets epochs whose records are all below the log start offset; the one in force there begins with it. */
  startAt(logStartOffset: number): void {
    const first = this.#starts.findLastIndex((start) => start.startOffset <= logStartOffset);
    if (first < 0) return;
    this.#starts = this.#starts.slice(first);
    const start = this.#starts[0];
    if (start !== undefined && start.startOffset < logStartOffset) {
      this.#starts[0] = { epoch: start.epoch, startOffset: logStartOffset };
    }
  }

  /**
   * Answer to OffsetsForLeaderEpoch: the largest known epoch at or below the one asked for and where it ends,
   * both -1 where the log knows none.
   */
  endOffsetFor(epoch: number, logEndOffset: number): { leaderEpoch: number; endOffset: number } {
    const last = this.#starts.at(-1);
    if (last === undefined || epoch < 0 || epoch > last.epoch) return { leaderEpoch: -1, endOffset: -1 };
    if (epoch === last.epoch) return { leaderEpoch: epoch, endOffset: logEndOffset };
    const next = this.#starts.findIndex((start) => start.epoch > epoch);
    const found = this.#starts[next - 1];
    const end = this.#starts[next];
    if (end === undefined) return { leaderEpoch: -1, endOffset: -1 };
    // An epoch before the first known one ends where that begins (KIP-101, as Kafka answers it).
    if (found === undefined) return { leaderEpoch: epoch, endOffset: end.startOffset };
    return { leaderEpoch: found.epoch, endOffset: end.startOffset };
  }

  /** Entries that begin before `endOffset`: what a checkpoint of that offset may keep. */
  startsBefore(endOffset: number): readonly EpochStart[] {
    return this.#starts.filter((start) => start.startOffset < endOffset);
  }

  restore(starts: readonly EpochStart[]): void {
    this.#starts = [...starts];
  }
}

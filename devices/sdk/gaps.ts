import type { Place } from "./place.ts";

/** Records that a stream should have had, and that the broker has no more. */
export interface StreamGap {
  /** The range of offsets: `toOffset` is the first that there is again. */
  readonly fromOffset: number;
  readonly toOffset: number;
}

/** The place to read on from is not in the log, and nobody has said that the stream may go on elsewhere. */
export class OffsetOutOfRangeError extends Error {
  override readonly name = "OffsetOutOfRangeError";
  readonly offset: number;
  /** The log has offsets from here, below `endOffset`. */
  readonly firstOffset: number;
  readonly endOffset: number;

  constructor({ topic, partition }: Place, offset: number, firstOffset: number, endOffset: number) {
    const why =
      offset < firstOffset
        ? "records before that are gone; take note of gaps by `onGap` to go on behind them"
        : "it is of another log, or of one that was longer once";
    super(
      `offset ${offset} is not in ${topic}-${partition}, which has ${firstOffset} to ${endOffset}: ${why}`,
    );
    this.offset = offset;
    this.firstOffset = firstOffset;
    this.endOffset = endOffset;
  }
}

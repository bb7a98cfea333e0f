import { HeadwaterError } from "../base/errors.ts";
import type { Timer } from "../io/clock.ts";
import { KeyIndexBuilder, type Portions } from "./key-index-builder.ts";
import type { LogHost } from "./log-host.ts";
import type { PartitionLog } from "./partition-log.ts";
import { type Segment, writeCacheFile } from "./segment.ts";

/** Indexing keeps the event loop for so long at a time, or for one batch that is decompressed, and then leaves it to others. */
const SLICE_MS = 2;
const REST_MS = 4;
/** Bytes of small batches between two looks at the time. */
const PORTION_BYTES = 32 * 1024;

/**
 * Indexes sealed segments by key, one after the other, in slices of the event loop. What it does is counted in bytes that
 * it goes through once they are decompressed, so that a small segment of much is no more of a burden than a large one.
 */
export class KeyIndexing {
  readonly #host: LogHost;
  #logs: readonly PartitionLog[] = [];
  #leftBytes = 0;
  #work: Portions<void> | null = null;
  #segment: Segment | null = null;
  #rest: Timer | null = null;

  constructor(host: LogHost) {
    this.#host = host;
  }

  /** Goes on, for as much as one tick may do. What a large batch took above that is not done in the next. */
  tick(logs: readonly PartitionLog[]): void {
    const { keyIndexBytesPerTick } = this.#host.limits;
    this.#host.keyIndexes.closeFiles();
    this.#logs = logs;
    this.#leftBytes = Math.min(keyIndexBytesPerTick, this.#leftBytes + keyIndexBytesPerTick);
    if (this.#rest === null) this.#slice();
  }

  /** Does nothing any more until the next tick. */
  stop(): void {
    this.#rest?.cancel();
    this.#rest = null;
  }

  #slice(): void {
    const { clock, failure } = this.#host;
    if (failure !== null) return;
    const endMs = clock.monotonicMs() + SLICE_MS;
    while (this.#leftBytes > 0) {
      this.#work ??= this.#next();
      if (this.#work === null) return;
      this.#leftBytes -= this.#advance(this.#work);
      if (clock.monotonicMs() < endMs || this.#leftBytes <= 0) continue;
      this.#rest = clock.after(REST_MS, () => {
        this.#rest = null;
        this.#slice();
      });
      return;
    }
  }

  /** Does a portion. Gives what it has cost. */
  #advance(work: Portions<void>): number {
    try {
      const { done, value } = work.next();
      if (done !== true) return value;
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
    }
    // Whatever has come of it: it is not tried again before the next start.
    if (this.#segment !== null) this.#segment.keyIndexed = true;
    this.#work = null;
    return 1;
  }

  /** The next segment to index; null: none. */
  #next(): Portions<void> | null {
    for (const log of this.#logs) {
      if (log.fault !== null || log.internal || log.deleted) continue;
      for (const segment of log.segments) {
        if (!segment.trimmed || !segment.sealed || segment.keyIndexed) continue;
        this.#segment = segment;
        return this.#index(log, segment);
      }
    }
    return null;
  }

  *#index(log: PartitionLog, segment: Segment): Portions<void> {
    const { keyIndexes, disk, space } = this.#host;
    const known = keyIndexes.get(segment);
    if (known !== null) {
      yield known.sizeBytes;
      return;
    }
    const isThere = () => log.fault === null && !log.deleted && log.segments.includes(segment);
    const builder = new KeyIndexBuilder();
    const isWhole = yield* this.#read(builder, segment, isThere);
    if (!isWhole) return;
    const finishing = builder.finish(segment);
    let step = finishing.next();
    for (; step.done !== true; step = finishing.next()) yield step.value;
    if (isThere() && space.hasRoom(step.value.length)) writeCacheFile(disk, segment.keyIndexPath, step.value);
  }

  /** False where the segment is damaged, or gone. */
  *#read(builder: KeyIndexBuilder, segment: Segment, isThere: () => boolean): Portions<boolean> {
    for (let position = 0; position < segment.sizeBytes; ) {
      const start = position;
      const walk = segment.walk(start);
      let cost = 0;
      while (cost < PORTION_BYTES && walk.next()) {
        position = walk.position + walk.sizeBytes;
        const adding = builder.add(segment.open().view(walk.position, walk.sizeBytes), walk.position);
        const first = adding.next();
        let step = first;
        for (; step.done !== true; step = adding.next()) {
          yield step.value;
          if (!isThere()) return false;
        }
        cost += step.value;
        // After a rest the walk is not good any more.
        if (first.done !== true) break;
      }
      if (position === start) return false;
      this.#host.touched(position - start);
      yield cost;
      if (!isThere()) return false;
    }
    return true;
  }
}

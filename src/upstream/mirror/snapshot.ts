import { HeadwaterError } from "../../base/errors.ts";
import { type FetchedPartition, walkRecords } from "../../kafka/client/fetch.ts";
import { errorName } from "../../kafka/wire/generated/errors.ts";
import { walkLocal } from "./already-here.ts";
import type { CentralTopicFacts, MirrorCentre } from "./centre.ts";
import { originName, originOf } from "./origin.ts";
import type { MirrorSettings } from "./settings.ts";
import type { MirrorTarget } from "./target.ts";

/** A key that is here and no more at the centre. */
export interface GoneKey {
  readonly key: Uint8Array;
  readonly origin: string;
}

/** Of a key that is remembered, beside its bytes: a string and its place in a set; a second copy and its origin. */
const KEY_BYTES = 64;
const GONE_BYTES = 256;

/** Which keys a compacted topic of the centre has: what is here beyond them was deleted there. */
export class Snapshot {
  readonly #keys = new Set<string>();
  readonly #maxBytes: number;
  #sizeBytes = 0;
  #isTooLarge = false;

  /** `maxBytes`: of memory for keys. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether there is more than can be remembered: then nothing can be said. */
  get isTooLarge(): boolean {
    return this.#isTooLarge;
  }

  /**
   * Takes up keys. Behind `end`, up to where records came here, one that is there at all counts: what becomes of it comes
   * with the records. Returns the offset to go on from.
   */
  add(fetched: FetchedPartition, end: number): number {
    return walkRecords(fetched, "read_committed", (record) => {
      const key = record.key();
      if (key === null || this.#isTooLarge) return undefined;
      const name = text(key);
      if (record.valueStart >= 0) {
        if (!this.#keys.has(name) && this.#grow(key.length + KEY_BYTES)) this.#keys.add(name);
      } else if (record.offset < end && this.#keys.delete(name)) this.#grow(-key.length - KEY_BYTES);
      return undefined;
    });
  }

  /**
   * Keys whose newest record here came from one of `ends`' partitions, below its end, and which the centre has no more. None
   * where there are too many.
   */
  async gone(
    target: MirrorTarget,
    topic: string,
    partitions: number,
    ends: ReadonlyMap<string, number>,
    pause: () => Promise<void>,
  ): Promise<readonly GoneKey[]> {
    const gone = new Map<string, GoneKey>();
    for (let partition = 0; partition < partitions; partition += 1) {
      await walkLocal(target, topic, partition, 0, pause, (record) => {
        const key = record.key();
        if (key === null || this.#isTooLarge) return;
        const name = text(key);
        const origin = originOf(record);
        const isOurs = origin !== null && origin.offset < (ends.get(origin.origin) ?? 0);
        const sizeBytes = 2 * key.length + GONE_BYTES;
        if (origin === null || !isOurs || record.valueStart < 0 || this.#keys.has(name)) {
          if (gone.delete(name)) this.#grow(-sizeBytes);
        } else if (gone.has(name) || this.#grow(sizeBytes)) {
          gone.set(name, { key: key.slice(), origin: origin.origin });
        } else gone.clear();
      });
      if (this.#isTooLarge) return [];
    }
    return [...gone.values()];
  }

  /** False where that is too much. */
  #grow(bytes: number): boolean {
    this.#sizeBytes += bytes;
    if (this.#sizeBytes <= this.#maxBytes) return true;
    this.#isTooLarge = true;
    this.#keys.clear();
    return false;
  }
}

/**
 * Reads what the centre has of a topic that is here up to `next`, by partition; no further than there is room for. Null where it
 * is over before. Throws HeadwaterError.
 */
export async function readSnapshot(
  centre: MirrorCentre,
  { centralTopic, limits }: MirrorSettings,
  next: readonly number[],
  isOver: () => boolean,
): Promise<Snapshot | null> {
  const snapshot = new Snapshot(limits.maxSnapshotBytes);
  const options = { maxWaitMs: 0, fetchBytes: limits.fetchBytes };
  const starts = await centre.offsets(centralTopic, [...next.keys()], "earliest");
  for (const [partition, start] of starts.entries()) {
    const name = `${centralTopic}-${partition}`;
    if (start === null)
      throw new HeadwaterError("NETWORK", `${name}: its leader does not say where it begins`);
    const end = next[partition] ?? 0;
    for (let offset = start, last = end; offset < last; ) {
      if (isOver()) return null;
      const [fetched] = await centre.take(centralTopic, [{ partition, offset }], options);
      if (fetched === undefined) return null;
      if (fetched.error !== 0) throw new HeadwaterError("NETWORK", `${name}: ${errorName(fetched.error)}`);
      const behind = snapshot.add(fetched, end);
      if (snapshot.isTooLarge) return snapshot;
      // A leader that has just become one may know of less for a moment.
      if (behind === offset) throw new HeadwaterError("NETWORK", `${name} gave nothing at ${offset}`);
      offset = behind;
      last = Math.max(last, fetched.lastStableOffset);
    }
  }
  return snapshot;
}

/** By origin, the offset behind the last record that is here. */
export function endsByOrigin(facts: CentralTopicFacts, next: readonly number[]): ReadonlyMap<string, number> {
  return new Map(next.map((end, partition) => [originName(facts, partition), end]));
}

/** A character a byte. */
function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

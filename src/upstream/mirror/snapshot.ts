import type { FetchedPartition } from "../../kafka/client/fetch.ts";
import { walkRecords } from "../../kafka/client/fetch.ts";
import { walkLocal } from "./already-here.ts";
import { originOf } from "./origin.ts";
import type { MirrorTarget } from "./target.ts";

/** A key that is here and no more at the centre. */
export interface GoneKey {
  readonly key: Uint8Array;
  readonly origin: string;
}

/** Which keys a compacted topic of the centre has: what is here beyond them was deleted there. */
export class Snapshot {
  readonly #keys = new Set<string>();
  readonly #maxKeys: number;

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys;
  }

  /** Whether there are more keys than can be remembered: then nothing can be said. */
  get isTooLarge(): boolean {
    return this.#keys.size > this.#maxKeys;
  }

  /**
   * Takes up keys. Behind `end`, up to where records came here, one that is there at all counts: what becomes of it comes
   * with the records. Returns the offset to go on from.
   */
  add(fetched: FetchedPartition, end: number): number {
    return walkRecords(fetched, "read_committed", (record) => {
      const key = record.key();
      if (key === null) return undefined;
      if (record.valueStart >= 0) {
        if (!this.isTooLarge) this.#keys.add(text(key));
      } else if (record.offset < end) this.#keys.delete(text(key));
      return undefined;
    });
  }

  /** Keys whose newest record here came from one of `ends`' partitions, below its end, and which the centre has no more. */
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
        if (key === null) return;
        const name = text(key);
        const origin = originOf(record);
        const isOurs = origin !== null && origin.offset < (ends.get(origin.origin) ?? 0);
        if (origin === null || !isOurs || record.valueStart < 0 || this.#keys.has(name)) gone.delete(name);
        else gone.set(name, { key: key.slice(), origin: origin.origin });
      });
    }
    return [...gone.values()];
  }
}

/** A character a byte. */
function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

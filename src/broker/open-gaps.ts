import type { Uuid } from "../base/ids.ts";

/** Gaps on their way into the ledger: a power cut would still take them out of it. */
export class OpenGaps {
  /** First offsets, by `TOPIC_ID/PARTITION`: one for each gap. */
  readonly #starts = new Map<string, number[]>();

  /** One that begins at an offset. Returns how to say that it is written down. */
  open(topicId: Uuid, partition: number, startOffset: number): () => void {
    const key = `${topicId}/${partition}`;
    const starts = this.#starts.get(key) ?? [];
    starts.push(startOffset);
    this.#starts.set(key, starts);
    return () => {
      starts.splice(starts.indexOf(startOffset), 1);
      if (starts.length === 0 && this.#starts.get(key) === starts) this.#starts.delete(key);
    };
  }

  /** Whether one of a log begins below an offset. */
  has(topicId: Uuid, partition: number, endOffset: number): boolean {
    if (this.#starts.size === 0) return false;
    return this.#starts.get(`${topicId}/${partition}`)?.some((start) => start < endOffset) === true;
  }
}

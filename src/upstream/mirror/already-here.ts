import { RecordCursor } from "../../records/reader.ts";
import { originOf } from "./origin.ts";
import type { MirrorTarget } from "./target.ts";

/** Bytes of the local log that are looked through before others get their turn. */
const SLICE_BYTES = 256 * 1024;

/**
 * What is here of records that no position tells of: by local partition and origin (`TOPIC_ID/PARTITION`), the offset
 * behind the last one found.
 */
export class AlreadyHere {
  /** Local partitions when those records were placed. */
  readonly partitions: number;
  readonly #next = new Map<string, number>();

  constructor(partitions: number) {
    this.partitions = Math.max(1, partitions);
  }

  has(localPartition: number, origin: string, offset: number): boolean {
    return offset < (this.#next.get(`${localPartition} ${origin}`) ?? 0);
  }

  /** The offset behind the last one of an origin that was found anywhere; 0 for none. */
  endOf(origin: string): number {
    let end = 0;
    for (const [key, next] of this.#next) if (key.endsWith(` ${origin}`)) end = Math.max(end, next);
    return end;
  }

  /** Looks through the local log, from the ends that the stored position has. */
  static async find(
    target: MirrorTarget,
    topic: string,
    fromOffsets: readonly number[],
    pause: () => Promise<void>,
  ): Promise<AlreadyHere> {
    const found = new AlreadyHere(fromOffsets.length);
    for (const [partition, from] of fromOffsets.entries()) {
      await walkLocal(target, topic, partition, from, pause, (record) => {
        const origin = originOf(record);
        if (origin === null || origin.offset < 0) return;
        const key = `${partition} ${origin.origin}`;
        found.#next.set(key, Math.max(found.#next.get(key) ?? 0, origin.offset + 1));
      });
    }
    return found;
  }
}

/** Walks the records of a local partition up to where it is durable. The cursor is good during the call. */
export async function walkLocal(
  target: MirrorTarget,
  topic: string,
  partition: number,
  fromOffset: number,
  pause: () => Promise<void>,
  onRecord: (record: RecordCursor) => void,
): Promise<void> {
  const cursor = new RecordCursor({ verifyCrc: true });
  let next = fromOffset;
  for (let sliceBytes = 0; ; ) {
    const { bytes, nextOffset } = target.read(topic, partition, next);
    if (bytes.length > 0) {
      cursor.open(bytes);
      while (cursor.next()) {
        if (!cursor.isControl && cursor.offset >= next) onRecord(cursor);
      }
    }
    if (nextOffset <= next) return;
    next = nextOffset;
    sliceBytes += bytes.length;
    if (sliceBytes >= SLICE_BYTES) {
      sliceBytes = 0;
      await pause();
    }
  }
}

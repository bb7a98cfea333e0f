import { RecordCursor } from "../../records/reader.ts";
import { originOf } from "./origin.ts";
import type { MirrorTarget } from "./target.ts";
import { localPartition } from "./writer.ts";

/** Bytes of the local log that are looked through before others get their turn. */
const SLICE_BYTES = 256 * 1024;

/**
 * What is here of records that no position tells of: by local partition and origin (`TOPIC_ID/PARTITION`), the offset
 * behind the last one found, which vouches for those before it. Where the topic has gained partitions since, a
 * record's place does not tell where to look, and each offset stands for itself.
 */
export class AlreadyHere {
  readonly #next = new Map<string, number>();
  readonly #offsets = new Map<string, Set<number>>();
  readonly #partitions: number;
  readonly #isExact: boolean;

  private constructor(partitions: number, isExact: boolean) {
    this.#partitions = partitions;
    this.#isExact = isExact;
  }

  static nothing(): AlreadyHere {
    return new AlreadyHere(1, false);
  }

  has(key: Uint8Array | null, centralPartition: number, origin: string, offset: number): boolean {
    if (this.#isExact) return this.#offsets.get(origin)?.has(offset) ?? false;
    if (this.#next.size === 0) return false;
    const local = localPartition(key, this.#partitions, centralPartition);
    return offset < (this.#next.get(`${local} ${origin}`) ?? 0);
  }

  /** The offset behind the last one of an origin that was found anywhere; 0 for none. */
  endOf(origin: string): number {
    let end = 0;
    for (const [key, next] of this.#next) if (key.endsWith(` ${origin}`)) end = Math.max(end, next);
    return end;
  }

  /**
   * Looks through the local log from these offsets on, one for each partition that there was. Of the centre's records only
   * those below `ends` can be here, by origin: what claims more was written by somebody else.
   */
  static async find(
    target: MirrorTarget,
    topic: string,
    fromOffsets: readonly number[],
    ends: ReadonlyMap<string, number>,
    pause: () => Promise<void>,
  ): Promise<AlreadyHere> {
    const partitions = target.find(topic)?.partitions ?? 0;
    const found = new AlreadyHere(Math.max(1, partitions), partitions !== fromOffsets.length);
    for (let partition = 0; partition < partitions; partition += 1) {
      await walkLocal(target, topic, partition, fromOffsets[partition] ?? 0, pause, (record) => {
        const origin = originOf(record);
        if (origin === null || origin.offset < 0 || origin.offset >= (ends.get(origin.origin) ?? 0)) return;
        found.#note(partition, origin.origin, origin.offset);
      });
    }
    return found;
  }

  #note(partition: number, origin: string, offset: number): void {
    const key = `${partition} ${origin}`;
    this.#next.set(key, Math.max(this.#next.get(key) ?? 0, offset + 1));
    if (!this.#isExact) return;
    const offsets = this.#offsets.get(origin) ?? new Set<number>();
    this.#offsets.set(origin, offsets.add(offset));
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

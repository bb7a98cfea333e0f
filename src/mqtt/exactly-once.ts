import type { PendingBatch } from "../broker/ingest.ts";
import { IN_THE_LOG } from "./joined-batch.ts";
import { type HeaderBlock, headerBlock } from "./record-headers.ts";
import { RETAINED_TOPIC } from "./retained/storage.ts";
import type { Destination } from "./routes.ts";
import type { DurableSession } from "./sessions/durable/durable-session.ts";
import type { UnderWay } from "./sessions/durable/received.ts";
import type { RecordPlace, RecordSearch } from "./sessions/durable/record-search.ts";
import type { SessionStore } from "./sessions/durable/session-store.ts";

/** Tells a record's PUBLISH: its session's number and its packet identifier. */
export const QOS2_HEADER = "mqtt.qos2-id";

/** Waits for what it does not know yet: the second of two steps. */
export class LaterBatch implements PendingBatch {
  #batch: PendingBatch | null = null;
  #error = 0;

  get state(): "waiting" | "durable" | "refused" {
    if (this.#error !== 0) return "refused";
    return this.#batch?.state ?? "waiting";
  }

  get error(): number {
    return this.#error === 0 ? (this.#batch?.error ?? 0) : this.#error;
  }

  get why(): string | undefined {
    return this.#batch?.why;
  }

  get sizeBytes(): number {
    return this.#batch?.sizeBytes ?? 0;
  }

  /** From here on it is as this one is. */
  follow(batch: PendingBatch): void {
    this.#batch = batch;
  }

  /** The step before was refused: this one does not come. */
  refuse(error: number): void {
    this.#error = error;
  }
}

/**
 * QoS 2 from sessions that outlive their connections, exactly once over power cuts (MQTT 5, 4.3.3). First the message is
 * written down with its identifier, and where its record will be at the earliest; when that is durable it is appended,
 * with a header that tells it, and where it is retained, that is written with the same header. PUBREC leaves when all of
 * that is durable. A start looks for the header of what was under way, and appends and retains what is not there.
 */
export class ExactlyOnce {
  readonly #store: SessionStore;
  readonly #search: RecordSearch | null;

  constructor(store: SessionStore, search: RecordSearch | null) {
    this.#store = store;
    this.#search = search;
  }

  /**
   * Writes a message down: what comes back settles when that is durable, and then it may be appended. `keep` keeps it
   * for its subscribers, in the same batch.
   */
  write(session: DurableSession, packetId: number, underWay: UnderWay, keep: () => void): PendingBatch {
    let written = IN_THE_LOG;
    this.#store.together(() => {
      written = this.#store.received(session, packetId, underWay);
      keep();
    });
    return written;
  }

  /** What became of a message: it is known by its identifier alone from here on, or not at all. */
  settled(session: DurableSession, packetId: number, batch: PendingBatch): void {
    if (batch.state === "durable") this.#store.applied(session, packetId);
    // It was written down, where the second step is what was refused.
    else this.#store.refused(session, packetId);
  }

  /** Whether a message that was under way when the process ended is in its topic. */
  isAppended(session: DurableSession, packetId: number, { places }: UnderWay): boolean {
    const topics = new Set(places.map(({ topic }) => topic));
    topics.delete(RETAINED_TOPIC);
    return [...topics].some((topic) => this.#isIn(topic, session, packetId, places));
  }

  /** Whether it is retained, or was until another one was: asked of those alone that are to be. */
  isRetained(session: DurableSession, packetId: number, { places }: UnderWay): boolean {
    return this.#isIn(RETAINED_TOPIC, session, packetId, places);
  }

  #isIn(topic: string, session: DurableSession, packetId: number, places: readonly RecordPlace[]): boolean {
    return this.#search?.has(topic, places, QOS2_HEADER, markValue(session, packetId)) === true;
  }

  /** The ends of all partitions that its records can go to; one that is made by it begins at 0, said by partition 0. */
  placesOf({ topic, decoding }: Destination, retain: boolean): RecordPlace[] {
    const topics = decoding === null ? [topic] : [topic, decoding.deadLetterTopic];
    if (retain) topics.push(RETAINED_TOPIC);
    return topics.flatMap((name) => {
      const ends = this.#search?.ends(name) ?? [];
      return ends.length > 0 ? ends : [{ topic: name, partition: 0, fromOffset: 0 }];
    });
  }
}

export function markOf(session: DurableSession, packetId: number): HeaderBlock {
  return headerBlock([[QOS2_HEADER, markValue(session, packetId)]]);
}

function markValue({ number }: DurableSession, packetId: number): Uint8Array {
  return new TextEncoder().encode(`${number}/${packetId}`);
}

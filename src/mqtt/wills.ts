import type { PendingBatch } from "../broker/ingest.ts";
import { Deadlines } from "../coordinators/runtime/deadlines.ts";
import type { Identity } from "./access.ts";
import type { Door } from "./door.ts";
import type { Gate } from "./gate.ts";
import type { WillPacket } from "./packets/connect.ts";
import { MESSAGE_OVERHEAD_BYTES } from "./publishing.ts";
import { DurableSession } from "./sessions/durable/durable-session.ts";
import type { OwnedWill } from "./sessions/durable/records.ts";
import type { Session } from "./sessions/session.ts";
import { mayPass } from "./settled-batches.ts";

/** A will that the log has refused is tried again so often. */
const RETRY_MS = 10_000;

/**
 * What the end of a connection means for its will: it is published when its delay has passed, it is taken back, or it
 * stays as it is written down, since it is the broker that goes. "pending": the connection was never let in, and what
 * stands is an earlier one's.
 */
export type WillFate = "publish" | "discard" | "keep" | "pending";

/** A will that has taken the place of what an earlier connection had left. */
export interface ChangedWill {
  /** Where that is written down; null where it is in no record. */
  readonly written: PendingBatch | null;
  /** Makes it undone: what was there before is published when its delay has passed. */
  putBack(): void;
}

export function willSizeBytes({ topic, payload, properties }: WillPacket): number {
  return topic.length + payload.length + (properties?.length ?? 0) + MESSAGE_OVERHEAD_BYTES;
}

/**
 * The wills of all clients. A will is published once its connection has ended without a proper goodbye and its delay has
 * passed, or the session has ended, whichever is first (MQTT-3.1.2-8, MQTT-3.1.3-9). Wills outlive the process: in the
 * record of a session that outlives its connection, else in one of their own. After a start, those whose clients don't
 * come back in time are published. One that the log refuses, as a full disk does, waits like those, and is tried again
 * until its client is back.
 */
export class Wills {
  readonly #door: Door;
  readonly #delays: Deadlines;
  /** Wills of connections of an earlier process whose sessions ended with them, and refused ones, by client id. */
  readonly #orphans = new Map<string, OwnedWill>();
  /** Whether the log was told that wills are refused, and none was taken since then. */
  #toldRefused = false;
  /** Bytes that all of them hold. */
  #sizeBytes = 0;

  constructor(door: Door) {
    this.#door = door;
    this.#delays = new Deadlines(door.clock);
  }

  hasRoomFor(will: WillPacket): boolean {
    return this.#sizeBytes + willSizeBytes(will) <= this.#door.limits.maxTotalWillBytes;
  }

  /** Takes up what an earlier process has left. */
  restore(): void {
    const { store, limits } = this.#door;
    if (store === null) return;
    for (const session of store.all()) {
      const { will, clientId } = session;
      if (will === null) continue;
      this.#sizeBytes += willSizeBytes(will);
      const delayMs = Math.max(limits.willGraceMs, will.delaySec * 1_000 - store.awayMs(session));
      this.#delays.set(clientId, delayMs, () => this.#publishOf(session));
    }
    for (const [clientId, orphan] of store.orphanedWills) {
      this.#sizeBytes += willSizeBytes(orphan.will);
      this.#orphans.set(clientId, orphan);
      this.#delays.set(clientId, limits.willGraceMs, () => this.#publishOrphan(clientId));
    }
  }

  /**
   * A client has connected: what an earlier connection has left is not published any more, and this is its will from now
   * on.
   */
  connected(session: Session, will: WillPacket | null): ChangedWill {
    const { clientId, will: before } = session;
    const delayMs = this.#delays.leftMs(clientId);
    const orphan = this.#orphans.get(clientId) ?? null;
    const written = this.#replace(session, will);
    return { written, putBack: () => this.#putBack(session, before, orphan, delayMs) };
  }

  #putBack(session: Session, before: WillPacket | null, orphan: OwnedWill | null, delayMs: number): void {
    const { store } = this.#door;
    const { clientId } = session;
    if (session.will !== null) this.#take(session);
    if (orphan !== null) {
      this.#sizeBytes += willSizeBytes(orphan.will);
      this.#orphans.set(clientId, orphan);
      store?.keepWill(clientId, orphan);
      this.#delays.set(clientId, delayMs, () => this.#publishOrphan(clientId));
    }
    if (before === null || !(session instanceof DurableSession) || session.ended) return;
    this.#put(session, before);
    store?.change(session);
    this.#delays.set(clientId, delayMs, () => this.#publishOf(session));
  }

  /** Writes the will of a connection down once more, where it has a record of its own. */
  rewrite({ clientId, will, userName, certificate }: Session): PendingBatch | null {
    const own = will === null ? null : { will, userName, certificate };
    return this.#door.store?.keepWill(clientId, own) ?? null;
  }

  #replace(session: Session, will: WillPacket | null): PendingBatch | null {
    const { clientId, userName, certificate } = session;
    const { store } = this.#door;
    this.#delays.delete(clientId);
    const orphan = this.#orphans.get(clientId);
    this.#orphans.delete(clientId);
    if (orphan !== undefined) this.#sizeBytes -= willSizeBytes(orphan.will);
    this.#put(session, will);
    if (store === null) return null;
    const isOfSession = isKept(session);
    const own = isOfSession || will === null ? null : { will, userName, certificate };
    if (own !== null || orphan !== undefined) store.keepWill(clientId, own);
    if (isOfSession) return store.change(session);
    return own === null && orphan === undefined ? null : store.batch;
  }

  /** Its connection has ended; the session may go on. */
  disconnected(session: Session, fate: WillFate): void {
    const { will } = session;
    if (will === null || fate === "pending") return;
    if (fate === "discard") {
      this.#take(session);
      return;
    }
    if (fate === "keep") {
      // The record stands; nothing of this process is to publish it.
      this.#sizeBytes -= willSizeBytes(will);
      if (!isKept(session)) session.will = null;
      return;
    }
    const delaySec = isKept(session) ? will.delaySec : 0;
    if (delaySec === 0) this.#publishOf(session);
    else this.#delays.set(session.clientId, delaySec * 1_000, () => this.#publishOf(session));
  }

  /** Its session has ended: what was delayed is due (MQTT-3.1.3-9). */
  ended(session: Session): void {
    if (session.will !== null) this.#publishOf(session);
  }

  /** Takes back what those have left whose session is gone and who are nobody any more. */
  discardAbandoned(gate: Gate): void {
    for (const [clientId, orphan] of this.#orphans) {
      if (gate.stands(orphan)) continue;
      this.#delays.delete(clientId);
      this.#takeOrphan(clientId, orphan);
    }
  }

  stop(): void {
    this.#delays.clear();
  }

  #publishOf(session: Session): void {
    const { will } = session;
    if (will === null) return;
    const { clientId, userName, certificate } = session;
    this.#take(session);
    this.#publish(clientId, { will, userName, certificate }, session);
  }

  #publishOrphan(clientId: string): void {
    const orphan = this.#orphans.get(clientId);
    if (orphan === undefined) return;
    this.#takeOrphan(clientId, orphan);
    this.#publish(clientId, orphan, { clientId, userName: orphan.userName });
  }

  #takeOrphan(clientId: string, { will }: OwnedWill): void {
    this.#orphans.delete(clientId);
    this.#sizeBytes -= willSizeBytes(will);
    this.#door.store?.keepWill(clientId, null);
  }

  /** In the turn in which it is taken back, so that a power cut mostly leaves both or none: it may come twice, not never. */
  #publish(clientId: string, owned: OwnedWill, from: Identity): void {
    const door = this.#door;
    const { will } = owned;
    const entry = door.topics.find(will.topic, 0, will.topic.length);
    if ("reason" in entry || entry.destination === null || !door.access.mayPublish(from, entry)) return;
    const { payload, properties, qos, retain, expirySec } = will;
    door.publish({ entry, payload, properties, qos, retain, expirySec, append: true }, from, (batch) => {
      if (batch.state === "refused") this.#refused(clientId, owned, batch.error);
      else {
        this.#toldRefused = false;
        door.stats.willsPublished++;
      }
    });
  }

  /** Its client's next connection takes it back: else it would tell of an end behind what that one publishes. */
  #refused(clientId: string, owned: OwnedWill, error: number): void {
    const { clients, log, store } = this.#door;
    if (!mayPass(error) || clients.has(clientId)) {
      const why = clients.has(clientId) ? "its client is back" : "another try would change nothing";
      log.warn("a will was refused and is lost", { clientId, kafkaError: error, why });
      return;
    }
    if (!this.#toldRefused) {
      this.#toldRefused = true;
      log.warn("a will was refused: such are tried again until they are taken", {
        clientId,
        kafkaError: error,
      });
    }
    const before = this.#orphans.get(clientId);
    if (before !== undefined) this.#sizeBytes -= willSizeBytes(before.will);
    this.#sizeBytes += willSizeBytes(owned.will);
    this.#orphans.set(clientId, owned);
    store?.keepWill(clientId, owned);
    this.#delays.set(clientId, RETRY_MS, () => this.#publishOrphan(clientId));
  }

  #put(session: Session, will: WillPacket | null): void {
    if (session.will !== null) this.#sizeBytes -= willSizeBytes(session.will);
    session.will = will;
    if (will !== null) this.#sizeBytes += willSizeBytes(will);
  }

  /** The will is no more, and no record has it. */
  #take(session: Session): void {
    const { store } = this.#door;
    this.#delays.delete(session.clientId);
    this.#put(session, null);
    if (store === null) return;
    if (!(session instanceof DurableSession)) store.keepWill(session.clientId, null);
    else {
      // It may have been one that was to end with its connection, and have its will in a record of its own.
      if (session.expirySec === 0) store.keepWill(session.clientId, null);
      if (!session.ended) store.change(session);
    }
  }
}

/** Whether the session outlives its connection, so that its record has its will. */
function isKept(session: Session): session is DurableSession {
  return session instanceof DurableSession && session.expirySec > 0;
}

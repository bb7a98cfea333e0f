import type { RecordCursor } from "../../../records/reader.ts";
import { MESSAGE_OVERHEAD_BYTES } from "../../publishing.ts";
import type { Subscription } from "../targets.ts";
import { FieldReader } from "./bytes.ts";
import { EntryRing } from "./entry-ring.ts";
import { readTime, type TimeRecord } from "./kept-time.ts";
import type { MessageTable } from "./message-table.ts";
import {
  Kind,
  type MessageHeads,
  type OwnedWill,
  type Progress,
  readMessageHead,
  readProgress,
  readSession,
  readSubscription,
  readWill,
  type SessionRecord,
} from "./records.ts";

/** The offset of a message in the table that was taken back. */
const TAKEN_BACK = -2;

/** What the log holds of one session number, whether or not there is such a session. */
export class FoundState {
  readonly subscriptions = new Map<string, Subscription>();
  readonly entries = new EntryRing();
  progress: Progress | null = null;
  /** Behind the last sequence that was given out. */
  endSequence = 0;
  /** Values of QoS 2 packets by their identifier. */
  readonly received = new Map<number, Uint8Array>();
}

/**
 * Reads the log of sessions. What belongs together may lie anywhere in it, since compaction leaves each record where it
 * was written last: so all is gathered first, and put together when the end is reached.
 */
export class Replay implements MessageHeads {
  readonly sessions = new Map<string, SessionRecord>();
  readonly cursors = new Map<string, Uint8Array>();
  readonly wills = new Map<string, OwnedWill>();
  time: TimeRecord | null = null;
  nextSession = 1;
  nextMessage = 1;
  /** Records that are not understood: of a later version, or damaged. */
  strange = 0;
  readonly #table: MessageTable;
  readonly #states = new Map<number, FoundState>();
  readonly #key = new FieldReader();
  readonly #value = new FieldReader();
  #number = 0;
  #offset = 0;
  #slot = -1;

  constructor(table: MessageTable) {
    this.#table = table;
  }

  /** Session numbers that anything was found of. */
  get numbers(): Iterable<number> {
    return this.#states.keys();
  }

  state(number: number): FoundState {
    let found = this.#states.get(number);
    if (found === undefined) {
      found = new FoundState();
      this.#states.set(number, found);
      this.nextSession = Math.max(this.nextSession, number + 1);
    }
    return found;
  }

  record(cursor: RecordCursor): void {
    const { bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
    const key = this.#key.open(bytes, keyStart, Math.max(keyStart, keyEnd));
    const value = valueStart < 0 ? null : this.#value.open(bytes, valueStart, valueEnd);
    if (keyStart < 0 || !this.#take(key.u8(), key, value, cursor.offset)) this.strange++;
  }

  /** False where the record is not understood. */
  #take(kind: number, key: FieldReader, value: FieldReader | null, offset: number): boolean {
    switch (kind) {
      case Kind.MESSAGE:
        return this.#takeMessage(key.number(), value, offset);
      case Kind.PROGRESS:
        return this.#takeProgress(key.number(), value);
      case Kind.SESSION:
        return this.#takeSession(key.restText(), value);
      case Kind.SUBSCRIPTION:
        return this.#takeSubscription(key.number(), key.restText(), value);
      case Kind.RECEIVED: {
        const { received } = this.state(key.number());
        const packetId = key.number();
        if (value === null) received.delete(packetId);
        else received.set(packetId, value.rest().slice());
        return key.ok;
      }
      case Kind.CURSOR: {
        const name = key.restText();
        if (value === null) this.cursors.delete(name);
        else this.cursors.set(name, value.rest().slice());
        return true;
      }
      case Kind.WILL: {
        const clientId = key.restText();
        const will = value === null ? null : readWill(value);
        if (will === null) this.wills.delete(clientId);
        else this.wills.set(clientId, will);
        return value === null || will !== null;
      }
      case Kind.TIME:
        this.time = value === null ? null : readTime(value);
        return value === null || this.time !== null;
      default:
        return false;
    }
  }

  #takeSession(clientId: string, value: FieldReader | null): boolean {
    const session = value === null ? null : readSession(value);
    if (session === null) {
      this.sessions.delete(clientId);
      return value === null;
    }
    this.sessions.set(clientId, session);
    this.nextSession = Math.max(this.nextSession, session.number + 1);
    return true;
  }

  #takeSubscription(number: number, filter: string, value: FieldReader | null): boolean {
    const { subscriptions } = this.state(number);
    const subscription = value === null ? null : readSubscription(value, filter);
    if (subscription === null) subscriptions.delete(filter);
    else subscriptions.set(filter, subscription);
    return value === null || subscription !== null;
  }

  #takeProgress(number: number, value: FieldReader | null): boolean {
    const progress = value === null ? null : readProgress(value);
    if (value !== null && progress === null) return false;
    const state = this.state(number);
    state.progress = progress;
    if (progress === null) return true;
    const last = progress.runs.at(-1);
    const end = Math.max(progress.boundary, last === undefined ? 0 : last.first + last.count);
    state.endSequence = Math.max(state.endSequence, end);
    return true;
  }

  #takeMessage(number: number, value: FieldReader | null, offset: number): boolean {
    if (value === null) {
      const slot = this.#table.find(number);
      if (slot >= 0) this.#table.setOffset(slot, TAKEN_BACK);
      this.nextMessage = Math.max(this.nextMessage, number + 1);
      return true;
    }
    this.#number = number;
    this.#offset = offset;
    if (number < this.nextMessage) return false;
    return readMessageHead(value, this);
  }

  message(sizeBytes: number, expiresAtMs: number): void {
    this.#slot = this.#table.add(this.#number, sizeBytes + MESSAGE_OVERHEAD_BYTES, 0, expiresAtMs);
    this.#table.setOffset(this.#slot, this.#offset);
    this.nextMessage = this.#number + 1;
  }

  target(session: number, sequence: number, flags: number): void {
    const state = this.state(session);
    state.entries.push(sequence, this.#slot, flags);
    state.endSequence = Math.max(state.endSequence, sequence + 1);
  }

  /** The entries of a state whose messages were not taken back, each counted as one that needs its message. */
  standing(state: FoundState): EntryRing {
    const all = state.entries;
    let isWhole = true;
    for (let index = 0; index < all.length; index++) {
      const slot = all.slotAt(index);
      if (this.#table.offset(slot) === TAKEN_BACK) isWhole = false;
      else this.#table.need(slot);
    }
    if (isWhole) return all;
    const standing = new EntryRing();
    for (let index = 0; index < all.length; index++) {
      const slot = all.slotAt(index);
      if (this.#table.offset(slot) === TAKEN_BACK) continue;
      standing.push(all.sequenceAt(index), slot, all.flagsAt(index));
    }
    return standing;
  }

  /** Frees the slots of messages that nobody needs. Returns the numbers of those that the log still has. */
  sweep(): number[] {
    const table = this.#table;
    const abandoned: number[] = [];
    // Downwards, so that the lowest slots are used first again.
    for (let slot = table.slots - 1; slot >= 0; slot--) {
      // Queues that were put back may have let go of the last that they had of one.
      if (table.references(slot) > 0 || table.isFree(slot)) continue;
      if (table.offset(slot) !== TAKEN_BACK) abandoned.push(table.number(slot));
      table.free(slot);
    }
    return abandoned;
  }
}

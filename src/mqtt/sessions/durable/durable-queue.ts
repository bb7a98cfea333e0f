import { assert } from "../../../base/assert.ts";
import type { LossReason } from "../../losses.ts";
import type { Qos } from "../../packets/codes.ts";
import { qosOf } from "../../packets/connect.ts";
import type { DeliveryEnd, LiveMessage, Outbound, Readiness, Received, SubscriberLink } from "../outbound.ts";
import { lowerQos } from "../outbound.ts";
import type { Target } from "../targets.ts";
import { TransientOutbound } from "../transient-outbound.ts";
import { EntryRing } from "./entry-ring.ts";
import {
  DONE,
  isDone,
  NO_SLOT,
  OFFERED,
  PACKET_IDS,
  packetIdOf,
  RECEIVED,
  RELEASED,
  SENT,
  STATE_MASK,
  secondsLeft,
} from "./entry-state.ts";
import { findOpen, isOpen, restoreFlight, runsOf } from "./flight.ts";
import { KnownProgress } from "./known-progress.ts";
import type { MessageBody, QueueHost, WrittenProgress } from "./queue-host.ts";
import { ENTRY_IDENTIFIERS, ENTRY_ORIGIN, ENTRY_RETAIN, type Progress } from "./records.ts";

const NO_IDENTIFIERS: readonly number[] = [];
/** So many done entries may lie between others in the flight, and as many as there are others. */
const MAX_DONE = 64;

/**
 * The way out of a durable session. Every message of QoS 1 and 2 has a sequence, and by it a packet identifier: after
 * a crash it goes out under the same one, though nothing was written when it went out first. Entries wait in `queue`
 * until window and socket have room, then in `flight` until they are acknowledged. Messages of QoS 0 are live only.
 *
 * A PUBREL leaves when the PUBREC is durable: else a crash after the PUBREL would send the message again to a client
 * that has let go of the identifier (MQTT 5, 4.3.3).
 */
export class DurableQueue implements Outbound {
  /** Of the session; never used again. */
  readonly number: number;
  readonly clientId: string;
  readonly #host: QueueHost;
  readonly #live: TransientOutbound;
  readonly #flight = new EntryRing();
  /** Whether the sequences of the flight only grow. */
  #isSorted = true;
  #queue = new EntryRing();
  /** Nothing in the queue expires before this kept time. */
  #nextExpiryMs = Number.POSITIVE_INFINITY;
  #link: SubscriberLink | null = null;
  #nextSequence = 0;
  /** Behind the last entry that has become durable and got into the queue. */
  #releasedEnd = 0;
  /** Accepted and not in the queue yet. */
  #staged = 0;
  /** Bytes of what is staged or queued. */
  #waitingBytes = 0;
  /** Entries of the flight that this connection has seen; those behind are to be sent again. */
  #seen = 0;
  /** Of those, the ones that are not done. */
  #outstanding = 0;
  /** Entries of the flight that are done. */
  #done = 0;
  /** So many at the head of the queue are not to be dropped. */
  #held = 0;
  /** PUBRECs that no flush has written yet. */
  #received: number[] = [];
  readonly #known = new KnownProgress();
  /** A crash has left open whether entries below this were sent. */
  #maybeSentBelow = 0;
  #ended = false;
  /** Takes messages of a session that is over, where others share them. */
  #heirs: ((message: LiveMessage) => boolean) | null = null;

  constructor(number: number, clientId: string, host: QueueHost) {
    this.number = number;
    this.clientId = clientId;
    this.#host = host;
    this.#live = new TransientOutbound(host.limits, host.stats, host.losses);
  }

  get queuedMessages(): number {
    return this.waitingMessages + this.#live.queuedMessages + (this.#flight.length - this.#seen);
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Messages that are not sent, whether or not they are durable yet. */
  get waitingMessages(): number {
    return this.#queue.length + this.#staged;
  }

  /** Messages sent and not acknowledged. */
  get flightMessages(): number {
    return this.#flight.length - this.#done;
  }

  /** The same with those that are done and lie between others. */
  get flightEntries(): number {
    return this.#flight.length;
  }

  // Messages on their way in.

  /**
   * Takes a message of this size, by the bounds and their policy: gives its sequence, or -1 where it is dropped. `settle`
   * or `discard` follows, in the order of the sequences.
   */
  accept(sizeBytes: number): number {
    const { limits } = this.#host;
    const room = this.#link === null ? 0 : Math.max(0, this.#window(this.#link) - this.#outstanding);
    // What leaves at once is not held up by what others leave lying: there is one window of it at most.
    if (!this.#host.hasRoom(sizeBytes) && this.waitingMessages >= room && !this.#dropsExpired()) {
      if (limits.queuePolicy === "drop-newest" || !this.#host.makeRoom(sizeBytes, this)) return -1;
    }
    while (
      this.waitingMessages >= limits.maxQueuedMessages + room ||
      this.#waitingBytes + sizeBytes > limits.maxQueuedBytes
    ) {
      if (this.#dropsExpired()) continue;
      if (limits.queuePolicy === "drop-newest" || this.heldBytes === 0) return -1;
      this.#dropOldest();
    }
    this.#staged++;
    this.#waitingBytes += sizeBytes;
    this.#skipTaken();
    return this.#nextSequence++;
  }

  /** Bytes that `giveWay` could free one by one; 0 where there are none. */
  get heldBytes(): number {
    return this.#oldestToDrop() < this.#queue.length ? this.#waitingBytes : 0;
  }

  /** All sessions together hold too much: the oldest of this one's queue is dropped. */
  giveWay(): void {
    if (!this.#dropsExpired()) this.#dropOldest();
  }

  #dropOldest(): void {
    this.#drop(this.#oldestToDrop(), "queue-full", null);
  }

  /** Drops what has expired, wherever it stands in the queue (MQTT-3.3.2-5). Tells how many entries it looked at. */
  expire(): number {
    const nowMs = this.#host.keptMs();
    if (this.#nextExpiryMs > nowMs) return 0;
    const queue = this.#queue;
    this.#queue = new EntryRing();
    this.#nextExpiryMs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < queue.length; index++) {
      const slot = queue.slotAt(index);
      const flags = queue.flagsAt(index);
      const sequence = queue.sequenceAt(index);
      if (this.#host.expiresAtMs(slot) > nowMs || this.#mayBeKnown(sequence, flags)) {
        this.#enqueue(sequence, slot, flags);
        continue;
      }
      this.#host.stats.messagesExpired++;
      this.#waitingBytes -= this.#host.sizeOf(slot);
      this.#lose(slot, flags, "expired", null);
    }
    this.#host.progressed(this, "lazy");
    return queue.length;
  }

  #dropsExpired(): boolean {
    const { length } = this.#queue;
    this.expire();
    return this.#queue.length < length;
  }

  #enqueue(sequence: number, slot: number, flags: number): void {
    this.#queue.push(sequence, slot, flags);
    if (this.#mayBeKnown(sequence, flags)) return;
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, this.#host.expiresAtMs(slot));
  }

  /** A message that was accepted is durable: it may be sent from here on. `flags` are as in its record. */
  settle(sequence: number, slot: number, flags: number): void {
    this.#staged--;
    this.#releasedEnd = sequence + 1;
    if (this.#ended) this.#leaveOrLose(slot, flags);
    else this.#enqueue(sequence, slot, flags);
  }

  /** One that was accepted did not become durable. */
  discard(sequence: number, slot: number): void {
    this.#staged--;
    this.#releasedEnd = sequence + 1;
    this.#waitingBytes -= this.#host.sizeOf(slot);
    this.#host.letGo(slot);
  }

  // The connection.

  attach(link: SubscriberLink): void {
    this.#link = link;
    this.#seen = 0;
    this.#outstanding = 0;
    this.#live.attach(link);
  }

  detach(): void {
    this.#link = null;
    this.#live.detach();
    for (let index = 0; index < this.#flight.length; index++) {
      if ((this.#flight.flagsAt(index) & OFFERED) !== 0) this.#mark(index, DONE);
    }
    this.#seen = 0;
    this.#outstanding = 0;
    this.#trim();
  }

  end(heirs: ((message: LiveMessage) => boolean) | null = null): void {
    this.#link = null;
    this.#ended = true;
    this.#heirs = heirs;
    this.#live.end();
    for (let index = 0; index < this.#flight.length; index++) {
      const flags = this.#flight.flagsAt(index);
      const slot = this.#flight.slotAt(index);
      if ((flags & STATE_MASK) !== SENT || slot === NO_SLOT) continue;
      // MQTT-4.8.2-5: what may have been received at QoS 2 is for nobody else.
      if ((flags & 3) === 1) this.#leaveOrLose(slot, flags);
      else this.#lose(slot, flags, "session-ended", null);
    }
    for (; this.#queue.length > 0; this.#queue.shift()) {
      this.#leaveOrLose(this.#queue.slotAt(0), this.#queue.flagsAt(0));
    }
    this.#flight.clear();
    this.#done = 0;
    this.#held = 0;
    this.#queue.clear();
    this.#received = [];
    this.#waitingBytes = 0;
  }

  /** The session is over: an entry's message goes to others, where it is theirs too, or is lost. */
  #leaveOrLose(slot: number, flags: number): void {
    const body = this.#heirs === null ? null : this.#host.body(slot);
    if (body !== null && this.#heirs?.(body.message) === true) this.#host.letGo(slot);
    else this.#lose(slot, flags, "session-ended", null);
  }

  readiness(qos: Qos): Readiness {
    if (this.#ended) return "ended";
    if (this.#link === null) return "away";
    if (qos === 0) return this.#live.readiness(qos) === "ready" ? "ready" : "busy";
    const free = this.#window(this.#link) - this.#outstanding - this.waitingMessages;
    return this.#link.writable && free > 0 ? "ready" : "busy";
  }

  /** QoS 0 is live; the rest is kept, like all that comes by `accept`. */
  deliver(message: LiveMessage, target: Target, nowMs: number): void {
    if (lowerQos(message.qos, target.qos) === 0) this.#live.deliver(message, target, nowMs);
    else this.#host.stageCopy(message, target);
  }

  /** At QoS 1 at most: for QoS 2 an identifier would have to be remembered beyond the connection. */
  offer(message: LiveMessage, target: Target, nowMs: number): boolean {
    const link = this.#link;
    const qos = lowerQos(lowerQos(message.qos, target.qos), 1);
    if (link === null || this.queuedMessages > 0) return false;
    if (qos === 0) return this.#live.offer(message, { ...target, qos }, nowMs);
    this.#skipTaken();
    const sequence = this.#nextSequence;
    if (!this.#canSend(link, sequence)) return false;
    const expirySec = secondsLeft(message, nowMs);
    if (expirySec === 0) {
      this.#host.stats.messagesExpired++;
      this.#host.losses.lost("expired", this.clientId, message);
      return true;
    }
    this.#nextSequence++;
    // What is staged has sequences below and comes later: the boundary of the progress stays below it.
    if (this.#staged === 0) this.#releasedEnd = this.#nextSequence;
    const retain = target.retainAsPublished && message.retain;
    this.#fly(sequence, NO_SLOT, qos | OFFERED);
    this.#send(link, message, qos, retain, sequence, expirySec, target.identifiers, false);
    return true;
  }

  pump(nowMs: number): void {
    this.#live.pump(nowMs);
    while (this.#link !== null && this.#seen < this.#flight.length) {
      if (!this.#sendAgain(this.#link, nowMs)) return;
    }
    while (this.#link !== null && this.#queue.length > 0) {
      if (!this.#canSend(this.#link, this.#queue.sequenceAt(0))) return;
      this.#sendFirst(this.#link, nowMs);
    }
  }

  // Acknowledgements.

  acknowledged(packetId: number): void {
    const index = this.#find(packetId);
    if (index < 0) return;
    const flags = this.#flight.flagsAt(index);
    if ((flags & STATE_MASK) !== SENT || (flags & 3) !== 1) return;
    this.#over(index, "delivered");
  }

  received(packetId: number): Received {
    const index = this.#find(packetId);
    if (index < 0) return "unknown";
    const flags = this.#flight.flagsAt(index);
    const state = flags & STATE_MASK;
    if (state === RELEASED) return "release";
    if (state === RECEIVED) return "later";
    if (state !== SENT || (flags & 3) !== 2) return "unknown";
    this.#received.push(this.#flight.sequenceAt(index));
    this.#release(index, "delivered");
    this.#flight.set(index, NO_SLOT, (flags & ~STATE_MASK) | RECEIVED);
    this.#host.progressed(this, "soon");
    return "later";
  }

  refused(packetId: number): void {
    const index = this.#find(packetId);
    if (index < 0) return;
    const flags = this.#flight.flagsAt(index);
    if ((flags & STATE_MASK) === SENT && (flags & 3) === 2) this.#over(index, "dropped");
  }

  completed(packetId: number): void {
    const index = this.#find(packetId);
    if (index >= 0 && (this.#flight.flagsAt(index) & STATE_MASK) === RELEASED) this.#over(index, null);
  }

  // What is written of it.

  /** What the log has to know. */
  get progress(): Progress {
    const boundary = this.#queue.length > 0 ? this.#queue.sequenceAt(0) : this.#releasedEnd;
    const maybeSentBelow = this.#maybeSentBelow > boundary ? this.#maybeSentBelow : 0;
    return { boundary, maybeSentBelow, runs: runsOf(this.#flight) };
  }

  /** The progress was appended as it is now. */
  written(): WrittenProgress {
    const received = this.#received;
    this.#received = [];
    const { boundary, runs } = this.progress;
    return { firstUndone: runs[0]?.first ?? boundary, boundary, runs, received };
  }

  /** What `written` gave is durable: the PUBRELs in it may leave. */
  durable(written: WrittenProgress): void {
    if (this.#ended) return;
    const wasHeld = this.#queue.length > 0 && !this.#hasIdentifier(this.#queue.sequenceAt(0));
    this.#known.note(written);
    for (const sequence of written.received) this.#sendRelease(sequence);
    // Nothing else may come that would send it.
    if (wasHeld) this.pump(this.#host.monotonicMs());
  }

  /** What `written` gave is in no log: it is to be written again. */
  unwritten({ received }: WrittenProgress): void {
    if (!this.#ended) this.#received = [...received, ...this.#received];
  }

  /**
   * Puts back what a start has found in the log, in the order of the sequences. `end` is behind the last sequence that
   * was given out; the queue keeps `entries` as its own. `connected`: messages may have been sent that the log does
   * not know of.
   */
  restore(entries: EntryRing, progress: Progress | null, end: number, connected: boolean): void {
    const boundary = progress?.boundary ?? 0;
    const underWay = new EntryRing();
    for (; entries.length > 0 && entries.sequenceAt(0) < boundary; entries.shift()) {
      underWay.push(entries.sequenceAt(0), entries.slotAt(0), entries.flagsAt(0));
    }
    restoreFlight(this.#flight, progress?.runs ?? [], underWay, (slot) => this.#host.letGo(slot));
    this.#queue = entries;
    for (let index = 0; index < entries.length; index++) {
      const slot = entries.slotAt(index);
      this.#waitingBytes += this.#host.sizeOf(slot);
      this.#nextExpiryMs = Math.min(this.#nextExpiryMs, this.#host.expiresAtMs(slot));
    }
    this.#nextSequence = Math.max(boundary, end);
    this.#releasedEnd = this.#nextSequence;
    const firstUndone = this.#flight.length > 0 ? this.#flight.sequenceAt(0) : boundary;
    this.#known.note({ firstUndone, boundary, runs: progress?.runs ?? [] });
    // How far the window had moved since the progress was written is not known.
    this.#maybeSentBelow = connected ? this.#nextSequence : (progress?.maybeSentBelow ?? 0);
    if (connected && this.#queue.length > 0) this.#host.progressed(this, "lazy");
  }

  // Sending.

  #window(link: SubscriberLink): number {
    return Math.min(link.receiveMaximum, this.#host.limits.maxInFlight);
  }

  #canSend(link: SubscriberLink, sequence: number): boolean {
    return link.writable && this.#outstanding < this.#window(link) && this.#hasIdentifier(sequence);
  }

  /** No two that a crash could leave undone may have the same identifier. */
  #hasIdentifier(sequence: number): boolean {
    return !this.#known.holds(sequence) && !isOpen(this.#flight, sequence, this.#isSorted);
  }

  /** Leaves out sequences whose identifiers are those of messages that are not acknowledged, however long. */
  #skipTaken(): void {
    for (let tried = 0; tried < PACKET_IDS; tried++, this.#nextSequence++) {
      const sequence = this.#nextSequence;
      if (!this.#known.isTaken(sequence) && !isOpen(this.#flight, sequence, this.#isSorted)) return;
    }
  }

  /** Sends the first of the flight that this connection has not seen (MQTT-4.4.0-1, -2). False where there is no room. */
  #sendAgain(link: SubscriberLink, nowMs: number): boolean {
    const index = this.#seen;
    const flags = this.#flight.flagsAt(index);
    const state = flags & STATE_MASK;
    if (state === DONE) {
      this.#seen++;
      return true;
    }
    if (!link.writable || this.#outstanding >= this.#window(link)) return false;
    this.#seen++;
    this.#outstanding++;
    const sequence = this.#flight.sequenceAt(index);
    if (state === RELEASED) link.sendRelease(packetIdOf(sequence));
    if (state !== SENT) return true;
    const slot = this.#flight.slotAt(index);
    const body = this.#host.body(slot);
    if (body === null) {
      this.#note("unreadable", null, this.#host.sizeOf(slot));
      this.#over(index, "dropped");
      return true;
    }
    // Its delivery had begun: an expiry ends it no more (MQTT-3.3.2-5), but 0 seconds left can't be said.
    const expirySec = secondsLeft(body.message, nowMs) || 1;
    this.#host.stats.messagesSentAgain++;
    this.#sendBody(link, body, flags, sequence, expirySec, true);
    return true;
  }

  #sendFirst(link: SubscriberLink, nowMs: number): void {
    const sequence = this.#queue.sequenceAt(0);
    const slot = this.#queue.slotAt(0);
    const flags = this.#queue.flagsAt(0);
    const body = this.#host.body(slot);
    if (body === null) {
      this.#drop(0, "unreadable", null);
      return;
    }
    const expirySec = secondsLeft(body.message, nowMs);
    if (expirySec === 0 && !this.#mayBeKnown(sequence, flags)) {
      this.#host.stats.messagesExpired++;
      this.#drop(0, "expired", body.message);
      return;
    }
    this.#queue.shift();
    if (this.#held > 0) this.#held--;
    this.#waitingBytes -= this.#host.sizeOf(slot);
    this.#fly(sequence, slot, flags);
    this.#host.progressed(this, "lazy");
    // MQTT-3.3.1-1: sent before, as far as anybody knows.
    this.#sendBody(link, body, flags, sequence, expirySec || 1, sequence < this.#maybeSentBelow);
  }

  /**
   * Whether the client may have an entry of the queue open as a QoS 2 message that it has received: were it not sent
   * again, the client would never be told to let go of its identifier, and take a later message for the same.
   */
  #mayBeKnown(sequence: number, flags: number): boolean {
    return sequence < this.#maybeSentBelow && (flags & 3) === 2;
  }

  /** The first of the queue that may be dropped; behind its end where none is. */
  #oldestToDrop(): number {
    const queue = this.#queue;
    for (; this.#held < queue.length; this.#held++) {
      if (!this.#mayBeKnown(queue.sequenceAt(this.#held), queue.flagsAt(this.#held))) break;
    }
    return this.#held;
  }

  /** Under way before it is sent: a socket may break while it takes the bytes. */
  #fly(sequence: number, slot: number, flags: number): void {
    assert(this.#seen === this.#flight.length, "sent before what is to be sent again");
    const { length } = this.#flight;
    // One that was offered may be ahead of what was staged before it.
    if (length === 0) this.#isSorted = true;
    else if (sequence < this.#flight.sequenceAt(length - 1)) this.#isSorted = false;
    this.#flight.push(sequence, slot, flags | SENT);
    this.#seen++;
    this.#outstanding++;
  }

  #sendBody(
    link: SubscriberLink,
    body: MessageBody,
    flags: number,
    sequence: number,
    expirySec: number,
    duplicate: boolean,
  ): void {
    const identifiers = (flags & ENTRY_IDENTIFIERS) === 0 ? NO_IDENTIFIERS : body.identifiersFor(this.number);
    const retain = (flags & ENTRY_RETAIN) !== 0;
    this.#send(link, body.message, qosOf(flags & 3), retain, sequence, expirySec, identifiers, duplicate);
  }

  #send(
    link: SubscriberLink,
    message: LiveMessage,
    qos: Qos,
    retain: boolean,
    sequence: number,
    expirySec: number,
    identifiers: readonly number[],
    duplicate: boolean,
  ): void {
    const { stats } = this.#host;
    const packetId = packetIdOf(sequence);
    const sent = link.sendPublish(message, qos, retain, packetId, expirySec, identifiers, duplicate);
    if (sent === "sent") {
      stats.messagesSent++;
      return;
    }
    // MQTT-3.1.2-25: as if it had been delivered.
    if (sent === "too-large") stats.messagesTooLarge++;
    else stats.messagesForbidden++;
    this.#note(sent, message, message.payload.length);
    const index = this.#find(packetId);
    if (index >= 0) this.#over(index, "dropped");
  }

  /** A PUBREC is durable: its PUBREL leaves on the connection that has seen the message, or with the next one. */
  #sendRelease(sequence: number): void {
    const index = this.#find(packetIdOf(sequence));
    if (index < 0 || (this.#flight.flagsAt(index) & STATE_MASK) !== RECEIVED) return;
    this.#mark(index, RELEASED);
    if (index < this.#seen) this.#link?.sendRelease(packetIdOf(sequence));
  }

  // The end of entries.

  #find(packetId: number): number {
    return findOpen(this.#flight, packetId, this.#isSorted);
  }

  #over(index: number, end: DeliveryEnd | null): void {
    this.#release(index, end);
    this.#mark(index, DONE);
    if (index < this.#seen) this.#outstanding--;
    this.#trim();
    this.#host.progressed(this, "lazy");
  }

  /** Lets go of an entry's message. */
  #release(index: number, end: DeliveryEnd | null): void {
    const slot = this.#flight.slotAt(index);
    if (slot === NO_SLOT) return;
    const flags = this.#flight.flagsAt(index);
    if (end !== null && (flags & ENTRY_ORIGIN) !== 0) this.#host.tell(this, slot, end);
    this.#host.letGo(slot);
    this.#flight.set(index, NO_SLOT, flags);
  }

  #mark(index: number, state: number): void {
    const flags = this.#flight.flagsAt(index);
    if (state === DONE && !isDone(flags)) this.#done++;
    this.#flight.set(index, this.#flight.slotAt(index), (flags & ~STATE_MASK) | state);
  }

  /** Takes away what is done: at the head, or anywhere when that is most of it, behind one never acknowledged. */
  #trim(): void {
    const flight = this.#flight;
    while (flight.length > 0 && isDone(flight.flagsAt(0))) {
      flight.shift();
      this.#done--;
      if (this.#seen > 0) this.#seen--;
    }
    if (this.#done <= MAX_DONE || this.#done * 2 <= flight.length) return;
    this.#seen = flight.compact(this.#seen, (flags) => !isDone(flags));
    this.#done = 0;
  }

  #drop(index: number, reason: LossReason, message: LiveMessage | null): void {
    const slot = this.#queue.slotAt(index);
    const flags = this.#queue.flagsAt(index);
    this.#queue.removeAt(index);
    if (index < this.#held) this.#held--;
    this.#waitingBytes -= this.#host.sizeOf(slot);
    this.#lose(slot, flags, reason, message);
    this.#host.progressed(this, "lazy");
  }

  #note(reason: LossReason, message: LiveMessage | null, sizeBytes: number): void {
    const { stats, losses } = this.#host;
    if (reason === "queue-full" || reason === "unreadable") stats.messagesDropped++;
    if (message === null) losses.lostUnread(reason, this.clientId, 1, sizeBytes);
    else losses.lost(reason, this.clientId, message);
  }

  #lose(slot: number, flags: number, reason: LossReason, message: LiveMessage | null): void {
    this.#note(reason, message, this.#host.sizeOf(slot));
    if ((flags & ENTRY_ORIGIN) !== 0)
      this.#host.tell(this, slot, reason === "expired" ? "expired" : "dropped");
    this.#host.letGo(slot);
  }
}

import type { PendingBatch } from "../../../broker/ingest.ts";
import { Deadlines } from "../../../coordinators/runtime/deadlines.ts";
import type { Clock, Timer } from "../../../io/clock.ts";
import type { MqttLimits } from "../../limits.ts";
import type { Losses } from "../../losses.ts";
import type { Version } from "../../packets/codes.ts";
import type { MqttStats } from "../../stats.ts";
import type { SubscriptionTrie } from "../subscription-trie.ts";
import type { Subscription } from "../targets.ts";
import { FieldReader, FieldWriter } from "./bytes.ts";
import type { Cursors } from "./cursors.ts";
import { DurableQueue } from "./durable-queue.ts";
import { DurableSession } from "./durable-session.ts";
import { EntryRing } from "./entry-ring.ts";
import { KEPT_TIME_INTERVAL_MS, KeptTime, putTime } from "./kept-time.ts";
import { MessageStore, type SessionBugs } from "./message-store.ts";
import { putReceived, type Received, readReceived, type UnderWay } from "./received.ts";
import { Kind, type OwnedWill, putSession, putSubscription, putWill, type SessionRecord } from "./records.ts";
import { type FoundState, Replay } from "./replay.ts";
import type { StateLog } from "./state-log.ts";
import { type OnWritten, TurnLog } from "./turn-log.ts";
import type { TurnWriter } from "./turn-writer.ts";

/** What a record takes beside what is in it, about. */
const RECORD_BYTES = 32;

/** An expiry that means never: MQTT 5, 3.1.2.11.2. */
export const NEVER_SEC = 0xffff_ffff;

export interface SessionStoreParts {
  readonly clock: Clock;
  readonly log: StateLog;
  readonly limits: MqttLimits;
  readonly stats: MqttStats;
  readonly losses: Losses;
  readonly subscriptions: SubscriptionTrie;
  /** Ends the batches of messages that this turn has gathered. */
  appendMessages(): void;
  /** Something that was written has settled. */
  settled(): void;
  /** A session's time is over. It is still there. */
  expired(session: DurableSession): void;
  readonly bugs?: SessionBugs;
}

/** A PUBLISH of QoS 2 whose session's process ended before it was known to be in its topic. */
export interface InterruptedPublish {
  readonly session: DurableSession;
  readonly packetId: number;
  readonly underWay: UnderWay;
}

/**
 * Sessions that outlive their connections, and what is written about them. A change counts at once; the batch of the
 * turn says when it is durable.
 */
export class SessionStore {
  readonly messages: MessageStore;
  readonly bugs: SessionBugs;
  readonly cursors: Cursors;
  readonly #parts: SessionStoreParts;
  readonly #time: KeptTime;
  #timeTimer: Timer | null = null;
  readonly #turns: TurnLog;
  readonly #byClientId = new Map<string, DurableSession>();
  /** Sessions of every user that has one. */
  readonly #countOf = new Map<string, number>();
  readonly #expiries: Deadlines;
  readonly #key = new FieldWriter();
  readonly #value = new FieldWriter();
  readonly #reader = new FieldReader();
  readonly #cursorValues = new Map<string, Uint8Array>();
  /** The same as the log has them. */
  readonly #durableCursors = new Map<string, Uint8Array>();
  #orphanedWills: ReadonlyMap<string, OwnedWill> = new Map();
  /** Wills that stand for themselves, to be written or (null) to be taken back. */
  #wills = new Map<string, OwnedWill | null>();
  /** QoS 2 packets whose messages are in their topics, by their identifiers: to be written so. */
  #applied = new Map<DurableSession, Set<number>>();
  /**
   * QoS 2 packets that were refused, by their identifiers, each time under a new number: what is written of them is to
   * be taken back, and is no more once it came again or the log has it. Else a start would append what was refused, and
   * answer for it when it comes again, though its subscribers' copies are gone.
   */
  readonly #refused = new Map<DurableSession, Map<number, number>>();
  #refusals = 0;
  #interrupted: InterruptedPublish[] = [];
  #nextNumber = 1;
  #changed = new Set<DurableSession>();
  /** Filters whose subscription is to be written, or taken back. */
  #subscribed = new Map<DurableSession, Set<string>>();
  #ended: DurableSession[] = [];
  /** Numbers that the log has something of, and that are no session's. */
  #strays: { readonly number: number; readonly filters: string[]; readonly packetIds: number[] }[] = [];

  constructor(parts: SessionStoreParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.bugs = parts.bugs ?? {};
    this.#time = new KeptTime(clock);
    this.messages = new MessageStore({ ...parts, time: this.#time, bugs: this.bugs });
    this.#turns = new TurnLog(
      clock,
      log,
      (slot, offset) => this.messages.table.setOffset(slot, offset),
      this,
      () => parts.appendMessages(),
      () => parts.settled(),
    );
    this.messages.writeTo(this.#turns, () => this.all());
    this.#expiries = new Deadlines(clock);
    this.cursors = {
      get: (name) => this.#cursorValues.get(name) ?? null,
      set: (name, value) => this.#setCursor(name, value),
      together: (change) => this.#turns.together(change),
    };
  }

  get count(): number {
    return this.#byClientId.size;
  }

  /** What is written in this turn, up to its end. */
  get batch(): PendingBatch {
    return this.#turns.batch;
  }

  get isSettled(): boolean {
    return this.messages.isSettled;
  }

  get(clientId: string): DurableSession | null {
    return this.#byClientId.get(clientId) ?? null;
  }

  /** Sessions of a user; 0 for nobody in particular. */
  countOf(userName: string | null): number {
    return userName === null ? 0 : (this.#countOf.get(userName) ?? 0);
  }

  /** Says whose session it is from now on. */
  own(session: DurableSession, userName: string | null): void {
    this.#countFor(session.userName, -1);
    session.userName = userName;
    this.#countFor(userName, 1);
  }

  #countFor(userName: string | null, change: number): void {
    if (userName === null) return;
    const count = this.countOf(userName) + change;
    if (count > 0) this.#countOf.set(userName, count);
    else this.#countOf.delete(userName);
  }

  all(): Iterable<DurableSession> {
    return this.#byClientId.values();
  }

  /** Begins a session; there is none of this client. */
  create(clientId: string, protocol: Version): DurableSession {
    const { limits, stats, losses } = this.#parts;
    const queue = new DurableQueue(this.#nextNumber++, clientId, this.messages);
    const session = new DurableSession(queue, protocol, limits, stats, losses);
    this.#byClientId.set(clientId, session);
    stats.durableSessions = this.#byClientId.size;
    return session;
  }

  /** A session has a connection from now on. It is written with this turn. */
  connected(session: DurableSession): PendingBatch {
    if (session.disconnectedAtMs > 0) this.#parts.stats.sessionsAway--;
    session.connected = true;
    session.disconnectedAtMs = 0;
    this.#expiries.delete(session.clientId);
    return this.change(session);
  }

  /** It has none any more; its expiry runs. */
  disconnected(session: DurableSession): void {
    session.connected = false;
    session.disconnectedAtMs = this.#time.record.keptMs;
    this.#parts.stats.sessionsAway++;
    this.#expire(session, session.expirySec * 1_000);
    this.change(session);
  }

  /** Wills whose sessions ended with the process that wrote them, by client id, as a start has found them. */
  get orphanedWills(): ReadonlyMap<string, OwnedWill> {
    return this.#orphanedWills;
  }

  /** The will of a client whose session ends with its connection; null for none any more. */
  keepWill(clientId: string, will: OwnedWill | null): PendingBatch {
    this.#wills.set(clientId, will);
    return this.#turns.batch;
  }

  /** PUBLISHes of QoS 2 that may not be in their topics, as a start has found them. */
  get interrupted(): readonly InterruptedPublish[] {
    return this.#interrupted;
  }

  /** A PUBLISH of QoS 2 has come. */
  received(session: DurableSession, packetId: number, underWay: UnderWay): PendingBatch {
    return this.#putReceived(session, packetId, underWay);
  }

  /** It is in its topic. */
  applied(session: DurableSession, packetId: number): void {
    if (session.ended || !session.received.has(packetId)) return;
    const applied = this.#applied.get(session);
    if (applied === undefined) this.#applied.set(session, new Set([packetId]));
    else applied.add(packetId);
    this.#turns.later();
  }

  /** It is not in its topic, and is not to be. */
  refused(session: DurableSession, packetId: number): void {
    this.#applied.get(session)?.delete(packetId);
    let packetIds = this.#refused.get(session);
    if (packetIds === undefined) {
      packetIds = new Map();
      this.#refused.set(session, packetIds);
    }
    packetIds.set(packetId, ++this.#refusals);
    this.#turns.later();
  }

  /** Its identifier is free again. */
  released(session: DurableSession, packetId: number): PendingBatch {
    return this.#putReceived(session, packetId, null);
  }

  /** Runs `change` at once: what it puts down in its order is durable together, or not at all. */
  together(change: () => void): void {
    this.#turns.together(change);
  }

  #putReceived(session: DurableSession, packetId: number, received: UnderWay | null): PendingBatch {
    this.#applied.get(session)?.delete(packetId);
    this.#refused.get(session)?.delete(packetId);
    return this.#turns.add({
      sizeBytes: RECORD_BYTES + (received === null ? 0 : sizeOf(received)),
      write: (writer) => {
        if (!session.ended) this.#writeReceived(writer, session.number, packetId, received);
      },
    });
  }

  /** Something of it has changed that its record has. */
  change(session: DurableSession): PendingBatch {
    this.#changed.add(session);
    return this.#turns.batch;
  }

  /** A subscription of it has changed, has come or gone. */
  changeSubscription(session: DurableSession, filter: string): PendingBatch {
    this.#noteSubscription(session, filter);
    return this.#turns.batch;
  }

  #noteSubscription(session: DurableSession, filter: string): void {
    const filters = this.#subscribed.get(session);
    if (filters === undefined) this.#subscribed.set(session, new Set([filter]));
    else filters.add(filter);
  }

  /** Ends it for good. Its subscriptions are still in its map, so that they can be taken back. */
  end(session: DurableSession): void {
    session.ended = true;
    if (session.disconnectedAtMs > 0) this.#parts.stats.sessionsAway--;
    this.#expiries.delete(session.clientId);
    if (this.#byClientId.get(session.clientId) === session) this.#byClientId.delete(session.clientId);
    this.#countFor(session.userName, -1);
    this.#parts.stats.durableSessions = this.#byClientId.size;
    this.#changed.delete(session);
    this.#ended.push(session);
    void this.#turns.batch;
  }

  /** Reads the log. Before anything else is called. */
  open(): { readonly strange: number } {
    const { log } = this.#parts;
    const replay = new Replay(this.messages.table);
    log.replay((cursor) => replay.record(cursor));
    const used = new Set<number>();
    // Who needs which message is counted first: a session that is done with one must not take it from another.
    const entries = new Map<number, EntryRing>();
    for (const { number } of replay.sessions.values()) {
      used.add(number);
      entries.set(number, replay.standing(replay.state(number)));
    }
    for (const [clientId, record] of replay.sessions) {
      this.#restore(
        clientId,
        record,
        replay.state(record.number),
        entries.get(record.number) ?? new EntryRing(),
      );
    }
    for (const number of replay.numbers) {
      if (used.has(number)) continue;
      const { subscriptions, received, progress } = replay.state(number);
      if (subscriptions.size === 0 && received.size === 0 && progress === null) continue;
      this.#strays.push({ number, filters: [...subscriptions.keys()], packetIds: [...received.keys()] });
    }
    for (const [name, value] of replay.cursors) {
      this.#cursorValues.set(name, value);
      this.#durableCursors.set(name, value);
    }
    this.#orphanedWills = replay.wills;
    this.#nextNumber = replay.nextSession;
    this.messages.nextNumber = replay.nextMessage;
    this.messages.abandon(replay.sweep());
    this.#time.resume(replay.time);
    for (const session of this.#byClientId.values()) this.#resumeExpiry(session);
    this.#watchTime();
    if (this.#strays.length > 0) this.#turns.later();
    return { strange: replay.strange };
  }

  #restore(clientId: string, record: SessionRecord, found: FoundState, entries: EntryRing): void {
    const { limits, stats, losses, subscriptions, bugs } = this.#parts;
    const queue = new DurableQueue(record.number, clientId, this.messages);
    const session = new DurableSession(queue, record.protocol, limits, stats, losses);
    session.expirySec = record.expirySec;
    session.connected = record.connected;
    session.disconnectedAtMs = record.disconnectedAtMs;
    this.own(session, record.userName);
    session.certificate = record.certificate;
    session.will = record.will;
    for (const subscription of found.subscriptions.values()) {
      session.subscriptions.set(subscription.filter, subscription);
      subscriptions.add(session, subscription);
    }
    const end = bugs?.forgetSequences === true ? 0 : found.endSequence;
    queue.restore(entries, found.progress, end, record.connected);
    for (const [packetId, value] of found.received) {
      const received = readReceived(this.#reader.open(value, 0, value.length));
      session.received.add(packetId);
      if (received?.state === "under-way") this.#interrupted.push({ session, packetId, underWay: received });
    }
    this.#byClientId.set(clientId, session);
    stats.durableSessions = this.#byClientId.size;
    stats.subscriptions = subscriptions.count;
  }

  /** Milliseconds that a session has been away, of those that count. */
  awayMs(session: DurableSession): number {
    return Math.max(0, this.#time.nowMs() - session.disconnectedAtMs);
  }

  /** The time that was left when the process ended, less what has passed since then. */
  #resumeExpiry(session: DurableSession): void {
    const wholeMs = session.expirySec * 1_000;
    if (session.connected) {
      session.connected = false;
      session.disconnectedAtMs = this.#time.record.keptMs;
      this.change(session);
    }
    this.#parts.stats.sessionsAway++;
    this.#expire(session, Math.max(0, wholeMs - this.awayMs(session)));
  }

  #expire(session: DurableSession, delayMs: number): void {
    if (session.expirySec >= NEVER_SEC) return;
    this.#expiries.set(session.clientId, delayMs, () => this.#parts.expired(session));
  }

  /** Appends what waits, also what nobody waits for. */
  flush(): void {
    this.#turns.flush();
  }

  /** Nothing happens by itself any more. */
  stop(): void {
    this.#expiries.clear();
    this.#timeTimer?.cancel();
    this.messages.stop();
    this.#turns.stop();
  }

  #setCursor(name: string, value: Uint8Array | null): PendingBatch {
    const kept = value?.slice();
    if (kept === undefined) this.#cursorValues.delete(name);
    else this.#cursorValues.set(name, kept);
    const batch = this.#turns.add({
      sizeBytes: RECORD_BYTES + name.length + (kept?.length ?? 0),
      write: (writer) => {
        const key = this.#key.start().u8(Kind.CURSOR).restText(name).take();
        writer.put(key, kept ?? null, -1);
      },
    });
    batch.thens.push((error) => {
      const durable = this.#durableCursors;
      if (error === 0) {
        if (kept === undefined) durable.delete(name);
        else durable.set(name, kept);
        return;
      }
      if (this.#cursorValues.get(name) !== kept) return;
      // The value before may be one that was refused, too.
      const before = durable.get(name);
      if (before === undefined) this.#cursorValues.delete(name);
      else this.#cursorValues.set(name, before);
    });
    return batch;
  }

  // What is written at the end of a turn.

  writeFirst(writer: TurnWriter, onWritten: OnWritten): void {
    this.#writeTime(writer, onWritten);
    if (this.#strays.length > 0) this.#writeStrays(writer, onWritten);
    if (this.#ended.length > 0) this.#writeEnded(writer, onWritten);
    if (this.#changed.size > 0) this.#writeChanged(writer, onWritten);
    if (this.#subscribed.size > 0) this.#writeSubscriptions(writer, onWritten);
    if (this.#wills.size > 0) this.#writeWills(writer, onWritten);
    if (this.#refused.size > 0) this.#writeRefused(writer, onWritten);
  }

  writeLast(writer: TurnWriter, onWritten: OnWritten): void {
    this.messages.write(writer, onWritten);
    if (this.#applied.size > 0) this.#writeApplied(writer, onWritten);
  }

  #writeTime(writer: TurnWriter, onWritten: OnWritten): void {
    const time = this.#time;
    // Without sessions nothing waits for it.
    const record = this.#byClientId.size === 0 ? null : time.record;
    if (record === null ? !time.isWritten : !time.isDue) return;
    if (record !== null) putTime(this.#value.start(), record);
    const key = this.#key.start().u8(Kind.TIME).take();
    writer.put(key, record === null ? null : this.#value.take(), -1);
    time.written(record);
    onWritten((error) => {
      if (error !== 0) time.refused();
    });
    this.#watchTime();
  }

  /** Has the time written while something waits that it counts for. */
  #watchTime(): void {
    if (this.#byClientId.size === 0) return;
    this.#timeTimer ??= this.#parts.clock.after(KEPT_TIME_INTERVAL_MS, () => {
      this.#timeTimer = null;
      const { sessionsAway, storedMessages } = this.#parts.stats;
      if (sessionsAway > 0 || storedMessages > 0) this.#turns.later();
      if (storedMessages > 0) this.messages.sweep();
      this.#watchTime();
    });
  }

  #writeApplied(writer: TurnWriter, onWritten: OnWritten): void {
    const applied = this.#applied;
    this.#applied = new Map();
    for (const [session, packetIds] of applied) {
      if (session.ended) continue;
      for (const packetId of packetIds) {
        this.#writeReceived(writer, session.number, packetId, { state: "applied" });
      }
    }
    onWritten((error) => {
      if (error === 0) return;
      for (const [session, packetIds] of applied) {
        for (const packetId of packetIds) this.applied(session, packetId);
      }
    });
  }

  /** Before the messages that went with them are taken back. */
  #writeRefused(writer: TurnWriter, onWritten: OnWritten): void {
    const written = [...this.#refused].map(([session, packetIds]) => ({
      session,
      packetIds: [...packetIds],
    }));
    for (const { session, packetIds } of written) {
      for (const [packetId] of packetIds) this.#writeReceived(writer, session.number, packetId, null);
    }
    onWritten((error) => {
      if (error !== 0) return;
      for (const { session, packetIds } of written) {
        const left = this.#refused.get(session);
        for (const [packetId, refusal] of packetIds) {
          if (left?.get(packetId) === refusal) left.delete(packetId);
        }
        if (left?.size === 0) this.#refused.delete(session);
      }
    });
  }

  #writeReceived(writer: TurnWriter, number: number, packetId: number, received: Received | null): void {
    if (received !== null) putReceived(this.#value.start(), received);
    const key = this.#key.start().u8(Kind.RECEIVED).number(number).number(packetId).take();
    writer.put(key, received === null ? null : this.#value.take(), -1);
  }

  #writeChanged(writer: TurnWriter, onWritten: OnWritten): void {
    const changed = this.#changed;
    this.#changed = new Set();
    for (const session of changed) {
      putSession(this.#value.start(), session.record);
      writer.put(this.#sessionKey(session.clientId), this.#value.take(), -1);
    }
    onWritten((error) => {
      if (error === 0) return;
      for (const session of changed) if (!session.ended) this.#changed.add(session);
    });
  }

  #writeSubscriptions(writer: TurnWriter, onWritten: OnWritten): void {
    const subscribed = this.#subscribed;
    this.#subscribed = new Map();
    for (const [session, filters] of subscribed) {
      for (const filter of filters) this.#writeSubscription(writer, session, filter);
    }
    onWritten((error) => {
      if (error === 0) return;
      for (const [session, filters] of subscribed) {
        for (const filter of filters) this.#noteSubscription(session, filter);
      }
    });
  }

  #writeSubscription(writer: TurnWriter, session: DurableSession, filter: string): void {
    const subscription: Subscription | undefined = session.ended
      ? undefined
      : session.subscriptions.get(filter);
    if (subscription !== undefined) putSubscription(this.#value.start(), subscription);
    const key = this.#subscriptionKey(session.number, filter);
    writer.put(key, subscription === undefined ? null : this.#value.take(), -1);
  }

  #writeWills(writer: TurnWriter, onWritten: OnWritten): void {
    const wills = this.#wills;
    this.#wills = new Map();
    for (const [clientId, will] of wills) {
      if (will !== null) putWill(this.#value.start(), will);
      const key = this.#key.start().u8(Kind.WILL).restText(clientId).take();
      writer.put(key, will === null ? null : this.#value.take(), -1);
    }
    onWritten((error) => {
      if (error === 0) return;
      for (const [clientId, will] of wills) {
        if (!this.#wills.has(clientId)) this.#wills.set(clientId, will);
      }
    });
  }

  #writeEnded(writer: TurnWriter, onWritten: OnWritten): void {
    const ended = this.#ended;
    this.#ended = [];
    for (const { clientId, number, subscriptions, received } of ended) {
      writer.put(this.#sessionKey(clientId), null, -1);
      for (const filter of subscriptions.keys()) {
        writer.put(this.#subscriptionKey(number, filter), null, -1);
      }
      for (const packetId of received.ids()) this.#writeReceived(writer, number, packetId, null);
      writer.put(this.#progressKey(number), null, -1);
      // A session that has begun under the same client id since then is written behind.
      const next = this.#byClientId.get(clientId);
      if (next !== undefined) this.#changed.add(next);
    }
    onWritten((error) => {
      if (error !== 0) this.#ended = [...ended, ...this.#ended];
    });
  }

  #writeStrays(writer: TurnWriter, onWritten: OnWritten): void {
    const strays = this.#strays;
    this.#strays = [];
    for (const { number, filters, packetIds } of strays) {
      for (const packetId of packetIds) this.#writeReceived(writer, number, packetId, null);
      for (const filter of filters) writer.put(this.#subscriptionKey(number, filter), null, -1);
      writer.put(this.#progressKey(number), null, -1);
    }
    onWritten((error) => {
      if (error !== 0) this.#strays = [...strays, ...this.#strays];
    });
  }

  #sessionKey(clientId: string): Uint8Array {
    return this.#key.start().u8(Kind.SESSION).restText(clientId).take();
  }

  #subscriptionKey(number: number, filter: string): Uint8Array {
    return this.#key.start().u8(Kind.SUBSCRIPTION).number(number).restText(filter).take();
  }

  #progressKey(number: number): Uint8Array {
    return this.#key.start().u8(Kind.PROGRESS).number(number).take();
  }
}

function sizeOf({ topic, payload, properties }: UnderWay): number {
  return topic.length + payload.length + (properties?.length ?? 0);
}

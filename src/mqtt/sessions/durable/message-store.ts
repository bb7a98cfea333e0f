import type { PendingBatch } from "../../../broker/ingest.ts";
import type { Clock, Timer } from "../../../io/clock.ts";
import { BatchJoiner, IN_THE_LOG } from "../../joined-batch.ts";
import type { MqttLimits } from "../../limits.ts";
import type { Losses } from "../../losses.ts";
import type { MqttStats } from "../../stats.ts";
import { type DeliveryEnd, type LiveMessage, lowerQos, type MessageOrigin } from "../outbound.ts";
import type { Target } from "../targets.ts";
import { FieldReader, FieldWriter } from "./bytes.ts";
import type { DurableQueue } from "./durable-queue.ts";
import { DurableSession } from "./durable-session.ts";
import { NO_SLOT } from "./entry-state.ts";
import type { KeptTime } from "./kept-time.ts";
import { MessageTable } from "./message-table.ts";
import type { MessageBody, QueueHost } from "./queue-host.ts";
import {
  ENTRY_IDENTIFIERS,
  ENTRY_ORIGIN,
  ENTRY_RETAIN,
  Kind,
  type MessageTarget,
  putMessage,
  putProgress,
  readMessage,
} from "./records.ts";
import type { StateLog } from "./state-log.ts";
import type { OnWritten, TurnItem, TurnLog } from "./turn-log.ts";
import type { TurnWriter } from "./turn-writer.ts";

/** Messages that are kept in memory beside the log: those that a connected session is about to get. */
const MAX_CACHED_BYTES = 8 * 1024 * 1024;

/** At the total bounds: sessions that are looked at for the one that holds most, and messages dropped for a new one. */
const LOOKED_AT = 16;
const DROPPED_AT_ONCE = 32;
/** What a session that gets a message adds to its record, about. */
const TARGET_BYTES = 12;
/** Entries of queues that one turn looks at for what has expired. */
const SWEEP_ENTRIES = 5_000;
const SWEEP_PAUSE_MS = 20;

/** Deliberate bugs, for tests of the tests. */
export interface SessionBugs {
  /** Messages are sent before they are durable. */
  readonly releaseBeforeDurable?: boolean;
  /** PUBREL leaves before its PUBREC is durable. */
  readonly releaseAtOnce?: boolean;
  /** PUBCOMP leaves before it is durable that the identifier is free. */
  readonly completeAtOnce?: boolean;
  /** A start appends every message that was under way, without looking whether it is there; or none. */
  readonly appendAllInterrupted?: boolean;
  readonly appendNoInterrupted?: boolean;
  /** It retains none of those that it finds in their topics. */
  readonly retainNoInterrupted?: boolean;
  /** Sequences begin anew with each start, so that identifiers are others after it. */
  readonly forgetSequences?: boolean;
}

/** Instead of the sequence, for a target that does not get the message after all. */
const LEFT_OUT = -1;

/**
 * A message that durable sessions get, until all that it waits for is durable. It may be for thousands, and wait with
 * hundreds of others: of each target it has a number.
 */
class StagedMessage implements MessageBody, TurnItem {
  readonly message: LiveMessage;
  readonly targets: readonly Target[];
  /** One for each target. */
  readonly sequences: readonly number[];
  readonly slot: number;
  readonly #store: MessageStore;
  /** What it waits for beside its own record. */
  readonly after: PendingBatch;
  batch: PendingBatch;

  constructor(
    store: MessageStore,
    message: LiveMessage,
    targets: readonly Target[],
    sequences: readonly number[],
    slot: number,
    after: PendingBatch,
  ) {
    this.#store = store;
    this.message = message;
    this.targets = targets;
    this.sequences = sequences;
    this.slot = slot;
    this.after = after;
    this.batch = after;
  }

  write(writer: TurnWriter): void {
    this.#store.writeMessage(this, writer);
  }

  get sizeBytes(): number {
    return this.message.sizeBytes + TARGET_BYTES * this.targets.length;
  }

  /** Those who get it, as they stand in its record. */
  *recorded(): Generator<MessageTarget & { readonly queue: DurableQueue }> {
    for (const [index, sequence] of this.sequences.entries()) {
      const target = this.targets[index];
      if (sequence === LEFT_OUT || !(target?.session instanceof DurableSession)) continue;
      const { number: session, queue } = target.session;
      const qos = lowerQos(this.message.qos, target.qos);
      const retain = target.retainAsPublished && this.message.retain;
      yield { session, queue, sequence, qos, retain, identifiers: target.identifiers };
    }
  }

  identifiersFor(session: number): readonly number[] {
    const target = this.targets.find(
      ({ session: one }) => one instanceof DurableSession && one.number === session,
    );
    return target?.identifiers ?? NO_IDENTIFIERS;
  }
}

export interface MessageStoreParts {
  readonly clock: Clock;
  readonly time: KeptTime;
  readonly log: StateLog;
  readonly limits: MqttLimits;
  readonly stats: MqttStats;
  readonly losses: Losses;
  readonly bugs: SessionBugs;
}

/**
 * The messages of durable sessions: each written once, for all sessions that get it. In memory is where its record lies;
 * the message itself only while it is new and somebody connected waits for it.
 */
export class MessageStore implements QueueHost {
  readonly limits: MqttLimits;
  readonly stats: MqttStats;
  readonly losses: Losses;
  readonly table = new MessageTable();
  /** Of messages that were written by an earlier process; null for nobody's. */
  originOf: (bytes: Uint8Array) => MessageOrigin | null = () => null;
  nextNumber = 1;
  readonly #clock: Clock;
  readonly #time: KeptTime;
  readonly #log: StateLog;
  readonly #bugs: SessionBugs;
  readonly #joiner = new BatchJoiner();
  readonly #key = new FieldWriter();
  readonly #value = new FieldWriter();
  readonly #reader = new FieldReader();
  #turns: TurnLog | null = null;
  #sessions: () => Iterable<DurableSession> = () => [];
  /** Where the look for the session that holds most goes on, and which it was the last time. */
  #rotation: Iterator<DurableSession> = [].values();
  #largest: DurableQueue | null = null;
  #sweep: Iterator<DurableSession> | null = null;
  #sweepTimer: Timer | null = null;
  #staged: StagedMessage[] = [];
  /** By slot, oldest first. */
  readonly #cache = new Map<number, StagedMessage>();
  #cachedBytes = 0;
  #progressed = new Set<DurableQueue>();
  /** Numbers of messages that nobody needs any more. */
  #done: number[] = [];

  constructor(parts: MessageStoreParts) {
    this.limits = parts.limits;
    this.stats = parts.stats;
    this.losses = parts.losses;
    this.#clock = parts.clock;
    this.#time = parts.time;
    this.#log = parts.log;
    this.#bugs = parts.bugs;
  }

  /** Where its records go, and whose messages they are; given before anything else is called. */
  writeTo(turns: TurnLog, sessions: () => Iterable<DurableSession>): void {
    this.#turns = turns;
    this.#sessions = sessions;
  }

  get isSettled(): boolean {
    return this.#staged.length === 0;
  }

  /**
   * Keeps a message for those of the targets that are durable sessions and get it at QoS 1 or 2. It is delivered once
   * its record and `after` are durable. What comes back waits for the record alone.
   */
  stage(message: LiveMessage, targets: readonly Target[], after: PendingBatch): PendingBatch {
    const sequences: number[] = [];
    let kept = 0;
    let connected = false;
    for (const { session, qos } of targets) {
      let sequence = LEFT_OUT;
      if (session instanceof DurableSession && !session.ended && lowerQos(message.qos, qos) > 0) {
        sequence = this.#accept(session, message);
      }
      sequences.push(sequence);
      if (sequence === LEFT_OUT) continue;
      kept++;
      connected ||= session instanceof DurableSession && session.connected;
    }
    if (kept === 0) return IN_THE_LOG;
    // The message itself is one more that needs it, until it has settled.
    const expiresAtMs = this.#time.ofMonotonic(message.expiresAtMs);
    const slot = this.table.add(this.nextNumber++, message.sizeBytes, kept + 1, expiresAtMs);
    this.#countStored();
    const staged = new StagedMessage(this, message, targets, sequences, slot, after);
    this.#staged.push(staged);
    if (connected) this.#remember(staged);
    const turns = this.#turns;
    if (turns === null) return IN_THE_LOG;
    const batch = turns.add(staged);
    staged.batch = this.#joiner.join(after, batch);
    return batch;
  }

  #accept({ queue, clientId }: DurableSession, message: LiveMessage): number {
    const sequence = queue.accept(message.sizeBytes);
    if (sequence >= 0) return sequence;
    this.stats.messagesDropped++;
    this.losses.lost("queue-full", clientId, message);
    message.origin?.ended(clientId, "dropped");
    return LEFT_OUT;
  }

  stageCopy(message: LiveMessage, target: Target): void {
    const { topic, payload, properties } = message;
    const copy = {
      ...message,
      topic: topic.slice(),
      payload: payload.slice(),
      properties: properties?.slice() ?? null,
    };
    this.stage(copy, [target], IN_THE_LOG);
  }

  writeMessage(staged: StagedMessage, writer: TurnWriter): void {
    // The message's own record was refused: there is nothing to deliver.
    if (staged.after.state === "refused") return;
    const { message, slot } = staged;
    const targets = [...staged.recorded()];
    putMessage(this.#value.start(), message, this.#time.ofMonotonic(message.expiresAtMs), targets);
    writer.put(this.#messageKey(this.table.number(slot)), this.#value.take(), slot);
  }

  /** Lets go what has become durable, in order, and sends it where there is room. Times are monotonic. */
  settle(nowMs: number): void {
    if (this.#staged.length === 0) return;
    const touched = new Set<DurableQueue>();
    let count = 0;
    for (const staged of this.#staged) {
      const { state } = staged.batch;
      if (state === "waiting" && this.#bugs.releaseBeforeDurable !== true) break;
      count++;
      this.#settleOne(staged, state !== "refused", touched);
    }
    if (count === 0) return;
    this.#staged = this.#staged.slice(count);
    for (const queue of touched) queue.pump(nowMs);
  }

  #settleOne(staged: StagedMessage, isGood: boolean, touched: Set<DurableQueue>): void {
    const { slot, message } = staged;
    for (const target of staged.recorded()) {
      const { queue, sequence } = target;
      if (!isGood) {
        queue.discard(sequence, slot);
        continue;
      }
      queue.settle(sequence, slot, flagsOf(target, message));
      touched.add(queue);
    }
    this.letGo(slot);
  }

  #countStored(): void {
    this.stats.storedMessages = this.table.count;
    this.stats.storedBytes = this.table.sizeBytes;
  }

  // What queues ask for.

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  hasRoom(sizeBytes: number): boolean {
    const { table, limits } = this;
    return table.count < limits.maxStoredMessages && table.sizeBytes + sizeBytes <= limits.maxStoredBytes;
  }

  makeRoom(sizeBytes: number, wanting: DurableQueue): boolean {
    // A message that others wait for too is not gone with the first of them.
    for (let dropped = 0; dropped < DROPPED_AT_ONCE && !this.hasRoom(sizeBytes); dropped++) {
      const largest = this.#findLargest(wanting);
      if (largest.heldBytes === 0) return false;
      largest.giveWay();
    }
    return this.hasRoom(sizeBytes);
  }

  /**
   * The queue that holds most of some, and of those that were looked at before: whoever holds much is found within a
   * few messages, and nobody has to keep thousands of sessions in order.
   */
  #findLargest(wanting: DurableQueue): DurableQueue {
    let largest = wanting;
    const last = this.#largest;
    if (last !== null && !last.hasEnded && last.heldBytes > largest.heldBytes) largest = last;
    for (let looked = 0, begun = false; looked < LOOKED_AT; looked++) {
      const next = this.#rotation.next();
      if (next.done === true) {
        if (begun) break;
        begun = true;
        this.#rotation = this.#sessions()[Symbol.iterator]();
      } else if (next.value.queue.heldBytes > largest.heldBytes) largest = next.value.queue;
    }
    this.#largest = largest;
    return largest;
  }

  keptMs(): number {
    return this.#time.nowMs();
  }

  expiresAtMs(slot: number): number {
    return this.table.expiresAtMs(slot);
  }

  /** Has queues drop what has expired in them, some of them now and the others soon. */
  sweep(): void {
    if (this.#sweepTimer !== null) return;
    this.#sweep ??= this.#sessions()[Symbol.iterator]();
    for (let looked = 0; looked < SWEEP_ENTRIES; ) {
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = null;
        return;
      }
      looked += 1 + next.value.queue.expire();
    }
    this.#sweepTimer = this.#clock.after(SWEEP_PAUSE_MS, () => {
      this.#sweepTimer = null;
      this.sweep();
    });
  }

  /** Gives back the memory of messages that can be read back. */
  shrink(): void {
    this.#forgetUntil(0, NO_SLOT);
  }

  /** Nothing happens by itself any more. */
  stop(): void {
    this.#sweepTimer?.cancel();
  }

  sizeOf(slot: number): number {
    return this.table.sizeOf(slot);
  }

  body(slot: number): MessageBody | null {
    return this.#cache.get(slot) ?? this.#read(this.table.offset(slot));
  }

  letGo(slot: number): void {
    const { table } = this;
    if (!table.release(slot)) return;
    this.#forget(slot);
    // One without a record has nothing to be taken back.
    if (table.offset(slot) >= 0) this.#done.push(table.number(slot));
    table.free(slot);
    this.#countStored();
    this.#turns?.later();
  }

  progressed(queue: DurableQueue, urgency: "soon" | "lazy"): void {
    this.#progressed.add(queue);
    if (urgency === "lazy") {
      this.#turns?.later();
      return;
    }
    if (this.#bugs.releaseAtOnce === true) queue.durable(queue.written());
    // Whoever reads `batch` asks for it to be written with this turn.
    void this.#turns?.batch;
  }

  tell(queue: DurableQueue, slot: number, end: DeliveryEnd): void {
    this.body(slot)?.message.origin?.ended(queue.clientId, end);
  }

  /** Messages that a start has found and nobody needs. */
  abandon(numbers: readonly number[]): void {
    this.#countStored();
    for (const number of numbers) this.#done.push(number);
    if (numbers.length > 0) this.#turns?.later();
  }

  // What is written at the end of a turn.

  /** How far sessions are, then which messages are over: a message that is taken back is done in all of them. */
  write(writer: TurnWriter, onWritten: OnWritten): void {
    const progressed = this.#progressed;
    const done = this.#done;
    if (progressed.size === 0 && done.length === 0) return;
    this.#progressed = new Set();
    this.#done = [];
    for (const queue of progressed) {
      if (queue.hasEnded) continue;
      this.#key.start().u8(Kind.PROGRESS).number(queue.number);
      putProgress(this.#value.start(), queue.progress);
      writer.put(this.#key.take(), this.#value.take(), -1);
      const written = queue.written();
      onWritten((error) => {
        if (error === 0) queue.durable(written);
        else {
          queue.unwritten(written);
          this.#progressed.add(queue);
        }
      });
    }
    for (const number of done) writer.put(this.#messageKey(number), null, -1);
    onWritten((error) => {
      if (error !== 0) this.#done = [...done, ...this.#done];
    });
  }

  #messageKey(number: number): Uint8Array {
    return this.#key.start().u8(Kind.MESSAGE).number(number).take();
  }

  // Messages in memory.

  #remember(staged: StagedMessage): void {
    this.#cache.set(staged.slot, staged);
    this.#cachedBytes += staged.message.sizeBytes;
    this.#forgetUntil(MAX_CACHED_BYTES, staged.slot);
  }

  /** Those that were kept first, until the rest fits; not `keep`, and none that the log does not have yet. */
  #forgetUntil(maxBytes: number, keep: number): void {
    while (this.#cachedBytes > maxBytes) {
      const [oldest] = this.#cache.keys();
      if (oldest === undefined || oldest === keep || this.table.offset(oldest) < 0) return;
      this.#forget(oldest);
    }
  }

  #forget(slot: number): void {
    const staged = this.#cache.get(slot);
    if (staged === undefined) return;
    this.#cache.delete(slot);
    this.#cachedBytes -= staged.message.sizeBytes;
  }

  /** The message as views of the log: for this turn. */
  #read(offset: number): MessageBody | null {
    const cursor = offset < 0 ? null : this.#log.read(offset);
    if (cursor === null || cursor.valueStart < 0) return null;
    const stored = readMessage(this.#reader.open(cursor.bytes, cursor.valueStart, cursor.valueEnd));
    if (stored === null) return null;
    const { topic, payload, properties, qos, retain, targets } = stored;
    const origin = stored.origin === null ? null : this.originOf(stored.origin);
    const expiresAtMs = this.#time.toMonotonic(stored.expiresAtMs);
    const plain = { topic, payload, properties, qos, retain, expiresAtMs, sizeBytes: 0 };
    const message = origin === null ? plain : { ...plain, origin };
    return { message, identifiersFor: (session) => identifiersOf(targets, session) };
  }
}

function flagsOf({ qos, retain, identifiers }: MessageTarget, { origin }: LiveMessage): number {
  return (
    qos |
    (retain ? ENTRY_RETAIN : 0) |
    (identifiers.length > 0 ? ENTRY_IDENTIFIERS : 0) |
    (origin === undefined ? 0 : ENTRY_ORIGIN)
  );
}

const NO_IDENTIFIERS: readonly number[] = [];

function identifiersOf(targets: readonly MessageTarget[], session: number): readonly number[] {
  return targets.find((target) => target.session === session)?.identifiers ?? NO_IDENTIFIERS;
}

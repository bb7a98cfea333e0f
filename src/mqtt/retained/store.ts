import { assert } from "../../base/assert.ts";
import type { PendingBatch } from "../../broker/ingest.ts";
import type { Clock, Timer } from "../../io/clock.ts";
import type { RecordCursor } from "../../records/reader.ts";
import type { Identity } from "../access.ts";
import type { MqttLimits } from "../limits.ts";
import type { RetainedMessages } from "../publishing.ts";
import { type HeaderBlock, withCount } from "../record-headers.ts";
import type { LiveMessage } from "../sessions/outbound.ts";
import type { MqttStats } from "../stats.ts";
import type { TopicEntry } from "../topic-table.ts";
import { RetainedCache } from "./cache.ts";
import { type RetainedMessage, readExpirySec, readRetained, retainedHeaders } from "./record.ts";
import type { RetainedRecord, RetainedStorage } from "./storage.ts";
import { type RetainedNode, RetainedTrie, RetainedWalk } from "./trie.ts";
import { WaitingGroups } from "./waiting.ts";

/** Deliberate bugs, for tests of the tests. */
export const RETAINED_BUGS = [
  "settle-before-sync",
  "show-before-sync",
  "forget-clear",
  "replay-first-wins",
] as const;
export type RetainedBug = (typeof RETAINED_BUGS)[number];

export interface RetainedParts {
  readonly storage: RetainedStorage;
  readonly clock: Clock;
  readonly limits: MqttLimits;
  readonly stats: MqttStats;
  /**
   * Told of a message that was not kept since the bounds are reached; it was appended and delivered all the same. What
   * the topic had is taken back, so that nobody gets a value that is no longer the last.
   */
  readonly onFull?: (topic: TopicEntry, from: Identity, message: LiveMessage) => void;
  readonly bugs?: ReadonlySet<RetainedBug>;
}

/**
 * A batch is closed at this size: to read one message back, its batch is walked up to it.
 */
const MAX_BATCH_BYTES = 16 * 1024;
/** What an entry costs in memory beside its topic, for the bounds. */
const ENTRY_OVERHEAD_BYTES = 128;
const SWEEP_INTERVAL_MS = 10_000;
/** Topics with an expiry that one turn looks at. */
const SWEEP_TOPICS = 2_000;
const SWEEP_PAUSE_MS = 20;

const SETTLED: PendingBatch = { state: "durable", error: 0, sizeBytes: 0 };

/** A topic's new state on its way to the disk. */
interface Change {
  readonly topic: string;
  /** Null takes it back. */
  readonly message: RetainedMessage | null;
  readonly sizeBytes: number;
  readonly batch: ChangeBatch;
}

class ChangeBatch implements PendingBatch {
  state: "waiting" | "durable" | "refused" = "waiting";
  error = 0;
  sizeBytes = 0;
  readonly changes: Change[] = [];
  readonly records: RetainedRecord[] = [];
}

/**
 * The last message of every topic that was published with the retain flag (MQTT 5, 3.3.1.3). Its state is a function of
 * the log: what is durable there is what subscribers get, before a restart and after it. In memory is where each
 * message lies; the messages are read back, but for a bounded number of the latest.
 *
 * What a turn brings goes into batches at its end. A topic's own messages take effect in their order.
 */
export class RetainedStore implements RetainedMessages {
  readonly #storage: RetainedStorage;
  readonly #clock: Clock;
  readonly #limits: MqttLimits;
  readonly #stats: MqttStats;
  readonly #cache: RetainedCache;
  readonly #onFull: NonNullable<RetainedParts["onFull"]>;
  readonly #bugs: ReadonlySet<RetainedBug>;
  readonly #trie = new RetainedTrie();
  /** The latest change of each topic that is not durable. */
  readonly #pending = new Map<string, Change>();
  /** Messages whose own records are not durable yet: one that is refused must not become its topic's. */
  readonly #waiting = new WaitingGroups();
  /** Topics whose message has an end. */
  readonly #expiring = new Set<string>();
  readonly #listeners: (() => void)[] = [];
  #open: ChangeBatch | null = null;
  /** The latest batch; they settle in their order. */
  #latest: PendingBatch = SETTLED;
  #endIsDue = false;
  #sweep: Iterator<string> | null = null;
  #sweepTimer: Timer | null = null;
  #count = 0;
  #bytes = 0;
  /** The same, once all that is pending is durable. */
  #countAhead = 0;
  #bytesAhead = 0;

  constructor(parts: RetainedParts) {
    this.#storage = parts.storage;
    this.#clock = parts.clock;
    this.#limits = parts.limits;
    this.#stats = parts.stats;
    this.#cache = new RetainedCache(parts.limits.maxRetainedCacheBytes);
    this.#onFull = parts.onFull ?? (() => {});
    this.#bugs = parts.bugs ?? new Set();
  }

  /** Topics that have a message. */
  get count(): number {
    return this.#count;
  }

  /** Whether no topic has a message, and none is about to. */
  get isEmpty(): boolean {
    return this.#count === 0 && this.isSettled;
  }

  /** Whether nothing is on its way to the log. */
  get isSettled(): boolean {
    return this.#pending.size === 0 && this.#waiting.length === 0;
  }

  /** Settles when all that is on its way now is retained, or refused. */
  get outstanding(): PendingBatch {
    return this.#waiting.last ?? this.#latest;
  }

  get sizeBytes(): number {
    return this.#bytes;
  }

  /** `listener` runs after batches have settled. */
  onSettled(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Finds out what the log holds. False where it can't be read to its end: what could be read counts. */
  load(): boolean {
    const complete = this.#storage.replay((cursor) => this.#replay(cursor));
    this.#countAhead = this.#count;
    this.#bytesAhead = this.#bytes;
    return complete;
  }

  /**
   * Makes the message its topic's once `after`, the batch of its own record, is durable; or, where its payload is
   * empty, takes back what the topic has (MQTT-3.3.1-6). Its bytes stay as they are. What comes back settles when that
   * is durable too. Where `after` is refused, the topic keeps what it has. A `mark` stands in the record, which is
   * written then even where there is nothing to be taken back.
   */
  keep(
    entry: TopicEntry,
    message: LiveMessage,
    from: Identity,
    nowMs: number,
    after: PendingBatch,
    mark: HeaderBlock | null = null,
  ): PendingBatch {
    const isSettled = after.state !== "waiting";
    if (!isSettled || this.#waiting.length > 0) {
      return this.#waiting.add({ entry, message, from: publisherOf(from), nowMs, mark }, after);
    }
    return after.state === "refused" ? after : this.#keepNow(entry, message, from, nowMs, mark);
  }

  /** After batches have settled: retains, in their order, the messages whose records are durable. */
  release(): void {
    if (this.#waiting.length === 0) return;
    for (const group of this.#waiting.takeSettled()) {
      if (group.after.state === "refused") {
        group.released([group.after]);
        continue;
      }
      const { messages } = group;
      group.released(
        messages.map(({ entry, message, from, nowMs, mark }) =>
          this.#keepNow(entry, message, from, nowMs, mark),
        ),
      );
    }
  }

  #keepNow(
    entry: TopicEntry,
    message: LiveMessage,
    from: Identity,
    nowMs: number,
    mark: HeaderBlock | null,
  ): PendingBatch {
    const { text } = entry;
    if (message.payload.length === 0) return this.clear(text, entry.bytes, nowMs, mark);
    const publisher = publisherOf(from);
    const sizeBytes = entryBytes(message, publisher);
    const before = this.#sizeAhead(text);
    const count = this.#countAhead + (before === 0 ? 1 : 0);
    const bytes = this.#bytesAhead - before + sizeBytes;
    if (count > this.#limits.maxRetainedMessages || bytes > this.#limits.maxRetainedBytes) {
      this.#stats.retainedRefused++;
      this.#onFull(entry, from, message);
      return this.clear(text, entry.bytes, nowMs, mark);
    }
    return this.#append(text, { ...message, sizeBytes, publisher }, entry.bytes, nowMs, mark);
  }

  /** Takes back what a topic has. The batch is of the change, or of the one that took it back before. */
  clear(topic: string, key: Uint8Array, nowMs: number, mark: HeaderBlock | null = null): PendingBatch {
    if (mark !== null) return this.#append(topic, null, key, nowMs, mark);
    const pending = this.#pending.get(topic);
    // Whoever hears that nothing is there must be able to rely on it.
    if (pending?.message === null) return pending.batch;
    if (pending === undefined && this.#trie.find(topic) === null) return SETTLED;
    return this.#append(topic, null, key, nowMs, null);
  }

  /** The topics that a filter takes. */
  walk(filter: string): RetainedWalk {
    return new RetainedWalk(this.#trie, filter);
  }

  /**
   * The message of a node that a walk has found; null where it has gone since, or the log does not give it back. Those
   * of one turn are best asked for in the order of their offsets, with `goesOn` from the second on.
   */
  read(node: RetainedNode, goesOn = false): RetainedMessage | null {
    if (node.offset < 0 || node.expiresAtMs <= this.#clock.monotonicMs()) return null;
    const cached = this.#cache.get(node);
    if (cached !== undefined) return cached;
    const cursor = this.#storage.read(node.offset, goesOn);
    const message = cursor === null ? null : readRetained(cursor, node.expiresAtMs, node.sizeBytes);
    if (message === null) this.#stats.retainedUnreadable++;
    else this.#cache.offer(node, message);
    return message;
  }

  /** Gives back the memory of messages that can be read back. */
  shrink(): void {
    this.#cache.clear();
  }

  /** The message of a topic, or null. */
  find(topic: string): RetainedMessage | null {
    const node = this.#trie.find(topic);
    return node === null ? null : this.read(node);
  }

  close(): void {
    this.#sweepTimer?.cancel();
    this.#sweepTimer = null;
  }

  #replay(cursor: RecordCursor): void {
    const key = cursor.key();
    if (key === null || cursor.isControl) return;
    const topic = Buffer.from(key.buffer, key.byteOffset, key.length).toString();
    if (cursor.valueStart < 0) {
      if (!this.#bugs.has("forget-clear")) this.#remove(topic);
      return;
    }
    if (this.#bugs.has("replay-first-wins") && this.#trie.find(topic) !== null) return;
    const expirySec = readExpirySec(cursor);
    let expiresAtMs = Number.POSITIVE_INFINITY;
    if (expirySec >= 0) {
      // A clock that stands before the record's time is wrong: then all of its time counts from here on.
      const agedMs = Math.max(0, this.#clock.nowMs() - cursor.timestampMs);
      expiresAtMs = this.#clock.monotonicMs() + expirySec * 1_000 - agedMs;
    }
    const sizeBytes =
      key.length + cursor.valueEnd - cursor.valueStart + cursor.headersEnd - cursor.headersStart;
    this.#place(topic, cursor.offset, sizeBytes + ENTRY_OVERHEAD_BYTES, expiresAtMs);
  }

  #append(
    topic: string,
    message: RetainedMessage | null,
    key: Uint8Array,
    nowMs: number,
    mark: HeaderBlock | null,
  ): PendingBatch {
    const marked = mark === null ? null : withCount(mark);
    const headers = message === null ? marked : this.#headersOf(message, mark);
    const sizeBytes = message?.sizeBytes ?? 0;
    const record: RetainedRecord = { key, value: message?.payload ?? null, headers, timestampMs: nowMs };
    const recordBytes = key.length + (message?.payload.length ?? 0) + (headers?.length ?? 0);
    if (this.#open !== null && this.#open.sizeBytes + recordBytes > MAX_BATCH_BYTES) this.#flush();
    this.#open ??= new ChangeBatch();
    const batch = this.#open;
    this.#latest = batch;
    batch.sizeBytes += recordBytes;
    batch.records.push(record);
    const before = this.#sizeAhead(topic);
    this.#countAhead += (sizeBytes > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
    this.#bytesAhead += sizeBytes - before;
    const change: Change = { topic, message, sizeBytes, batch };
    batch.changes.push(change);
    this.#pending.set(topic, change);
    if (this.#bugs.has("show-before-sync") && message !== null) this.#apply(change, Number.MAX_SAFE_INTEGER);
    if (!this.#endIsDue) {
      this.#endIsDue = true;
      this.#clock.soon(() => {
        this.#endIsDue = false;
        this.#flush();
      });
    }
    return batch;
  }

  #headersOf(message: RetainedMessage, mark: HeaderBlock | null): Uint8Array | null {
    const { expiresAtMs, publisher } = message;
    if (expiresAtMs === Number.POSITIVE_INFINITY) return retainedHeaders(message, publisher, -1, mark);
    const leftMs = expiresAtMs - this.#clock.monotonicMs();
    return retainedHeaders(message, publisher, Math.max(0, Math.ceil(leftMs / 1_000)), mark);
  }

  #flush(): void {
    const batch = this.#open;
    if (batch === null) return;
    this.#open = null;
    const records = batch.records.splice(0);
    const first = this.#storage.append(records, (error, at) => this.#settle(batch, at, error));
    if (first >= 0 && this.#bugs.has("settle-before-sync")) this.#settle(batch, first, 0);
  }

  #settle(batch: ChangeBatch, firstOffset: number, error: number): void {
    if (batch.state !== "waiting") return;
    batch.state = error === 0 ? "durable" : "refused";
    batch.error = error;
    batch.changes.forEach((change, index) => {
      if (this.#pending.get(change.topic) === change) this.#pending.delete(change.topic);
      if (error === 0) this.#apply(change, firstOffset + index);
    });
    batch.changes.length = 0;
    if (error !== 0) this.#countAnew();
    for (const listener of this.#listeners) listener();
  }

  #apply({ topic, message }: Change, offset: number): void {
    if (message === null) {
      this.#remove(topic);
      return;
    }
    const node = this.#place(topic, offset, message.sizeBytes, message.expiresAtMs);
    this.#cache.put(node, message);
  }

  #place(topic: string, offset: number, sizeBytes: number, expiresAtMs: number): RetainedNode {
    const node = this.#trie.place(topic);
    if (node.offset < 0) this.#count++;
    this.#bytes += sizeBytes - node.sizeBytes;
    this.#tell();
    node.offset = offset;
    node.sizeBytes = sizeBytes;
    node.expiresAtMs = expiresAtMs;
    if (expiresAtMs === Number.POSITIVE_INFINITY) this.#expiring.delete(topic);
    else {
      this.#expiring.add(topic);
      this.#sweepLater(SWEEP_INTERVAL_MS);
    }
    return node;
  }

  #remove(topic: string): void {
    const node = this.#trie.find(topic);
    if (node === null) return;
    this.#count--;
    this.#bytes -= node.sizeBytes;
    this.#cache.forget(node);
    this.#expiring.delete(topic);
    this.#trie.remove(topic);
    this.#tell();
  }

  #tell(): void {
    this.#stats.retainedMessages = this.#count;
    this.#stats.retainedBytes = this.#bytes;
  }

  /** Size of what the topic has once all that is pending is durable; 0 for nothing. */
  #sizeAhead(topic: string): number {
    const pending = this.#pending.get(topic);
    return pending === undefined ? (this.#trie.find(topic)?.sizeBytes ?? 0) : pending.sizeBytes;
  }

  /** After a batch that was refused: what it would have changed stays. */
  #countAnew(): void {
    this.#countAhead = this.#count;
    this.#bytesAhead = this.#bytes;
    for (const change of this.#pending.values()) {
      const before = this.#trie.find(change.topic)?.sizeBytes ?? 0;
      this.#countAhead += (change.sizeBytes > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
      this.#bytesAhead += change.sizeBytes - before;
    }
  }

  #sweepLater(delayMs: number): void {
    this.#sweepTimer ??= this.#clock.after(delayMs, () => {
      this.#sweepTimer = null;
      this.#sweepSome();
    });
  }

  /** Takes back messages whose time has passed, so that the log can forget them too. */
  #sweepSome(): void {
    const monotonicMs = this.#clock.monotonicMs();
    this.#sweep ??= this.#expiring.values();
    for (let looked = 0; looked < SWEEP_TOPICS; looked++) {
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = null;
        if (this.#expiring.size > 0) this.#sweepLater(SWEEP_INTERVAL_MS);
        return;
      }
      const topic = next.value;
      const node = this.#trie.find(topic);
      assert(node !== null, "a topic with an expiry has a message");
      if (node.expiresAtMs > monotonicMs || this.#pending.has(topic)) continue;
      this.clear(topic, Buffer.from(topic), this.#clock.nowMs());
    }
    this.#sweepLater(SWEEP_PAUSE_MS);
  }
}

/** The session itself would stay in memory for as long as its message does. */
function publisherOf({ clientId, userName }: Identity): Identity {
  return { clientId, userName };
}

function entryBytes({ topic, payload, properties }: LiveMessage, { clientId, userName }: Identity): number {
  const own = topic.length + payload.length + 2 * (properties?.length ?? 0);
  return own + clientId.length + (userName?.length ?? 0) + ENTRY_OVERHEAD_BYTES;
}

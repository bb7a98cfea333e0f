import type { Broker } from "../../broker/broker.ts";
import type { Topic } from "../../broker/topics.ts";
import type { ScanBudget } from "../../broker/views/key-scan.ts";
import { RecordScan } from "../../broker/views/record-scan.ts";
import type { SlicedWork, Turns } from "../../broker/views/turns.ts";
import type { Timer } from "../../io/clock.ts";
import type { RecordCursor } from "../../records/reader.ts";
import { type Decoders, type Form, recordLine } from "../record-lines.ts";
import type { HttpTally } from "../tally.ts";

/** What is read ahead of who reads, at most; a record that is larger comes alone. */
const CHUNK_BYTES = 64 * 1024;
/** Somebody who gets nothing is told that often that there is nothing, so that both sides notice a lost connection. */
const SILENCE_MS = 5_000;
/** Whoever takes nothing for so long is cut off: the log waits for nobody, and his place may be another's. */
export const MAX_STUCK_MS = 30_000;
/** So many partitions can be followed at once: where somebody is in each of them goes out with every record. */
export const MAX_LIVE_PARTITIONS = 64;

/** What goes to somebody who follows a topic. */
export type LiveEvent =
  /** A record as JSON, and where to go on after it: offsets by partition, `0:15,1:7`. */
  | { readonly kind: "record"; readonly place: string; readonly line: string }
  /** Records that were gone before they could be sent. */
  | { readonly kind: "gap"; readonly partition: number; readonly from: number; readonly to: number }
  | { readonly kind: "silence" };

export interface FeedOptions {
  readonly broker: Broker;
  readonly turns: Turns;
  readonly topic: Topic;
  /** This one alone; null for all. */
  readonly partition: number | null;
  /** Records of this key alone. */
  readonly key: Uint8Array | null;
  /** Where to begin, by partition; others begin at their end. */
  readonly after: ReadonlyMap<number, number>;
  /** So many records before the end, where `after` says nothing. */
  readonly last: number;
  readonly form: Form;
  readonly decoders: Decoders;
  /** Counts what is given out. */
  readonly tally: HttpTally;
  /** Whether whoever follows still may. */
  readonly holds: () => boolean;
  /** Called once, when it has ended, however it does. */
  readonly onEnd: () => void;
}

/**
 * Follows a topic's committed records for one reader, who asks for the next when he has taken the last: what he has not taken
 * stays in the log and costs no memory. Where retention was faster he is told of the gap.
 */
export class Feed implements SlicedWork {
  readonly #options: FeedOptions;
  readonly #scans = new Map<number, RecordScan>();
  readonly #stopListening: () => void;
  #events: LiveEvent[] = [];
  #bytes = 0;
  #waiting: ((events: readonly LiveEvent[] | null) => void) | null = null;
  #timer: Timer | null = null;
  #askedMs: number;
  #ended = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    const { broker, topic } = options;
    this.#askedMs = broker.clock.monotonicMs();
    for (const { index } of topic.partitions) this.#follow(index, false);
    this.#stopListening = broker.onAppended((name, partition) => {
      if (name !== topic.name) return;
      if (partition === -1) this.#topicChanged();
      this.#go();
    });
    this.#watch();
  }

  /** The next events, one at least, once there are some; null when there are no more. One call at a time. */
  next(): Promise<readonly LiveEvent[] | null> {
    this.#askedMs = this.#options.broker.clock.monotonicMs();
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#go();
    });
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopListening();
    this.#timer?.cancel();
    this.#options.turns.remove(this);
    this.#scans.clear();
    this.#answer(null);
    this.#options.onEnd();
  }

  step(budget: ScanBudget): boolean {
    if (this.#waiting === null) return true;
    for (const [index, scan] of this.#scans) {
      this.#noteGap(index, scan);
      const state = scan.step(budget);
      if (typeof state === "object") {
        this.end();
        return true;
      }
      if (state === "full") break;
      if (state === "more") {
        // The others have their turn first the next time.
        this.#scans.delete(index);
        this.#scans.set(index, scan);
        break;
      }
    }
    if (this.#events.length > 0) {
      this.#answer(this.#events);
      return true;
    }
    return !this.#hasMore();
  }

  #hasMore(): boolean {
    for (const scan of this.#scans.values()) if (scan.position < scan.endOffset) return true;
    return false;
  }

  #go(): void {
    if (this.#waiting !== null && !this.#ended) this.#options.turns.add(this);
  }

  #answer(events: readonly LiveEvent[] | null): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (events !== null) {
      this.#events = [];
      this.#bytes = 0;
    }
    waiting?.(events);
  }

  /** What retention took between two steps. */
  #noteGap(partition: number, scan: RecordScan): void {
    const { logStartOffset } = scan.partition.log;
    if (scan.position >= logStartOffset) return;
    this.#events.push({ kind: "gap", partition, from: scan.position, to: logStartOffset });
    scan.position = logStartOffset;
  }

  #follow(index: number, isNew: boolean): void {
    const { topic, partition: only, after, last } = this.#options;
    const partition = topic.partitions[index];
    if (partition === undefined || this.#scans.has(index) || (only !== null && only !== index)) return;
    const { log } = partition;
    const end = log.lastStableOffset;
    const begin = isNew ? log.logStartOffset : Math.max(log.logStartOffset, end - last);
    const from = Math.min(after.get(index) ?? begin, end);
    this.#scans.set(index, new RecordScan(partition, from, (record) => this.#take(record, index)));
  }

  #take(record: RecordCursor, partition: number): boolean {
    const { key, form, decoders, tally } = this.#options;
    if (key !== null) {
      const own = record.key();
      if (own === null || Buffer.compare(own, key) !== 0) return true;
    }
    if (this.#bytes >= CHUNK_BYTES) return false;
    const line = recordLine(record, partition, form, decoders, true).trimEnd();
    this.#bytes += line.length;
    tally.bytesOut += line.length;
    this.#events.push({ kind: "record", place: this.#place(partition, record.offset + 1), line });
    return true;
  }

  /** Where to go on, when the record before `offset` was taken. */
  #place(partition: number, offset: number): string {
    const places: string[] = [];
    for (const [index, scan] of this.#scans) {
      places.push(`${index}:${index === partition ? offset : scan.position}`);
    }
    return places.join(",");
  }

  #topicChanged(): void {
    const { topic, broker } = this.#options;
    if (broker.topics.get(topic.name) !== topic) {
      this.end();
      return;
    }
    for (const { index } of topic.partitions) {
      if (this.#scans.size < MAX_LIVE_PARTITIONS) this.#follow(index, true);
    }
  }

  #watch(): void {
    const { clock } = this.#options.broker;
    this.#timer = clock.after(SILENCE_MS, () => {
      const isStuck = this.#waiting === null && clock.monotonicMs() - this.#askedMs >= MAX_STUCK_MS;
      if (isStuck || !this.#options.holds()) {
        this.end();
        return;
      }
      if (this.#events.length === 0) this.#answer([{ kind: "silence" }]);
      this.#watch();
    });
  }
}

/** Offsets by partition of a place that an event had; null for what is none. */
export function readPlace(text: string): ReadonlyMap<number, number> | null {
  if (text.length > MAX_LIVE_PARTITIONS * 24) return null;
  const places = new Map<number, number>();
  for (const part of text.split(",")) {
    const match = /^(\d{1,5}):(\d{1,15})$/.exec(part);
    if (match === null) return null;
    places.set(Number(match[1]), Number(match[2]));
  }
  return places;
}

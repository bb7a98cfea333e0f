import { hasCode } from "../base/errors.ts";
import type { Uuid } from "../base/ids.ts";
import type { DeletionReason, LogIdentity } from "../log/log-config.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import type { Broker } from "./broker.ts";
import type { KeyedState } from "./keyed-state.ts";

/** The internal topic of the book, by `TOPIC_ID/PARTITION`. */
export const LOSS_TOPIC = "__headwater_losses";

/** Losses of one log that are remembered; neighbours are one. */
const MAX_KNOWN_PER_LOG = 64;
/** For promises on a full disk, without which no room is made. */
const SPARE_BYTES = 64 * 1024;

/** Offsets [start, end). */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** That a log loses [start, end), once that is in the ledger. */
export interface DeletionPromise extends Range {
  readonly cause: DeletionReason;
  /** Where the ledger ended when it was made: its entries, where there are any, are behind. */
  readonly ledgerEnd: number;
}

interface Page {
  /** Losses that are or will be in the ledger. */
  known: readonly Range[];
  /** Those of them that no power cut takes out of it. */
  told: readonly Range[];
  /** Those whose records a power cut may still bring back. */
  promises: readonly DeletionPromise[];
}

const EMPTY: Page = { known: [], told: [], promises: [] };

/**
 * What the ledger tells of the logs here, and what is promised to go. It is in an internal topic and not read from the
 * ledger itself: that is an ordinary topic, which any client may write to and other gateways forward theirs to, and nobody
 * but this gateway may have its records deleted.
 */
export class LossBook {
  readonly #broker: Broker;
  readonly #pages = new Map<string, Page>();
  readonly #state: KeyedState;

  constructor(broker: Broker) {
    this.#broker = broker;
    this.#state = broker.lateState(LOSS_TOPIC, SPARE_BYTES);
    if (broker.topics.get(LOSS_TOPIC) !== null) this.#load();
    broker.onAppended((topic, partition) => {
      if (partition < 0 && broker.topics.get(topic) === null) this.#forget();
    });
  }

  /** Has the topic there, and room for promises: a disk that is full to the last byte has none for either. */
  prepare(): void {
    this.#open();
  }

  /** Nothing is written any more. */
  close(): void {
    this.#state.close();
  }

  /** What is known to be lost of a log, in order. */
  known(topicId: Uuid, partition: number): readonly Range[] {
    return this.#page(keyOf(topicId, partition)).known;
  }

  /** The ledger will tell of these. */
  note(topicId: Uuid, partition: number, range: Range): void {
    const page = this.#page(keyOf(topicId, partition));
    page.known = merged(page.known, range);
  }

  /** It does, whatever happens. */
  told(topicId: Uuid, partition: number, range: Range): void {
    const key = keyOf(topicId, partition);
    const page = this.#page(key);
    page.told = merged(page.told, range);
    // Where this is not written, it is told of twice after a start.
    this.#state.set(key, encodePage(page)).catch(() => {});
  }

  /** `then` runs once the next start will keep the promise, however long that is tried. */
  promise(log: LogIdentity, promise: DeletionPromise, then: () => void): void {
    const key = keyOf(log.topicId, log.partition);
    const page = this.#page(key);
    page.known = merged(page.known, promise);
    page.promises = [...page.promises.filter((each) => !isKept(this.#log(key), each)), promise];
    this.#insist(key, then);
  }

  /** Promises that power came before, with their logs, as far as these can be written to. */
  *unkept(): Iterable<{ readonly log: PartitionLog; readonly promise: DeletionPromise }> {
    for (const [key, { promises }] of this.#pages) {
      const log = this.#log(key);
      if (log === null || log.fault !== null) continue;
      for (const promise of promises) if (log.logStartOffset < promise.end) yield { log, promise };
    }
  }

  /** Writes the page as it is then, until it is written; that of a log that is gone never. */
  #insist(key: string, then: () => void): void {
    const pageNow = (): Uint8Array | null => {
      const page = this.#pages.get(key);
      return page === undefined ? null : encodePage(page);
    };
    this.#state.insist(key, pageNow, then);
  }

  /** Where it can't be read, the first write tries again. */
  #open(): void {
    try {
      this.#state.open();
    } catch (error) {
      if (!hasCode(error, "DISK_IO")) throw error;
    }
  }

  #load(): void {
    this.#open();
    for (const [key, value] of [...this.#state.entries()]) {
      const log = this.#log(key);
      if (log === null) this.#state.delete(key).catch(() => {});
      else {
        const page = pageOf(value, log);
        this.#pages.set(key, page);
        // Before offsets that are told of here are given anew: the next start would take their records for these.
        if (decoder.decode(encodePage(page)) !== decoder.decode(value)) this.#insist(key, () => {});
      }
    }
  }

  /** What is kept of logs that are gone. */
  #forget(): void {
    for (const key of [...this.#pages.keys()]) {
      if (this.#broker.topics.byId(topicIdOf(key)) !== null) continue;
      this.#pages.delete(key);
      this.#state.delete(key).catch(() => {});
    }
  }

  #page(key: string): Page {
    let page = this.#pages.get(key);
    if (page === undefined) {
      page = { ...EMPTY };
      this.#pages.set(key, page);
    }
    return page;
  }

  #log(key: string): PartitionLog | null {
    return this.#broker.store.get(topicIdOf(key), Number(key.slice(key.lastIndexOf("/") + 1)));
  }
}

/** As it was stored, as far as it is about offsets that the log still has: a power cut may have taken some, and they are given anew. */
function pageOf(value: Uint8Array, log: PartitionLog): Page {
  const stored = storedPage(value);
  const within = <Kind extends Range>(ranges: readonly Kind[]): Kind[] =>
    ranges
      .map((range) => ({ ...range, end: Math.min(range.end, log.logEndOffset) }))
      .filter(({ start, end }) => start < end);
  const promises = within(stored.promises);
  const told = promises.filter((promise) => isKept(log, promise)).reduce(merged, within(stored.told));
  return { known: promises.reduce(merged, told), told, promises };
}

function encodePage({ told, promises }: Page): Uint8Array {
  return encoder.encode(JSON.stringify({ told, promises }));
}

function storedPage(value: Uint8Array): Pick<Page, "told" | "promises"> {
  try {
    return JSON.parse(decoder.decode(value)) as Pick<Page, "told" | "promises">;
  } catch {
    // Nothing is deleted on the word of a page that can't be read, and what it told of is told of again.
    return EMPTY;
  }
}

/** Whether no power cut brings the records back. */
function isKept(log: PartitionLog | null, { end }: DeletionPromise): boolean {
  return log !== null && log.durableLogStartOffset >= end;
}

function merged(ranges: readonly Range[], { start, end }: Range): readonly Range[] {
  const found: { start: number; end: number }[] = [];
  for (const next of [...ranges, { start, end }].sort((a, b) => a.start - b.start)) {
    const last = found.at(-1);
    if (last !== undefined && next.start <= last.end) last.end = Math.max(last.end, next.end);
    else found.push({ ...next });
  }
  return found.slice(-MAX_KNOWN_PER_LOG);
}

function keyOf(topicId: Uuid, partition: number): string {
  return `${topicId}/${partition}`;
}

function topicIdOf(key: string): Uuid {
  return key.slice(0, key.lastIndexOf("/")) as Uuid;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

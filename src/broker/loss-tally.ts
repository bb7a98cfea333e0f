import { type Offset, offset } from "../base/ids.ts";
import type { Clock } from "../io/clock.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import { AbortedTransactions } from "../records/aborted-transactions.ts";
import { batchBaseOffset, completeBatchSizeBytes } from "../records/batch.ts";
import { RecordCursor } from "../records/reader.ts";
import type { Gap, LossReason } from "./gap-ledger.ts";

/** Devices that one loss is told of one by one; what others lose is one entry without a device. */
export const MAX_DEVICES_PER_LOSS = 1_000;
/** Keys longer than this are no devices' names. */
export const MAX_DEVICE_KEY_BYTES = 1_024;
const READ_BYTES = 64 * 1024;
/** Slices of a tally in one turn of the event loop. */
const SLICES_PER_TURN = 4;
/** Of a loss that is larger, as only a topic's deletion is, the rest is one entry without a device. */
export const MAX_TALLY_BYTES = 256 * 1024 * 1024;

interface Share {
  readonly key: Uint8Array | null;
  firstOffset: number;
  lastOffset: number;
  count: number;
  bytes: number;
  fromMs: number;
  toMs: number;
}

/** Who loses what of records that are about to go: goes through them, a slice at a time. */
export class LossTally {
  readonly #log: PartitionLog;
  readonly #fromOffset: number;
  readonly #toOffset: number;
  readonly #reason: LossReason;
  #next: Offset;
  readonly #maxBytes: number;
  #readBytes = 0;
  readonly #shares = new Map<string, Share>();
  /** Records without a key, and those of devices beyond the bound. */
  #others: Share | null = null;
  readonly #cursor = new RecordCursor();

  constructor(
    log: PartitionLog,
    fromOffset: number,
    toOffset: number,
    reason: LossReason,
    maxBytes = MAX_TALLY_BYTES,
  ) {
    this.#maxBytes = maxBytes;
    this.#log = log;
    this.#fromOffset = fromOffset;
    this.#toOffset = toOffset;
    this.#reason = reason;
    this.#next = offset(Math.max(fromOffset, log.logStartOffset));
  }

  /** Goes through one more slice. Says whether there is another. */
  advance(): boolean {
    if (this.#next >= this.#toOffset) return false;
    if (this.#readBytes >= this.#maxBytes) {
      this.giveUp();
      return false;
    }
    // The last batch may go beyond what is lost.
    const until = this.#log.highWatermark;
    const read = this.#log.read(this.#next, READ_BYTES, { minOneBatch: true, until });
    if (!("nextOffset" in read)) {
      this.giveUp();
      return false;
    }
    if (read.bytes.length === 0) return false;
    this.#readBytes += read.bytes.length;
    this.#take(read.bytes, read.nextOffset);
    this.#next = read.nextOffset;
    return this.#next < this.#toOffset;
  }

  /** What is left, or can't be read, is told of all the same: by its offsets, of nobody in particular. */
  giveUp(): void {
    const count = this.#toOffset - this.#next;
    if (count <= 0) return;
    const bytes = bytesBetween(this.#log, this.#next, this.#toOffset);
    this.#note(null, this.#next, this.#toOffset - 1, count, bytes, Number.NaN);
    this.#next = offset(this.#toOffset);
  }

  /** Once `advance` is done: an entry for each device. */
  gaps(): Gap[] {
    const { topic, topicId, partition } = this.#log;
    const shares = [...this.#shares.values(), ...(this.#others === null ? [] : [this.#others])];
    return shares.map(({ key, fromMs, toMs, ...share }) => ({
      ...{ reason: this.#reason, device: key === null ? null : decoder.decode(key) },
      ...(key === null ? {} : { key }),
      ...{ topic, topicId, partition, lossStart: this.#fromOffset, lossEnd: this.#toOffset },
      ...share,
      ...(Number.isNaN(fromMs) ? {} : { fromMs, toMs }),
    }));
  }

  #take(bytes: Uint8Array, nextOffset: number): void {
    const aborted = this.#log.abortedTransactions(this.#next, nextOffset) ?? [];
    const transactions = aborted.length > 0 ? new AbortedTransactions(aborted) : null;
    const cursor = this.#cursor;
    for (let at = 0, sizeBytes = 0; at < bytes.length; at += sizeBytes) {
      sizeBytes = completeBatchSizeBytes(bytes, at, bytes.length);
      if (sizeBytes === 0) return;
      if (transactions?.hides(bytes, at) === true) continue;
      try {
        cursor.open(bytes, at, at + sizeBytes);
        while (cursor.next()) this.#takeRecord();
      } catch {
        const first = Math.max(this.#next, batchBaseOffset(bytes, at));
        this.#note(null, first, first, 1, sizeBytes, Number.NaN);
      }
    }
  }

  #takeRecord(): void {
    const cursor = this.#cursor;
    const { offset: at, timestampMs, contentBytes } = cursor;
    if (at < this.#fromOffset || at >= this.#toOffset || cursor.isControl) return;
    const key = cursor.key();
    const isDevice = key !== null && key.length <= MAX_DEVICE_KEY_BYTES;
    this.#note(isDevice ? key : null, at, at, 1, contentBytes, timestampMs);
  }

  #note(
    key: Uint8Array | null,
    firstOffset: number,
    lastOffset: number,
    count: number,
    bytes: number,
    timeMs: number,
  ): void {
    const share = this.#shareOf(key, firstOffset, timeMs);
    share.firstOffset = Math.min(share.firstOffset, firstOffset);
    share.lastOffset = Math.max(share.lastOffset, lastOffset);
    share.count += count;
    share.bytes += bytes;
    if (!Number.isNaN(timeMs)) {
      share.fromMs = Number.isNaN(share.fromMs) ? timeMs : Math.min(share.fromMs, timeMs);
      share.toMs = Number.isNaN(share.toMs) ? timeMs : Math.max(share.toMs, timeMs);
    }
  }

  #shareOf(key: Uint8Array | null, firstOffset: number, timeMs: number): Share {
    const fresh = (own: Uint8Array | null): Share => ({
      ...{ key: own, firstOffset, lastOffset: firstOffset, count: 0, bytes: 0, fromMs: timeMs, toMs: timeMs },
    });
    if (key !== null) {
      const name = latin.decode(key);
      const known = this.#shares.get(name);
      if (known !== undefined) return known;
      if (this.#shares.size < MAX_DEVICES_PER_LOSS) {
        const share = fresh(key.slice());
        this.#shares.set(name, share);
        return share;
      }
    }
    this.#others ??= fresh(null);
    return this.#others;
  }
}

/** Goes through all of it, some slices a turn of the event loop, and calls back, at once where there is little. */
export function runTally(tally: LossTally, log: PartitionLog, clock: Clock, then: () => void): void {
  let more = log.fault === null && !log.deleted;
  for (let slices = 0; more && slices < SLICES_PER_TURN; slices++) more = tally.advance();
  if (more) {
    clock.after(0, () => runTally(tally, log, clock, then));
    return;
  }
  // It can't be read any more.
  if (log.fault !== null) tally.giveUp();
  then();
}

/** About how many bytes offsets [from, to) of a log have: by whole segments, and by share of those that are cut. */
export function bytesBetween(log: PartitionLog, from: number, to: number): number {
  let bytes = 0;
  for (const { baseOffset, nextOffset, sizeBytes } of log.segments) {
    const overlap = Math.min(to, nextOffset) - Math.max(from, baseOffset);
    if (overlap > 0) bytes += (sizeBytes * overlap) / (nextOffset - baseOffset);
  }
  return Math.round(bytes);
}

const decoder = new TextDecoder();
/** Every byte stays apart. */
const latin = new TextDecoder("latin1");

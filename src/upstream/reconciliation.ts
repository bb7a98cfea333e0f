import { type FetchedPartition, walkRecords } from "../kafka/client/fetch.ts";
import type { Isolation } from "../kafka/client/offsets.ts";
import { ERROR } from "../kafka/wire/generated/errors.ts";
import { decodeHeaders, type RecordCursor } from "../records/reader.ts";
import { EPOCH_HEADER, GATEWAY_HEADER, LOG_HEADER, OFFSET_HEADER } from "./central-batch.ts";
import type { ScanQuery } from "./centre.ts";
import type { AlreadyThere } from "./source-partition.ts";

/** Asked for at a time. */
const SCAN_BYTES = 1024 * 1024;

/**
 * After a crash, with a position that may be behind what was sent: reads the central partitions from where they
 * ended when the position was saved, and finds the last record of each source partition in each of them by the
 * headers that name its origin. What this gateway sent lies right behind those ends, so reading stops at the end
 * as it was when it began, or at a bound.
 */
export class Reconciliation {
  /** True once the bound was reached: records behind it may be sent twice. */
  exceeded = false;
  readonly #topic: string;
  readonly #gatewayId: string;
  readonly #topicId: string;
  readonly #isolation: Isolation;
  readonly #positions: number[];
  readonly #targets: number[];
  #bytesLeft: number;
  /** Which of a source partition's histories is looked for. */
  readonly #epochOf: (sourcePartition: number) => number;
  readonly #newestEpochs = new Map<number, number>();
  /** By source partition: next offset by central partition. */
  readonly #found = new Map<number, number[]>();

  /** `ends` has one entry for each central partition; -1 reads from its start. */
  constructor(
    topic: string,
    topicId: string,
    gatewayId: string,
    isolation: Isolation,
    ends: readonly number[],
    maxBytes: number,
    epochOf: (sourcePartition: number) => number = () => 0,
  ) {
    this.#epochOf = epochOf;
    this.#topic = topic;
    this.#gatewayId = gatewayId;
    this.#topicId = topicId;
    this.#isolation = isolation;
    this.#positions = ends.map((end) => Math.max(0, end));
    this.#targets = ends.map(() => -1);
    this.#bytesLeft = maxBytes;
  }

  /** What to read next, or null where all is read. */
  next(): ScanQuery | null {
    if (this.#bytesLeft <= 0) return null;
    const partition = this.#positions.findIndex(
      (position, index) =>
        (this.#targets[index] as number) < 0 || position < (this.#targets[index] as number),
    );
    if (partition === -1) return null;
    const fromOffset = this.#positions[partition] as number;
    return {
      topic: this.#topic,
      partition,
      fromOffset,
      maxBytes: Math.min(SCAN_BYTES, this.#bytesLeft),
      isolation: this.#isolation,
    };
  }

  /**
   * Takes what came. False where it brought nothing although there is more: records behind somebody's open
   * transaction, to be asked for again later. Throws HeadwaterError MALFORMED.
   */
  take(fetched: FetchedPartition): boolean {
    const { partition } = fetched;
    const position = this.#positions[partition] as number;
    if (fetched.error === ERROR.OFFSET_OUT_OF_RANGE) {
      // Retention passed it, or the topic was made again: what is left is looked at, and no more.
      this.#targets[partition] = Math.max(0, fetched.highWatermark);
      this.#positions[partition] =
        position < fetched.logStartOffset
          ? fetched.logStartOffset
          : Math.max(position, fetched.highWatermark);
      return true;
    }
    if ((this.#targets[partition] as number) < 0) this.#targets[partition] = fetched.highWatermark;
    const next = walkRecords(fetched, this.#isolation, (record) => this.#look(partition, record));
    this.#bytesLeft -= fetched.batches.length;
    this.#positions[partition] = next;
    const done = next >= (this.#targets[partition] as number);
    if (this.#bytesLeft <= 0) this.exceeded = !this.#complete();
    return done || next > position;
  }

  /** What is at the centre already, for one source partition; null for nothing. */
  result(sourcePartition: number): AlreadyThere | null {
    const next = this.#found.get(sourcePartition);
    if (next === undefined) return null;
    return { partitionCount: this.#positions.length, next, end: Math.max(...next) };
  }

  /** The newest of a source partition's histories that was met. */
  newestEpoch(sourcePartition: number): number {
    return Math.max(this.#epochOf(sourcePartition), this.#newestEpochs.get(sourcePartition) ?? 0);
  }

  #complete(): boolean {
    return this.#positions.every((position, index) => {
      const target = this.#targets[index] as number;
      return target >= 0 && position >= target;
    });
  }

  #look(partition: number, record: RecordCursor): undefined {
    const origin = originOf(record);
    if (origin === null || origin.gatewayId !== this.#gatewayId || origin.topicId !== this.#topicId) return;
    const newest = this.#newestEpochs.get(origin.partition) ?? 0;
    this.#newestEpochs.set(origin.partition, Math.max(newest, origin.epoch));
    if (origin.epoch !== this.#epochOf(origin.partition)) return;
    let next = this.#found.get(origin.partition);
    if (next === undefined) {
      next = this.#positions.map(() => 0);
      this.#found.set(origin.partition, next);
    }
    next[partition] = Math.max(next[partition] as number, origin.offset + 1);
  }
}

/** Where a forwarded record came from. */
export interface Origin {
  readonly gatewayId: string;
  readonly topicId: string;
  readonly partition: number;
  /** Which of the log's histories: see lineage.ts. */
  readonly epoch: number;
  readonly offset: number;
}

/** What the headers of a record at the centre say of its origin, or null where no uplink has written it. */
export function originOf(record: RecordCursor): Origin | null {
  let gatewayId = "";
  let log = "";
  let epoch = 0;
  let offset = Number.NaN;
  // The last of each name is the nearest hop: a gateway may forward what another one forwarded to it.
  for (const { key, value } of decodeHeaders(record)) {
    if (key === GATEWAY_HEADER) gatewayId = textDecoder.decode(value ?? undefined);
    else if (key === LOG_HEADER) {
      log = textDecoder.decode(value ?? undefined);
      // What follows is of this hop.
      epoch = 0;
    } else if (key === EPOCH_HEADER) epoch = Number(textDecoder.decode(value ?? undefined));
    else if (key === OFFSET_HEADER) offset = Number(textDecoder.decode(value ?? undefined));
  }
  const slash = log.lastIndexOf("/");
  const partition = slash < 0 ? Number.NaN : Number(log.slice(slash + 1));
  if (!Number.isSafeInteger(partition) || !Number.isSafeInteger(offset)) return null;
  return { gatewayId, topicId: log.slice(0, slash), partition, epoch, offset };
}

const textDecoder = new TextDecoder();

import { crc32c } from "../base/crc32c.ts";
import { type Uuid, uuidBytes, uuidFromBytes } from "../base/ids.ts";
import type { Disk, DiskFile } from "../io/disk.ts";
import { putInt32, uint32At } from "../records/big-endian.ts";
import { ByteReader, ByteWriter } from "./encoding.ts";
import { readTransactionLists, writeTransactionLists } from "./index-files.ts";
import type { EpochStart } from "./leader-epochs.ts";
import type { ProducerBatch, ProducerSnapshot } from "./producer-state.ts";
import type { SegmentMark } from "./segment.ts";
import { NO_TRANSACTIONS, type SegmentTransactionsState } from "./segment-transactions.ts";

/**
 * A checkpoint says, for every log, what is durable in its segments: the recovery point. It holds what recovery
 * would otherwise have to read the segments for: their sizes, leader epochs, producers, the log start offset.
 * It is kept in two files written in turn, so that a torn write leaves the other. Big-endian:
 *
 *   magic "HWCP" int32, CRC32C of everything from position 8 int32, version int32, bytes of all int32,
 *   store id 8 bytes, sequence int64 (the higher wins), floor generation int64 (journal rounds of earlier
 *   generations are in the segments), count of logs int32, then each:
 *     topic (text), topic id 16 bytes, partition int32, log start offset int64,
 *     count int32 of segments, each: base offset, bytes, next offset, max timestamp, batch with it (int64 each),
 *       counts of transactions open at its base and of aborted ones (int32 each, -1 where not known), whether they
 *       follow uint8, and then both, as in a transaction index (index-files.ts);
 *     count int32 of leader epochs, each: epoch int32, start offset int64;
 *     count int32 of producers, each: id int64, epoch int32, coordinator epoch int32, offset of the open
 *       transaction int64, whether any sequence may follow uint8, silent ms int64, last timestamp int64, count
 *       uint8 of batches, each: base and last sequence int32, base and last offset, timestamp int64
 *
 * The last segment's end is the log's recovery point. Version 1, of before there were transactions, has neither
 * them nor, of a producer, what stands between its epoch and its silence, nor its last timestamp; it is read.
 */
const MAGIC = 0x48574350;
const VERSION = 2;
const WITHOUT_TRANSACTIONS = 1;
const HEADER_BYTES = 44;
const SLOT_STEP_BYTES = 64 * 1024;
const MAX_BYTES = 512 * 1024 * 1024;

/** Names of the two files in the data folder. */
export const CHECKPOINT_FILES = ["checkpoint.0", "checkpoint.1"] as const;

export interface SegmentState extends SegmentMark {
  readonly baseOffset: number;
  /** Where it is missing they have to be found again. */
  readonly transactions?: SegmentTransactionsState;
}

export interface LogState {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly partition: number;
  readonly logStartOffset: number;
  readonly segments: readonly SegmentState[];
  readonly epochs: readonly EpochStart[];
  readonly producers: readonly ProducerSnapshot[];
}

export interface Checkpoint {
  readonly storeId: Uint8Array;
  readonly sequence: number;
  readonly floorGeneration: number;
  readonly logs: readonly LogState[];
}

export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const writer = new ByteWriter();
  writer.int32(MAGIC);
  writer.int32(0);
  writer.int32(VERSION);
  writer.int32(0);
  writer.bytes(checkpoint.storeId);
  writer.int64(checkpoint.sequence);
  writer.int64(checkpoint.floorGeneration);
  writer.int32(checkpoint.logs.length);
  for (const log of checkpoint.logs) encodeLog(writer, log);
  const bytes = writer.view();
  putInt32(bytes, 12, bytes.length);
  putInt32(bytes, 4, crc32c(bytes, 8, bytes.length));
  return bytes;
}

/** The checkpoint in these bytes, or null where there is none that can be believed. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint | null {
  if (bytes.length < HEADER_BYTES || uint32At(bytes, 0) !== MAGIC) return null;
  const sizeBytes = uint32At(bytes, 12);
  if (sizeBytes < HEADER_BYTES || sizeBytes > bytes.length) return null;
  const version = uint32At(bytes, 8);
  if (crc32c(bytes, 8, sizeBytes) !== uint32At(bytes, 4)) return null;
  if (version !== VERSION && version !== WITHOUT_TRANSACTIONS) return null;
  const reader = new ByteReader(bytes, 16, sizeBytes);
  const storeId = reader.bytes(8).slice();
  const sequence = reader.int64();
  const floorGeneration = reader.int64();
  const logs: LogState[] = [];
  const count = reader.count(4);
  for (let i = 0; i < count; i++) logs.push(decodeLog(reader, version));
  return { storeId, sequence, floorGeneration, logs };
}

function encodeLog(writer: ByteWriter, log: LogState): void {
  writer.text(log.topic);
  writer.bytes(uuidBytes(log.topicId));
  writer.int32(log.partition);
  writer.int64(log.logStartOffset);
  writer.int32(log.segments.length);
  for (const segment of log.segments) {
    writer.int64(segment.baseOffset);
    writer.int64(segment.sizeBytes);
    writer.int64(segment.nextOffset);
    writer.int64(segment.maxTimestampMs);
    writer.int64(segment.maxTimestampBatch);
    encodeTransactions(writer, segment.transactions);
  }
  writer.int32(log.epochs.length);
  for (const { epoch, startOffset } of log.epochs) {
    writer.int32(epoch);
    writer.int64(startOffset);
  }
  writer.int32(log.producers.length);
  for (const producer of log.producers) encodeProducer(writer, producer);
}

function encodeTransactions(writer: ByteWriter, state: SegmentTransactionsState | undefined): void {
  writer.int32(state?.openCount ?? -1);
  writer.int32(state?.abortedCount ?? -1);
  const lists = state?.lists ?? null;
  writer.uint8(lists === null ? 0 : 1);
  if (lists !== null) writeTransactionLists(writer, lists);
}

function encodeProducer(writer: ByteWriter, producer: ProducerSnapshot): void {
  writer.int64(producer.producerId);
  writer.int32(producer.producerEpoch);
  writer.int32(producer.coordinatorEpoch);
  writer.int64(producer.transactionOffset);
  writer.uint8(producer.anySequence ? 1 : 0);
  writer.int64(Math.round(producer.silentMs));
  writer.int64(producer.lastTimestampMs);
  writer.uint8(producer.batches.length);
  for (const batch of producer.batches) {
    writer.int32(batch.baseSequence);
    writer.int32(batch.lastSequence);
    writer.int64(batch.baseOffset);
    writer.int64(batch.lastOffset);
    writer.int64(batch.timestampMs);
  }
}

function decodeLog(reader: ByteReader, version: number): LogState {
  const topic = reader.text();
  const topicId = uuidFromBytes(reader.bytes(16));
  const partition = reader.int32();
  const logStartOffset = reader.int64();
  const segments: SegmentState[] = [];
  for (let left = reader.count(40); left > 0; left--) {
    segments.push({
      baseOffset: reader.int64(),
      sizeBytes: reader.int64(),
      nextOffset: reader.int64(),
      maxTimestampMs: reader.int64(),
      maxTimestampBatch: reader.int64(),
      transactions: version === WITHOUT_TRANSACTIONS ? NO_TRANSACTIONS : decodeTransactions(reader),
    });
  }
  const epochs: EpochStart[] = [];
  for (let left = reader.count(12); left > 0; left--) {
    epochs.push({ epoch: reader.int32(), startOffset: reader.int64() });
  }
  const producers: ProducerSnapshot[] = [];
  for (let left = reader.count(21); left > 0; left--) producers.push(decodeProducer(reader, version));
  return { topic, topicId, partition, logStartOffset, segments, epochs, producers };
}

function decodeTransactions(reader: ByteReader): SegmentTransactionsState {
  const openCount = reader.int32();
  const abortedCount = reader.int32();
  const lists = reader.uint8() === 0 ? null : readTransactionLists(reader, abortedCount);
  return { openCount, abortedCount, lists };
}

function decodeProducer(reader: ByteReader, version: number): ProducerSnapshot {
  const isOld = version === WITHOUT_TRANSACTIONS;
  const producerId = reader.int64();
  const producerEpoch = reader.int32();
  const coordinatorEpoch = isOld ? -1 : reader.int32();
  const transactionOffset = isOld ? -1 : reader.int64();
  const anySequence = !isOld && reader.uint8() !== 0;
  const silentMs = reader.int64();
  const lastTimestampMs = isOld ? -1 : reader.int64();
  const batches: ProducerBatch[] = [];
  for (let left = reader.uint8(); left > 0; left--) {
    batches.push({
      baseSequence: reader.int32(),
      lastSequence: reader.int32(),
      baseOffset: reader.int64(),
      lastOffset: reader.int64(),
      timestampMs: reader.int64(),
    });
  }
  return {
    producerId,
    producerEpoch,
    coordinatorEpoch,
    transactionOffset,
    anySequence,
    silentMs,
    lastTimestampMs,
    batches,
  };
}

/** The two files. */
export class CheckpointSlots {
  readonly #disk: Disk;
  readonly #folder: string;
  /** Slot of the checkpoint in force: the next one goes into the other. */
  #inForce = 1;

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
  }

  /** The newest checkpoint that can be believed, or null. */
  read(): Checkpoint | null {
    let newest: Checkpoint | null = null;
    for (let slot = 0; slot < 2; slot++) {
      const checkpoint = this.#readSlot(slot);
      if (checkpoint === null || (newest !== null && checkpoint.sequence < newest.sequence)) continue;
      newest = checkpoint;
      this.#inForce = slot;
    }
    return newest;
  }

  /** Makes both files, so that a disk that fills up later has room for checkpoints. Throws DISK_FULL or DISK_IO. */
  prepare(): void {
    let made = false;
    for (let slot = 0; slot < 2; slot++) {
      if (this.#disk.exists(this.#path(slot))) continue;
      this.#disk.createFile(this.#path(slot), SLOT_STEP_BYTES).close();
      made = true;
    }
    if (made) this.#disk.syncFolderNow(this.#folder);
  }

  /** Resolves when the checkpoint is durable. One at a time. Throws DISK_FULL or DISK_IO; the other slot stays. */
  async write(checkpoint: Checkpoint): Promise<void> {
    const slot = 1 - this.#inForce;
    const file = this.#store(slot, encodeCheckpoint(checkpoint));
    try {
      await file.sync();
    } catch (error) {
      // A sync that succeeds after one that failed proves nothing: the next checkpoint goes into a new file.
      this.#disk.remove(this.#path(slot));
      throw error;
    } finally {
      file.close();
    }
    this.#inForce = slot;
  }

  /** Makes what `read` found durable, whoever wrote it. Throws DISK_IO. */
  syncNow(): void {
    for (let slot = 0; slot < 2; slot++) {
      if (!this.#disk.exists(this.#path(slot))) continue;
      const file = this.#disk.openFile(this.#path(slot), "write");
      try {
        file.syncNow();
      } finally {
        file.close();
      }
    }
  }

  #readSlot(slot: number): Checkpoint | null {
    try {
      const bytes = this.#disk.readFile(this.#path(slot), MAX_BYTES);
      return bytes === null ? null : decodeCheckpoint(bytes);
    } catch {
      return null;
    }
  }

  #store(slot: number, bytes: Uint8Array): DiskFile {
    const path = this.#path(slot);
    const wanted = Math.ceil((bytes.length * 1.25) / SLOT_STEP_BYTES) * SLOT_STEP_BYTES;
    this.prepare();
    const file = this.#disk.openFile(path, "write");
    try {
      if (file.sizeBytes < bytes.length) file.resize(wanted);
      file.write(0, bytes);
    } catch (error) {
      file.close();
      throw error;
    }
    return file;
  }

  #path(slot: number): string {
    return `${this.#folder}/${CHECKPOINT_FILES[slot]}`;
  }
}

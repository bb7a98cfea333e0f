import type { Clock, Timer } from "../io/clock.ts";
import { ERROR } from "../kafka/wire/generated/errors.ts";
import { BATCH_HEADER_BYTES } from "../records/batch.ts";
import { BatchBuilder } from "../records/builder.ts";
import { gapRecord, timedGap } from "./gap-entry.ts";
import type { Gap } from "./gap-ledger.ts";
import type { Partition } from "./partition.ts";

/** Bytes of one batch, where the topic takes so many; half of it each time that it is refused, down to the least. */
const BATCH_BYTES = 256 * 1024;
const LEAST_BATCH_BYTES = 2 * 1024;
/** Kept beyond the ledger's end while the disk has it: what makes room on a full disk has to be written down first. */
const SPARE_BYTES = 256 * 1024;
/** How soon it is tried again where the log refuses a batch. */
const RETRY_MS = 1_000;

/** Entries on their way into the log, in order. */
interface Job {
  readonly gaps: readonly Gap[];
  /** The first of them that the log has not taken. */
  next: number;
  batchBytes: number;
  readonly done: () => void;
}

/**
 * Writes entries as they are, each once, in batches that the topic takes, however long that is tried: who gave them
 * waits for it.
 */
export class GapWriter {
  readonly #clock: Clock;
  /** Null where the topic can't be made. */
  readonly #partition: () => Partition | null;
  readonly #onRefused: (kafkaError: number) => void;
  /** Those that the log has refused. */
  readonly #stuck = new Set<Job>();
  readonly #timers = new Set<Timer>();
  #closed = false;

  constructor(clock: Clock, partition: () => Partition | null, onRefused: (kafkaError: number) => void) {
    this.#clock = clock;
    this.#partition = partition;
    this.#onRefused = onRefused;
  }

  /** Whether the log refuses entries. */
  get isStuck(): boolean {
    return this.#stuck.size > 0;
  }

  /** `done` runs once no power cut can take them. */
  write(gaps: readonly Gap[], done: () => void): void {
    this.#go({ gaps, next: 0, batchBytes: BATCH_BYTES, done });
  }

  /** Has the room there that entries take on a full disk, before there is one. */
  prepare(): void {
    this.#partition()?.log.spare(SPARE_BYTES);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
  }

  #go(job: Job): void {
    if (this.#closed) return;
    const partition = this.#partition();
    const error = partition === null ? ERROR.UNKNOWN_TOPIC_OR_PARTITION : append(partition, job, this.#clock);
    if (partition === null || error !== 0) {
      this.#again(job, error);
      return;
    }
    this.#stuck.delete(job);
    partition.whenOnDisk(partition.log.logEndOffset, (failed) => {
      if (failed === 0) job.done();
      else {
        // Nobody vouches for what was taken before.
        job.next = 0;
        this.#again(job, failed);
      }
    });
  }

  #again(job: Job, error: number): void {
    if (this.#closed) return;
    this.#onRefused(error);
    job.batchBytes = Math.max(LEAST_BATCH_BYTES, job.batchBytes / 2);
    this.#stuck.add(job);
    const timer = this.#clock.after(RETRY_MS, () => {
      this.#timers.delete(timer);
      this.#go(job);
    });
    this.#timers.add(timer);
  }
}

/** Appends what of a job is left. Returns Kafka's error where the log does not take all of it, else 0. */
function append(partition: Partition, job: Job, clock: Clock): number {
  const nowMs = clock.nowMs();
  partition.log.spare(SPARE_BYTES);
  const { maxMessageBytes } = partition.log.config;
  const batchBytes = Math.min(job.batchBytes, maxMessageBytes);
  const builder = new BatchBuilder();
  while (job.next < job.gaps.length) {
    builder.reset();
    let at = job.next;
    for (; at < job.gaps.length; at += 1) {
      const record = gapRecord(timedGap(job.gaps[at] as Gap, nowMs), nowMs, maxMessageBytes);
      const isFull = builder.sizeBytes + record.sizeBytes > batchBytes;
      if (isFull && builder.sizeBytes > BATCH_HEADER_BYTES) break;
      builder.append(nowMs, record.key, record.value, null);
    }
    const batch = builder.buildView();
    const result = partition.append(batch, 0, batch.length, nowMs, "broker");
    if ("message" in result) return result.error;
    job.next = at;
  }
  return 0;
}

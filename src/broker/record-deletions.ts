import type { Offset } from "../base/ids.ts";
import { ERROR } from "../kafka/wire/generated/errors.ts";
import type { LogStore } from "../log/log-store.ts";
import type { Partition } from "./partition.ts";

/** Gets Kafka's error, or 0 and the first offset that is left. */
export type DeletionCallback = (error: number, lowWatermark: number) => void;

interface Waiting {
  readonly partition: Partition;
  readonly logStartOffset: number;
  readonly done: DeletionCallback;
}

/** Deletions of records that wait until no crash can bring the records back. */
export class RecordDeletions {
  readonly #store: LogStore;
  #waiting: Waiting[] = [];

  constructor(store: LogStore) {
    this.#store = store;
  }

  /**
   * Moves the log start offset up to `before`, -1 for the high watermark, once what somebody loses by it is in the
   * ledger. `done` is called when the disk has it, or at once where nothing changes or it is refused: with an error that
   * clients retry where too many wait for the same.
   */
  start(partition: Partition, before: number, done: DeletionCallback): void {
    const { log } = partition;
    if (before < -1) {
      done(ERROR.OFFSET_OUT_OF_RANGE, -1);
      return;
    }
    const target = before === -1 ? log.highWatermark : before;
    const finish = (): void => this.#finish(partition, target, done);
    if (target > log.highWatermark || log.fault !== null) finish();
    else if (!this.#store.deletions.request(log, target, "delete-records", finish))
      done(ERROR.REQUEST_TIMED_OUT, -1);
  }

  #finish(partition: Partition, target: number, done: DeletionCallback): void {
    const { log } = partition;
    if (partition.deleted) {
      done(ERROR.UNKNOWN_TOPIC_OR_PARTITION, -1);
      return;
    }
    const result = log.deleteRecordsBefore(target as Offset);
    if ("message" in result) done(result.error, -1);
    else if (log.durableLogStartOffset >= result.logStartOffset) done(0, result.logStartOffset);
    else this.#waiting.push({ partition, logStartOffset: result.logStartOffset, done });
  }

  /** After a commit round. */
  settle(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const deletion of waiting) {
      const { partition, logStartOffset, done } = deletion;
      if (partition.deleted) done(ERROR.UNKNOWN_TOPIC_OR_PARTITION, -1);
      else if (partition.log.fault !== null) done(ERROR.KAFKA_STORAGE_ERROR, -1);
      else if (partition.log.durableLogStartOffset >= logStartOffset) done(0, logStartOffset);
      else this.#waiting.push(deletion);
    }
  }
}

import type { StateLog } from "../../../src/mqtt/sessions/durable/state-log.ts";
import type { BatchBuilder } from "../../../src/records/builder.ts";

/** What a full disk is answered with. */
const KAFKA_STORAGE_ERROR = 56;

/** A log of sessions that refuses what it likes to. */
export class RefusingStateLog implements StateLog {
  readonly #log: StateLog;
  readonly #refuses: () => boolean;
  readonly replay: StateLog["replay"];
  readonly whenDurable: StateLog["whenDurable"];
  readonly read: StateLog["read"];

  /** `refuses` is asked with every batch. */
  constructor(log: StateLog, refuses: () => boolean) {
    this.#log = log;
    this.#refuses = refuses;
    this.replay = (onRecord) => log.replay(onRecord);
    this.whenDurable = (done) => log.whenDurable(done);
    this.read = (offset) => log.read(offset);
  }

  append(builder: BatchBuilder): number {
    return this.#refuses() ? -KAFKA_STORAGE_ERROR : this.#log.append(builder);
  }
}

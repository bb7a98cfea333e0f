import type { Clock } from "../../io/clock.ts";
import type { CoordinatorState, LoggedRecord } from "../runtime/coordinator-log.ts";
import { isSettled, NO_PRODUCER_EPOCH, type Transaction } from "./transaction.ts";
import { decodeTransaction } from "./transaction-records.ts";

interface Entry {
  readonly transaction: Transaction;
  /** When it was last written, by the clock that never jumps. */
  readonly usedMs: number;
}

/** All transactional ids: a function of their log. */
export class Transactions implements CoordinatorState {
  /** The one that was not used for longest first. */
  readonly #entries = new Map<string, Entry>();
  /** Those with nothing open, in the same order. */
  readonly #settled = new Map<string, Entry>();
  readonly #clock: Clock;
  #idCharacters = 0;
  #unreadRecords = 0;
  /** What goes with the record that is being appended, and is not in it. */
  lastProducerEpoch = NO_PRODUCER_EPOCH;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#entries.size;
  }

  /** Length of all ids together. */
  get idCharacters(): number {
    return this.#idCharacters;
  }

  /** Records of a kind or version that this program does not know. */
  get unreadRecords(): number {
    return this.#unreadRecords;
  }

  get(transactionalId: string): Transaction | null {
    return this.#entries.get(transactionalId)?.transaction ?? null;
  }

  *all(): IterableIterator<Transaction> {
    for (const { transaction } of this.#entries.values()) yield transaction;
  }

  /** Ids with nothing open, unused for `idleMs` or longer, the one unused for longest first. */
  *idle(idleMs: number): IterableIterator<Transaction> {
    const nowMs = this.#clock.monotonicMs();
    for (const { transaction, usedMs } of this.#settled.values()) {
      if (nowMs - usedMs >= idleMs) yield transaction;
    }
  }

  /** Ids with nothing open, and since when by the monotonic clock, in the order of their last use. */
  *settled(): IterableIterator<{ readonly transactionalId: string; readonly usedMs: number }> {
    for (const [transactionalId, { usedMs }] of this.#settled) yield { transactionalId, usedMs };
  }

  apply(record: LoggedRecord): void {
    const read = decodeTransaction(record, this.lastProducerEpoch);
    if (read === null) {
      this.#unreadRecords += 1;
      return;
    }
    const { transactionalId, transaction } = read;
    this.#settled.delete(transactionalId);
    if (this.#entries.delete(transactionalId)) this.#idCharacters -= transactionalId.length;
    if (transaction === null) return;
    const silentMs = Math.max(0, this.#clock.nowMs() - transaction.lastUpdateTimestampMs);
    const entry = { transaction, usedMs: this.#clock.monotonicMs() - silentMs };
    this.#entries.set(transactionalId, entry);
    if (isSettled(transaction)) this.#settled.set(transactionalId, entry);
    this.#idCharacters += transactionalId.length;
  }

  /** Nothing here waits for a transaction of its own. */
  endTransaction(): void {}
}

import type { Logger } from "../../base/logger.ts";
import type { TransactionAdmission, TransactionGate } from "../../broker/transactions.ts";
import type { AckCallback } from "../../broker/waiting.ts";
import type { Clock } from "../../io/clock.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import type { CoordinatorLog, CoordinatorRecord, CoordinatorState } from "../runtime/coordinator-log.ts";
import { Deadlines } from "../runtime/deadlines.ts";
import { coordinatorError } from "../runtime/internal-log.ts";
import { Completion, type WriteMarker } from "./completion.ts";
import type { IdPattern } from "./id-pattern.ts";
import { SettledWaiters } from "./settled-waiters.ts";
import {
  EPOCH_BUMP_VERSION,
  hasPartition,
  isEnding,
  isSettled,
  NO_PARTITIONS,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NOBODY,
  type Producer,
  type TopicPartition,
  type Transaction,
  withPartitions,
} from "./transaction.ts";
import { encodeForgotten, encodeTransaction } from "./transaction-records.ts";
import { Transactions } from "./transactions.ts";
import {
  type AddRequest,
  completed,
  type Decision,
  decideAdd,
  decideEnd,
  decideFence,
  decideInit,
  type EndRequest,
  type InitRequest,
  memberFault,
  type Now,
  producerAfter,
} from "./transitions.ts";

/** A log that can be read into its state once, at start. */
export interface LoadableLog extends CoordinatorLog {
  load(): void;
}

export interface TransactionSettings {
  /** Longest time that a transaction may ask for. */
  readonly "transaction.max.timeout.ms": number;
  /** Time after which an unused id is forgotten. */
  readonly "transactional.id.expiration.ms": number;
  readonly "transaction.remove.expired.transaction.cleanup.interval.ms": number;
  /** How long records wait for the transaction before theirs to be complete. */
  readonly "add.partitions.to.txn.retry.backoff.max.ms": number;
}

/** Deliberate mistakes, for tests of the tests. */
export interface TransactionBugs {
  readonly completeBeforeMarkers?: boolean;
  readonly forgetToFence?: boolean;
}

export interface TransactionParts {
  /** Makes the log that is replayed into this state. */
  readonly openLog: (state: CoordinatorState) => LoadableLog;
  /** Hands out an id that no producer had. */
  readonly newProducerId: (done: (error: number, producerId: number) => void) => void;
  readonly writeMarker: WriteMarker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: TransactionSettings;
  readonly coordinatorEpoch: number;
  /** The finalized level of the feature transaction.version. */
  readonly transactionVersion: () => number;
  readonly bugs?: TransactionBugs;
}

/** What a partition holds of a transaction that has no end there. */
export interface OpenTransaction extends Producer, TopicPartition {}

export interface TransactionFilter {
  /** Each empty: all. */
  readonly states: readonly string[];
  readonly producerIds: ReadonlySet<number>;
  /** Only transactions that began longer ago than this; negative: all. */
  readonly durationMs: number;
  /** The whole transactional id has to match; null: all. */
  readonly pattern: IdPattern | null;
}

/** Ids that are remembered at most, and their length together: beyond, those unused for longest go. */
export const MAX_TRANSACTIONAL_IDS = 100_000;
export const MAX_ID_CHARACTERS = 32 * 1024 * 1024;
/** Steps that matching all ids with a pattern may take at worst: 80 million take a second on a fast machine. */
const MAX_PATTERN_WORK = 50_000_000;
/** An id unused for less is never forgotten to make room: its producer may be about to begin. */
const MIN_IDLE_MS = 60_000;
const FULL_LINE_INTERVAL_MS = 60_000;
/** Ids that one record batch forgets. */
const FORGOTTEN_AT_ONCE = 500;
const RETRY_MS = 5000;

export type ProducerCallback = (error: number, producer: Producer) => void;
type DecisionCallback = (error: number, transaction: Transaction | null) => void;

/**
 * Transactions of all producers, as Kafka 4.3 keeps them in `__transaction_state`. Every answer leaves once what
 * it rests on is durable; the end of a transaction is decided by one record, and what follows from it is done
 * until it is done, over restarts.
 */
export class TransactionCoordinator implements TransactionGate {
  readonly #parts: TransactionParts;
  readonly #transactions: Transactions;
  readonly #log: LoadableLog;
  readonly #deadlines: Deadlines;
  readonly #completion: Completion;
  readonly #settled: SettledWaiters;
  #closed = false;
  /** By the monotonic clock: before it no id is idle for long enough to be forgotten for another. */
  #noRoomUntilMs = Number.NEGATIVE_INFINITY;
  #lastFullLineMs = Number.NEGATIVE_INFINITY;

  constructor(parts: TransactionParts) {
    const { clock, logger, writeMarker, coordinatorEpoch } = parts;
    this.#parts = parts;
    this.#transactions = new Transactions(clock);
    this.#log = parts.openLog(this.#transactions);
    this.#deadlines = new Deadlines(clock);
    this.#completion = new Completion({ writeMarker, deadlines: this.#deadlines, logger, coordinatorEpoch });
    this.#settled = new SettledWaiters(this.#deadlines);
  }

  /** Transactional ids that are known. */
  get count(): number {
    return this.#transactions.count;
  }

  /** Transactions that were begun and are not ended. */
  get openCount(): number {
    let count = 0;
    for (const transaction of this.#transactions.all()) if (transaction.state === "Ongoing") count += 1;
    return count;
  }

  /** Reads the log. Transactions whose end was decided are completed; ongoing ones have the time they had left. */
  load(): void {
    this.#log.load();
    if (this.#transactions.unreadRecords > 0) {
      const records = this.#transactions.unreadRecords;
      this.#parts.logger.warn("records of transactions can't be read and are left alone", { records });
    }
    for (const transaction of [...this.#transactions.all()]) {
      if (isEnding(transaction)) this.#finish(transaction);
      else if (transaction.state === "Ongoing") this.#watch(transaction, this.#timeLeftMs(transaction));
    }
    this.#scheduleExpiry();
  }

  /**
   * Ends what partitions hold open and no transaction here will end: only a log that was damaged or lost leaves
   * such, and readers of committed records, uplinks among them, would wait at it for ever. After `load`.
   */
  endOrphans(open: Iterable<OpenTransaction>): void {
    const known = new Map<number, Transaction>();
    for (const transaction of this.#transactions.all()) known.set(transaction.producerId, transaction);
    const orphans = new Map<string, { transaction: Transaction; partitions: TopicPartition[] }>();
    for (const { producerId, producerEpoch, topic, partition } of open) {
      const owner = known.get(producerId) ?? null;
      const ends =
        owner !== null && !isSettled(owner) && hasPartition(owner.partitions, { topic, partition });
      if (ends) continue;
      const key = `orphan ${producerId} ${producerEpoch}`;
      const transaction = orphanOf(key, { producerId, producerEpoch }, owner);
      const orphan = orphans.get(key) ?? { transaction, partitions: [] };
      orphan.partitions.push({ topic, partition });
      orphans.set(key, orphan);
    }
    for (const { transaction, partitions } of orphans.values()) {
      const { producerId, producerEpoch, state } = transaction;
      const details = { producerId, producerEpoch, partitions: partitions.length, state };
      this.#parts.logger.error("a transaction that nobody would end is ended", details);
      const whole = { ...transaction, partitions: withPartitions(NO_PARTITIONS, partitions) };
      this.#completion.start(whole, () => {});
    }
  }

  /** Nothing happens by itself any more. */
  close(): void {
    this.#closed = true;
    this.#deadlines.clear();
  }

  /** InitProducerId of a transactional id. */
  initProducerId(request: InitRequest, done: ProducerCallback): void {
    const { transactionalId, timeoutMs } = request;
    const fault = this.#initFault(transactionalId, timeoutMs);
    if (fault !== ERROR.NONE) {
      done(fault, NOBODY);
      return;
    }
    const decide = (transaction: Transaction | null, now: Now) => this.#init(transaction, request, now);
    this.#change(transactionalId, decide, (error, transaction) => {
      if (error !== ERROR.NONE || transaction === null) done(error, NOBODY);
      // The transaction that stood in the way is being aborted.
      else if (transaction.state !== "Empty") done(ERROR.CONCURRENT_TRANSACTIONS, NOBODY);
      else done(ERROR.NONE, transaction);
    });
  }

  /** Adds partitions to the producer's transaction, which begins with the first. */
  addPartitions(transactionalId: string, request: AddRequest, done: AckCallback): void {
    if (transactionalId === "") {
      done(ERROR.INVALID_REQUEST);
      return;
    }
    const decide = (transaction: Transaction | null, now: Now) => decideAdd(transaction, request, now);
    this.#change(transactionalId, decide, (error) => done(error));
  }

  /** Whether these partitions are in the producer's transaction: an error for each, in their order. */
  verifyPartitions(
    transactionalId: string,
    producer: Producer,
    partitions: readonly TopicPartition[],
    done: (errors: readonly number[]) => void,
  ): void {
    const transaction = this.#transactions.get(transactionalId);
    const fault = transactionalId === "" ? ERROR.INVALID_REQUEST : memberFault(transaction, producer);
    const errors = partitions.map((partition) => {
      if (fault !== ERROR.NONE || transaction === null) return fault;
      return hasPartition(transaction.partitions, partition) ? ERROR.NONE : ERROR.TRANSACTION_ABORTABLE;
    });
    this.#log.whenDurable((error) =>
      done(error === ERROR.NONE ? errors : partitions.map(() => coordinatorError(error))),
    );
  }

  /** EndTxn. Answers once the end is decided on the disk, with who the producer is afterwards. */
  endTransaction(transactionalId: string, request: EndRequest, done: ProducerCallback): void {
    if (transactionalId === "") {
      done(ERROR.INVALID_REQUEST, NOBODY);
      return;
    }
    const decide = (transaction: Transaction | null, now: Now) => decideEnd(transaction, request, now);
    this.#change(transactionalId, decide, (error, transaction) => {
      if (error !== ERROR.NONE || transaction === null) done(error, NOBODY);
      else done(ERROR.NONE, producerAfter(transaction));
    });
  }

  admit(admission: TransactionAdmission, done: (errors: readonly number[]) => void): void {
    const { transactionalId, producerId, producerEpoch, partitions } = admission;
    if (!admission.implicit) {
      this.verifyPartitions(transactionalId, admission, partitions, (errors) => done(errors.map(toProducer)));
      return;
    }
    const request = { producerId, producerEpoch, partitions, clientTransactionVersion: EPOCH_BUMP_VERSION };
    const add = (): void =>
      this.addPartitions(transactionalId, request, (error) => done(partitions.map(() => toProducer(error))));
    // The transaction before is complete in a moment: sooner than the producer would ask again.
    const waits = this.#isEnding(transactionalId) && this.#settled.wait(transactionalId, this.#waitMs, add);
    if (!waits) add();
  }

  /** What is known of an id, once that is durable; null where nothing is. */
  describe(transactionalId: string, done: (error: number, transaction: Transaction | null) => void): void {
    const transaction = this.#transactions.get(transactionalId);
    this.#log.whenDurable((error) => done(coordinatorError(error), transaction));
  }

  /** The transactions that pass the filter, once what is said of them is durable. */
  list(filter: TransactionFilter, done: (error: number, transactions: readonly Transaction[]) => void): void {
    const work = (filter.pattern?.steps ?? 0) * this.#transactions.idCharacters;
    if (work > MAX_PATTERN_WORK) {
      done(ERROR.INVALID_REGULAR_EXPRESSION, []);
      return;
    }
    const nowMs = this.#parts.clock.nowMs();
    const found = [...this.#transactions.all()].filter((transaction) => passes(transaction, filter, nowMs));
    this.#log.whenDurable((error) => done(coordinatorError(error), error === ERROR.NONE ? found : []));
  }

  #initFault(transactionalId: string, timeoutMs: number): number {
    if (transactionalId === "") return ERROR.INVALID_REQUEST;
    const allowed = timeoutMs > 0 && timeoutMs <= this.#parts.settings["transaction.max.timeout.ms"];
    return allowed ? ERROR.NONE : ERROR.INVALID_TRANSACTION_TIMEOUT;
  }

  #init(transaction: Transaction | null, request: InitRequest, now: Now): Decision {
    if (transaction === null && !this.#makeRoom(request.transactionalId)) {
      return { kind: "refuse", error: ERROR.COORDINATOR_LOAD_IN_PROGRESS };
    }
    const decision = decideInit(transaction, request, now);
    const forgets = this.#parts.bugs?.forgetToFence === true && transaction !== null;
    if (!forgets || decision.kind !== "write" || decision.next.state !== "Empty") return decision;
    return { kind: "write", next: { ...decision.next, producerEpoch: transaction.producerEpoch } };
  }

  get #waitMs(): number {
    return this.#parts.settings["add.partitions.to.txn.retry.backoff.max.ms"];
  }

  #isEnding(transactionalId: string): boolean {
    const transaction = this.#transactions.get(transactionalId);
    return transaction !== null && isEnding(transaction);
  }

  /** Decides on the state as it is, writes down what follows, and answers when that is durable. */
  #change(
    transactionalId: string,
    decide: (transaction: Transaction | null, now: Now) => Decision,
    done: DecisionCallback,
    freshProducerId: number | null = null,
  ): void {
    const decision = decide(this.#transactions.get(transactionalId), this.#now(freshProducerId));
    switch (decision.kind) {
      case "need-producer-id":
        this.#parts.newProducerId((error, producerId) => {
          if (error !== ERROR.NONE) done(coordinatorError(error), null);
          else this.#change(transactionalId, decide, done, producerId);
        });
        return;
      case "write":
        this.#write(decision.next, (error) =>
          done(coordinatorError(error), error === ERROR.NONE ? decision.next : null),
        );
        return;
      case "repeat":
      case "refuse": {
        const transaction = decision.kind === "repeat" ? decision.transaction : null;
        const refusal = decision.kind === "refuse" ? decision.error : ERROR.NONE;
        this.#log.whenDurable((error) =>
          done(error === ERROR.NONE ? refusal : coordinatorError(error), transaction),
        );
      }
    }
  }

  #write(next: Transaction, done: AckCallback): void {
    const { transactionalId } = next;
    const began = this.#transactions.get(transactionalId)?.state !== "Ongoing";
    this.#append(next, (error) => {
      if (error === ERROR.NONE && isEnding(next)) this.#finish(next);
      done(error);
    });
    // Where the append was refused the state is what it was.
    const now = this.#transactions.get(transactionalId);
    if (now?.state !== "Ongoing") this.#deadlines.delete(timeoutOf(transactionalId));
    else if (began) this.#watch(now, now.timeoutMs);
  }

  #append(next: Transaction, done: AckCallback): void {
    this.#transactions.lastProducerEpoch = next.lastProducerEpoch;
    this.#log.append([encodeTransaction(next, this.#parts.transactionVersion())], done);
    this.#transactions.lastProducerEpoch = NO_PRODUCER_EPOCH;
  }

  /** Aborts the transaction where it is still the same and ongoing when its time is over. */
  #watch(transaction: Transaction, delayMs: number): void {
    const { transactionalId, producerId, producerEpoch } = transaction;
    this.#deadlines.set(timeoutOf(transactionalId), delayMs, () => {
      const decide = (current: Transaction | null, now: Now): Decision => {
        const same = current?.producerId === producerId && current.producerEpoch === producerEpoch;
        if (current === null || !same) return { kind: "refuse", error: ERROR.PRODUCER_FENCED };
        return decideFence(current, now);
      };
      this.#change(transactionalId, decide, (error) => {
        if (error === ERROR.NONE) {
          this.#parts.logger.info("a transaction ran out of time and was aborted", { transactionalId });
        } else if (this.#transactions.get(transactionalId)?.state === "Ongoing") {
          this.#watch(transaction, RETRY_MS);
        }
      });
    });
  }

  #timeLeftMs({ startTimestampMs, timeoutMs }: Transaction): number {
    const left = startTimestampMs + timeoutMs - this.#parts.clock.nowMs();
    // A clock that jumped while nobody looked must not keep a transaction open for longer than it asked for.
    return Math.min(Math.max(0, left), Math.max(0, timeoutMs));
  }

  /** The end is decided and durable: every partition gets its marker, and after that it is complete. */
  #finish(transaction: Transaction): void {
    // The next start goes on with it.
    if (this.#closed) return;
    if (this.#parts.bugs?.completeBeforeMarkers === true) {
      this.#complete(transaction);
      this.#completion.start(transaction, () => {});
    } else this.#completion.start(transaction, () => this.#complete(transaction));
  }

  #complete(transaction: Transaction): void {
    if (this.#closed) return;
    const { transactionalId } = transaction;
    this.#append(completed(transaction, this.#now(null)), (error) => {
      if (error === ERROR.NONE) return;
      this.#deadlines.set(`complete ${transactionalId}`, RETRY_MS, () => {
        if (this.#transactions.get(transactionalId)?.state === transaction.state) this.#complete(transaction);
      });
    });
    if (!this.#isEnding(transactionalId)) this.#settled.settled(transactionalId);
  }

  #now(freshProducerId: number | null): Now {
    const { clock, transactionVersion } = this.#parts;
    return { nowMs: clock.nowMs(), transactionVersion: transactionVersion(), freshProducerId };
  }

  /** Forgets the ids unused for longest where another would be too many. Says whether there is room for it. */
  #makeRoom(transactionalId: string): boolean {
    if (this.#hasRoom(transactionalId)) return true;
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs >= this.#noRoomUntilMs) {
      this.#forgetLeastUsed(nowMs);
      if (this.#hasRoom(transactionalId)) return true;
    }
    if (nowMs - this.#lastFullLineMs >= FULL_LINE_INTERVAL_MS) {
      this.#lastFullLineMs = nowMs;
      const { count, idCharacters } = this.#transactions;
      const details = { transactionalIds: count, idCharacters };
      this.#parts.logger.warn("there are too many transactional ids in use: new ones have to wait", details);
    }
    return false;
  }

  #hasRoom(transactionalId: string): boolean {
    const { count, idCharacters } = this.#transactions;
    return count < MAX_TRANSACTIONAL_IDS && idCharacters + transactionalId.length <= MAX_ID_CHARACTERS;
  }

  /** Many at once, so that the next inits don't have to; none of those that were used a moment ago. */
  #forgetLeastUsed(nowMs: number): void {
    const records: CoordinatorRecord[] = [];
    let freed = 0;
    for (const { transactionalId, usedMs } of this.#transactions.settled()) {
      if (nowMs - usedMs < MIN_IDLE_MS) break;
      records.push(encodeForgotten(transactionalId));
      freed += transactionalId.length;
      if (records.length === FORGOTTEN_AT_ONCE || freed > MAX_ID_CHARACTERS / 16) break;
    }
    if (records.length > 0) this.#log.append(records, () => {});
    const [oldest] = this.#transactions.settled();
    this.#noRoomUntilMs = (oldest?.usedMs ?? nowMs) + MIN_IDLE_MS;
  }

  #scheduleExpiry(): void {
    const { settings } = this.#parts;
    const intervalMs = settings["transaction.remove.expired.transaction.cleanup.interval.ms"];
    this.#deadlines.set("expiry", intervalMs, () => {
      this.#forgetIdle(settings["transactional.id.expiration.ms"]);
      this.#scheduleExpiry();
    });
  }

  #forgetIdle(idleMs: number): void {
    let records: CoordinatorRecord[] = [];
    const flush = (): void => {
      if (records.length > 0) this.#log.append(records, () => {});
      records = [];
    };
    for (const { transactionalId } of [...this.#transactions.idle(idleMs)]) {
      records.push(encodeForgotten(transactionalId));
      if (records.length === FORGOTTEN_AT_ONCE) flush();
    }
    flush();
  }
}

function timeoutOf(transactionalId: string): string {
  return `timeout ${transactionalId}`;
}

/**
 * The end of a transaction of which a partition has the records and not the marker: a commit where it was this
 * one that the id's last commit was about, else an abort.
 */
function orphanOf(name: string, producer: Producer, owner: Transaction | null): Transaction {
  const bumped = owner !== null && owner.clientTransactionVersion >= EPOCH_BUMP_VERSION ? 1 : 0;
  const committed =
    owner?.state === "CompleteCommit" && owner.producerEpoch === producer.producerEpoch + bumped;
  return {
    transactionalId: name,
    ...producer,
    previousProducerId: producer.producerId,
    nextProducerId: NO_PRODUCER_ID,
    lastProducerEpoch: NO_PRODUCER_EPOCH,
    timeoutMs: 0,
    state: committed ? "PrepareCommit" : "PrepareAbort",
    partitions: NO_PARTITIONS,
    startTimestampMs: -1,
    lastUpdateTimestampMs: -1,
    clientTransactionVersion: 0,
  };
}

/** Producers know a fenced one by this error in answers to Produce and TxnOffsetCommit, as Kafka translates it. */
function toProducer(error: number): number {
  return error === ERROR.PRODUCER_FENCED ? ERROR.INVALID_PRODUCER_EPOCH : error;
}

function passes(transaction: Transaction, filter: TransactionFilter, nowMs: number): boolean {
  const { states, producerIds, durationMs, pattern } = filter;
  if (producerIds.size > 0 && !producerIds.has(transaction.producerId)) return false;
  if (states.length > 0 && !states.includes(transaction.state)) return false;
  if (durationMs >= 0 && nowMs - transaction.startTimestampMs <= durationMs) return false;
  return pattern === null || pattern.matches(transaction.transactionalId);
}

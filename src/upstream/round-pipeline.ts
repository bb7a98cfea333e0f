import { ERROR, errorName } from "../kafka/wire/generated/errors.ts";
import type { Calls } from "./calls.ts";
import type {
  CentreCalls,
  InitProducer,
  InTransaction,
  Outcome,
  ProduceAnswer,
  ProducerGrant,
  Refusal,
} from "./centre.ts";
import type { Intake } from "./intake.ts";
import type { Lane, Producer, SealedBatch } from "./lane.ts";
import type { LinkGovernor } from "./link/governor.ts";
import type { Outbox } from "./outbox.ts";
import type { Slot } from "./positions.ts";
import type { UplinkReports } from "./reports.ts";
import { hasOpenGaps, type Rewind, Round } from "./round.ts";
import { positionGroup, transactionalId, type UplinkSettings } from "./settings.ts";
import type { SourcePartition } from "./source-partition.ts";
import type { RecordTimes } from "./times/record-times.ts";
import type { Now, SetupHooks } from "./topic-setup.ts";
import { deniesTopic, verdictOf } from "./verdicts.ts";

/** First wait before a request that the coordinator was not ready for is repeated; doubled up to the last. */
const FIRST_RETRY_MS = 10;
const LAST_RETRY_MS = 1_000;
/** How long a batch without transactions is repeated before its fate is looked up at the centre instead. */
const MAX_IDEMPOTENT_TRY_MS = 10 * 60_000;
/** As it is stamped, with the time of sending, without any. */
const TIMES_TO_TRY = 3;

export interface PipelineHooks extends SetupHooks {
  /** All of a round is at the centre; with transactions, for good. */
  completed(round: Round): void;
  /** The slots to commit for a round, or null where they can't be held (the hook has reported it). */
  slots(round: Round): readonly Slot[] | null;
  /** The centre says that it has no such topic. That may pass, or the topic is gone. */
  denied(error: number, what: string): void;
  /** Whether batches of these rounds may leave: without transactions the store has to know first. */
  maySend(closing: Round | null, filling: Round | null): boolean;
}

/** How rounds go up: one is filled while the one before it ends; see Round. */
export class RoundPipeline {
  producer: Producer = { id: -1, epoch: -1 };
  /** 0 without transactions. */
  protocol: 0 | 1 | 2 = 0;
  /** No more is read: what is on its way ends. */
  draining = false;
  /** The same for as long as the link may not be used. */
  held = false;
  readonly outbox: Outbox;
  /** To be done once what is on its way has ended, in this order. */
  readonly rewinds: Rewind[] = [];
  readonly #settings: UplinkSettings;
  readonly #intake: Intake;
  readonly #calls: Calls;
  readonly #reports: UplinkReports;
  readonly #hooks: PipelineHooks;
  readonly #now: Now;
  readonly #link: LinkGovernor;
  readonly #times: RecordTimes;
  #filling: Round | null = null;
  #closing: Round | null = null;
  #coordinatorBusy = false;
  #coordinatorRetryAtMs = 0;
  #coordinatorFailures = 0;
  #commitRetryAtMs = 0;

  constructor(
    settings: UplinkSettings,
    intake: Intake,
    outbox: Outbox,
    calls: Calls,
    reports: UplinkReports,
    hooks: PipelineHooks,
    now: Now,
    link: LinkGovernor,
    times: RecordTimes,
  ) {
    this.#times = times;
    this.#settings = settings;
    this.#intake = intake;
    this.outbox = outbox;
    this.#calls = calls;
    this.#reports = reports;
    this.#hooks = hooks;
    this.#now = now;
    this.#link = link;
  }

  /** Whether nothing is on its way. */
  get quiet(): boolean {
    return this.#filling === null && this.#closing === null;
  }

  /** Whether the centre has a transaction of ours open. */
  get inTransaction(): boolean {
    return this.protocol !== 0 && (this.#current?.begunMs ?? null) !== null;
  }

  /** The round that may send: with transactions the next waits until this one has ended. */
  get #current(): Round | null {
    return this.#closing ?? this.#filling;
  }

  /** Forgets every round and what waits for an answer. The caller forgets the calls. */
  restart(): void {
    if (this.#current?.begunMs != null && !this.held) this.#link.sizes.roundFailed();
    // It may be at the centre for all we know: the position that is found there will tell.
    for (const [partition, tally] of this.#closing?.tallies ?? []) {
      const next = this.#closing?.next.get(partition);
      if (next !== undefined) partition.pending = { next, tally };
    }
    const rewind = this.#current?.rewind ?? null;
    if (rewind !== null) this.rewinds.unshift(rewind);
    this.#filling = null;
    this.#closing = null;
    this.#coordinatorBusy = false;
    this.#coordinatorRetryAtMs = 0;
    this.#coordinatorFailures = 0;
    this.#commitRetryAtMs = 0;
    this.outbox.clear();
  }

  /** Has the next round commit all positions, moved or not. */
  claim(): void {
    this.#filling ??= new Round(this.#now.nowMs);
    this.#filling.claims = true;
  }

  /** One slice of work: reads, seals, sends, commits. Returns whether there is more to do at once. */
  advance(): boolean {
    this.#rewind();
    const readBytes = this.#reads ? this.#fill() : 0;
    this.#closeWhenDue();
    this.#dispatch();
    if (this.protocol !== 0) this.#advanceTransaction();
    else this.#endIdempotentRound();
    this.#checkDeadlines();
    return readBytes > 0 && this.#intake.hasMore && this.#mayFill() && this.#roomLeft(this.#filling);
  }

  /** When there will be something to do without an answer or an append, or null. */
  nextMs(): number | null {
    const times: number[] = [];
    const retryMs = this.outbox.nextRetryMs(this.#now.nowMs);
    if (retryMs !== null) times.push(retryMs);
    if (this.#filling !== null && this.#closing === null) times.push(this.#closeAtMs(this.#filling));
    if (this.#closing !== null || this.inTransaction) {
      times.push(this.#now.nowMs + DEADLINE_CHECK_MS);
      for (const atMs of [this.#coordinatorRetryAtMs, this.#commitRetryAtMs]) {
        if (atMs > this.#now.nowMs) times.push(atMs);
      }
    }
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Whether more is read. */
  get #reads(): boolean {
    const isRewinding = this.rewinds.length > 0 || this.#filling?.rewind != null;
    return !this.draining && !this.held && !isRewinding;
  }

  /** Begins the round that moves positions as the first of `rewinds` says, if nothing is on its way. */
  #rewind(): void {
    const [rewind] = this.rewinds;
    if (rewind === undefined || !this.quiet || this.draining || this.held) return;
    const { route, positions } = rewind;
    if (route.stale) {
      this.rewinds.shift()?.done(false);
      return;
    }
    if (route.state.kind !== "ready") return;
    this.rewinds.shift();
    const round = new Round(this.#now.nowMs);
    round.rewind = rewind;
    round.claims = true;
    this.#intake.moveTo(route, positions, round);
    this.#filling = round;
  }

  #roomLeft(round: Round | null): boolean {
    if (this.outbox.full || round?.isFull === true) return false;
    if (round === null) return true;
    const small = round.hasPriority && !this.#link.sizes.isQuick ? PRIORITY_ROUND_SHARE : 1;
    const { maxRoundRecords } = this.#settings.limits;
    return round.records < maxRoundRecords && round.sizeBytes < this.#link.sizes.roundBytes * small;
  }

  /**
   * Where rounds take long, the next is not read while one goes up: an important record that comes meanwhile would have
   * to wait for both. Once all of the one under way has arrived, nothing is lost by it.
   */
  #mayFill(): boolean {
    return this.#closing === null || this.#link.sizes.isQuick || this.#closing.outstanding === 0;
  }

  #fill(): number {
    if (!this.#intake.hasMore || !this.#mayFill()) return 0;
    const round = this.#filling ?? new Round(this.#now.nowMs);
    if (!this.#roomLeft(round)) return 0;
    const readBytes = this.#intake.fill(round, () => this.#roomLeft(round));
    if (round.next.size > 0) this.#filling = round;
    return readBytes;
  }

  /** When a round that is being filled has waited long enough for more. */
  #closeAtMs(round: Round): number {
    const { lingerMs, maxFillMs } = this.#settings.limits;
    if (!this.#reads || !this.#roomLeft(round)) return this.#now.nowMs;
    if (round.claims && !this.#intake.hasMore) return this.#now.nowMs;
    // Nothing goes up by it but positions: they may wait, the link is not for them.
    if (round.records === 0 && !round.claims) return round.startedMs + EMPTY_ROUND_MS;
    return round.startedMs + (this.#intake.hasMore ? maxFillMs : lingerMs);
  }

  #closeWhenDue(): void {
    const round = this.#filling;
    if (round === null || this.#closing !== null) return;
    if (this.#now.nowMs < this.#closeAtMs(round)) return;
    this.outbox.sealAll(round);
    round.closedMs = this.#now.nowMs;
    this.#filling = null;
    this.#closing = round;
  }

  #dispatch(): void {
    if (!this.#hooks.maySend(this.#closing, this.#filling)) return;
    const current = this.#current;
    this.outbox.dispatch(
      this.#now.nowMs,
      this.producer,
      this.protocol !== 0,
      (batch) => this.protocol === 0 || (batch.round === current && this.#mayWrite(batch)),
      (batch) => this.#produce(batch),
    );
  }

  /** With protocol 1 the coordinator has to know the partition first. */
  #mayWrite(batch: SealedBatch): boolean {
    return this.protocol === 2 || batch.round.added.has(batch.lane);
  }

  #produce(batch: SealedBatch): void {
    batch.round.begunMs ??= this.#now.nowMs;
    const ask = {
      topic: batch.lane.topic,
      partition: batch.lane.partition,
      transactionalId: this.protocol === 0 ? null : transactionalId(this.#settings),
      protocol: this.protocol === 1 ? 1 : 2,
      batch: batch.bytes,
    } as const;
    const sentMs = this.#now.nowMs;
    this.#calls.ask("produce", ask, (outcome) => {
      this.outbox.answered(batch);
      if (outcome.kind === "answered") this.#link.sizes.answered(this.#now.nowMs - sentMs);
      this.#produced(batch, outcome);
    });
  }

  #produced(batch: SealedBatch, outcome: Outcome<ProduceAnswer>): void {
    const { lane } = batch;
    const where = `${lane.topic}-${lane.partition}`;
    if (outcome.kind === "lost") {
      if (this.protocol !== 0) this.#hooks.reset(`writing to ${where}: ${outcome.reason}`);
      else this.#repeat(lane);
      return;
    }
    const { error, message, baseOffset } = outcome.answer;
    const verdict = verdictOf(error);
    if (verdict === "ok") {
      const end = baseOffset + batch.recordCount;
      if (baseOffset >= 0) batch.round.ends.set(lane, Math.max(end, batch.round.ends.get(lane) ?? 0));
      this.#times.taken(lane.topic, batch.maxTimestampMs);
      this.outbox.acknowledged(batch);
    } else if (
      verdict === "retry" ||
      (error === ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER && lane.isBehindAnother(batch))
    ) {
      if (deniesTopic(error)) this.#hooks.denied(error, `writing to ${lane.topic}`);
      this.#repeat(lane);
    } else if (verdict === "refused") this.#refusedBatch(batch, error, message);
    else this.#hooks.refused(verdict, error, `writing to ${where}`);
  }

  #repeat(lane: Lane): void {
    const waitMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(lane.failures, 10));
    lane.failed(this.#now.nowMs + waitMs);
  }

  /**
   * The centre will never take a record of this batch. Smaller batches find out which: what is left in the end is
   * a batch of one, which goes with another time where it was that, and is stepped over where nothing helps.
   */
  #refusedBatch(batch: SealedBatch, error: number, message: string | null): void {
    const reason = `refused by the centre: ${errorName(error)}`;
    if (batch.only === null) {
      this.outbox.maxBatchRecords = Math.max(1, Math.floor(batch.recordCount / 2));
    } else {
      const { partition, offset } = batch.only;
      if (!this.#takesAnotherTime(batch, partition, offset, error)) {
        partition.refused.add(offset);
        const { topic } = partition.route;
        this.#reports.onGap(topic, partition.index, offset, offset + 1, reason, "refused", batch.only);
      }
    }
    this.#hooks.reset(`${reason}${message === null ? "" : ` (${message})`}`);
  }

  #takesAnotherTime(batch: SealedBatch, partition: SourcePartition, offset: number, error: number): boolean {
    if (error !== ERROR.INVALID_TIMESTAMP) return false;
    this.#times.refused(batch.lane.topic, batch.maxTimestampMs);
    const tried = (partition.untimely.get(offset) ?? 0) + 1;
    partition.untimely.set(offset, tried);
    return tried < TIMES_TO_TRY;
  }

  #advanceTransaction(): void {
    const round = this.#current;
    if (round === null) return;
    if (!this.#coordinatorBusy && this.#now.nowMs >= this.#coordinatorRetryAtMs) this.#askCoordinator(round);
    this.#commitOffsets(round);
  }

  /** The coordinator is asked for one thing at a time: it answers a second with CONCURRENT_TRANSACTIONS. */
  #askCoordinator(round: Round): void {
    const who = this.identity;
    if (this.protocol === 1) {
      const lanes = [...round.lanes].filter((lane) => !round.added.has(lane));
      if (lanes.length > 0) {
        const partitions = lanes.map(({ topic, partition }) => ({ topic, partition }));
        this.#toCoordinator("add-partitions", { ...who, partitions }, () => {
          for (const lane of lanes) round.added.add(lane);
        });
        round.begunMs ??= this.#now.nowMs;
        return;
      }
      if (!round.offsetsAdded && round.closedMs !== null) {
        this.#toCoordinator("add-offsets", { ...who, group: positionGroup(this.#settings) }, () => {
          round.offsetsAdded = true;
        });
        round.begunMs ??= this.#now.nowMs;
        return;
      }
    }
    if (round.closedMs !== null && round.outstanding === 0 && round.offsetsCommitted) {
      this.#toCoordinator("end", { ...who, commit: true }, (grant) => this.#ended(round, grant));
    }
  }

  #commitOffsets(round: Round): void {
    if (round.closedMs === null || round.commitAsked || this.#now.nowMs < this.#commitRetryAtMs) return;
    // With protocol 2 batches and offsets add themselves: the first of them opens the transaction, and what comes
    // to the coordinator meanwhile has to be repeated.
    const ready = this.protocol === 1 ? round.offsetsAdded : round.outstanding === 0 || round.sentBytes > 0;
    if (!ready) return;
    if (hasOpenGaps(round, this.#reports)) {
      this.#commitRetryAtMs = this.#now.nowMs + FIRST_RETRY_MS;
      return;
    }
    const slots = this.#hooks.slots(round);
    if (slots === null) return;
    round.commitAsked = true;
    round.begunMs ??= this.#now.nowMs;
    const ask = { ...this.identity, group: positionGroup(this.#settings), slots };
    this.#calls.ask("commit-offsets", ask, (outcome) => {
      round.commitAsked = false;
      this.#answered(outcome, "committing positions", () => {
        round.commitAsked = true;
        round.offsetsCommitted = true;
      });
      if (!round.offsetsCommitted) this.#commitRetryAtMs = this.#coordinatorRetryAtMs;
    });
  }

  #ended(round: Round, grant: ProducerGrant): void {
    const { producerId: id, producerEpoch: epoch } = grant;
    if (id >= 0 && (id !== this.producer.id || epoch !== this.producer.epoch)) {
      for (const lane of this.#intake.lanes()) lane.restartSequence(id !== this.producer.id);
      this.producer = { id, epoch };
    }
    this.#complete(round);
  }

  #endIdempotentRound(): void {
    const round = this.#closing;
    if (round !== null && round.outstanding === 0) this.#complete(round);
  }

  #complete(round: Round): void {
    this.#closing = null;
    const { records, sizeBytes, sentBytes, begunMs } = round;
    const durationMs = this.#now.nowMs - (begunMs ?? this.#now.nowMs);
    this.#link.roundEnded({ records, sizeBytes, sentBytes, durationMs }, this.#now.nowMs);
    this.#hooks.completed(round);
    round.rewind?.done(true);
  }

  #toCoordinator<Kind extends "add-partitions" | "add-offsets" | "end">(
    kind: Kind,
    ask: CentreCalls[Kind]["ask"],
    then: (answer: CentreCalls[Kind]["answer"]) => void,
  ): void {
    this.#coordinatorBusy = true;
    this.#calls.ask(kind, ask, (outcome) => {
      this.#coordinatorBusy = false;
      this.#answered(outcome, kind, then);
    });
  }

  #answered<Answer extends Refusal>(
    outcome: Outcome<Answer>,
    what: string,
    then: (answer: Answer) => void,
  ): void {
    if (outcome.kind === "lost") {
      this.#hooks.reset(`${what}: ${outcome.reason}`);
      return;
    }
    const { error } = outcome.answer;
    const verdict = verdictOf(error);
    if (verdict === "ok") {
      this.#coordinatorFailures = 0;
      then(outcome.answer);
    } else if (verdict === "retry") {
      if (deniesTopic(error)) this.#hooks.denied(error, what);
      this.#coordinatorFailures += 1;
      const waitMs = Math.min(
        LAST_RETRY_MS,
        FIRST_RETRY_MS * 2 ** Math.min(this.#coordinatorFailures - 1, 10),
      );
      this.#coordinatorRetryAtMs = this.#now.nowMs + waitMs;
    } else this.#hooks.refused(verdict, error, what);
  }

  /** A transaction that does not get on is given up before the centre does so. */
  #checkDeadlines(): void {
    const round = this.#current;
    if (this.protocol === 0) {
      if (this.outbox.longestTryMs(this.#now.nowMs) > MAX_IDEMPOTENT_TRY_MS) {
        this.#hooks.reset("a batch was repeated for too long");
      }
      return;
    }
    const begunMs = round?.begunMs ?? null;
    if (begunMs === null) return;
    const patienceMs = (this.#settings.limits.transactionTimeoutMs * 2) / 3;
    if (this.#now.nowMs - begunMs > patienceMs) this.#hooks.reset("a transaction did not end in time");
  }

  /** What to ask the centre's coordinator for. */
  get idToTake(): InitProducer {
    const isTransactional = this.protocol !== 0;
    const { id, epoch } = this.producer;
    return {
      transactionalId: isTransactional ? transactionalId(this.#settings) : null,
      // Without a transactional id there is nothing to continue: a new id each time.
      producerId: isTransactional ? id : -1,
      producerEpoch: isTransactional ? epoch : -1,
      transactionTimeoutMs: this.#settings.limits.transactionTimeoutMs,
    };
  }

  /** Who the transactions are of. Not without transactions. */
  get identity(): InTransaction {
    return {
      transactionalId: transactionalId(this.#settings),
      producerId: this.producer.id,
      producerEpoch: this.producer.epoch,
      protocol: this.protocol === 1 ? 1 : 2,
    };
  }

  /** Gives up what is on its way, aborting at the centre what it has open. */
  abandon(then: () => void): void {
    if (!this.inTransaction) {
      then();
      return;
    }
    this.#calls.forgetAll();
    this.#calls.ask("end", { ...this.identity, commit: false }, then);
  }
}

const DEADLINE_CHECK_MS = 1_000;
/** How long positions wait for records to travel with. */
const EMPTY_ROUND_MS = 5_000;
/** A round with an important record takes so much of others, where the link is slow. */
const PRIORITY_ROUND_SHARE = 1 / 4;

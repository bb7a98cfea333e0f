import type { Uuid } from "../base/ids.ts";
import type { Random } from "../io/random.ts";
import { backoffMs } from "../kafka/client/backoff.ts";
import { ERROR, errorName } from "../kafka/wire/generated/errors.ts";
import { Calls } from "./calls.ts";
import type { CentreCall, CentreFacts, CentreOutcome, ProducerGrant } from "./centre.ts";
import { Canary } from "./flow/canary.ts";
import { canaryKey } from "./flow/canary-topic.ts";
import { Intake } from "./intake.ts";
import { Compression } from "./link/compression.ts";
import { Drain } from "./link/drain.ts";
import { type Hold, LinkGovernor } from "./link/governor.ts";
import { LinkBook } from "./link/link-book.ts";
import type { LinkMode } from "./link/link-record.ts";
import { UNKNOWN_TIME } from "./link/settings.ts";
import { LocalPosition } from "./local-position.ts";
import { LostEnds } from "./lost-ends.ts";
import { Outbox } from "./outbox.ts";
import { LastError, type Phase, stateOf } from "./phase.ts";
import { PositionDesk } from "./position-desk.ts";
import { type Claim, MAX_METADATA_BYTES, newestClaim, type Slot, sameClaim } from "./positions.ts";
import type { UplinkReports } from "./reports.ts";
import { Rivals } from "./rivals.ts";
import type { Round } from "./round.ts";
import { RoundPipeline } from "./round-pipeline.ts";
import { positionGroup, type UplinkSettings } from "./settings.ts";
import { slotsOf } from "./slots.ts";
import type { LocalSource } from "./source.ts";
import type { Tally } from "./source-partition.ts";
import type { UplinkStatus } from "./status.ts";
import { type LocalTimes, NO_LOCAL_TIMES } from "./times/local-times.ts";
import { RecordTimes } from "./times/record-times.ts";
import { type Now, TopicSetup } from "./topic-setup.ts";
import { lagOfAll, topicStatus } from "./topic-status.ts";
import { Totals } from "./totals.ts";
import { type Verdict, verdictOf } from "./verdicts.ts";

export interface Turn {
  /** To be performed now, in order. */
  readonly calls: readonly CentreCall[];
  /** When the next turn is wanted if nothing happens before: monotonic milliseconds, now or earlier for at once. */
  readonly nextMs: number | null;
}

/** How soon the coordinator is asked again that was not ready. */
const RETRY_MS = 250;
/** The same while it ends our own transaction, which takes it some milliseconds. */
const ABORT_RETRY_MS = 20;
/** A fenced copy looks this late first, so that the one that fenced it has made its claim. */
const FIRST_LOOK_MS = 2_000;
/** Local topics are listed again this often; a topic that appears calls for a turn by itself. */
const LIST_TOPICS_MS = 1_000;
/** While the link may not be used, it is looked this often whether it may: the clock may be set. */
const MAX_HOLD_MS = 30_000;

/**
 * Carries local topics to a central cluster. Pure: it is given outcomes and the time, and returns requests; the
 * local logs are read through `LocalSource`, in slices. See README.md of this folder for what it promises.
 */
export class Forwarder {
  readonly settings: UplinkSettings;
  readonly canary: Canary;
  readonly positions: PositionDesk;
  readonly #random: Random;
  readonly #reports: UplinkReports;
  readonly #instance: string;
  readonly #now: Now = { nowMs: 0 };
  readonly #calls = new Calls();
  readonly #times: RecordTimes;
  readonly #intake: Intake;
  readonly #pipeline: RoundPipeline;
  readonly #setup: TopicSetup;
  readonly #local: LocalPosition;
  readonly #lostEnds: LostEnds;
  readonly #link: LinkGovernor;
  readonly #book: LinkBook;
  readonly #drain = new Drain();
  #phase: Phase = { kind: "waiting", as: "backing off", untilMs: 0, reason: "starting" };
  #facts: CentreFacts | null = null;
  #failures = 0;
  #listTopicsAtMs = 0;
  /** Whether the local topics were ever listed. */
  #hasListed = false;
  #sequence = 0;
  /** When a round that commits all positions was begun last, or null in an attempt that has not done so. */
  #claimedMs: number | null = null;
  readonly #rivals: Rivals;
  readonly #lastError = new LastError();
  /** Why the link was not used last, told of once. */
  #lastHold: string | null = null;
  /** What the centre denied topics for since a round was completed last: told once. */
  readonly #denials = new Set<string>();
  readonly #totals = new Totals();

  /**
   * `instance` names this run of this process among all copies of the gateway: letters and digits, unique. The link's
   * governor counts what the sockets do; left out, it counts nothing and knows no time of day. `hasCompressor`: the call
   * "compress" is answered; else batches are compressed where they are sealed.
   */
  constructor(
    settings: UplinkSettings,
    source: LocalSource,
    random: Random,
    instance: string,
    reports: UplinkReports,
    link: LinkGovernor = new LinkGovernor(settings.link, settings.limits, UNKNOWN_TIME, random),
    times: LocalTimes = NO_LOCAL_TIMES,
    hasCompressor = false,
  ) {
    this.settings = settings;
    this.#link = link;
    this.#random = random;
    this.#rivals = new Rivals(settings.limits, random);
    this.#reports = reports;
    this.#instance = instance;
    const hooks = {
      reset: (reason: string) => this.#reset(reason),
      failed: (reason: string) => this.#wait("failed", reason, settings.limits.maxBackoffMs),
      refused: (verdict: Verdict, error: number, what: string) => this.#refused(verdict, error, what),
      completed: (round: Round) => this.#completed(round),
      closed: (tally: Tally) => this.#local.close(tally),
      slots: (round: Round) => this.#slots(round),
      denied: (error: number, what: string) => this.#denied(error, what),
      maySend: (...rounds: readonly (Round | null)[]) => this.#local.maySend(rounds),
    };
    const compression = new Compression(settings, hasCompressor ? this.#calls : null);
    const outbox = new Outbox(settings.limits, compression, link.sizes);
    this.canary = new Canary(canaryKey(settings.gatewayId, settings.name), this.#calls, this.#now);
    this.#times = new RecordTimes(settings.times, times, this.#calls, reports, this.#now);
    this.#intake = new Intake(settings, source, outbox, reports, link, this.#times);
    this.#pipeline = new RoundPipeline(
      settings,
      this.#intake,
      outbox,
      this.#calls,
      reports,
      hooks,
      this.#now,
      link,
      this.#times,
    );
    this.#setup = new TopicSetup(settings, source, this.#intake, this.#calls, reports, hooks, this.#now);
    this.#local = new LocalPosition(settings, this.#intake, this.#calls, reports, hooks, this.#now);
    this.#intake.onRemoved = (route) => this.#local.closeRoute(route);
    this.#book = new LinkBook(link, this.#calls, hooks);
    this.positions = new PositionDesk(this.#intake, this.#pipeline, this.#local);
    this.#lostEnds = new LostEnds(settings, this.#calls, this.#local, reports, hooks, this.#now);
  }

  /** A partition's high watermark moved, or topics came or went (partition -1). A turn is wanted after it. */
  appended(topic: string, partition: number): void {
    if (partition < 0) this.#listTopicsAtMs = 0;
    else this.#intake.appended(topic, partition);
  }

  /** The outcome of a call. A turn is wanted after it. */
  answered(id: number, outcome: CentreOutcome, nowMs: number): void {
    this.#now.nowMs = nowMs;
    this.#calls.settle(id, outcome);
  }

  /** A slice of work. */
  turn(nowMs: number): Turn {
    this.#now.nowMs = nowMs;
    const more = this.#work();
    const nextMs = more ? nowMs : this.#nextMs();
    return { calls: this.#calls.take(), nextMs };
  }

  /** Reads no more and lets what is on its way end; `stopped` tells when it has. */
  drain(): void {
    this.#pipeline.draining = true;
  }

  /** What the operator wants; it outlives the process once `toStore` of the link is stored. A turn is wanted after it. */
  setMode(mode: LinkMode): void {
    this.#setMode(mode, false);
  }

  #setMode(mode: LinkMode, isDrained: boolean): void {
    this.#link.mode = mode;
    // Who pauses what is drained changes nothing about that.
    this.#drain.end(isDrained || (mode === "paused" && this.#drain.isOver));
    if (mode === "draining" && this.#hasListed) {
      this.#listTopics(false);
      this.#drain.begin(this.#intake);
    }
    // Who resumes it has mended something, or knows that the centre is back. Another copy at work is no matter of time.
    const isResumed = mode === "flowing" && this.#phase.kind === "waiting" && this.#phase.as !== "fenced";
    if (this.#phase.kind === "waiting" && (this.#phase.as === "held" || isResumed)) {
      this.#phase = { ...this.#phase, untilMs: this.#now.nowMs };
    }
  }

  get drained(): boolean {
    return this.#phase.kind !== "forwarding" || this.#pipeline.quiet;
  }

  /** Ends, aborting an open transaction with a last call. Nothing happens after it. */
  stop(): void {
    if (this.#phase.kind === "forwarding") this.#pipeline.abandon(() => {});
    else this.#calls.forgetAll();
    this.#phase = { kind: "stopped" };
  }

  status(nowMs: number): UplinkStatus {
    this.#intake.lookAtEnds();
    const routes = [...this.#intake.routes.values()];
    const topics = routes.map((route) => topicStatus(route, this.#local, this.#link, nowMs));
    const lagRecords = this.#hasListed ? lagOfAll(topics) : -1;
    // What is held for its time, nobody knows for how long.
    const isHeld = topics.some(({ partitions }) => partitions.some(({ hold }) => hold !== null));
    const leftRecords = this.#drain.begun ? this.#drain.leftRecords(this.#intake) : lagRecords;
    return {
      name: this.settings.name,
      state: stateOf(this.#phase, nowMs, this.#lastError.text, routes),
      clusterId: this.#facts?.clusterId ?? null,
      lastError: this.#lastError.text,
      lastErrorAgoMs: this.#lastError.agoMs(nowMs),
      lastErrorOver: this.#lastError.isOver,
      topics,
      closed: { ...this.#local.closed },
      countersKnown: this.#hasListed && this.#local.isRead,
      recordsForwarded: this.#totals.recordsForwarded,
      bytesForwarded: this.#totals.bytesForwarded,
      transactions: this.#totals.transactions,
      restarts: this.#totals.restarts,
      newestTimestampMs: this.#totals.newestTimestampMs,
      bufferedBytes: this.#pipeline.outbox.bufferedBytes,
      lagRecords,
      link: {
        ...this.#link.status(isHeld ? -1 : leftRecords, nowMs),
        leftBehind: this.#drain.leftBehind,
        drained: this.#drain.isOver,
      },
      budget: this.#link.budgetStatus(),
      times: this.#times.status(this.#intake.readyTopics),
      canary: this.canary.status(nowMs),
    };
  }

  /** Returns whether there is more to do at once. */
  #work(): boolean {
    const phase = this.#phase;
    switch (phase.kind) {
      case "waiting":
        if (this.#now.nowMs >= phase.untilMs) this.#begin();
        // What comes meanwhile waits, too.
        else if (this.#hasListed && this.#now.nowMs >= this.#listTopicsAtMs) {
          this.#listTopics(this.#pipeline.quiet);
          this.#local.saveAway();
        }
        return false;
      case "initialising":
        if (this.#calls.pending === 0 && this.#now.nowMs >= phase.notBeforeMs) this.#initialise();
        return false;
      case "looking":
        if (this.#calls.pending === 0 && this.#now.nowMs >= phase.notBeforeMs) this.#look();
        return false;
      case "mending":
        this.#lostEnds.advance();
        return false;
      case "forwarding":
        return this.#forward();
      default:
        return false;
    }
  }

  #nextMs(): number | null {
    const phase = this.#phase;
    switch (phase.kind) {
      case "waiting":
        return phase.untilMs;
      case "initialising":
      case "looking":
        return this.#calls.pending === 0 ? phase.notBeforeMs : null;
      case "mending":
        return this.#lostEnds.nextMs();
      case "forwarding": {
        const times = [
          this.#setup.nextMs(),
          this.#pipeline.nextMs(),
          this.#local.nextMs(),
          this.canary.nextMs(),
          this.#listTopicsAtMs,
        ];
        const lookMs = this.#link.nextLookMs();
        if (lookMs !== null) times.push(this.#now.nowMs + lookMs);
        // One that is due and was not made waits for what keeps it, which calls for a turn by itself.
        const claimAtMs = this.#claimedMs === null ? 0 : this.#claimedMs + this.settings.limits.keepAliveMs;
        if (claimAtMs > this.#now.nowMs) times.push(claimAtMs);
        return Math.min(...times.filter((time) => time !== null));
      }
      default:
        return null;
    }
  }

  /** First what is there to forward and how far it was, so that the lag is known while the centre is away. */
  #begin(): void {
    this.#phase = { kind: "loading" };
    this.#listTopics(this.#pipeline.quiet);
    this.#hasListed = true;
    this.#local.read(() =>
      this.#book.read(() => {
        const hold = this.#governLink();
        if (hold === null) {
          // Before the first byte is used: who dies while connecting, again and again, uses up the budget, too.
          this.#book.advance();
          this.#connect();
        } else this.#hold(hold);
      }),
    );
  }

  /** Nothing may be sent: so nothing is open to the centre either. */
  #hold(hold: Hold): void {
    this.#link.away(this.#now.nowMs);
    if (this.#lastHold !== hold.reason) this.#reports.onState("info", `held: ${hold.reason}`);
    this.#lastHold = hold.reason;
    const { restarts } = this.#totals;
    this.#forget();
    this.#totals.restarts = restarts;
    const untilMs = this.#now.nowMs + Math.min(MAX_HOLD_MS, hold.retryInMs ?? MAX_HOLD_MS);
    this.#phase = { kind: "waiting", as: "held", reason: hold.reason, untilMs };
    this.#calls.ask("disconnect", null, () => {});
    this.#book.advance();
  }

  #connect(): void {
    this.#lastHold = null;
    this.#phase = { kind: "connecting" };
    this.#calls.ask("connect", null, (outcome) => {
      if (outcome.kind === "answered") this.#connected(outcome.answer);
      else if (outcome.lasting !== true) this.#reset(outcome.reason);
      else this.#wait("failed", outcome.reason, this.settings.limits.maxBackoffMs);
    });
  }

  #connected(facts: CentreFacts): void {
    this.#facts = facts;
    this.#link.reached(this.#now.nowMs);
    const transactional = this.settings.delivery === "transactional";
    if (transactional && facts.transactions === 0) {
      this.#wait(
        "failed",
        'the centre has no transactions: set delivery = "idempotent"',
        this.settings.limits.maxBackoffMs,
      );
      return;
    }
    this.#pipeline.protocol = transactional ? facts.transactions : 0;
    this.#phase = { kind: "loading" };
    this.#local.meet(facts.clusterId, () => {
      this.#phase = { kind: "initialising", notBeforeMs: 0, aborting: false };
    });
  }

  #initialise(): void {
    if (this.#pipeline.protocol === 0) this.#takeId();
    else {
      this.#lostEnds.learn((isKnown) => {
        if (isKnown) this.#takeId();
        else if (this.#phase.kind === "initialising")
          this.#phase = { ...this.#phase, notBeforeMs: this.#now.nowMs + RETRY_MS };
      });
    }
  }

  #takeId(): void {
    this.#calls.ask("init-producer", this.#pipeline.idToTake, (outcome) => {
      if (outcome.kind === "lost") this.#reset(`taking the producer id: ${outcome.reason}`);
      else this.#initialised(outcome.answer);
    });
  }

  #initialised(grant: ProducerGrant): void {
    const verdict = verdictOf(grant.error);
    const aborting = this.#phase.kind === "initialising" && this.#phase.aborting;
    if (verdict === "ok") {
      this.#pipeline.producer = { id: grant.producerId, epoch: grant.producerEpoch };
      this.#claimedMs = null;
      this.#listTopicsAtMs = 0;
      if (this.#pipeline.protocol === 0) this.#phase = { kind: "forwarding" };
      else this.#mend();
    } else if (verdict === "retry") {
      const concurrent = grant.error === ERROR.CONCURRENT_TRANSACTIONS;
      const waitMs = concurrent ? ABORT_RETRY_MS : RETRY_MS;
      const notBeforeMs = this.#now.nowMs + waitMs;
      this.#phase = { kind: "initialising", notBeforeMs, aborting: aborting || concurrent };
    } else if (verdict === "fence" && aborting) {
      // With protocol 1 ending our transaction took an epoch, which the coordinator now holds against us. Most
      // likely: so whoever committed last decides, without a wait.
      this.#phase = { kind: "looking", notBeforeMs: this.#now.nowMs };
    } else {
      // The coordinator does not know the id any more (49, 59): there is nothing to continue.
      if (verdict === "reset") this.#pipeline.producer = { id: -1, epoch: -1 };
      this.#refused(verdict, grant.error, "taking the producer id");
    }
  }

  #mend(): void {
    this.#phase = { kind: "mending" };
    this.#intake.refresh(this.#pipeline.quiet);
    this.#lostEnds.begin(this.#pipeline.identity, [...this.#intake.centralTopics.keys()], () => {
      this.#phase = { kind: "forwarding" };
    });
  }

  #forward(): boolean {
    const hold = this.#governLink();
    if (hold !== null && this.#pipeline.quiet) {
      this.#hold(hold);
      return false;
    }
    if (this.#now.nowMs >= this.#listTopicsAtMs) {
      this.#listTopics(this.#pipeline.quiet);
      this.#local.handOut();
    }
    this.#adoptLaneCounts();
    this.#times.advance(this.#intake.readyTopics, () => this.appended("", -1));
    this.canary.advance();
    this.#setup.advance();
    if (this.#phase.kind !== "forwarding") return false;
    if (this.#claimDue()) {
      this.#claimedMs = this.#now.nowMs;
      this.#pipeline.claim();
    }
    const more = this.#pipeline.advance();
    this.#book.advance(this.#pipeline.outbox.inFlightBytes);
    if (this.#phase.kind !== "forwarding") return false;
    const isIdle = this.#pipeline.quiet && !this.#intake.hasMore;
    // With nothing to send all that there is to do is done.
    if (isIdle && this.#intake.isAllReady) this.#recovered();
    this.#local.advance(isIdle);
    return more;
  }

  #recovered(): void {
    const troubleMs = this.#lastError.over(this.#now.nowMs);
    if (troubleMs !== null) this.#reports.onRecovered?.(troubleMs);
  }

  /** `quiet`: topics that are gone may be forgotten, since nothing of them is on its way. */
  #listTopics(quiet: boolean): void {
    this.#listTopicsAtMs = this.#now.nowMs + LIST_TOPICS_MS;
    this.#intake.refresh(quiet);
  }

  /** What the link lets pass now. */
  #governLink(): Hold | null {
    const news = this.#link.advance(this.#now.nowMs);
    if (news !== null) this.#reports.onState("warn", news);
    if (this.#link.mode === "draining" && this.#hasListed) {
      if (!this.#drain.begun) this.#drain.begin(this.#intake);
      if (this.#drain.isDone(this.#intake, this.#reports)) this.#setMode("paused", true);
    }
    const hold = this.#link.hold();
    this.#pipeline.held = hold !== null;
    return hold;
  }

  /** Between two rounds the partition counts may change without a record overtaking another. */
  #adoptLaneCounts(): void {
    if (!this.#pipeline.quiet) return;
    for (const topic of this.#intake.centralTopics.values()) {
      if (topic.nextLaneCount === topic.lanes.length) continue;
      topic.setLaneCount(topic.nextLaneCount);
      // Positions stand in other slots now: all are written before one of them is written without what it held.
      this.#claimedMs = null;
      for (const lane of topic.lanes) lane.centralEnd = Math.max(0, lane.centralEnd);
    }
  }

  #claimDue(): boolean {
    if (this.#pipeline.protocol === 0 || this.#pipeline.draining || this.#pipeline.held) return false;
    const due =
      this.#claimedMs === null || this.#now.nowMs >= this.#claimedMs + this.settings.limits.keepAliveMs;
    return due && [...this.#intake.routes.values()].some(({ state }) => state.kind === "ready");
  }

  #slots(round: Round): readonly Slot[] | null {
    this.#sequence = Math.max(this.#sequence, this.#setup.inherited?.sequence ?? 0) + 1;
    const claim = { instance: this.#instance, sequence: this.#sequence };
    const isLocal = (topicId: Uuid) => this.#intake.isLocal(topicId);
    const slots = slotsOf(this.#intake.centralTopics.values(), round, claim, isLocal);
    const large = slots.find(({ metadata }) => metadata.length > MAX_METADATA_BYTES);
    if (large === undefined) return slots;
    const reason = `${large.topic} has too many partitions here for those at the centre: make more partitions there`;
    this.#wait("failed", reason, this.settings.limits.maxBackoffMs);
    return null;
  }

  #completed(round: Round): void {
    for (const [partition, next] of round.next) partition.finished(next);
    for (const [partition, tally] of round.tallies) partition.tally.add(tally);
    for (const [lane, end] of round.ends) {
      if (this.#intake.centralTopics.get(lane.topic)?.hasPassedFound === true) lane.centralEnd = end;
    }
    this.#local.close(round.closed);
    this.canary.completed(round);
    this.#failures = 0;
    this.#denials.clear();
    this.#rivals.forget();
    this.#recovered();
    if (this.#pipeline.protocol !== 0) this.#totals.transactions += 1;
    this.#totals.completed(round, this.#times.nowMs);
  }

  #denied(error: number, what: string): void {
    this.#setup.lookSoon();
    if (this.#denials.has(what)) return;
    this.#denials.add(what);
    this.#lastError.note(`${what}: ${errorName(error)}`, this.#now.nowMs);
    this.#reports.onTrouble(`${what}: ${errorName(error)}`, null);
  }

  #refused(verdict: Verdict, error: number, what: string): void {
    const reason = `${what}: ${errorName(error)}`;
    if (verdict === "fence" && this.settings.delivery === "transactional") this.#fenced(reason);
    else if (verdict === "fatal") this.#wait("failed", reason, this.settings.limits.maxBackoffMs);
    else this.#reset(reason);
  }

  /** Begins again after a wait with jitter. */
  #reset(reason: string): void {
    this.#link.away(this.#now.nowMs);
    this.#failures += 1;
    const { backoffMs: baseMs, maxBackoffMs: maxMs } = this.settings.limits;
    this.#wait("backing off", reason, backoffMs(this.#failures, { baseMs, maxMs }, this.#random));
  }

  #wait(as: "backing off" | "fenced" | "failed", reason: string, waitMs: number): void {
    this.#forget();
    this.#lastError.note(reason, this.#now.nowMs);
    this.#phase = { kind: "waiting", as, reason, untilMs: this.#now.nowMs + waitMs };
    this.#reports.onState(as === "backing off" ? "warn" : "error", `${as}: ${reason}`);
  }

  /** Whatever is on its way is nobody's any more. */
  #forget(): void {
    this.#totals.restarts += 1;
    this.#denials.clear();
    this.#calls.forgetAll();
    this.#intake.clear();
    for (const route of this.#intake.routes.values()) {
      const wasReady = route.state.kind === "ready";
      if (this.settings.delivery === "idempotent" && wasReady) {
        route.remembered = route.position();
        route.unsure = true;
      }
      route.restart();
    }
    this.#pipeline.restart();
    this.#setup.restart();
    this.#times.restart();
    this.canary.restart();
    this.#local.restart();
    this.#book.restart();
  }

  /** The producer id has a newer epoch. Whether that is another copy's shows in who committed last. */
  #fenced(reason: string): void {
    this.#forget();
    this.#lastError.note(reason, this.#now.nowMs);
    const notBeforeMs = this.#now.nowMs + FIRST_LOOK_MS * (1 + this.#random.fraction());
    this.#phase = { kind: "looking", notBeforeMs };
    this.#reports.onState("warn", `fenced: ${reason}`);
  }

  #look(): void {
    if ([...this.#intake.lanes()].length === 0) {
      this.#takeOver();
      return;
    }
    this.#calls.ask("positions", { group: positionGroup(this.settings) }, (outcome) => {
      const error = outcome.kind === "lost" ? ERROR.NETWORK_EXCEPTION : outcome.answer.error;
      if (outcome.kind === "answered" && error === 0) this.#judge(newestClaim(outcome.answer.slots));
      else if (verdictOf(error) === "retry") {
        this.#phase = { kind: "looking", notBeforeMs: this.#now.nowMs + FIRST_LOOK_MS };
      } else this.#refused(verdictOf(error), error, "looking who took the producer id");
    });
  }

  /**
   * Ours, or the one we took over from: nobody committed since, and the coordinator timed a transaction out.
   * Another's: stay away for as long as it moves.
   */
  #judge(claim: Claim | null): void {
    const { nowMs } = this.#now;
    const { inherited, hasTakenPositions } = this.#setup;
    const isOurs = claim === null || claim.instance === this.#instance || sameClaim(claim, inherited);
    const look = !hasTakenPositions || isOurs ? null : this.#rivals.look(claim, nowMs);
    if (look === null || claim === null) {
      this.#takeOver();
      return;
    }
    const reason = `another gateway with the id ${this.settings.gatewayId} is forwarding (instance ${claim.instance})`;
    if (look.looks === 1) this.#reports.onState("error", `fenced: ${reason}`);
    this.#lastError.note(reason, nowMs);
    this.#phase = { kind: "looking", notBeforeMs: nowMs + look.waitMs };
  }

  /** Nobody else is at work: on with a new epoch, whatever the one before was. */
  #takeOver(): void {
    this.#pipeline.producer = { id: -1, epoch: -1 };
    this.#phase = { kind: "initialising", notBeforeMs: this.#now.nowMs, aborting: false };
  }
}

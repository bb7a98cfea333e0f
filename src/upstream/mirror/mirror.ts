import { HeadwaterError } from "../../base/errors.ts";
import type { Clock } from "../../io/clock.ts";
import type { Random } from "../../io/random.ts";
import { backoffMs } from "../../kafka/client/backoff.ts";
import { type FetchedPartition, walkRecords } from "../../kafka/client/fetch.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import type { RecordCursor } from "../../records/reader.ts";
import type { Hold } from "../link/governor.ts";
import type { PositionStore } from "../positions.ts";
import { Selection } from "../selection.ts";
import { AlreadyHere } from "./already-here.ts";
import type { CentralTopicFacts, MirrorCentre } from "./centre.ts";
import { keepsLess } from "./keeping.ts";
import { Lanes } from "./lanes.ts";
import { type LossLedger, MirrorLosses } from "./losses.ts";
import { originName, withOrigin } from "./origin.ts";
import { decodeMirrorPosition, START } from "./position.ts";
import { isPositionOf, isSameLog, PositionBook } from "./position-book.ts";
import { MirrorProgress } from "./progress.ts";
import type { MirrorSettings, MirrorStatus } from "./settings.ts";
import { endsByOrigin, readSnapshot } from "./snapshot.ts";
import type { MirrorTarget, OpenTarget } from "./target.ts";
import { Turns } from "./turns.ts";
import { type Arrival, MirrorWriter } from "./writer.ts";

export interface MirrorSeams {
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds since 1970, null while the gateway does not know. */
  readonly knownNowMs: () => number | null;
}

export interface MirrorReports {
  readonly gaps: LossLedger;
  onState(level: "info" | "warn", message: string): void;
  onTrouble(message: string, error: HeadwaterError): void;
}

/** Deliberate faults, for tests of the tests. */
export type MirrorBug = "save-early" | "trust-position" | "forget-found" | "pass-loss";

const LONGEST_HOLD_MS = 30_000;
const CAUGHT_UP_SAVE_MS = 10 * 60_000;
/** A compacted topic is read whole once this share of its `delete.retention.ms` went by without a look. */
const SNAPSHOT_SHARE = 0.5;

interface Found {
  readonly arrivals: readonly Arrival[];
  readonly next: number;
}

/** Copies one topic of a centre into the local log, exactly once; see README.md of this folder. */
export class Mirror {
  readonly settings: MirrorSettings;
  readonly #centre: MirrorCentre;
  readonly #target: MirrorTarget;
  readonly #store: PositionStore;
  readonly #seams: MirrorSeams;
  readonly #reports: MirrorReports;
  /** Why the link may not be used, or null. */
  readonly #hold: () => Hold | null;
  readonly #selection: Selection | null;
  readonly #bugs: ReadonlySet<MirrorBug>;
  #running = false;
  #ended: Promise<void> = Promise.resolve();
  /** Ends waits before their time. */
  readonly #wakes = new Set<() => void>();
  #state: MirrorStatus["state"] = "stopped";
  #reason: string | null = null;
  #failures = 0;
  #book: PositionBook | null = null;
  /** As of the last look. */
  #facts: CentralTopicFacts | null = null;
  #here = AlreadyHere.nothing();
  /** Whether keys have to be looked for that are gone at the centre, once all else has come; null while nobody knows. */
  #mayHaveGoneKeys: boolean | null = null;
  /** Told of since it last went well. */
  #told: string | null = null;
  readonly #writer: MirrorWriter;
  readonly #turns: Turns;
  readonly #losses: MirrorLosses;
  readonly #progress: MirrorProgress;
  /** The centre's ends as last told, by partition. */
  #ends: readonly number[] = [];
  #savedMs = Number.NEGATIVE_INFINITY;
  #savedCaughtUpMs = 0;
  #isDirty = false;

  constructor(
    settings: MirrorSettings,
    centre: MirrorCentre,
    target: MirrorTarget,
    store: PositionStore,
    seams: MirrorSeams,
    reports: MirrorReports,
    hold: () => Hold | null = () => null,
    bugs: ReadonlySet<MirrorBug> = new Set(),
  ) {
    const { keys, headers } = settings;
    this.settings = settings;
    this.#centre = centre;
    this.#target = target;
    this.#store = store;
    this.#seams = seams;
    this.#reports = reports;
    this.#hold = hold;
    this.#selection =
      keys.length + headers.length === 0 ? null : new Selection({ keys, headers, sampling: { kind: "all" } });
    this.#bugs = bugs;
    this.#progress = new MirrorProgress(seams.clock, seams.knownNowMs);
    const { backoffMs: baseMs, maxBackoffMs: maxMs } = settings.limits;
    this.#turns = new Turns({ baseMs, maxMs }, seams.random);
    const lossHooks = {
      refused: (reason: string | null) => this.#refused(reason),
      sleep: (durationMs: number) => this.#sleep(durationMs),
      wake: () => this.wake(),
      monotonicMs: () => seams.clock.monotonicMs(),
      isRunning: () => this.#running,
    };
    this.#losses = new MirrorLosses(settings, reports.gaps, lossHooks, bugs.has("pass-loss"));
    this.#writer = new MirrorWriter(settings, target, {
      written: (records) => {
        this.#progress.mirrored += records;
      },
      tooLarge: ({ offset, record: { key, value } }, partition) => {
        const bytes = (key?.length ?? 0) + (value?.length ?? 0);
        return this.#losses.note("mirror-too-large", partition, offset, offset + 1, bytes);
      },
      refused: (reason) => this.#refused(reason),
      wait: async (failures) => {
        await this.#sleep(backoffMs(failures, { baseMs, maxMs }, seams.random));
        return this.#running;
      },
    });
  }

  /** Begins. Returns at once: an unreachable centre is normal. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#ended = this.#run();
  }

  /** Ends, after `graceMs` whatever is under way; what was appended is there, and its position written. */
  async stop(graceMs: number): Promise<void> {
    this.#running = false;
    this.#centre.close();
    this.wake();
    const grace = new Promise<void>((resolve) => {
      this.#seams.clock.after(graceMs, resolve);
    });
    await Promise.race([this.#ended, grace]);
  }

  /** What was waited for may be over. */
  wake(): void {
    for (const wake of this.#wakes) wake();
  }

  status(): MirrorStatus {
    const { centralTopic, topic } = this.settings;
    const [trouble] = this.#turns.troubles;
    const partly = trouble === undefined ? null : `partition ${trouble.partition}: ${trouble.reason}`;
    const reason = this.#reason ?? partly;
    return {
      ...{ centralTopic, topic, state: this.#state, reason, lagRecords: this.#lag() },
      mirroredRecords: this.#progress.mirrored,
      filteredRecords: this.#progress.filtered,
      lostRecords: this.#losses.count,
      flow: this.#progress.flow(this.#turns.troubles),
      warning: this.#warning(),
    };
  }

  #warning(): string | null {
    const { topic } = this.settings;
    const here = this.#target.find(topic);
    const kept = this.#target.keeping(topic);
    const { keeping, partitions } = this.#facts ?? { keeping: null, partitions: 0 };
    if (here === null || kept === null || keeping === null) return null;
    const isWhole = this.#selection === null;
    return keepsLess({ ...keeping, partitions }, { ...kept, partitions: here.partitions }, isWhole);
  }

  #lag(): number | null {
    const next = this.#book?.next;
    const isKnown =
      next?.every((position, index) => position >= 0 && this.#ends[index] !== undefined) === true;
    if (next === undefined || !isKnown || this.#turns.troubles.length > 0) return null;
    return next.reduce((sum, position, index) => sum + Math.max(0, (this.#ends[index] ?? 0) - position), 0);
  }

  async #run(): Promise<void> {
    while (this.#running) {
      const hold = this.#hold();
      if (hold !== null) {
        this.#become("held", hold.reason);
        await this.#sleep(Math.min(LONGEST_HOLD_MS, hold.retryInMs ?? LONGEST_HOLD_MS));
        this.#progress.moved();
        continue;
      }
      try {
        await this.#session();
      } catch (error) {
        if (!(error instanceof HeadwaterError)) throw error;
        await this.#failed(error);
      }
    }
    await this.#save().catch((error: unknown) => this.#trouble("the position was not saved", error));
    this.#centre.close();
    this.#become("stopped", null);
  }

  async #failed(error: HeadwaterError): Promise<void> {
    this.#centre.close();
    if (!this.#running) return;
    const { backoffMs: baseMs, maxBackoffMs: maxMs } = this.settings.limits;
    this.#failures += 1;
    const isFinal = error.code === "UNSUPPORTED" || error.code === "AUTHENTICATION";
    if (this.#told !== error.message) {
      this.#told = error.message;
      this.#reports.onTrouble(`${this.settings.centralTopic} is not mirrored`, error);
    }
    this.#become(isFinal ? "failed" : "backing off", error.message);
    const waitMs = backoffMs(this.#failures, { baseMs, maxMs }, this.#seams.random);
    await this.#sleep(isFinal ? maxMs : waitMs);
  }

  /** From a look at the topic until it is time for the next, or something fails. */
  async #session(): Promise<void> {
    if (this.#state !== "mirroring") this.#become("connecting", null);
    const { centralTopic, limits } = this.settings;
    const facts = await this.#centre.look(centralTopic);
    if (facts === null) {
      const reason = `the centre has no topic ${centralTopic}`;
      if (this.#told !== reason) this.#reports.onState("warn", reason);
      this.#told = reason;
      this.#become("missing", reason);
      await this.#sleep(limits.maxBackoffMs);
      return;
    }
    this.#facts = facts;
    const target = this.#openTarget(facts);
    const book = await this.#bookOf(facts, target);
    this.#judgeAbsence(facts, book);
    this.#become("mirroring", null);
    const untilMs = this.#seams.clock.monotonicMs() + limits.refreshMs;
    const parts = {
      ...{ topic: centralTopic, centre: this.#centre, turns: this.#turns, limits },
      ...{ clock: this.#seams.clock, random: this.#seams.random },
      sleep: (durationMs: number) => this.#sleep(durationMs),
      wake: () => this.wake(),
    };
    const lanes = new Lanes(parts, facts, {
      position: (partition) => this.#position(book, partition),
      take: (fetched) => this.#take(facts, book, fetched),
      landed: () => this.#landed(book),
      isOver: () => !this.#running || this.#seams.clock.monotonicMs() >= untilMs || this.#hold() !== null,
      troubled: (partition, reason) =>
        this.#reports.onState("warn", `${centralTopic}-${partition} can't be read: ${reason}`),
    });
    try {
      await lanes.run();
    } finally {
      await this.#save();
    }
    if (this.#mayHaveGoneKeys === true && this.#isAtEnd(book)) await this.#takeSnapshot(facts, target, book);
  }

  /** Whether all that the centre has is here; of partitions that can't be read nobody knows. */
  #isAtEnd(book: PositionBook): boolean {
    return this.#turns.troubles.length === 0 && this.#isAtReadableEnd(book);
  }

  #isAtReadableEnd(book: PositionBook): boolean {
    return book.next.every(
      (next, partition) =>
        this.#turns.isFailing(partition) || next >= (this.#ends[partition] ?? Number.POSITIVE_INFINITY),
    );
  }

  #openTarget({ partitions, cleanupPolicy }: CentralTopicFacts): OpenTarget {
    const configs = new Map<string, string>();
    if (cleanupPolicy !== null) configs.set("cleanup.policy", cleanupPolicy);
    const { topic, centralTopic } = this.settings;
    if (cleanupPolicy === null && this.#target.find(topic) === null) {
      const what = `the centre does not tell settings of ${centralTopic}: ${topic} is made without its cleanup.policy`;
      this.#reports.onState("warn", what);
    }
    const wanted = this.settings.partitions > 0 ? this.settings.partitions : partitions;
    return this.#target.open(topic, wanted, configs);
  }

  /** Where to go on: as this process left it, as the store has it, or from the start. */
  async #bookOf(facts: CentralTopicFacts, target: OpenTarget): Promise<PositionBook> {
    const known = this.#book;
    if (known?.isAbout(facts, target) === true) {
      while (known.next.length < facts.partitions) known.next.push(0);
      return known;
    }
    const { centralTopic, topic, from } = this.settings;
    const bytes = await this.#store.load();
    const stored = decodeMirrorPosition(bytes);
    const isStored = stored !== null && isPositionOf(stored, facts, target);
    if (stored !== null && !isStored) {
      const what = `${centralTopic} or ${topic} was made again, it is mirrored from its start`;
      this.#reports.onState("warn", what);
    } else if (stored === null && bytes !== null) {
      this.#reports.onState(
        "warn",
        `the stored position of ${topic} can't be read: all of it is looked through`,
      );
    }
    const isNewThere = stored === null ? bytes !== null : !isSameLog(stored, facts);
    const at = isNewThere ? "earliest" : from;
    const first = isStored ? [] : await this.#offsets(facts, at);
    const next = first.map((offset) => offset ?? START[at]);
    // A partition that the topic has gained since is read from its start.
    if (isStored) for (let p = 0; p < facts.partitions; p += 1) next.push(stored.next[p] ?? 0);
    const ends = () => this.#target.ends(topic);
    const book = new PositionBook(facts, target, next, isStored ? stored.caughtUpMs : -1, ends);
    this.#here = AlreadyHere.nothing();
    if (!this.#bugs.has("trust-position")) {
      const fromOffsets = isStored ? stored.localEnds : ends().map(() => 0);
      this.#here = await AlreadyHere.find(
        this.#target,
        topic,
        fromOffsets,
        await this.#originEnds(facts),
        () => this.#pause(),
      );
      const until = next.map((_, partition) => this.#here.endOf(originName(facts, partition)));
      if (!this.#bugs.has("forget-found")) book.keepFound(fromOffsets, until);
    }
    this.#book = book;
    this.#mayHaveGoneKeys = isStored ? null : isNewThere;
    this.#isDirty = true;
    await this.#save();
    return book;
  }

  async #offsets({ partitions }: CentralTopicFacts, at: "earliest" | "latest") {
    const indexes = Array.from({ length: partitions }, (_, index) => index);
    return await this.#centre.offsets(this.settings.centralTopic, indexes, at);
  }

  /** By origin, the offset behind the last record that the centre has; where it does not say, any may be here. */
  async #originEnds(facts: CentralTopicFacts): Promise<ReadonlyMap<string, number>> {
    const ends = await this.#offsets(facts, "latest");
    return new Map(
      ends.map((end, partition) => [originName(facts, partition), end ?? Number.POSITIVE_INFINITY]),
    );
  }

  /** Where to go on in a partition, or why nobody knows. */
  async #position(book: PositionBook, partition: number): Promise<number | string> {
    const known = book.next[partition] ?? 0;
    if (known >= 0) return known;
    const at = known === START.latest ? "latest" : "earliest";
    const [offset] = await this.#centre.offsets(this.settings.centralTopic, [partition], at);
    if (offset === null || offset === undefined) return "its leader does not say where it begins";
    book.next[partition] = offset;
    this.#isDirty = true;
    return offset;
  }

  /** A compacted topic forgets deletions: who was away for longer has to look for keys that are gone. */
  #judgeAbsence(facts: CentralTopicFacts, book: PositionBook): void {
    const nowMs = this.#seams.knownNowMs();
    const { deleteRetentionMs } = facts;
    const isCompacted = facts.cleanupPolicy?.split(",").includes("compact") ?? false;
    if (!isCompacted || deleteRetentionMs === null) this.#mayHaveGoneKeys = false;
    else if (this.#mayHaveGoneKeys !== true && nowMs !== null) {
      const awayMs = book.caughtUpMs < 0 ? 0 : nowMs - book.caughtUpMs;
      this.#mayHaveGoneKeys = awayMs > deleteRetentionMs * SNAPSHOT_SHARE;
    }
  }

  async #takeSnapshot(facts: CentralTopicFacts, target: OpenTarget, book: PositionBook): Promise<void> {
    const { centralTopic, topic } = this.settings;
    this.#become("snapshot", "away for longer than the centre remembers deletions");
    const next = [...book.next];
    const isOver = () => {
      this.#progress.moved();
      return !this.#running || this.#hold() !== null;
    };
    const snapshot = await readSnapshot(this.#centre, this.settings, next, isOver);
    if (snapshot === null) return;
    const ends = endsByOrigin(facts, next);
    const gone = snapshot.isTooLarge
      ? []
      : await snapshot.gone(this.#target, topic, target.partitions, ends, () => this.#pause());
    if (snapshot.isTooLarge) {
      this.#mayHaveGoneKeys = false;
      const message = `${centralTopic} has too many keys to remember: those deleted there meanwhile stay`;
      this.#reports.onState("warn", message);
      return;
    }
    const timestampMs = this.#seams.clock.nowMs();
    const deletions = gone.map(({ key, origin }): Arrival => {
      const headers = withOrigin(null, origin, null);
      return { offset: -1, record: { topic, key, value: null, timestampMs, headers } };
    });
    await this.#writer.append(deletions, target, 0);
    this.#mayHaveGoneKeys = false;
    if (gone.length > 0)
      this.#reports.onState("info", `${gone.length} keys of ${topic} were deleted at the centre`);
  }

  /** After each answer; whether to go on. */
  async #landed(book: PositionBook): Promise<boolean> {
    const isAtEnd = this.#isAtEnd(book);
    if (this.#isAtReadableEnd(book)) this.#progress.moved();
    if (isAtEnd) {
      this.#told = null;
      this.#progress.complete();
    }
    const nowMs = this.#seams.knownNowMs();
    // Once all has come it can be told which keys are gone.
    if (isAtEnd && this.#mayHaveGoneKeys === true) return false;
    if (isAtEnd && this.#mayHaveGoneKeys === false && nowMs !== null) this.#caughtUp(book, Math.round(nowMs));
    const sinceSaveMs = this.#seams.clock.monotonicMs() - this.#savedMs;
    if (sinceSaveMs >= this.settings.limits.saveMs || isAtEnd) await this.#save();
    return true;
  }

  /** Written down now and then only: every fetch without records would be a write else. */
  #caughtUp(book: PositionBook, nowMs: number): void {
    if (Math.abs(nowMs - this.#savedCaughtUpMs) >= CAUGHT_UP_SAVE_MS) {
      this.#savedCaughtUpMs = nowMs;
      this.#isDirty = true;
    }
    book.caughtUpMs = nowMs;
  }

  /** Returns what is wrong with the partition, or null. */
  async #take(
    facts: CentralTopicFacts,
    book: PositionBook,
    fetched: FetchedPartition,
  ): Promise<string | null> {
    const { partition } = fetched;
    const { topic } = this.settings;
    this.#failures = 0;
    if (fetched.error === ERROR.OFFSET_OUT_OF_RANGE) return await this.#comeBackIntoRange(book, fetched);
    this.#ends = Object.assign([...this.#ends], { [partition]: fetched.lastStableOffset });
    const target = this.#openTarget(facts);
    if (!book.isAbout(facts, target))
      throw new HeadwaterError("NETWORK", `${topic} was made again here`, { topic });
    let found: Found;
    try {
      found = this.#arrivals(facts, fetched);
    } catch (error) {
      if (!(error instanceof HeadwaterError) || error.code !== "MALFORMED") throw error;
      return error.message;
    }
    const { arrivals, next } = found;
    if (next === fetched.offset) return null;
    const done = book.begin(partition);
    if (this.#bugs.has("save-early")) {
      book.next[partition] = next;
      this.#isDirty = true;
      await this.#save();
    }
    await this.#writer.append(arrivals, target, partition);
    done(next);
    this.#progress.moved();
    this.#isDirty = true;
    return null;
  }

  /** What a fetch brought that is wanted and not here, and the offset to go on from. */
  #arrivals(facts: CentralTopicFacts, fetched: FetchedPartition): Found {
    const origin = originName(facts, fetched.partition);
    const arrivals: Arrival[] = [];
    let newestMs = -1;
    const next = walkRecords(fetched, "read_committed", (record) => {
      newestMs = Math.max(newestMs, record.timestampMs);
      if (this.#selection !== null && !this.#selection.takes(record)) this.#progress.filtered += 1;
      else {
        const arrival = this.#arrival(record, origin);
        const { key } = arrival.record;
        if (!this.#here.has(key, fetched.partition, origin, record.offset)) arrivals.push(arrival);
      }
      return undefined;
    });
    this.#progress.looked(newestMs);
    return { arrivals, next };
  }

  #arrival(record: RecordCursor, origin: string): Arrival {
    return {
      offset: record.offset,
      record: {
        topic: this.settings.topic,
        key: record.key()?.slice() ?? null,
        value: record.value()?.slice() ?? null,
        timestampMs: record.timestampMs,
        headers: withOrigin(record.encodedHeaders(), origin, record.offset),
      },
    };
  }

  /** Retention at the centre passed us, or its log ends before us. */
  async #comeBackIntoRange(book: PositionBook, fetched: FetchedPartition): Promise<string | null> {
    const { partition, offset } = fetched;
    const { centralTopic } = this.settings;
    const [start = null] = await this.#centre.offsets(centralTopic, [partition], "earliest");
    const [end = null] = await this.#centre.offsets(centralTopic, [partition], "latest");
    if (start === null || end === null) return "its leader does not say where it begins and ends";
    if (offset < start) {
      await this.#losses.note("mirror-retention", partition, offset, start);
      book.next[partition] = start;
    } else if (offset <= end) {
      // Said in error, or of a leader that has just become one.
      return `it denies its offset ${offset}`;
    } else {
      const message = `${centralTopic}-${partition} ends at ${end} at the centre, before ${offset}: it goes on there`;
      this.#reports.onState("warn", message);
      await this.#losses.note("mirror-truncated", partition, end, offset);
      book.next[partition] = end;
    }
    this.#isDirty = true;
    return null;
  }

  #refused(reason: string | null): void {
    if (reason === null) {
      this.#become("mirroring", null);
      return;
    }
    if (this.#state !== "backing off") this.#reports.onState("warn", reason);
    this.#become("backing off", reason);
  }

  async #save(): Promise<void> {
    if (this.#book === null || !this.#isDirty) return;
    this.#isDirty = false;
    this.#savedMs = this.#seams.clock.monotonicMs();
    try {
      await this.#store.save(this.#book.encoded());
    } catch (error) {
      this.#isDirty = true;
      throw error;
    }
  }

  #become(state: MirrorStatus["state"], reason: string | null): void {
    this.#state = state;
    this.#reason = reason;
  }

  #trouble(message: string, error: unknown): void {
    if (!(error instanceof HeadwaterError)) throw error;
    this.#reports.onTrouble(message, error);
  }

  /** Resolves after this time, or when it is time to stop. */
  #sleep(durationMs: number): Promise<void> {
    if (!this.#running) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        this.#wakes.delete(wake);
        resolve();
      };
      const timer = this.#seams.clock.after(Math.ceil(durationMs), wake);
      this.#wakes.add(wake);
    });
  }

  #pause(): Promise<void> {
    this.#progress.moved();
    return new Promise((resolve) => {
      this.#seams.clock.soon(resolve);
    });
  }
}

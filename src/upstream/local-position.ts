import type { Uuid } from "../base/ids.ts";
import { type Account, decodeAccount, forwardedOf } from "./account.ts";
import type { Calls } from "./calls.ts";
import type { Intake } from "./intake.ts";
import {
  decodeStoredPosition,
  encodeStoredPosition,
  type StoredEnd,
  type StoredPosition,
  type StoredTally,
  type StoredTopicPosition,
} from "./positions.ts";
import type { UplinkReports } from "./reports.ts";
import { hasOpenGaps, type Round } from "./round.ts";
import type { UplinkSettings } from "./settings.ts";
import { Tally } from "./source-partition.ts";
import type { TopicRoute } from "./topic-route.ts";
import type { Now } from "./topic-setup.ts";

/** Records have to stay away for this long before the position is saved as complete. */
const IDLE_MS = 5_000;
/** Until it may rest, it is looked at this often. */
const REST_CHECK_MS = 1_000;
/** Until gaps are written down, it is looked that often whether they are. */
const GAPS_CHECK_MS = 100;
const TRANSACTIONAL_INTERVALS = 10;
const MAX_ABSENT_TOPICS = 1_000;

/** What the forwarder does where the store fails. */
export interface LocalHooks {
  /** Begins again. */
  reset(reason: string): void;
  /** Says that somebody has to do something, and tries again now and then. */
  failed(reason: string): void;
}

/**
 * The position as the local store has it. Without transactions the store is told before the first record leaves
 * that records are leaving, and told when nothing is on its way any more: after a crash in between, the centre is
 * searched for what arrived. With transactions it is only for the case that the centre forgets.
 */
export class LocalPosition {
  readonly #settings: UplinkSettings;
  readonly #intake: Intake;
  readonly #calls: Calls;
  readonly #hooks: LocalHooks;
  readonly #reports: UplinkReports;
  readonly #now: Now;
  #isRead = false;
  /** The centre that `#stored` is about, "" before any is known. */
  #centre = "";
  #stored: StoredPosition | null = null;
  /** What the store was given last, or has from before. */
  #newest: StoredPosition | null = null;
  /** What it has for certain, of the same centre. */
  #kept: StoredPosition | null = null;
  #saving = false;
  /** What the store says, once it says so durably. */
  #storedSending = false;
  /** The logs that it knows of as being sent. */
  #storedLogs: ReadonlySet<Uuid> = new Set();
  #savedMs = 0;
  #busyMs = 0;
  /** Something waits for gaps to be written down. */
  #isAtGap = false;
  readonly #closed = new Tally();
  /** Whether the store does not know all of it. */
  #hasClosed = false;
  #hasReadClosed = false;
  /** Whether what is being saved has what the store did not know of it. */
  #isClosing = false;
  /** What the store holds for certain, or null. */
  #saved: Uint8Array | null = null;

  constructor(
    settings: UplinkSettings,
    intake: Intake,
    calls: Calls,
    reports: UplinkReports,
    hooks: LocalHooks,
    now: Now,
  ) {
    this.#settings = settings;
    this.#intake = intake;
    this.#calls = calls;
    this.#reports = reports;
    this.#hooks = hooks;
    this.#now = now;
  }

  /** Reads the store, once, and goes on. Until the centre is known, what it says is for the lag only. */
  read(then: () => void): void {
    if (this.#isRead) {
      then();
      return;
    }
    this.#calls.ask("load-position", null, (outcome) => {
      if (outcome.kind === "lost") {
        this.#hooks.failed(`reading the local position: ${outcome.reason}`);
        return;
      }
      this.#stored = decodeStoredPosition(outcome.answer);
      this.#kept = this.#stored;
      if (!this.#hasReadClosed) this.#closed.add(this.#stored?.closed ?? new Tally());
      this.#hasReadClosed = true;
      this.#isRead = true;
      then();
    });
  }

  /** This centre was reached: what is stored counts if it is about that one. Goes on. */
  meet(centre: string, then: () => void): void {
    if (this.#centre === centre) {
      then();
      return;
    }
    // The last centre was another one: what the store holds now may be about this one.
    if (this.#centre !== "") this.#isRead = false;
    this.read(() => {
      if (this.#stored?.centre !== centre) this.#stored = null;
      this.#storedSending = this.#stored?.sending ?? false;
      this.#newest = this.#stored;
      this.#kept = this.#stored;
      this.#centre = centre;
      then();
    });
  }

  /** Next offset to forward of a partition, as the store has it; -1 where it has none. It may be behind. */
  storedPosition({ topic, topicId }: TopicRoute, partition: number): number {
    const stored = this.#kept?.topics.find((other) => other.topic === topic && other.topicId === topicId);
    return stored?.next.find(([index]) => index === partition)?.[1] ?? -1;
  }

  /** What became of the offsets below that position; null where it is not known. */
  storedAccount({ topic, topicId }: TopicRoute, partition: number): Account | null {
    const stored = this.#kept?.topics.find((other) => other.topic === topic && other.topicId === topicId);
    const text = stored?.accounts?.find(([index]) => index === partition)?.[1];
    return text === undefined ? null : decodeAccount(text);
  }

  /** What became of offsets that no position tells of any more. */
  get closed(): Readonly<Tally> {
    return this.#closed;
  }

  /** Whether the store was read. */
  get isRead(): boolean {
    return this.#isRead;
  }

  /** Counts what became of offsets that no position will tell of. It is saved soon. */
  close(tally: StoredTally): void {
    if (tally.forwarded + tally.filtered + tally.gapped + tally.empty === 0) return;
    this.#closed.add(tally);
    this.#hasClosed = true;
  }

  /** The same of a topic that is gone: what of it was not forwarded is a gap. */
  closeRoute(route: TopicRoute): void {
    for (const partition of route.partitions) {
      const { index, committed } = partition;
      // Before that nobody knows what of it was forwarded.
      if (committed < 0 && !this.#isRead) continue;
      const isKnown = committed >= 0;
      const position = isKnown ? committed : this.storedPosition(route, index);
      const account = isKnown ? partition.account() : this.storedAccount(route, index);
      const forwarded = account === null ? -1 : forwardedOf(account, position);
      if (account !== null && forwarded >= 0) this.close({ ...account, forwarded });
      const end = Math.max(partition.highWatermark, partition.goneEnd);
      const gapped = Math.max(0, end - Math.max(0, position));
      this.close({ forwarded: 0, filtered: 0, gapped, empty: 0 });
    }
  }

  /** Saves while the centre is away, or the link held: what was counted by `close`, and how far it was when it ended. */
  saveAway(): void {
    if (this.#saving || !this.#isRead) return;
    const isLongAgo = this.#hasClosed || this.#now.nowMs >= this.#savedMs + this.#intervalMs();
    if (this.#centre !== "" && isLongAgo && !this.#hasOpenGaps()) {
      this.#save(this.#storedSending || this.#mustLook(), () => {});
      return;
    }
    if (!this.#hasClosed) return;
    const newest = { centre: "", sending: false, topics: [], ...(this.#newest ?? this.#stored) };
    // A store that fails now is no reason to begin again: nothing is on its way.
    this.#keep({ ...newest, closed: { ...this.#closed } }, this.#storedLogs, () => {});
  }

  /** How the last transaction ended that this centre was asked about, or null. */
  get ended(): StoredEnd | null {
    return this.#newest?.ended ?? null;
  }

  /** Has it outlive the process where it can, and goes on. */
  keepEnded(ended: StoredEnd, then: () => void): void {
    if (sameEnd(this.ended, ended)) {
      then();
      return;
    }
    this.#newest = { centre: this.#centre, sending: false, topics: [], ...this.#newest, ended };
    // Nothing is known of the topics yet: what the store has of them stays. A full disk is no reason to send nothing.
    this.#calls.ask("save-position", encodeStoredPosition(this.#newest), then);
  }

  /** A new attempt. A save that was under way may still happen: nothing leaves before another one is done. */
  restart(): void {
    if (!this.#saving) return;
    this.#saving = false;
    this.#saved = null;
    this.#hasClosed ||= this.#isClosing;
    this.#storedSending = false;
  }

  /**
   * Whether records of rounds may leave: of each log the store has to know first where it began, new ones included. And what
   * is found at the centre after a crash vouches for all before it, a gap that is not written down among it.
   */
  maySend(rounds: readonly (Round | null)[]): boolean {
    if (this.#settings.delivery === "transactional") return true;
    const isOpen = rounds.some((round) => round !== null && hasOpenGaps(round, this.#reports));
    if (isOpen) this.#isAtGap = true;
    return this.#knowsAll() && !isOpen;
  }

  /** Whether a power cut would take what is known of gaps that positions have passed: these are not saved before. */
  #hasOpenGaps(): boolean {
    const { areGapsWritten } = this.#reports;
    if (areGapsWritten === undefined) return false;
    for (const { topic, partitions } of this.#intake.routes.values()) {
      for (const { index, committed } of partitions)
        if (committed > 0 && !areGapsWritten(topic, index, committed)) return true;
    }
    return false;
  }

  #knowsAll(): boolean {
    if (!this.#storedSending) return false;
    for (const { state, topicId } of this.#intake.routes.values()) {
      if (state.kind === "ready" && !this.#storedLogs.has(topicId)) return false;
    }
    return true;
  }

  /** Saves when due. `idle`: nothing to read and nothing on its way. */
  advance(idle: boolean): void {
    if (!idle) this.#busyMs = this.#now.nowMs;
    if (this.#saving) return;
    const sending = this.#due(idle);
    if (sending === null) return;
    if (this.#hasOpenGaps()) this.#isAtGap = true;
    else this.#save(sending);
  }

  /** Whether a save is due, and what it is to say of records on their way; null where none is. */
  #due(idle: boolean): boolean | null {
    const idempotent = this.#settings.delivery === "idempotent";
    if (idempotent && !idle && !this.#knowsAll()) return true;
    if (idempotent && idle && this.#mayRest()) return false;
    const isLongAgo = this.#hasClosed || this.#now.nowMs >= this.#savedMs + this.#intervalMs();
    return isLongAgo ? this.#storedSending || this.#mustLook() : null;
  }

  nextMs(): number | null {
    const isAtGap = this.#isAtGap;
    this.#isAtGap = false;
    if (this.#saving || this.#settings.delivery === "transactional") return null;
    if (isAtGap) return this.#now.nowMs + GAPS_CHECK_MS;
    if (!this.#storedSending) return null;
    return Math.max(this.#busyMs + IDLE_MS, this.#now.nowMs + REST_CHECK_MS);
  }

  /** Nothing is on its way, for a while, and nothing has to be looked up any more. */
  #mayRest(): boolean {
    return this.#storedSending && this.#now.nowMs - this.#busyMs >= IDLE_MS && !this.#mustLook();
  }

  /** Whether records may be at the centre that the position does not know of. */
  #mustLook(): boolean {
    return [...this.#intake.routes.values()].some(({ unsure, hasPassedFound }) => unsure || !hasPassedFound);
  }

  /** With transactions the local position is only the second: it may be older. */
  #intervalMs(): number {
    const { savePositionMs } = this.#settings.limits;
    return this.#settings.delivery === "transactional"
      ? TRANSACTIONAL_INTERVALS * savePositionMs
      : savePositionMs;
  }

  /** Hands remembered positions to routes that are new. */
  handOut(): void {
    for (const stored of this.#stored?.topics ?? []) {
      const route = this.#intake.routes.get(stored.topic);
      if (route === undefined || route.topicId !== stored.topicId || route.remembered !== null) continue;
      if (route.state.kind === "ready") continue;
      route.remembered = stored;
      route.unsure = this.#stored?.sending ?? false;
    }
  }

  /** Positions of topics that are not forwarded now: they may be again. */
  #absent(): readonly StoredTopicPosition[] {
    const stored = this.#stored?.topics ?? [];
    return stored.filter(({ topic }) => !this.#intake.routes.has(topic)).slice(0, MAX_ABSENT_TOPICS);
  }

  #save(sending: boolean, failed?: (reason: string) => void): void {
    const current = [...this.#intake.routes.values()]
      .map((route) => route.position())
      .filter((position) => position !== null);
    const topics = [...current, ...this.#absent()];
    const ended = this.ended;
    const closed = { ...this.#closed };
    const newest = { centre: this.#centre, sending, topics, ...(ended === null ? {} : { ended }), closed };
    this.#newest = newest;
    this.#savedMs = this.#now.nowMs;
    const logs = new Set(current.map(({ topicId }) => topicId));
    this.#keep(newest, logs, failed);
  }

  /** `logs`: those that the store knows of as being sent from then on. */
  #keep(
    newest: StoredPosition,
    logs: ReadonlySet<Uuid>,
    failed: (reason: string) => void = (reason) => this.#hooks.reset(reason),
  ): void {
    const bytes = encodeStoredPosition(newest);
    this.#isClosing = this.#hasClosed;
    this.#hasClosed = false;
    if (this.#saved !== null && equalBytes(bytes, this.#saved)) return;
    const { sending } = newest;
    this.#saving = true;
    // From now on the store may say so, before its answer does.
    if (!sending) this.#storedSending = false;
    this.#calls.ask("save-position", bytes, (outcome) => {
      this.#saving = false;
      if (outcome.kind === "lost") {
        this.#saved = null;
        this.#hasClosed ||= this.#isClosing;
        failed(`saving the local position: ${outcome.reason}`);
        return;
      }
      this.#saved = bytes;
      this.#kept = newest;
      this.#storedSending = sending;
      this.#storedLogs = logs;
    });
  }
}

function sameEnd(a: StoredEnd | null, b: StoredEnd): boolean {
  return a?.producerId === b.producerId && a.producerEpoch === b.producerEpoch && a.committed === b.committed;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

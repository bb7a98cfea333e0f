import type { Clock, Timer } from "../../io/clock.ts";
import type { Random } from "../../io/random.ts";
import { backoffMs } from "../../kafka/client/backoff.ts";
import type { BridgeBug } from "./bugs.ts";
import { Feed, type FollowedPartition, type LocalMessages } from "./feed.ts";
import { Inbound, type LocalDoor } from "./inbound.ts";
import { Outbound } from "./outbound.ts";
import { ReceivedSearch } from "./received-search.ts";
import type {
  Remote,
  RemoteEnd,
  RemoteEvents,
  RemoteFacts,
  RemoteLink,
  RemoteSubscription,
} from "./remote.ts";
import type { BridgeSettings } from "./settings.ts";
import { type BridgeState, decodeState } from "./state.ts";
import { StateKeeper, type StateStore } from "./state-keeper.ts";
import type { BridgeStateKind, BridgeStatus } from "./status.ts";
import { TopicRules } from "./topic-rules.ts";

export interface BridgeParts {
  readonly settings: BridgeSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly remote: Remote;
  readonly door: LocalDoor;
  readonly local: LocalMessages;
  readonly store: StateStore;
  readonly reports: BridgeReports;
  readonly bugs?: ReadonlySet<BridgeBug>;
}

/** What a bridge tells of. */
export interface BridgeReports {
  /** Another state, in a sentence: one call a change. */
  onState(level: "info" | "warn" | "error", message: string, fields: Readonly<Record<string, unknown>>): void;
  onTrouble(message: string, fields: Readonly<Record<string, unknown>>): void;
  /** Records in [fromOffset, toOffset) that the remote will never get. */
  onGap(topic: string, partition: number, fromOffset: number, toOffset: number, reason: string): void;
  /** A message of the remote that will never be in the log. */
  onDropped(topic: string, bytes: number, reason: string): void;
}

/** How often a stop looks whether what is under way has arrived. */
const DRAIN_CHECK_MS = 10;
const CHECK_MS = 1_000;
const UNSPECIFIED_ERROR = 0x80;

/**
 * One bridge to another broker, both ways. It keeps one session there: what is under way in either direction is
 * known on both sides over lost connections and restarts. Connections come and go; `Inbound` and `Outbound` stay.
 */
export class Bridge {
  readonly #settings: BridgeSettings;
  readonly #bugs: ReadonlySet<BridgeBug>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #remote: Remote;
  readonly #store: StateStore;
  readonly #reports: BridgeReports;
  readonly #feed: Feed;
  readonly #inbound: Inbound;
  readonly #search: ReceivedSearch;
  readonly #outbound: Outbound;
  readonly #wanted: readonly RemoteSubscription[];
  readonly #session: string;
  #keeper: StateKeeper | null = null;
  #subscribed: readonly (readonly [string, 0 | 1 | 2])[] = [];
  /** The session at the remote, if there is one, was begun by this state: whatever else is there is not the bridge's. */
  #isOwn = false;
  /** That it is, is on the disk. */
  #isOwnNoted = false;
  /** Whether the remote was found to have a session that is not the bridge's, and was made to forget it. */
  #stranger: "none" | "there" | "forgotten" = "none";
  /** Whether the remote was asked to on this connection. */
  #isClean = false;
  /** What comes before the first connection: positions were chosen that a crash would choose anew. */
  #mustSave = false;
  #mustSearch = false;
  #refusedFilters: readonly string[] = [];
  #state: BridgeStateKind = "stopped";
  #link: RemoteLink | null = null;
  /** Counts connections: events of an earlier one are nobody's. */
  #generation = 0;
  #connectedMs: number | null = null;
  /** Filters that were asked for on this connection. */
  #asked: readonly RemoteSubscription[] = [];
  /** Since when a SUBACK is waited for. */
  #askedMs: number | null = null;
  #retryAtMs: number | null = null;
  #timer: Timer | null = null;
  #check: Timer | null = null;
  #failures = 0;
  /** Failures in a row, for the back-off. */
  #inARow = 0;
  #lastError: string | null = null;
  #gaps = 0;

  constructor(parts: BridgeParts) {
    const { settings, clock, reports } = parts;
    this.#settings = settings;
    this.#bugs = parts.bugs ?? new Set();
    this.#clock = clock;
    this.#random = parts.random;
    this.#remote = parts.remote;
    this.#store = parts.store;
    this.#reports = reports;
    this.#session = `${settings.host}:${settings.port} ${settings.clientId}`;
    this.#wanted = wantedSubscriptions(settings);
    const save = (then: () => void) => this.#keeper?.save(then);
    const saveLater = () => this.#keeper?.saveLater();
    const gap = (partition: FollowedPartition, from: number, to: number, reason: string) =>
      this.#gap(partition, from, to, reason);
    const stuck = (reason: string) => this.#fail(reason, false);
    this.#feed = new Feed(settings, parts.local, clock, {
      gap,
      trouble: (message, fields) => reports.onTrouble(message, fields),
      ready: () => this.#outbound.pump(),
      moved: saveLater,
    });
    this.#outbound = new Outbound(settings, this.#feed, clock, { gap, stuck, save, saveLater }, this.#bugs);
    const dropped = (topic: string, bytes: number, reason: string) => reports.onDropped(topic, bytes, reason);
    this.#search = new ReceivedSearch(parts.local.followers);
    this.#inbound = new Inbound(settings, parts.door, parts.random, { dropped, stuck, save }, this.#bugs);
  }

  /** Begins. Returns at once: a remote that is not there is normal. */
  start(): void {
    if (this.#state !== "stopped") return;
    this.#state = "connecting";
    this.#load();
  }

  /** Reads and sends no more that is new, waits up to `graceMs` for what is under way, and says goodbye. */
  async stop(graceMs: number): Promise<void> {
    if (this.#state === "stopped") return;
    this.#inbound.drain();
    this.#outbound.drain();
    this.#feed.end();
    const deadlineMs = this.#clock.monotonicMs() + graceMs;
    while (this.#isBusy() && this.#clock.monotonicMs() < deadlineMs) await this.#pause();
    this.#link?.close();
    this.#detach();
    await this.#saveLast(Math.max(DRAIN_CHECK_MS, deadlineMs - this.#clock.monotonicMs()));
    this.abandon();
  }

  /** Ends at once, as a crash would. */
  abandon(): void {
    this.#state = "stopped";
    this.#timer?.cancel();
    this.#check?.cancel();
    this.#keeper?.close();
    this.#search.stop();
    this.#feed.end();
    this.#link?.close();
    this.#detach();
  }

  status(): BridgeStatus {
    const nowMs = this.#clock.monotonicMs();
    const { name } = this.#settings;
    const inbound = this.#inbound;
    return {
      name,
      state: this.#state,
      connectedForMs: this.#connectedMs === null ? null : nowMs - this.#connectedMs,
      retryInMs: this.#retryAtMs === null ? null : Math.max(0, this.#retryAtMs - nowMs),
      lastError: this.#lastError,
      failures: this.#failures,
      in: {
        messages: inbound.messages,
        bytes: inbound.bytes,
        inFlight: inbound.inFlight,
        duplicates: inbound.duplicates,
        looped: inbound.looped,
        dropped: inbound.dropped,
        refusedFilters: this.#refusedFilters,
      },
      out: {
        messages: this.#outbound.forwarded,
        bytes: this.#outbound.forwardedBytes,
        inFlight: this.#outbound.inFlight,
        lagRecords: this.#keeper === null ? null : this.#feed.lagRecords,
        echoes: this.#feed.echoes,
        gaps: this.#gaps,
      },
    };
  }

  // The state.

  #load(): void {
    this.#store.load().then(
      (bytes) => {
        if (this.#state !== "stopped") this.#loaded(bytes);
      },
      (error: unknown) => this.#stateFailed(error),
    );
  }

  #loaded(bytes: Uint8Array | null): void {
    const found = bytes === null ? null : decodeState(bytes);
    if (bytes !== null && found === null) {
      this.#reports.onTrouble("a bridge's state can't be read, it begins as a new one", {});
    }
    // Another remote, or another name there: what was under way with the old one means nothing to it.
    this.#isOwn = found?.session === this.#session;
    this.#isOwnNoted = this.#isOwn;
    const state = found === null || this.#isOwn ? found : withoutSession(found);
    this.#subscribed = state?.subscribed ?? [];
    for (const packet of state?.received ?? []) this.#inbound.received.set(packet.packetId, packet);
    const { limits } = this.#settings;
    this.#keeper = new StateKeeper(
      this.#store,
      this.#clock,
      limits.savePositionMs,
      () => this.#snapshot(),
      (error) => this.#stateFailed(error),
    );
    const chosen = this.#feed.begin(state, (partition, offset) => this.#outbound.awaited(partition, offset));
    if (state !== null) this.#outbound.recover(state);
    this.#mustSave = chosen;
    this.#mustSearch = true;
    this.#connect();
  }

  /** Which packets are in the log whose records were on their way there when the process ended. */
  #lookForReceived(): void {
    const { received } = this.#inbound;
    this.#search.begin(received.values(), (found) => {
      for (const { packetId, token } of [...received.values()]) {
        if (token === null) continue;
        if (found.has(token) && !this.#bugs.has("bridge-no-search"))
          received.set(packetId, { packetId, token: null, places: [] });
        else received.delete(packetId);
      }
      this.#mustSearch = false;
      this.#connect();
    });
  }

  #snapshot(): BridgeState {
    return {
      session: this.#isOwn ? this.#session : "",
      subscribed: this.#subscribed,
      received: [...this.#inbound.received.values()],
      followed: this.#feed.filters,
      positions: this.#outbound.positions(),
      orphans: this.#outbound.orphans(),
    };
  }

  /** Nothing may be acknowledged that can't be noted. */
  #stateFailed(error: unknown): void {
    if (this.#state === "stopped") return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#end(`the state can't be kept: ${reason}`, "failed");
  }

  #saveLast(graceMs: number): Promise<void> {
    return new Promise((done) => {
      const timer = this.#clock.after(graceMs, done);
      this.#keeper?.save(() => {
        timer.cancel();
        done();
      });
      if (this.#keeper === null) done();
    });
  }

  // The connection.

  #connect(): void {
    this.#timer = null;
    this.#retryAtMs = null;
    if (this.#state === "stopped") return;
    if (this.#keeper === null) {
      this.#load();
      return;
    }
    if (this.#mustSave) {
      this.#keeper.save(() => {
        this.#mustSave = false;
        this.#connect();
      });
      return;
    }
    if (this.#mustSearch) {
      this.#lookForReceived();
      return;
    }
    // What has failed says so until it succeeds.
    if (this.#inARow === 0) this.#state = "connecting";
    const { connectTimeoutMs } = this.#settings.limits;
    this.#isClean = this.#stranger === "there";
    const link = this.#remote.open(this.#events(), this.#isClean);
    this.#link = link;
    this.#timer = this.#clock.after(connectTimeoutMs, () => {
      this.#timer = null;
      this.#fail(`no CONNACK within ${connectTimeoutMs} ms`, false);
    });
  }

  /** Events of one connection; what comes from one that is given up is nobody's. */
  #events(): RemoteEvents {
    const generation = this.#generation;
    const current = (): boolean => generation === this.#generation && this.#state !== "stopped";
    return {
      opened: (facts) => {
        if (current()) this.#opened(facts);
      },
      message: (message) => {
        if (current()) this.#inbound.message(message);
      },
      acknowledged: (kind, packetId, reason) => {
        if (!current()) return;
        if (kind === "puback") this.#outbound.puback(packetId, reason);
        else if (kind === "pubrec") this.#outbound.pubrec(packetId, reason);
        else this.#outbound.pubcomp(packetId);
      },
      released: (packetId) => {
        if (current()) this.#inbound.released(packetId);
      },
      subscribed: (codes) => {
        if (current()) this.#granted(codes);
      },
      drained: () => {
        if (current()) this.#outbound.pump();
      },
      closed: (end) => {
        if (current()) this.#closed(end);
      },
    };
  }

  #opened(facts: RemoteFacts): void {
    const link = this.#link;
    if (link === null) return;
    this.#timer?.cancel();
    this.#timer = null;
    if (!this.#isOwn && !this.#begins(facts, link)) return;
    this.#state = "connected";
    this.#connectedMs = this.#clock.monotonicMs();
    this.#reports.onState("info", "a bridge is connected", { sessionPresent: facts.sessionPresent });
    if (!facts.sessionPresent) {
      if (this.#isOwn) {
        this.#reports.onTrouble("the remote has lost the bridge's session: what it kept for it is gone", {});
      }
      this.#inbound.forget();
      this.#subscribed = [];
    }
    this.#isOwn = true;
    this.#inbound.attach(link);
    if (this.#isOwnNoted) this.#subscribe(link);
    else {
      // A crash would have the remote forget what it keeps for subscriptions that were made before this is durable.
      this.#keeper?.save(() => {
        this.#isOwnNoted = true;
        if (this.#link === link) this.#subscribe(link);
      });
    }
    this.#outbound.attach(link, facts);
    this.#watch();
  }

  /**
   * Whether the bridge may begin a session on this connection. Without a state of its own it goes on with none that
   * it finds (MQTT-3.2.2-4): packet identifiers would mean other messages to the remote.
   */
  #begins(facts: RemoteFacts, link: RemoteLink): boolean {
    if (facts.sessionPresent) {
      const isNews = this.#stranger === "none";
      this.#stranger = "there";
      if (isNews) this.#reopen(link);
      else this.#fail("the remote goes on with a session that it was told to forget", false);
      return false;
    }
    if (this.#isClean) {
      // It ends with its connection, the next one is to be kept: mosquitto 2.0.11 saves none that began clean.
      this.#stranger = "forgotten";
      this.#reopen(link);
      return false;
    }
    this.#stranger = "none";
    return true;
  }

  /** Connects again at once. */
  #reopen(link: RemoteLink): void {
    this.#detach();
    link.close();
    this.#connect();
  }

  /** Subscribes only where something has changed: a remote sends retained messages with every subscription. */
  #subscribe(link: RemoteLink): void {
    const known = new Map(this.#subscribed);
    const wanted = new Map(this.#wanted.map(({ filter, qos }) => [filter, qos]));
    const gone = [...known.keys()].filter((filter) => !wanted.has(filter));
    if (gone.length > 0) link.unsubscribe(gone);
    this.#subscribed = this.#subscribed.filter(([filter]) => wanted.has(filter));
    if (gone.length > 0) this.#keeper?.saveLater();
    this.#asked = this.#wanted.filter(({ filter, qos }) => known.get(filter) !== qos);
    if (this.#asked.length === 0) return;
    this.#askedMs = this.#clock.monotonicMs();
    link.subscribe(this.#asked);
  }

  #granted(codes: readonly number[]): void {
    this.#askedMs = null;
    const granted = this.#asked.map((each, index) => ({ ...each, code: codes[index] ?? UNSPECIFIED_ERROR }));
    const refused = granted.filter(({ code }) => code > 2);
    this.#refusedFilters = refused.map(({ filter }) => filter);
    for (const { filter, code } of refused) {
      this.#lastError = `the remote refuses the filter ${JSON.stringify(filter)} with code 0x${code.toString(16)}`;
      this.#reports.onTrouble("the remote refuses a filter of a bridge", { filter, code });
    }
    const subscribed = new Map(this.#subscribed);
    for (const { filter, qos, code } of granted) {
      if (code > 2) continue;
      subscribed.set(filter, qos);
      if (code === qos) continue;
      const fields = { filter, asked: qos, granted: code };
      this.#reports.onTrouble("the remote grants a filter of a bridge at a lower QoS", fields);
    }
    this.#subscribed = [...subscribed];
    this.#keeper?.save(() => {});
  }

  #closed(end: RemoteEnd): void {
    this.#fail(end.reason, end.refused);
  }

  #fail(reason: string, refused: boolean): void {
    if (this.#state === "stopped" || (this.#link === null && this.#timer !== null)) return;
    this.#end(reason, refused ? "refused" : "backing off");
  }

  /** Gives the connection up, and begins another one after a wait. */
  #end(reason: string, state: "backing off" | "refused" | "failed"): void {
    const { backoffMs: baseMs, maxBackoffMs: maxMs, stableMs } = this.#settings.limits;
    const nowMs = this.#clock.monotonicMs();
    const wasStable = this.#connectedMs !== null && nowMs - this.#connectedMs >= stableMs;
    const isNews = this.#connectedMs !== null || reason !== this.#lastError || state !== this.#state;
    this.#inARow = wasStable ? 1 : this.#inARow + 1;
    this.#failures += 1;
    this.#lastError = reason;
    const link = this.#link;
    this.#detach();
    link?.close();
    this.#state = state;
    const waitMs = Math.ceil(backoffMs(this.#inARow, { baseMs, maxMs }, this.#random));
    if (isNews) {
      const level = state === "backing off" ? "warn" : "error";
      this.#reports.onState(level, `a bridge is ${state}`, { reason, retryInMs: waitMs });
    }
    this.#retryAtMs = nowMs + waitMs;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(waitMs, () => this.#connect());
  }

  #detach(): void {
    this.#generation += 1;
    this.#link = null;
    this.#connectedMs = null;
    this.#askedMs = null;
    this.#check?.cancel();
    this.#check = null;
    this.#inbound.detach();
    this.#outbound.detach();
  }

  /** Looks now and then whether the remote still answers: it may hang behind a socket that is open. */
  #watch(): void {
    this.#check = this.#clock.after(CHECK_MS, () => {
      const { ackTimeoutMs, connectTimeoutMs } = this.#settings.limits;
      const nowMs = this.#clock.monotonicMs();
      const sentMs = this.#outbound.oldestSentMs;
      if (sentMs !== null && nowMs - sentMs > ackTimeoutMs) {
        this.#fail(`the remote has not acknowledged a message for ${ackTimeoutMs} ms`, false);
      } else if (this.#askedMs !== null && nowMs - this.#askedMs > connectTimeoutMs) {
        this.#fail(`no SUBACK within ${connectTimeoutMs} ms`, false);
      } else this.#watch();
    });
  }

  #gap(partition: FollowedPartition, fromOffset: number, toOffset: number, reason: string): void {
    this.#gaps += toOffset - fromOffset;
    this.#outbound.lost(partition, fromOffset, toOffset);
    this.#reports.onGap(partition.topic, partition.index, fromOffset, toOffset, reason);
  }

  #isBusy(): boolean {
    return this.#link !== null && (this.#inbound.inFlight > 0 || this.#outbound.inFlight > 0);
  }

  #pause(): Promise<void> {
    return new Promise((done) => {
      this.#clock.after(DRAIN_CHECK_MS, done);
    });
  }
}

/** The filters of all rules, each once, at the highest QoS of its rules. */
function wantedSubscriptions(settings: BridgeSettings): readonly RemoteSubscription[] {
  const wanted = new Map<string, 0 | 1 | 2>();
  for (const { filter, qos } of new TopicRules(settings.in, "in").filters) {
    const known = wanted.get(filter);
    if (known === undefined || known < qos) wanted.set(filter, qos);
  }
  return Array.from(wanted, ([filter, qos]) => ({ filter, qos }));
}

function withoutSession(state: BridgeState): BridgeState {
  const positions = state.positions.map((position) => ({ ...position, sent: [] }));
  return { ...state, subscribed: [], received: [], orphans: [], positions };
}

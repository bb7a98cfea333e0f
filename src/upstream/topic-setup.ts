import { ZERO_UUID } from "../base/ids.ts";
import { GAP_TOPIC } from "../broker/gap-ledger.ts";
import { ERROR, errorName } from "../kafka/wire/generated/errors.ts";
import { type Account, decodeAccount, forwardedOf } from "./account.ts";
import type { Calls } from "./calls.ts";
import type { CentralTopic } from "./central-topic.ts";
import type { CallKind, CentralTopicFacts, CentreCalls } from "./centre.ts";
import { CANARY_TOPIC } from "./flow/canary-topic.ts";
import type { Intake } from "./intake.ts";
import { type Branch, resume, startAfter } from "./lineage.ts";
import {
  type Claim,
  entriesInSlots,
  logsInSlots,
  newestClaim,
  positionsInSlots,
  type Slot,
  type StoredTopicPosition,
} from "./positions.ts";
import { Reconciliation } from "./reconciliation.ts";
import type { UplinkReports } from "./reports.ts";
import { positionGroup, type UplinkSettings } from "./settings.ts";
import type { LocalSource, SourceBounds } from "./source.ts";
import { type AlreadyThere, type SourcePartition, Tally } from "./source-partition.ts";
import type { RouteState, TopicRoute } from "./topic-route.ts";
import { type Verdict, verdictOf } from "./verdicts.ts";

/** How soon something is asked again that the centre was not ready for. */
const RETRY_MS = 250;
/** Topics that are in doubt are looked up this long after the last look. */
const DOUBT_MS = 1_000;

/** The time of this turn, as whoever drives the forwarder said. Monotonic. */
export interface Now {
  nowMs: number;
}

/** What the forwarder does about what went wrong here. */
export interface SetupHooks {
  /** No more of this attempt: an answer is missing or makes no sense. */
  reset(reason: string): void;
  /** No position will tell of these offsets any more. */
  closed(tally: Tally): void;
  /** An error that is not this topic's alone. */
  refused(verdict: Verdict, error: number, what: string): void;
}

/**
 * Brings routes from `unknown` to `ready`, one request at a time, beside the forwarding of those that are ready.
 * A topic that is missing or forbidden holds up nobody else.
 */
export class TopicSetup {
  readonly #settings: UplinkSettings;
  readonly #source: LocalSource;
  readonly #intake: Intake;
  readonly #calls: Calls;
  readonly #reports: UplinkReports;
  readonly #hooks: SetupHooks;
  readonly #now: Now;
  #busy = false;
  #notBeforeMs = 0;
  #refreshAtMs = 0;
  #lookedUpMs = 0;
  #reconciling: { readonly route: TopicRoute; readonly work: Reconciliation } | null = null;
  /** The newest commit found at the centre when positions were taken from there: of the run before, or our own. */
  inherited: Claim | null = null;
  /** Whether positions were ever taken from the centre: before that, whose commit is the newest says nothing. */
  hasTakenPositions = false;

  constructor(
    settings: UplinkSettings,
    source: LocalSource,
    intake: Intake,
    calls: Calls,
    reports: UplinkReports,
    hooks: SetupHooks,
    now: Now,
  ) {
    this.#settings = settings;
    this.#source = source;
    this.#intake = intake;
    this.#calls = calls;
    this.#reports = reports;
    this.#hooks = hooks;
    this.#now = now;
  }

  /** A new attempt: everything is looked up again. */
  restart(): void {
    this.#busy = false;
    this.#notBeforeMs = 0;
    this.#refreshAtMs = 0;
    this.#reconciling = null;
  }

  /** The centre denied a topic: whether it is gone shows in a look, which comes soon. */
  lookSoon(): void {
    this.#refreshAtMs = Math.min(this.#refreshAtMs, this.#lookedUpMs + DOUBT_MS);
  }

  /** When there will be something to do without an answer coming, or null. */
  nextMs(): number | null {
    if (this.#busy) return null;
    const times = [this.#refreshAtMs];
    for (const { state } of this.#intake.routes.values()) {
      if (state.kind === "missing" || state.kind === "blocked") times.push(state.retryAtMs);
      else if (state.kind !== "ready") times.push(this.#notBeforeMs);
    }
    return Math.max(this.#now.nowMs, Math.min(...times), this.#notBeforeMs);
  }

  /** Asks for the next thing that a route needs. */
  advance(): void {
    if (this.#busy || this.#now.nowMs < this.#notBeforeMs) return;
    const routes = [...this.#intake.routes.values()].filter(
      (route) => !route.stale && route.destination.fault === null,
    );
    if (this.#reconciling !== null) {
      this.#scan();
      return;
    }
    const located = routes.filter(({ state }) => state.kind === "located");
    const waiting = routes.find(({ state }) => state.kind === "reconciling");
    if (located.length > 0) {
      this.#findPositions(located);
      return;
    }
    if (waiting !== undefined) {
      this.#beginReconciling(waiting);
      return;
    }
    const unknown = routes.filter(({ state }) => isDue(state, this.#now.nowMs));
    const refresh = this.#now.nowMs >= this.#refreshAtMs;
    if (unknown.length > 0 || (refresh && routes.length > 0)) this.#lookUp(refresh ? routes : unknown);
    else if (refresh) this.#refreshAtMs = this.#now.nowMs + this.#settings.limits.refreshMs;
  }

  #lookUp(routes: readonly TopicRoute[]): void {
    this.#lookedUpMs = this.#now.nowMs;
    this.#refreshAtMs = this.#now.nowMs + this.#settings.limits.refreshMs;
    this.#ask("topics", [...new Set(routes.map(({ central }) => central.name))], (topics) => {
      for (const route of routes) {
        const found = topics.find(({ name }) => name === route.central.name);
        if (found !== undefined) this.#located(route, found);
      }
    });
  }

  #located(route: TopicRoute, found: CentralTopicFacts): void {
    const { refreshMs } = this.#settings.limits;
    const { central } = route;
    if (found.error === 0 && found.partitions > 0) {
      if (central.inUse) this.#compare(central, found);
      else {
        central.setLaneCount(found.partitions);
        // Where its partitions end says nothing of another topic.
        if (found.id !== central.id) for (const lane of central.lanes) lane.centralEnd = -1;
        central.id = found.id;
      }
      if (route.state.kind !== "ready") route.state = { kind: "located" };
    } else if (found.error === ERROR.UNKNOWN_TOPIC_OR_PARTITION || found.error === ERROR.UNKNOWN_TOPIC_ID) {
      if (route.state.kind === "ready") this.#hooks.reset(`the centre has no topic ${central.name} any more`);
      else if (route.destination.route.creation.enabled) this.#create(route);
      else this.#miss(route, "missing", "the centre has no such topic", this.#now.nowMs + refreshMs);
    } else if (verdictOf(found.error) === "topic") {
      this.#miss(route, "blocked", errorName(found.error), this.#now.nowMs + refreshMs);
    } else this.#refused(found.error, `topic ${central.name}`);
  }

  #compare(central: CentralTopic, found: CentralTopicFacts): void {
    if (found.id !== central.id && found.id !== ZERO_UUID) {
      this.#hooks.reset(`topic ${central.name} was made again at the centre`);
    } else if (found.partitions !== central.lanes.length) central.nextLaneCount = found.partitions;
  }

  #create(route: TopicRoute): void {
    const { refreshMs } = this.#settings.limits;
    // One request is under way at a time; a route that finds another one creating waits for the next look.
    if (this.#busy) return;
    const { partitions, replicationFactor, configs } = route.destination.route.creation;
    const topic = { name: route.central.name, partitions, replicationFactor, configs };
    this.#ask("create-topic", topic, ({ error, message }) => {
      if (error === 0 || error === ERROR.TOPIC_ALREADY_EXISTS) {
        route.state = { kind: "unknown" };
        // Brokers learn of a new topic one after the other.
        this.#notBeforeMs = this.#now.nowMs + RETRY_MS;
      } else if (verdictOf(error) === "retry") this.#refused(error, `making topic ${route.central.name}`);
      else {
        const reason = `it can't be made: ${message ?? errorName(error)}`;
        this.#miss(route, "missing", reason, this.#now.nowMs + refreshMs);
      }
    });
  }

  #miss(route: TopicRoute, kind: "missing" | "blocked", reason: string, retryAtMs: number): void {
    const known = route.state.kind === kind && route.state.reason === reason;
    route.state = { kind, reason, retryAtMs };
    if (!known)
      this.#reports.onTrouble(`topic ${route.central.name} is ${kind} at the centre: ${reason}`, null);
  }

  #findPositions(routes: readonly TopicRoute[]): void {
    const unended = routes.find(({ lanes }) => lanes.some(({ centralEnd }) => centralEnd < 0));
    if (this.#settings.delivery === "idempotent") {
      for (const route of routes) this.#remember(route);
    }
    if (unended?.lanes.some(({ centralEnd }) => centralEnd < 0)) {
      this.#findEnds(unended);
      return;
    }
    if (this.#settings.delivery === "idempotent") {
      for (const route of routes) this.#settle(route, []);
      return;
    }
    this.#ask("positions", { group: positionGroup(this.#settings) }, ({ error, slots }) => {
      if (error !== 0) this.#refused(error, "reading the committed positions");
      else {
        for (const central of new Set(routes.map((route) => route.central))) inherit(central, slots);
        for (const route of routes) this.#settle(route, slots);
      }
    });
  }

  /** Where the central partitions ended when the position was saved. */
  #remember(route: TopicRoute): void {
    const ends = endsOf(route);
    if (ends === null) return;
    for (const lane of route.lanes) {
      // A partition that the topic has gained since is looked at from its start.
      const end = ends[lane.partition] ?? 0;
      if (lane.centralEnd < 0 || (route.unsure && end < lane.centralEnd)) lane.centralEnd = end;
    }
  }

  #findEnds(route: TopicRoute): void {
    const query = { topic: route.central.name, partitions: route.lanes.length };
    this.#ask("ends", query, ({ error, ends }) => {
      if (error !== 0) {
        this.#refused(error, `reading the ends of ${route.central.name}`);
        return;
      }
      for (const [index, end] of ends.entries()) {
        const lane = route.lanes[index];
        if (lane !== undefined && lane.centralEnd < 0) lane.centralEnd = end;
      }
    });
  }

  /** Sets the positions: those the centre holds, else those remembered, else 0. */
  #settle(route: TopicRoute, slots: readonly Slot[]): void {
    const { central } = route;
    // Under whatever name it was forwarded: a route that leads elsewhere now goes on where it was.
    const { branches: committed, accounts } = entriesInSlots(slots, route.topicId);
    const claim = newestClaim(slots);
    this.hasTakenPositions = true;
    if (claim !== null && claim.sequence > (this.inherited?.sequence ?? -1)) this.inherited = claim;
    const hasSlots = slots.some(({ topic }) => topic === central.name);
    if (committed.size === 0 && hasSlots && central.routes.size === 1) this.#reports.onRecreated(route.topic);
    if (committed.size > 0) {
      this.#ready(route, committed, accounts);
      return;
    }
    if (route.isMadeAgain) {
      this.#madeAgain(route);
      return;
    }
    if (route.remembered === null) {
      this.#ready(route, new Map(), new Map());
      return;
    }
    if (this.#settings.delivery === "transactional") {
      this.#reports.onTrouble(
        `the centre has no position of ${route.topic} any more; going by the local one`,
        null,
      );
      route.unsure = true;
      this.#remember(route);
    }
    // What was sent under another name is not looked for.
    if (!route.unsure || endsOf(route) === null) {
      this.#ready(route, rememberedBranches(route.remembered), rememberedAccounts(route.remembered));
      return;
    }
    route.state = { kind: "reconciling" };
    this.#beginReconciling(route);
  }

  /** All that was forwarded is gone at the centre with its topic. */
  #madeAgain(route: TopicRoute): void {
    const { topic, central, remembered, partitions } = route;
    const decision = topic === GAP_TOPIC ? "refill" : this.#settings.recreatedTopics;
    const [branches, accounts] = [rememberedBranches(remembered), rememberedAccounts(remembered)];
    let records = 0;
    for (const partition of partitions) {
      const { index, committed, epoch } = partition;
      if (committed >= 0) {
        branches.set(index, [{ next: committed, epoch, lineage: [] }]);
        const account = partition.account();
        if (account !== null) accounts.set(index, account);
      }
      const next = branches.get(index)?.[0]?.next ?? 0;
      const account = accounts.get(index) ?? { firstOffset: next, filtered: 0, gapped: 0, empty: 0 };
      const forwarded = Math.max(0, forwardedOf(account, next));
      records += forwarded;
      if (decision === "refill") this.#hooks.closed(tallyOf(account, forwarded));
      else if (next > 0 && topic !== CANARY_TOPIC) {
        const words = "deleted at the centre with their topic (recreated.topics = continue)";
        this.#reports.onGap(topic, index, 0, next, words, "centre-deleted");
      }
      partition.alreadyThere = null;
      partition.foundEnd = 0;
    }
    route.madeAgain = { decision, atMs: this.#now.nowMs };
    this.#reports.onCentreRecreated?.(topic, central.name, decision, records);
    if (decision === "refill") this.#ready(route, new Map(), new Map());
    else this.#ready(route, branches, accounts);
    // Until the centre has a position, an attempt that fails leads back to this one, and not to what was before.
    route.remembered = route.position();
  }

  #beginReconciling(route: TopicRoute): void {
    if (this.#reconciling !== null) return;
    const work = new Reconciliation(
      route.central.name,
      route.topicId,
      this.#settings.gatewayId,
      this.#settings.delivery === "transactional" ? "read_committed" : "read_uncommitted",
      route.lanes.map(({ centralEnd }) => centralEnd),
      this.#settings.limits.maxReconcileBytes,
      (partition) => route.remembered?.epochs?.find(([index]) => index === partition)?.[1] ?? 0,
    );
    this.#reconciling = { route, work };
    this.#scan();
  }

  #scan(): void {
    const current = this.#reconciling;
    if (current === null || this.#busy) return;
    const { route, work } = current;
    const query = work.next();
    if (query === null) {
      this.#reconciling = null;
      this.#reconciled(route, work);
      return;
    }
    this.#ask("scan", query, (fetched) => {
      if (fetched.error !== 0 && fetched.error !== ERROR.OFFSET_OUT_OF_RANGE) {
        this.#refused(fetched.error, `reading ${route.central.name} at the centre`);
      } else if (!work.take(fetched)) this.#notBeforeMs = this.#now.nowMs + RETRY_MS;
    });
  }

  #reconciled(route: TopicRoute, work: Reconciliation): void {
    if (work.exceeded) {
      this.#reports.onTrouble(
        `too much to look through in ${route.central.name} at the centre: duplicates are possible`,
        null,
      );
    }
    const branches = rememberedBranches(route.remembered);
    for (const partition of route.partitions) {
      const there = work.result(partition.index);
      const end = this.#historyEnd(route, partition);
      const isOther = there !== null && there.end > end;
      partition.alreadyThere = isOther ? upTo(there, end) : there;
      partition.foundEnd = Math.max(partition.foundEnd, partition.alreadyThere?.end ?? 0);
      const [own] = branches.get(partition.index) ?? [];
      if (!isOther || own === undefined) continue;
      const epoch = work.newestEpoch(partition.index) + 1;
      branches.set(partition.index, [{ ...own, epoch }]);
      this.#reports.onDiverged?.(route.topic, partition.index, end, there.end, epoch);
    }
    this.#ready(route, branches, rememberedAccounts(route.remembered));
  }

  #ready(
    route: TopicRoute,
    positions: ReadonlyMap<number, readonly Branch[]>,
    accounts: ReadonlyMap<number, Account>,
  ): void {
    for (const partition of route.partitions) {
      const bounds = this.#source.bounds(route.topic, partition.index);
      const branches = positions.get(partition.index) ?? [];
      // Without a position it is 0: what went before the uplink came to it is a gap, and a position behind it passes that.
      const next =
        branches.length === 0 || bounds === null
          ? (branches[0]?.next ?? 0)
          : this.#resume(route, partition, bounds, branches);
      // An account is of the position that it was written with.
      const account = branches[0]?.next === next ? accounts.get(partition.index) : null;
      partition.begin(next, bounds?.logStartOffset ?? 0, account ?? null);
    }
    route.unsure = false;
    route.centralId = route.central.id === ZERO_UUID ? "" : route.central.id;
    route.state = { kind: "ready" };
    this.#intake.enqueueAll(route);
  }

  /**
   * Whoever saved the position has sent nothing that a later run of this data folder appended: from there on records that
   * are at the centre are of another history.
   */
  #historyEnd(route: TopicRoute, partition: SourcePartition): number {
    const run = route.remembered?.run ?? "";
    const lineage = this.#source.bounds(route.topic, partition.index)?.lineage ?? [];
    const start = run === "" ? -1 : startAfter(lineage, run);
    return start < 0 ? Number.MAX_SAFE_INTEGER : start;
  }

  /** Where a partition goes on whose histories the centre has. */
  #resume(
    route: TopicRoute,
    partition: SourcePartition,
    bounds: SourceBounds,
    branches: readonly Branch[],
  ): number {
    partition.lineage = bounds.lineage ?? [];
    const { next, epoch, others, divergedFrom } = resume(partition.lineage, bounds.highWatermark, branches);
    partition.others = others;
    route.setEpoch(partition, epoch);
    if (divergedFrom !== null) {
      this.#reports.onDiverged?.(route.topic, partition.index, next, divergedFrom.centralNext, epoch);
    }
    return next;
  }

  #refused(error: number, what: string): void {
    const verdict = verdictOf(error);
    if (verdict === "retry") this.#notBeforeMs = this.#now.nowMs + RETRY_MS;
    else this.#hooks.refused(verdict, error, what);
  }

  /** One request at a time; a lost one ends the attempt. */
  #ask<Kind extends CallKind>(
    kind: Kind,
    ask: CentreCalls[Kind]["ask"],
    then: (answer: CentreCalls[Kind]["answer"]) => void,
  ): void {
    this.#busy = true;
    this.#calls.ask(kind, ask, (outcome) => {
      this.#busy = false;
      if (outcome.kind === "lost") this.#hooks.reset(`${kind}: ${outcome.reason}`);
      else then(outcome.answer);
    });
  }
}

/** Keeps what the slots say of other logs that lead to the topic, now or at other times. */
function inherit(central: CentralTopic, slots: readonly Slot[]): void {
  const ours = slots.filter(({ topic }) => topic === central.name);
  central.inherited.clear();
  for (const topicId of logsInSlots(ours)) {
    const { branches, accounts } = entriesInSlots(ours, topicId);
    central.inherited.set(topicId, { topicId, next: positionsInSlots(ours, topicId), branches, accounts });
  }
}

/** What was found, but for what is of another history. */
function upTo({ partitionCount, next }: AlreadyThere, end: number): AlreadyThere {
  return { partitionCount, next: next.map((each) => Math.min(each, end)), end };
}

/** The local store knows the history in force, and not its runs: it is as old as the log. */
function rememberedBranches(remembered: StoredTopicPosition | null): Map<number, readonly Branch[]> {
  const { next, epochs } = remembered ?? { next: [] };
  return new Map(
    next.map(([partition, offset]) => {
      const epoch = epochs?.find(([index]) => index === partition)?.[1] ?? 0;
      return [partition, [{ next: offset, epoch, lineage: [] }]];
    }),
  );
}

function tallyOf({ filtered, gapped, empty }: Account, forwarded: number): Tally {
  const tally = new Tally();
  tally.add({ forwarded, filtered, gapped, empty });
  return tally;
}

/** What became of the offsets below the positions, as far as that is remembered. */
function rememberedAccounts(remembered: StoredTopicPosition | null): Map<number, Account> {
  const accounts = new Map<number, Account>();
  for (const [partition, text] of remembered?.accounts ?? []) {
    const account = decodeAccount(text);
    if (account !== null) accounts.set(partition, account);
  }
  return accounts;
}

/** Where the central partitions ended, as remembered; null where nothing is, or of a topic of another name. */
function endsOf(route: TopicRoute): readonly number[] | null {
  const { remembered, central, topic } = route;
  if (remembered === null || (remembered.central ?? topic) !== central.name || route.isMadeAgain) return null;
  return remembered.centralEnds;
}

function isDue(state: RouteState, nowMs: number): boolean {
  if (state.kind === "missing" || state.kind === "blocked") return nowMs >= state.retryAtMs;
  return state.kind === "unknown";
}

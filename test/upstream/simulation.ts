import { SeededRandom } from "../../src/io/simulated/random.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import type { CentreCall, CentreOutcome } from "../../src/upstream/centre.ts";
import { Forwarder } from "../../src/upstream/forwarder.ts";
import { LinkGovernor } from "../../src/upstream/link/governor.ts";
import type { LinkSettings } from "../../src/upstream/link/settings.ts";
import { decodeStoredPosition } from "../../src/upstream/positions.ts";
import type { UplinkReports } from "../../src/upstream/reports.ts";
import { type UplinkLimits, uplinkSettings } from "../../src/upstream/settings.ts";
import type { LocalSource } from "../../src/upstream/source.ts";
import { MemorySource } from "./memory-source.ts";
import { ModelCentre } from "./model-centre.ts";
import type { RoutedFleet } from "./routed-fleet.ts";
import { SlowLink, type SlowLinkOptions } from "./slow-link.ts";

export interface SimulationOptions {
  readonly seed: number;
  readonly protocol: 0 | 1 | 2;
  readonly records: number;
  /** Chance that a call fails in some way. */
  readonly faults: number;
  readonly limits?: Partial<UplinkLimits>;
  /** Deliberate faults of the forwarder, made by lying to it. */
  readonly flaw?:
    | "positions are remembered"
    | "lost ends are overlooked"
    | "nobody asks how it ended"
    | "the store answers early"
    | "the budget is forgotten"
    | "headers are not counted"
    | "windows are overlooked"
    | "what was before the position is gone";
  /** Feeds topics of its own, by routes; left out, one topic goes up whole. */
  readonly fleet?: RoutedFleet;
  readonly link?: Partial<LinkSettings>;
  readonly slowLink?: SlowLinkOptions;
  /** Default 4 hours. */
  readonly limitMs?: number;
  /** The centre loses ends of transactions: everywhere, in some partitions, or in some and for the positions. */
  readonly losesEnds?: boolean;
  /** Default true: the uplink may do what administrators may. */
  readonly administrator?: boolean;
}

export interface SimulationResult {
  /** What is wrong at the centre; empty is exactly once and in order. */
  readonly faults: readonly string[];
  readonly crashes: number;
  readonly restarts: number;
  readonly simulatedMs: number;
  readonly lostEnds: number;
  readonly reports: readonly string[];
  /** What passed the slow link, and by hour. */
  readonly wireBytes: number;
  readonly wireBytesByHour: readonly number[];
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

const DEVICES = 12;
const PARTITIONS = 3;
const TOPIC = "readings";
/** What becomes of the end of a transaction that gets lost. */
const FATES = ["everywhere", "in partitions", "here and there"] as const;
/** Simulated time after which it has failed to get on. */
const LIMIT_MS = 4 * 3600_000;
/** The time of day at which a run begins: a Monday, 00:00 UTC. */
const START_MS = Date.UTC(2026, 0, 5);

/**
 * A forwarder, a centre and a link in one thread, time included: the same seed gives the same run. The link
 * delays calls, loses them before or after they were carried out, carries them out late, and answers for a centre
 * that is not ready; the gateway crashes.
 */
export class Simulation {
  readonly #options: SimulationOptions;
  readonly #random: SeededRandom;
  readonly #source = new MemorySource();
  readonly #centre: ModelCentre;
  readonly #reports: string[] = [];
  readonly #next = Array.from({ length: DEVICES }, () => 0);
  readonly #slowLink: SlowLink | null;
  #governor: LinkGovernor | null = null;
  #linkStored: Uint8Array | null = null;
  #nowMs = 0;
  #order = 0;
  #events: Event[] = [];
  #forwarder: Forwarder;
  #generation = 0;
  /** The link is down until then: every call of a generation is lost together. */
  #crashes = 0;
  #restarts = 0;
  #fed = 0;
  #stored: Uint8Array | null = null;
  #turnAtMs = Number.POSITIVE_INFINITY;
  #remembered: CentreOutcome | null = null;
  /** Records that left although the store would not know of it after a crash. */
  #untold = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#centre = new ModelCentre(options.protocol, 1 + this.#random.below(5));
    if (options.fleet === undefined) this.#source.createTopic(TOPIC, PARTITIONS);
    else options.fleet.createTopics(this.#source);
    this.#slowLink =
      options.slowLink === undefined ? null : new SlowLink(options.slowLink, this.#random.fork());
    if (options.losesEnds === true) this.#loseEnds();
    this.#centre.isAdministrator = options.administrator ?? true;
    this.#forwarder = this.#start();
  }

  run(): SimulationResult {
    this.#feedSome();
    const limitMs = this.#options.limitMs ?? LIMIT_MS;
    while (this.#nowMs < limitMs) {
      if (this.#fed >= this.#options.records && this.#caughtUp()) break;
      this.#step();
    }
    const late =
      this.#nowMs >= limitMs ? [`not caught up: ${JSON.stringify(this.#forwarder.status(this.#nowMs))}`] : [];
    const untold = this.#untold > 0 ? [`${this.#untold} batches left before the store knew`] : [];
    return {
      faults: [...late, ...untold, ...this.#check()],
      crashes: this.#crashes,
      restarts: this.#restarts,
      simulatedMs: this.#nowMs,
      lostEnds: this.#centre.lostEnds,
      reports: this.#reports,
      wireBytes: this.#slowLink?.totalBytes ?? 0,
      wireBytesByHour: this.#slowLink?.bytesByHour ?? [],
    };
  }

  #step(): void {
    const event = this.#events.reduce<Event | null>(
      (first, other) =>
        first === null || other.atMs < first.atMs || (other.atMs === first.atMs && other.order < first.order)
          ? other
          : first,
      null,
    );
    const eventMs = event?.atMs ?? Number.POSITIVE_INFINITY;
    if (event !== null && eventMs <= this.#turnAtMs) {
      this.#nowMs = Math.max(this.#nowMs, eventMs);
      this.#events.splice(this.#events.indexOf(event), 1);
      event.run();
    } else this.#nowMs = Math.max(this.#nowMs, this.#turnAtMs);
    this.#centre.expire(this.#nowMs);
    this.#turn();
  }

  #turn(): void {
    const { calls, nextMs } = this.#forwarder.turn(this.#nowMs);
    this.#turnAtMs = nextMs ?? Number.POSITIVE_INFINITY;
    // Calls of one turn that go to the same place travel together: what becomes of them is one lot.
    const lot = this.#random.fraction();
    for (const call of calls) this.#dispatch(call, lot);
  }

  #dispatch(call: CentreCall, lot: number): void {
    const generation = this.#generation;
    const settle = (delayMs: number, outcome: () => CentreOutcome): void => {
      this.#at(delayMs, () => {
        if (generation === this.#generation) this.#forwarder.answered(call.id, outcome(), this.#nowMs);
      });
    };
    if (call.kind === "load-position") {
      settle(1, () => ({ kind: "answered", answer: this.#stored }));
      return;
    }
    if (call.kind === "save-position") {
      this.#at(this.#options.flaw === "the store answers early" ? 20 : 2, () => {
        this.#stored = call.ask;
      });
      settle(2, () => ({ kind: "answered", answer: null }));
      return;
    }
    if (call.kind === "load-link") {
      const answer = this.#options.flaw === "the budget is forgotten" ? null : this.#linkStored;
      settle(1, () => ({ kind: "answered", answer }));
      return;
    }
    if (call.kind === "save-link") {
      this.#at(2, () => {
        this.#linkStored = call.ask;
      });
      settle(2, () => ({ kind: "answered", answer: null }));
      return;
    }
    if (call.kind === "produce" && this.#options.protocol === 0) {
      if (decodeStoredPosition(this.#stored)?.sending !== true) this.#untold += 1;
    }
    const latencyMs = this.#latencyMs(call);
    if (lot >= this.#options.faults) {
      this.#carryOut(call, latencyMs, settle);
      return;
    }
    this.#fail(call, latencyMs, settle);
  }

  #latencyMs(call: CentreCall): number {
    const link = this.#slowLink;
    const meter = this.#governor?.meter;
    if (link === null || meter === undefined) return 1 + this.#random.below(20);
    if (call.kind === "connect") link.reset(this.#nowMs);
    if (call.kind === "disconnect") return 1;
    return link.latencyMs(call, meter, this.#nowMs, this.#options.flaw !== "headers are not counted");
  }

  #carryOut(
    call: CentreCall,
    latencyMs: number,
    settle: (delayMs: number, outcome: () => CentreOutcome) => void,
  ): void {
    let outcome: CentreOutcome | null = null;
    this.#at(latencyMs / 2, () => {
      outcome = this.#flawed(call, this.#centre.perform(call, this.#nowMs));
    });
    settle(latencyMs, () => outcome as unknown as CentreOutcome);
  }

  #fail(
    call: CentreCall,
    latencyMs: number,
    settle: (delayMs: number, outcome: () => CentreOutcome) => void,
  ): void {
    const lost = (): CentreOutcome => ({ kind: "lost", reason: "the link broke" });
    switch (this.#random.below(5)) {
      case 0:
        settle(latencyMs, lost);
        break;
      case 1:
        this.#at(latencyMs / 2, () => this.#centre.perform(call, this.#nowMs));
        settle(latencyMs, lost);
        break;
      case 2:
        // It was in a queue when the client gave up. Without transactions nothing fences that: see the README.
        if (this.#options.protocol !== 0) {
          this.#at(latencyMs * 50, () => this.#centre.perform(call, this.#nowMs));
        }
        settle(latencyMs, lost);
        break;
      case 3:
        if (["connect", "topics", "topic-settings", "find-open"].includes(call.kind)) {
          settle(latencyMs, lost);
        } else settle(latencyMs, () => notReady(call));
        break;
      default:
        if (this.#random.chance(0.5)) this.#at(latencyMs / 2, () => this.#centre.perform(call, this.#nowMs));
        this.#at(latencyMs, () => this.#crash());
    }
  }

  /** The ends of one moment have one fate. */
  #loseEnds(): void {
    const random = this.#random.fork();
    let atMs = -1;
    let fate: "none" | "everywhere" | "in partitions" | "here and there" = "none";
    this.#centre.losesEnd = (partition) => {
      if (this.#nowMs !== atMs) {
        atMs = this.#nowMs;
        fate = random.chance(0.1) ? random.pick(FATES) : "none";
        // What loses them is a centre that dies: its clients lose their connections.
        if (fate !== "none") this.#at(0, () => this.#crash());
      }
      if (fate === "here and there") return random.chance(0.6);
      return fate === "everywhere" || (fate === "in partitions" && partition !== null && random.chance(0.7));
    };
  }

  #flawed(call: CentreCall, outcome: CentreOutcome): CentreOutcome {
    if (this.#options.flaw === "positions are remembered" && call.kind === "positions") {
      this.#remembered ??= outcome;
      return this.#remembered;
    }
    if (this.#options.flaw === "lost ends are overlooked" && call.kind === "find-open") {
      return { kind: "answered", answer: { partitions: [], offsets: null } };
    }
    if (this.#options.flaw === "nobody asks how it ended" && call.kind === "last-end") {
      const nothing = { error: 0, message: null, producerId: -1, producerEpoch: -1, committed: null };
      return { kind: "answered", answer: nothing };
    }
    return outcome;
  }

  #crash(): void {
    this.#crashes += 1;
    this.#generation += 1;
    this.#restarts += this.#forwarder.status(this.#nowMs).restarts;
    // What was still to come from the dead one without transactions has come: see the README.
    if (this.#options.protocol === 0) this.#nowMs += 50;
    this.#forwarder = this.#start();
    this.#turnAtMs = this.#nowMs;
  }

  #start(): Forwarder {
    const settings = uplinkSettings({
      name: "u",
      gatewayId: "gw",
      ...(this.#options.fleet === undefined ? { topics: ["*"] } : { routes: this.#options.fleet.routes }),
      site: this.#options.fleet?.site ?? "",
      delivery: this.#options.protocol === 0 ? "idempotent" : "transactional",
      limits: {
        maxRoundRecords: 1 + this.#random.below(40),
        batchBytes: 50 + this.#random.below(2000),
        sliceBytes: 100 + this.#random.below(4000),
        lingerMs: this.#random.below(30),
        maxInFlight: 1 + this.#random.below(5),
        refreshMs: 5_000,
        keepAliveMs: 60_000,
        transactionTimeoutMs: 20_000,
        ...this.#options.limits,
      },
      compression: this.#random.chance(0.5) ? "none" : "zstd",
      link:
        this.#options.flaw === "windows are overlooked"
          ? { ...this.#options.link, windows: [] }
          : (this.#options.link ?? {}),
    });
    const wall = { nowMs: () => START_MS + this.#nowMs, offsetMs: () => 0 };
    this.#governor = new LinkGovernor(settings.link, settings.limits, wall, this.#random.fork());
    const reports: UplinkReports = {
      onGap: (topic, partition, from, to, reason) =>
        this.#reports.push(`gap ${topic}-${partition} ${from}..${to} ${reason}`),
      onRecreated: (topic) => this.#reports.push(`recreated ${topic}`),
      onState: (level, message) => this.#reports.push(`${level} ${message}`),
      onTrouble: (message) => this.#reports.push(`trouble ${message}`),
    };
    const instance = `i${this.#generation}`;
    const random = this.#random.fork();
    const forwarder = new Forwarder(settings, this.#seenSource(), random, instance, reports, this.#governor);
    this.#turnAtMs = this.#nowMs;
    return forwarder;
  }

  #at(delayMs: number, run: () => void): void {
    this.#order += 1;
    this.#events.push({ atMs: this.#nowMs + delayMs, order: this.#order, run });
  }

  /** The logs, or, as a flaw, logs that hide what a forwarder that has been at work was done with. */
  #seenSource(): LocalSource {
    if (this.#options.flaw !== "what was before the position is gone") return this.#source;
    const source = this.#source;
    const starts = new Map(
      (this.#forwarder?.status(this.#nowMs).topics ?? []).flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, position }) => [`${topic} ${partition}`, position] as const),
      ),
    );
    return {
      topics: () => source.topics(),
      bounds: (topic, partition) => {
        const bounds = source.bounds(topic, partition);
        const logStartOffset = Math.max(0, starts.get(`${topic} ${partition}`) ?? 0);
        return bounds === null ? null : { ...bounds, logStartOffset };
      },
      read: (...args) => source.read(...args),
      onAppended: (listener) => source.onAppended(listener),
    };
  }

  #feedSome(): void {
    const count = Math.min(this.#options.records - this.#fed, 1 + this.#random.below(30));
    for (let index = 0; index < count; index += 1) {
      this.#fed += 1;
      const { fleet } = this.#options;
      if (fleet !== undefined) {
        const { topic, partition } = fleet.feedOne(this.#source, this.#random);
        this.#forwarder.appended(topic, partition);
        continue;
      }
      const device = this.#random.below(DEVICES);
      const number = this.#next[device] as number;
      this.#next[device] = number + 1;
      const key = device === 0 ? null : `device-${device}`;
      const partition = device % PARTITIONS;
      this.#source.append(TOPIC, partition, [{ key, value: `${device} ${number}`, timestampMs: number }]);
      this.#forwarder.appended(TOPIC, partition);
    }
    if (this.#fed < this.#options.records) this.#at(this.#random.below(100), () => this.#feedSome());
  }

  #caughtUp(): boolean {
    const { state, topics, lagRecords } = this.#forwarder.status(this.#nowMs);
    return state.kind === "forwarding" && topics.length > 0 && lagRecords === 0;
  }

  #check(): string[] {
    const { fleet } = this.#options;
    if (fleet !== undefined) return fleet.check(this.#centre, this.#forwarder.status(this.#nowMs));
    const faults: string[] = [];
    const expected = this.#next.map(() => 0);
    for (const records of this.#centre.visible(TOPIC)) {
      for (const { value } of records) {
        const [device, number] = new TextDecoder()
          .decode(value ?? undefined)
          .split(" ")
          .map(Number) as [number, number];
        const due = expected[device] as number;
        if (number !== due) faults.push(`device ${device}: ${number} where ${due} was due`);
        expected[device] = Math.max(due, number + 1);
      }
    }
    for (const [device, count] of this.#next.entries()) {
      if (expected[device] !== count) faults.push(`device ${device}: ${expected[device]} of ${count}`);
    }
    return faults;
  }
}

function notReady(call: CentreCall): CentreOutcome {
  const error = call.kind === "produce" ? ERROR.NOT_LEADER_OR_FOLLOWER : ERROR.COORDINATOR_LOAD_IN_PROGRESS;
  const nothing = {
    producerId: -1,
    producerEpoch: -1,
    baseOffset: -1,
    slots: [],
    ends: [],
    batches: new Uint8Array(0),
  };
  const answer = { error, message: null, aborted: [], logStartOffset: -1, highWatermark: -1, ...nothing };
  return { kind: "answered", answer } as unknown as CentreOutcome;
}

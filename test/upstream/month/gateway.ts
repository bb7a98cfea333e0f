import { hasCode } from "../../../src/base/errors.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { Broker } from "../../../src/broker/broker.ts";
import { GapLedger } from "../../../src/broker/gap-ledger.ts";
import { Lineages } from "../../../src/broker/lineages.ts";
import { Losses } from "../../../src/broker/losses.ts";
import { WatchedClock } from "../../../src/clock/watched-clock.ts";
import { defaultSettings } from "../../../src/config/options.ts";
import type { MachineTime } from "../../../src/io/machine-time.ts";
import type { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import type { SimulatedMachine } from "../../../src/io/simulated/machine.ts";
import type { SeededRandom } from "../../../src/io/simulated/random.ts";
import { DEFAULT_LOG_LIMITS, type LogBug, type LogLimits } from "../../../src/log/log-config.ts";
import { LogStore } from "../../../src/log/log-store.ts";
import type { CentreOutcome } from "../../../src/upstream/centre.ts";
import { LinkGovernor } from "../../../src/upstream/link/governor.ts";
import type { LinkSettings } from "../../../src/upstream/link/settings.ts";
import type { UplinkReports } from "../../../src/upstream/reports.ts";
import { uplinkSettings } from "../../../src/upstream/settings.ts";
import { Uplink } from "../../../src/upstream/uplink.ts";
import { GatewayClock } from "../../../src/wiring/gateway-clock.ts";
import { localSource } from "../../../src/wiring/local-source.ts";
import { DamageNotes } from "../../../src/wiring/log-report.ts";
import { UplinkGaps } from "../../../src/wiring/uplink-gaps.ts";
import type { ModelCentre } from "../model-centre.ts";
import { FarCentre, type LinkState } from "./far-centre.ts";
import { LeapingClock } from "./leaping-clock.ts";

const MAINTAIN_MS = 1_000;
const FOR_EVER_MS = 365 * 24 * 3_600_000;
const BUILT_MS = Date.UTC(2026, 0, 1);

/** Deliberate bugs, each of which the check has to notice. */
export type MonthFlaw =
  /** Records are acknowledged before the disk has them. */
  | "acknowledged too early"
  /** Every attempt goes on where the first one did. */
  | "positions are remembered"
  /** What retention and a full disk take is not written down. */
  | "losses are not written down"
  /** An older copy of the data folder is told by its end alone. */
  | "histories are not kept"
  /** The wall clock is believed whatever it shows. */
  | "any clock is right"
  /** Nobody sees that the clock was set. */
  | "steps are overlooked"
  /** What the centre would delete at once goes up as it is. */
  | "late records go up as they are"
  /** A restart begins the budgets anew. */
  | "budgets are forgotten";

export interface GatewayOptions {
  readonly disk: SimulatedDisk;
  readonly machine: SimulatedMachine;
  readonly random: SeededRandom;
  readonly centre: ModelCentre;
  readonly state: LinkState;
  readonly link: Partial<LinkSettings>;
  readonly topicDefaults: ReadonlyMap<string, string>;
  readonly maxLogBytes: number;
  readonly sentMs: Map<string, number>;
  /** Bytes on the link, by day since 1970, in true time. */
  readonly bytesByDay: Map<number, number>;
  /** What uplinks and logs had to tell, over all lives. */
  readonly messages: string[];
  readonly flaw?: MonthFlaw | undefined;
  /** What the centre told of positions first, for "positions are remembered". */
  readonly remembered: { positions: CentreOutcome | null };
}

const LIMITS: LogLimits = {
  ...DEFAULT_LOG_LIMITS,
  journalBytes: 64 * 1024,
  journalRoundBytes: 16 * 1024,
  directBytes: 4 * 1024,
  segmentFirstBytes: 1024,
  segmentGrowthBytes: 4 * 1024,
  reserveBytes: 64 * 1024,
};

/** One life of a gateway's process, wired as the program wires it, but for its sockets. */
export interface Gateway {
  readonly clock: LeapingClock;
  readonly broker: Broker;
  readonly store: LogStore;
  readonly time: GatewayClock;
  readonly uplink: Uplink;
  /** Ends in good order. */
  stop(): Promise<void>;
  /** The process is gone. */
  kill(): void;
}

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { disk, machine, random, flaw, messages } = options;
  const inner = new LeapingClock(machine);
  const clock = new WatchedClock(inner);
  const damage = new DamageNotes();
  const store = await LogStore.open({
    ...{ disk, clock, folder: "/data", random: random.fork() },
    limits: { ...LIMITS, maxLogBytes: options.maxLogBytes },
    report: {
      quarantined: (log, _path, fromOffset, toOffset) => {
        messages.push(`quarantined ${log?.topic} ${fromOffset}..${toOffset}`);
        if (log !== null && fromOffset >= 0) damage.note(log, fromOffset, toOffset);
      },
      deleted: ({ topic, partition }, from, to, reason) =>
        messages.push(`deleted ${topic}-${partition} ${from}..${to} ${reason}`),
      fenced: (log, _error, why) => messages.push(`fenced ${log.topic}: ${why}`),
    },
    bugs: new Set<LogBug>(flaw === "acknowledged too early" ? ["ack-before-sync"] : []),
  });
  const broker = new Broker({
    ...{ store, clock, random: random.fork(), logger: silentLogger, nodeId: 1, clusterId: "c" },
    ...{ topicDefaults: options.topicDefaults, autoCreateTopics: true, defaultPartitions: 2 },
    maxPartitions: 100,
  });
  const defaults = defaultSettings();
  const settings =
    flaw === "any clock is right" ? { ...defaults, "clock.trust": "always" as const } : defaults;
  const time = new GatewayClock({
    settings,
    broker,
    clock,
    machine: flaw === "steps are overlooked" ? unmoved(machine) : machine,
    builtMs: BUILT_MS,
    logger: silentLogger,
  });
  const lineages = flaw === "histories are not kept" ? null : new Lineages(broker, random.fork());
  const ledger = new GapLedger(broker, silentLogger);
  const losses = new Losses(broker, ledger);
  losses.ready = false;
  damage.tellTo((log, fromOffset, toOffset) => losses.damaged(log, fromOffset, toOffset));
  const gaps = new UplinkGaps("u", { broker, ledger, losses });
  const uplink = openUplink(options, { clock, broker, time, gaps, lineages });
  losses.addCarrier(uplink);
  uplink.start();
  losses.ready = true;
  if (flaw === "losses are not written down") {
    store.witness = {
      ready: true,
      isMissed: () => false,
      forwardedEnd: (log) => losses.forwardedEnd(log),
      witness: (_log, _from, _to, _reason, then) => then(),
    };
  }
  let stopped = false;
  const maintain = (): void => {
    inner.after(MAINTAIN_MS, async () => {
      await store.maintain(clock.nowMs());
      if (!stopped) maintain();
    });
  };
  maintain();
  return {
    ...{ clock: inner, broker, store, time, uplink },
    async stop() {
      stopped = true;
      await uplink.stop(1_000);
      losses.close();
      ledger.close();
      time.stop();
      // A disk without any space has none for what tells of an end in good order either: the next start recovers.
      await store.close().catch((error: unknown) => {
        if (!hasCode(error, "DISK_FULL")) throw error;
      });
    },
    kill() {
      stopped = true;
      uplink.abandon();
      inner.end();
    },
  };
}

/** The machine as a gateway sees it that takes no note of steps, nor of who makes them. */
function unmoved(machine: SimulatedMachine): MachineTime {
  const { bootMs: atMs, wallMs } = machine.read();
  return {
    bootId: machine.bootId,
    hasBatteryClock: machine.hasBatteryClock,
    isSynchronised: () => null,
    read: () => {
      const { bootMs } = machine.read();
      return { bootMs, wallMs: wallMs - atMs + bootMs };
    },
  };
}

function openUplink(
  options: GatewayOptions,
  parts: {
    readonly clock: WatchedClock;
    readonly broker: Broker;
    readonly time: GatewayClock;
    readonly gaps: UplinkGaps;
    readonly lineages: Lineages | null;
  },
): Uplink {
  const { machine, random, centre, state: link, sentMs, bytesByDay, messages, flaw, remembered } = options;
  const { clock, broker, time: gatewayClock, gaps, lineages } = parts;
  const { time } = gatewayClock;
  const state = broker.openState("__headwater_uplink");
  const settings = uplinkSettings({
    ...{ name: "u", gatewayId: "g", topics: ["*"], compression: "none" },
    link: options.link,
    times: {
      clockWaitMs: FOR_EVER_MS,
      lateRecords: flaw === "late records go up as they are" ? "send" : "arrival-time",
    },
    limits: { maxBackoffMs: 5_000, refreshMs: 600_000, maxRoundRecords: 200, batchBytes: 4_096 },
  });
  const wall = { nowMs: () => time.settledNowMs, offsetMs: () => 0 };
  const governor = new LinkGovernor(settings.link, settings.limits, wall, random.fork());
  const far = new FarCentre(centre, link, {
    ...{ clock, machine, random: random.fork(), meter: governor.meter, sentMs, bytesByDay },
  });
  if (flaw === "positions are remembered") {
    far.instead = (call, outcome) => {
      if (call.kind !== "positions") return outcome;
      remembered.positions ??= outcome;
      return remembered.positions;
    };
  }
  const reports: UplinkReports = {
    onGap(topic, partition, fromOffset, toOffset, reason, cause, record) {
      messages.push(`gap ${topic}-${partition} ${fromOffset}..${toOffset} ${cause}: ${reason}`);
      if (flaw !== "losses are not written down")
        gaps.note(topic, partition, fromOffset, toOffset, cause, record);
    },
    areGapsWritten: (...upTo) => gaps.areWritten(...upTo),
    areDeletionsWritten: (...upTo) => gaps.areDeletionsWritten(...upTo),
    onRecreated: (topic) => messages.push(`recreated ${topic}`),
    onDiverged: (topic, partition, from, to) =>
      messages.push(`diverged ${topic}-${partition} ${from}..${to}`),
    onState: (level, message) => messages.push(`${level} ${message}`),
    onTrouble: (message) => messages.push(`trouble ${message}`),
  };
  const stored = (key: string) => ({
    load: async () => (flaw === "budgets are forgotten" && key === "u/link" ? null : state.get(key)),
    save: async (value: Uint8Array) => state.set(key, value),
  });
  const times = {
    nowMs: () => time.trueNowMs(),
    isDoubtful: time.isDoubtful.bind(time),
    trueTime: time.trueTime.bind(time),
    timeOfBoot: time.timeOfBoot.bind(time),
  };
  const seams = { clock, random: random.fork(), times };
  return new Uplink(settings, localSource(broker, lineages), far, stored("u"), seams, reports, {
    ...{ governor, store: stored("u/link") },
  });
}

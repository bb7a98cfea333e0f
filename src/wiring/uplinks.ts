import { assert } from "../base/assert.ts";
import type { Logger } from "../base/logger.ts";
import type { Broker } from "../broker/broker.ts";
import type { GapLedger } from "../broker/gap-ledger.ts";
import type { KeyedState } from "../broker/keyed-state.ts";
import type { Lineages } from "../broker/lineages.ts";
import type { Losses } from "../broker/losses.ts";
import type { GatewayTime } from "../clock/gateway-time.ts";
import { formatAddress } from "../config/address.ts";
import { mirroredTopics } from "../config/mirror-conflicts.ts";
import type { Settings } from "../config/options.ts";
import type { UplinkSettings as ConfiguredUplink } from "../config/uplink-options.ts";
import type { UplinkRouteSettings } from "../config/uplink-route-options.ts";
import { InvalidField } from "../http/controls.ts";
import type { UplinkStatus } from "../http/status.ts";
import { PlainDisk } from "../io/bun/plain-disk.ts";
import type { Clock } from "../io/clock.ts";
import type { Network } from "../io/network.ts";
import type { Random } from "../io/random.ts";
import { securitySource } from "../kafka/client/security.ts";
import { countersOfAll } from "../upstream/counters.ts";
import { KafkaCentre } from "../upstream/kafka-centre.ts";
import type { Hold } from "../upstream/link/governor.ts";
import { isCap, type LinkMode, MIN_CAP_BYTES_PER_SECOND } from "../upstream/link/link-record.ts";
import type { LinkSettings } from "../upstream/link/settings.ts";
import type { Mirror } from "../upstream/mirror/mirror.ts";
import type { PartitionPosition } from "../upstream/position-desk.ts";
import type { PositionStore } from "../upstream/positions.ts";
import { type UplinkRoute, type UplinkSettings, uplinkSettings } from "../upstream/settings.ts";
import { stateWord } from "../upstream/state-word.ts";
import type { UplinkTopicStatus } from "../upstream/status.ts";
import type { LocalTimes } from "../upstream/times/local-times.ts";
import { Uplink } from "../upstream/uplink.ts";
import { CompressionPool } from "./compression-pool.ts";
import { localSource } from "./local-source.ts";
import { startMirrors } from "./mirrors.ts";
import { type PlannedMove, planRewind, rewindRequest } from "./rewind-plan.ts";
import { UplinkFlow } from "./uplink-flow.ts";
import { UplinkGaps } from "./uplink-gaps.ts";
import { oldestLagMs, topicLags } from "./uplink-lag.ts";
import { linkSettings, openLink, refreshOf } from "./uplink-link.ts";
import { uplinkReports } from "./uplink-reports.ts";
import { hintFile } from "./use-hint-file.ts";

/** The internal topic that uplinks keep their positions in. */
const STATE_TOPIC = "__headwater_uplink";
const REQUEST_TIMEOUT_MS = 30_000;

export interface UplinkParts {
  readonly settings: Settings;
  readonly broker: Broker;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Milliseconds since 1970, null while the gateway does not know. */
  readonly knownNowMs: () => number | null;
  readonly ledger: GapLedger;
  readonly losses: Losses;
  /** Null where they can't be known: then an older copy of the data folder is told by its end alone. */
  readonly lineages: Lineages | null;
  /** Left out where the clock is always right. */
  readonly time?: GatewayTime;
  /** Names the run of the machine; left out where nobody knows it. */
  readonly bootId?: string;
}

export interface Uplinks {
  readonly status: () => readonly UplinkStatus[];
  /** How far each is, topic by topic. */
  topics(): readonly { readonly name: string; readonly topics: readonly UplinkTopicStatus[] }[];
  readonly names: readonly string[];
  /** See Uplink.setMode. */
  setMode(name: string, mode: LinkMode): Promise<void>;
  /** See Uplink.setCap. Throws InvalidField. */
  setCap(name: string, body: Readonly<Record<string, unknown>>): Promise<void>;
  /** How much it may send from now on, and when. */
  setLink(name: string, link: LinkSettings): void;
  /** Every partition's position, local and at the centre. */
  inspect(name: string): readonly PartitionPosition[];
  /** Has a topic go on elsewhere, or says what that would do. Throws InvalidField. */
  rewind(name: string, body: Readonly<Record<string, unknown>>): Promise<RewindOutcome>;
  /** Gives back memory that nothing needs now. */
  shrink(): void;
  /** Waits up to `graceMs` for what is on its way to the centres. */
  stop(graceMs: number): Promise<void>;
}

/** What became of a rewind; `done` is false of a dry run, and where the topic is not being forwarded. */
export interface RewindOutcome {
  readonly done: boolean;
  readonly moves: readonly PlannedMove[];
}

interface Running {
  readonly configured: ConfiguredUplink;
  readonly uplink: Uplink;
  readonly mirrors: readonly Mirror[];
  flow: UplinkFlow | null;
}

/** Starts every uplink there is; a centre that is not there yet is waited for. */
export function startUplinks(parts: UplinkParts): Uplinks {
  const { settings, broker } = parts;
  let state: KeyedState | null = null;
  // Nobody needs the topic where nothing is forwarded; and what keeps it from being opened is the uplinks' trouble
  // alone, which they tell of and try again.
  const openState = (): KeyedState => {
    state ??= broker.openState(STATE_TOPIC);
    return state;
  };
  const compressor = new CompressionPool(parts.clock, parts.logger);
  const running = settings.uplinks.map((configured) => startUplink(configured, parts, openState, compressor));
  return {
    status: () => running.map((each) => describe(each, parts)),
    topics: () =>
      running.map(({ configured, uplink }) => ({ name: configured.name, topics: uplink.status().topics })),
    names: running.map(({ configured }) => configured.name),
    setMode: async (name, mode) => {
      const found = running.find(({ configured }) => configured.name === name);
      await found?.uplink.setMode(mode);
      for (const mirror of found?.mirrors ?? []) mirror.wake();
    },
    setCap: async (name, { bytesPerSecond }) => {
      if (bytesPerSecond !== null && !isCap(bytesPerSecond)) {
        const remedy = `write ${MIN_CAP_BYTES_PER_SECOND} or more, or null for what is configured`;
        throw new InvalidField("bytesPerSecond", bytesPerSecond, remedy);
      }
      await running.find(({ configured }) => configured.name === name)?.uplink.setCap(bytesPerSecond);
      parts.logger.info("an operator capped an uplink", { uplink: name, bytesPerSecond });
    },
    setLink: (name, link) => {
      const found = running.find(({ configured }) => configured.name === name);
      found?.uplink.setLink(link);
      for (const mirror of found?.mirrors ?? []) mirror.wake();
    },
    shrink: () => compressor.shrink(),
    inspect: (name) => running.find(({ configured }) => configured.name === name)?.uplink.inspect() ?? [],
    rewind: async (name, body) => {
      const request = rewindRequest(body);
      const uplink = running.find(({ configured }) => configured.name === name)?.uplink;
      const moves = planRewind(broker, uplink?.inspect() ?? [], request);
      if (request.dryRun) return { done: false, moves };
      const positions = new Map(moves.map(({ partition, newPosition }) => [partition, newPosition]));
      const done = (await uplink?.rewind(request.topic, positions)) === true;
      parts.logger.warn("an operator moved the position of an uplink", { uplink: name, ...request, done });
      return { done, moves };
    },
    stop: async (graceMs) => {
      for (const { flow } of running) flow?.stop();
      await Promise.all(
        running.flatMap(({ uplink, mirrors }) => [
          uplink.stop(graceMs),
          ...mirrors.map((mirror) => mirror.stop(graceMs)),
        ]),
      );
      compressor.close();
    },
  };
}

function startUplink(
  configured: ConfiguredUplink,
  parts: UplinkParts,
  openState: () => KeyedState,
  compressor: CompressionPool,
): Running {
  const { network, clock, random, broker, knownNowMs } = parts;
  const settings = settingsOf(configured, parts.settings);
  const disk = new PlainDisk();
  const { bootId } = parts;
  const hint = bootId === undefined ? null : hintFile(disk, parts.settings.data, configured.name, bootId);
  const link = openLink(configured, settings, { network, clock, random, knownNowMs }, openState, hint);
  const seams = { network: link.network, clock, random };
  const options = {
    bootstrap: configured.bootstrap,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    security: securitySource(configured, (path, maxBytes) => disk.readFile(path, maxBytes)),
  };
  const centre = new KafkaCentre(seams, options);
  const logger = parts.logger.child({ uplink: configured.name });
  const source = localSource(broker, parts.lineages);
  const gaps = new UplinkGaps(configured.name, parts);
  const reports = uplinkReports(logger, clock, gaps);
  const uplink = new Uplink(
    settings,
    source,
    centre,
    positionStore(openState, configured.name),
    { clock, random, ...(parts.time === undefined ? {} : { times: localTimes(parts.time) }) },
    reports,
    { ...link, compressor },
  );
  const hold = (): Hold | null => link.governor.holdForOthers(clock.monotonicMs());
  const mirrors = startMirrors({ ...parts, configured, seams, centre: options, openState, hold, logger });
  const started: Running = { configured, uplink, mirrors, flow: null };
  parts.losses.addCarrier(uplink);
  uplink.start();
  started.flow = new UplinkFlow({
    ...{
      uplink,
      mirrors,
      name: configured.name,
      gatewayId: settings.gatewayId,
      source,
      broker,
      clock,
      random,
      logger,
    },
    canaryIntervalMs: configured["canary.interval.ms"],
    alarmMs: configured["flow.alarm.ms"],
    ...(parts.time === undefined ? {} : { time: parts.time }),
  });
  return started;
}

function localTimes(time: GatewayTime): LocalTimes {
  return {
    nowMs: () => time.trueNowMs(),
    isDoubtful: (log, fromOffset) => time.isDoubtful(log, fromOffset),
    trueTime: (log, at, stampedMs) => time.trueTime(log, at, stampedMs),
    timeOfBoot: (boot, bootMs, stampedMs) => time.timeOfBoot(boot, bootMs, stampedMs),
  };
}

function settingsOf(configured: ConfiguredUplink, settings: Settings): UplinkSettings {
  const enabled = configured["create.topics.enable"];
  return uplinkSettings({
    name: configured.name,
    gatewayId: settings["gateway.id"],
    site: settings["gateway.site"],
    gapsTopic: configured["gaps.topic"],
    topics: configured.topics,
    routes: configured.route.map((route) => routeOf(route, enabled)),
    mirrored: mirroredTopics(settings),
    delivery: configured.delivery,
    recreatedTopics: configured["recreated.topics"],
    compression: configured["compression.type"],
    compressionLevel: configured["compression.level"],
    link: linkSettings(configured),
    times: { clockWaitMs: configured["clock.wait.ms"], lateRecords: configured["late.records"] },
    createTopics: enabled,
    limits: {
      lingerMs: configured["linger.ms"],
      batchBytes: configured["batch.size"],
      maxBufferedBytes: configured["buffer.memory"],
      transactionTimeoutMs: configured["transaction.timeout.ms"],
      backoffMs: configured["retry.backoff.ms"],
      maxBackoffMs: configured["retry.backoff.max.ms"],
      ...refreshOf(configured),
    },
  });
}

function routeOf(route: UplinkRouteSettings, enabled: boolean): UplinkRoute {
  const every = route["sample.every"];
  const intervalMs = route["sample.interval.ms"];
  return {
    topics: route.topics,
    topic: route.topic,
    keys: route.keys,
    headers: Object.entries(route.headers).map(([name, value]) => ({ name, value })),
    sampling:
      intervalMs > 0
        ? { kind: "interval", intervalMs }
        : every > 1
          ? { kind: "every", count: every }
          : { kind: "all" },
    creation: {
      enabled,
      partitions: route["create.partitions"],
      replicationFactor: route["create.replication.factor"],
      configs: route["create.configs"],
    },
  };
}

function positionStore(openState: () => KeyedState, name: string): PositionStore {
  return { load: async () => openState().get(name), save: async (value) => openState().set(name, value) };
}

function describe({ configured, uplink, mirrors, flow }: Running, parts: UplinkParts): UplinkStatus {
  assert(flow !== null, "an uplink that was started is watched");
  const status = uplink.status();
  const lags = topicLags(status, parts);
  const counters = countersOfAll(status);
  return {
    name: configured.name,
    state: stateWord(status),
    bootstrap: configured.bootstrap.map(formatAddress),
    delivery: configured.delivery,
    lagRecords: status.lagRecords < 0 ? null : status.lagRecords,
    lagMs: status.lagRecords < 0 ? null : oldestLagMs(lags),
    forwardedRecords: counters.total.forwarded,
    forwardedBytes: status.bytesForwarded,
    transactions: status.transactions,
    failures: status.restarts,
    gaps: counters.total.gapped,
    lastError: status.lastError,
    lastErrorAgoMs: status.lastErrorAgoMs,
    lastErrorOver: status.lastErrorOver,
    retryInMs: "retryInMs" in status.state ? status.state.retryInMs : null,
    link: status.link,
    times: status.times,
    flow: flow.describe(status, lags),
    budget: status.budget,
    counters,
    routes: status.topics.map(({ topic, centralTopic, state, reason, heldBecause, madeAgain }) => ({
      ...{ topic, centralTopic, state, reason, heldBecause, madeAgain },
    })),
    mirrors: mirrors.map((mirror) => mirror.status()),
  };
}

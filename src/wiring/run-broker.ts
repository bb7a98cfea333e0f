import { HeadwaterError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { Broker } from "../broker/broker.ts";
import { RESOURCE } from "../broker/dynamic-configs.ts";
import { GapLedger, NO_GAP_NOTES } from "../broker/gap-ledger.ts";
import { openIdentity } from "../broker/identity.ts";
import { Lineages } from "../broker/lineages.ts";
import { Losses } from "../broker/losses.ts";
import { withSchemas } from "../cli/route-schemas.ts";
import type { ReloadOutcome, RunBroker, RunningBroker } from "../cli/world.ts";
import { WatchedClock } from "../clock/watched-clock.ts";
import { mirroredTopics } from "../config/mirror-conflicts.ts";
import { type Settings, topicDefaults } from "../config/options.ts";
import { type Coordinators, openCoordinators } from "../coordinators/coordinators.ts";
import { SystemAcceptQueues } from "../io/bun/accept-queues.ts";
import { SystemClock } from "../io/bun/clock.ts";
import { SystemMachineTime } from "../io/bun/machine-time.ts";
import { SystemMemory } from "../io/bun/memory.ts";
import { SystemNetwork } from "../io/bun/network.ts";
import { SystemRandom } from "../io/bun/random.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { Disk } from "../io/disk.ts";
import type { MachineTime } from "../io/machine-time.ts";
import type { MemorySource } from "../io/memory.ts";
import type { Supervisor } from "../io/supervisor.ts";
import { FetchSessions } from "../kafka/fetch-sessions.ts";
import { newKafkaCounters } from "../kafka/services.ts";
import { parseLogBugs } from "../log/log-config.ts";
import { LogStore } from "../log/log-store.ts";
import { createMetrics, type Metrics } from "../metrics/metrics.ts";
import { brokerSource } from "../mqtt/history/broker-source.ts";
import { Followers } from "../mqtt/history/followers.ts";
import { type MqttDoor, startMqttDoor } from "../mqtt/listener.ts";
import { RetainedTopic } from "../mqtt/retained/storage.ts";
import { BrokerRecordSearch } from "../mqtt/sessions/durable/record-search.ts";
import { PartitionStateLog } from "../mqtt/sessions/durable/state-log.ts";
import { Sasl } from "../security/sasl/sasl.ts";
import { changesText, GatewayAudit } from "./audit.ts";
import type { Bridges, startBridges as StartBridges } from "./bridges.ts";
import { CounterWatch } from "./counter-watch.ts";
import { type DeviceRegistry, openDeviceRegistry } from "./device-registry.ts";
import { Figures } from "./figures.ts";
import { GatewayClock } from "./gateway-clock.ts";
import { openGatewayDisk } from "./gateway-disk.ts";
import { GatewayHttp } from "./http-door.ts";
import { kafkaPlaces } from "./kafka-places.ts";
import { lastKnown } from "./last-known.ts";
import { LateAnnouncement } from "./late-announcement.ts";
import { LateKafkaDoor } from "./late-kafka-door.ts";
import { listenerNames } from "./listener-names.ts";
import { logLimits } from "./log-limits.ts";
import { DamageNotes, logReport } from "./log-report.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { mqttLimits, mqttPlaces } from "./mqtt-options.ts";
import { NO_UPLINKS } from "./no-uplinks.ts";
import { onceKnown } from "./once-known.ts";
import { openAddresses } from "./open-addresses.ts";
import { otherUsers, WatchedSecurity } from "./open-security.ts";
import { DOOR_RETRY_MS, mayPass, PatientNetwork } from "./patient-network.ts";
import { SettingsInForce } from "./reload.ts";
import { GatewayState } from "./status.ts";
import type { Updates } from "./updates.ts";
import type { Uplinks } from "./uplinks.ts";
import { Watchdog } from "./watchdog.ts";

const MAINTAIN_MS = 1000;
/** No program is older, wherever it comes from. */
const EARLIEST_BUILD_MS = Date.UTC(2026, 0, 1);

export interface Surroundings {
  readonly version: string;
  /** When the program was built, in milliseconds since 1970; left out where nobody knows. */
  readonly builtMs?: number;
  /** In place of the machine's clocks, for tests. */
  readonly clock?: Clock;
  readonly machine?: MachineTime;
  /** In place of what the kernel tells of memory, for tests. */
  readonly memory?: MemorySource;
  /** Who hears that the gateway serves, and that it goes on doing so; null where nobody wants to. */
  readonly supervisor?: Supervisor | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Starts gateways in this process: the real clock, disk, network and randomness meet the rooms here. */
export function brokerRunner(surroundings: Surroundings): RunBroker {
  return async (settings, logger, sources = new Map(), reloads) => {
    const inForce = new SettingsInForce(settings, sources, reloads ?? null, logger);
    const gateway = new Gateway(inForce, logger, surroundings);
    try {
      await gateway.start();
    } catch (error) {
      await gateway.abandon();
      throw error;
    }
    return gateway;
  };
}

class Gateway implements RunningBroker {
  readonly failed: Promise<Error>;
  readonly restarts: Promise<string>;
  readonly #settings: Settings;
  readonly #inForce: SettingsInForce;
  readonly #logger: Logger;
  readonly #surroundings: Surroundings;
  readonly #clock: WatchedClock;
  readonly #random = new SystemRandom();
  readonly #network: PatientNetwork;
  readonly #state: GatewayState;
  readonly #metrics: Metrics;
  readonly #audit: GatewayAudit;
  #fail: (error: Error) => void = () => {};
  #restart: (reason: string) => void = () => {};
  #store: LogStore | null = null;
  #coordinators: Coordinators | null = null;
  #gatewayClock: GatewayClock | null = null;
  #gaps: GapLedger | null = null;
  #losses: Losses | null = null;
  #lineages: Lineages | null = null;
  #counters: CounterWatch | null = null;
  #security: WatchedSecurity | null = null;
  #kafka: LateKafkaDoor | null = null;
  #mqtt: MqttDoor | null = null;
  #followers: Followers | null = null;
  #http: GatewayHttp | null = null;
  /** Why the HTTP door is closed that should be open. */
  #httpFault: HeadwaterError | null = null;
  #httpRetry: Timer | null = null;
  #devices: DeviceRegistry | null = null;
  #uplinks: Uplinks | null = null;
  #bridges: Bridges | null = null;
  #maintenance: Timer | null = null;
  #figures: Figures | null = null;
  #memory: MemoryWatch | null = null;
  #watchdog: Watchdog | null = null;
  #updates: Updates | null = null;
  #announcer: LateAnnouncement | null = null;
  #stopping = false;

  constructor(inForce: SettingsInForce, logger: Logger, surroundings: Surroundings) {
    const { settings } = inForce;
    this.#settings = settings;
    this.#inForce = inForce;
    this.#logger = logger;
    this.#surroundings = surroundings;
    this.#clock = new WatchedClock(surroundings.clock ?? new SystemClock());
    this.#network = new PatientNetwork(new SystemNetwork(this.#clock), this.#clock, logger);
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    this.restarts = new Promise((resolve) => {
      this.#restart = resolve;
    });
    this.#state = new GatewayState(settings, surroundings.version, this.#clock.nowMs());
    this.#state.closedDoors = () => [
      ...this.#network.reasons(),
      ...(this.#httpFault === null ? [] : [this.#httpFault.message]),
      ...(this.#security?.security.startFaults ?? []).map(({ reason }) => reason),
      ...(this.#security?.overdueLists ?? []),
      ...[this.#http?.tlsFault ?? null, this.#audit.fault].filter((reason) => reason !== null),
    ];
    this.#state.notes = () => this.#security?.security.keptFaults ?? [];
    this.#state.revocationListsExpireAtMs = () => this.#security?.listsExpireAtMs ?? null;
    const auditBug = surroundings.env.HEADWATER_TEST_AUDIT_BUG ?? "";
    this.#audit = new GatewayAudit(settings, this.#clock, logger, auditBug);
    this.#metrics = createMetrics({
      version: surroundings.version,
      build: { bun: Bun.version, arch: process.arch },
      uplinks: settings.uplinks.map(({ name }) => name),
      mirrors: mirroredTopics(settings),
      bridges: settings.bridges.map(({ name }) => name),
      listeners: listenerNames(settings),
      dataFolder: settings.data,
    });
  }

  get addresses() {
    return this.#state.addresses;
  }

  async start(): Promise<void> {
    const isSecured =
      this.#settings["security.roles"].length > 0 || this.#settings["http.tls.listen"] !== "off";
    if (isSecured) this.#openSecurity();
    this.#openHttp();
    // What nobody asked for is not even read into memory. Before the logs are open: from then on nothing may come between.
    const [uplinks, bridges, updates] = await Promise.all([
      this.#settings.uplinks.length === 0 ? null : import("./uplinks.ts"),
      this.#settings.bridges.length === 0 ? null : import("./bridges.ts"),
      this.#surroundings.env.HEADWATER_SLOTS ? import("./updates.ts") : null,
    ]);
    const { broker, lineages, ledger, losses } = await this.#openBroker();
    const { security } = this.#openSecurity();
    security.join(otherUsers(broker.scram));
    this.#coordinators = openCoordinators({
      broker,
      random: this.#random,
      logger: this.#logger,
      settings: this.#settings,
      groupConfigs: (group) => broker.configs.of({ type: RESOURCE.group, name: group }),
    });
    this.#state.coordinators = this.#coordinators;
    this.#openKafka(broker, this.#coordinators);
    this.#devices = openDeviceRegistry(broker, this.#settings, this.#logger);
    this.#state.devices = this.#devices?.table ?? null;
    onceKnown(security, () => this.#openMqtt(broker), this.#fail);
    this.#uplinks =
      uplinks === null
        ? NO_UPLINKS
        : uplinks.startUplinks({
            settings: this.#settings,
            broker,
            network: this.#network,
            clock: this.#clock,
            random: this.#random,
            logger: this.#logger,
            knownNowMs: () => this.#gatewayClock?.time.settledNowMs ?? null,
            ...(this.#gatewayClock === null ? {} : this.#gatewayClock.forUplinks),
            ledger,
            losses,
            lineages,
          });
    this.#network.expectOne();
    if (this.#httpFault !== null && this.#kafka === null && this.#mqtt === null) throw this.#httpFault;
    losses.ready = true;
    this.#counters = new CounterWatch(broker, this.#uplinks.status, this.#logger);
    this.#state.uplinks = this.#uplinks.status;
    if (bridges !== null)
      onceKnown(security, () => this.#startBridges(broker, bridges.startBridges), this.#fail);
    this.#state.listeners = this.#network.tallies;
    this.#figures = new Figures(this.#metrics, this.#state, this.#clock);
    this.#state.addresses = this.#listening();
    this.#network.onOpened = () => {
      this.#state.addresses = this.#listening();
    };
    this.#http?.begin();
    this.#state.hinder();
    this.#maintain();
    this.#watchMemory();
    this.#watch();
    this.#updates =
      updates?.startUpdates({
        env: this.#surroundings.env,
        version: this.#surroundings.version,
        state: this.#state,
        broker,
        clock: this.#clock,
        logger: this.#logger,
        restart: this.#restart,
      }) ?? null;
    this.#announcer = new LateAnnouncement({
      ...{ settings: this.#settings, version: this.#surroundings.version, addresses: () => this.addresses },
      ...{ clock: this.#clock, random: this.#random, logger: this.#logger },
    });
  }

  reload(): ReloadOutcome {
    const reload = () => {
      let outcome: Omit<ReloadOutcome, "unused">;
      try {
        outcome = this.#inForce.reload({ broker: this.#state.broker, uplinks: this.#uplinks });
        const { live, restart } = outcome;
        this.#audit.noteOwn("config.read", "configuration", changesText(live, restart));
      } catch (error) {
        this.#audit.noteOwn("config.read", "configuration", "it can't be taken; nothing was changed", false);
        throw error;
      } finally {
        this.#security?.reload();
      }
      return { ...outcome, unused: this.#security?.unused ?? [] };
    };
    return this.#watchdog === null ? reload() : this.#watchdog.reloading(reload);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#updates?.stop();
    this.#watchdog?.stop();
    this.#announcer?.stop();
    this.#security?.stop();
    this.#state.hinder("stopping");
    this.#maintenance?.cancel();
    this.#memory?.stop();
    this.#figures?.stop();
    this.#httpRetry?.cancel();
    this.#counters?.stop();
    this.#kafka?.stopAccepting();
    const graceMs = this.#settings["shutdown.timeout.ms"];
    await Promise.all([this.#uplinks?.stop(graceMs), this.#bridges?.stop(graceMs)]);
    await this.#mqtt?.close();
    this.#devices?.stop();
    this.#losses?.close();
    this.#lineages?.close();
    this.#gaps?.close();
    this.#kafka?.close();
    this.#coordinators?.close();
    await this.#http?.stop();
    this.#audit.close();
    this.#gatewayClock?.stop();
    await this.#store?.close();
  }

  /** Closes what a failed start has opened, so that whoever started it can go on. */
  async abandon(): Promise<void> {
    await this.stop().catch((error: unknown) =>
      this.#logger.warn("a failed start left something open", { error }),
    );
  }

  async #openBroker(): Promise<{
    broker: Broker;
    lineages: Lineages | null;
    ledger: GapLedger;
    losses: Losses;
  }> {
    const { data } = this.#settings;
    const disk = await this.#openDisk(data);
    const damage = new DamageNotes();
    const store = await LogStore.open({
      disk,
      clock: this.#clock,
      random: this.#random,
      folder: data,
      limits: logLimits(this.#settings),
      report: logReport(this.#logger, this.#metrics, damage.note),
      // Deliberate bugs, for tests of the tests.
      bugs: parseLogBugs(this.#surroundings.env.HEADWATER_TEST_BUG ?? ""),
    });
    this.#store = store;
    store.onFatal((error) => {
      this.#state.fail(error.message);
      this.#fail(error);
    });
    const { clusterId, nodeId } = openIdentity(disk, data, this.#random);
    const broker = new Broker({
      store,
      clock: this.#clock,
      random: this.#random,
      logger: this.#logger,
      nodeId,
      clusterId,
      topicDefaults: topicDefaults(this.#settings),
      autoCreateTopics: this.#settings["auto.create.topics.enable"],
      defaultPartitions: this.#settings["num.partitions"],
      maxPartitions: this.#settings["max.partitions"],
      producerIdExpirationMs: this.#settings["producer.id.expiration.ms"],
    });
    this.#state.broker = broker;
    this.#audit.open(broker);
    // Before anybody appends, the ledger too, which keeps promises of before the start.
    const lineages = this.#settings.uplinks.length === 0 ? null : this.#openLineages(broker);
    this.#lineages = lineages;
    const gatewayClock = new GatewayClock({
      settings: this.#settings,
      broker,
      clock: this.#clock,
      machine: this.#surroundings.machine ?? new SystemMachineTime(),
      builtMs: this.#surroundings.builtMs ?? EARLIEST_BUILD_MS,
      logger: this.#logger,
    });
    this.#gatewayClock = gatewayClock;
    this.#state.clock = () => gatewayClock.status;
    const gaps = new GapLedger(broker, this.#logger);
    this.#gaps = gaps;
    const losses = new Losses(broker, gaps);
    // Until the uplinks are there nobody knows what was carried.
    losses.ready = false;
    this.#losses = losses;
    damage.tellTo((log, fromOffset, toOffset) => losses.damaged(log, fromOffset, toOffset));
    this.#state.ledger = gaps;
    return { broker, lineages, ledger: gaps, losses };
  }

  #openLineages(broker: Broker): Lineages | null {
    try {
      return new Lineages(broker, this.#random);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#logger.error("the histories of logs can't be kept: older copies of them may not be told apart", {
        error,
      });
      return null;
    }
  }

  async #openDisk(data: string): Promise<Disk> {
    const choice = await openGatewayDisk(this.#settings, this.#logger);
    this.#state.dataDisk = choice.disk;
    this.#state.disk = `${choice.disk.kind}, ${choice.fileSystem}`;
    this.#logger.info("data folder", {
      folder: data,
      disk: choice.disk.kind,
      fileSystem: choice.fileSystem,
      reason: choice.reason,
    });
    return choice.disk;
  }

  #openKafka(broker: Broker, coordinators: Coordinators): void {
    const places = kafkaPlaces(this.#settings);
    if (places.length === 0) return;
    const counters = newKafkaCounters();
    const fetchSessions = new FetchSessions(this.#clock, this.#random);
    const { security } = this.#openSecurity();
    const parts = {
      settings: this.#settings,
      services: { broker, coordinators, fetchSessions, counters, audit: this.#audit.notes },
      security,
      clock: this.#clock,
      logger: this.#logger,
    };
    const auth = this.#settings["kafka.tls.client.auth"];
    const door = new LateKafkaDoor({
      network: this.#network,
      places,
      maxConnections: this.#settings["max.connections"],
      maxQueuedBytes: this.#settings["kafka.max.queued.bytes"],
      security,
      clientCertificate: auth === "requested" ? "optional" : auth,
      logger: this.#logger,
      open: async () => {
        const tokens = this.#settings["kafka.sasl.mechanisms"].includes("OAUTHBEARER")
          ? (await import("./bearer-tokens.ts")).openBearerTokens(this.#settings, this.#clock, this.#logger)
          : null;
        const sasl = new Sasl({ security, clock: this.#clock, random: this.#random, tokens });
        return (await import("./kafka-door.ts")).openKafkaDoor({ ...parts, sasl });
      },
    });
    this.#kafka = door;
    this.#state.kafka = {
      connections: () => door.connectionCount,
      clients: (limit) => door.connections(limit),
      certificateExpiresAtMs: () => door.certificateExpiresAtMs,
      counters,
    };
    this.#state.fetchSessions = fetchSessions;
  }

  /** Users, rules and certificates, which the doors share. */
  #openSecurity(): WatchedSecurity {
    this.#security ??= new WatchedSecurity(this.#settings, this.#clock, this.#logger, this.#audit.noteUsers);
    return this.#security;
  }

  #openMqtt(broker: Broker): void {
    const places = mqttPlaces(this.#settings);
    if (places === null || this.#stopping) return;
    const { security } = this.#openSecurity();
    const followers = new Followers(brokerSource(broker), this.#clock);
    this.#followers = followers;
    this.#mqtt = startMqttDoor({
      network: this.#network,
      clock: this.#clock,
      random: this.#random,
      ingest: broker.ingest,
      retained: new RetainedTopic(broker),
      stateLog: new PartitionStateLog(broker, this.#clock),
      recordSearch: new BrokerRecordSearch(broker),
      ...(this.#gaps === null ? {} : { gaps: this.#gaps }),
      program: {
        version: `headwater version ${this.#surroundings.version}`,
        heapBytes: lastKnown(() => process.memoryUsage().heapUsed),
      },
      ...places,
      clientCertificate: this.#settings["mqtt.tls.client.auth"],
      security,
      audit: this.#audit.notes,
      routes: withSchemas(this.#settings.mqttRoutes),
      followers,
      onSender: (topic, key, clientId, address) => this.#devices?.sender(topic, key, clientId, address),
      downlinks: { settings: this.#settings.mqttDownlinks },
      limits: mqttLimits(this.#settings),
      log: this.#logger,
    });
    this.#state.mqtt = this.#mqtt;
    if (this.#maintenance !== null) this.#state.addresses = this.#listening();
  }

  #startBridges(broker: Broker, startBridges: typeof StartBridges): void {
    if (this.#mqtt === null || this.#followers === null) return;
    this.#bridges = startBridges({
      settings: this.#settings,
      broker,
      door: this.#mqtt.inside,
      followers: this.#followers,
      gaps: this.#gaps ?? NO_GAP_NOTES,
      clock: this.#clock,
      random: this.#random,
      logger: this.#logger,
      bugs: this.#surroundings.env.HEADWATER_TEST_BRIDGE_BUG ?? "",
    });
    this.#state.bridges = this.#bridges.status;
  }

  /** First of all, so that a probe sees a start that takes long. */
  #openHttp(): void {
    if (this.#settings["http.listen"] === "off" && this.#settings["http.tls.listen"] === "off") return;
    try {
      this.#http = this.#newHttp();
      this.#httpFault = null;
    } catch (error) {
      if (!mayPass(error)) throw error;
      if (this.#httpFault === null)
        this.#logger.error("a door can't be opened; it is tried again", { error });
      this.#httpFault = error;
      this.#httpRetry = this.#clock.after(DOOR_RETRY_MS, () => this.#openHttpLate());
    }
  }

  /** Tells of what has started by then. */
  #openHttpLate(): void {
    this.#openHttp();
    if (this.#http === null || this.#maintenance === null) return;
    this.#http.begin();
    this.#state.addresses = this.#listening();
    this.#logger.info("the HTTP door is open after all");
  }

  #newHttp(): GatewayHttp {
    const http = new GatewayHttp({
      settings: this.#settings,
      inForce: this.#inForce,
      reload: () => this.reload(),
      state: this.#state,
      clock: this.#clock,
      random: this.#random,
      metrics: this.#metrics.registry,
      logger: this.#logger,
      audit: this.#audit.notes,
      security: () => this.#security?.security ?? null,
      uplinks: () => this.#uplinks,
    });
    this.#state.httpCertificateExpiresAtMs = () => http.certificateExpiresAtMs;
    http.onTlsOpened = () => {
      this.#state.addresses = this.#listening();
    };
    this.#state.http = http;
    return http;
  }

  #listening() {
    const doors = { kafka: this.#kafka?.places ?? [], mqtt: this.#mqtt, http: this.#http };
    return openAddresses(doors, (host, port) => this.#network.isWaiting(host, port));
  }

  #watch(): void {
    const { supervisor, env } = this.#surroundings;
    if (supervisor === null || supervisor === undefined) return;
    this.#watchdog = new Watchdog({
      supervisor,
      clock: this.#clock,
      logger: this.#logger,
      queues: new SystemAcceptQueues(),
      addresses: this.#state.addresses,
      committingSinceMs: () => this.#store?.status().unfinishedSinceMs ?? null,
      hindrances: () => this.#state.hindrances(),
      bugs: env.HEADWATER_TEST_WATCHDOG_BUG ?? "",
    });
    this.#watchdog.start();
  }

  /** Last of what shrinks is the collector: what the others let go of is its. */
  #watchMemory(): void {
    const lowPercent = this.#settings["memory.low.percent"];
    if (lowPercent === 0) return;
    this.#memory = new MemoryWatch({
      source: this.#surroundings.memory ?? new SystemMemory(),
      clock: this.#clock,
      logger: this.#logger,
      lowPercent,
      shrinks: [
        () => this.#store?.shrink(),
        () => this.#mqtt?.shrink(),
        () => this.#uplinks?.shrink(),
        () => Bun.gc(true),
      ],
      residentBytes: () => process.memoryUsage().rss,
      bug: this.#surroundings.env.HEADWATER_TEST_MEMORY_BUG ?? "",
    });
    this.#state.memory = this.#memory;
    this.#memory.start();
  }

  #maintain(): void {
    this.#maintenance = this.#clock.after(MAINTAIN_MS, async () => {
      await this.#store?.maintain(this.#clock.nowMs());
      if (!this.#stopping) this.#maintain();
    });
  }
}

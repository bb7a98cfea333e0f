import { HeadwaterError, hasCode } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { DeviceTable } from "../broker/devices/device-table.ts";
import { Turns } from "../broker/views/turns.ts";
import type { ReloadOutcome } from "../cli/world.ts";
import { formatAddress } from "../config/address.ts";
import type { Settings } from "../config/options.ts";
import { settingRows } from "../config/setting-rows.ts";
import { DeviceWaits } from "../http/device-waits.ts";
import type { DevicesSource } from "../http/devices.ts";
import { HttpDoor, type HttpDoorOptions } from "../http/door.ts";
import { RateHistory, type Traffic } from "../http/history/rate-history.ts";
import type { Decoders } from "../http/record-lines.ts";
import { DeviceRecords } from "../http/records.ts";
import type { Gateway } from "../http/rest/gateway.ts";
import { Idempotency } from "../http/rest/idempotency.ts";
import { Access } from "../http/session/access.ts";
import { HttpTally } from "../http/tally.ts";
import type { Clock } from "../io/clock.ts";
import type { Random } from "../io/random.ts";
import type { Registry } from "../metrics/registry.ts";
import type { MqttDoor } from "../mqtt/listener.ts";
import type { AuditNotes } from "../security/audit/audit-event.ts";
import type { Security } from "../security/security.ts";
import { Backups } from "./backup.ts";
import { controlSource } from "./controls.ts";
import { carriedBy, deviceTopics } from "./device-registry.ts";
import { httpUsers } from "./http-users.ts";
import { DOOR_RETRY_MS } from "./patient-network.ts";
import { payloadDecoders } from "./payload-decoders.ts";
import type { SettingsInForce } from "./reload.ts";
import type { GatewayState } from "./status.ts";
import type { Uplinks } from "./uplinks.ts";

export interface HttpParts {
  readonly settings: Settings;
  /** The settings of now, and where each is from. */
  readonly inForce: SettingsInForce;
  /** Reads the configuration again. */
  readonly reload: () => ReloadOutcome;
  readonly state: GatewayState;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Registry;
  readonly logger: Logger;
  readonly audit: AuditNotes;
  /** What starts later than the door; null before. */
  readonly security: () => Security | null;
  readonly uplinks: () => Uplinks | null;
}

type DoorCommon = Omit<HttpDoorOptions, "host" | "port" | "tls">;

/** The HTTP door of a gateway, and what it answers from as that starts. */
export class GatewayHttp {
  /** Null where it is off. */
  readonly plain: HttpDoor | null;
  #tls: HttpDoor | null = null;
  /** Why the one with TLS is closed that should be open. */
  #tlsFault: HeadwaterError | null = null;
  #stopped = false;
  /** Called when the door with TLS was opened after all. */
  onTlsOpened: () => void = () => {};
  readonly #parts: HttpParts;
  readonly #decoders: Decoders;
  readonly tally = new HttpTally();
  #records: DeviceRecords | null = null;
  #waits: DeviceWaits | null = null;
  #rates: RateHistory | null = null;
  #gateway: Gateway | null = null;
  #certificateExpiresAtMs: number | null = null;

  /** Listens from now on; with TLS once there is a certificate that can be used. Throws PORT_TAKEN, NETWORK. */
  constructor(parts: HttpParts) {
    this.#parts = parts;
    this.#decoders = payloadDecoders(() => parts.clock.nowMs());
    const { settings, state, clock, random, metrics, logger } = parts;
    const access = new Access({
      clock,
      random,
      security: parts.security,
      roles: settings["security.roles"],
      control: settings["http.control"],
      records: settings["http.records"],
      audit: parts.audit,
      plainLogin: settings["http.login.plain"],
      sessions: { idleMs: settings["http.session.idle.ms"], maxMs: settings["http.session.max.ms"] },
    });
    const common = {
      names: settings["http.hosts"],
      source: state,
      access,
      controls: () => controlSource(parts.uplinks(), state.mqtt),
      records: () => this.#deviceRecords(),
      devices: () => this.#devicesSource(),
      gateway: () => this.#gateway,
      tally: this.tally,
      metrics,
      logger,
    };
    const listen = settings["http.listen"];
    this.plain = listen === "off" ? null : new HttpDoor({ ...common, ...listen });
    try {
      this.#openTls(common);
    } catch (error) {
      void this.plain?.stop(true);
      throw error;
    }
  }

  get tls(): HttpDoor | null {
    return this.#tls;
  }

  /** Why the door with TLS is closed that should be open, in words; null where it is not. */
  get tlsFault(): string | null {
    return this.#tlsFault?.message ?? null;
  }

  /** A certificate that can't be used leaves it closed until there is another; throws PORT_TAKEN, NETWORK. */
  #openTls(common: DoorCommon): void {
    const security = this.#parts.security();
    if (this.#parts.settings["http.tls.listen"] === "off" || security === null) return;
    let { certificates } = security;
    this.#tryTls(common, security);
    security.onChanged(() => {
      if (this.#stopped || security.certificates === certificates) return;
      certificates = security.certificates;
      if (this.#tls === null) this.#tryTlsLate(common, security);
      else if (this.#tls.renew()) this.#certificateExpiresAtMs = security.certificateExpiresAtMs;
    });
  }

  #tryTls(common: DoorCommon, security: Security): void {
    const listen = this.#parts.settings["http.tls.listen"];
    if (listen === "off") return;
    try {
      if (security.tlsServer("none", []).certificate === "") {
        const why = `http.tls.listen = ${formatAddress(listen)}: closed until there is a certificate`;
        throw new HeadwaterError("CONFIG_INVALID", why);
      }
      this.#tls = new HttpDoor({ ...common, ...listen, tls: () => security.tlsServer("none", []) });
      this.#certificateExpiresAtMs = security.certificateExpiresAtMs;
      this.#tlsFault = null;
    } catch (error) {
      if (!hasCode(error, "CONFIG_INVALID")) throw error;
      this.#tlsFault = error;
      this.#parts.logger.error("a door can't be opened; it is once its certificate is mended", { error });
    }
  }

  /** Somebody else may have its port by now. */
  #tryTlsLate(common: DoorCommon, security: Security): void {
    if (this.#stopped || this.#tls !== null) return;
    try {
      this.#tryTls(common, security);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#tlsFault = error;
      this.#parts.clock.after(DOOR_RETRY_MS, () => this.#tryTlsLate(common, security));
    }
    if (this.#tls !== null) this.onTlsOpened();
  }

  /** Requests and live streams that are being answered, by listener. */
  get answering(): { readonly http: number; readonly "http.tls": number } {
    const of = (door: HttpDoor | null) => (door?.pendingRequests ?? 0) + (door?.liveSockets ?? 0);
    return { http: of(this.plain), "http.tls": of(this.tls) };
  }

  /** When the certificate expires that is served with, as wall time; null without TLS. */
  get certificateExpiresAtMs(): number | null {
    return this.#certificateExpiresAtMs;
  }

  /** Everything has started: from now on it is told of, and rates are measured. */
  begin(): void {
    const { state, settings, inForce, reload, random } = this.#parts;
    const { broker, coordinators } = state;
    if (broker === null || coordinators === null || state.dataDisk === null) return;
    const backups = new Backups({
      ...{ disk: state.dataDisk, store: broker.store, clock: broker.clock, version: state.version },
      gatewayId: settings["gateway.id"],
    });
    const rates = new RateHistory(broker, () => trafficOf(state));
    this.#rates = rates;
    rates.start();
    this.#gateway = {
      ...{ broker, coordinators, rates, status: state, devices: state.devices },
      turns: new Turns(broker.clock),
      idempotency: new Idempotency(broker),
      tally: this.tally,
      mqttDeadLetterTopics: deadLetterTopics(settings),
      random,
      connections: {
        kafka: (limit) => state.kafka?.clients(limit) ?? [],
        httpRequests: () => (this.plain?.pendingRequests ?? 0) + (this.tls?.pendingRequests ?? 0),
      },
      decoders: this.#decoders,
      users: httpUsers(settings, this.#parts.security),
      config: {
        list: () => settingRows(inForce.settings, inForce.sources),
        check: (text) => inForce.check(text),
        write: (text) => inForce.write(text),
        reload,
      },
      backup: () => backups.tar(),
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#rates?.stop();
    await Promise.all([this.plain?.stop(true), this.tls?.stop(true)]);
  }

  /** Null until there is a registry. */
  #devicesSource(): DevicesSource | null {
    const { state, settings, clock, uplinks } = this.#parts;
    const table: DeviceTable | null = state.devices;
    if (table === null) return null;
    const topics = uplinks()?.topics() ?? [];
    if (state.broker !== null) this.#waits ??= new DeviceWaits(state.broker);
    return {
      waits: this.#waits,
      topics: deviceTopics(settings),
      table,
      clock,
      addressOf: (clientId) => mqttDoor(state)?.inside.addressOf(clientId) ?? null,
      carried: (topic, partition, lastOffset) => carriedBy(topics, topic, partition, lastOffset),
    };
  }

  /** Null until the logs are open. */
  #deviceRecords(): DeviceRecords | null {
    const { broker } = this.#parts.state;
    if (broker !== null) this.#records ??= new DeviceRecords(broker, this.#decoders, this.tally);
    return this.#records;
  }
}

function mqttDoor({ mqtt }: GatewayState): MqttDoor | null {
  return mqtt;
}

function trafficOf(state: GatewayState): Traffic {
  const mqtt = state.mqtt?.stats();
  const kafka = state.kafka?.counters;
  return {
    bytesIn: (mqtt?.publishBytesReceived ?? 0) + (kafka?.bytesIn ?? 0),
    bytesOut: (mqtt?.publishBytesSent ?? 0) + (kafka?.bytesOut ?? 0),
    uplinks: state.uplinks().map(({ name, lagRecords, flow, link }) => ({
      ...{ name, lagRecords, lagBytes: flow.lagBytes, sentBytes: link.sentBytes },
    })),
  };
}

function deadLetterTopics({ mqttRoutes, mqttDownlinks }: Settings): readonly string[] {
  return [...new Set([...mqttRoutes, ...mqttDownlinks].map(({ deadLetterTopic }) => deadLetterTopic))];
}

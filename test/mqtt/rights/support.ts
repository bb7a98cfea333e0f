import type { IConnectPacket, Packet } from "mqtt-packet";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import type { MqttLimits } from "../../../src/mqtt/limits.ts";
import { type MqttDoor, startMqttDoor } from "../../../src/mqtt/listener.ts";
import { DEFAULT_ROUTES, type RouteConfig } from "../../../src/mqtt/routes.ts";
import type { ProgramFigures } from "../../../src/mqtt/sys/figures.ts";
import type { AuditNotes } from "../../../src/security/audit/audit-event.ts";
import type { SecurityOptions } from "../../../src/security/security.ts";
import { SecurityRig } from "../../security/support.ts";
import { Device } from "../support/broker-rig.ts";
import { FakeIngest } from "../support/fake-ingest.ts";
import { type Dialler, FakeNetwork } from "../support/fake-network.ts";
import { FakeRetained } from "../support/fake-retained.ts";
import type { FakeStateLog } from "../support/fake-state-log.ts";
import { type LogLine, recorder } from "../support/rig.ts";

export interface GuardedOptions {
  readonly files?: Readonly<Record<string, string>>;
  readonly security?: Partial<SecurityOptions>;
  readonly limits?: Partial<MqttLimits>;
  readonly routes?: readonly RouteConfig[];
  readonly retained?: FakeRetained;
  /** Where given, there are figures under `$SYS`. */
  readonly program?: ProgramFigures;
  /** Where given, sessions may outlive their connections. */
  readonly stateLog?: FakeStateLog;
  readonly audit?: AuditNotes;
}

/** A door with users and rules, on a network, a log and a clock in memory. */
export class GuardedRig {
  readonly clock = new ManualClock();
  readonly guard: SecurityRig;
  readonly network = new FakeNetwork();
  readonly ingest = new FakeIngest();
  readonly retained: FakeRetained;
  readonly lines: LogLine[] = [];
  readonly door: MqttDoor;
  readonly #stateLog: FakeStateLog | null;

  constructor(options: GuardedOptions = {}) {
    const { files, security, limits, routes, retained, stateLog, program, audit } = options;
    this.guard = new SecurityRig(files, security, this.clock);
    this.retained = retained ?? new FakeRetained();
    this.#stateLog = stateLog ?? null;
    this.door = startMqttDoor({
      network: this.network,
      clock: this.clock,
      random: new SeededRandom(1),
      ingest: this.ingest,
      retained: this.retained,
      host: "127.0.0.1",
      port: 0,
      routes: routes ?? DEFAULT_ROUTES,
      security: this.guard.security,
      ...(stateLog === undefined ? {} : { stateLog }),
      ...(limits === undefined ? {} : { limits }),
      ...(program === undefined ? {} : { program }),
      ...(audit === undefined ? {} : { audit }),
      log: recorder(this.lines),
    });
  }

  /** Somebody who has sent nothing yet. */
  dial(version: 4 | 5, from: Partial<Dialler> = {}): Device {
    const connection = this.network.dial(0, from);
    if (connection === null) throw new Error("the connection was refused");
    return new Device(connection, version);
  }

  /** Somebody who has connected, up to the answer: 0, or the code that refused him. */
  async connect(
    version: 4 | 5,
    clientId: string,
    more: Partial<IConnectPacket> = {},
    from: Partial<Dialler> = {},
  ): Promise<{ readonly device: Device; readonly code: number | null }> {
    const device = this.dial(version, from);
    device.send(connectPacket(version, clientId, more));
    await this.finishLogins();
    return { device, code: connackCode(device.take()) };
  }

  /** Somebody who got in as this user, whose password is his name; null for nobody. */
  async user(name: string | null, version: 4 | 5 = 5, clientId = name ?? "nobody"): Promise<Device> {
    const { device, code } = await this.connect(version, clientId, name === null ? {} : login(name));
    if (code !== 0) throw new Error(`${name}: ${code}`);
    return device;
  }

  /** Has passwords checked, and late answers given. */
  async finishLogins(): Promise<void> {
    await this.guard.passwords.finishAll();
    this.clock.advance(1_000);
    this.settle();
    // Before it ends or takes over what is there, a CONNECT waits for the log once more.
    this.settle();
  }

  /** Ends a commit round and the turn. */
  settle(): void {
    this.clock.settle();
    this.retained.settle();
    this.#stateLog?.settle();
    this.ingest.settle();
    this.clock.settle();
    this.retained.settle();
    this.clock.settle();
  }

  /** Topic and payload of what was appended. */
  get appended(): readonly string[] {
    return this.ingest.records.map(({ headers, text }) => `${new Map(headers).get("mqtt.topic")} ${text}`);
  }
}

export function login(name: string, password = name): Partial<IConnectPacket> {
  return { username: name, password: Buffer.from(password) };
}

export function connectPacket(
  version: 4 | 5,
  clientId: string,
  more: Partial<IConnectPacket> = {},
): IConnectPacket {
  return {
    cmd: "connect",
    clientId,
    protocolId: "MQTT",
    protocolVersion: version,
    clean: true,
    keepalive: 0,
    ...more,
  };
}

/** What a CONNACK among these says; null where there is none. */
export function connackCode(packets: readonly Packet[]): number | null {
  const connack = packets.find((packet) => packet.cmd === "connack");
  return connack?.cmd === "connack" ? Number(connack.reasonCode ?? connack.returnCode) : null;
}

/** What a DISCONNECT among these says; null where there is none. */
export function disconnectCode(packets: readonly Packet[]): number | null {
  const disconnect = packets.find((packet) => packet.cmd === "disconnect");
  return disconnect?.cmd === "disconnect" ? Number(disconnect.reasonCode) : null;
}

import { expect } from "bun:test";
import type { LogFields, Logger } from "../../../src/base/logger.ts";
import type { Gap } from "../../../src/broker/gap-ledger.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import type { MqttLimits } from "../../../src/mqtt/limits.ts";
import { type MqttDoor, startMqttDoor } from "../../../src/mqtt/listener.ts";
import { DEFAULT_ROUTES, type RouteConfig } from "../../../src/mqtt/routes.ts";
import type { ProgramFigures } from "../../../src/mqtt/sys/figures.ts";
import { FakeIngest } from "./fake-ingest.ts";
import { type FakeConnection, FakeNetwork } from "./fake-network.ts";
import { FakeRetained } from "./fake-retained.ts";
import type { FakeStateLog } from "./fake-state-log.ts";

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** A door on a network, a log and a clock in memory. It listens for TCP, and for WebSocket. */
export class Rig {
  readonly network = new FakeNetwork();
  readonly clock: ManualClock;
  readonly ingest = new FakeIngest();
  readonly retained: FakeRetained;
  /** Null where no session outlives its connection. */
  readonly stateLog: FakeStateLog | null;
  /** What was noted as lost. */
  readonly gaps: Gap[] = [];
  readonly lines: LogLine[] = [];
  readonly door: MqttDoor;

  constructor(
    limits: Partial<MqttLimits> = {},
    routes: readonly RouteConfig[] = DEFAULT_ROUTES,
    retained = new FakeRetained(),
    program: ProgramFigures | null = null,
    stateLog: FakeStateLog | null = null,
    wallMs?: number,
  ) {
    this.retained = retained;
    this.stateLog = stateLog;
    this.clock = new ManualClock(wallMs);
    this.door = startMqttDoor({
      network: this.network,
      clock: this.clock,
      random: new SeededRandom(1),
      ingest: this.ingest,
      retained,
      ...(program === null ? {} : { program }),
      ...(stateLog === null ? {} : { stateLog }),
      gaps: { note: (gap) => void this.gaps.push(gap) },
      host: "127.0.0.1",
      port: 0,
      webSocket: { host: "127.0.0.1", port: 0 },
      routes,
      limits,
      log: recorder(this.lines),
    });
  }

  /** A device that has sent nothing yet. */
  dial(): FakeConnection {
    const connection = this.network.dial();
    if (connection === null) throw new Error("the connection was refused");
    return connection;
  }

  /** The same to the listener for WebSocket. */
  dialWebSocket(): FakeConnection {
    const connection = this.network.dial(1);
    if (connection === null) throw new Error("the connection was refused");
    return connection;
  }

  /** A device whose CONNECT was accepted; the CONNACK is taken. */
  connect(version: 4 | 5, clientId: string, more: ConnectMore = {}): FakeConnection {
    const connection = this.dial();
    connection.feed(connectPacket(version, clientId, more));
    const answer = connection.take();
    expect(answer[0]).toBe(0x20);
    expect(answer[3]).toBe(0);
    return connection;
  }

  /** Ends a commit round and the turn, and the round of what is retained then. */
  settle(): void {
    // What the turn has gathered comes before the round.
    this.clock.settle();
    this.retained.settle();
    this.stateLog?.settle();
    this.ingest.settle();
    this.clock.settle();
    this.retained.settle();
    this.clock.settle();
  }
}

export function recorder(lines: LogLine[]): Logger {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      lines.push({ level, message, fields });
    };
  const logger: Logger = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => logger,
  };
  return logger;
}

/** Bytes of hex; spaces and line breaks are for the reader. */
export function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replace(/\s/g, ""));
}

export function toHex(bytes: Uint8Array): string {
  return bytes.toHex().replace(/../g, "$& ").trim();
}

export interface ConnectMore {
  readonly clean?: boolean;
  readonly keepAliveSec?: number;
  /** Properties of MQTT 5 in hex, without their length. */
  readonly properties?: string;
  readonly will?: {
    readonly topic: string;
    readonly payload: string;
    readonly qos?: number;
    readonly retain?: boolean;
    readonly properties?: string;
  };
}

export function connectPacket(version: 4 | 5, clientId: string, more: ConnectMore = {}): Uint8Array {
  const { will } = more;
  let flags = more.clean === false ? 0 : 2;
  if (will !== undefined) flags |= 4 | ((will.qos ?? 0) << 3) | (will.retain === true ? 0x20 : 0);
  const body = [text("MQTT"), [version, flags], u16(more.keepAliveSec ?? 0)];
  if (version === 5) body.push(properties(more.properties));
  body.push(text(clientId));
  if (will !== undefined) {
    if (version === 5) body.push(properties(will.properties));
    body.push(text(will.topic), text(will.payload));
  }
  return packet(0x10, ...body);
}

export interface PublishMore {
  readonly version?: 4 | 5;
  readonly retain?: boolean;
  readonly duplicate?: boolean;
  /** Properties of MQTT 5 in hex, without their length. */
  readonly properties?: string;
}

export function publishPacket(
  topic: string,
  payload: string | Uint8Array,
  qos = 0,
  packetId = 1,
  more: PublishMore = {},
): Uint8Array {
  const first = 0x30 | (more.duplicate === true ? 8 : 0) | (qos << 1) | (more.retain === true ? 1 : 0);
  const body = [text(topic)];
  if (qos > 0) body.push(u16(packetId));
  if (more.version === 5) body.push(properties(more.properties));
  body.push(typeof payload === "string" ? [...Buffer.from(payload)] : [...payload]);
  return packet(first, ...body);
}

export function subscribePacket(
  version: 4 | 5,
  packetId: number,
  filters: readonly (readonly [string, number])[],
  subscriptionProperties = "",
): Uint8Array {
  const body = [u16(packetId)];
  if (version === 5) body.push(properties(subscriptionProperties));
  for (const [filter, options] of filters) body.push(text(filter), [options]);
  return packet(0x82, ...body);
}

export function unsubscribePacket(version: 4 | 5, packetId: number, filters: readonly string[]): Uint8Array {
  const body = [u16(packetId)];
  if (version === 5) body.push(properties(""));
  for (const filter of filters) body.push(text(filter));
  return packet(0xa2, ...body);
}

/** PUBACK 4, PUBREC 5, PUBREL 6 or PUBCOMP 7. */
export function ackPacket(type: number, packetId: number): Uint8Array {
  return packet((type << 4) | (type === 6 ? 2 : 0), u16(packetId));
}

export function packet(first: number, ...parts: (readonly number[])[]): Uint8Array {
  const body = parts.flat();
  return new Uint8Array([first, ...varint(body.length), ...body]);
}

export function text(value: string): number[] {
  const bytes = Buffer.from(value);
  return [...u16(bytes.length), ...bytes];
}

export function u16(value: number): number[] {
  return [value >> 8, value & 0xff];
}

function properties(inHex = ""): number[] {
  const bytes = [...hex(inHex)];
  return [...varint(bytes.length), ...bytes];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest >= 0x80 ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}

/** A field in hex: length and text. */
export function utf8(value: string): string {
  const bytes = Buffer.from(value);
  return bytes.length.toString(16).padStart(4, "0") + bytes.toString("hex");
}

/** The payloads of PUBLISHes in a stream of small packets. */
export function payloads(stream: Uint8Array, version: 4 | 5 = 4): string[] {
  const found: string[] = [];
  for (let at = 0; at < stream.length; ) {
    const first = stream[at] ?? 0;
    const length = stream[at + 1] ?? 0;
    expect(length).toBeLessThan(128);
    const end = at + 2 + length;
    if (first >> 4 === 3) {
      let start = at + 4 + (stream[at + 3] ?? 0);
      if ((first & 6) !== 0) start += 2;
      if (version === 5) start += 1 + (stream[start] ?? 0);
      found.push(Buffer.from(stream.subarray(start, end)).toString());
    }
    at = end;
  }
  return found;
}

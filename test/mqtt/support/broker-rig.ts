import { expect } from "bun:test";
import { generate, type IPublishPacket, type Packet, parser } from "mqtt-packet";
import { silentLogger } from "../../../src/base/logger.ts";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { brokerSource } from "../../../src/mqtt/history/broker-source.ts";
import { Followers, type FollowersLimits } from "../../../src/mqtt/history/followers.ts";
import { type MqttDoor, type MqttDoorOptions, startMqttDoor } from "../../../src/mqtt/listener.ts";
import { RetainedTopic } from "../../../src/mqtt/retained/storage.ts";
import { DEFAULT_ROUTES } from "../../../src/mqtt/routes.ts";
import { PartitionStateLog } from "../../../src/mqtt/sessions/durable/state-log.ts";
import { BatchBuilder, type BuildOptions, encodeHeaders } from "../../../src/records/builder.ts";
import { type OpenBroker, openBroker } from "../../broker/support.ts";
import { type FakeConnection, FakeNetwork } from "./fake-network.ts";

export interface BrokerRigOptions {
  readonly disk?: SimulatedDisk;
  readonly door?: Partial<MqttDoorOptions>;
  readonly following?: Partial<FollowersLimits>;
}

/** A record that a Kafka program writes. */
export interface Produced {
  readonly key?: string | null;
  readonly value?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timestampMs?: number;
}

/** An MQTT door on a broker with its logs, on a disk and a network in memory. */
export class BrokerRig {
  readonly open: OpenBroker;
  readonly followers: Followers;
  readonly door: MqttDoor;
  readonly warnings: string[] = [];
  readonly #network = new FakeNetwork();

  static async start(options: BrokerRigOptions = {}): Promise<BrokerRig> {
    const open = await openBroker(options.disk ?? new SimulatedDisk({ seed: 1 }));
    await open.clock.settleAll();
    return new BrokerRig(open, options);
  }

  private constructor(open: OpenBroker, options: BrokerRigOptions) {
    this.open = open;
    this.followers = new Followers(brokerSource(open.broker), open.clock, options.following);
    this.door = startMqttDoor({
      network: this.#network,
      clock: open.clock,
      random: new SeededRandom(1),
      ingest: open.broker.ingest,
      retained: new RetainedTopic(open.broker),
      stateLog: new PartitionStateLog(open.broker, open.clock),
      host: "127.0.0.1",
      port: 0,
      routes: DEFAULT_ROUTES,
      log: { ...silentLogger, warn: (message) => void this.warnings.push(message) },
      followers: this.followers,
      ...options.door,
    });
  }

  /** A device that has sent its CONNECT. */
  dial(clientId: string, protocolVersion: 4 | 5, more: ConnectMore = {}): Device {
    const connection = this.#network.dial();
    if (connection === null) throw new Error("the connection was refused");
    const device = new Device(connection, protocolVersion);
    device.send({ cmd: "connect", clientId, protocolId: "MQTT", protocolVersion, clean: true, ...more });
    return device;
  }

  /** A device whose CONNECT was accepted. */
  connect(clientId: string, protocolVersion: 4 | 5, more: ConnectMore = {}): Device {
    const device = this.dial(clientId, protocolVersion, more);
    let [connack] = device.take();
    if (connack === undefined) {
      // So many came in this turn that it waits for the next one.
      this.open.clock.settle();
      [connack] = device.take();
    }
    if (connack?.cmd !== "connack") throw new Error("no CONNACK");
    expect(connack.returnCode ?? connack.reasonCode).toBe(0);
    return device;
  }

  createTopic(name: string, partitionCount = 1, configs: Readonly<Record<string, string>> = {}): void {
    const spec = { name, partitionCount, configs: new Map(Object.entries(configs)) };
    const created = this.open.broker.createTopic(spec, () => {});
    expect("error" in created ? created.message : "").toBe("");
  }

  /** Appends one batch as a Kafka program would have it. */
  produce(topic: string, records: readonly Produced[], options: BuildOptions = {}, partition = 0): void {
    const { broker, clock } = this.open;
    const builder = new BatchBuilder();
    for (const { key = null, value = null, headers = {}, timestampMs = clock.nowMs() } of records) {
      const pairs = Object.entries(headers).map(([name, text]) => ({ key: name, value: Buffer.from(text) }));
      builder.append(timestampMs, bytesOf(key), bytesOf(value), encodeHeaders(pairs));
    }
    const bytes = builder.build(options);
    const result = broker
      .partition(topic, partition)
      ?.append(bytes, 0, bytes.length, clock.nowMs(), "broker");
    expect(result?.error).toBe(0);
  }

  /** Has the door look at what has settled. */
  settle(): void {
    // Whatever is appended ends a commit round, after which doors settle.
    this.open.broker.ingest.append({ topic: "tick", key: null, value: null, timestampMs: 0, headers: null });
  }

  /** Lets commit rounds end, doors settle and followers work until nothing moves. */
  async run(): Promise<void> {
    for (let round = 0; round < 4; round++) {
      await this.open.clock.settleAll();
      this.open.clock.advance(50);
    }
  }
}

function bytesOf(text: string | null): Uint8Array | null {
  return text === null ? null : Buffer.from(text);
}

export interface ConnectMore {
  readonly clean?: boolean;
  readonly properties?: {
    readonly receiveMaximum?: number;
    readonly sessionExpiryInterval?: number;
    readonly requestProblemInformation?: boolean;
    readonly maximumPacketSize?: number;
  };
}

/** A client that says and hears whole packets. What it gets it acknowledges where a test says so. */
export class Device {
  readonly connection: FakeConnection;
  readonly #version: 4 | 5;
  #kept: Packet[] = [];

  constructor(connection: FakeConnection, version: 4 | 5) {
    this.connection = connection;
    this.#version = version;
  }

  send(packet: Packet): void {
    this.connection.feed(generate(packet, { protocolVersion: this.#version }));
  }

  /** What has come since the last call. */
  take(): Packet[] {
    const packets = this.#kept;
    this.#kept = [];
    const stream = this.connection.take();
    // One by one: the parser looks for optional fields beyond a packet's end if there is more.
    for (let at = 0; at < stream.length; ) {
      let length = 0;
      let head = 1;
      for (let shift = 0; ; shift += 7) {
        const byte = stream[at + head++] ?? 0;
        length |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      const reader = parser({ protocolVersion: this.#version });
      reader.on("packet", (packet: Packet) => packets.push(packet));
      reader.parse(Buffer.from(stream.subarray(at, at + head + length)));
      at += head + length;
    }
    return packets;
  }

  /** The first packet of a kind among what has come; the others stay. */
  takeFirst<Kind extends Packet["cmd"]>(kind: Kind): Extract<Packet, { readonly cmd: Kind }> {
    const packets = this.take();
    const found = packets.find((packet) => packet.cmd === kind);
    if (found === undefined) throw new Error(`no ${kind} among ${packets.map(({ cmd }) => cmd)}`);
    this.#kept = packets.filter((packet) => packet !== found);
    return found as Extract<Packet, { readonly cmd: Kind }>;
  }

  /** The PUBLISHes among what has come. */
  published(): IPublishPacket[] {
    return this.take().filter((packet): packet is IPublishPacket => packet.cmd === "publish");
  }

  /** Their payloads, acknowledged as their QoS asks for. */
  receive(): string[] {
    const payloads: string[] = [];
    for (const packet of this.take()) {
      const { messageId } = packet;
      if (packet.cmd === "publish") {
        payloads.push(packet.payload.toString());
        if (packet.qos > 0 && messageId !== undefined) {
          this.send({ cmd: packet.qos === 1 ? "puback" : "pubrec", messageId, reasonCode: 0 });
        }
      } else if (packet.cmd === "pubrel" && messageId !== undefined) {
        this.send({ cmd: "pubcomp", messageId, reasonCode: 0 });
      }
    }
    return payloads;
  }

  /** Subscribes, and gives the codes of the SUBACK and its words. */
  subscribe(
    filter: string,
    qos: 0 | 1 | 2,
    more: { readonly rap?: boolean; readonly identifier?: number } = {},
  ) {
    const { rap = false, identifier } = more;
    const properties = identifier === undefined ? {} : { properties: { subscriptionIdentifier: identifier } };
    const subscription = { topic: filter, qos, nl: false, rap, rh: 0 };
    this.send({ cmd: "subscribe", messageId: 1, subscriptions: [subscription], ...properties });
    const suback = this.takeFirst("suback");
    return { codes: suback.granted.map(Number), reason: suback.properties?.reasonString ?? "" };
  }

  unsubscribe(filter: string): void {
    this.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: [filter] });
  }

  publish(topic: string, payload: string, qos: 0 | 1 | 2 = 0, messageId = 1, more: object = {}): void {
    this.send({ cmd: "publish", topic, payload, qos, messageId, retain: false, dup: false, ...more });
  }
}

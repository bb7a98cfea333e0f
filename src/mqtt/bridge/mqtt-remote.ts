import type { Duplex } from "node:stream";
import type { IClientOptions, IConnackPacket, IStream, MqttClient, StreamBuilder } from "mqtt";
import type { Clock } from "../../io/clock.ts";
import { AckView, readAck } from "../packets/acks.ts";
import { PacketType, type Refusal } from "../packets/codes.ts";
import { Framer, type PacketSink } from "../packets/framer.ts";
import { forwardedProperties, Properties } from "../packets/properties.ts";
import { PublishView, readPublish } from "../packets/publish.ts";
import { copyOf, decodeText, PacketReader } from "../packets/reader.ts";
import { PacketWriter } from "../packets/writer.ts";
import type {
  Remote,
  RemoteEvents,
  RemoteFacts,
  RemoteLink,
  RemoteMessage,
  RemoteSubscription,
} from "./remote.ts";
import type { BridgeSettings } from "./settings.ts";

/** What is read anew for every connection, so that files may be replaced meanwhile. Texts are PEM. */
export interface RemoteSecrets {
  readonly password: string | null;
  readonly authorities: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
}

/** The package is loaded with the first bridge: it takes 18 MB. */
let engine: typeof import("mqtt") | null = null;

function loadEngine(): typeof import("mqtt") {
  engine ??= require("mqtt") as typeof import("mqtt");
  return engine;
}

/** A 3.1.1 remote's answer to a protocol level that it does not know. */
const UNACCEPTABLE_PROTOCOL = 1;
/** Reasons of a CONNACK that pass by themselves: 3.1.1 3; MQTT 5 unavailable, busy, quota, another server, rate. */
const PASSING_REASONS: ReadonlySet<number> = new Set([3, 0x88, 0x89, 0x97, 0x9c, 0x9d, 0x9f]);
const SESSION_TAKEN_OVER = 0x8e;
/** How long a goodbye may take to leave. */
const GOODBYE_MS = 1_000;
const MAX_PROPERTIES = 128;
const DUPLICATE_FLAG = 0x08;

/**
 * Another broker, by the package `mqtt`: it finds, connects and encrypts, makes the handshake, keeps the connection
 * alive and subscribes. Messages and their acknowledgements are cut out of the stream before it: it would look at the
 * next packet only when the one before is on the disk, send one message after a reconnect only when the one before
 * is acknowledged, and hold whatever size a packet announces.
 */
export class MqttRemote implements Remote {
  readonly #settings: BridgeSettings;
  readonly #secrets: () => RemoteSecrets;
  readonly #clock: Clock;
  /** Whether to ask to be taken for a bridge: not again where the remote does not know that. */
  #asBridge: boolean;

  /** `secrets` is called for each connection; what it throws is why there is none. */
  constructor(settings: BridgeSettings, secrets: () => RemoteSecrets, clock: Clock) {
    this.#settings = settings;
    this.#secrets = secrets;
    this.#clock = clock;
    this.#asBridge = settings.version === 4 && settings.tryPrivate;
  }

  open(events: RemoteEvents, clean: boolean): RemoteLink {
    const asBridge = this.#asBridge;
    const unacceptable = (): void => {
      if (asBridge) this.#asBridge = false;
    };
    return new MqttLink(this.#settings, this.#secrets, this.#clock, events, clean, asBridge, unacceptable);
  }
}

class MqttLink implements RemoteLink, PacketSink {
  readonly #settings: BridgeSettings;
  readonly #clock: Clock;
  readonly #events: RemoteEvents;
  readonly #clean: boolean;
  readonly #asBridge: boolean;
  readonly #unacceptable: () => void;
  readonly #framer = new Framer();
  readonly #reader = new PacketReader();
  readonly #publish = new PublishView();
  readonly #ack = new AckView();
  readonly #properties = new Properties();
  readonly #writer = new PacketWriter();
  #client: MqttClient | null = null;
  #socket: IStream | null = null;
  #gate: Duplex | null = null;
  #state: "connecting" | "open" | "closed" = "connecting";
  /** Packets behind the CONNACK in its chunk, whole: they wait until it is understood. */
  #early: Uint8Array[] = [];
  #connackSeen = false;
  #paused = false;
  #reason: string | null = null;
  #refused = false;

  constructor(
    settings: BridgeSettings,
    secrets: () => RemoteSecrets,
    clock: Clock,
    events: RemoteEvents,
    clean: boolean,
    asBridge: boolean,
    unacceptable: () => void,
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#events = events;
    this.#clean = clean;
    this.#asBridge = asBridge;
    this.#unacceptable = unacceptable;
    try {
      this.#open(secrets());
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      clock.soon(() => this.#closed(reason, true));
    }
  }

  // What the bridge does.

  get queuedBytes(): number {
    return this.#socket?.writableLength ?? 0;
  }

  publish(message: RemoteMessage): void {
    if (this.#state !== "open") return;
    const writer = this.#writer;
    const { payload, properties, qos, retain, packetId, expirySec } = message;
    const outgoing = { topic: new TextEncoder().encode(message.topic), payload, properties };
    writer.clear();
    writer.publish(outgoing, this.#settings.version, qos, retain, packetId, expirySec, []);
    const bytes = writer.bytes();
    if (message.duplicate && qos > 0) bytes[0] = (bytes[0] ?? 0) | DUPLICATE_FLAG;
    this.#send(bytes);
  }

  acknowledge(kind: "puback" | "pubrec" | "pubrel" | "pubcomp", packetId: number): void {
    if (this.#state !== "open") return;
    this.#writer.clear();
    this.#writer.ack(ACK_TYPES[kind], packetId, 0, this.#settings.version);
    this.#send(this.#writer.bytes());
  }

  subscribe(subscriptions: readonly RemoteSubscription[]): void {
    // No-local, so that nothing comes back; flags as published; what is retained only with a new subscription.
    const asked = Object.fromEntries(
      subscriptions.map(({ filter, qos }) => [filter, { qos, nl: true, rap: true, rh: 1 as const }]),
    );
    this.#client?.subscribe(asked, (_error, _granted, packet) => {
      const granted = packet?.granted;
      if (this.#state === "open" && granted !== undefined) this.#events.subscribed(granted.map(Number));
    });
  }

  unsubscribe(filters: readonly string[]): void {
    this.#client?.unsubscribe([...filters]);
  }

  pause(): void {
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#state === "open") this.#socket?.resume();
  }

  close(): void {
    if (this.#state === "closed") return;
    const wasOpen = this.#state === "open";
    this.#state = "closed";
    const socket = this.#socket;
    this.#leave();
    if (socket === null) return;
    if (!wasOpen) {
      socket.destroy();
      return;
    }
    socket.resume();
    socket.end(Uint8Array.of(PacketType.DISCONNECT << 4, 0));
    this.#clock.after(GOODBYE_MS, () => socket.destroy());
  }

  // Packets, cut out of the stream.

  get listening(): boolean {
    return this.#state !== "closed";
  }

  announced(_firstByte: number, sizeBytes: number): Refusal | null {
    const { maxPacketBytes } = this.#settings.limits;
    if (sizeBytes <= maxPacketBytes) return null;
    return { reason: 0x95, what: `the remote sends a packet of ${sizeBytes} bytes, over ${maxPacketBytes}` };
  }

  packet(firstByte: number, bytes: Uint8Array, start: number, end: number): void {
    const type = firstByte >> 4;
    if (this.#state === "connecting" && this.#connackSeen) {
      this.#early.push(whole(firstByte, bytes, start, end));
      return;
    }
    switch (type) {
      case PacketType.PUBLISH:
      case PacketType.PUBACK:
      case PacketType.PUBREC:
      case PacketType.PUBREL:
      case PacketType.PUBCOMP:
        if (this.#state === "open") this.#ours(type, firstByte, bytes, start, end);
        else this.#give("the remote begins without a CONNACK");
        return;
      default:
        if (type === PacketType.CONNACK) {
          this.#connackSeen = true;
          this.#socket?.pause();
        }
        this.#gate?.push(whole(firstByte, bytes, start, end));
        return;
    }
  }

  #ours(type: number, firstByte: number, bytes: Uint8Array, start: number, end: number): void {
    const { version } = this.#settings;
    const reader = this.#reader;
    reader.reset(bytes, start, end);
    if (type === PacketType.PUBLISH) {
      if (readPublish(reader, firstByte & 0x0f, version, MAX_PROPERTIES, this.#publish)) this.#message();
      else this.#give(reader.fault?.what ?? "");
      return;
    }
    if (!readAck(reader, version, this.#properties, MAX_PROPERTIES, this.#ack)) {
      this.#give(reader.fault?.what ?? "");
      return;
    }
    const { packetId, reason } = this.#ack;
    if (type === PacketType.PUBREL) this.#events.released(packetId);
    else if (type === PacketType.PUBACK) this.#events.acknowledged("puback", packetId, reason);
    else if (type === PacketType.PUBREC) this.#events.acknowledged("pubrec", packetId, reason);
    else this.#events.acknowledged("pubcomp", packetId, reason);
  }

  #message(): void {
    const view = this.#publish;
    const { bytes, properties, qos, retain, duplicate, packetId } = view;
    const topic = decodeText(bytes.subarray(view.topicStart, view.topicEnd));
    // The bridge offers no aliases, so that there is always a topic.
    if (topic === null || topic === "" || properties.topicAlias > 0) {
      this.#give("a PUBLISH of the remote has no topic");
      return;
    }
    this.#events.message({
      topic,
      payload: copyOf(bytes, view.payloadStart, view.payloadEnd),
      properties: forwardedProperties(bytes, properties),
      expirySec: properties.messageExpirySec,
      qos,
      retain,
      duplicate,
      packetId,
    });
  }

  // The connection.

  #open(secrets: RemoteSecrets): void {
    const mqtt = loadEngine();
    const build: StreamBuilder = (client) => this.#stream(client, secrets);
    const client = new mqtt.MqttClient(build, this.#clientOptions(secrets));
    this.#client = client;
    client.on("error", (error) => this.#noteError(error));
    client.on("close", () => this.#closed(this.#reason ?? "the remote closed the connection", this.#refused));
    client.on("connect", (packet) => this.#connected(packet));
    client.on("disconnect", (packet) => {
      const code = packet.reasonCode ?? 0;
      this.#refused = code === SESSION_TAKEN_OVER;
      this.#reason = `the remote says goodbye: ${mqtt.ReasonCodes[code as keyof typeof mqtt.ReasonCodes] || "no reason"}`;
    });
    if (this.#asBridge) {
      // The highest bit of the protocol level, by which mosquitto knows a bridge: no-local, flags as published.
      client.on("packetsend", (packet) => {
        if (packet.cmd === "connect") Object.assign(packet, { bridgeMode: true });
      });
    }
    client.connect();
  }

  #clientOptions(secrets: RemoteSecrets): IClientOptions {
    const { version, clientId, keepAliveSec, sessionExpirySec, userName, limits } = this.#settings;
    return {
      manualConnect: true,
      reconnectPeriod: 0,
      resubscribe: false,
      clean: this.#clean,
      protocolVersion: version,
      clientId,
      keepalive: keepAliveSec,
      // The bridge has a clock of its own for it, which counts from the name's look-up.
      connectTimeout: limits.connectTimeoutMs * 2,
      ...(userName === null ? {} : { username: userName }),
      ...(secrets.password === null ? {} : { password: secrets.password }),
      ...(version === 4
        ? {}
        : {
            properties: {
              sessionExpiryInterval: this.#clean ? 0 : sessionExpirySec,
              receiveMaximum: limits.maxInFlight,
              maximumPacketSize: limits.maxPacketBytes,
            },
          }),
    };
  }

  /** The socket, and before it what keeps messages from the package. */
  #stream(client: MqttClient, secrets: RemoteSecrets): IStream {
    const { host, port, tls } = this.#settings;
    const build = (tls ? require("mqtt/lib/connect/tls") : require("mqtt/lib/connect/tcp")) as {
      readonly default: StreamBuilder;
    };
    const { authorities, certificate, key } = secrets;
    const socket = build.default(client, {
      host,
      port,
      ...(authorities === null ? {} : { ca: authorities }),
      ...(certificate === null ? {} : { cert: certificate }),
      ...(key === null ? {} : { key }),
      ...(tls ? { rejectUnauthorized: true } : {}),
    });
    this.#socket = socket;
    const streams = require("node:stream") as typeof import("node:stream");
    const gate = new streams.Duplex({
      read() {},
      write: (chunk: Uint8Array, _encoding, done) => {
        socket.write(chunk);
        done();
      },
      destroy: (error, done) => {
        if (this.#state !== "closed") socket.destroy();
        done(error);
      },
    });
    this.#gate = gate;
    socket.on("data", (chunk: Uint8Array) => this.#data(chunk));
    socket.on("drain", () => {
      if (this.#state === "open") this.#events.drained();
    });
    socket.on("error", (error: Error) => {
      this.#noteError(error);
      gate.destroy();
    });
    socket.on("close", () => gate.destroy());
    return gate as unknown as IStream;
  }

  #data(chunk: Uint8Array): void {
    if (this.#state === "closed") return;
    const refusal = this.#framer.push(chunk, this);
    if (refusal !== null) this.#give(refusal.what);
  }

  #connected(packet: IConnackPacket): void {
    if (this.#state !== "connecting") return;
    this.#state = "open";
    this.#events.opened(factsOf(packet));
    const early = this.#early;
    this.#early = [];
    const again = new Framer();
    for (const bytes of early) if (this.listening) again.push(bytes, this);
    if (this.listening && !this.#paused) this.#socket?.resume();
  }

  #send(bytes: Uint8Array): void {
    // The socket keeps what it can't send, and the writer's buffer is used again.
    this.#socket?.write(copyOf(bytes));
  }

  #noteError(error: Error & { readonly code?: unknown }): void {
    const { code } = error;
    this.#reason ??= error.message;
    if (typeof code !== "number" || code === 0) return;
    if (code === UNACCEPTABLE_PROTOCOL && this.#asBridge) {
      this.#reason = "the remote knows no bridges: asked again without saying so";
      this.#unacceptable();
    } else this.#refused = !PASSING_REASONS.has(code);
  }

  /** Ends the connection for what the remote sent. */
  #give(reason: string): void {
    this.#reason ??= reason;
    this.#socket?.destroy();
  }

  #closed(reason: string, refused: boolean): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#socket?.destroy();
    this.#leave();
    this.#events.closed({ reason, refused });
  }

  /** The package's timers and listeners end with the connection. */
  #leave(): void {
    const client = this.#client;
    this.#client = null;
    client?.end(true);
  }
}

const ACK_TYPES = {
  puback: PacketType.PUBACK,
  pubrec: PacketType.PUBREC,
  pubrel: PacketType.PUBREL,
  pubcomp: PacketType.PUBCOMP,
} as const;

function factsOf(packet: IConnackPacket): RemoteFacts {
  const { properties } = packet;
  const maximumQos = properties?.maximumQoS;
  return {
    sessionPresent: packet.sessionPresent,
    receiveMaximum: properties?.receiveMaximum ?? 65_535,
    maximumPacketBytes: properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY,
    maximumQos: maximumQos === 0 || maximumQos === 1 ? maximumQos : 2,
    retainAvailable: properties?.retainAvailable ?? true,
  };
}

/** A packet as it came, in bytes of its own. */
function whole(firstByte: number, bytes: Uint8Array, start: number, end: number): Uint8Array {
  const length: number[] = [];
  let rest = end - start;
  do {
    length.push(rest >= 0x80 ? (rest & 0x7f) | 0x80 : rest);
    rest >>>= 7;
  } while (rest > 0);
  const packet = new Uint8Array(1 + length.length + end - start);
  packet[0] = firstByte;
  packet.set(length, 1);
  packet.set(bytes.subarray(start, end), 1 + length.length);
  return packet;
}

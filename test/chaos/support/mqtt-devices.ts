import { connect, type Socket } from "node:net";
import { generate, type IConnectPacket, type IPublishPacket, type Packet, parser } from "mqtt-packet";

/** The clients of a chaos run: durable sessions whose own half is never lost, by a codec that is not the broker's. */

export type Qos = 0 | 1 | 2;

const RECONNECT_MS = 20;
const CONNACK_MS = 5_000;

/** What a client says when it connects, and what it takes; both keep their state over connections. */
abstract class DurableClient {
  readonly clientId: string;
  /** How often a connection found the session of the one before, and how often it should have and did not. */
  resumed = 0;
  lostSessions = 0;
  readonly #address: () => string;
  readonly #version: 4 | 5;
  #socket: Socket | null = null;
  #open = false;
  #known = false;
  #over = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(clientId: string, address: () => string, version: 4 | 5) {
    this.clientId = clientId;
    this.#address = address;
    this.#version = version;
  }

  /** Connects, and again whenever the connection breaks. */
  start(): void {
    this.#loop = this.#run();
  }

  /** Breaks the connection without a word; it comes back by itself. */
  drop(): void {
    this.#socket?.destroy();
  }

  async end(): Promise<void> {
    this.#over = true;
    this.#socket?.destroy();
    await this.#loop;
  }

  protected get connected(): boolean {
    return this.#open;
  }

  /** False where the connection was gone. */
  protected send(packet: Packet): boolean {
    const socket = this.#socket;
    if (socket === null || !this.#open || socket.destroyed) return false;
    socket.write(generate(packet, { protocolVersion: this.#version }));
    return true;
  }

  /** A connection is open: says again what is under way. */
  protected abstract opened(): void;
  protected abstract take(packet: Packet): void;

  async #run(): Promise<void> {
    while (!this.#over) {
      await this.#connectOnce();
      await Bun.sleep(RECONNECT_MS);
    }
  }

  #connectOnce(): Promise<void> {
    const [host = "", port = ""] = this.#address().split(":");
    const socket = connect(Number(port), host);
    this.#socket = socket;
    const stream = parser({ protocolVersion: this.#version });
    const late = setTimeout(() => socket.destroy(), CONNACK_MS);
    stream.on("packet", (packet: Packet) => {
      if (packet.cmd !== "connack") {
        this.take(packet);
        return;
      }
      clearTimeout(late);
      if ((packet.reasonCode ?? packet.returnCode ?? 0) !== 0) return void socket.destroy();
      if (packet.sessionPresent) this.resumed += 1;
      else if (this.#known) this.lostSessions += 1;
      this.#known = true;
      this.#open = true;
      this.opened();
    });
    stream.on("error", () => socket.destroy());
    socket.setNoDelay(true);
    socket.on("connect", () => {
      const connectPacket: IConnectPacket = {
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: this.#version,
        clientId: this.clientId,
        clean: false,
        keepalive: 0,
        ...(this.#version === 5 ? { properties: { sessionExpiryInterval: 3_600 } } : {}),
      };
      socket.write(generate(connectPacket, { protocolVersion: this.#version }));
    });
    socket.on("data", (chunk: Buffer) => stream.parse(chunk));
    socket.on("error", () => {});
    return new Promise((resolve) => {
      socket.on("close", () => {
        clearTimeout(late);
        this.#open = false;
        resolve();
      });
    });
  }
}

/** What a client's own half of a session went through; with the times of these, it can be had as it was at a moment. */
export interface Noted {
  readonly kind: "published" | "pubrec" | "done" | "heard" | "released";
  readonly packetId: number;
  readonly value: string;
  readonly qos: number;
}

interface Underway {
  readonly message: IPublishPacket;
  readonly value: string;
  /** QoS 2: PUBREC has come, PUBREL is said. */
  received: boolean;
}

export interface PublisherPlan {
  readonly clientId: string;
  readonly version: 4 | 5;
  readonly topic: string;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  readonly window: number;
}

/** Publishes numbers in their order; sends again what was not acknowledged, as the specification has it. */
export class ChaosPublisher extends DurableClient {
  readonly plan: PublisherPlan;
  note: (noted: Noted) => void = () => {};
  /** Numbers that were acknowledged to their end. */
  readonly acked: string[] = [];
  /** The last number that was published at all. */
  sent = 0;
  #paused = false;
  readonly #underway = new Map<number, Underway>();
  #nextId = 1;

  constructor(plan: PublisherPlan, address: () => string) {
    super(plan.clientId, address, plan.version);
    this.plan = plan;
  }

  /** As it was when these had been noted; it begins no message more. To be called before `start`. */
  resume(notes: readonly Noted[]): void {
    this.#paused = true;
    for (const { kind, packetId, value } of notes) {
      if (kind === "published") this.#begin(packetId, value);
      if (kind === "done") this.#underway.delete(packetId);
      const underway = this.#underway.get(packetId);
      if (kind === "pubrec" && underway !== undefined) underway.received = true;
    }
  }

  /** Begins no message more; those under way go on. */
  pause(): void {
    this.#paused = true;
  }

  get isIdle(): boolean {
    return this.#underway.size === 0;
  }

  protected opened(): void {
    for (const [messageId, { message, received }] of this.#underway) {
      if (received) this.send({ cmd: "pubrel", messageId });
      else this.send({ ...message, dup: true });
    }
    this.#fill();
  }

  protected take(packet: Packet): void {
    const messageId = packet.messageId ?? 0;
    const underway = this.#underway.get(messageId);
    if (underway === undefined) return;
    const { value } = underway;
    if (packet.cmd === "pubrec") {
      this.note({ kind: "pubrec", packetId: messageId, value, qos: 2 });
      underway.received = true;
      this.send({ cmd: "pubrel", messageId });
      return;
    }
    if (packet.cmd !== "puback" && packet.cmd !== "pubcomp") return;
    if ((packet.reasonCode ?? 0) >= 0x80 && packet.cmd === "puback") return;
    this.#underway.delete(messageId);
    this.note({ kind: "done", packetId: messageId, value, qos: this.plan.qos });
    this.acked.push(value);
    this.#fill();
  }

  #fill(): void {
    const { window, qos } = this.plan;
    while (!this.#paused && this.connected && this.#underway.size < window) {
      this.sent += 1;
      const value = `${this.clientId} ${this.sent}`;
      while (this.#underway.has(this.#nextId)) this.#nextId = (this.#nextId % 200) + 1;
      const messageId = this.#nextId;
      this.#nextId = (messageId % 200) + 1;
      this.note({ kind: "published", packetId: messageId, value, qos });
      this.send(this.#begin(messageId, value));
    }
  }

  #begin(messageId: number, value: string): IPublishPacket {
    const { topic, qos, retain } = this.plan;
    const message = { cmd: "publish", topic, payload: value, qos, retain, dup: false, messageId } as const;
    this.#underway.set(messageId, { message, value, received: false });
    return message;
  }
}

export interface HeardMessage {
  readonly topic: string;
  readonly value: string;
  readonly qos: number;
  readonly dup: boolean;
}

/** Takes messages as an application does that must not do anything twice at QoS 2. */
export class ChaosSubscriber extends DurableClient {
  readonly qos: Qos;
  note: (noted: Noted) => void = () => {};
  readonly heard: HeardMessage[] = [];
  readonly #filter: string;
  /** Identifiers of QoS 2 that are not released. */
  readonly #received = new Set<number>();
  readonly #subscribed = Promise.withResolvers<void>();
  #asked = false;

  constructor(clientId: string, address: () => string, version: 4 | 5, filter: string, qos: Qos) {
    super(clientId, address, version);
    this.#filter = filter;
    this.qos = qos;
  }

  /** Resolves once the broker has confirmed the subscription. */
  get subscribed(): Promise<void> {
    return this.#subscribed.promise;
  }

  /** As it was when these had been noted: its subscription is confirmed. To be called before `start`. */
  resume(notes: readonly Noted[]): void {
    this.#asked = true;
    for (const { kind, packetId, qos } of notes) {
      if (kind === "heard" && qos === 2) this.#received.add(packetId);
      if (kind === "released") this.#received.delete(packetId);
    }
  }

  protected opened(): void {
    if (this.#asked) return;
    this.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: this.#filter, qos: this.qos }] });
  }

  protected take(packet: Packet): void {
    const messageId = packet.messageId ?? 0;
    switch (packet.cmd) {
      case "suback":
        this.#asked = true;
        this.#subscribed.resolve();
        return;
      case "publish":
        if (packet.qos === 2 && this.#received.has(messageId)) {
          this.send({ cmd: "pubrec", messageId });
          return;
        }
        this.#hear(packet);
        if (packet.qos === 2) this.#received.add(messageId);
        if (packet.qos > 0) this.send({ cmd: packet.qos === 1 ? "puback" : "pubrec", messageId });
        return;
      case "pubrel":
        this.#received.delete(messageId);
        this.note({ kind: "released", packetId: messageId, value: "", qos: 2 });
        this.send({ cmd: "pubcomp", messageId });
    }
  }

  #hear({ topic, payload, qos, dup, messageId = 0 }: IPublishPacket): void {
    const value = payload.toString();
    this.heard.push({ topic, value, qos, dup });
    this.note({ kind: "heard", packetId: messageId, value, qos });
  }
}
